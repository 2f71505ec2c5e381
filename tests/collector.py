"""Takes what processes send by OTLP, keeps the raw bodies, and tells spans and log lines from them."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """One span: `service` is the process that made it; `trace`, `ident` and `parent` are hexadecimal."""

    service: str
    instance: str
    name: str
    kind: int
    trace: str
    ident: str
    parent: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One log record."""

    instance: str
    body: str
    attributes: Mapping[str, Any]
    trace: str


class Collector:
    """A server on loopback; `SETTINGS` makes processes send often, so that no test waits long."""

    def __init__(self) -> None:
        self._bodies: list[tuple[str, bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def settings(self) -> dict[str, str]:
        """The standard variables of OpenTelemetry for a process that shall send here."""
        address = f"http://127.0.0.1:{self._server.server_address[1]}"
        often = {"OTEL_BSP_SCHEDULE_DELAY": "1000", "OTEL_BLRP_SCHEDULE_DELAY": "1000", "OTEL_METRIC_EXPORT_INTERVAL": "10000"}
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": address} | often

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def bodies(self, path: str | None = None) -> list[bytes]:
        """As they came; without a path, of every kind."""
        return [body for kept, body in list(self._bodies) if path in {None, kept}]

    def spans(self, trace: str | None = None) -> list[Seen]:
        found = [span for body in self.bodies("/v1/traces") for span in _spans_of(body)]
        return found if trace is None else [span for span in found if span.trace == trace]

    def lines(self) -> list[Line]:
        return [line for body in self.bodies("/v1/logs") for line in _lines_of(body)]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bodies = self._bodies

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                bodies.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                return

        return Handler


def _spans_of(body: bytes) -> Iterator[Seen]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = _facts(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                idents = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                yield Seen(about["service.name"], about["service.instance.id"], span.name, span.kind, *idents, _facts(span.attributes))


def _lines_of(body: bytes) -> Iterator[Line]:
    for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
        instance = _facts(resource.resource.attributes)["service.instance.id"]
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield Line(instance, record.body.string_value, _facts(record.attributes), record.trace_id.hex())


def _facts(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in attributes}
