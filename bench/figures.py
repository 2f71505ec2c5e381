"""Turns paired measurements into a ratio with its 95 % interval, and judges it by the end that speaks against us."""

import math
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from shared.clock import rfc3339

_NORMAL = 1.959964
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Goal:
    """What the pessimistic end of the interval must keep to, and what we would like."""

    bound: Literal["<=", ">=", "="]
    limit: float
    aim: float | None = None

    def met(self, interval: tuple[float, float]) -> bool:
        low, high = interval
        return {"<=": high <= self.limit, ">=": low >= self.limit, "=": low == high == self.limit}[self.bound]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report."""

    name: str
    unit: str
    pairs: Sequence[Pair]
    goal: Goal | None = None
    what: str = ""

    def told(self, *, engine: str, now: datetime, short: bool) -> dict[str, Any]:
        low, value, high = ratio(self.pairs)
        return {
            "name": self.name,
            "what": self.what,
            "value": round(value, 4),
            "unit": self.unit,
            "interval95": [round(low, 4), round(high, 4)],
            "goal": asdict(self.goal) if self.goal else None,
            "met": self.goal.met((low, high)) if self.goal else None,
            "pairs": [[round(one, 3) for one in pair] for pair in self.pairs],
            "engine": engine,
            "when": rfc3339(now),
            "machine": machine(),
            "short": short,
        }


def machine() -> Mapping[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version()}


def ratio(pairs: Sequence[Pair]) -> tuple[float, float, float]:
    """The lower end, the geometric mean and the upper end of first / second, by Student's t on the logarithms of the pairs."""
    logs = [math.log(first / second) for first, second in pairs]
    mean = statistics.fmean(logs)
    half = _student(len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else 0.0
    return math.exp(mean - half), math.exp(mean), math.exp(mean + half)


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t; exact for 1 and 2 degrees of freedom, else by Cornish-Fisher (3 digits)."""
    if freedom < 3:
        return (12.706, 4.303)[freedom - 1]
    z = _NORMAL
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
