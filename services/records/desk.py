"""The things that every story of `records` works with, and the facts they hold about a patient."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.records.decision import Permit, Refusal
from services.records.knowing.affiliations import Affiliations
from services.records.knowing.chart_headers import ChartHeaders
from services.records.knowing.identifiers import Identifiers
from services.records.model import Facts
from services.records.noting import ACCESS, access_facts
from services.records.record_store import RecordStore
from services.records.refusals import AccessRefusedError, GoneError, NotFoundError
from services.records.sealer import Sealer
from shared.mongo import Mongo
from shared.notes import Notes
from shared.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class Desk:
    """Frozen; tests make one with their own things under the same names."""

    site: str
    mongo: Mongo
    store: RecordStore
    headers: ChartHeaders
    affiliations: Affiliations
    identifiers: Identifiers
    sealer: Sealer
    notes: Notes
    care_lasts: timedelta
    states_refusals: bool

    async def facts_about(self, patient: str | None, *, now: datetime) -> Facts:
        """Of memory whenever it is there; None, or a patient without a chart here, gives facts without one."""
        header = None if patient is None else self.headers.remembered(patient) or await self.headers.find(patient, now=now)
        return Facts(self.site, header, self.affiliations.units, self.care_lasts)

    async def refuse(
        self, refusal: Refusal, *, now: datetime, resource: str | None = None
    ) -> AccessRefusedError | GoneError | NotFoundError:
        """The error to raise, once its note is kept."""
        error = self.error_of(refusal)
        outcome = Outcome.GONE if isinstance(error, GoneError) else Outcome.REFUSED
        facts = access_facts(refusal.ask, outcome=outcome, status=error.status, verdict=refusal, resource=resource)
        await self.note(facts, now=now)
        error.noted = True
        return error

    def error_of(self, refusal: Refusal) -> AccessRefusedError | GoneError | NotFoundError:
        """How a refusal looks from outside, by the site's policy."""
        if refusal.reason == "chart-erased":
            return GoneError()
        return AccessRefusedError(refusal.reason) if self.states_refusals else NotFoundError()

    async def note(self, facts: dict[str, object], *, now: datetime) -> str:
        """The id of the note, which is durable when this returns; it is the decision id of the answer."""
        record = self.notes.draw(ACCESS, facts, now=now)
        await self.notes.keep(record)
        return record.ident

    def still_holds(self, permit: Permit) -> bool:
        """Without a pause between this and the answer: the chart was not erased since the decision."""
        return permit.ask.patient is None or permit.ask.patient not in self.headers.erased
