"""Proves that the collector keeps what OpenTelemetry's own exporter sends, in bounded memory, and tells it to whom shows the secret."""

import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, TraceFlags, Tracer

from deploy.local.child import Program
from deploy.local.children import Children
from deploy.local.kept_traces import MOST_LISTED, KeptSpan, KeptTraces
from deploy.local.otlp_spans import LARGEST_SPAN, spans_in
from deploy.local.ports import Ports, find_free_ports
from deploy.local.services import Launch, _is_ready, _telemetry
from deploy.local.span_collector import LARGEST_BODY, make_app
from deploy.local.stack import Shape, _is_traced

AT = 1_795_000_000_000_000
SHOWN = {"authorization": "Bearer the-secret"}
ME = {"service.name": "records", "service.instance.id": "nord-a"}


def a_span(trace: str = "t", ident: str = "a", parent: str = "", *, at: int = 0, **more: Any) -> KeptSpan:
    known = {"trace": trace, "id": ident, "parent": parent, "service": "records", "instance": "nord-a", "name": "GET", "start": AT + at}
    return KeptSpan(**(known | {"duration_ms": 1.0, "attributes": {}} | more))


def a_tracer(exporter: InMemorySpanExporter) -> Tracer:
    provider = TracerProvider(resource=Resource.create(ME))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("serment")


def bytes_of(*spans: ReadableSpan) -> bytes:
    """As the exporter sends them."""
    return encode_spans(spans).SerializeToString()


class TestSpansIn:
    def test_are_what_the_exporter_sent(self) -> None:
        exporter = InMemorySpanExporter()
        linked = SpanContext(0xAB, 0xCD, is_remote=True, trace_flags=TraceFlags(1))
        with a_tracer(exporter).start_as_current_span("GET /fhir/{type}/{id}", attributes={"http.response.status_code": 200}) as root:
            facts = {"list": ["a", "b"], "share": 0.5, "yes": True}
            with a_tracer(exporter).start_as_current_span("below", attributes=facts, links=[Link(linked)]):
                pass
        inner, outer = exporter.get_finished_spans()

        found = {span.name: span for span in spans_in(bytes_of(inner, outer))}

        read, below = found["GET /fhir/{type}/{id}"], found["below"]
        context = root.get_span_context()
        assert (read.trace, read.id, read.parent) == (f"{context.trace_id:032x}", f"{context.span_id:016x}", "")
        assert (read.service, read.instance, read.attributes) == ("records", "nord-a", {"http.response.status_code": 200})
        assert read.start == (outer.start_time or 0) // 1000
        assert read.duration_ms == pytest.approx(((outer.end_time or 0) - (outer.start_time or 0)) / 1e6, abs=0.001)
        assert (below.trace, below.parent, below.links) == (read.trace, read.id, (f"{0xAB:032x}",))
        assert below.attributes == facts

    def test_leave_out_what_is_too_large(self) -> None:
        exporter = InMemorySpanExporter()
        for size in (10, LARGEST_SPAN):
            with a_tracer(exporter).start_as_current_span("x" * size):
                pass

        assert [span.name for span in spans_in(bytes_of(*exporter.get_finished_spans()))] == ["x" * 10]


class TestKeptTraces:
    def test_forget_the_trace_that_stood_still_the_longest(self) -> None:
        kept = KeptTraces(most_spans=4)
        kept.keep([a_span("first"), a_span("second"), a_span("second", "b"), a_span("first", "b")])

        kept.keep([a_span("third")])

        assert kept.find("second") is None
        assert [len((kept.find(trace) or {})["spans"]) for trace in ("first", "third")] == [2, 1]
        assert kept.count == 3

    def test_hold_no_more_spans_than_they_may_whatever_comes(self) -> None:
        kept = KeptTraces(most_spans=100, most_of_one=30)

        for number in range(2000):
            kept.keep([a_span(f"t{number * 7 % 13}", str(number)), a_span(f"alone-{number}")])
            assert kept.count <= 100

        assert kept.count == sum(len(trace.spans) for trace in kept._traces.values())

    def test_count_what_one_trace_has_too_many_of(self) -> None:
        kept = KeptTraces(most_of_one=3)

        kept.keep(a_span(ident=str(number)) for number in range(5))

        told = kept.find("t") or {}
        assert (len(told["spans"]), told["left_out"], kept.newest()[0]["spans"]) == (3, 2, 3)

    def test_keep_once_what_is_sent_twice(self) -> None:
        kept = KeptTraces()

        kept.keep([a_span(), a_span()])

        assert (kept.count, (kept.find("t") or {})["left_out"]) == (1, 0)

    def test_tell_a_trace_by_the_first_span_whose_parent_is_elsewhere(self) -> None:
        kept = KeptTraces()
        later = a_span(ident="c", parent="b", at=9_000, duration_ms=2.0, service="notifier", name="send mail")
        kept.keep(
            [later, a_span(ident="b", parent="a", at=-500, service="audit"), a_span(parent="a-caller", name="GET /x", duration_ms=4.0)]
        )

        [told] = kept.newest()

        assert told == {
            "trace": "t",
            "service": "records",
            "name": "GET /x",
            "start": AT - 500,
            "duration_ms": 11.5,
            "spans": 3,
            "services": ["audit", "notifier", "records"],
        }

    def test_list_the_newest_that_fit(self) -> None:
        kept = KeptTraces()
        kept.keep(a_span(f"t{number}", at=number, name="GET /Fhir") for number in range(80))
        kept.keep([a_span("t7", "b", "a", service="audit"), a_span("other", name="POST", service="audit")])

        assert [one["trace"] for one in kept.newest()] == [f"t{number}" for number in range(79, 79 - MOST_LISTED, -1)]
        assert [one["trace"] for one in kept.newest(service="audit", name="fhir")] == ["t7"]
        assert kept.newest(service="nobody") == []
        assert kept.services() == ["audit", "records"]

    def test_tell_spans_that_are_each_others_parents(self) -> None:
        kept = KeptTraces()
        kept.keep([a_span(ident="a", parent="b"), a_span(ident="b", parent="a", at=1)])

        assert kept.newest()[0]["start"] == AT


