"""Watches the ledger for one person, for as long as the session lasts: what is new, what was signed since, and when nothing is heard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.portal.cookie_box import SessionsUnavailableError
from services.portal.desk import Desk
from services.portal.ledger_activity import Entry, LedgerSilentError, NotForThisPersonError, TokenOverError
from services.portal.open_session import WorkstationLockedError, open_session
from services.portal.sessions import Session

SHOWN = 50
FULL_PAGE = 200
_WAIT = 5.0
_UNTIL_SIGNED = 1.0
_WHILE_SILENT = (1.0, 2.0, 5.0, 10.0)


class State(StrEnum):
    LIVE = "live"
    SILENT = "silent"
    NOT_FOR_YOU = "not-for-you"
    TOO_MANY = "too-many"
    OVER = "over"
    LOCKED = "locked"

    @property
    def final(self) -> bool:
        return self in {State.NOT_FOR_YOU, State.TOO_MANY, State.OVER, State.LOCKED}


@dataclass(frozen=True, slots=True)
class Since:
    """What the page shows already: its last entry, and the first that was not signed when it was shown."""

    last: int | None = None
    first_unsigned: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """New entries in the ledger's order, how many before them were passed over, and which of those shown before are signed now."""

    new: tuple[Entry, ...]
    passed_over: int = 0
    signed: tuple[Entry, ...] = ()


class SessionOverError(Exception):
    """The session that watched has ended."""


async def look_once(session: Session, *, desk: Desk) -> tuple[State, Seen]:
    """The newest entries, without waiting: for the page itself."""
    try:
        entries = await desk.activity.after(None, wait=0, token=session.token)
    except NotForThisPersonError:
        return State.NOT_FOR_YOU, Seen(())
    except (LedgerSilentError, TokenOverError):
        return State.SILENT, Seen(())
    return State.LIVE, Seen(tuple(entries[-SHOWN:]))


async def watch_activity(session: Session, since: Since, *, clock: Callable[[], datetime], desk: Desk) -> AsyncIterator[State | Seen]:
    """Says each state once; ends with a final one."""
    with desk.streams.seat(session.root) as seated:
        if not seated:
            yield State.TOO_MANY
            return
        watch = _Watch(session, since, desk)
        before: State | None = None
        while True:
            state, seen = await _look(watch, clock)
            if state is not before:
                yield state
            if state.final:
                return
            if seen is not None and (seen.new or seen.signed):
                yield seen
            before = state
            await asyncio.sleep(watch.pause)


async def _look(watch: "_Watch", clock: Callable[[], datetime]) -> tuple[State, Seen | None]:
    """What was waited for is not shown to whoever left meanwhile."""
    try:
        await watch.go_on(clock())
        entries = await watch.ask()
        await watch.go_on(clock())
        return State.LIVE, watch.take(entries)
    except NotForThisPersonError:
        return State.NOT_FOR_YOU, None
    except (SessionOverError, TokenOverError):
        return State.OVER, None
    except WorkstationLockedError:
        return State.LOCKED, None
    except (LedgerSilentError, SessionsUnavailableError):
        watch.failures += 1
        return State.SILENT, None


class _Watch:
    """How far one stream has come."""

    def __init__(self, session: Session, since: Since, desk: Desk) -> None:
        self.session = session
        self.failures = 1
        self._last = since.last
        first = since.first_unsigned
        self._unsigned = set(range(max(first, (since.last or 0) - SHOWN), (since.last or 0) + 1)) if first is not None else set()
        self._desk = desk

    @property
    def pause(self) -> float:
        if self.failures:
            return _WHILE_SILENT[min(self.failures, len(_WHILE_SILENT)) - 1]
        return _UNTIL_SIGNED if self._unsigned else 0.0

    async def go_on(self, now: datetime) -> None:
        """Under the session's newest secret. Raises SessionOverError, or what `open_session` raises."""
        found = await open_session(self.session.secret, now=now, desk=self._desk)
        if found is None:
            raise SessionOverError
        self.session = found

    async def ask(self) -> list[Entry]:
        """From the first entry that was shown unsigned; a full page means that we lag, so the newest one is taken instead."""
        since = min(self._unsigned) - 1 if self._unsigned else self._last
        wait = 0 if self._unsigned or self.failures else _WAIT
        entries = await self._desk.activity.after(since, wait=wait, token=self.session.token)
        if since is not None and len(entries) >= FULL_PAGE:
            entries = await self._desk.activity.after(None, wait=0, token=self.session.token)
        self.failures = 0
        return entries

    def take(self, entries: list[Entry]) -> Seen:
        signed = tuple(entry for entry in entries if entry.signed and entry.index in self._unsigned)
        new = [entry for entry in entries if self._last is None or entry.index > self._last][-SHOWN:]
        passed_over = new[0].index - self._last - 1 if new and self._last is not None else 0
        if new:
            self._last = new[-1].index
        still = self._unsigned - {entry.index for entry in signed} | {entry.index for entry in new if not entry.signed}
        self._unsigned = {index for index in still if index > (self._last or 0) - 2 * SHOWN}
        return Seen(tuple(new), passed_over, signed)
