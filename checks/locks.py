"""Compares the locks with what they lock, without a network: every line hashed, nothing missing, nothing left over, no addresses.

What is installed is asked what it requires; the answer must be exactly what the lock holds for this kind of machine.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
MAIN = ROOT / "requirements.lock"
UV = ROOT / "requirements-uv.lock"
LOCAL = ROOT / "deploy/local"
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")
_ADDRESS = re.compile(r"://|--(?:extra-)?index|--find-links|(?:^|\s)-[if]\s")


@dataclass(frozen=True, slots=True)
class Locked:
    """`applies` says whether the line is for this kind of machine."""

    requirement: Requirement
    hashed: bool

    @property
    def version(self) -> str:
        return next(iter(self.requirement.specifier)).version

    @property
    def applies(self) -> bool:
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def findings() -> list[str]:
    """What is wrong, one sentence each."""
    return [*_main_lock(), *_uv_lock(), *_server_locks(), *_jar_lock()]


def read_lock(path: Path) -> dict[str, Locked]:
    """By canonical name; of several lines for one name, the one for this kind of machine."""
    lines = re.sub(r"\\\n", " ", path.read_text()).splitlines()
    found: dict[str, Locked] = {}
    for line in lines:
        text = line.split(" #")[0].strip()
        if text and not text.startswith(("#", "-")):
            locked = Locked(Requirement(text.split("--hash")[0].strip()), hashed=bool(_HASH.search(text)))
            name = canonicalize_name(locked.requirement.name)
            if name not in found or locked.applies:
                found[name] = locked
    return found


def _form(path: Path) -> Iterator[str]:
    where = path.relative_to(ROOT)
    yield from (f"{where}: {name} has no hash" for name, locked in read_lock(path).items() if not locked.hashed)
    yield from (
        f"{where}:{number} names an address" for number, line in enumerate(path.read_text().splitlines(), 1) if _ADDRESS.search(line)
    )


def _main_lock() -> Iterator[str]:
    yield from _form(MAIN)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]
    locked = read_lock(MAIN)
    reached: set[str] = set()
    for requirement, wanted_by in _closure(direct):
        name = canonicalize_name(requirement.name)
        reached.add(name)
        yield from _satisfied(requirement, wanted_by, locked, MAIN)
    yield from (
        f"requirements.lock: nothing asks for {name} any more" for name, one in locked.items() if one.applies and name not in reached
    )


def _closure(direct: Iterable[Requirement]) -> Iterator[tuple[Requirement, str]]:
    """Each requirement that holds on this machine, with who asks for it."""
    todo = [(requirement, "pyproject.toml") for requirement in direct]
    seen: set[str] = set()
    while todo:
        requirement, wanted_by = todo.pop()
        yield requirement, wanted_by
        key = f"{canonicalize_name(requirement.name)}[{','.join(sorted(requirement.extras))}]"
        if key not in seen:
            seen.add(key)
            todo += [(one, requirement.name) for one in _required_by(requirement)]


def _required_by(requirement: Requirement) -> Iterator[Requirement]:
    try:
        texts = distribution(requirement.name).requires or []
    except PackageNotFoundError:
        return
    for one in map(Requirement, texts):
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)):
            yield one


def _satisfied(requirement: Requirement, wanted_by: str, locked: Mapping[str, Locked], path: Path) -> Iterator[str]:
    where, name = path.relative_to(ROOT), canonicalize_name(requirement.name)
    if name not in locked:
        yield f"{where}: {name} is missing ({wanted_by} asks for it)"
    elif not requirement.specifier.contains(locked[name].version, prereleases=True):
        yield f"{where}: {name} {locked[name].version} is not {requirement.specifier} ({wanted_by} asks for it)"
    elif path == MAIN and _installed(name) != locked[name].version:
        yield f"{where}: {name} {locked[name].version} is locked, {_installed(name)} is installed: run `make setup`"


def _installed(name: str) -> str:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return "none"


def _uv_lock() -> Iterator[str]:
    yield from _form(UV)
    if read_lock(UV)["uv"].version != read_lock(MAIN)["uv"].version:
        yield "requirements-uv.lock: another version of uv than requirements.lock"


def _server_locks() -> Iterator[str]:
    """The servers have environments of their own, so only what is asked for by name is compared."""
    for asked in sorted(LOCAL.glob("*.in")):
        path = asked.with_suffix(".lock")
        yield from _form(path)
        wanted = [Requirement(line) for line in asked.read_text().split("\n") if line.strip() and not line.startswith("#")]
        for requirement in wanted:
            yield from _satisfied(requirement, asked.name, read_lock(path), path)


def _jar_lock() -> Iterator[str]:
    path = LOCAL / "kafka.lock"
    for jar in tomllib.loads(path.read_text())["dependencies"]:
        if not re.fullmatch(r"[0-9a-f]{64}", jar.get("sha256", "")):
            yield f"{path.relative_to(ROOT)}: {jar['artifactId']} has no hash"
    if _ADDRESS.search(path.read_text()):
        yield f"{path.relative_to(ROOT)} names an address"


if __name__ == "__main__":
    found = findings()
    print("\n".join(found) or "Every lock is in step.")
    sys.exit(1 if found else 0)
