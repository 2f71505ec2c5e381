"""Keeps the newest traces in bounded memory: spans are counted, and the trace that stood still the longest goes first."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_SPANS = 10_000
MOST_OF_ONE = 2_000
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class KeptSpan:
    """Ids are hexadecimal, `parent` is empty for a root; `start` is in microseconds since 1970, `links` are ids of other traces."""

    trace: str
    id: str
    parent: str
    service: str
    instance: str
    name: str
    start: int
    duration_ms: float
    attributes: Mapping[str, Any]
    links: Sequence[str] = ()

    @property
    def end(self) -> float:
        return self.start + self.duration_ms * 1000


@dataclass(slots=True)
class _Trace:
    spans: dict[str, KeptSpan] = field(default_factory=dict)
    left_out: int = 0


class KeptTraces:
    """A span that is sent twice is kept once; of one trace no more than `most_of_one` are kept, and the others are counted."""

    def __init__(self, *, most_spans: int = MOST_SPANS, most_of_one: int = MOST_OF_ONE) -> None:
        self._most_spans = most_spans
        self._most_of_one = most_of_one
        self._traces: OrderedDict[str, _Trace] = OrderedDict()
        self.count = 0

    def keep(self, spans: Iterable[KeptSpan]) -> None:
        for span in spans:
            self._keep(span)
            while self.count > self._most_spans:
                _ident, oldest = self._traces.popitem(last=False)
                self.count -= len(oldest.spans)

    def _keep(self, span: KeptSpan) -> None:
        trace = self._traces.setdefault(span.trace, _Trace())
        self._traces.move_to_end(span.trace)
        if span.id in trace.spans:
            return
        if len(trace.spans) >= self._most_of_one:
            trace.left_out += 1
            return
        trace.spans[span.id] = span
        self.count += 1

    def services(self) -> list[str]:
        return sorted({span.service for trace in self._traces.values() for span in trace.spans.values()})

    def newest(self, *, service: str = "", name: str = "") -> list[dict[str, Any]]:
        """Those that `service` took part in and whose root has `name` in its own, the newest first."""
        found = [_summary(ident, trace.spans) for ident, trace in self._traces.items()]
        found = [one for one in found if service in {"", *one["services"]} and name.lower() in one["name"].lower()]
        return sorted(found, key=lambda one: one["start"], reverse=True)[:MOST_LISTED]

    def find(self, ident: str) -> dict[str, Any] | None:
        """Its spans in the order in which they began."""
        trace = self._traces.get(ident)
        if trace is None:
            return None
        spans = sorted(trace.spans.values(), key=lambda span: span.start)
        return {"trace": ident, "left_out": trace.left_out, "spans": [asdict(span) for span in spans]}


def _summary(ident: str, spans: Mapping[str, KeptSpan]) -> dict[str, Any]:
    """The root is the first span whose parent is not here: a caller's own span never comes."""
    every = list(spans.values())
    root = min([span for span in every if span.parent not in spans] or every, key=lambda span: span.start)
    start = min(span.start for span in every)
    return {
        "trace": ident,
        "service": root.service,
        "name": root.name,
        "start": start,
        "duration_ms": round((max(span.end for span in every) - start) / 1000, 3),
        "spans": len(every),
        "services": sorted({span.service for span in every}),
    }
