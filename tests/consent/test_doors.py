"""Who may come in by which door of `consent`."""

import uuid

import httpx
import orjson
import pytest

from deploy.local.stack import Stack
from shared.enforcement import ERASURE_PATH, LEASE_PATH, SECRET_HEADER
from shared.events.records import PositionStated
from tests.consent.conftest import ConsentDesk
from tests.shared.kafka_desk import desk_of

STRANGERS = [
    ("a.martin", "TREAT"),
    ("d.durand", "PATADMIN"),
    ("t.roux", "TRAIN"),
    ("u.faure", "HSYSADMIN"),
    ("integration.nord", None),
    ("o.leroy", "HCOMPL"),
]


class TestPeople:
    @pytest.mark.parametrize(("login", "purpose"), [*STRANGERS, ("patient.nord", None)])
    def test_may_not_speak_for_another(self, consent: ConsentDesk, patient: str, login: str, purpose: str | None) -> None:
        answer = consent.ask("POST", "/consents", login, purpose, json={"patient": patient, "kind": "objection"})

        assert (answer.status_code, answer.json()["type"]) == (403, "urn:serment:problem:not-yours-to-say")

    @pytest.mark.parametrize(("login", "purpose"), STRANGERS[:-1])
    def test_may_not_read_another_s(self, consent: ConsentDesk, patient: str, login: str, purpose: str | None) -> None:
        assert consent.ask("GET", f"/fhir/Consent?patient={patient}", login, purpose).status_code == 403

    def test_who_are_patients_cannot_tell_another_s_from_none(self, consent: ConsentDesk, patient: str) -> None:
        said = consent.says(patient).json()["id"]

        known = consent.ask("GET", f"/fhir/Consent/{said}", "patient.nord", None)
        unknown = consent.ask("GET", f"/fhir/Consent/{uuid.uuid4()}", "patient.nord", None)

        assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())

    def test_need_a_token(self, consent: ConsentDesk, patient: str) -> None:
        for method, path in (("POST", "/consents"), ("GET", f"/consents?patient={patient}"), ("GET", "/fhir/Consent/x")):
            assert httpx.request(method, f"{consent.base}{path}", trust_env=False).status_code == 401


class TestReplicas:
    @pytest.fixture
    def secret(self, stack: Stack) -> str:
        return stack.home.secret("enforcement")

    @pytest.mark.parametrize("shown", [None, "", "wrong", "é"])
    @pytest.mark.parametrize("path", [LEASE_PATH, ERASURE_PATH])
    def test_show_their_secret(self, consent: ConsentDesk, path: str, shown: str | None) -> None:
        headers = {} if shown is None else {SECRET_HEADER: shown.encode("latin-1")}
        answer = httpx.post(f"{consent.base}{path}", json={}, headers=headers, trust_env=False)  # type: ignore[arg-type]
        assert answer.status_code == 403

    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {"incarnation": "x", "epoch": 1, "number": 0},
            {"incarnation": "a" * 32, "epoch": 1, "number": -1},
            {"incarnation": "$set", "epoch": 1, "number": 1},
        ],
    )
    def test_are_granted_nothing_they_did_not_ask_for_rightly(self, consent: ConsentDesk, secret: str, asked: dict[str, object]) -> None:
        answer = httpx.post(f"{consent.base}{LEASE_PATH}", json=asked, headers={SECRET_HEADER: secret}, trust_env=False)
        assert answer.status_code == 422

    def test_get_the_terms_the_rows_and_an_end(self, consent: ConsentDesk, stack: Stack, secret: str, patient: str) -> None:
        """And whoever was granted one is waited for, until it leaves by its own word."""
        number = consent.says(patient, units=["unit-a"]).json()["evidence"]["number"]
        incarnation = uuid.uuid4().hex
        asked = {"incarnation": incarnation, "epoch": None, "number": 0}

        answer = httpx.post(f"{consent.base}{LEASE_PATH}", json=asked, headers={SECRET_HEADER: secret}, trust_env=False)
        left = PositionStated(incarnation=incarnation, epoch=1, number=0, left=True)
        desk_of(stack.servers.kafka).put(left.topic.name, orjson.dumps(left.model_dump()), key=incarnation.encode())
        evidence = consent.says(patient, units=["unit-b"]).json()["evidence"]

        terms, *rows, end = answer.text.strip().split("\n")
        assert (end, orjson.loads(terms)["head"] >= number) == ("end", True)
        assert [row for row in rows if patient in row]
        assert evidence["milliseconds"] < 5000
