"""Opens logs, traces and metrics; nothing that identifies a patient passes through it."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

QUIET = dict.fromkeys(("aiokafka", "httpx", "httpcore", "pymongo", "faststream"), logging.ERROR) | {"uvicorn.error": logging.CRITICAL}
"""The lowest level of foreign loggers; uvicorn's errors are tracebacks, whose text may quote data: ours tell the class and the line."""
_PROPAGATOR = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("serment")


def open_telemetry(service: str, *, instance: str, level: str) -> None:
    """Logs are JSON lines on standard error; spans and logs leave by OTLP only when `OTEL_EXPORTER_OTLP_ENDPOINT` is set.

    Sampling follows the standard `OTEL_TRACES_SAMPLER` variables.
    """
    resource = Resource.create({"service.name": service, "service.instance.id": instance})
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        _export_spans(resource)
        _export_logs(resource)
    _log_as_json(service, instance=instance, level=level)


def close_telemetry() -> None:
    """Sends what is still held back; bounded by the exporter's own time limit."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


def _export_spans(resource: Resource) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def _export_logs(resource: Resource) -> None:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider(resource=resource)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    logging.getLogger("serment").addHandler(LoggingHandler(logger_provider=provider))


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
    return isinstance(trace.get_tracer_provider(), TracerProvider)


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, carrier: Mapping[str, str] | None = None, **facts: Any) -> Iterator[trace.Span]:
    """A span under the carrier's `traceparent` if there is one; exceptions leave only their class name, never their text."""
    parent = _PROPAGATOR.extract(dict(carrier)) if carrier else None
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
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, context=otel_context.get_current())
    return carrier
