"""Opens logs, traces and metrics; nothing that identifies a patient passes through it."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.background import end_tasks, keep_running

if TYPE_CHECKING:
    from shared.metric_export import MetricExport

QUIET = dict.fromkeys(("aiokafka", "httpx", "httpcore", "pymongo", "faststream"), logging.ERROR) | {"uvicorn.error": logging.CRITICAL}
"""The lowest level of foreign loggers; uvicorn's errors are tracebacks, whose text may quote data: ours tell the class and the line."""
_SEVERITIES = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}
Closing = Callable[[], None]
_PROPAGATOR = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("serment")


@dataclass(frozen=True, slots=True)
class _Opened:
    metrics: "MetricExport"
    closings: Sequence[Closing]


_OPENED: list[_Opened] = []


def open_telemetry(service: str, *, instance: str, level: str) -> None:
    """Logs are JSON lines on standard error; spans, logs and metrics leave by OTLP only when `OTEL_EXPORTER_OTLP_ENDPOINT` is set.

    Sampling follows the standard `OTEL_TRACES_SAMPLER` variables.
    """
    resource = Resource.create({"service.name": service, "service.instance.id": instance})
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        _OPENED.append(_Opened(_open_metrics(resource), [_export_spans(resource), _export_logs(resource)]))
    _log_as_json(service, instance=instance, level=level)


@asynccontextmanager
async def telemetry_sent() -> AsyncIterator[None]:
    """Metrics leave while this is open, and at its end all that is held back; within the server's lifespan, for a signal ends more.

    The end takes no longer than the slowest exporter: half a minute in front of a collector that hangs.
    """
    sending = [keep_running(opened.metrics.run) for opened in _OPENED]
    try:
        yield
    finally:
        await end_tasks(sending)
        while _OPENED:
            opened = _OPENED.pop()
            await asyncio.gather(opened.metrics.send(), *map(asyncio.to_thread, opened.closings))


def _export_spans(resource: Resource) -> Closing:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def _export_logs(resource: Resource) -> Closing:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider as ExportingLoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = ExportingLoggerProvider(resource=resource)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    logging.getLogger("serment").addHandler(_Exporting(provider))
    return provider.shutdown


def _open_metrics(resource: Resource) -> "MetricExport":
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    from shared.metric_export import MetricExport

    return MetricExport(OTLPMetricExporter(), resource=resource)


class _Exporting(logging.Handler):
    """Hands over the JSON line as it stands; the SDK's own handler is deprecated, and adds file paths and the text of exceptions."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._provider = provider

    def emit(self, record: logging.LogRecord) -> None:
        severity, moment = _SEVERITIES.get(record.levelno, SeverityNumber.INFO), int(record.created * 1e9)
        self._provider.get_logger(record.name).emit(
            LogRecord(timestamp=moment, context=otel_context.get_current(), severity_number=severity, body=record.getMessage())
        )


def _log_as_json(service: str, *, instance: str, level: str) -> None:
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format="%(message)s", force=True)
    for name, lowest in QUIET.items():
        logging.getLogger(name).setLevel(lowest)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _add_trace,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service, instance=instance)


def _add_trace(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = f"{span.trace_id:032x}"
    return event


def tracing() -> bool:
    """Whether spans are kept at all; the hot path skips its span when they are not."""
    return bool(_OPENED)


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, carrier: Mapping[str, str] | None = None, **facts: Any) -> Iterator[trace.Span]:
    """A span under the carrier's `traceparent` if there is one; exceptions leave only their class name, never their text.

    A `tracestate` is left behind: it is free text of the caller, and would travel into Kafka and the collector.
    """
    parent = _PROPAGATOR.extract({"traceparent": carrier["traceparent"]}) if carrier and "traceparent" in carrier else None
    with _TRACER.start_as_current_span(
        name, context=parent, kind=kind, attributes=facts, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_attribute("error.type", type(error).__name__)
            current.set_status(trace.StatusCode.ERROR)
            raise


def trace_headers() -> dict[str, str]:
    """The current span as W3C headers, to be carried by a message; empty when nothing is traced."""
    if trace.get_current_span() is trace.INVALID_SPAN:
        return {}
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, context=otel_context.get_current())
    return carrier
