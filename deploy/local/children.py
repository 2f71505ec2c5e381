"""Keeps the children of one launcher: starts them from one lasting thread, finds those that died, ends all at once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from deploy.local.child import Child, Program
from deploy.local.launcher_error import LauncherError
from deploy.local.nursery import Nursery

PATIENCE = 3.0


class Children:
    """With a nursery, the modules of ours are forked from it instead of started anew."""

    def __init__(self, nursery: Nursery | None = None) -> None:
        self._nursery = nursery
        # The kernel kills a leashed child when the *thread* that started it ends, so one thread that lasts starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
        self._by_name: dict[str, Child] = {}
        self._closed = False

    def __iter__(self) -> Iterator[Child]:
        return iter(list(self._by_name.values()))

    def __getitem__(self, name: str) -> Child:
        return self._by_name[name]

    def start(self, program: Program) -> Child:
        return self._starter.submit(self._start, program).result()

    def start_again(self, name: str) -> Child:
        """The same program anew, after it died or was killed."""
        child = self[name]
        child.kill()
        return self.start(child.program)

    def dead(self) -> list[Child]:
        return [child for child in self if not child.alive]

    def stop(self, child: Child, *, patience: float = PATIENCE) -> None:
        """Ends one child on purpose, so that it does not count as dead."""
        self._by_name.pop(child.name, None)
        _end([child], patience)

    def stop_all(self, *, patience: float = PATIENCE) -> None:
        """SIGTERM to all at once, since brokers stopped one by one lose their quorum and never end; then SIGKILL to what is left."""
        if self._closed:
            return
        self._closed = True
        self._starter.submit(lambda: None).result()  # one that was just being started is now known
        _end(list(self), patience)
        if self._nursery:
            self._nursery.close()
        self._starter.shutdown()

    def _start(self, program: Program) -> Child:
        if self._closed:
            raise LauncherError(f"{program.name} was not started, for the launcher is stopping.")
        known = self._by_name.get(program.name)
        if known and known.alive:
            raise LauncherError(f"{program.name} already runs as process {known.pid}.")
        child = self._by_name[program.name] = Child(program, nursery=self._nursery)
        return child


def _end(children: list[Child], patience: float) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + patience
    for child in children:
        if not child.gone_within(deadline - time.monotonic()):
            child.kill()
