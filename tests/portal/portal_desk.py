"""A portal in one process: its database in memory, its provider and its ledger played at HTTP level, its notes in a list."""

import base64
import hashlib
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from services.portal.cookies import SESSION
from services.portal.main import make_app
from services.portal.resources import PortalResources, open_desk
from services.portal.settings import PortalSettings
from shared.clock import to_millisecond
from shared.event_door import EventDoor
from shared.events import EventRecord
from shared.kafka import connection_of
from shared.mongo import DuplicateKeyError
from shared.notes import NoteNotKeptError
from shared.parked import EventsUnreachableError, Parked, Replayed

URL = "http://127.0.0.1:8400"
PROVIDER = "http://provider.test"
AUDIT = "http://audit.test"
CLIENT = "the-portal"
PLACES = Path(__file__).with_name("places.json")


def settings(**more: Any) -> PortalSettings:
    known = {
        "group": "test",
        "instance": "portal",
        "port": 8400,
        "kafka_bootstrap": ["127.0.0.1:1"],
        "kafka_username": "portal",
        "kafka_password": "none",
        "mongodb_uri": "mongodb://127.0.0.1:1",
        "mongodb_database": "portal",
        "vault_address": "http://127.0.0.1:1",
        "vault_role_id": "none",
        "vault_secret_id_file": "none",
        "issuers": [{"issuer": PROVIDER, "jwks_uri": f"{PROVIDER}/keys", "audiences": [CLIENT]}],
        "public_url": URL,
        "authorize_url": "http://127.0.0.1:8401/authorize",
        "token_url": f"{PROVIDER}/token",
        "client_id": CLIENT,
        "audit_url": AUDIT,
        "consent_url": "http://consent.test",
        "governance_url": "http://governance.test",
        "notifier_url": "http://notifier.test",
        "records_urls": {"nord": ["http://records-a.test", "http://records-b.test"]},
        "places_file": PLACES,
        "time_zone": "Europe/Paris",
    }
    return PortalSettings(**(known | more))


class MemoryRows:
    """The six calls that the portal makes of a collection."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    async def insert_one(self, row: dict[str, Any]) -> None:
        if row["_id"] in self.rows:
            raise DuplicateKeyError("there already")
        self.rows[row["_id"]] = row | {"ends_at": to_millisecond(row["ends_at"])}

    async def update_one(self, query: dict[str, Any], change: dict[str, dict[str, Any]], *, upsert: bool) -> None:
        """Of a row that is older than `at`."""
        assert upsert
        row = self.rows.get(query["_id"])
        if row is not None and not row["at"] < query["at"]["$lt"]:
            raise DuplicateKeyError("there already")
        self.rows[query["_id"]] = {"_id": query["_id"], **(row or {}), **change["$set"]}

    async def find_one(self, query: dict[str, Any]) -> dict[str, Any] | None:
        return self.rows.get(query["_id"])

    async def find_one_and_update(self, query: dict[str, Any], change: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
        row = self.rows.get(query["_id"])
        if row is None or any(row.get(name) != value for name, value in query.items()):
            return None
        self.rows[query["_id"]] = row | change["$set"]
        return row

    async def find_one_and_delete(self, query: dict[str, Any]) -> dict[str, Any] | None:
        return self.rows.pop(query["_id"], None)


class MemoryDatabase:
    def __init__(self) -> None:
        self.collections: dict[str, MemoryRows] = {}

    def get_collection(self, name: str) -> MemoryRows:
        return self.collections.setdefault(name, MemoryRows())

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        return self.get_collection("sessions").rows


class PlayedOutbox:
    """What `Outbox` says of itself."""

    def __init__(self) -> None:
        self.oldest: float | None = None

    async def backlog(self, *, now: datetime) -> dict[str, float | None]:
        assert now.tzinfo is not None
        return {"waiting": 0 if self.oldest is None else 1, "oldest_seconds": self.oldest}


@dataclass
class PlayedParked:
    """What `ParkedMessages` says of the portal's own door; None while Kafka is silent."""

    found: list[Parked] | None = field(default_factory=list)

    async def listed(self) -> list[Parked]:
        if self.found is None:
            raise EventsUnreachableError
        return self.found

    async def replay(self) -> Replayed:
        handled, self.found = await self.listed(), []
        return Replayed(len(handled), [], 0)


@dataclass
class ListedNotes:
    kept: list[dict[str, Any]] = field(default_factory=list)
    down: bool = False
    outbox: PlayedOutbox = field(default_factory=PlayedOutbox)

    def draw(self, type_: str, facts: dict[str, Any], *, now: datetime) -> EventRecord:
        assert now.tzinfo is not None
        return EventRecord("note", "identity.event", None, [], orjson.dumps({"type": type_, **facts}))

    async def keep(self, record: EventRecord) -> None:
        if self.down:
            raise NoteNotKeptError
        self.kept.append(orjson.loads(record.value))

    def told(self) -> list[tuple[str, str | None]]:
        """(last word of the type, reason)."""
        return [(note["type"].split(".")[-2], note["reason"]) for note in self.kept]


