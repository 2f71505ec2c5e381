"""Asks `consent` for a lease over HTTP, and reads its answer row by row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson

from services.records.enforcing.renew_lease import LeaseAnswer
from shared.enforcement import LEASE_PATH, SECRET_HEADER, LeaseTerms

_GOES_ON = aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=10)  # a million rows take as long as they take, but never pause
_END = b"end"
_LONGEST_ROW = 1 << 20


class LeaseNotGrantedError(Exception):
    """`consent` was not reached, said no, or its answer was cut short."""


class ConsentRegistry:
    def __init__(self, http: aiohttp.ClientSession, url: str, *, secret: str) -> None:
        self._http = http
        self._url = url.rstrip("/") + LEASE_PATH
        self._headers = {SECRET_HEADER: secret, "content-type": "application/json"}

    @asynccontextmanager
    async def lease(self, incarnation: str, *, epoch: int | None, number: int) -> AsyncIterator[LeaseAnswer]:
        """Raises LeaseNotGrantedError, also while the rows are read."""
        asked = orjson.dumps({"incarnation": incarnation, "epoch": epoch, "number": number})
        try:
            async with self._http.post(self._url, data=asked, headers=self._headers, timeout=_GOES_ON) as answer:
                answer.raise_for_status()
                lines = _lines(answer.content)
                yield LeaseAnswer(LeaseTerms(**orjson.loads(await anext(lines))), lines)
        except (aiohttp.ClientError, TimeoutError, ValueError, TypeError, StopAsyncIteration) as error:
            raise LeaseNotGrantedError(type(error).__name__) from error


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Until the line that says it was the last one; without it the answer was cut short."""
    rest = b""
    async for piece in content.iter_any():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line == _END:
                return
            yield line
        if len(rest) > _LONGEST_ROW:
            break
    raise LeaseNotGrantedError("cut short")
