"""Lays the spans of one trace out as a waterfall: under each span what it set going, all on one scale of time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.portal.traces.model import Span

MOST_BARS = 200
ROW, HEAD = 36, 24
"""Heights in pixels: of a line with its bar, and of the scale above."""
NARROWEST = 0.5
_INDENT, _DEEPEST = 12, 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One span; `x` and `width` are percents of the picture, `y` and `indent` pixels."""

    span: Span
    offset_ms: float
    x: float
    width: float
    y: int
    indent: int
    alone: bool
    """Its parent is not among the spans: a caller's own, or one that was not collected."""
    early: bool
    """It began before its parent, as only another machine's clock can say."""

    @property
    def failed(self) -> bool:
        return "error.type" in self.span.attributes


@dataclass(frozen=True, slots=True)
class Waterfall:
    bars: Sequence[Bar]
    total_ms: float
    left_out: int

    @property
    def height(self) -> int:
        return HEAD + ROW * len(self.bars)


def draw(spans: Sequence[Span], *, most: int = MOST_BARS) -> Waterfall:
    """The spans that began first, as many as `most`; the scale is that of all of them. Instants stay as each machine told them."""
    by_start = sorted(spans, key=lambda span: span.start)
    start = by_start[0].start
    total_ms = max((span.start - start) / 1000 + span.duration_ms for span in spans)
    shown = {span.id: span for span in by_start[:most]}
    every = {span.id: span for span in spans}
    bars = [_bar(span, depth, row, start, total_ms, every) for row, (span, depth) in enumerate(_in_order(shown))]
    return Waterfall(bars, total_ms, len(every) - len(bars))


def _in_order(spans: Mapping[str, Span]) -> Iterator[tuple[Span, int]]:
    """Each span once with its depth, below its parent, siblings by their beginning; spans that are each other's parents come last."""
    below: defaultdict[str, list[Span]] = defaultdict(list)
    for span in spans.values():
        below[span.parent if span.parent in spans else ""].append(span)
    seen: set[str] = set()
    for top in [*below.pop("", []), *spans.values()]:
        waiting = [(top, 0)]
        while waiting:
            span, depth = waiting.pop()
            if span.id not in seen:
                seen.add(span.id)
                yield span, depth
                waiting += [(child, depth + 1) for child in reversed(below[span.id])]


def _bar(span: Span, depth: int, row: int, start: int, total_ms: float, every: Mapping[str, Span]) -> Bar:
    offset_ms, parent = (span.start - start) / 1000, every.get(span.parent)
    share = 100 / total_ms if total_ms else 0
    width = max(NARROWEST, span.duration_ms * share)
    return Bar(
        span=span,
        offset_ms=offset_ms,
        x=round(max(0.0, min(offset_ms * share, 100 - width)), 3),
        width=round(width, 3),
        y=HEAD + ROW * row,
        indent=_INDENT * min(depth, _DEEPEST),
        alone=bool(span.parent) and parent is None,
        early=parent is not None and span.start < parent.start,
    )
