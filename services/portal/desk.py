"""The things that every story of `portal` works with."""

from dataclasses import dataclass

from services.portal.begun_sign_ins import BegunSignIns
from services.portal.group import Group
from services.portal.ledger_activity import LedgerActivity
from services.portal.places import Places
from services.portal.provider import Provider
from services.portal.sessions import Sessions
from services.portal.streams import Streams
from services.portal.traces.collected import CollectedTraces
from services.portal.workstations import Workstations
from shared.identity import Identities
from shared.notes import Notes
from shared.parked import ParkedMessages


@dataclass(frozen=True, slots=True)
class Desk:
    """Frozen; tests make one with their own things under the same names."""

    client_id: str
    provider: Provider
    identities: Identities
    begun_sign_ins: BegunSignIns
    sessions: Sessions
    workstations: Workstations
    activity: LedgerActivity
    group: Group
    places: Places
    streams: Streams
    traces: CollectedTraces
    parked: ParkedMessages
    notes: Notes
