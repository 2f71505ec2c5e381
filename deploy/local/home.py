"""The data folder of one installation: locked to one launcher, known to be whole or set aside, keeper of its secrets."""

import fcntl
import os
import secrets
import shutil
import string
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from deploy.local.launcher_error import LauncherError

SECRET_LENGTH = 32
SECRET_LETTERS = string.ascii_letters + string.digits
LOCK, INSTALLED, SET_ASIDE = "serment.lock", "installed", "set-aside"
_PARTS = ("kafka/formatted", "mongodb/data", "openbao/raft", "openbao/seal.key", "secrets")
"""Without any of these that were there at first, the rest is not a group any more."""


class Home:
    """The lock says that the folder is ours; `INSTALLED`, that its first installation was completed and nothing is removed any more."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock
        self._secrets_made = Lock()

    @property
    def installed(self) -> bool:
        return (self.path / INSTALLED).exists()

    def mark_installed(self) -> None:
        parts = "".join(f"{part}\n" for part in _PARTS if (self.path / part).exists())
        self.write(INSTALLED, f"The first installation was completed; without this file the folder is begun anew.\n{parts}")

    def lost(self) -> list[str]:
        """Which of the parts that the first installation made are gone."""
        return [part for part in (self.path / INSTALLED).read_text().splitlines()[1:] if not (self.path / part).exists()]

    def folder(self, *names: str) -> Path:
        path = self.path
        for name in names:
            path /= name
            path.mkdir(mode=0o700, exist_ok=True)
        return path

    def log(self, name: str) -> Path:
        return self.folder("logs") / f"{name}.log"

    def secret(self, name: str) -> str:
        """Thirty-two random letters and digits, made when first asked for and the same ever after."""
        kept = self.folder("secrets") / name
        with self._secrets_made:
            if not kept.exists():
                self.write(f"secrets/{name}", "".join(secrets.choice(SECRET_LETTERS) for _ in range(SECRET_LENGTH)))
        return kept.read_text()

    def write(self, name: str, content: str | bytes) -> Path:
        """Whole or not at all, even when the machine goes down meanwhile; readable by its owner only."""
        path = self.path / name
        self.folder(*Path(name).parent.parts)
        part = path.with_name(f"{path.name}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return path

    def release(self) -> None:
        os.close(self._lock)


def claim_home(path: Path, *, portal: str, say: Callable[[str], None]) -> Home:
    """Locks the folder for this process, refuses one that is not ours or not whole, and sets a half-written installation aside."""
    path = path.absolute()
    if path.exists() and any(path.iterdir()) and not (path / LOCK).exists():
        raise LauncherError(f"{path} is not empty and was not made by Serment: choose another folder with --home.")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    home = Home(path, _lock(path, portal))
    if not home.installed:
        _set_aside(path, say)
    elif lost := home.lost():
        home.release()
        raise LauncherError(f"{path} lost {', '.join(lost)}: put it back from a copy, or move the whole folder away to begin anew.")
    return home


def _lock(path: Path, portal: str) -> int:
    """Held until the process ends, however it ends; what is in the file says who holds it."""
    lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        process, _, address = (path / LOCK).read_text().partition(" ")
        raise LauncherError(f"Serment is already running here (process {process}, portal at {address}).") from None
    os.truncate(lock, 0)
    os.write(lock, f"{os.getpid()} {portal}".encode())
    return lock


def _set_aside(path: Path, say: Callable[[str], None]) -> None:
    """Keeps the latest unfinished try only; called before anything was ever marked as installed."""
    unfinished = [entry for entry in path.iterdir() if entry.name not in {LOCK, SET_ASIDE}]
    if not unfinished:
        return
    aside = path / SET_ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    for entry in unfinished:
        entry.rename(aside / entry.name)
    say(f"The last installation was not completed: what it wrote is set aside in {aside}, and it is begun anew.")
