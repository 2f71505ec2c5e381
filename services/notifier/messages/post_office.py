"""Sends what waits, one mail after another, beside everything else: a slow mail server holds up mails and nothing more."""

import asyncio
import contextlib
from datetime import timedelta
from email.errors import MessageError

import structlog
from opentelemetry.trace import SpanKind

from services.notifier.contacts import Contacts
from services.notifier.measures import ENDINGS
from services.notifier.messages.abandoned import StandingStill
from services.notifier.messages.courier import Courier
from services.notifier.messages.delivery import Ending
from services.notifier.messages.letter import letter
from services.notifier.messages.message_store import MessageStore
from services.notifier.messages.model import Claimed
from shared.clock import to_millisecond, utc_now
from shared.mongo import MongoError
from shared.telemetry import span

log = structlog.get_logger("serment.notifier")
_PAUSE = 2.0


class PostOffice:
    """Several processes at once: a mail is claimed by one, and claimed anew only when its claim has stood still for the lease."""

    def __init__(self, messages: MessageStore, *, courier: Courier, contacts: Contacts, sender: str, lease: timedelta) -> None:
        self._messages = messages
        self._courier = courier
        self._contacts = contacts
        self._sender = sender
        self._claims = StandingStill(lease)

    async def run(self) -> None:
        """Until cancelled; a failure of MongoDB only delays."""
        try:
            while True:
                await self._send_all()
                await self._rest()
        finally:
            self._courier.close()

    async def _send_all(self) -> None:
        try:
            await self.doubt_abandoned()
            while await self.send_next():
                await self.doubt_abandoned()
        except (MongoError, TimeoutError) as error:
            log.warning("mail.delayed", error=type(error).__name__)
            await asyncio.sleep(1)

    async def send_next(self) -> bool:
        """Whether there was one to try. Killed in between, it is found in flight, doubted, and sent again under its Message-ID."""
        mail = await self._messages.claim(to_millisecond(utc_now()))
        if mail is None:
            return False
        with span("send mail", kind=SpanKind.CLIENT, carrier=mail.trace) as current:
            ending = await self._try(mail)
            if ending is not Ending.TAKEN:
                current.set_attribute("error.type", ending.value)
        ENDINGS.labels(ending).inc()
        await self._messages.settle(mail, ending, now=to_millisecond(utc_now()))
        return True

    async def _try(self, mail: Claimed) -> Ending:
        to = self._contacts.mail_of(mail.to)
        if to is None:
            log.warning("mail.without-address")
            return Ending.REFUSED
        try:
            set_letter = letter(mail, sender=self._sender, to=to)
        except (ValueError, LookupError, MessageError) as error:
            log.warning("mail.not-worded", error=type(error).__name__)
            return Ending.REFUSED
        return await self._courier.hand_over(set_letter, to=to)

    async def doubt_abandoned(self) -> None:
        in_flight = await self._messages.in_flight()
        for claim in self._claims.abandoned(in_flight, now=asyncio.get_running_loop().time()):
            if await self._messages.doubt(in_flight[claim], claim, now=to_millisecond(utc_now())):
                ENDINGS.labels("abandoned").inc()
                log.warning("mail.abandoned")

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PAUSE):
                await self._messages.posted.wait()
        self._messages.posted.clear()
