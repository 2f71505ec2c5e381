"""What a collector of spans tells: traces by their roots, and the spans of one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Microseconds = Annotated[int, Field(ge=0, lt=2**54)]
Milliseconds = Annotated[float, Field(ge=0)]
TraceId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Root(_Told):
    """A trace in one line: where it began, how long all of it took, and who took part."""

    trace: TraceId
    service: str
    name: str
    start: Microseconds
    duration_ms: Milliseconds
    spans: int
    services: Sequence[str]

    @property
    def at(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.start)


class Recent(_Told):
    traces: Sequence[Root] = ()
    services: Sequence[str] = ()


class Span(_Told):
    service: str
    instance: str
    name: str
    id: str
    parent: str
    start: Microseconds
    duration_ms: Milliseconds
    attributes: Mapping[str, Any] = {}
    links: Sequence[TraceId] = ()


class Trace(_Told):
    """`left_out` are those that the collector did not keep."""

    spans: Annotated[Sequence[Span], Field(min_length=1)]
    left_out: int = 0
