"""Starts the three real servers side by side and hands over what is needed to enter each as its administrator."""

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, TypeVar

from deploy.local.children import Children
from deploy.local.home import Home
from deploy.local.kafka import Kafka, start_kafka
from deploy.local.launcher_error import LauncherError
from deploy.local.mongodb import start_mongodb
from deploy.local.nursery import AVAILABLE, Nursery
from deploy.local.openbao import OpenBao, start_openbao
from deploy.local.ports import Ports
from deploy.local.tools import Tools

Started = TypeVar("Started")


@dataclass(frozen=True, slots=True)
class Servers:
    children: Children
    kafka: Kafka
    openbao: OpenBao
    mongodb_uri: str = field(repr=False)

    def stop(self) -> None:
        self.children.stop_all()


def start_servers(home: Home, ports: Ports, *, brokers: int = 1, tools: Tools, say: Callable[[str], None]) -> Servers:
    """All three answer to their administrators, or none is left running and one sentence says why."""
    if brokers not in (1, 3):
        raise LauncherError(f"Kafka runs with 1 or 3 brokers here, not {brokers}.")
    ports.require_free(brokers=brokers)
    children = Children(Nursery(home.log("nursery")) if AVAILABLE else None)
    try:
        return _started(home, ports, children, brokers=brokers, tools=tools, say=say)
    except BaseException:
        children.stop_all()
        raise


def _started(home: Home, ports: Ports, children: Children, *, brokers: int, tools: Tools, say: Callable[[str], None]) -> Servers:
    pool = ThreadPoolExecutor(3, thread_name_prefix="starting")
    try:
        openbao = pool.submit(_telling, "OpenBao", say, lambda: start_openbao(home, ports, children, tools))
        mongodb = pool.submit(_telling, "MongoDB", say, lambda: start_mongodb(home, ports, children, tools))
        kafka = pool.submit(_telling, "Kafka", say, lambda: start_kafka(home, ports, children, tools, brokers=brokers))
        _raise_first_error([openbao, mongodb, kafka])
        return Servers(children, kafka.result(), openbao.result(), mongodb.result())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _telling(name: str, say: Callable[[str], None], start: Callable[[], Started]) -> Started:
    started = start()
    say(f"{name} is ready.")
    return started


def _raise_first_error(futures: list[Future[Any]]) -> None:
    done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()
