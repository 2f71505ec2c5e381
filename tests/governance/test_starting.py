"""A governance that cannot start says why; one that can takes up the staff list, and goes on where it was."""

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.governance.main import make_app
from services.governance.module_shelf import load_modules
from services.governance.resources import GovernanceResources, open_resources
from services.governance.settings import GovernanceSettings
from services.governance.staff_file import read_staff
from services.governance.validated_files import UnfitFileError
from services.records.knowing.standings import Standings
from shared.background import end_tasks
from shared.events.topics import GOVERNANCE_STANDING
from tests.audit.ledger_desk import make_topics
from tests.shared.kafka_desk import KafkaDesk, desk_of, eventually

ROOT = Path(__file__).parents[2]


def settings(staff_file: Path) -> dict[str, str]:
    """Of servers that are nowhere."""
    return {
        "group": "test",
        "instance": "governance",
        "port": "1",
        "kafka_bootstrap": '["127.0.0.1:1"]',
        "kafka_username": "governance",
        "kafka_password": "none",
        "mongodb_uri": "mongodb://127.0.0.1:1",
        "mongodb_database": "governance",
        "vault_address": "http://127.0.0.1:1",
        "vault_role_id": "none",
        "vault_secret_id_file": "none",
        "issuers": "[]",
        "staff_file": str(staff_file),
    }


class TestStart:
    def test_is_refused_before_anything_opens(self, tmp_path: Path) -> None:
        known = settings(tmp_path / "staff.json") | {"kafka_bootstrap": ["127.0.0.1:1"], "issuers": []}

        with pytest.raises(UnfitFileError):
            make_app(GovernanceSettings(**known))

    def test_that_fails_leaves_one_sentence(self, tmp_path: Path) -> None:
        staff = tmp_path / "staff.json"
        staff.write_text(json.dumps([{"id": "1", "login": "d", "name": "Denis Durand", "profession": "clerk", "site": ""}]))
        env = os.environ | {f"SERMENT_{name.upper()}": value for name, value in settings(staff).items()}

        command = [sys.executable, "-m", "services.governance"]
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

        assert done.returncode == 1
        assert done.stderr == f"The staff file {staff} is not fit: 0.site: String should have at least 1 character.\n"


@pytest.fixture(scope="module")
def kafka(servers) -> KafkaDesk:
    """The stack's own topic: these people are added to it, and are nobody to the stack."""
    desk = desk_of(servers.kafka)
    make_topics(desk.admin, GOVERNANCE_STANDING.name, config={"cleanup.policy": "compact"})
    return desk


@pytest.fixture
def known(servers, kafka: KafkaDesk, tmp_path: Path) -> GovernanceSettings:
    more: dict[str, Any] = {
        "kafka_bootstrap": servers.kafka.bootstrap,
        "kafka_username": servers.kafka.admin_user,
        "kafka_password": servers.kafka.admin_password,
        "mongodb_uri": servers.mongodb_uri,
        "mongodb_database": f"governance_{uuid.uuid4().hex[:12]}",
        "issuers": [],
        "heartbeat_pause": timedelta(seconds=0.5),
        "mongo_driver": os.environ.get("DRIVER") or "motor",
    }
    return GovernanceSettings(**(settings(tmp_path / "staff.json") | more))


@asynccontextmanager
async def started(known: GovernanceSettings, *idents: str) -> AsyncIterator[GovernanceResources]:
    people = [{"id": ident, "login": ident, "name": ident, "profession": "clerk", "site": "nord"} for ident in idents]
    known.staff_file.write_text(json.dumps(people))
    async with open_resources(known, modules=load_modules(), listed=read_staff(known.staff_file)) as has:
        yield has


@pytest.fixture
async def mirror(kafka: KafkaDesk) -> AsyncIterator[Standings]:
    standings = Standings(kafka.connection, silence_bound=timedelta(seconds=5))
    task = asyncio.create_task(standings.run())
    yield standings
    await end_tasks([task])


class TestRestart:
    async def test_goes_on_where_it_was_with_the_list_of_now(self, known: GovernanceSettings, mirror: Standings) -> None:
        stays, leaves, comes = (uuid.uuid4().hex for _ in range(3))

        async with started(known, stays, leaves) as has:
            await eventually(lambda: mirror.heard() and mirror.of(stays) and mirror.of(leaves))
            until = (await has.staff.find(stays)).duties["privacy-basics"].until
        revision = mirror.of(stays).revision

        async with started(known, stays, comes) as has:
            await eventually(lambda: mirror.of(comes) and not mirror.of(leaves).active)
            await eventually(lambda: mirror.of(stays).revision > revision)
            await has.pings["mongodb"]()

        assert mirror.of(stays).active
        assert mirror.of(stays).duties == {"privacy-basics": until}

    async def test_is_heard_by_its_heartbeat_alone(self, known: GovernanceSettings, mirror: Standings) -> None:
        ident = uuid.uuid4().hex

        async with started(known, ident):
            await eventually(lambda: mirror.heard() and mirror.of(ident))
            await asyncio.sleep(6)

            assert mirror.heard()
