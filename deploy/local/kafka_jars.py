"""Keeps Kafka's jars as their lock states them, each checked by its SHA-256 at every start."""

import hashlib
import shutil
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local.fetching import fetch, one_at_a_time

LOCK = Path(__file__).with_name("kafka.lock")
FETCHER = Path(__file__).with_name("fetch_jars.py")


def ensure_kafka_jars(folder: Path, python: Path, say: Callable[[str], None]) -> tuple[Path, ...]:
    """In an explicit, sorted order: the class path. Sound jars are never fetched twice, also after an interrupted fetch."""
    wanted = {f"{jar['artifactId']}-{jar['version']}.jar": jar["sha256"] for jar in tomllib.loads(LOCK.read_text())["dependencies"]}
    with one_at_a_time(folder):
        if not _is_sound(folder, wanted):
            say("Fetching Apache Kafka…" if not folder.exists() else "Some of Kafka's jars are broken or missing: fetching those again…")
            _fetch(folder, python)
    return tuple(folder / name for name in sorted(wanted))


def _fetch(folder: Path, python: Path) -> None:
    """Into a folder apart, which the next call goes on with when this one is interrupted."""
    part = folder.with_name(f"{folder.name}.part")
    if folder.exists():
        shutil.rmtree(part, ignore_errors=True)
        folder.rename(part)
    fetch("Apache Kafka", [str(python), str(FETCHER), "fetch", str(LOCK), str(part)])
    part.rename(folder)


def _is_sound(folder: Path, wanted: dict[str, str]) -> bool:
    with ThreadPoolExecutor(4) as pool:
        return all(pool.map(lambda jar: _has_hash(folder / jar[0], jar[1]), wanted.items()))


def _has_hash(jar: Path, sha256: str) -> bool:
    return jar.exists() and hashlib.sha256(jar.read_bytes()).hexdigest() == sha256
