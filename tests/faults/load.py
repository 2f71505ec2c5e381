"""Callers in great number who keep books: what each asked, what each was told, and what they may therefore rely on."""

import asyncio
import contextlib
import random
import time
import uuid
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from tests.builders import Desk, an_observation

IN_FLIGHT = 16
CHARTS = 12
_TREATS, _STRANGER, _WRITES = "a.martin", "b.bernard", "integration.nord"
_MARK = "urn:serment:mark"
_UNHEARD = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass
class Books:
    """`doubtful` holds what was asked and not answered: it may have happened or not."""

    decisions: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    created: dict[str, str] = field(default_factory=dict)
    doubtful_marks: set[str] = field(default_factory=set)
    updated: set[tuple[str, int]] = field(default_factory=set)
    current: dict[str, int | None] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    answered: list[tuple[float, str]] = field(default_factory=list)
    failed_at: float = 0.0

    def rates(self, start: float, end: float) -> Counter[str]:
        """How often each replica answered what was right between two moments."""
        return Counter(base for at, base in self.answered if start <= at < end)


@dataclass
class Load:
    """`charts` and `notebooks` (one Observation for each caller to update) are made before anything is killed."""

    bases: list[str]
    tokens: dict[str, str]
    charts: list[str]
    observations: list[str]
    notebooks: list[tuple[str, str]]
    seed: int
    books: Books = field(default_factory=Books)
    fresh: deque[str] = field(default_factory=deque)
    stopped: bool = False

    async def run(self) -> None:
        """Until `stopped`."""
        timeout = aiohttp.ClientTimeout(total=40)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
            await asyncio.gather(*(self._call_on(session, number) for number in range(IN_FLIGHT)))

    async def _call_on(self, session: aiohttp.ClientSession, number: int) -> None:
        dice = random.Random(self.seed * 1000 + number)  # noqa: S311 - to be played again
        patient, notebook = self.notebooks[number]
        while not self.stopped:
            base = dice.choice(self.bases)
            match dice.choices(["read", "unknown", "stranger", "create", "update"], [60, 10, 12, 12, 6])[0]:
                case "read":
                    await self._read(session, base, dice.choice(self.observations))
                case "unknown":
                    await self._refusal(session, base, f"Observation/{uuid.uuid4()}", _TREATS, 404)
                case "stranger" if self.fresh:
                    await self._refusal(session, base, self.fresh.popleft(), _STRANGER, 403)
                case "update":
                    await self._update(session, base, patient, notebook)
                case _:
                    await self._create(session, base, dice.choice(self.charts))

    async def _read(self, session: aiohttp.ClientSession, base: str, address: str) -> None:
        status, headers, _body = await self._ask(session, "GET", f"{base}/{address}", _TREATS, expected={200})
        if status == 200:
            self.books.decisions.append(headers["x-decision-id"])

    async def _refusal(self, session: aiohttp.ClientSession, base: str, address: str, login: str, expected: int) -> None:
        """Each resource once, so that its notes are this request's."""
        status, _headers, _body = await self._ask(session, "GET", f"{base}/{address}", login, expected={expected})
        if status == expected:
            self.books.refused[address] = status
        else:
            self.books.doubtful.add(address)

    async def _create(self, session: aiohttp.ClientSession, base: str, patient: str) -> None:
        mark = str(uuid.uuid4())
        body = an_observation(patient, identifier=[{"system": _MARK, "value": mark}])
        status, headers, answer = await self._ask(session, "POST", f"{base}/Observation", _WRITES, body=body, expected={201})
        if status == 201:
            self.books.created[mark] = f"Observation/{answer['id']}"
            self.books.decisions.append(headers["x-decision-id"])
            self.fresh.append(self.books.created[mark])
        else:
            self.books.doubtful_marks.add(mark)

    async def _update(self, session: aiohttp.ClientSession, base: str, patient: str, address: str) -> None:
        """As a careful client: after no answer it reads what became of it, and a conflict is right only where that was in doubt."""
        known = self.books.current[address]
        if known is None:
            known = await self._look_up(session, base, address)
            if known is None:
                return
            expected = {200, 412}
        else:
            expected = {200}
        body = an_observation(patient, id=address.split("/")[1], note=[{"text": str(uuid.uuid4())}])
        headers = {"if-match": f'W/"{known}"'}
        status, told, answer = await self._ask(session, "PUT", f"{base}/{address}", _WRITES, body=body, expected=expected, more=headers)
        self.books.current[address] = known + 1 if status == 200 else None
        if status == 200:
            assert answer["meta"]["versionId"] == str(known + 1)
            self.books.updated.add((address, known + 1))
            self.books.decisions.append(told["x-decision-id"])

    async def _look_up(self, session: aiohttp.ClientSession, base: str, address: str) -> int | None:
        status, headers, body = await self._ask(session, "GET", f"{base}/{address}", _TREATS, expected={200})
        if status != 200:
            return None
        self.books.decisions.append(headers["x-decision-id"])
        return int(body["meta"]["versionId"])

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        login: str,
        *,
        expected: set[int],
        body: dict[str, Any] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str], Any]:
        """(0, ...) when nothing was heard. A status that is neither expected nor 5xx is wrong whatever was killed."""
        headers = {"authorization": f"Bearer {self.tokens[login]}", "content-type": "application/fhir+json", **(more or {})}
        data = None if body is None else orjson.dumps(body)
        try:
            async with session.request(method, url, data=data, headers=headers) as answer:
                status, told, content = answer.status, answer.headers, await answer.read()
        except _UNHEARD as error:
            await self._failed(type(error).__name__)
            return 0, {}, None
        found = orjson.loads(content)
        if status in expected:
            self.books.answered.append((time.monotonic(), next(base for base in self.bases if url.startswith(base))))
        elif status >= 500:
            await self._failed(f"{status} {_slug(found)}")
        else:
            self.books.wrong.append(f"{method} {url} as {login}: {status} {_slug(found)}")
        return status, told, found

    async def _failed(self, how: str) -> None:
        self.books.errors[how] += 1
        self.books.failed_at = time.monotonic()
        await asyncio.sleep(0.05)


