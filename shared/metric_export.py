"""Sends this process's metrics by OTLP: the very ones that `/metrics` shows; a counter's name goes without its `_total`, as OTLP has it."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import structlog
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

from shared.clock import utc_now

log = structlog.get_logger("serment.telemetry")
_SINCE_START = AggregationTemporality.CUMULATIVE
_SCOPE = InstrumentationScope("serment")


class MetricExport:
    """They are read on the event loop, as `/metrics` reads them, for gauges look at what belongs to it; a thread only sends."""

    def __init__(self, exporter: MetricExporter, *, resource: Resource) -> None:
        self._exporter = exporter
        self._about = resource
        self._since = _nanoseconds()
        self._pause = float(os.environ.get("OTEL_METRIC_EXPORT_INTERVAL", "60000")) / 1000

    async def run(self) -> None:
        """Until cancelled, every `OTEL_METRIC_EXPORT_INTERVAL` milliseconds."""
        while True:
            await asyncio.sleep(self._pause)
            await self.send()

    async def send(self) -> None:
        """What cannot be sent now is part of what is sent next, for everything counts from the start; no service ends for a metric."""
        try:
            metrics = list(_metrics(REGISTRY.collect(), self._since, _nanoseconds()))
            told = MetricsData([ResourceMetrics(self._about, [ScopeMetrics(_SCOPE, metrics, "")], "")])
            await asyncio.to_thread(self._exporter.export, told)
        except Exception as error:  # noqa: BLE001 - of whatever gauge
            log.warning("telemetry.metrics-not-sent", error=type(error).__name__)


def _metrics(families: Iterable[Family], since: int, now: int) -> Iterator[Metric]:
    for family in families:
        data = _SHAPES.get(family.type, _gauge)(family, since, now)
        yield Metric(family.name, family.documentation, family.unit, data)


def _gauge(family: Family, since: int, now: int) -> Gauge:
    return Gauge([_number(sample, since, now) for sample in family.samples])


def _sum(family: Family, since: int, now: int) -> Sum:
    totals = [_number(sample, since, now) for sample in family.samples if sample.name.endswith("_total")]
    return Sum(totals, _SINCE_START, is_monotonic=True)


def _number(sample: Sample, since: int, now: int) -> NumberDataPoint:
    return NumberDataPoint(dict(sample.labels), since, now, sample.value)


def _histogram(family: Family, since: int, now: int) -> Histogram:
    """Prometheus counts what is below each bound, OTLP what lies between two."""
    series: dict[tuple[tuple[str, str], ...], dict[str, Any]] = defaultdict(dict)
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        found = series[tuple(labels.items())]
        if sample.name.endswith("_bucket"):
            found.setdefault("below", []).append((float(sample.labels["le"]), int(sample.value)))
        elif sample.name.endswith("_sum"):
            found["sum"] = sample.value
    return Histogram([_distribution(dict(labels), found, since, now) for labels, found in series.items()], _SINCE_START)


def _distribution(labels: dict[str, str], found: dict[str, Any], since: int, now: int) -> HistogramDataPoint:
    bounds, below = zip(*found["below"], strict=True)
    between = [upper - lower for lower, upper in zip((0, *below), below, strict=False)]
    unknown: Any = None  # Prometheus keeps neither the least nor the greatest; the encoder leaves them out
    return HistogramDataPoint(labels, since, now, below[-1], found["sum"], between, bounds[:-1], unknown, unknown)


_SHAPES: dict[str, Callable[[Family, int, int], Gauge | Sum | Histogram]] = {"counter": _sum, "histogram": _histogram}


def _nanoseconds() -> int:
    return int(utc_now().timestamp() * 1e9)
