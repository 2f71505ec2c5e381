"""One access is one trace, from the caller through Kafka to the ledger, and no span, metric or log tells whose it was."""

import os
import re
from pathlib import Path

import pytest

from cli.story import ledger_view
from cli.story.checking import until
from deploy.local.stack import Stack
from tests.builders import HTEST, Desk, a_patient, an_observation
from tests.collector import Collector, Seen
from tests.journeys.canary import metrics_of

SERVER, CONSUMER = 2, 5
UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
CANARY = "CanariTrace"


class Caller:
    """Somebody whose own trace goes on in Serment."""

    def __init__(self) -> None:
        self.trace, self.span = os.urandom(16).hex(), os.urandom(8).hex()

    @property
    def headers(self) -> dict[str, str]:
        return {"traceparent": f"00-{self.trace}-{self.span}-01", "tracestate": f"vendor={CANARY}", "baggage": f"patient={CANARY}"}


@pytest.fixture
def caller() -> Caller:
    return Caller()


def spans_of(caller: Caller, otlp: Collector, *names: str) -> list[Seen]:
    """All spans of the caller's trace, once each name is among them."""

    def look() -> list[Seen] | None:
        found = otlp.spans(caller.trace)
        return found if set(names) <= {span.name for span in found} else None

    return until(look, within=15, otherwise=f"not all of {names} arrived: {otlp.spans(caller.trace)}")


def logs_in(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((home / "logs").iterdir()))


class TestTraceOfARead:
    def test_goes_on_from_the_caller_to_the_ledger(self, desk: Desk, otlp: Collector, caller: Caller):
        _patient, address = desk.a_chart()
        assert desk.ask("GET", address, "a.martin", headers=caller.headers).status_code == 200
        spans = spans_of(caller, otlp, "GET /fhir/{type}/{id}", "process records.access")
        (read,) = [span for span in spans if span.kind == SERVER]
        (entered,) = [span for span in spans if span.kind == CONSUMER]
        assert len(spans) == 2
        assert (read.service, read.parent, read.attributes) == ("records", caller.span, {"http.response.status_code": 200})
        assert (entered.service, entered.name, entered.parent) == ("audit", "process records.access", read.ident)
        assert set(entered.attributes) == {"messaging.kafka.offset"}

    def test_shows_a_refusal_by_its_status_alone(self, desk: Desk, otlp: Collector, caller: Caller):
        _patient, address = desk.a_chart()
        assert desk.ask("GET", address, "b.bernard", headers=caller.headers).status_code == 403
        (read, entered) = spans_of(caller, otlp, "GET /fhir/{type}/{id}", "process records.access")
        assert {**read.attributes, **entered.attributes}.keys() == {"http.response.status_code", "messaging.kafka.offset"}

    def test_begins_a_trace_of_its_own_when_the_caller_has_none(self, desk: Desk, otlp: Collector):
        _patient, address = desk.a_chart()
        seen = len(otlp.spans())
        assert desk.ask("GET", address, "a.martin", headers={"traceparent": CANARY}).status_code == 200

        def look() -> list[Seen]:
            return [span for span in otlp.spans()[seen:] if span.name == "GET /fhir/{type}/{id}"]

        (read,) = until(look, within=15, otherwise="no span")
        assert read.parent == ""
        until(lambda: len(otlp.spans(read.trace)) == 2, within=15, otherwise="the ledger took the note under no trace")
        assert {span.name for span in otlp.spans(read.trace)} == {read.name, "process records.access"}


def led_to(otlp: Collector, caller: Caller) -> set[tuple[str, str]]:
    """(name, name of what led to it) of every span of the caller's trace."""
    above = {span.ident: span for span in otlp.spans(caller.trace)}
    return {(span.name, above[span.parent].name) for span in above.values() if span.parent in above}


class TestTraceOfASuspiciousRead:
    def test_goes_on_to_the_case_its_patients_and_the_mails(self, desk: Desk, otlp: Collector, caller: Caller):
        employee = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMP"}
        colleague = desk.create(a_patient(meta={"security": [HTEST, employee]}))["id"]
        assert desk.ask("GET", f"Patient/{colleague}", "d.durand", purpose="PATADMIN", headers=caller.headers).status_code == 200
        expected = {
            ("process records.access", "GET /fhir/{type}/{id}"),
            ("judge records.access", "GET /fhir/{type}/{id}"),
            ("process audit.suspicion", "judge records.access"),
            ("send mail", "process audit.suspicion"),
            ("process notifier.change", "process audit.suspicion"),
            ("process audit.suspicion", "process notifier.change"),
        }
        until(
            lambda: led_to(otlp, caller) >= expected,
            within=30,
            otherwise="the trace ended before the mails and the patients affected",
        )
        assert led_to(otlp, caller) == expected


