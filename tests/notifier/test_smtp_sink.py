"""Proves that the local mail server keeps each letter whole before it says so."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.ports import find_free_ports
from deploy.local.services import _listens
from deploy.local.smtp_sink import MailFolder
from deploy.local.stack import ROOT
from services.notifier.messages.courier import Courier, MailServer
from services.notifier.messages.delivery import Ending

LETTER = "From: s@x\r\nTo: o@x\r\nSubject: é\r\nMessage-ID: <m@x>\r\n\r\n.a dot\r\n".encode()


@dataclass(frozen=True)
class Sink:
    port: int
    folder: Path
    process: "subprocess.Popen[bytes]"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    port, folder = find_free_ports()["smtp"], tmp_path / "mail"
    process = subprocess.Popen([sys.executable, "-m", "deploy.local.smtp_sink", str(port), str(folder)], cwd=ROOT)
    deadline = time.monotonic() + 20
    while not _listens(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield Sink(port, folder, process)
    process.kill()
    process.wait()


class TestSink:
    async def test_keeps_each_letter_byte_by_byte(self, sink: Sink) -> None:
        courier = Courier(MailServer("127.0.0.1", sink.port, "s@x", timedelta(seconds=5)))

        endings = [await courier.hand_over(LETTER, to="o@x") for _ in range(3)]
        courier.close()

        assert endings == [Ending.TAKEN] * 3
        assert [path.read_bytes() for path in sorted(sink.folder.glob("*.eml"))] == [LETTER] * 3
        assert [path.suffix for path in sink.folder.iterdir()] == [".eml"] * 3

    def test_ends_when_it_is_asked_to(self, sink: Sink) -> None:
        sink.process.terminate()

        assert sink.process.wait(timeout=5) == 0

    def test_keeps_no_half_letter_under_its_name(self, tmp_path: Path) -> None:
        kept = MailFolder(tmp_path / "mail").keep(LETTER)

        assert kept.read_bytes() == LETTER
        assert [path.name for path in (tmp_path / "mail").iterdir()] == [kept.name]
