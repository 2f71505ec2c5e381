"""What one incarnation knows of all directives, up to which number without a gap, and whether it may decide: pure, fed by stories."""

from enum import StrEnum

from services.records.enforcing.directive_table import DirectiveTable, key_of
from services.records.enforcing.lease import Lease
from shared.directive import Directive, UnreadableDirectiveError, unpacked
from shared.elapsed import Reading
from shared.enforcement import LeaseTerms


class Heard(StrEnum):
    """What a directive that arrived calls for."""

    APPLIED = "applied"
    ASK = "ask"
    """Something is missing or unreadable: only a new lease can tell."""


class View:
    """One incarnation's. It never takes back what it stated, and decides nothing after it left.

    Numbers compare within one epoch only; whoever learns of a later one leaves, and begins anew as another incarnation.
    """

    def __init__(self, incarnation: str) -> None:
        self.incarnation = incarnation
        self.epoch: int | None = None
        self.number = 0
        self.left = False
        self.table = DirectiveTable()
        self.lease = Lease()
        self._above: set[int] = set()
        self._blocked: dict[bytes, int] = {}
        self._asked = 0
        self._garbled_at: int | None = None

    def may_decide(self, patient: str, now: Reading) -> bool:
        """To be looked at in one step with `directive_of`, after all other facts."""
        if self.left or self._garbled_at is not None or (self._blocked and key_of(patient) in self._blocked):
            return False
        return self.lease.left(now) > 0

    def directive_of(self, patient: str) -> Directive | None:
        return None if self.epoch is None else self.table.find(patient, epoch=self.epoch)

    def hear(self, value: bytes | None) -> Heard:
        """A directive from Kafka, in whatever order, as often as it comes."""
        try:
            directive = unpacked(value, sourced=False)
        except UnreadableDirectiveError as error:
            self._block(error)
            if error.number is not None:
                self._count(error.number)
            return Heard.ASK
        if self.epoch is None or directive.epoch != self.epoch:
            return self._of_another_epoch(directive)
        self._put(directive)
        self._count(directive.number)
        return Heard.ASK if self._above else Heard.APPLIED

    @property
    def has_gap(self) -> bool:
        return bool(self._above)

    def ask(self) -> int:
        """Before a lease is asked for; the answer's `install` is given it back."""
        self._asked += 1
        return self._asked

    def begin_install(self, terms: LeaseTerms) -> bool:
        """Whether the rows of this answer may be installed; not those of another epoch, nor by somebody who left."""
        if self.epoch is None:
            self.epoch = terms.epoch
        if self.epoch != terms.epoch:
            self.leave()
        return not self.left

    def install(self, value: bytes) -> None:
        """One row of a lease's answer; its number may be above the answer's head, and is not counted. It may be of an epoch that ended."""
        try:
            directive = unpacked(value, sourced=False)
        except UnreadableDirectiveError as error:
            self._block(error)
            return
        if self.epoch is not None and directive.epoch <= self.epoch:
            self._put(directive)

    def installed(self, terms: LeaseTerms, *, asked: int, sent: Reading) -> None:
        """After the last row. The number becomes the head that was promised, never the highest seen; then the lease begins."""
        if self.left:
            return
        if self._garbled_at is not None and self._garbled_at < asked:
            self._garbled_at = None
        self.number = max(self.number, terms.head)
        self._close_gap()
        self.lease.extend(sent, terms.seconds)

    def leave(self) -> None:
        """For ever: nothing is decided by this view afterwards."""
        self.left = True
        self.lease.drop()

    def _put(self, directive: Directive) -> None:
        key = key_of(directive.patient)
        if directive.number > max(self.table.number_of(directive.patient), self._blocked.get(key, 0)):
            self.table.put(directive)
            self._blocked.pop(key, None)

    def _block(self, error: UnreadableDirectiveError) -> None:
        """The patient's ordinary accesses; all of them when not even the patient or the number can be read."""
        if error.patient is None or error.number is None:
            self._garbled_at = self._asked
            return
        held = max(self.table.number_of(error.patient), self._blocked.get(key_of(error.patient), 0))
        if error.number > held:
            self._blocked[key_of(error.patient)] = error.number

    def _of_another_epoch(self, directive: Directive) -> Heard:
        if self.epoch is not None and directive.epoch > self.epoch:
            self.leave()
        return Heard.ASK

    def _count(self, number: int) -> None:
        if number > self.number:
            self._above.add(number)
            self._close_gap()

    def _close_gap(self) -> None:
        self._above = {number for number in self._above if number > self.number}
        while self.number + 1 in self._above:
            self.number += 1
            self._above.discard(self.number)
