"""Finds patients across charts by exact values; whoever may not see one that matches learns at most that there is a chart."""

import re
from collections.abc import Mapping, Sequence

import orjson

from services.records.decision import Refusal
from services.records.desk import Desk
from services.records.knowing.blind_index import IndexKey
from services.records.knowing.patient_keys import by_identifier, by_name_and_birth
from services.records.model import Ask, OpenedRecord, SealedRecord
from services.records.reading.search_chart import (
    MOST_PATIENTS,
    Found,
    Search,
    TooManyPatientsError,
    UnsupportedSearchError,
    decided,
    note_each,
    opened_all,
    refuse_all,
    require_unchanged,
)
from services.records.refusals import ABOUT_THE_CHART
from shared.clock import rfc3339
from shared.vocabulary import Action, PatientId

_OFFERED = ("identifier", "family", "birthdate")
_WHOLE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch
_SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


def wanted_patients(query: Mapping[str, str]) -> list[IndexKey]:
    """`identifier`, or `family` with `birthdate` (a whole date), or all three. Raises UnsupportedSearchError for anything else."""
    identifier, family, birth_date = (query.get(name) for name in _OFFERED)
    named = bool(family) and _WHOLE_DATE(birth_date or "") is not None
    if not set(query) <= set(_OFFERED) or not (identifier or named) or (bool(family) or bool(birth_date)) is not named:
        raise UnsupportedSearchError
    found = [by_identifier(identifier)] if identifier else []
    return [*found, by_name_and_birth(family, birth_date)] if family and birth_date else found


async def find_patients(search: Search, wanted: Sequence[IndexKey], *, desk: Desk) -> Found:
    """Those that match all of `wanted`. Where the site states its refusals, what is refused is shown as an id without a content.

    So somebody in an emergency finds the chart whose glass they may break. Each one shown or refused is noted in their own trail.

    Raises AccessRefusedError, TooManyPatientsError or FactsChangedError.
    """
    verdict, _facts = await desk.decide(Ask(search.actor, search.purpose, Action.SEARCH, "Patient"), now=search.now)
    if isinstance(verdict, Refusal):
        raise await desk.refuse(verdict, now=search.now)
    records = await desk.store.find_many([f"Patient/{patient}" for patient in await _matching(wanted, desk)])
    verdicts = await decided(search, [PatientId(record.ident) for record in records.values() if not record.deleted], desk)
    if any(refusal.reason not in ABOUT_THE_CHART for refusal in verdicts.refusals):
        raise await refuse_all(verdicts.refusals, search, desk)
    shown = await opened_all(list(records.values()), verdicts, desk)
    masked = [_masked(records[f"Patient/{refusal.ask.patient}"]) for refusal in verdicts.refusals] if desk.states_refusals else []
    decision = await note_each(search, shown, verdicts, desk, more=len(masked))
    require_unchanged(verdicts, desk)
    return Found([*shown, *masked], decision)


async def _matching(wanted: Sequence[IndexKey], desk: Desk) -> set[PatientId]:
    """Raises TooManyPatientsError: a value that so many share finds nobody."""
    found = [set(map(PatientId, (await desk.patients.find([key], most=MOST_PATIENTS + 1))[key])) for key in wanted]
    if any(len(some) > MOST_PATIENTS for some in found):
        raise TooManyPatientsError
    return set.intersection(*found)


def _masked(record: SealedRecord) -> OpenedRecord:
    """What the sealed row shows anyway, and no byte of what it holds."""
    meta = {"versionId": str(record.version), "lastUpdated": rfc3339(record.updated_at), "tag": [_SUBSETTED]}
    return OpenedRecord(record, (), orjson.dumps({"resourceType": "Patient", "id": record.ident, "meta": meta}))
