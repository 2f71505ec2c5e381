"""Lays the ports of one machine out from a base, and tells which of them are taken."""

import random
import socket
from dataclasses import dataclass

from deploy.local.launcher_error import LauncherError

LOOPBACK = "127.0.0.1"
DEFAULT_BASE = 8400
MOST_BROKERS = 3
OFFSETS = {
    "portal": 0,
    "login": 1,
    "nord-a": 10,
    "nord-b": 11,
    "nord-c": 12,
    "sud": 20,
    "audit": 30,
    "consent": 35,
    "notifier": 36,
    "governance": 37,
    "smtp": 38,
    "traces": 39,
    "mongodb": 40,
    "openbao": 50,
    "openbao-cluster": 51,
}


@dataclass(frozen=True, slots=True)
class Ports:
    base: int = DEFAULT_BASE

    def __getitem__(self, name: str) -> int:
        return self.base + OFFSETS[name]

    def broker(self, number: int) -> int:
        return self.base + 60 + 10 * (number - 1)

    def controller(self, number: int) -> int:
        return self.broker(number) + 1

    def url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self[name]}"

    def by_name(self, *, brokers: int = MOST_BROKERS) -> dict[str, int]:
        layout = {name: self[name] for name in OFFSETS}
        for number in range(1, brokers + 1):
            layout |= {f"kafka-{number}": self.broker(number), f"kafka-{number}-controller": self.controller(number)}
        return layout

    def require_free(self, *, brokers: int = 1) -> None:
        for name, port in self.by_name(brokers=brokers).items():
            if not _is_free(port):
                raise LauncherError(
                    f"Port {port}, meant for {name}, is taken on this machine: stop the program that listens there, "
                    f"or choose other ports with --port-base (now {self.base})."
                )


def find_free_ports() -> Ports:
    """A whole free layout for a test, below the range from which the kernel takes ports of its own accord."""
    for base in random.sample(range(10_000, 29_900, 100), k=100):
        ports = Ports(base)
        if all(map(_is_free, ports.by_name().values())):
            return ports
    raise LauncherError("No hundred free ports in a row were found below 30000.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port of connections that just ended is free
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
