"""Answers the same bytes without protection: `/static` from memory, `/plain` from MongoDB with the coalescing of `records`.

`python -m bench.baselines ANSWERS --port 8500`; ANSWERS is a JSON file of paths and bodies. `MONGODB_URI` and `MONGO_DRIVER` are taken
from the environment, because a URI holds a password.
"""

import argparse
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from pathlib import Path
from typing import Any, cast

from services.records.record_store import RecordStore
from shared.clock import utc_now
from shared.mongo import Database, Driver, open_mongo
from shared.serving import serve

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_DATABASE = "bench"
_KIND = b"application/fhir+json; charset=utf-8"
_STATIC, _PLAIN = "/static/fhir/", "/plain/fhir/"


@dataclass
class Baselines:
    """A plain ASGI application, as the protected read is one."""

    bodies: Mapping[str, bytes]
    uri: str
    driver: Driver
    store: RecordStore | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"].startswith(_STATIC):
            await _answer(send, self.bodies[scope["path"].removeprefix(_STATIC)], self._static_headers)
        elif scope["path"].startswith(_PLAIN) and self.store is not None:
            record = await self.store.find(scope["path"].removeprefix(_PLAIN))
            if record is None:
                await _answer(send, b"", [], status=404)
            else:
                await _answer(send, record.sealed, _headers(b"%d" % record.version, _http_date(record.updated_at)))
        else:  # readiness is asked for here, once the documents are kept
            await _answer(send, b"", [])

    async def _live(self, receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        await receive()
        async with self._opened():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        self._static_headers = _headers(b"1", _http_date(utc_now()))
        mongo = open_mongo(self.uri, driver=self.driver)
        try:
            database = mongo.database(_DATABASE)
            await _keep_plain(database, self.bodies)
            self.store = RecordStore(database)
            yield
        finally:
            await mongo.close()


async def _keep_plain(database: Database, bodies: Mapping[str, bytes]) -> None:
    """Documents of the shape that `records` keeps, with the JSON bytes where it has sealed ones."""
    rows = [
        {
            "_id": address,
            "type": address.partition("/")[0],
            "owner": "00000000-0000-4000-8000-000000000000",
            "version": 1,
            "at": utc_now(),
            "sealed": body,
            "deleted": False,
            "note": "00000000-0000-4000-8000-000000000000",
            "ordinal": 0,
        }
        for address, body in bodies.items()
    ]
    resources = database.get_collection("resources")
    await resources.delete_many({})
    for start in range(0, len(rows), 1000):
        await resources.insert_many(rows[start : start + 1000])


def _headers(version: bytes, date: bytes) -> list[tuple[bytes, bytes]]:
    """As many bytes of header as a protected read answers with."""
    return [
        (b"content-type", _KIND),
        (b"etag", b'W/"' + version + b'"'),
        (b"last-modified", date),
        (b"x-decision-id", b"00000000-0000-4000-8000-000000000000"),
        (b"cache-control", b"no-store"),
    ]


def _http_date(moment: Any) -> bytes:
    return format_datetime(moment.astimezone(UTC), usegmt=True).encode()


async def _answer(send: Send, body: bytes, headers: list[tuple[bytes, bytes]], *, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    bodies = {address: body.encode() for address, body in json.loads(asked.answers.read_text()).items()}
    driver = cast("Driver", os.environ.get("MONGO_DRIVER", "motor"))
    serve(Baselines(bodies, os.environ["MONGODB_URI"], driver), host="127.0.0.1", port=asked.port, proxy_headers=False)


if __name__ == "__main__":
    main()
