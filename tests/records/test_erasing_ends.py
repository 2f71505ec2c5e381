"""Erasures whose last transaction ends without a word, or was somebody else's: noted as they were answered, under each number once."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.servers import Servers
from services.records.erasing.erase_chart import Eraser, destroy
from services.records.erasing.erasures import Erasures, ErasureState, proposed_erasure
from services.records.knowing.blind_index import BlindIndex
from services.records.knowing.chart_headers import ChartHeaders
from services.records.model import WHOLE_CHART
from services.records.sealer import Sealer
from shared.mongo import Mongo, StoreUnreachableError, open_mongo
from shared.vocabulary import Action, Outcome
from tests.records.emergency_desk import ME, NOW, EmergencyDesk, FakeHeaders, FakeKeyring

_OTHER = "6f0a61f2-6f0f-4d54-b6e6-0d5c2b0c6a11"


class ErasedBefore:
    """`consent` and the keyring, both done already."""

    async def forbid(self, _patient: str, **_of: Any) -> None:
        pass

    async def destroy(self, _owner: str, **_of: Any) -> None:
        pass


@pytest.fixture
async def mongo(servers: Servers) -> AsyncIterator[Mongo]:
    opened = open_mongo(servers.mongodb_uri, driver="motor")
    yield opened
    await opened.close()


@pytest.fixture
def desk(mongo: Mongo) -> EmergencyDesk:
    name, keyring = f"erasing_{uuid.uuid4().hex[:12]}", FakeKeyring()
    made = EmergencyDesk(mongo, name, FakeHeaders(), keyring)
    made.headers = ChartHeaders(mongo.database(name), sealer=Sealer(keyring, site="nord"), care_lasts=timedelta(days=30))  # type: ignore[arg-type, assignment]
    made.patients = BlindIndex(mongo.database(name), "patient_index", leads_to="patient", sealer=Sealer(keyring, site="nord"))  # type: ignore[arg-type, attr-defined]
    made.erasures = Erasures(mongo.database(name))  # type: ignore[attr-defined]
    return made


@pytest.fixture
async def confirmed(desk: EmergencyDesk) -> str:
    """The id of an erasure that two officers have spoken for."""
    proposed = proposed_erasure(str(uuid.uuid4()), grounds="unlawful", officer=ME, now=NOW)
    await desk.mongo.transact(lambda session: erasures_of(desk).propose(proposed, session=session))
    assert await erasures_of(desk).start(proposed.ident, officer=_OTHER)
    return proposed.ident


def erasures_of(desk: EmergencyDesk) -> Erasures:
    return desk.erasures  # type: ignore[attr-defined, no-any-return]


async def finish(desk: EmergencyDesk, ident: str) -> str:
    """As who confirmed it does; the patient."""
    erasure = await erasures_of(desk).find(ident)
    assert erasure is not None
    before = ErasedBefore()
    eraser = Eraser(erasures_of(desk), before, before)  # type: ignore[arg-type]
    facts = {"actor": {"id": _OTHER}, "action": Action.ERASE, "resourceType": WHOLE_CHART, "patient": erasure.patient}
    facts |= {"outcome": Outcome.ANSWERED, "status": 200, "step": "destroyed"}
    await destroy(erasure, facts, now=NOW, eraser=eraser, desk=desk)  # type: ignore[arg-type]
    return erasure.patient


async def seen(desk: EmergencyDesk, patient: str) -> list[tuple[str, int, str]]:
    notes = await desk.told(patient)
    assert len({note["number"] for note in notes}) == len(notes)
    assert desk.in_flight() == []
    return [(note["outcome"], note["status"], note["step"]) for note in notes]


class TestDestroy:
    @pytest.mark.parametrize(
        ("end", "state", "noted"),
        [
            ("lost", ErasureState.DESTROYING, ("unreadable", 503, "destroyed")),
            ("unknown", ErasureState.DESTROYED, ("answered", 200, "destroyed")),
        ],
    )
    async def test_notes_an_untold_end_as_it_turns_out(
        self, desk: EmergencyDesk, confirmed: str, end: str, state: ErasureState, noted: tuple[str, int, str]
    ) -> None:
        desk.mongo.end = end
        with pytest.raises(StoreUnreachableError):
            await finish(desk, confirmed)
        desk.mongo.end = ""
        erasure = await erasures_of(desk).find(confirmed)
        assert erasure is not None

        await desk.settle()

        assert erasure.state == state
        assert await seen(desk, erasure.patient) == [noted]

    async def test_is_finished_by_who_comes_after_a_lost_end(self, desk: EmergencyDesk, confirmed: str) -> None:
        desk.mongo.end = "lost"
        with pytest.raises(StoreUnreachableError):
            await finish(desk, confirmed)
        desk.mongo.end = ""

        patient = await finish(desk, confirmed)
        await desk.settle()

        assert await seen(desk, patient) == [("unreadable", 503, "destroyed"), ("answered", 200, "destroyed")]
        assert len(await desk.stated(patient)) == 1

    async def test_notes_what_somebody_else_finished_as_it_answers(self, desk: EmergencyDesk, confirmed: str) -> None:
        await finish(desk, confirmed)

        patient = await finish(desk, confirmed)

        assert await seen(desk, patient) == [("answered", 200, "destroyed"), ("answered", 200, "repeated")]
        assert len(await desk.stated(patient)) == 1
