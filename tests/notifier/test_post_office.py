"""Proves that a mail is never lost, never sent by two at once, and keeps its Message-ID however often it is tried."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.notifier.cases.open_case import open_case
from services.notifier.messages.abandoned import StandingStill
from services.notifier.messages.delivery import LONGEST_PAUSE, Ending
from services.notifier.messages.message_store import MessageStore
from services.notifier.messages.model import Claimed, Mail
from shared.background import end_tasks
from shared.clock import utc_now
from tests.audit.ledger_desk import eventually
from tests.notifier.hostile_server import DROP, HANG, HostileServer
from tests.notifier.notifier_desk import HOUR, NOW, ODILE, Crash, NotifierDesk, a_suspicion, rested


def a_mail(number: int = 0, *, to: str = ODILE, template: str = "case-dismissed") -> Mail:
    return Mail(f"case-{number}", to, template, {"reference": f"case-{number}", "link": "http://portal.example/cases/x"}, NOW)


async def posted(desk: NotifierDesk, *mails: Mail) -> None:
    await desk.things.mongo.transact(lambda session: desk.things.messages.add(mails, session=session))


async def the_row(desk: NotifierDesk) -> dict[str, Any]:
    [row] = await desk.mails()
    return row


async def history(desk: NotifierDesk) -> list[str]:
    return [entry["state"] for entry in (await the_row(desk))["history"]]


@dataclass
class PlayedCourier:
    """Kills its process before or after the letter has left, or says how it ended."""

    endings: list[Ending | type[BaseException]] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)

    async def hand_over(self, letter: bytes, *, to: str) -> Ending:  # noqa: ARG002 - the real one's signature
        self.letters.append(letter)
        ending = self.endings.pop(0) if self.endings else Ending.TAKEN
        if isinstance(ending, type):
            raise ending
        return ending


class DyingStore(MessageStore):
    """Ends the process when it should write down how a try ended."""

    async def settle(self, mail: Claimed, ending: Ending, *, now: Any) -> None:  # noqa: ARG002 - the real one's signature
        raise Crash


class TestSendNext:
    async def test_sends_what_waits_and_writes_it_down(self, desk: NotifierDesk, mail_server: HostileServer) -> None:
        await posted(desk, a_mail())
        office = desk.post_office(mail_server.port)

        assert await office.send_next()
        assert not await office.send_next()

        assert await history(desk) == ["waiting", "sending", "sent"]
        assert mail_server.message_ids == [(await the_row(desk))["message_id"]]

    async def test_sends_again_under_the_same_name_what_nobody_knows_about(self, desk: NotifierDesk, mail_server: HostileServer) -> None:
        """The server keeps the letter and breaks off before it says so."""
        await posted(desk, a_mail())
        mail_server.once = {"letter": [DROP]}
        office = desk.post_office(mail_server.port)

        await office.send_next()
        assert (await the_row(desk))["state"] == "unknown"
        await rested(desk)
        await office.send_next()

        assert await history(desk) == ["waiting", "sending", "unknown", "sending", "sent"]
        first, second = mail_server.taken
        assert first == second
        assert len(set(mail_server.message_ids)) == 1

    async def test_waits_longer_each_time_while_the_server_is_busy(self, desk: NotifierDesk, mail_server: HostileServer) -> None:
        await posted(desk, a_mail())
        mail_server.replies = {"RCPT": "451 later"}
        office = desk.post_office(mail_server.port)

        pauses = []
        for _ in range(3):
            assert await office.send_next()
            assert not await office.send_next()
            row = await the_row(desk)
            pauses.append((row["next_at"] - utc_now()).total_seconds())
            await rested(desk)

        assert [round(pause / 15) for pause in pauses] == [1, 2, 4]
        assert await history(desk) == ["waiting", *["sending", "waiting"] * 3]

    async def test_tries_no_more_what_is_refused_and_shows_it(self, desk: NotifierDesk, mail_server: HostileServer) -> None:
        await posted(desk, a_mail())
        mail_server.replies = {"RCPT": "550 nobody"}
        office = desk.post_office(mail_server.port)

        await office.send_next()
        await rested(desk)

        assert not await office.send_next()
        assert (await the_row(desk))["state"] == "refused"

    @pytest.mark.parametrize("mail", [a_mail(to="gone"), a_mail(template="none")], ids=["no address", "no words"])
    async def test_refuses_what_cannot_be_set(self, desk: NotifierDesk, mail: Mail) -> None:
        await posted(desk, mail)

        assert await desk.post_office(1).send_next()

        assert (await the_row(desk))["state"] == "refused"

    async def test_goes_on_when_a_clock_was_set_back(self, desk: NotifierDesk, mail_server: HostileServer) -> None:
        await posted(desk, a_mail())
        await desk.database.messages.update_one({}, {"$set": {"next_at": utc_now() + LONGEST_PAUSE + HOUR}})

        assert await desk.post_office(mail_server.port).send_next()

        assert (await the_row(desk))["state"] == "sent"


class TestKilled:
    @pytest.mark.parametrize("step", ["before the letter left", "before the end was written down"])
    async def test_leaves_a_mail_to_the_next_process_which_doubts_it_first(self, desk: NotifierDesk, step: str) -> None:
        await posted(desk, a_mail())
        courier = PlayedCourier([Crash] if step.startswith("before the letter") else [])
        killed = desk.post_office_with(courier)
        if step == "before the end was written down":
            killed._messages = DyingStore(desk.database, sender=desk.settings.mail_from)
        with pytest.raises(Crash):
            await killed.send_next()

        following = desk.post_office_with(courier, lease=0.2)
        await following.doubt_abandoned()
        assert not await following.send_next(), "the lease is not over"
        await asyncio.sleep(0.3)
        await following.doubt_abandoned()
        assert await following.send_next()

        assert await history(desk) == ["waiting", "sending", "unknown", "sending", "sent"]
        assert len(set(courier.letters)) == 1

    async def test_loses_nothing_when_it_was_killed_right_after_the_claim(self, desk: NotifierDesk, mail_server: HostileServer) -> None:
        await posted(desk, a_mail())
        assert await desk.things.messages.claim(utc_now()) is not None

        office = desk.post_office(mail_server.port, lease=0.1)
        await office.doubt_abandoned()
        await asyncio.sleep(0.2)
        await office.doubt_abandoned()

        assert await office.send_next()
        assert len(mail_server.taken) == 1

    async def test_is_believed_when_it_only_slept_and_tells_late(self, desk: NotifierDesk) -> None:
        await posted(desk, a_mail())
        slept = await desk.things.messages.claim(utc_now())
        assert slept is not None
        assert await desk.things.messages.doubt(slept.ident, slept.claim, now=utc_now())

        await desk.things.messages.settle(slept, Ending.TAKEN, now=utc_now())

        assert await history(desk) == ["waiting", "sending", "unknown", "sent"]

    @pytest.mark.parametrize("ending", Ending)
    async def test_changes_nothing_once_another_try_has_begun(self, desk: NotifierDesk, ending: Ending) -> None:
        await posted(desk, a_mail())
        slept = await desk.things.messages.claim(utc_now())
        assert slept is not None
        await desk.things.messages.doubt(slept.ident, slept.claim, now=utc_now())
        assert await desk.things.messages.claim(utc_now()) is not None

        await desk.things.messages.settle(slept, ending, now=utc_now())

        assert (await the_row(desk))["state"] == "sending"


class TestSeveralProcesses:
    async def test_send_each_mail_once(self, desk: NotifierDesk, mail_server: HostileServer) -> None:
        await posted(desk, *(a_mail(number) for number in range(40)))
        offices = [desk.post_office(mail_server.port) for _ in range(4)]

        async def work(office: Any) -> None:
            while await office.send_next():
                await office.doubt_abandoned()

        await asyncio.gather(*map(work, offices))

        assert set(Counter(mail_server.message_ids).values()) == {1}
        assert len(mail_server.taken) == 40
        assert await desk.database.messages.count_documents({"state": "sent"}) == 40
        assert mail_server.connections == 4

    async def test_hold_up_nothing_but_mails_when_the_server_is_slow(self, desk: NotifierDesk, mail_server: HostileServer) -> None:
        await posted(desk, a_mail())
        mail_server.replies = {"RCPT": HANG}
        sending = asyncio.create_task(desk.post_office(mail_server.port, patience=20).run())
        await mail_server.hanging.wait()

        began = time.monotonic()
        for number in range(5):
            await open_case(a_suspicion(f"s{number}"), now=NOW, desk=desk.things)
        took = time.monotonic() - began
        await end_tasks([sending])

        assert took < 5
        assert len(await desk.stated()) == 5

    async def test_wake_up_for_a_new_mail(self, desk: NotifierDesk, mail_server: HostileServer) -> None:
        running = asyncio.create_task(desk.post_office(mail_server.port).run())
        await asyncio.sleep(0.1)

        await open_case(a_suspicion(), now=NOW, desk=desk.things)
        await eventually(lambda: _sent(mail_server, 2), within=1.5)
        await end_tasks([running])


async def _sent(server: HostileServer, count: int) -> bool:
    return len(server.taken) == count


class TestStandingStill:
    def test_counts_from_when_it_first_saw_a_claim(self) -> None:
        claims = StandingStill(HOUR / 60)

        assert claims.abandoned(["a"], now=1000.0) == []
        assert claims.abandoned(["a", "b"], now=1060.0) == []
        assert claims.abandoned(["a", "b"], now=1060.1) == ["a"]

    def test_forgets_what_ended(self) -> None:
        claims = StandingStill(HOUR / 60)
        claims.abandoned(["a"], now=0.0)
        claims.abandoned([], now=10.0)

        assert claims.abandoned(["a"], now=100.0) == []