@pytest.fixture
async def asked() -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(KeptTraces(), secret="the-secret")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://collector.test") as client:
        yield client


class TestDoor:
    @pytest.mark.parametrize("path", ["/traces", f"/traces/{'0' * 32}"])
    @pytest.mark.parametrize("shown", [{}, {"authorization": "Bearer another"}, {"authorization": "the-secret"}])
    async def test_tells_nothing_without_the_secret(self, asked: httpx.AsyncClient, path: str, shown: dict[str, str]) -> None:
        answer = await asked.get(path, headers=shown)

        assert (answer.status_code, answer.content) == (401, b"")

    async def test_takes_logs_and_metrics_and_keeps_nothing(self, asked: httpx.AsyncClient) -> None:
        for path in ("/v1/logs", "/v1/metrics"):
            assert (await asked.post(path, content=b"whatever")).status_code == 200

        assert (await asked.get("/traces", headers=SHOWN)).json() == {"traces": [], "services": []}

    @pytest.mark.parametrize(("body", "status"), [(b"no protobuf", 400), (b"\0" * (LARGEST_BODY + 1), 413)])
    async def test_takes_nothing_else_for_spans(self, asked: httpx.AsyncClient, body: bytes, status: int) -> None:
        assert (await asked.post("/v1/traces", content=body)).status_code == status

    async def test_knows_no_trace_that_never_came(self, asked: httpx.AsyncClient) -> None:
        assert (await asked.get("/traces/none", headers=SHOWN)).status_code == 404


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Ports, Children]]:
    """The collector as a child of a launcher, on a port of its own."""
    ports, children = find_free_ports(), Children()
    argv = [sys.executable, "-m", "deploy.local.span_collector", str(ports["traces"])]
    children.start(Program("traces", argv, tmp_path / "traces.log", env={"SERMENT_TRACES_SECRET": "the-secret"}))
    children["traces"].until(partial(_is_ready, ports, "traces"), within=30)
    yield ports, children
    children.stop_all()


class TestProcess:
    def test_tells_what_an_exporter_sent_and_stays_small(self, running: tuple[Ports, Children]) -> None:
        ports, children = running
        provider = TracerProvider(resource=Resource.create(ME))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{ports.url('traces')}/v1/traces")))
        for _ in range(1000):
            with provider.get_tracer("serment").start_as_current_span("GET /fhir/{type}/{id}") as current:
                pass
        provider.shutdown()

        with httpx.Client(base_url=ports.url("traces"), headers=SHOWN, trust_env=False) as client:
            listed = client.get("/traces", params={"service": "records", "name": "fhir"}).json()
            told = client.get(f"/traces/{current.get_span_context().trace_id:032x}").json()

        assert (len(listed["traces"]), listed["services"]) == (MOST_LISTED, ["records"])
        assert [span["name"] for span in told["spans"]] == ["GET /fhir/{type}/{id}"]
        assert children["traces"].resident_bytes() < 70e6


class TestLaunch:
    def test_sends_spans_to_the_collector_only_when_it_is_asked_for(self) -> None:
        untraced = Launch(*[None] * 5, traced=False)  # type: ignore[arg-type]
        traced = Launch(None, Ports(9000), *[None] * 3, traced=True)  # type: ignore[arg-type]

        assert _telemetry(untraced) == {}
        assert _telemetry(traced)["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:9039"

    @pytest.mark.parametrize(("endpoint", "traced"), [("", True), ("http://collector.example:4318", False)])
    def test_leaves_spans_where_the_environment_sends_them(self, monkeypatch: pytest.MonkeyPatch, endpoint: str, traced: bool) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)

        assert (_is_traced(Shape(traced=True)), _is_traced(Shape())) == (traced, False)
