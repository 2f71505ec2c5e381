"""Measures how long a replica waits for its first lease where a million patients have said something."""

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pymongo import MongoClient  # noqa: TID251 - the rows of a benchmark are no service's
from pymongo.database import Database  # noqa: TID251

from bench.figures import Goal, Result
from deploy.local.home import claim_home
from deploy.local.ports import find_free_ports
from deploy.local.stack import Shape, Stack, start_stack
from shared.clock import utc_now
from shared.directive import DENY, Directive, Provision, packed
from shared.vocabulary import PatientId

Say = Callable[[str], None]
MANY = 1_000_000
REPLICA = "sud"
_GOAL = Goal("<=", 30.0)
_ROWS = 1000
_TOLD_EVERY = 100_000
_PATIENCE = 600.0


def measure_start(*, pairs: int, short: bool, say: Say) -> list[dict[str, Any]]:
    """Against a stack of its own: the replica is stopped and started once per pair."""
    with TemporaryDirectory(prefix="serment-bench-home-", ignore_cleanup_errors=True) as folder:
        home = claim_home(Path(folder) / "home", portal="the benchmark", say=print)
        stack = start_stack(home, find_free_ports(), shape=Shape(every_chart=False), say=say)
        try:
            count = MANY // 50 if short else MANY
            store(stack, count, say)
            seconds = [_seconds(stack, say) for _ in range(pairs)]
        finally:
            stack.stop()
    result = Result(f"first lease of a replica, {count:,} directives", "seconds", [(one, 1.0) for one in seconds], _GOAL)
    return [result.told(engine="Kafka, SecantusDB and OpenBao on this machine", now=utc_now(), short=short)]


def _seconds(stack: Stack, say: Say) -> float:
    """From asking for the first lease to holding it, as the replica's own log tells."""
    child = stack.servers.children.start_again(REPLICA)
    deadline = time.monotonic() + _PATIENCE
    while not (told := [line for line in child.tail(400) if "records.first-lease" in line]):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the replica has no lease after {_PATIENCE:.0f} seconds")
        time.sleep(0.2)
    seconds = float(json.loads(told[-1])["seconds"])
    say(f"  {seconds:.1f} s")
    return seconds


def store(stack: Stack, count: int, say: Say) -> None:
    """So many patients' directives, above what is there, and the head after them."""
    say(f"Storing {count:,} directives.")
    for name in stack.launch.replicas:  # each lease would bring them all that is stored so far
        stack.servers.children[name].kill()
    with MongoClient[dict[str, Any]](stack.servers.mongodb_uri) as client:
        database: Database[dict[str, Any]] = client.get_database("consent")
        fence = database.enforcement.find_one({"_id": "fence"}) or {}
        head, epoch = int(fence["head"]), int(fence["epoch"])
        for first in range(0, count, _ROWS):
            numbers = range(head + 1 + first, head + 1 + min(first + _ROWS, count))
            rows = [_row(number, epoch) for number in numbers]
            with client.start_session() as session, session.start_transaction():  # one commit for all of them
                database.directives.insert_many(rows, ordered=False, session=session)
            if first % _TOLD_EVERY == 0:
                say(f"  {first:,}")
        database.enforcement.update_one({"_id": "fence"}, {"$set": {"head": head + count}})


def _row(number: int, epoch: int) -> dict[str, Any]:
    patient = PatientId(str(uuid.uuid4()))
    provision = Provision(DENY, units=frozenset({"nord-medecine"}), source=f"{uuid.uuid4()}/1")
    return {"_id": patient, "number": number, "value": packed(Directive(patient, number, epoch, (provision,)))}
