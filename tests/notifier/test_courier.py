"""Proves that the courier tells apart, of any mail server, what was taken, not taken, refused, and what nobody can know."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.notifier.messages.courier import Courier, MailServer
from services.notifier.messages.delivery import Ending
from tests.notifier.hostile_server import DROP, HANG, HostileServer, hostile_server

LETTER = b"From: s@x\r\nTo: o@x\r\nMessage-ID: <m@x>\r\n\r\n.a dot\r\n"


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with hostile_server() as opened:
        yield opened


def a_courier(port: int, *, patience: float = 0.3, longest: float = 2.0) -> Courier:
    server = MailServer("127.0.0.1", port, "serment@demo.invalid", timedelta(seconds=patience))
    return Courier(server, longest_try=timedelta(seconds=longest))


class TestHandOver:
    async def test_delivers_over_one_kept_connection(self, server: HostileServer) -> None:
        courier = a_courier(server.port)

        endings = [await courier.hand_over(LETTER, to="o@x") for _ in range(5)]
        courier.close()

        assert endings == [Ending.TAKEN] * 5
        assert server.connections == 1
        assert server.taken == [LETTER.replace(b"\r\n.a", b"\r\n..a")] * 5

    @pytest.mark.parametrize(
        ("verb", "reply", "ending"),
        [
            ("greeting", "421 busy", Ending.NOT_YET),
            ("greeting", "554 no service", Ending.NOT_YET),
            ("greeting", DROP, Ending.NOT_YET),
            ("greeting", HANG, Ending.NOT_YET),
            ("greeting", "gibberish", Ending.NOT_YET),
            ("EHLO", DROP, Ending.NOT_YET),
            ("MAIL", "451 later", Ending.NOT_YET),
            ("MAIL", "550 not you", Ending.REFUSED),
            ("MAIL", "530 say STARTTLS first", Ending.NOT_YET),
            ("MAIL", DROP, Ending.NOT_YET),
            ("MAIL", HANG, Ending.NOT_YET),
            ("RCPT", "450 grey", Ending.NOT_YET),
            ("RCPT", "550 nobody", Ending.REFUSED),
            ("RCPT", DROP, Ending.NOT_YET),
            ("DATA", "452 full", Ending.NOT_YET),
            ("DATA", "554 no", Ending.REFUSED),
            ("letter", "451 later", Ending.NOT_YET),
            ("letter", "554 spam", Ending.REFUSED),
            ("letter", DROP, Ending.UNCLEAR),
            ("letter", HANG, Ending.UNCLEAR),
            ("letter", "gibberish", Ending.UNCLEAR),
            ("letter", "299 perhaps", Ending.UNCLEAR),
            ("letter", "421 closing", Ending.NOT_YET),
        ],
    )
    async def test_says_how_it_ended(self, server: HostileServer, verb: str, reply: str, ending: Ending) -> None:
        server.once = {verb: [reply]} | ({"HELO": [DROP]} if verb == "EHLO" else {})
        courier = a_courier(server.port)

        assert await courier.hand_over(LETTER, to="o@x") is ending

        assert await courier.hand_over(LETTER, to="o@x") is Ending.TAKEN
        courier.close()

    async def test_waits_for_nobody_longer_than_its_patience(self, server: HostileServer) -> None:
        server.replies = {"RCPT": HANG}
        courier, began = a_courier(server.port, patience=0.2), time.monotonic()

        assert await courier.hand_over(LETTER, to="o@x") is Ending.NOT_YET
        assert time.monotonic() - began < 1.5

    async def test_ends_a_try_that_drips(self, server: HostileServer) -> None:
        """Each reply is in time, and there is no end to them."""
        server.replies = {"RCPT": "250-" + "drip " * 50 + "\r\n250-" + "drip"}
        courier, began = a_courier(server.port, patience=30, longest=0.5), time.monotonic()

        assert await courier.hand_over(LETTER, to="o@x") is Ending.NOT_YET
        assert time.monotonic() - began < 2

    async def test_finds_a_server_that_hung_up_in_between(self, server: HostileServer) -> None:
        courier = a_courier(server.port)
        await courier.hand_over(LETTER, to="o@x")

        server.hang_up()
        await asyncio.sleep(0.05)

        assert await courier.hand_over(LETTER, to="o@x") is Ending.TAKEN
        assert server.connections == 2
        courier.close()

    async def test_finds_nobody_at_home(self) -> None:
        assert await a_courier(1).hand_over(LETTER, to="o@x") is Ending.NOT_YET

    @pytest.mark.parametrize("address", ["a@b\r\nRCPT TO:<c@d>", "é@x"])
    async def test_refuses_an_address_that_cannot_be_said(self, server: HostileServer, address: str) -> None:
        courier = a_courier(server.port)

        assert await courier.hand_over(LETTER, to=address) is Ending.REFUSED
        assert server.taken == []

    async def test_speaks_in_clear_only_where_it_may(self, server: HostileServer) -> None:
        """A server that says it cannot do STARTTLS gets no letter once a CA was named."""
        from pathlib import Path

        secured = MailServer("127.0.0.1", server.port, "s@x", timedelta(seconds=1), ca=Path("/nonexistent-ca.pem"))

        assert await Courier(secured).hand_over(LETTER, to="o@x") is Ending.NOT_YET
        assert server.taken == []
