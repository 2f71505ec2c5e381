"""Hands letters to the mail server over one kept connection, and says of each how that ended."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog
from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPResponseException

from services.notifier.messages.delivery import Ending

log = structlog.get_logger("serment.notifier")
_IS_ADDRESS = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]+").fullmatch
LONGEST_TRY = timedelta(seconds=45)
_ABOUT_US = frozenset({521, 530, 534, 535, 538})
"""Replies about the connection or our login: they say nothing about this letter, so it is tried again."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters go; without `ca` the connection is plain, for loopback only."""

    host: str
    port: int
    sender: str
    patience: timedelta
    ca: Path | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


class Courier:
    """One letter at a time; whatever goes wrong ends the connection, and the next letter opens another."""

    def __init__(self, server: MailServer, *, longest_try: timedelta = LONGEST_TRY) -> None:
        self._server = server
        self._longest = longest_try.total_seconds()
        self._smtp: SMTP | None = None

    async def hand_over(self, letter: bytes, *, to: str) -> Ending:
        """Raises nothing but a cancellation."""
        if not _IS_ADDRESS(to):
            return Ending.REFUSED
        addressed = handed = False
        try:
            async with asyncio.timeout(self._longest):
                smtp = await self._connection()
                addressed = True
                await smtp.mail(self._server.sender)
                await smtp.rcpt(to)
                handed = True
                await smtp.data(letter)
        except SMTPResponseException as error:
            self.close()
            return _told(error.code, addressed=addressed, handed=handed)
        except (SMTPException, OSError, TimeoutError) as error:
            self.close()
            log.warning("mail.interrupted", error=type(error).__name__)
            return Ending.UNCLEAR if handed else Ending.NOT_YET
        except BaseException:
            self.close()
            raise
        return Ending.TAKEN

    async def _connection(self) -> SMTP:
        """The kept one if it still answers."""
        if self._smtp is not None and await self._answers(self._smtp):
            return self._smtp
        self.close()
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=server.sender.rpartition("@")[2],
            timeout=server.patience.total_seconds(),
            start_tls=server.ca is not None,
            cert_bundle=str(server.ca) if server.ca else None,
            username=server.username,
            password=server.password,
        )
        self._smtp = smtp
        await smtp.connect()
        return smtp

    async def _answers(self, smtp: SMTP) -> bool:
        try:
            await smtp.noop()
        except (SMTPException, OSError):
            return False
        return True

    def close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _told(code: int, *, addressed: bool, handed: bool) -> Ending:
    """By the server's reply; one that is no reply at all leaves open what became of a letter that was handed over."""
    if 500 <= code < 600 and addressed and code not in _ABOUT_US:  # noqa: PLR2004 - permanent failures of RFC 5321
        log.warning("mail.refused", reason=code)
        return Ending.REFUSED
    if 400 <= code < 600:  # noqa: PLR2004 - not taken, and said so
        return Ending.NOT_YET
    return Ending.UNCLEAR if handed else Ending.NOT_YET
