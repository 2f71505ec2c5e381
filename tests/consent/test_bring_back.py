"""When a restored store is brought up to date, and what it waits for before anybody decides by it."""

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from services.consent.change_directive import Intent, change_directive
from services.consent.desk import Asked
from services.consent.enforcing.fence import FenceState, Member
from services.consent.refusals import StoreBehindError
from services.consent.restoring.bring_back import BroughtBack, bring_back
from services.consent.restoring.published import Place, Published
from shared.directive import Directive, packed
from shared.elapsed import read_clocks
from shared.enforcement import MARGIN
from shared.identity import Actor
from shared.vocabulary import Action, PatientId, Profession

LEASE = 0.2
PATIENT = PatientId("00000000-0000-4000-8000-000000000001")


@dataclass
class PlayedFence:
    held: FenceState = field(default_factory=lambda: FenceState(1, 5, {"a" * 32: Member(3, 5)}))
    kept: list[int] = field(default_factory=list)
    began_at: float = 0.0

    async def state(self) -> FenceState:
        return self.held

    async def unnumbered(self, work: Any) -> None:
        await work(None)

    async def keep_published(self, directive: Directive, value: bytes, *, session: Any) -> bool:
        assert value == packed(directive)
        assert session is None
        self.kept.append(directive.number)
        return True

    async def begin_epoch(self, *, ended: int, head: int) -> FenceState:
        self.began_at = time.monotonic()
        self.held = replace(self.held, epoch=ended + 1, head=head, behind=0)
        return self.held

    async def change(self, work: Any) -> Any:
        self.held = replace(self.held, head=self.held.head + 1)
        return await work(self.held, None)


class PlayedTopic:
    def __init__(self, *places: Place) -> None:
        self.places = places

    async def newest(self) -> Place:
        return max(self.places, default=(0, 0))

    async def above(self, place: Place) -> list[Published]:
        found = [Directive(PATIENT, number, epoch) for epoch, number in self.places if (epoch, number) > place]
        return [Published(one, packed(one), datetime(2026, 3, 1, tzinfo=UTC)) for one in found]


@dataclass
class PlayedOutbox:
    rows: list[tuple[str, bytes]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    async def of_topic(self, topic: str) -> list[tuple[str, bytes]]:
        assert topic == "consent.directive"
        return self.rows

    async def remove(self, idents: list[str]) -> None:
        self.removed += idents


class PlayedStore:
    async def of_patient(self, *_known: Any, session: Any) -> list[Any]:
        assert session is None
        return []


class PlayedSealer:
    async def make_keys(self, patient: str) -> str:
        return patient


@pytest.fixture
def desk() -> Any:
    notes = SimpleNamespace(outbox=PlayedOutbox())
    return SimpleNamespace(fence=PlayedFence(), store=PlayedStore(), sealer=PlayedSealer(), notes=notes, lease=LEASE, clocks=read_clocks)


class TestBringBack:
    @pytest.mark.parametrize("places", [(), ((1, 5),), ((1, 4), (1, 5))])
    async def test_does_nothing_for_a_store_that_has_everything(self, desk: Any, places: tuple[Place, ...]) -> None:
        assert await bring_back(desk=desk, published=PlayedTopic(*places)) is None
        assert desk.fence.began_at == 0.0

    async def test_keeps_what_was_published_since_and_begins_the_next_epoch_from_there(self, desk: Any) -> None:
        brought = await bring_back(desk=desk, published=PlayedTopic((1, 4), (1, 6), (1, 9)))

        assert brought == BroughtBack(directives=2, epoch=2)
        assert desk.fence.kept == [6, 9]
        assert desk.fence.held.head == 9

    async def test_follows_a_topic_that_is_of_a_later_epoch(self, desk: Any) -> None:
        brought = await bring_back(desk=desk, published=PlayedTopic((3, 2)))

        assert brought == BroughtBack(directives=1, epoch=4)
        assert desk.fence.held.head == 5

    async def test_waits_for_the_leases_that_the_store_has_forgotten(self, desk: Any) -> None:
        begun = time.monotonic()
        await bring_back(desk=desk, published=PlayedTopic((1, 6)))

        assert desk.fence.began_at - begun >= LEASE + MARGIN

    async def test_is_called_for_by_a_replica_that_stated_more(self, desk: Any) -> None:
        """Its change went by lease and never reached Kafka: the number is not drawn a second time."""
        desk.fence.held = replace(desk.fence.held, behind=8)

        assert await bring_back(desk=desk, published=PlayedTopic((1, 5))) == BroughtBack(directives=0, epoch=2)
        assert desk.fence.held.head == 8

    async def test_does_not_publish_again_what_is_older_than_the_newest(self, desk: Any) -> None:
        old, new = packed(Directive(PATIENT, 5, 1)), packed(Directive(PATIENT, 10, 1))
        desk.notes.outbox.rows = [("old", old), ("new", new)]

        await bring_back(desk=desk, published=PlayedTopic((1, 6)))

        assert desk.notes.outbox.removed == ["old"]


class TestChangeDirective:
    @pytest.mark.parametrize("behind", [6, 9])
    async def test_draws_no_number_that_was_given_out_before_the_restore(self, desk: Any, behind: int) -> None:
        desk.fence.held = replace(desk.fence.held, behind=behind)
        kept: list[str] = []

        async def keep(note: str) -> None:
            kept.append(note)

        desk.notes = SimpleNamespace(draw=lambda *_a, **_k: "drawn", redraw=lambda *_a, **_k: "redrawn", keep=keep)
        desk.store.find_change = nothing
        actor = Actor("officer", "", Profession.PRIVACY_OFFICER, "nord", "", frozenset({"RECORDMGT"}), "", None, "", "", 0.0)
        asked = Asked(actor, "RECORDMGT", datetime(2026, 3, 1, tzinfo=UTC))

        with pytest.raises(StoreBehindError):
            await change_directive(asked, Intent("i", "d", PATIENT, "s", Action.UPDATE, {}, unreached, repeatable=False), None, desk=desk)

        assert kept == ["redrawn"]


async def nothing(_ident: str) -> None:
    return None


async def unreached(_session: Any) -> None:
    raise AssertionError("nothing is written under such a number")
