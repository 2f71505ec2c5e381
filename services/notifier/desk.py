"""The things that every story of `notifier` works with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notifier.cases.affected import AffectedPatients
from services.notifier.cases.case_store import CaseStore
from services.notifier.cases.clocks import ClockRule
from services.notifier.contacts import Contacts
from services.notifier.due_things import DueThings
from services.notifier.messages.message_sealer import MessageSealer
from services.notifier.messages.message_store import MessageStore
from services.notifier.requests.deadlines import RequestRule
from services.notifier.requests.model import RequestKind
from services.notifier.requests.request_sealer import RequestSealer
from services.notifier.requests.request_store import RequestStore
from services.notifier.reviews.review_store import ReviewStore
from shared.mongo import Database, Mongo
from shared.notes import Notes


@dataclass(frozen=True, slots=True)
class Desk:
    """Frozen; tests make one with their own things under the same names."""

    mongo: Mongo
    cases: CaseStore
    affected: AffectedPatients
    reviews: ReviewStore
    requests: RequestStore
    request_sealer: RequestSealer
    due: DueThings
    request_rules: Mapping[RequestKind, RequestRule]
    messages: MessageStore
    sealer: MessageSealer
    contacts: Contacts
    clock_rules: Sequence[ClockRule]
    notes: Notes
    portal: str
    database: Database

    def posted(self) -> None:
        """A transaction with messages and events has committed: whoever sends them need not wait for their next look."""
        self.messages.posted.set()
        self.notes.outbox.filled.set()
