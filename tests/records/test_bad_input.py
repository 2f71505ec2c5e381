"""Sends the real site what nobody should send: refused with the place and never the value, stored nowhere, noted once."""

import asyncio
import gzip
import itertools
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import httpx
import orjson
import pytest

from cli.story import ledger_view
from deploy.local.stack import Stack
from services.audit.commands import open_ledger
from tests.builders import Desk, a_patient, a_transaction, an_encounter, an_observation
from tests.records.tokens import Mint, claims_of, forged

CANARY = "Jeanne-Canari-1950"
SPACE = 2 << 20
CONDITION = {"method": "POST", "url": "Observation"}
LANGUAGES = {"fr": "fr-FR,fr;q=0.9,en;q=0.5", "en": "en-GB"}
MEMORY = 400 << 20
EXPIRED_AFTER = 34.0
"""The shortest token of the issuer, and the leeway that is given to clocks."""


@dataclass(frozen=True)
class Bad:
    """What is sent, and how it must be answered; `expression` where an element is wrong, `about` when the body could be understood."""

    body: bytes
    status: int
    slug: str
    code: str
    expression: str | None = None
    about: bool = False


def nested(levels: int) -> bytes:
    return b'{"resourceType":"Observation","status":"%s","extension":%s1%s}' % (CANARY.encode(), b"[" * levels, b"]" * levels)


