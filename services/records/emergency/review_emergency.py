"""Shows an officer why somebody broke the glass: decided, opened under the patient's key, noted before it is answered."""

from dataclasses import dataclass, field

from services.records.decision import Permit, Refusal
from services.records.desk import Desk
from services.records.emergency.grants import SEALED_AS, Emergency
from services.records.model import WHOLE_CHART, Ask, Asked, SealedRecord
from services.records.noting import access_facts
from services.records.refusals import FactsChangedError, GoneError, NotFoundError, UnreadableRecordError
from shared.keyring import KeyErasedError
from shared.sealing import UnreadableError
from shared.vocabulary import Action, Outcome, PatientId, is_ours


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the reviewer sees; `decision` is the id of the durable note."""

    emergency: Emergency
    decision: str
    reason: str = field(repr=False)


async def review_emergency(asked: Asked, patient: str, grant: str, *, desk: Desk) -> Reviewed:
    """The door notes what the errors say.

    Raises AccessRefusedError, GoneError, NotFoundError, UnreadableRecordError, FactsChangedError or KeysUnavailableError.
    """
    ask = Ask(asked.actor, asked.purpose, Action.REVIEW, WHOLE_CHART, PatientId(patient) if is_ours(patient) else None)
    verdict, facts = await desk.decide(ask, now=asked.now)
    if isinstance(verdict, Refusal):
        raise await desk.refuse(verdict, now=asked.now)
    kept = None if facts.chart is None else await desk.grants.with_reason(patient, grant)
    if kept is None:
        raise NotFoundError
    emergency, sealed = kept
    reason = await _opened(emergency, sealed, verdict, desk)
    told = access_facts(ask, outcome=Outcome.ANSWERED, status=200, verdict=verdict, step="reviewed", emergency=emergency.grant.ident)
    decision = await desk.note(told, now=asked.now)
    if not desk.still_holds(verdict):
        raise FactsChangedError
    return Reviewed(emergency, decision, reason)


async def _opened(emergency: Emergency, sealed: bytes, permit: Permit, desk: Desk) -> str:
    grant = emergency.grant
    record = SealedRecord(SEALED_AS, grant.ident, grant.patient, 1, grant.opened_at, sealed)
    try:
        return (await desk.sealer.open(record, permit)).body.decode()
    except KeyErasedError:
        raise GoneError from None
    except UnreadableError:
        raise UnreadableRecordError from None