def make_load(desk: Desk, *, seed: int) -> Load:
    charts = [desk.a_chart(_TREATS) for _ in range(CHARTS)]
    patients = [patient for patient, _address in charts]
    notebooks = []
    for number in range(IN_FLIGHT):
        patient = patients[number % CHARTS]
        notebooks.append((patient, f"Observation/{desk.create(an_observation(patient))['id']}"))
    tokens = {login: desk.running.token(login) for login in (_TREATS, _STRANGER, _WRITES)}
    load = Load(desk.running.replicas("nord"), tokens, patients, [address for _patient, address in charts], notebooks, seed)
    load.books.current = dict.fromkeys((address for _patient, address in notebooks), 1)
    return load


async def keep_tokens_fresh(load: Load, desk: Desk, *, every: float = 120) -> None:
    """The issuer may be the one that was just killed; the tokens of before are good for a while."""
    while True:
        await asyncio.sleep(every)
        for login in load.tokens:
            with contextlib.suppress(Exception):
                load.tokens[login] = await asyncio.to_thread(desk.running.token, login)


def marks_in(desk: Desk, patient: str) -> Counter[str]:
    """How often each mark stands in a chart now."""
    found: Counter[str] = Counter()
    page: dict[str, Any] = {"patient": patient, "_count": 1000}
    while True:
        answer = desk.ask("GET", "Observation", _TREATS, params=page)
        assert answer.status_code == 200, answer.text
        resources = [entry["resource"] for entry in answer.json().get("entry", [])]
        found.update(one["value"] for resource in resources for one in resource.get("identifier", []) if one["system"] == _MARK)
        if not any(link["relation"] == "next" for link in answer.json()["link"]):
            return found
        page["_after"] = resources[-1]["id"]


def _slug(body: Any) -> str:
    return str(body["issue"][0]["details"]["coding"][0]["code"]) if isinstance(body, dict) and "issue" in body else ""
