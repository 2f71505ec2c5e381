"""What the ledger answers over HTTP, to whom, and what it never says."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from fastapi.routing import APIRoute

from services.audit.api import join_routes, router
from services.audit.checkpoint import open_checkpoint, parse_proof, verify_proof
from services.audit.merkle import leaf_hash, root_of
from services.audit.tiles import decode_entries
from shared.clock import utc_now
from shared.http import create_app
from shared.identity import Actor, TokenRefusedError
from shared.vault import VaultUnavailableError
from shared.vocabulary import Profession
from tests.audit.ledger_desk import FakeSource, LedgerDesk, eventually

PATIENT = "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11"
SHOWN = {
    "index",
    "time",
    "type",
    "action",
    "resourceType",
    "outcome",
    "reason",
    "status",
    "purpose",
    "profession",
    "unit",
    "site",
    "relationship",
    "signed",
}


class FakeIdentities:
    """The token is the profession."""

    async def verify(self, token: bytes) -> Actor:
        if token.decode() not in set(Profession):
            raise TokenRefusedError
        return Actor("u", "", Profession(token.decode()), "nord", "", frozenset({"TREAT"}), "", None, "", "", 0.0)


class ShutSealer:
    """Vault is sealed."""

    async def seal(self, *_: Any, **__: Any) -> None:
        raise VaultUnavailableError


@pytest.fixture
async def client(desk: LedgerDesk) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app("audit", lifespan=None, pings=lambda _: desk.has.pings())  # type: ignore[arg-type]
    app.state.resources = replace(desk.has, identities=FakeIdentities())  # type: ignore[arg-type]
    join_routes(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://audit") as opened:
        yield opened


def an_access(source: FakeSource) -> tuple[bytes, list[tuple[str, bytes]]]:
    actor = {"id": "staff-1", "profession": "clinician", "unit": "cardio", "site": "nord"}
    facts: dict[str, Any] = {"action": "read", "resourceType": "Observation", "outcome": "answered", "status": 200, "purpose": "TREAT"}
    return source.note(**facts, actor=actor, relationship="unit", patient=PATIENT, resource="Observation/1", reason="x" * 65)


class TestPublicRoutes:
    async def test_serve_a_log_that_proves_itself(self, desk: LedgerDesk, client: httpx.AsyncClient) -> None:
        source, path = FakeSource(), f"/log/{desk.log.topic}"
        async with desk.running():
            await desk.send(*(source.note() for _ in range(300)))
            await desk.signs(size=300)
        note = orjson.loads((await desk.has.sealer.open(desk.log, (await desk.entries())[41])).value)  # type: ignore[union-attr]

        checkpoint, _ = open_checkpoint((await client.get(f"{path}/checkpoint")).text, log=await desk.verifier())
        whole, part = [(await client.get(f"{path}/tile/0/{n}")).content for n in ("000", "001.p/44")]
        leaves = [leaf for n in ("000", "001.p/44") for leaf in decode_entries((await client.get(f"{path}/tile/entries/{n}")).content)]
        proof = parse_proof((await client.get(f"{path}/proof/{note['id']}")).text)

        assert root_of(whole + part) == checkpoint.root
        assert b"".join(map(leaf_hash, leaves)) == whole + part
        assert verify_proof(proof, leaf_hash(leaves[41]), log=await desk.verifier()) == checkpoint

    @pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/0/000.p/2", "tile/0/0", "tile/entries/000.p/2", "proof/none"])
    async def test_know_nothing_that_is_not_signed(self, desk: LedgerDesk, client: httpx.AsyncClient, path: str) -> None:
        async with desk.running("sequencer"):
            await desk.send(FakeSource().note())
            await desk.sequences(size=1)

        answer = await client.get(f"/log/{desk.log.topic}/{path}")

        assert (answer.status_code, answer.json()["type"]) == (404, "urn:serment:problem:not-in-ledger")

    async def test_know_no_other_log(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/log/records.change/checkpoint")).status_code == 404


class TestActivity:
    async def test_shows_what_happened_and_not_to_whom(self, desk: LedgerDesk, client: httpx.AsyncClient) -> None:
        async with desk.running():
            await desk.send(an_access(FakeSource()), (b"broken", []))
            await desk.signs(size=2)

        answer = await client.get(f"/log/{desk.log.topic}/activity", headers={"authorization": "Bearer privacy-officer"})

        first, second = answer.json()
        assert first.keys() == second.keys() == SHOWN
        assert {name: first[name] for name in ("index", "action", "unit", "signed", "reason")} == {
            "index": 0,
            "action": "read",
            "unit": "cardio",
            "signed": True,
            "reason": None,
        }
        assert {name for name, value in second.items() if value is not None} == {"index", "signed"}
        assert not [word for word in (PATIENT, "staff-1", "Observation/1") if word in answer.text]

    async def test_waits_for_what_is_new(self, desk: LedgerDesk, client: httpx.AsyncClient) -> None:
        source = FakeSource()
        async with desk.running("sequencer"):
            await desk.send(source.note())
            await desk.sequences(size=1)
            watching = client.get(f"/log/{desk.log.topic}/activity?after=0&wait=10", headers={"authorization": "Bearer operator"})
            await desk.send(source.note())

            assert [entry["index"] for entry in (await watching).json()] == [1]

    @pytest.mark.parametrize(("token", "status"), [("clinician", 403), ("patient", 403), ("nobody", 401), ("operator", 200)])
    @pytest.mark.parametrize("path", ["activity", "status"])
    async def test_is_for_those_who_watch(self, desk: LedgerDesk, client: httpx.AsyncClient, path: str, token: str, status: int) -> None:
        address = "/status" if path == "status" else f"/log/{desk.log.topic}/activity"

        assert (await client.get(address, headers={"authorization": f"Bearer {token}"})).status_code == status
        assert (await client.get(address)).status_code == 401


class TestStatus:
    async def test_tells_how_far_a_log_is(self, desk: LedgerDesk, client: httpx.AsyncClient) -> None:
        async with desk.running():
            await desk.send(FakeSource().note(), (b"broken", []))
            await desk.signs(size=2)

            status = (await client.get("/status", headers={"authorization": "Bearer operator"})).json()

        assert 0 <= status[desk.log.topic].pop("age_seconds") < 20
        assert status.pop("outbox").keys() == {"waiting", "oldest_seconds"}
        assert status == {
            desk.log.topic: {
                "size": 2,
                "signed_size": 2,
                "unsigned_seconds": None,
                "lag": 0,
                "lag_seconds": None,
                "suspicions": 1,
                "stopped": None,
            }
        }

    async def test_tells_how_long_an_entry_has_gone_unsigned(self, desk: LedgerDesk, client: httpx.AsyncClient) -> None:
        async with desk.running("sequencer"):
            await desk.send(FakeSource().note())
            await desk.sequences(size=1)
            await desk.database[f"entries.{desk.log.topic}"].update_one({"_id": 0}, {"$set": {"at": utc_now() - timedelta(seconds=30)}})
            status = (await client.get("/status", headers={"authorization": "Bearer privacy-officer"})).json()[desk.log.topic]

        assert (status["signed_size"], status["age_seconds"]) == (0, None)
        assert 30 <= status["unsigned_seconds"] < 50

    async def test_tells_how_long_a_note_has_waited_in_kafka(self, desk: LedgerDesk, client: httpx.AsyncClient) -> None:
        async def waiting() -> bool:
            told = (await client.get("/status", headers={"authorization": "Bearer operator"})).json()[desk.log.topic]
            return told["lag"] == 2 and told["lag_seconds"] > 1

        async def caught_up() -> bool:
            told = (await client.get("/status", headers={"authorization": "Bearer operator"})).json()[desk.log.topic]
            return (told["size"], told["lag"], told["lag_seconds"]) == (2, 0, None)

        without_vault = LedgerDesk(replace(desk.has, sealer=ShutSealer()), desk.log, desk.producer, desk.database)  # type: ignore[arg-type]
        async with without_vault.running("sequencer"):
            await desk.send(FakeSource().note(), FakeSource().note())
            await eventually(waiting)
        async with desk.running("sequencer"):
            await eventually(caught_up)

    async def test_is_ready_until_a_log_stops(self, desk: LedgerDesk, client: httpx.AsyncClient) -> None:
        assert (await client.get("/health/ready")).status_code == 200

        desk.progress.stop("log-changed")

        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json()[f"log/{desk.log.topic}"] == "down"


class TestRoutes:
    def test_each_says_for_whom_it_is(self) -> None:
        professions = {
            route.path: (route.openapi_extra or {}).get("x-professions") for route in router.routes if isinstance(route, APIRoute)
        }

        assert professions == {
            "/log/{topic}/checkpoint": ["everyone"],
            "/log/{topic}/tile/{name:path}": ["everyone"],
            "/log/{topic}/proof/{note_id}": ["everyone"],
            "/log/{topic}/activity": ["operator", "privacy-officer"],
            "/log/{topic}/trail/{patient}": ["patient", "privacy-officer"],
            "/log/{topic}/entries": ["privacy-officer"],
            "/status": ["operator", "privacy-officer"],
        }
