"""Prepares the storage of Kafka's nodes: one is formatted, the others are given the same beginnings."""

import base64
import re
import shutil
import subprocess
import uuid
from pathlib import Path

from deploy.local.home import Home
from deploy.local.kafka_settings import ADMIN, BROKER, admin_password, broker_password, node_folder
from deploy.local.launcher_error import LauncherError

FORMATTED = "kafka/formatted"
METADATA = "__cluster_metadata-0"


def ensure_formatted(home: Home, java: list[str], settings: Path, *, brokers: int) -> None:
    """Once per home; a home made for another number of brokers is refused."""
    stamp = home.path / FORMATTED
    if not stamp.exists():
        _format(home, java, settings, brokers=brokers)
        home.write(FORMATTED, str(brokers))
    elif int(stamp.read_text()) != brokers:
        raise LauncherError(
            f"{home.path} was made with {stamp.read_text()} Kafka broker(s), not {brokers}: ask for that number, or use another home."
        )


def _format(home: Home, java: list[str], settings: Path, *, brokers: int) -> None:
    """The nodes after the first get a copy of its first metadata, for the salts of the two users must be the same on all."""
    for number in range(1, brokers + 1):
        shutil.rmtree(node_folder(home, number), ignore_errors=True)
    _run_format(home, java, settings)
    first = node_folder(home, 1)
    properties = (first / "meta.properties").read_text()
    for number in range(2, brokers + 1):
        node = home.folder("kafka", f"node-{number}")
        shutil.copytree(first / METADATA, node / METADATA)
        own = re.sub(r"(?m)^node\.id=.*$", f"node.id={number}", properties)
        (node / "meta.properties").write_text(re.sub(r"(?m)^directory\.id=.*$", f"directory.id={_random_id()}", own))


def _run_format(home: Home, java: list[str], settings: Path) -> None:
    """By a file of arguments, for the list of processes shows a command line to everyone."""
    users = ((ADMIN, admin_password(home)), (BROKER, broker_password(home)))
    words = ["kafka.tools.StorageTool", "format", "-t", _random_id(), "-c", str(settings)]
    for name, password in users:
        words += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
    arguments = home.write("kafka/format.args", "".join(f'"{word}"\n' for word in words))
    done = subprocess.run([*java, f"@{arguments}"], capture_output=True, text=True, check=False, timeout=120)
    arguments.unlink()
    if done.returncode:
        raise LauncherError(f"Kafka's storage could not be formatted: {(done.stderr or done.stdout).strip()}")


def _random_id() -> str:
    """Twenty-two characters, not beginning with a dash, which Kafka's tool would take for an option."""
    while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        continue
    return name
