"""Stands between a client and a server: cuts TCP connections, or counts and replaces HTTP answers."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from aiohttp import web


@dataclass
class Wire:
    """A TCP way to one server; `cut` ends what is open and refuses what comes."""

    target: tuple[str, int]
    port: int = 0
    open: bool = True
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        self.open = False
        for writer in list(self.writers):
            writer.transport.abort()

    def mend(self) -> None:
        self.open = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.open:
            writer.transport.abort()
            return
        try:
            there, onward = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        if not self.open:
            writer.transport.abort()
            onward.transport.abort()
            return
        self.writers |= {writer, onward}
        try:
            await asyncio.gather(pump(reader, onward), pump(there, writer))
        finally:
            self.writers -= {writer, onward}
            for end in (writer, onward):
                end.transport.abort()


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """One direction of a connection, until it ends."""
    with contextlib.suppress(ConnectionError):
        while chunk := await source.read(65_536):
            sink.write(chunk)
            await sink.drain()
    sink.transport.abort()


@asynccontextmanager
async def open_wire(host: str, port: int) -> AsyncIterator[Wire]:
    wire = Wire((host, port))
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
        await asyncio.sleep(0)


@dataclass
class HttpProxy:
    """Passes requests on and keeps them; `instead` answers (status, body) for every request in place of the server."""

    target: str
    address: str = ""
    seen: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    instead: tuple[int, bytes] | None = None

    def asked(self, path: str) -> list[dict[str, Any]]:
        """The bodies of the requests whose path ends so."""
        return [body for _, asked, body in self.seen if asked.endswith(path)]

    async def handle(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.seen.append((request.method, request.path, orjson.loads(raw) if raw else {}))
        if self.instead is not None:
            return web.Response(status=self.instead[0], body=self.instead[1], content_type="application/json")
        headers = {name: value for name, value in request.headers.items() if name.startswith("X-Vault")}
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, f"{self.target}{request.path_qs}", data=raw, headers=headers) as answer,
        ):
            self.answers[answer.status] += 1
            return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")


@asynccontextmanager
async def open_http_proxy(target: str) -> AsyncIterator[HttpProxy]:
    proxy = HttpProxy(target)
    async with serving(proxy.handle) as address:
        proxy.address = address
        yield proxy


@asynccontextmanager
async def serving(handle: Any) -> AsyncIterator[str]:
    """One HTTP handler for every path, at an address of its own."""
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield "http://{}:{}".format(*site._server.sockets[0].getsockname())
    finally:
        await runner.cleanup()
