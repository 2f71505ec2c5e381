"""The HTTP door of the ledger: tiles and proofs for everyone, activity and status for those who watch over it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response

from services.audit.progress import Progress
from services.audit.reading.noting import Asked, asked_for, note_incomplete
from services.audit.reading.prove_entry import prove_entry
from services.audit.reading.read_log import NotInLedgerError, read_checkpoint, read_tile, signed_size
from services.audit.reading.read_trail import read_trail
from services.audit.reading.search_ledger import search_ledger
from services.audit.reading.watch_activity import PAGE, await_entries, list_activity
from services.audit.resources import AuditResources
from shared.clock import utc_now
from shared.identity import PurposeNotHeldError, TokenIncompleteError, bearer, purpose_of
from shared.parked_api import parked
from shared.vocabulary import Profession
from shared.watching import FOR_WATCHERS

EVERYONE = {"x-professions": ["everyone"]}
TOLD = {"x-professions": sorted([Profession.PATIENT, Profession.PRIVACY_OFFICER])}
OFFICERS_ONLY = {"x-professions": [Profession.PRIVACY_OFFICER]}
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
PLAIN = "text/plain; charset=utf-8"

router = APIRouter()


def _resources(request: Request) -> AuditResources:
    return request.app.state.resources  # type: ignore[no-any-return]


Has = Annotated[AuditResources, Depends(_resources)]


async def _asked(request: Request, has: Has, x_purpose_of_use: Annotated[str | None, Header()] = None) -> Asked:
    """About the patient in the path, or else in the query; a genuine token that does not say enough is refused and noted."""
    now, patient = utc_now(), request.path_params.get("patient", request.query_params.get("patient", ""))
    try:
        actor = await has.identities.verify(bearer(request.headers.get("authorization")))
        return asked_for(actor, purpose_of(actor, x_purpose_of_use), patient, now=now)
    except (TokenIncompleteError, PurposeNotHeldError) as error:
        await note_incomplete(error, patient, now=now, notes=has.notes)
        raise


Asking = Annotated[Asked, Depends(_asked)]


def _progress(topic: str, has: AuditResources) -> Progress:
    """Raises NotInLedgerError."""
    if topic not in has.logs:
        raise NotInLedgerError
    return has.logs[topic]


@router.get("/log/{topic}/checkpoint", openapi_extra=EVERYONE)
async def get_checkpoint(topic: str, has: Has) -> Response:
    note = await read_checkpoint(_progress(topic, has).log, checkpoints=has.checkpoints)
    return Response(note, media_type=PLAIN, headers={"cache-control": "no-cache"})


@router.get("/log/{topic}/tile/{name:path}", openapi_extra=EVERYONE)
async def get_tile(topic: str, name: str, has: Has) -> Response:
    log = _progress(topic, has).log
    tile = await read_tile(log, f"tile/{name}", store=has.store, tiles=has.tiles, checkpoints=has.checkpoints)
    return Response(tile, media_type="application/octet-stream", headers=FOR_EVER)


@router.get("/log/{topic}/proof/{note_id}", openapi_extra=EVERYONE)
async def get_proof(topic: str, note_id: str, has: Has) -> Response:
    proof = await prove_entry(note_id, log=_progress(topic, has).log, store=has.store, tiles=has.tiles, checkpoints=has.checkpoints)
    return Response(proof.text(), media_type=PLAIN, headers={"cache-control": "no-cache"})


@router.get("/log/{topic}/activity", **FOR_WATCHERS)
async def get_activity(
    topic: str,
    has: Has,
    after: Annotated[int | None, Query(ge=-1)] = None,
    wait: Annotated[float, Query(ge=0, le=20)] = 0,
) -> list[dict[str, Any]]:
    """Without `after`, the newest page; with it, what came later, waited for."""
    progress = _progress(topic, has)
    size = await await_entries(progress.log, after=-1 if after is None else after, wait=wait, store=has.store, progress=progress)
    first = max(0, size - PAGE) if after is None else after + 1
    return await list_activity(progress.log, first, size, store=has.store, sealer=has.sealer, checkpoints=has.checkpoints)


@router.get("/log/{topic}/trail/{patient}", openapi_extra=TOLD)  # noqa: FAST003 - `patient` is read by `_asked`
async def get_trail(
    topic: str, asked: Asking, has: Has, response: Response, before: Annotated[int | None, Query(ge=0, le=2**53)] = None
) -> dict[str, Any]:
    """Who looked at that patient's record, the newest first, a hundred at most; `following` goes on, as `before`."""
    log = _progress(topic, has).log
    trail = await read_trail(asked, log, before=before, desk=has.reading_desk())
    response.headers.update({"cache-control": "no-store", "x-decision-id": trail.decision})
    return {"accesses": trail.accesses, "following": trail.following}


@router.get("/log/{topic}/entries", openapi_extra=OFFICERS_ONLY)
async def get_entries(topic: str, request: Request, asked: Asking, has: Has, response: Response) -> dict[str, Any]:
    """Accesses of a time, the newest first; `reading/search_terms.py` has the parameters. `following` goes on, as `before`.

    So many entries are opened at once: a page without a match still says with `through` how far back it has looked.
    """
    log = _progress(topic, has).log
    found = await search_ledger(asked, log, request.query_params.multi_items(), desk=has.reading_desk())
    response.headers.update({"cache-control": "no-store", "x-decision-id": found.decision})
    looked = {"entries": found.looked.entries, "looked": found.looked.count, "following": found.looked.following}
    return looked | {"from": found.search.since, "to": found.search.until, "through": found.looked.through}


@router.get("/status", **FOR_WATCHERS)
async def get_status(has: Has) -> dict[str, dict[str, Any]]:
    """Each log by its topic; topics have a dot, so `outbox` stands beside them."""
    now = utc_now()
    logs = {topic: await _status(progress, has, now) for topic, progress in has.logs.items()}
    return logs | {"outbox": await has.outbox.backlog(now=now)}


async def _status(progress: Progress, has: AuditResources, now: datetime) -> dict[str, Any]:
    """`lag` and `lag_seconds` are known to the process that sequences the log; elsewhere they are null."""
    log, head = progress.log, await has.store.head(progress.log)
    signed = await signed_size(log, checkpoints=has.checkpoints)
    unsigned = await has.store.page(log, signed, signed + 1)
    return {
        "size": head.size if head else 0,
        "signed_size": signed,
        "age_seconds": _age(await has.checkpoints.signed_at(log), now),
        "unsigned_seconds": _age(unsigned[0].at if unsigned else None, now),
        "lag": progress.lag if progress.holding else None,
        "lag_seconds": _age(progress.oldest_waiting, now) if progress.holding else None,
        "suspicions": await has.suspicions.count(log),
        "stopped": progress.stopped,
    }


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (now - moment).total_seconds())


def join_routes(app: FastAPI) -> None:
    for each in (router, parked):
        app.include_router(each)
