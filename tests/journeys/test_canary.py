"""Writes a canary into everything that can be sent, by people who may and people who may not, and finds it nowhere afterwards."""

import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pytest

from cli.story.checking import until
from deploy.local.stack import Stack
from services.records.fhir.validation import validate
from tests.builders import Desk, a_patient, a_transaction, an_observation
from tests.collector import Collector
from tests.journeys.canary import a_canary, files_with, filled, finds, forms, kafka_records, metrics_of, mongodb_documents
from tests.records.tokens import Mint, forged

GROUNDS = {"grounds": "person-asked"}
HEADERS = (
    *("x-request-id", "traceparent", "tracestate", "baggage", "if-match", "if-none-match", "if-none-exist", "x-purpose-of-use"),
    *("accept-language", "accept", "prefer", "user-agent", "x-forwarded-for", "referer", "cookie", "origin", "if-modified-since"),
)


PATIENT_MAY_STAND_ON = {"records.access", "records.change", "consent.access", "consent.directive"}
"""The chart was erased at the end, which `consent` had every replica know first."""

PATIENT_MAY_LIE_IN = {"records_nord", "keyring_nord", "consent", "keyring_consent", "notifier", "keyring_notifier", "local"}


@dataclass
class Passage:
    """What was sent and answered: one chart, and every answer that was an error."""

    canary: str
    patient: str = ""
    observation: str = ""
    permitted: list[httpx.Response] = field(default_factory=list)
    errors: list[httpx.Response] = field(default_factory=list)

    def keep(self, answer: httpx.Response) -> httpx.Response:
        (self.errors if answer.is_error else self.permitted).append(answer)
        return answer


@pytest.fixture(scope="module")
def passage(stack: Stack) -> Iterator[Passage]:
    """Everything happens once; the tests below look for what is left of it."""
    from cli.running import Running

    with httpx.Client(timeout=60, trust_env=False) as http:
        desk = Desk(Running(stack.home.path), http)
        passed = Passage(a_canary())
        write(desk, passed)
        read(desk, passed)
        send_broken(desk, passed)
        send_headers_and_tokens(stack, desk, passed)
        ask_others(stack, desk, passed)
        erase(desk, passed)
        desk.ledger_size()
        time.sleep(1.5)  # the batches of spans and log lines leave every 200 ms
        yield passed


def write(desk: Desk, passed: Passage) -> None:
    """Created, updated and deleted, alone and in a transaction."""
    canary = passed.canary
    people = {"participant": [{"individual": {"reference": desk.practitioner("a.martin")}}, *filled("Encounter", canary)["participant"]]}
    passed.patient = patient = desk.create(filled("Patient", canary))["id"]
    subject = {"reference": f"Patient/{patient}", "display": canary}
    encounter = desk.create(filled("Encounter", canary, subject=subject, status="in-progress", period={"start": "2020-01-01"}, **people))
    sound = filled("Observation", canary, subject=subject)
    passed.observation = desk.create(sound)["id"]
    desk.create(filled("Communication", canary, subject=subject))
    desk.create(filled("Basic", canary, subject=subject))
    changed = sound | {"id": passed.observation, "status": "amended"}
    passed.keep(desk.ask("PUT", f"Observation/{passed.observation}", "a.martin", json=changed))
    named = filled("Patient", canary, id=patient)
    passed.keep(desk.ask("PUT", f"Patient/{patient}", "d.durand", json=named, replica=1))
    bundle = a_transaction(filled("Patient", canary), sound, filled("Observation", canary))
    bundle["entry"][2]["resource"]["subject"] = {"reference": bundle["entry"][0]["fullUrl"], "display": canary}
    passed.keep(desk.ask("POST", "", "integration.nord", json=bundle))
    spare = desk.create(sound)["id"]
    passed.keep(desk.ask("DELETE", f"Observation/{spare}", "a.martin"))
    assert encounter["id"]
    assert [answer.text[:300] for answer in passed.errors] == []


def read(desk: Desk, passed: Passage) -> None:
    """By people who may, and by people who may not."""
    addresses = (f"Patient/{passed.patient}", f"Observation/{passed.observation}", f"Observation?patient={passed.patient}")
    addresses += (f"Patient/{passed.patient}/$everything", f"Patient?_id={passed.patient}", f"Patient/{passed.patient}/_history")
    for login in ("a.martin", "b.bernard", "d.durand", "t.roux", "u.faure", "patient.nord", "integration.nord", "s.sud"):
        for replica, address in enumerate(addresses):
            passed.keep(desk.ask("GET", address, login, replica=replica % 2))


