"""The door of the replicas of `records`: leases, and erasures that must be in force before keys are destroyed."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from services.consent.asking import Has, ReplicaOnly
from services.consent.desk import Asked
from services.consent.enforcing.grant_lease import Asked as LeaseAsked
from services.consent.enforcing.grant_lease import grant_lease
from services.consent.forbid_erased import forbid_erased
from services.consent.schemas import ErasureRequest, EvidenceAnswer, LeaseRequest
from shared.clock import utc_now
from shared.enforcement import ERASURE_PATH, LEASE_PATH, LeaseTerms
from shared.identity import Actor
from shared.vocabulary import PatientId, Profession

enforcement = APIRouter(dependencies=[ReplicaOnly])
REPLICAS: dict[str, Any] = {"x-professions": ["replicas of records"]}


@enforcement.post(LEASE_PATH, openapi_extra=REPLICAS)
async def lease(request: LeaseRequest, has: Has) -> StreamingResponse:
    """The terms as JSON, a directive a line, `end`: without that last line the answer was cut short, and grants nothing."""
    parts = grant_lease(
        LeaseAsked(request.incarnation, request.epoch, request.number),
        fence=has.desk.fence,
        positions=has.desk.positions,
        lease=has.desk.lease,
        causal=has.mongo.causal,
    )
    first = await anext(parts)  # an error here is an answer, not half a stream
    return StreamingResponse(_lines(first, parts), media_type="application/x-ndjson")


async def _lines(first: LeaseTerms | list[bytes], rest: AsyncIterator[LeaseTerms | list[bytes]]) -> AsyncIterator[bytes]:
    yield orjson.dumps(first) + b"\n"
    async for part in rest:
        if isinstance(part, list):
            yield b"\n".join(part) + b"\n"
    yield b"end\n"


@enforcement.post(ERASURE_PATH, openapi_extra=REPLICAS)
async def forbid(request: ErasureRequest, has: Has) -> EvidenceAnswer:
    """Answered when no leased replica opens that chart any more."""
    change = await forbid_erased(_asked(request), PatientId(request.patient), request.site, request.erasure, desk=has.desk)
    return EvidenceAnswer.model_validate(change.evidence, from_attributes=True)


def _asked(request: ErasureRequest) -> Asked:
    """In the name of the officer who confirmed, whom the replica has verified."""
    profession = Profession.PRIVACY_OFFICER
    actor = Actor(request.officer, "", profession, request.site, "", frozenset({request.purpose}), "", None, "", "", 0.0)
    return Asked(actor, request.purpose, utc_now())
