"""Lists the erasures that wait for their second officer; each names its patient, so each patient has a note."""

from collections.abc import Sequence

from services.records.decision import Refusal
from services.records.desk import Desk
from services.records.erasing.erase_chart import Eraser
from services.records.erasing.erasures import Erasure
from services.records.model import WHOLE_CHART, Ask, Asked
from services.records.noting import access_facts
from shared.vocabulary import Action, Outcome, PatientId

MOST = 100


async def list_erasures(asked: Asked, *, eraser: Eraser, desk: Desk) -> tuple[Sequence[Erasure], str]:
    """The oldest first, a hundred at most, with the id of the request's own note. Raises AccessRefusedError."""
    ask = Ask(asked.actor, asked.purpose, Action.ERASE, WHOLE_CHART)
    verdict, _facts = await desk.decide(ask, now=asked.now)
    if isinstance(verdict, Refusal):
        raise await desk.refuse(verdict, now=asked.now)
    found = await eraser.erasures.proposed(most=MOST)
    patients = list(dict.fromkeys(PatientId(erasure.patient) for erasure in found))
    told: list[PatientId | None] = [patients[0]] if len(patients) == 1 else [*patients, None]
    decision = ""
    for patient in told:
        about = Ask(ask.actor, ask.purpose, ask.action, ask.type, patient)
        facts = access_facts(about, outcome=Outcome.ANSWERED, status=200, verdict=verdict, count=len(found), step="listed")
        decision = await desk.note(facts, now=asked.now)
    return found, decision