def broken(patient: str) -> dict[str, Bad]:
    """Observations about the patient, each wrong in one way."""
    sound = orjson.dumps(an_observation(patient, note=[{"text": CANARY}]))

    def unreadable(body: bytes, code: str = "structure") -> Bad:
        return Bad(body, 400, "unreadable-resource", code)

    def wrong(expression: str, issue: str, **elements: Any) -> Bad:
        return Bad(orjson.dumps(an_observation(patient) | elements), 422, "invalid-resource", issue, expression, about=True)

    def with_value(raw: bytes) -> bytes:
        return sound[:-1] + b',"valueQuantity":{"value":' + raw + b"}}"

    return {
        "empty": unreadable(b""),
        "not JSON": unreadable(CANARY.encode()),
        "half of it": unreadable(sound[: len(sound) // 2]),
        "two of them": unreadable(sound + sound),
        "a list": unreadable(b"[" + sound + b"]"),
        "not UTF-8": unreadable(sound.replace(b"Canari", b"Canar\xff")),
        "gzip": unreadable(gzip.compress(sound)),
        "NaN": unreadable(with_value(b"NaN"), "value"),
        "infinite": unreadable(with_value(b"-Infinity"), "value"),
        "400 digits": unreadable(with_value(b"1" * 400), "value"),
        "400 decimals": unreadable(with_value(b"1." + b"1" * 400), "value"),
        "large exponent": unreadable(with_value(b"1e999999999"), "value"),
        "half a character": unreadable(sound.replace(b"Canari", b"Canar\\ud83d"), "value"),
        "half a character in a key": unreadable(sound[:-1] + b',"\\udc00":"%s"}' % CANARY.encode(), "value"),
        "same key twice": unreadable(sound[:-1] + b',"status":"%s"}' % CANARY.encode()),
        "65 levels": unreadable(nested(64), "too-costly"),
        "100000 levels": unreadable(nested(100_000), "too-costly"),
        "no type": Bad(b'{"status":"%s"}' % CANARY.encode(), 422, "invalid-resource", "required", "resourceType"),
        "unknown type": Bad(b'{"resourceType":"%s"}' % CANARY.encode(), 422, "invalid-resource", "not-supported", "resourceType"),
        "type that is no text": Bad(b'{"resourceType":["%s"]}' % CANARY.encode(), 422, "invalid-resource", "required", "resourceType"),
        "other type": Bad(orjson.dumps(a_patient(id=CANARY)), 422, "invalid-resource", "invalid", "Patient.resourceType"),
        "object for a code": wrong("Observation.status", "code-invalid", status={"text": CANARY}),
        "text for an object": wrong("Observation.code", "structure", code=CANARY),
        "code not in the list": wrong("Observation.status", "code-invalid", status=CANARY),
        "not a date": wrong("Observation.effectiveDateTime", "value", effectiveDateTime=CANARY),
        "unknown element": wrong("Observation", "structure", **{CANARY: CANARY}),
        "element that is missing": Bad(
            orjson.dumps({k: v for k, v in an_observation(patient).items() if k != "code"} | {"note": [{"text": CANARY}]}),
            422,
            "invalid-resource",
            "required",
            "Observation.code",
            about=True,
        ),
        "list for one": wrong("Observation.code", "structure", code=[{"text": CANARY}]),
        "over 2 MB": Bad(sound[:-1] + b" " * SPACE + b"}", 413, "oversized-resource", "too-long"),
    }


def stored(desk: Desk) -> int:
    """How many resources and versions the site holds."""

    async def look() -> int:
        async with open_ledger(desk.auditor) as (_evidence, mongo):
            database = mongo.database("records_nord")
            return sum([await database.get_collection(name).count_documents({}) for name in ("resources", "versions", "erasures")])

    return asyncio.run(look())


def check_outcome(answer: httpx.Response, bad: Bad, name: str) -> str:
    """The sentence for people."""
    assert (name, answer.status_code) == (name, bad.status), answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    issue = outcome["issue"][0]
    assert (name, issue["details"]["coding"][0]["code"], issue["code"]) == (name, bad.slug, bad.code)
    assert issue.get("expression") == (None if bad.expression is None else [bad.expression]), (name, outcome)
    return str(issue["details"]["text"])


def check_silent(answer: httpx.Response, *more: str) -> None:
    said = answer.text + str(answer.headers)
    assert [word for word in (CANARY, "Canari", "Jeanne", *more) if word in said] == []


@pytest.fixture(scope="module", autouse=True)
def short_lived(stack: Stack) -> tuple[Mint, str, float]:
    """Made first, so that it has expired when the last test wants it."""
    mint = Mint(stack)
    mint.prepare()
    mint.role("short", claims_of(), ttl="1s")
    return mint, mint.token("short"), time.monotonic()


@pytest.fixture(scope="module")
def mint(short_lived: tuple[Mint, str, float]) -> Mint:
    return short_lived[0]


def send_all(desk: Desk, method: str, path: str, sent: dict[str, Bad], **more: Any) -> None:
    """Each in both languages; nothing of it is repeated."""
    for name, bad in sent.items():
        headers = {"content-type": "application/fhir+json"} | ({"content-encoding": "gzip"} if name == "gzip" else {})
        said = {}
        for language, accepted in LANGUAGES.items():
            answer = desk.ask(method, path, "a.martin", content=bad.body, headers=headers | {"accept-language": accepted}, **more)
            said[language] = check_outcome(answer, bad, name)
            check_silent(answer)
        assert said["fr"] != said["en"]


def notes_since(desk: Desk, before: int) -> list[dict[str, Any]]:
    size = desk.ledger_size()
    notes = ledger_view.notes_from(desk.auditor, before)
    assert len(notes) == size - before
    assert "Canari" not in str(notes)
    return notes


class TestBrokenBodies:
    def test_are_refused_by_create(self, desk: Desk):
        patient, _address = desk.a_chart()
        sent = broken(patient)
        before, held = desk.ledger_size(), stored(desk)
        send_all(desk, "POST", "Observation", sent)
        assert stored(desk) == held
        notes = [(note["patient"], note["action"], note["status"], note["outcome"]) for note in notes_since(desk, before)]
        expected = [(patient if bad.about else None, "create", bad.status, "invalid") for bad in sent.values() for _language in LANGUAGES]
        assert notes == expected

    def test_are_refused_by_update_and_noted_in_the_chart_addressed(self, desk: Desk):
        patient, address = desk.a_chart()
        sent = broken(patient)
        before, held = desk.ledger_size(), stored(desk)
        send_all(desk, "PUT", address, sent)
        assert stored(desk) == held
        notes = [(note["patient"], note["resource"], note["status"], note["outcome"]) for note in notes_since(desk, before)]
        assert notes == [(patient, address, bad.status, "invalid") for bad in sent.values() for _language in LANGUAGES]

    def test_are_refused_as_transactions(self, desk: Desk):
        sent = {name: bad for name, bad in broken(str(uuid.uuid4())).items() if bad.status == 400}
        before, held = desk.ledger_size(), stored(desk)
        send_all(desk, "POST", "", sent)
        assert stored(desk) == held
        notes = notes_since(desk, before)
        assert [(note["patient"], note["status"]) for note in notes] == [(None, 400)] * len(sent) * 2

    def test_are_refused_within_transactions_with_the_place_of_the_entry(self, desk: Desk):
        patient, _address = desk.a_chart()
        sent = {}
        for name, bad in broken(patient).items():
            if bad.status == 422 and bad.expression:
                bundle = a_transaction(an_observation(patient))
                bundle["entry"].append({"resource": orjson.loads(bad.body), "request": CONDITION})
                head, dot, tail = bad.expression.partition(".")
                path = f"Bundle.entry[1].resource{dot}{tail}" if head != "resourceType" else "Bundle.entry[1].resource"
                sent[name] = Bad(orjson.dumps(bundle), 422, bad.slug, bad.code, path)
        before, held = desk.ledger_size(), stored(desk)
        send_all(desk, "POST", "", sent)
        assert stored(desk) == held
        notes = [(note["patient"], note["status"], note["outcome"]) for note in notes_since(desk, before)]
        assert notes == [(patient, 422, "invalid")] * len(sent) * 2

    @pytest.mark.parametrize(
        ("entry", "status", "slug"),
        [
            ({"request": {"method": ["POST", CANARY], "url": "Observation"}}, 422, "not-a-transaction"),
            ({"request": {"method": "PATCH", "url": f"Observation/{CANARY}"}}, 422, "not-a-transaction"),
            ({"request": {"method": "POST", "url": {"text": CANARY}}}, 422, "invalid-resource"),
            ({"request": CANARY}, 422, "invalid-resource"),
            (CANARY, 422, "invalid-resource"),
            ({"request": {"method": "PUT", "url": f"Observation/{CANARY}"}, "resource": {"id": CANARY}}, 405, "client-id-refused"),
            ({"request": {"method": "PUT", "url": f"Observation/{uuid.uuid4()}"}, "resource": {"id": CANARY}}, 400, "id-mismatch"),
            ({"request": {"method": "DELETE", "url": f"{CANARY}/{uuid.uuid4()}"}}, 404, "not-found"),
            ({"request": CONDITION | {"ifNoneExist": CANARY}, "resource": {}}, 400, "unsupported-condition"),
            ({"request": CONDITION | {"ifNoneExist": {"a": CANARY}}, "resource": {}}, 400, "unsupported-condition"),
        ],
    )
    def test_of_entries_are_refused(self, desk: Desk, entry: Any, status: int, slug: str):
        patient, _address = desk.a_chart()
        if isinstance(entry, dict) and "resource" in entry:
            entry = entry | {"resource": an_observation(patient) | entry["resource"]}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        held = stored(desk)
        answer = desk.ask("POST", "", "a.martin", json=bundle)
        assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (status, slug)
        check_silent(answer)
        assert stored(desk) == held

    @pytest.mark.parametrize("tag", ["²", "9" * 5000, CANARY, "", 7])
    def test_with_a_wrong_version_change_nothing(self, desk: Desk, tag: Any):
        patient, address = desk.a_chart()
        body = a_transaction(an_observation(patient, id=address.split("/")[1], status="amended"))
        body["entry"][0]["request"] = {"method": "PUT", "url": address, "ifMatch": tag}
        answers = [desk.ask("POST", "", "a.martin", json=body)]
        if isinstance(tag, str):
            headers = {"if-match": tag.encode()}
            answers.append(desk.ask("PUT", address, "a.martin", json=body["entry"][0]["resource"], headers=headers))
        assert [answer.status_code for answer in answers] == [412] * len(answers)
        assert desk.ask("GET", address, "a.martin").json()["meta"]["versionId"] == "1"


class TestPeriods:
    @pytest.mark.parametrize(
        "period",
        [
            {"start": "0001-01-01", "end": "9999-12-31"},
            {"start": "0001-01-01T00:00:00+14:00", "end": "9999-12-31T23:59:59-12:00"},
            {"start": "2016-12-31T23:59:60Z", "end": "9999-12-31T23:59:60Z"},
        ],
    )
    def test_at_the_ends_of_the_calendar_neither_break_the_chart_nor_open_it(self, desk: Desk, period: dict[str, str]):
        patient = desk.create(a_patient())["id"]
        desk.create(an_encounter(patient, desk.practitioner("a.martin")) | {"period": period})
        address = f"Observation/{desk.create(an_observation(patient))['id']}"
        assert desk.ask("GET", address, "a.martin").status_code == 200
        assert desk.ask("GET", address, "b.bernard").status_code == 403


class TestAddresses:
    def test_that_this_server_never_gave_are_refused(self, desk: Desk):
        patient, address = desk.a_chart()
        unknown = str(uuid.uuid4())
        cases = {
            ("PUT", f"Observation/{unknown}", unknown): (405, "client-id-refused"),
            ("PUT", f"Observation/{CANARY}", CANARY): (405, "client-id-refused"),
            ("PUT", address, unknown): (400, "id-mismatch"),
            ("PUT", f"{CANARY}/{unknown}", unknown): (404, "not-found"),
            ("POST", CANARY, unknown): (404, "not-found"),
            ("DELETE", f"{CANARY}/{unknown}", unknown): (404, "not-found"),
            ("DELETE", f"Observation/{CANARY}", unknown): (404, "not-found"),
        }
        before, held = desk.ledger_size(), stored(desk)
        for (method, path, ident), (status, slug) in cases.items():
            answer = desk.ask(method, path, "a.martin", json=an_observation(patient, id=ident))
            assert (path, answer.status_code) == (path, status)
            assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == slug
            check_silent(answer, unknown)
        assert stored(desk) == held
        notes = notes_since(desk, before)
        assert [note["status"] for note in notes] == [status for status, _slug in cases.values()]

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            (f"Observation/{CANARY}", 404),
            (f"Observation/{'x' * 65}", 404),
            (f"{CANARY}/{uuid.uuid4()}", 404),
            (f"Consent/{CANARY}", 404),
            ("Observation/%00", 404),
            ("Observation/..%2f..%2fetc", 405),
            (f"Observation/{uuid.uuid4()}", 404),
        ],
    )
    def test_are_refused_by_the_read(self, desk: Desk, path: str, status: int):
        before = desk.ledger_size()
        said = {}
        for language, accepted in LANGUAGES.items():
            answer = desk.ask("GET", path, "a.martin", headers={"accept-language": accepted})
            assert answer.status_code == status
            assert answer.json()["resourceType"] == "OperationOutcome"
            check_silent(answer)
            said[language] = answer.json()["issue"][0]["details"]["text"]
        assert said["fr"] != said["en"]
        assert [(note["patient"], note["status"]) for note in notes_since(desk, before)] == [(None, status)] * 2

    def test_beside_fhir_are_refused_as_problems(self, desk: Desk):
        patient, _address = desk.a_chart()
        bodies = [b"", CANARY.encode(), b"[]", orjson.dumps({"grounds": CANARY}), b'{"grounds":NaN}', b"[" * 100_000, gzip.compress(b"{}")]
        before, held = desk.ledger_size(), stored(desk)
        for body in bodies:
            said = {}
            for language, accepted in LANGUAGES.items():
                headers = {"authorization": f"Bearer {desk.running.token('o.leroy', 'RECORDMGT')}", "accept-language": accepted}
                url = f"{desk.base().removesuffix('/fhir')}/charts/{patient}/erasures"
                answer = desk.http.post(url, content=body, headers=headers)
                assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
                assert answer.json()["type"] == "urn:serment:problem:wrong-grounds"
                check_silent(answer, patient)
                said[language] = answer.json()["detail"]
            assert said["fr"] != said["en"]
        assert stored(desk) == held
        assert [note["outcome"] for note in notes_since(desk, before) if note["patient"] == patient] == ["invalid"] * len(bodies) * 2