def send_broken(desk: Desk, passed: Passage) -> None:
    """The canary as type, as id, as key, as parameter, where nothing of the kind belongs."""
    canary, ident = passed.canary, str(uuid.uuid4())
    sound = an_observation(passed.patient, id=passed.observation)
    bodies: list[Any] = [
        {"resourceType": canary},
        sound | {canary: canary},
        sound | {"status": canary},
        sound | {"code": canary},
        sound | {"code": {canary: [{canary: canary}]}},
        sound | {"code": {"coding": [{"system": canary, canary: 1}]}},
        sound | {"effectiveDateTime": canary},
        sound | {"contained": [{"resourceType": canary, "id": canary}]},
        sound | {"contained": [{"resourceType": "Patient", canary: canary}]},
        sound | {"extension": [{"url": canary, "valueString": canary, "valueCode": canary}]},
        sound | {"subject": {"reference": f"Patient/{canary}"}},
        sound | {"subject": {"reference": canary}},
        sound | {"subject": {"reference": f"Patient/{ident}", "display": canary}},
        sound | {"id": canary},
        a_patient(name=canary),
        canary,
        [canary],
    ]
    raw = [orjson.dumps(body) for body in bodies] + [canary.encode(), canary.encode("utf-16"), f'{{"{canary}":'.encode()]
    raw.append(orjson.dumps(sound)[:-1] + f',"{canary}":1,"{canary}":2}}'.encode())
    for body in raw:
        for method, path in (("POST", "Observation"), ("PUT", f"Observation/{passed.observation}"), ("POST", canary), ("POST", "")):
            passed.keep(desk.ask(method, path, "a.martin", content=body))
    for method, path in (
        *(("GET", f"Patient/{canary}"), ("GET", f"{canary}/{ident}"), ("GET", f"{canary}/{canary}"), ("GET", canary)),
        *(("PUT", f"{canary}/{ident}"), ("PUT", f"Observation/{canary}"), ("DELETE", f"{canary}/{ident}"), ("DELETE", f"Patient/{canary}")),
        *(("PATCH", f"Patient/{canary}"), ("POST", f"Patient/{canary}/${canary}"), ("GET", f"Patient/{canary}/$everything")),
        *(("GET", f"Patient/{passed.patient}/_history/{canary}"), ("GET", f"Patient/{canary}/_history"), ("GET", f"metadata/{canary}")),
        *(("GET", f"Observation?{canary}={canary}"), ("GET", f"Observation?patient={canary}"), ("GET", f"Observation?_id={canary}")),
        ("GET", f"Observation?patient={passed.patient}&{canary}=1&name={canary}"),
        ("GET", f"Observation?patient={passed.patient}&_count={canary}"),
        ("GET", f"Observation?patient={passed.patient}&_after={canary}&_count=1"),
        ("GET", f"Patient?name={canary}&identifier={canary}|{canary}"),
        ("GET", f"Patient/{passed.patient}?{canary}={canary}"),
    ):
        for login in ("a.martin", "u.faure"):
            passed.keep(desk.ask(method, path, login, content=None if method == "GET" else orjson.dumps(sound)))
    send_broken_bundles(desk, passed)


def send_broken_bundles(desk: Desk, passed: Passage) -> None:
    canary = passed.canary
    for request in (
        {"method": canary, "url": "Observation"},
        {"method": "POST", "url": canary},
        {"method": "PUT", "url": f"Observation/{canary}"},
        {"method": "DELETE", "url": f"{canary}/{uuid.uuid4()}"},
        {"method": "POST", "url": "Observation", "ifNoneExist": canary},
        {"method": "POST", "url": "Observation", "ifNoneExist": f"identifier={canary}|{canary}"},
        {"method": "PUT", "url": f"Observation/{passed.observation}", "ifMatch": canary},
    ):
        resource = an_observation(passed.patient, id=passed.observation, subject={"reference": f"Patient?identifier={canary}|{canary}"})
        entry = {"fullUrl": canary, "resource": resource, "request": request, canary: canary}
        passed.keep(desk.ask("POST", "", "a.martin", json={"resourceType": "Bundle", "type": "transaction", canary: 1, "entry": [entry]}))
    passed.keep(desk.ask("POST", "", "a.martin", json={"resourceType": "Bundle", "type": canary}))


