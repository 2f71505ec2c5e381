"""Searches inside one chart, or by ids, and gives a whole chart: everything runs inside the permitted set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from services.records.decision import Permit, Refusal, hides
from services.records.desk import Desk
from services.records.model import WHOLE_CHART, Ask, ChartHeader, OpenedRecord, SealedRecord
from services.records.noting import access_facts, label_class
from services.records.refusals import ABOUT_THE_CHART, FactsChangedError, NotFoundError
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
        "Search by `patient` or `_id` is offered, and for Patient by `identifier`, or by `family` with a whole `birthdate`, "
        "with `_count` and `_after`. Leave the other parameters out.",
        "La recherche se fait par `patient` ou `_id`, et pour Patient par `identifier`, ou par `family` avec un `birthdate` complet, "
        "avec `_count` et `_after`. Omettez les autres paramètres.",
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
class Part:
    """Some types of a chart (None for all), `count` resources at most: those that follow the one at the address `after`."""

    types: Sequence[str] | None
    count: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What may be shown, newest first; every note is durable. `decision` is the id of the first.

    Of a part, `following` is where the next begins, None after the last; how many there are in all was then not counted.
    """

    records: Sequence[OpenedRecord] = field(repr=False)
    decision: str
    counted: bool = True
    following: str | None = None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was decided about each patient that a search touches; the key None stands for what is no patient's."""

    permits: Mapping[PatientId | None, Permit]
    refusals: Sequence[Refusal]


async def search_by_patient(search: Search, patient: str, *, desk: Desk, part: Part | None = None) -> Found:
    """All of one type in one chart, or the whole chart ($everything), or a part of that, which opens no more than it shows.

    Raises AccessRefusedError, NotFoundError, GoneError or FactsChangedError.
    """
    known = PatientId(patient) if is_ours(patient) else None
    ask = Ask(search.actor, search.purpose, Action.SEARCH, search.type or WHOLE_CHART, known)
    verdict, facts = await desk.decide(ask, now=search.now)
    if isinstance(verdict, Refusal):
        if _looks_unknown(verdict, desk):
            status = 200 if search.type else NotFoundError.status
            return _nothing(
                search, await desk.note(access_facts(ask, outcome=Outcome.REFUSED, status=status, verdict=verdict), now=search.now)
            )
        raise await desk.refuse(verdict, now=search.now)
    opened: list[OpenedRecord] = []
    following = None
    if facts.chart is not None and known is not None:
        opened, following = await _of_chart(facts.chart, search, part, Verdicts({known: verdict}, ()), desk)
    outcome = Outcome.ANSWERED if facts.chart is not None else Outcome.NOT_FOUND
    about = Ask(ask.actor, ask.purpose, ask.action, search.type or WHOLE_CHART, None if facts.chart is None else known)
    told = _facts(about, verdict, opened, outcome) | ({"status": 404} if facts.chart is None and search.type is None else {})
    decision = await desk.note(told, now=search.now)
    if facts.chart is None:
        return _nothing(search, decision)
    if not desk.still_holds(verdict):
        raise FactsChangedError
    return Found(opened, decision, part is None, following)


def _nothing(search: Search, decision: str) -> Found:
    """No such chart, or none that the asker may know of: a search finds nothing, the chart itself is not there."""
    if search.type is None:
        raise NotFoundError
    return Found([], decision)


async def _of_chart(
    chart: ChartHeader, search: Search, part: Part | None, verdicts: Verdicts, desk: Desk
) -> tuple[list[OpenedRecord], str | None]:
    """Of a part no more is opened than it needs to know whether another follows; what is hidden leaves no gap in it."""
    if part is None:
        sealed = await desk.store.of_owner(chart.patient, types=None if search.type is None else [search.type])
        return await opened_all(sealed, verdicts, desk), None
    shown: list[OpenedRecord] = []
    types = chart.types if part.types is None else chart.types.intersection(part.types)
    async for record in desk.store.newest_of(chart.patient, types=types, written=chart.written, after=part.after):
        shown += await opened_all([record], verdicts, desk)
        if len(shown) > part.count:
            return shown[:-1], shown[-2].record.address
    return shown, None


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
    verdicts = await decided(search, patients or [None], desk)
    if verdicts.refusals and not verdicts.permits and not all(_looks_unknown(refusal, desk) for refusal in verdicts.refusals):
        raise await refuse_all(verdicts.refusals, search, desk)
    opened = await opened_all(list(found.values()), verdicts, desk)
    decision = await note_each(search, opened, verdicts, desk)
    require_unchanged(verdicts, desk)
    return Found(opened, decision)


def _looks_unknown(refusal: Refusal, desk: Desk) -> bool:
    """Where a site hides its refusals, a chart that is shut is answered as one that does not exist."""
    return refusal.reason in ABOUT_THE_CHART and not desk.states_refusals


async def decided(search: Search, patients: Sequence[PatientId | None], desk: Desk) -> Verdicts:
    """One verdict per patient."""
    permits: dict[PatientId | None, Permit] = {}
    refusals: list[Refusal] = []
    for patient in patients:
        verdict, _facts = await desk.decide(Ask(search.actor, search.purpose, Action.SEARCH, search.type or "", patient), now=search.now)
        if isinstance(verdict, Refusal):
            refusals.append(verdict)
        else:
            permits[patient] = verdict
    return Verdicts(permits, refusals)


async def refuse_all(refusals: Sequence[Refusal], search: Search, desk: Desk) -> Exception:
    """The first refusal, to be raised; each is noted for its patient, and the request when they are several."""
    errors = [await desk.refuse(refusal, now=search.now) for refusal in refusals]
    if len(errors) > 1:
        about = Ask(search.actor, search.purpose, Action.SEARCH, search.type or "")
        await desk.note(access_facts(about, outcome=Outcome.REFUSED, status=errors[0].status, count=0), now=search.now)
    return errors[0]


async def note_each(search: Search, opened: Sequence[OpenedRecord], verdicts: Verdicts, desk: Desk, *, more: int = 0) -> str:
    """One note per patient disclosed or refused, and one for the request when that is none or several; that one comes last.

    `more` counts what is answered without having been opened.
    """
    shown = {record.record.patient for record in opened}
    told = [permit for patient, permit in verdicts.permits.items() if patient is not None and patient in shown]
    decisions = []
    for permit in told:
        mine = [one for one in opened if one.record.patient == permit.ask.patient]
        decisions.append(await desk.note(_facts(permit.ask, permit, mine, Outcome.ANSWERED), now=search.now))
    told_no = [access_facts(refusal.ask, outcome=Outcome.REFUSED, status=200, verdict=refusal) for refusal in verdicts.refusals]
    decisions += [await desk.note(facts, now=search.now) for facts in told_no]
    if len(decisions) != 1:
        about = Ask(search.actor, search.purpose, Action.SEARCH, search.type or "")
        decisions.append(
            await desk.note(access_facts(about, outcome=Outcome.ANSWERED, status=200, count=len(opened) + more), now=search.now)
        )
    return decisions[-1]


def require_unchanged(verdicts: Verdicts, desk: Desk) -> None:
    """In one step with the answer. Raises FactsChangedError."""
    if not all(map(desk.still_holds, verdicts.permits.values())):
        raise FactsChangedError


async def opened_all(sealed: Sequence[SealedRecord], verdicts: Verdicts, desk: Desk) -> list[OpenedRecord]:
    """What is deleted, what the residual filter hides, and what cannot be opened, is left out."""
    shown = []
    for record in sealed:
        permit = verdicts.permits.get(record.patient)
        if permit is None or record.deleted:
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