class TestOversizedBodies:
    @pytest.mark.parametrize(("path", "megabytes"), [("", 51), ("Observation", 51)])
    def test_are_refused_in_bounded_time_and_memory(self, stack: Stack, desk: Desk, path: str, megabytes: int):
        child = stack.services["nord-a"]
        held, resting = stored(desk), child.resident_bytes()
        with Watch(child.resident_bytes) as watch:
            began = time.monotonic()
            answer = desk.ask("POST", path, "a.martin", content=a_flood(megabytes), headers={"content-type": "application/fhir+json"})
            took = time.monotonic() - began
        assert answer.status_code == 413
        assert answer.json()["issue"][0]["code"] == "too-long"
        assert took < 20
        assert watch.highest - resting < MEMORY
        assert stored(desk) == held

    def test_of_very_many_small_values_are_refused_in_bounded_time_and_memory(self, stack: Stack, desk: Desk):
        child = stack.services["nord-a"]
        resting = child.resident_bytes()
        with Watch(child.resident_bytes) as watch:
            began = time.monotonic()
            answer = desk.ask("POST", "", "a.martin", content=b'{"entry":[' + b"{}," * (16 << 20) + b"{}]}")
            took = time.monotonic() - began
        assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (413, "oversized-resource")
        assert took < 10
        assert watch.highest - resting < MEMORY

    def test_do_not_hold_up_reads(self, desk: Desk):
        _patient, address = desk.a_chart()
        token = {"authorization": f"Bearer {desk.running.token('a.martin')}"}
        flooding = threading.Thread(target=lambda: httpx.post(desk.base(), content=a_flood(49), headers=token, trust_env=False, timeout=60))
        flooding.start()
        times = []
        while flooding.is_alive() or not times:
            began = time.monotonic()
            assert desk.http.get(f"{desk.base()}/{address}", headers=token).status_code == 200
            times.append(time.monotonic() - began)
        flooding.join()
        assert max(times) < 3


