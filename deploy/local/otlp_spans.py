"""Reads spans from what OpenTelemetry's exporters send: protobuf over HTTP."""

from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from deploy.local.kept_traces import KeptSpan

LARGEST_SPAN = 4096
"""In bytes; ours are a tenth of it, and what is larger is left out."""


def spans_in(body: bytes) -> Iterator[KeptSpan]:
    """Raises google.protobuf.message.DecodeError."""
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = _facts(resource.resource.attributes)
        service, instance = str(about.get("service.name", "")), str(about.get("service.instance.id", ""))
        for scope in resource.scope_spans:
            for span in scope.spans:
                if span.ByteSize() <= LARGEST_SPAN and len(service) + len(instance) <= LARGEST_SPAN:
                    yield _kept(span, service, instance)


def _kept(span: Span, service: str, instance: str) -> KeptSpan:
    """To the microsecond; a span that ends before it began has no duration."""
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    return KeptSpan(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        service=service,
        instance=instance,
        name=span.name,
        start=start // 1000,
        duration_ms=max(0, end - start) // 1000 / 1000,
        attributes=_facts(span.attributes),
        links=tuple(link.trace_id.hex() for link in span.links),
    )


def _facts(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    return {one.key: _plain(one.value) for one in attributes}


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return _facts(value.kvlist_value.values)
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind) if kind else None