def send_headers_and_tokens(stack: Stack, desk: Desk, passed: Passage) -> None:
    canary, address = passed.canary, f"Observation/{passed.observation}"
    token = desk.running.token("a.martin")
    base = desk.base()
    for name in HEADERS:
        for method, url in (("GET", f"{base}/{address}"), ("PUT", f"{base}/{address}"), ("POST", f"{base}/Observation"), ("GET", base)):
            headers = {"authorization": f"Bearer {token}", name: canary}
            passed.keep(desk.http.request(method, url, headers=headers, content=None if method == "GET" else b"{}"))
    traced = {"traceparent": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01", "tracestate": f"{canary.lower()}={canary}"}
    passed.keep(desk.ask("GET", address, "a.martin", headers=traced))
    passed.keep(desk.ask("POST", "Observation", "a.martin", json=an_observation(passed.patient), headers=traced))
    for forgery in forged(token, Mint(stack).public_key(), canary=canary).values():
        for url in (f"{base}/{address}", f"{desk.running.addresses['audit']}/status"):
            passed.keep(desk.http.get(url, headers={"authorization": f"Bearer {forgery}"}))
    passed.keep(desk.http.get(f"{base}/{address}", auth=(canary, canary)))


def ask_others(stack: Stack, desk: Desk, passed: Passage) -> None:
    """Erasures, the ledger, the portal, and bytes that are no HTTP at all."""
    canary = passed.canary
    for path, body in (
        (f"charts/{canary}/erasures", orjson.dumps(GROUNDS)),
        (f"charts/{passed.patient}/erasures", orjson.dumps({"grounds": canary, canary: canary})),
        (f"charts/{passed.patient}/erasures", canary.encode()),
        (f"erasures/{canary}/confirmation", b""),
        (canary, b""),
    ):
        passed.keep(desk.beside("POST", path, "o.leroy", purpose="RECORDMGT", content=body))
    watcher = {"authorization": f"Bearer {desk.running.token('u.faure')}", "x-request-id": canary}
    log = f"{desk.running.addresses['audit']}/log"
    for path in ("checkpoint", f"tile/{canary}", f"tile/0/{canary}", f"proof/{canary}", f"activity?after={canary}", f"activity?{canary}=1"):
        passed.keep(desk.http.get(f"{log}/records.access/{path}", headers=watcher))
        passed.keep(desk.http.get(f"{log}/{canary}/{path}", headers=watcher))
    portal = desk.running.addresses["portal"]
    for path in (f"/{canary}", f"/callback?code={canary}&state={canary}", f"/callback?error={canary}", f"/?{canary}={canary}", "/"):
        passed.keep(desk.http.get(f"{portal}{path}", headers={"cookie": f"serment={canary}; {canary}={canary}", "accept-language": canary}))
    passed.keep(desk.http.post(f"{portal}/sign-out", data={"form-token": canary}))
    for name in ("nord-a", "sud", "audit", "portal", "login"):
        for line in (f"GET /{canary} HTTP/9.9", f"{canary} / HTTP/1.1", f"GET /{canary}\0 HTTP/1.1", canary * 4000):
            say(stack.ports[name], f"{line}\r\nHost: {canary}\r\n{canary}: {canary}\r\n\r\n".encode())
        upgrade = (
            f"GET /fhir/{canary} HTTP/1.1\r\nHost: {canary}\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {canary}\r\n"
        )
        say(stack.ports[name], f"{upgrade}Sec-WebSocket-Version: 13\r\n\r\n".encode())


def say(port: int, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
        line.sendall(raw)
        line.settimeout(0.2)
        try:
            line.recv(4096)
        except OSError:
            return


def erase(desk: Desk, passed: Passage) -> None:
    proposed = desk.beside("POST", f"charts/{passed.patient}/erasures", "o.leroy", purpose="RECORDMGT", json=GROUNDS).json()["id"]
    confirmed = desk.beside("POST", f"erasures/{proposed}/confirmation", "p.moreau", purpose="RECORDMGT", replica=1)
    assert confirmed.status_code == 200
    address = f"Observation/{passed.observation}"
    gone = "the erased chart is still answered"
    until(lambda: passed.keep(desk.ask("GET", address, "a.martin")).status_code == 410, within=60, otherwise=gone)


class TestCanary:
    """Each search is shown to be able to find, by the patient's id, where the design puts it."""

    def test_stood_in_every_text(self, passage: Passage):
        for type_, least in (("Patient", 300), ("Observation", 500), ("Encounter", 500), ("Communication", 400), ("Basic", 100)):
            sent = filled(type_, passage.canary)
            assert validate(sent, expected_type=type_) == []
            assert orjson.dumps(sent).count(passage.canary.encode()) > least
        shown = [answer for answer in passage.permitted if passage.canary in answer.text]
        assert len(shown) > 8
        assert len(passage.errors) > 200

    def test_is_in_no_error_that_was_answered(self, passage: Passage):
        wanted = forms(passage.canary)
        told = [(str(answer.request.url), answer) for answer in passage.errors]
        assert [url for url, answer in told if finds(wanted, answer.content + str(answer.headers).encode())] == []
        assert [url for url, answer in told if answer.status_code >= 500] == []

    def test_is_in_no_span_log_or_metric(self, stack: Stack, otlp: Collector, passage: Passage):
        telemetry = {"traces": b"".join(otlp.bodies("/v1/traces")), "logs": b"".join(otlp.bodies("/v1/logs"))}
        telemetry |= {"metrics": metrics_of(stack).encode(), "everything": b"".join(otlp.bodies())}
        for wanted in (forms(passage.canary), forms(passage.patient), [passage.observation.encode()]):
            assert [name for name, told in telemetry.items() if finds(wanted, told)] == []
        assert finds([b"GET /fhir/{type}/{id}"], telemetry["traces"])
        assert finds([b"serment_read_seconds"], telemetry["metrics"])

    def test_is_in_no_log_file(self, stack: Stack, passage: Passage):
        logs = stack.home.path / "logs"
        for wanted in (forms(passage.canary), forms(passage.patient), [passage.observation.encode()]):
            assert files_with(wanted, logs) == []
        assert "audit.log" in files_with([b"audit.log-taken-up"], logs)

    async def test_is_in_no_kafka_record(self, stack: Stack, passage: Passage):
        wanted, patient = forms(passage.canary), [passage.patient.encode()]
        records = [record async for record in kafka_records(stack.servers.kafka)]
        assert {topic for topic, raw in records if finds(wanted, raw)} == set()
        assert {topic for topic, raw in records if finds(patient, raw)} == PATIENT_MAY_STAND_ON

    def test_is_in_no_mongodb_document(self, stack: Stack, passage: Passage):
        wanted, patient = forms(passage.canary), [passage.patient.encode()]
        documents = list(mongodb_documents(stack.servers.mongodb_uri))
        assert {place for place, raw in documents if finds(wanted, raw)} == set()
        held = {place for place, raw in documents if finds(patient, raw)}
        assert held >= {"records_nord.resources", "records_nord.versions", "keyring_nord.keys"}
        assert {place.partition(".")[0] for place in held} <= PATIENT_MAY_LIE_IN

    def test_is_in_no_file_of_any_server(self, stack: Stack, passage: Passage):
        """Kafka's segments and OpenBao's audit log lie as they were written; whether MongoDB's do, the last line tells."""
        home = stack.home.path
        assert files_with(forms(passage.canary), home) == []
        held = files_with([passage.patient.encode()], home)
        assert [name for name in held if name.startswith("kafka/") and "records.access-0" in name and name.endswith(".log")]
        assert {name.partition("/")[0] for name in held} <= {"kafka", "mongodb"}
        assert files_with([b"transit/decrypt/kek-nord"], home / "openbao") == ["audit.log"]
        assert files_with([passage.patient.encode()], home / "mongodb") != []

    def test_is_in_no_word_of_the_ledger(self, desk: Desk, passage: Passage):
        from cli.story import ledger_view

        notes = orjson.dumps(ledger_view.notes_from(desk.auditor, 0))
        assert not finds(forms(passage.canary), notes)
        assert finds([passage.patient.encode()], notes)
