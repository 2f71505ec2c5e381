"""Runs as `python -m deploy.local.smtp_sink PORT FOLDER`: takes every mail of this machine and keeps each as a file; none goes further."""

import asyncio
import os
import signal
import sys
import uuid
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from shared.clock import utc_now

LOOPBACK = "127.0.0.1"
_TAKEN = "250 2.0.0 kept"
_NOT_NOW = "451 4.3.0 could not be kept; try again"


class MailFolder:
    """What aiosmtpd calls with each letter: it is on disk, whole, before the sender is told that it was taken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        try:
            await asyncio.to_thread(self.keep, content)
        except OSError:
            return _NOT_NOW
        return _TAKEN

    def keep(self, content: bytes) -> Path:
        """Under a name that sorts by time; readers that look for `*.eml` never see half a letter."""
        path = self._folder / f"{utc_now():%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}.eml"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return path


async def run_sink(port: int, folder: Path) -> None:
    """Until SIGTERM."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    kept = MailFolder(folder)
    server = await loop.create_server(lambda: SMTP(kept, hostname="localhost", loop=loop), LOOPBACK, port)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(run_sink(int(sys.argv[1]), Path(sys.argv[2])))
