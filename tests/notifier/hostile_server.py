"""A mail server that can be told to be slow, to refuse, to break off, or to lie."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

DROP, HANG = "drop", "hang"


@dataclass
class HostileServer:
    """`replies` says what it answers to a verb (`greeting` and `letter` are two of them): a line, DROP or HANG; the rest is polite.

    `once` ones are used up. `taken` are the letters that it really kept, whatever it said.
    """

    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    once: dict[str, list[str]] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    open_connections: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def message_ids(self) -> list[str]:
        return [re.findall(rb"(?im)^message-id: *(?:\r\n )?(<.*?>)", letter)[0].decode() for letter in self.taken]

    def hang_up(self) -> None:
        for writer in self.open_connections:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_connections.add(writer)
        try:
            await self._talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            self.open_connections.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        polite = {"greeting": "220 hello", "DATA": "354 go on", "QUIT": "221 bye", "letter": "250 kept"}
        if not await self._say(writer, "greeting", polite):
            return
        while line := await reader.readline():
            verb = line.decode().split(maxsplit=1)[0].upper()
            self.commands.append(verb)
            if not await self._say(writer, verb, polite):
                return
            if verb == "DATA" and self._last.startswith("354"):
                self.taken.append(await self._letter(reader))
                if not await self._say(writer, "letter", polite):
                    return
            if verb == "QUIT":
                return

    async def _letter(self, reader: asyncio.StreamReader) -> bytes:
        lines = []
        while (line := await reader.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        return b"".join(lines)

    async def _say(self, writer: asyncio.StreamWriter, verb: str, polite: Mapping[str, str]) -> bool:
        """Whether the talk goes on."""
        scripted = self.once.get(verb)
        self._last = scripted.pop(0) if scripted else self.replies.get(verb, polite.get(verb, "250 fine"))
        if self._last == DROP:
            writer.transport.abort()
            return False
        if self._last == HANG:
            self.hanging.set()
            await self.over.wait()
            return False
        writer.write(f"{self._last}\r\n".encode())
        await writer.drain()
        return True


@asynccontextmanager
async def hostile_server() -> AsyncIterator[HostileServer]:
    server = HostileServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.over.set()
        server.hang_up()
        listening.close()