class PlayedProvider:
    """A token endpoint with one-time codes and PKCE; `spoil` changes the claims of what it signs."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256"})
        self.codes: dict[str, dict[str, str]] = {}
        self.spoil: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.down = False
        self.person = {"name": "Ursule Faure", "role": "operator"}

    def authorize(self, location: str) -> str:
        """What a browser would bring back: the callback's query."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"code={code}&state={asked['state']}"

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("no provider", request=request)
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        asked = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        return httpx.Response(200, json={"id_token": self.token(asked["nonce"])})

    def token(self, nonce: str) -> str:
        now = int(time.time())  # noqa: TID251 - what an issuer does
        claims = {"iss": PROVIDER, "aud": CLIENT, "sub": "person-1", "iat": now, "exp": now + 900, "nonce": nonce}
        claims["extensions"] = {
            "ihe_iua": {
                "subject_name": self.person["name"],
                "subject_role": self.person["role"],
                "subject_organization_id": "nord",
                "purpose_of_use": self.person.get("purposes", "HSYSADMIN"),
                "person_id": self.person.get("patient", ""),
            },
            "serment": {"workstation": self.person.get("workstation", "")},
        }
        return jwt.encode({"alg": "ES256", "kid": "one"}, self.spoil(claims), self.key)


@dataclass
class PlayedLedger:
    entries: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(request.url.params) | {"token": request.headers["authorization"]})
        if self.status != 200:
            return httpx.Response(self.status)
        after = int(request.url.params.get("after", -1))
        return httpx.Response(200, json=[entry for entry in self.entries if entry["index"] > after])


def an_entry(index: int = 0, **more: Any) -> dict[str, Any]:
    known = {
        "index": index,
        "time": "2026-11-25T09:41:05.120Z",
        "type": "org.serment.records.access.v1",
        "action": "read",
        "resourceType": "Observation",
        "outcome": "answered",
        "reason": None,
        "status": 200,
        "purpose": "TREAT",
        "profession": "clinician",
        "unit": "nord-medecine",
        "site": "nord",
        "relationship": "participant",
        "signed": True,
    }
    return known | more


@dataclass
class PlayedGroup:
    """The services that pages ask: what they answer by `METHOD service/path`, which are silent, and what they were asked.

    `METHOD records-a/path` is what one replica answers.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    asked: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host.removesuffix(".test")
        if host in self.silent:
            raise httpx.ConnectError("nobody listens", request=request)
        self.asked.append(request)
        nobody = (404, {"type": "urn:serment:problem:none", "detail": "None."})
        asked = [f"{request.method} {name}{request.url.path}" for name in (host, host.partition("-")[0])]
        found = next((self.answers[one] for one in asked if one in self.answers), nobody)
        status, body = found if isinstance(found, tuple) else (200, found)
        return httpx.Response(status, json=body, headers={"x-decision-id": "decision-1"})


@dataclass
class PortalDesk:
    """A browser before a portal."""

    browser: httpx.AsyncClient
    app: Any
    provider: PlayedProvider
    ledger: PlayedLedger
    group: PlayedGroup
    notes: ListedNotes
    database: MemoryDatabase
    own_parked: PlayedParked

    async def leave(self) -> str:
        """Where the sign-in button leads."""
        answer = await self.browser.post("/sign-in")
        assert answer.status_code == 303
        return answer.headers["location"]

    async def sign_in(self, role: str | None = None, **more: str) -> httpx.Response:
        if role:
            self.provider.person = {"name": "Camille Essai", "role": role, **more}
        return await self.browser.get(f"/callback?{self.provider.authorize(await self.leave())}")

    async def send(self, page: str, path: str, **fields: Any) -> httpx.Response:
        """As the form on that page would."""
        token = re.search(r'name="form-token" value="([0-9a-f]+)"', (await self.browser.get(page)).text)
        assert token is not None
        return await self.browser.post(path, data={"form-token": token[1], **fields})

    def cookie(self, name: str = SESSION) -> str | None:
        return self.browser.cookies.get(name)


def a_browser(**more: Any) -> httpx.AsyncClient:
    """Chromium takes loopback for a safe place and sends Secure cookies there; httpx does when a hook sends them."""
    browser = httpx.AsyncClient(trust_env=False, **more)

    async def send_cookies(request: httpx.Request) -> None:
        if browser.cookies:
            request.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    browser.event_hooks = {"request": [send_cookies]}
    return browser


@asynccontextmanager
async def open_portal(**more: Any) -> AsyncIterator[PortalDesk]:
    provider, ledger, group, notes, database = PlayedProvider(), PlayedLedger(), PlayedGroup(), ListedNotes(), MemoryDatabase()
    hosts = defaultdict(
        lambda: group.answer,
        {
            "provider.test": provider.answer,
            "audit.test": lambda asked: (ledger if asked.url.path.endswith("/activity") else group).answer(asked),
        },
    )
    given = settings(**more)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda request: hosts[request.url.host](request))) as http:
        door = EventDoor(connection_of(given), group="portal")
        opened = open_desk(given, database=database, http=http, notes=notes, door=door)  # type: ignore[arg-type]
        own_parked = PlayedParked()
        desk = replace(opened, parked=own_parked)  # type: ignore[arg-type]
        keys = desk.identities._issuers[PROVIDER]
        keys._keys, keys._ids, keys._asked = KeySet([provider.key]), frozenset({"one"}), time.monotonic()
        app = make_app(given)
        app.app.state.resources = PortalResources(desk, door)  # type: ignore[attr-defined]
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with a_browser(transport=transport, base_url=given.public_url) as browser:
            yield PortalDesk(browser, app, provider, ledger, group, notes, database, own_parked)
