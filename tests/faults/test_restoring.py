"""Puts `consent` back to a backup: what patients said since comes back from Kafka before anybody decides, and stays theirs to change."""

import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from pymongo import MongoClient  # noqa: TID251 - whoever restores a backup is no service

from cli.story.checking import until
from tests.builders import Desk
from tests.faults.ground import Ground

COLLECTIONS = ("enforcement", "directives", "consents", "changes", "erased", "outbox")
Backup = Mapping[str, list[dict[str, Any]]]


@pytest.fixture
def store(ground: Ground) -> Any:
    with MongoClient[dict[str, Any]](ground.stack.servers.mongodb_uri) as client:
        yield client.get_database("consent")


class TestRestoring:
    def test_loses_no_word_and_begins_a_new_epoch(self, ground: Ground, desk: Desk, store: Any) -> None:
        (kept, kept_about), (gone, gone_about) = desk.a_chart(), desk.a_chart()
        taken_back = said(ground, kept, units=["nord-medecine"])
        backup = dump(store)

        answered(withdraw(ground, taken_back))
        objection = said(ground, gone, purposes=["TREAT"], persons=[desk.practitioner("a.martin")])
        before = statements(ground, gone)
        ground.child("consent").kill()
        restore(store, backup)
        ground.start_again("consent")
        time.sleep(1.5)
        ground.start_again("consent")  # killed while it was bringing back
        ground.wait_until_ready()

        assert store.enforcement.find_one({"_id": "fence"})["epoch"] == 2
        until(lambda: desk.ask("GET", kept_about, "a.martin").status_code == 200, within=15, otherwise="the replica did not begin anew")
        assert desk.ask("GET", gone_about, "a.martin").status_code == 403
        assert [told(one) for one in statements(ground, gone)] == [told(one) for one in before]
        assert [one["status"] for one in statements(ground, kept)] == ["inactive"]
        answered(withdraw(ground, objection))
        assert desk.ask("GET", gone_about, "a.martin").status_code == 200
        assert store.enforcement.find_one({"_id": "fence"})["head"] == store.directives.find_one({"_id": gone})["number"]


def told(consent: dict[str, Any]) -> Any:
    """What it says; when it was given is known by its publication only."""
    return consent["id"], consent["status"], consent["provision"]


def said(ground: Ground, patient: str, **words: Any) -> str:
    answer = ask(ground, "POST", "/consents", json={"patient": patient, "kind": "objection", **words})
    return str(answered(answer)["id"])


def withdraw(ground: Ground, ident: str) -> httpx.Response:
    return ask(ground, "POST", f"/consents/{ident}/withdrawal")


def statements(ground: Ground, patient: str) -> list[dict[str, Any]]:
    bundle = answered(ask(ground, "GET", "/fhir/Consent", params={"patient": patient}))
    return [entry["resource"] for entry in bundle["entry"]]


def ask(ground: Ground, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {ground.running.token('o.leroy', 'RECORDMGT')}"}
    return httpx.request(method, f"{ground.running.addresses['consent']}{path}", headers=headers, timeout=60, trust_env=False, **more)


def answered(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def dump(store: Any) -> Backup:
    return {name: list(store.get_collection(name).find({})) for name in COLLECTIONS}


def restore(store: Any, backup: Backup) -> None:
    for name, rows in backup.items():
        store.get_collection(name).delete_many({})
        if rows:
            store.get_collection(name).insert_many(rows)
