"""Lists parked messages and has them handled again, by asking the services that parked them."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from rich.console import Console

from cli.running import Running
from shared.events.topics import TOPICS
from shared.vocabulary import Profession

_LISTED_WITHIN, _REPLAYED_WITHIN = 15, 30


def list_parked(running: Running, *, console: Console) -> int:
    """Places and reasons only: what a message holds is not shown. 1 when a service is silent."""
    answers = list(_asked(running, "GET", "/parked"))
    silent = [name for name, found in answers if found is None]
    for name in silent:
        console.print(f"{name} does not answer; what it parked is not listed.")
    lines = [_line(name, one) for name, found in answers for one in found or ()]
    for line in lines or ([] if silent else ["Nothing is parked."]):
        console.print(line, highlight=False)
    return int(bool(silent))


def replay_parked(running: Running, topic: str, *, console: Console) -> int:
    """Each message once, to the reader that parked it. 1 when one failed again, or a service is silent."""
    name = topic.removesuffix(".parked")
    if name not in {one.name for one in TOPICS if one.parked}:
        console.print(f"{topic} has no parked messages. Topics that have: {', '.join(one.name for one in TOPICS if one.parked)}.")
        return 1
    wrong = False
    for reader, told in _asked(running, "POST", f"/parked/replay?topic={name}"):
        wrong = wrong or told is None or bool(told["failed"] or told["left"])
        console.print(f"{reader}: {_ending(told)}")
    return int(wrong)


def _line(name: str, one: Mapping[str, Any]) -> str:
    return f"{name}: {one['topic']} {one['offset']}, {one['type'] or 'unreadable'}, since {one['at']}: {one['reason']}"


def _ending(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "does not answer."
    again = "".join(f"; {one['type'] or 'unreadable'} failed again ({one['reason']})" for one in told["failed"])
    left = f"; {told['left']} are left, ask again" if told["left"] else ""
    return f"{told['replayed']} handled{again}{left}."


def _asked(running: Running, method: str, path: str) -> Iterator[tuple[str, Any]]:
    """(process, its answer); None where it is silent."""
    headers = {"authorization": f"Bearer {running.token(running.login_of(Profession.OPERATOR))}"}
    with httpx.Client(trust_env=False, headers=headers, timeout=_REPLAYED_WITHIN if method == "POST" else _LISTED_WITHIN) as http:
        for name, address in _readers(running):
            try:
                answer = http.request(method, f"{address}{path}")
                yield name, answer.raise_for_status().json()
            except httpx.HTTPError:
                yield name, None


def _readers(running: Running) -> Iterator[tuple[str, str]]:
    """Every process that reads events through a door which parks."""
    for site in running.addresses["sites"]:
        for number, base in enumerate(running.replicas(site), 1):
            yield f"records/{site} {number}", base.removesuffix("/fhir")
    for name in ("notifier", "audit", "portal"):
        yield name, running.addresses[name]
