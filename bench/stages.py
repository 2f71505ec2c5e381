"""Says where the microseconds of a protected read go, by running its parts one by one with the real collaborators.

`python -m bench.stages PLAN --requests 5000`; the settings of `records` and the bearer token (`BENCH_TOKEN`) come from the environment.
Every whole read that is made here is noted like any other; notes that are only worded go nowhere.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from services.records.decision import Permit
from services.records.desk import Desk
from services.records.model import Ask, SealedRecord
from services.records.noting import ACCESS, access_facts, label_class
from services.records.reading.read_record import read_record
from services.records.resources import RecordsResources, open_resources
from services.records.settings import RecordsSettings
from shared.clock import utc_now
from shared.events.topics import RECORDS_ACCESS
from shared.identity import Actor, Identities, bearer, purpose_of
from shared.notes import Notes
from shared.telemetry import open_telemetry
from shared.vocabulary import Action, Outcome

Work = Callable[[int], Awaitable[Any]]


async def measure(addresses: Sequence[str], *, token: bytes, requests: int, in_flight: int) -> dict[str, Any]:
    """Microseconds of processor time per read and part, all threads counted; and how many whole reads were made for it."""
    settings = RecordsSettings()
    open_telemetry("records", instance=settings.instance, level="warning")
    async with open_resources(settings) as has:
        actor = await has.identities.verify(token)
        stages = Stages(has, actor, addresses)
        await stages.warm()
        found = {
            "the caller is known": await per_call(stages.know(has.identities, b"Bearer " + token), requests, in_flight=1),
            "the sealed record is fetched": await per_call(stages.fetch, requests, in_flight=in_flight),
            "facts are gathered, and decided on": await per_call(stages.decide, requests, in_flight=1),
            "the record is opened": await per_call(stages.open, requests, in_flight=1),
            "the note is worded": await per_call(stages.word, requests, in_flight=1),
        }
        whole = await per_call(stages.read, requests, in_flight=in_flight)
    known = found["the caller is known"]
    found["the note is kept until Kafka has it, and the parts are joined"] = whole + known - sum(found.values())
    return {"parts": found, "reads": requests}


async def per_call(work: Work, calls: int, *, in_flight: int) -> float:
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    before = time.process_time_ns()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return (time.process_time_ns() - before) / 1000 / calls


class Stages:
    """The parts of `read_record`, each with what the part before it would have handed over."""

    def __init__(self, has: RecordsResources, actor: Actor, addresses: Sequence[str]) -> None:
        self._desk: Desk = has.desk
        self._actor = actor
        self._purpose = purpose_of(actor, None)
        self._addresses = addresses
        self._records: list[SealedRecord] = []
        self._permits: list[Permit] = []
        notes = has.desk.notes
        self._unsent = Notes(
            RECORDS_ACCESS, source="/records/bench", about={"site": has.desk.site}, producer=notes.producer, outbox=notes.outbox
        )

    async def warm(self) -> None:
        """Fills the caches, as the reads of the minute before would have."""
        for address in self._addresses:
            record = await self._desk.store.find(address)
            if record is None:
                raise RuntimeError("a measured resource is gone")
            permit = await self._decided(record)
            await self._desk.sealer.open(record, permit)
            self._records.append(record)
            self._permits.append(permit)

    def know(self, identities: Identities, authorization: bytes) -> Work:
        async def known(_number: int) -> None:
            actor = identities.remembered(bearer(authorization))
            purpose_of(actor or self._actor, None)

        return known

    async def fetch(self, number: int) -> None:
        await self._desk.store.find(self._addresses[number % len(self._addresses)])

    async def decide(self, number: int) -> None:
        await self._decided(self._records[number % len(self._records)])

    async def open(self, number: int) -> None:
        place = number % len(self._records)
        await self._desk.sealer.open(self._records[place], self._permits[place])

    async def word(self, number: int) -> None:
        place = number % len(self._records)
        record, permit = self._records[place], self._permits[place]
        facts = access_facts(
            permit.ask,
            outcome=Outcome.ANSWERED,
            status=200,
            verdict=permit,
            resource=record.address,
            version=record.version,
            labels=label_class(()),
        )
        self._unsent.draw(ACCESS, facts, now=utc_now())

    async def read(self, number: int) -> None:
        type_, _, ident = self._addresses[number % len(self._addresses)].partition("/")
        await read_record(self._actor, self._purpose, type_, ident, now=utc_now(), desk=self._desk)

    async def _decided(self, record: SealedRecord) -> Permit:
        now = utc_now()
        ask = Ask(self._actor, self._purpose, Action.READ, record.type, record.patient)
        verdict, _facts = await self._desk.decide(ask, now=now)
        if not isinstance(verdict, Permit):
            raise RuntimeError(f"a measured read was refused: {verdict.reason}")  # noqa: TRY004 - a refusal is no wrong type
        return verdict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=Path, help="JSON list of addresses")
    parser.add_argument("--requests", type=int, default=8000)
    parser.add_argument("--in-flight", type=int, default=64)
    asked = parser.parse_args()
    addresses = json.loads(asked.plan.read_text())
    token = os.environ["BENCH_TOKEN"].encode()
    print(json.dumps(uvloop.run(measure(addresses, token=token, requests=asked.requests, in_flight=asked.in_flight))))


if __name__ == "__main__":
    main()
