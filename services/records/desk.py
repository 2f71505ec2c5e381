"""The things that every story of `records` works with, and the facts they hold about a patient."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.records.decision import LIFTED_BY_EMERGENCY, Permit, Refusal, decide
from services.records.emergency.grants import Grants
from services.records.enforcing.enforcement import Enforcement
from services.records.knowing.affiliations import Affiliations
from services.records.knowing.blind_index import BlindIndex
from services.records.knowing.chart_headers import ChartHeaders
from services.records.knowing.identifiers import Identifiers
from services.records.knowing.standings import Standings
from services.records.model import Ask, Facts
from services.records.noting import ACCESS, access_facts
from services.records.record_store import RecordStore
from services.records.refusals import NOT_NOW, AccessRefusedError, DutiesLapsedError, GoneError, NotFoundError
from services.records.sealer import Sealer
from shared.directive import Directive
from shared.errors import AnticipatedError
from shared.mongo import Mongo, MongoError
from shared.notes import Notes
from shared.vocabulary import Outcome, Profession


@dataclass(frozen=True, slots=True)
class Desk:
    """Frozen; tests make one with their own things under the same names."""

    site: str
    mongo: Mongo
    store: RecordStore
    headers: ChartHeaders
    affiliations: Affiliations
    identifiers: Identifiers
    patients: BlindIndex
    grants: Grants
    standings: Standings
    enforcement: Enforcement
    sealer: Sealer
    notes: Notes
    care_lasts: timedelta
    states_refusals: bool
    training_url: str

    async def decide(self, ask: Ask, *, now: datetime) -> tuple[Permit | Refusal, Facts]:
        """A refusal that an emergency would lift is looked at once more with what the store knows: another replica may have opened one."""
        facts = await self.facts_about(ask, now=now)
        verdict = decide(ask, facts, now=now)
        if isinstance(verdict, Refusal) and await self._may_be_lifted(verdict, now):
            facts = await self.facts_about(ask, now=now)
            verdict = decide(ask, facts, now=now)
        return verdict, facts

    async def _may_be_lifted(self, refusal: Refusal, now: datetime) -> bool:
        actor, patient = refusal.ask.actor, refusal.ask.patient
        if refusal.reason not in LIFTED_BY_EMERGENCY or actor.profession is not Profession.CLINICIAN or patient is None:
            return False
        try:
            return await self.grants.find(actor.ident, patient, now) is not None
        except MongoError:  # the refusal stands, and is noted; what memory knows of emergencies was asked before
            return False

    async def facts_about(self, ask: Ask, *, now: datetime) -> Facts:
        """Of memory whenever it is there; None, or a patient without a chart here, gives facts without one.

        Directive and lease are read last and in one step: nothing is awaited between them and the decision.
        """
        patient, actor = ask.patient, ask.actor
        header = None if patient is None else self.headers.remembered(patient) or await self.headers.find(patient, now=now)
        grant = None if patient is None else self.grants.known(actor.ident, patient, now)
        standing, heard = self.standings.of(actor.ident), self.standings.heard()
        directive, in_force = (None, False) if patient is None else self.enforcement.look(patient)
        return Facts(self.site, header, self.affiliations.units, self.care_lasts, directive, in_force, standing, heard, grant)

    async def refuse(self, refusal: Refusal, *, now: datetime, resource: str | None = None) -> AnticipatedError:
        """AccessRefusedError, GoneError, NotFoundError, StaleViewError or StandingUnknownError, to be raised; its note is kept."""
        error = self.error_of(refusal)
        outcome = Outcome.GONE if isinstance(error, GoneError) else Outcome.REFUSED
        facts = access_facts(refusal.ask, outcome=outcome, status=error.status, verdict=refusal, resource=resource)
        await self.note(facts, now=now)
        error.noted = True
        return error

    def error_of(self, refusal: Refusal) -> AnticipatedError:
        """How a refusal looks from outside, by the site's policy."""
        if refusal.reason == "chart-erased":
            return GoneError()
        if refusal.reason in NOT_NOW:
            return NOT_NOW[refusal.reason]()
        if refusal.reason == "duties-lapsed":
            return DutiesLapsedError(refusal.duties, self.training_url)
        return AccessRefusedError(refusal.reason) if self.states_refusals else NotFoundError()

    async def note(self, facts: dict[str, object], *, now: datetime) -> str:
        """The id of the note, which is durable when this returns; it is the decision id of the answer."""
        record = self.notes.draw(ACCESS, facts, now=now)
        await self.notes.keep(record)
        return record.ident

    def still_holds(self, permit: Permit) -> bool:
        """Without a pause between this and the answer: no erasure, no newer directive, no lost lease since the decision."""
        patient = permit.ask.patient
        if patient is None:
            return True
        directive, in_force = self.enforcement.look(patient)
        if patient in self.headers.erased or (directive is not None and self.site in directive.erased):
            return False
        if permit.grounds.emergency is not None or permit.ask.actor.profession is Profession.INTEGRATION:
            return True
        return in_force and _number(directive) == _number(permit.directive)


def _number(directive: Directive | None) -> int:
    return 0 if directive is None else directive.number
