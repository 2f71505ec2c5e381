"""Searches inside one chart, or by ids, and gives a whole chart: everything runs inside the permitted set."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from services.records.decision import Permit, Refusal, hides
from services.records.desk import Desk
from services.records.model import WHOLE_CHART, Ask, OpenedRecord, SealedRecord
from services.records.noting import access_facts, label_class
from services.records.refusals import FactsChangedError
from services.records.sealer import KeyErasedError, UnreadableError
from shared.errors import AnticipatedError, Sentence
from shared.identity import Actor
from shared.vocabulary import Action, Outcome, PatientId, is_ours

MOST_PATIENTS = 100
MOST_IDS = 1000


class UnsupportedSearchError(AnticipatedError):
    """A parameter that this server does not offer; it is never silently left out."""

    slug: ClassVar[str] = "unsupported-search"
    status: ClassVar[int] = 400
    fhir_code: ClassVar[str] = "not-supported"
    sentence: ClassVar[Sentence] = Sentence(
        "Search by `patient` (or `_id`) is offered, with `_count` and `_after`. Leave the other parameters out.",
        "La recherche se fait par `patient` (ou `_id`), avec `_count` et `_after`. Omettez les autres paramètres.",
    )


class TooManyPatientsError(AnticipatedError):
    """One page may touch a hundred patients."""

    slug: ClassVar[str] = "too-many-patients"
    status: ClassVar[int] = 400
    fhir_code: ClassVar[str] = "too-costly"
    sentence: ClassVar[Sentence] = Sentence(
        "Ask for fewer ids: one page touches at most 100 patients.", "Demandez moins d’identifiants : une page touche au plus 100 patients."
    )


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked: who, why, which type (None for every type of a chart), when."""

    actor: Actor
    purpose: str
    type: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What may be shown, newest first; every note is durable. `decision` is the id of the first."""

    records: Sequence[OpenedRecord] = field(repr=False)
    decision: str


async def search_by_patient(search: Search, patient: str, *, desk: Desk) -> Found:
    """All of one type in one chart, or the whole chart ($everything). Raises AccessRefusedError, GoneError, FactsChangedError."""
    known = PatientId(patient) if is_ours(patient) else None
    ask = Ask(search.actor, search.purpose, Action.SEARCH, search.type or WHOLE_CHART, known)
    verdict, facts = await desk.decide(ask, now=search.now)
    if isinstance(verdict, Refusal):
        if verdict.reason == "no-care-relationship" and not desk.states_refusals:
            return Found([], await desk.note(access_facts(ask, outcome=Outcome.REFUSED, status=200, verdict=verdict), now=search.now))
        raise await desk.refuse(verdict, now=search.now)
    sealed = (
        []
        if facts.chart is None or known is None
        else await desk.store.of_owner(known, types=None if search.type is None else [search.type])
    )
    opened = await _opened_all(sealed, {(known, search.type): verdict}, search, desk)
    outcome = Outcome.ANSWERED if facts.chart is not None else Outcome.NOT_FOUND
    about = Ask(ask.actor, ask.purpose, ask.action, search.type or WHOLE_CHART, None if facts.chart is None else known)
    told = _facts(about, verdict, opened, outcome) | ({"status": 404} if facts.chart is None and search.type is None else {})
    decision = await desk.note(told, now=search.now)
    if facts.chart is not None and not desk.still_holds(verdict):
        raise FactsChangedError
    return Found(opened, decision)


async def search_by_id(search: Search, idents: Sequence[str], *, desk: Desk) -> Found:
    """Those of the ids that exist and may be shown; what is refused or hidden is left out, and noted for its patient.

    Raises TooManyPatientsError.
    """
    if len(idents) > MOST_IDS:
        raise TooManyPatientsError
    found = await desk.store.find_many([f"{search.type}/{ident}" for ident in dict.fromkeys(idents) if is_ours(ident)])
    patients = list(dict.fromkeys(record.patient for record in found.values()))
    if len(patients) > MOST_PATIENTS:
        raise TooManyPatientsError
    permits: dict[tuple[PatientId | None, str | None], Permit] = {}
    refusals: list[Refusal] = []
    for patient in patients or [None]:
        ask = Ask(search.actor, search.purpose, Action.SEARCH, search.type or "", patient)
        verdict, _facts = await desk.decide(ask, now=search.now)
        if isinstance(verdict, Refusal):
            refusals.append(verdict)
        else:
            permits[patient, search.type] = verdict
    if refusals and not permits:
        raise await desk.refuse(refusals[0], now=search.now) if len(refusals) == 1 else await _refuse_all(refusals, search, desk)
    opened = await _opened_all([record for record in found.values() if not record.deleted], permits, search, desk)
    decision = await _note_each(search, opened, permits, refusals, desk)
    if not all(desk.still_holds(permit) for permit in permits.values()):
        raise FactsChangedError
    return Found(opened, decision)


async def _refuse_all(refusals: Sequence[Refusal], search: Search, desk: Desk) -> Exception:
    errors = [await desk.refuse(refusal, now=search.now) for refusal in refusals]
    about = Ask(search.actor, search.purpose, Action.SEARCH, search.type or "")
    await desk.note(access_facts(about, outcome=Outcome.REFUSED, status=errors[0].status, count=0), now=search.now)
    return errors[0]


async def _note_each(
    search: Search,
    opened: Sequence[OpenedRecord],
    permits: dict[tuple[PatientId | None, str | None], Permit],
    refusals: Sequence[Refusal],
    desk: Desk,
) -> str:
    """One note per patient disclosed or refused, and one for the request when that is none or several; that one comes last."""
    shown = {record.record.patient for record in opened}
    told = [permit for (patient, _type), permit in permits.items() if patient is not None and patient in shown]
    decisions = []
    for permit in told:
        mine = [one for one in opened if one.record.patient == permit.ask.patient]
        decisions.append(await desk.note(_facts(permit.ask, permit, mine, Outcome.ANSWERED), now=search.now))
    told_no = [access_facts(refusal.ask, outcome=Outcome.REFUSED, status=200, verdict=refusal) for refusal in refusals]
    decisions += [await desk.note(facts, now=search.now) for facts in told_no]
    if len(decisions) != 1:
        about = Ask(search.actor, search.purpose, Action.SEARCH, search.type or "")
        decisions.append(await desk.note(access_facts(about, outcome=Outcome.ANSWERED, status=200, count=len(opened)), now=search.now))
    return decisions[-1]


async def _opened_all(
    sealed: Sequence[SealedRecord], permits: dict[tuple[PatientId | None, str | None], Permit], search: Search, desk: Desk
) -> list[OpenedRecord]:
    """What the residual filter hides, and what cannot be opened, is left out."""
    shown = []
    for record in sealed:
        permit = permits.get((record.patient, search.type))
        if permit is None:
            continue
        try:
            opened = await desk.sealer.open(record, permit)
        except (KeyErasedError, UnreadableError):
            continue
        if not hides(permit.residual, opened.labels):
            shown.append(opened)
    return shown


def _facts(ask: Ask, verdict: Permit, opened: Sequence[OpenedRecord], outcome: Outcome) -> dict[str, object]:
    strongest = label_class(tuple(label for one in opened for label in one.labels))
    return access_facts(ask, outcome=outcome, status=200, verdict=verdict, count=len(opened), labels=strongest)