class TestTraceOfAWrite:
    def test_goes_through_outbox_and_relay_to_every_reader(self, desk: Desk, otlp: Collector, caller: Caller):
        patient, _address = desk.a_chart()
        created = desk.ask("POST", "Observation", "a.martin", json=an_observation(patient), headers=caller.headers)
        assert created.status_code == 201
        names = ("POST /fhir/{type_}", "process records.access", "process records.change")
        until(
            lambda: len([span for span in otlp.spans(caller.trace) if span.name == names[2]]) == 3,
            within=15,
            otherwise="not every replica took the change under its trace",
        )
        spans = spans_of(caller, otlp, *names)
        served = [span for span in spans if span.kind == SERVER]
        assert len(served) == 1, served
        (write,) = served
        assert (write.service, write.name, write.parent) == ("records", names[0], caller.span)
        assert write.attributes == {"http.response.status_code": 201}
        taken = [span for span in spans if span is not write]
        assert {span.parent for span in taken} == {write.ident}
        assert sorted((span.instance, span.name) for span in taken) == [
            ("audit", names[1]),
            *((replica, names[2]) for replica in ("nord-a", "nord-b", "sud")),
        ]

    def test_goes_on_with_a_transaction_and_an_erasure_refused(self, desk: Desk, otlp: Collector, caller: Caller):
        patient, _address = desk.a_chart()
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": []}
        assert desk.ask("POST", "", "a.martin", json=bundle, headers=caller.headers).status_code == 200
        url = f"{desk.base().removesuffix('/fhir')}/charts/{patient}/erasures"
        token = {"authorization": f"Bearer {desk.running.token('a.martin')}"}
        assert desk.http.post(url, json={"grounds": "person-asked"}, headers=token | caller.headers).status_code == 403
        spans_of(caller, otlp, "POST /fhir", "POST /charts/{patient}/erasures", "process records.access")


class TestTelemetry:
    def test_says_nothing_of_whose_access_it_was(self, stack: Stack, desk: Desk, otlp: Collector, caller: Caller):
        patient = desk.create(a_patient(name=[{"family": CANARY}]))["id"]
        address = f"Observation/{desk.create(an_observation(patient))['id']}"
        answers = [desk.ask("GET", address, login, headers=caller.headers) for login in ("a.martin", "d.durand", "b.bernard")]
        answers.append(desk.ask("GET", f"Patient/{patient}", "d.durand", headers=caller.headers))
        answers.append(desk.ask("GET", f"Observation?patient={patient}", "b.bernard", headers=caller.headers))
        answers.append(desk.ask("GET", f"Observation/{CANARY}", "a.martin", headers=caller.headers))
        key = ledger_view.key_row(desk.auditor, "nord", patient)
        desk.ledger_size()
        spans_of(caller, otlp, "GET /fhir/{type_}", "GET /fhir/{type}/{id}", "process records.access")
        secrets = [patient, patient.replace("-", ""), address.split("/")[1], CANARY]
        secrets += [answer.headers["x-decision-id"] for answer in answers if "x-decision-id" in answer.headers]
        secrets += re.findall(r"vault:v1:[A-Za-z0-9+/=]+", str(key))
        secrets += ["no-care-relationship", "not-for-this-role", "participant", desk.practitioner("a.martin"), "Martin"]
        assert len(secrets) > 10
        told = b"".join(otlp.bodies()) + metrics_of(stack).encode() + logs_in(stack.home.path)
        assert [secret for secret in secrets if secret.encode() in told] == []

    @pytest.mark.usefixtures("stack")
    def test_names_no_id_in_any_span_of_this_run(self, otlp: Collector):
        spans = otlp.spans()
        assert {span.instance for span in spans} >= {"nord-a", "nord-b", "sud", "audit"}
        assert [span for span in spans if UUID.search(f"{span.name} {dict(span.attributes)}")] == []
        words = {word for span in spans for word in span.attributes}
        assert words <= {"http.response.status_code", "messaging.kafka.offset", "error.type"}

    def test_names_no_id_in_any_metric_or_log_line_of_this_run(self, stack: Stack, otlp: Collector):
        sent = until(lambda: otlp.bodies("/v1/metrics"), within=15, otherwise="no metric came by OTLP")
        assert UUID.findall(metrics_of(stack) + b"".join(sent).decode(errors="replace")) == []
        lines = until(otlp.lines, within=15, otherwise="no log line came by OTLP")
        assert [line for line in lines if UUID.search(re.sub(r'"trace_id": ?"[0-9a-f]{32}"', "", line.body))] == []
        assert [line.attributes for line in lines if line.attributes] == []