class Watch:
    """The highest of a number while the block runs."""

    def __init__(self, look: Any) -> None:
        self._look = look
        self.highest = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.02):
            self.highest = max(self.highest, self._look())


def a_flood(megabytes: int) -> Iterator[bytes]:
    """A Bundle of text, sent in parts, so that its length is not told beforehand."""
    yield b'{"resourceType":"Bundle","type":"transaction","entry":[{"text":"'
    for _ in range(megabytes):
        yield b"x" * (1 << 20)
    yield b'"}]}'


class TestTokens:
    def test_that_are_forged_are_refused_everywhere_and_noted_nowhere(self, desk: Desk, mint: Mint):
        _patient, address = desk.a_chart()
        genuine = desk.running.token("a.martin")
        forgeries = forged(genuine, mint.public_key(), canary="JeanneCanari")
        base = desk.base()
        audit = desk.running.addresses["audit"]
        places = [("GET", f"{base}/{address}"), ("POST", f"{base}/Observation"), ("POST", base), ("PUT", f"{base}/{address}")]
        places += [("POST", f"{base.removesuffix('/fhir')}/erasures/x/confirmation"), ("GET", f"{audit}/status")]
        before = desk.ledger_size()
        for name, token in forgeries.items():
            for method, url in places:
                body = None if method == "GET" else b"{}"
                answer = desk.http.request(method, url, headers={"authorization": f"Bearer {token}"}, content=body)
                assert (name, method, url, answer.status_code) == (name, method, url, 401)
                check_silent(answer)
                kind = "application/fhir+json" if "/fhir" in url else "application/problem+json"
                assert answer.headers["content-type"].startswith(kind)
                assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        for authorization in (f"Basic {genuine}", genuine, f"DPoP {genuine}", "Bearer"):
            assert desk.http.get(f"{base}/{address}", headers={"authorization": authorization}).status_code == 401
        assert desk.http.get(f"{base}/{address}", headers={"authorization": f"bearer {genuine}"}).status_code == 200
        assert desk.ledger_size() == before + 1

    def test_for_another_audience_are_refused(self, desk: Desk, mint: Mint):
        _patient, address = desk.a_chart()
        mint.role("elsewhere", claims_of(), audience="elsewhere")
        token = mint.token("elsewhere")
        assert desk.http.get(f"{desk.base()}/{address}", headers={"authorization": f"Bearer {token}"}).status_code == 401

    @pytest.mark.parametrize(
        ("lacks", "instead"),
        [("purpose_of_use", None), ("purpose_of_use", []), ("subject_organization_id", ""), ("subject_role", CANARY), ("subject_role", {})],
    )
    def test_that_say_too_little_are_refused_and_noted_once(self, desk: Desk, mint: Mint, lacks: str, instead: Any):
        patient, address = desk.a_chart()
        mint.role("incomplete", claims_of(**{lacks: instead}))
        token = {"authorization": f"Bearer {mint.token('incomplete')}"}
        requests = [
            ("GET", address),
            ("PUT", address),
            ("DELETE", address),
            ("GET", f"Patient/{patient}/$everything"),
            ("GET", f"Observation?patient={patient}"),
            ("GET", f"Observation?patient=Patient/{patient}"),
        ]
        before = desk.ledger_size()
        for method, path in requests:
            for language, accepted in LANGUAGES.items():
                answer = desk.http.request(method, f"{desk.base()}/{path}", headers=token | {"accept-language": accepted})
                assert answer.status_code == 403
                (issue,) = answer.json()["issue"]
                assert issue["details"]["coding"][0]["code"] == "token-incomplete"
                assert ("Connectez-vous" if language == "fr" else "Sign in") in issue["details"]["text"]
                check_silent(answer, patient)
        notes = notes_since(desk, before)
        assert [(note["patient"], note["status"], note["reason"]) for note in notes] == [(patient, 403, "token-incomplete")] * 12

    def test_do_not_give_a_purpose_that_they_do_not_hold(self, desk: Desk):
        patient, address = desk.a_chart()
        before = desk.ledger_size()
        places = (("GET", address), ("PUT", address), ("GET", f"Observation?patient={patient}"))
        for purpose, (method, path) in itertools.product(("HRESCH", CANARY, "TREAT HRESCH", "treat"), places):
            answer = desk.ask(method, path, "a.martin", headers={"x-purpose-of-use": purpose})
            assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (403, "purpose-not-held")
            check_silent(answer)
        notes = notes_since(desk, before)
        assert [(note["patient"], note["reason"]) for note in notes] == [(patient, "purpose-not-held")] * 12

    def test_with_two_purposes_ask_which_beside_fhir_too(self, desk: Desk):
        patient, _address = desk.a_chart()
        before = desk.ledger_size()
        answer = desk.beside("POST", f"charts/{patient}/erasures", "o.leroy", json={"grounds": "person-asked"})
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:serment:problem:purpose-not-held")
        assert [(note["patient"], note["action"]) for note in notes_since(desk, before)] == [(patient, "erase")]

    def test_that_have_expired_are_refused(self, desk: Desk, short_lived: tuple[Mint, str, float]):
        _mint, token, made = short_lived
        time.sleep(max(0.0, EXPIRED_AFTER - (time.monotonic() - made)))
        _patient, address = desk.a_chart()
        before = desk.ledger_size()
        assert desk.http.get(f"{desk.base()}/{address}", headers={"authorization": f"Bearer {token}"}).status_code == 401
        assert desk.ledger_size() == before
