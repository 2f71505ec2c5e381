"""Emergencies on the real store: one at a time, told once, ended once, whoever is cut off in between."""

import asyncio
import dataclasses
import re
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.servers import Servers
from services.records.emergency.end_emergencies import end_emergencies
from services.records.emergency.grants import EmergencyState, Grants
from services.records.emergency.open_emergency import find_emergency
from services.records.emergency.review_emergency import review_emergency
from services.records.model import Asked, Grant
from services.records.refusals import AccessRefusedError, GoneError, NotFoundError
from shared.mongo import Mongo, MongoError, StoreUnreachableError, open_mongo
from shared.sealing import Place, UnreadableError, key_id_of
from shared.vocabulary import PatientId, Profession
from tests.records.emergency_desk import ME, NOW, REASON, TERMS, EmergencyDesk, FakeHeaders, FakeKeyring, an_actor

OPENED_AT = NOW.replace(microsecond=125000)
ENDS_AT = OPENED_AT + TERMS.lasts
OVER = ENDS_AT + timedelta(seconds=10)
JUST_BEFORE = timedelta(milliseconds=1)


@pytest.fixture(scope="module", params=["motor", "pymongo"])
async def mongo(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Mongo]:
    opened = open_mongo(servers.mongodb_uri, driver=request.param)
    yield opened
    await opened.close()


@pytest.fixture
def replicas(mongo: Mongo) -> list[EmergencyDesk]:
    """Two of one site."""
    name, headers, keyring = f"emergency_{uuid.uuid4().hex[:12]}", FakeHeaders(), FakeKeyring()
    return [EmergencyDesk(mongo, name, headers, keyring) for _ in range(2)]


@pytest.fixture
def desk(replicas: list[EmergencyDesk]) -> EmergencyDesk:
    return replicas[0]


class TestOpenEmergency:
    async def test_keeps_grant_note_and_event_together(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient(flags=frozenset({"VIP"}))

        opened = await desk.open(patient)

        grant = opened.emergency.grant
        (note,), (event,), (row,) = await desk.told(patient), await desk.stated(patient), await desk.rows.find({}).to_list(length=None)
        expected = {"action": "break-glass", "resourceType": "Chart", "outcome": "answered", "status": 201, "step": "opened", "vip": True}
        assert note | expected | {"emergency": grant.ident, "id": opened.decision, "relationship": "none"} == note
        assert event | {"grant": grant.ident, "staff": ME, "patient": patient, "site": "nord", "unit": "nord-urgences"} == event
        assert (row["grant"], row["opened_at"], row["ends_at"], row["note"]) == (grant.ident, OPENED_AT, ENDS_AT, note["id"])
        assert opened.emergency.review_due_at == OPENED_AT + timedelta(hours=72)
        assert opened.anew
        assert desk.in_flight() == []

    async def test_opens_that_chart_to_that_person_until_its_end(self, desk: EmergencyDesk) -> None:
        patient, other = desk.a_patient(), desk.a_patient()
        assert not await desk.may_read(patient, now=NOW)

        await desk.open(patient)

        assert await desk.may_read(patient, now=NOW)
        assert await desk.may_read(patient, now=ENDS_AT - JUST_BEFORE)
        assert not await desk.may_read(patient, now=ENDS_AT)
        assert not await desk.may_read(other, now=NOW)
        assert not await desk.may_read(patient, now=NOW, actor=an_actor(ident="somebody-else"))

    async def test_keeps_the_reason_from_everybody_but_the_chart(self, desk: EmergencyDesk) -> None:
        patient, stranger = desk.a_patient(), desk.a_patient()
        await desk.keyring.keys_of(stranger)

        ident = (await desk.open(patient)).emergency.grant.ident

        kept = [await rows.find({}).to_list(length=None) for rows in (desk.rows, desk.waiting)]
        assert "Canari" not in str(kept)
        sealed = bytes(kept[0][0]["reason"])
        key = desk.keyring.keys[patient].opening(key_id_of(sealed))
        assert key.open(sealed, Place("nord", patient, "emergency", ident, 1))[2:].decode() == REASON
        with pytest.raises(UnreadableError):
            key.open(sealed, Place("nord", stranger, "emergency", ident, 1))

    async def test_answers_the_same_grant_while_one_is_live(self, replicas: list[EmergencyDesk]) -> None:
        one, other = replicas
        patient = one.a_patient()

        first = await one.open(patient)
        again = await other.open(patient, now=ENDS_AT - JUST_BEFORE)

        assert (again.emergency, again.anew) == (first.emergency, False)
        notes = await one.told(patient)
        assert sorted((note["step"], note["status"], note["emergency"]) for note in notes) == [
            ("opened", 201, first.emergency.grant.ident),
            ("repeated", 200, first.emergency.grant.ident),
        ]
        assert len(await one.stated(patient)) == 1

    async def test_opens_another_once_the_first_is_over(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient()

        first, second = await desk.open(patient), await desk.open(patient, now=ENDS_AT)

        assert second.anew
        assert second.emergency.grant.ident != first.emergency.grant.ident
        assert (first.emergency.number, second.emergency.number) == (1, 2)

    @pytest.mark.parametrize("_round", range(5))
    async def test_opens_one_however_often_it_is_asked_at_once(self, replicas: list[EmergencyDesk], _round: int) -> None:
        patient = replicas[0].a_patient()

        opened = await asyncio.gather(*(replica.open(patient) for replica in replicas * 4))

        assert len({one.emergency.grant.ident for one in opened}) == 1
        assert sum(one.anew for one in opened) == 1
        assert len(await replicas[0].stated(patient)) == 1
        notes = await replicas[0].told(patient)
        assert sorted(note["id"] for note in notes) == sorted(one.decision for one in opened)
        assert [replica.in_flight() for replica in replicas] == [[], []]

    async def test_gives_two_people_a_grant_each(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient()
        colleague = an_actor(ident=f"{ME}/000001")

        mine, theirs = await desk.open(patient), await desk.open(patient, actor=colleague)

        assert theirs.anew
        assert await desk.grants.newest(ME, patient) == mine.emergency
        assert await desk.grants.newest(colleague.ident, patient) == theirs.emergency

    async def test_tells_whoever_asks_for_their_own(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient()
        asked, late = (Asked(an_actor(), "TREAT", now) for now in (NOW, ENDS_AT))
        with pytest.raises(NotFoundError):
            await find_emergency(asked, patient, desk=desk)  # type: ignore[arg-type]
        opened = await desk.open(patient)

        found = await find_emergency(asked, patient, desk=desk)  # type: ignore[arg-type]

        assert found.emergency == opened.emergency
        assert [note["step"] for note in await desk.told(patient)] == ["opened", "shown"]
        with pytest.raises(NotFoundError):
            await find_emergency(late, patient, desk=desk)  # type: ignore[arg-type]


class TestReviewEmergency:
    def officer(self, *, purpose: str = "HCOMPL", now: datetime = ENDS_AT) -> Asked:
        return Asked(an_actor(Profession.PRIVACY_OFFICER, ident="officer", purpose=purpose), purpose, now)

    async def test_tells_the_reason_long_after_the_end(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient()
        opened = await desk.open(patient)

        reviewed = await review_emergency(self.officer(), patient, opened.emergency.grant.ident, desk=desk)  # type: ignore[arg-type]

        assert (reviewed.emergency, reviewed.reason) == (opened.emergency, REASON)
        assert REASON not in repr(reviewed)
        *_, note = await desk.told(patient)
        assert (note["action"], note["step"], note["emergency"]) == ("review", "reviewed", opened.emergency.grant.ident)

    async def test_knows_none_of_another_chart(self, desk: EmergencyDesk) -> None:
        patient, other = desk.a_patient(), desk.a_patient()
        grant = (await desk.open(patient)).emergency.grant.ident

        with pytest.raises(NotFoundError):
            await review_emergency(self.officer(), other, grant, desk=desk)  # type: ignore[arg-type]

    async def test_tells_nothing_of_an_erased_chart(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient()
        grant = (await desk.open(patient)).emergency.grant.ident
        desk.keyring.erased.add(patient)

        with pytest.raises(GoneError):
            await review_emergency(self.officer(), patient, grant, desk=desk)  # type: ignore[arg-type]

    @pytest.mark.parametrize(("profession", "purpose"), [(Profession.CLINICIAN, "TREAT"), (Profession.PRIVACY_OFFICER, "RECORDMGT")])
    async def test_is_refused_to_others_and_for_other_purposes(self, desk: EmergencyDesk, profession: Profession, purpose: str) -> None:
        patient = desk.a_patient()
        grant = (await desk.open(patient)).emergency.grant.ident
        asked = Asked(an_actor(profession, purpose=purpose), purpose, NOW)

        with pytest.raises(AccessRefusedError):
            await review_emergency(asked, patient, grant, desk=desk)  # type: ignore[arg-type]

        assert (await desk.told(patient))[-1]["reason"] == "not-for-this-role"


class TestRefusals:
    @pytest.mark.parametrize("profession", [one for one in Profession if one is not Profession.CLINICIAN])
    async def test_name_every_other_profession(self, desk: EmergencyDesk, profession: Profession) -> None:
        patient = desk.a_patient()

        with pytest.raises(AccessRefusedError):
            await desk.open(patient, actor=an_actor(profession, purpose="TREAT"))

        (note,) = await desk.told(patient)
        assert (note["outcome"], note["action"]) == ("refused", "break-glass")

    @pytest.mark.parametrize(("more", "reason"), [({"site": "sud"}, "other-site"), ({"purpose": "HRESCH"}, "not-for-this-role")])
    async def test_name_another_site_and_research(self, desk: EmergencyDesk, more: dict[str, str], reason: str) -> None:
        patient = desk.a_patient()

        with pytest.raises(AccessRefusedError):
            await desk.open(patient, actor=an_actor(**more))

        assert [note["reason"] for note in await desk.told(patient)] == [reason]

    async def test_tell_an_erased_chart_as_gone(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient(erased=True)

        with pytest.raises(GoneError):
            await desk.open(patient)

        assert [note["outcome"] for note in await desk.told(patient)] == ["gone"]

    async def test_tell_a_chart_whose_keys_are_gone_as_gone(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient()
        desk.keyring.erased.add(patient)

        with pytest.raises(GoneError):
            await desk.open(patient)

        assert [note["outcome"] for note in await desk.told(patient)] == ["gone"]
        assert await desk.grants.newest(ME, patient) is None

    async def test_shut_an_open_chart_once_it_is_erased(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient()
        await desk.open(patient)

        desk.headers.charts[patient] = dataclasses.replace(desk.headers.charts[patient], erased=True)

        assert not await desk.may_read(patient, now=NOW)

    @pytest.mark.parametrize("profession", [Profession.CLINICIAN, Profession.CLERK])
    @pytest.mark.parametrize("ident", [str(uuid.uuid4()), "Jeanne-Canari-1950"])
    async def test_never_repeat_a_patient_without_a_chart(self, desk: EmergencyDesk, ident: str, profession: Profession) -> None:
        with pytest.raises((NotFoundError, AccessRefusedError)):
            await desk.open(ident, actor=an_actor(profession))

        (note,) = await desk.told(None)
        assert ident not in str(note)


class TestUnknownEnds:
    @pytest.mark.parametrize(("end", "outcomes"), [("lost", ["unreadable"]), ("unknown", ["answered"])])
    async def test_are_read_back_and_never_guessed(self, desk: EmergencyDesk, end: str, outcomes: list[str]) -> None:
        patient = desk.a_patient()
        desk.mongo.end = end
        with pytest.raises(StoreUnreachableError):
            await desk.open(patient)
        desk.mongo.end = ""

        await desk.settle()

        assert [note["outcome"] for note in await desk.told(patient)] == outcomes
        assert desk.in_flight() == []
        again = await desk.open(patient)
        assert (again.anew, again.emergency.number) == (end == "lost", 1)


class TestEndEmergencies:
    async def test_notes_the_end_once_whoever_looks(self, replicas: list[EmergencyDesk]) -> None:
        one, other = replicas
        patient = one.a_patient()
        grant = (await one.open(patient)).emergency.grant
        assert await end_emergencies(now=OVER - JUST_BEFORE, desk=one) == 0  # type: ignore[arg-type]

        ended = await asyncio.gather(*(end_emergencies(now=OVER, desk=desk) for desk in (one, other, one)))  # type: ignore[arg-type]

        assert sum(ended) == 1
        (note,) = [note for note in await one.told(patient) if "followedUp" in note]
        facts = {
            "followedUp": False,
            "emergency": grant.ident,
            "openedAt": "2026-11-25T18:06:37.125Z",
            "endedAt": "2026-11-25T22:06:37.125Z",
        }
        assert note | facts | {"type": "org.serment.records.emergency-ended.v1", "site": "nord"} == note
        assert note["actor"] == {"id": ME, "profession": "clinician", "site": "nord", "unit": "nord-urgences"}
        assert [row["state"] for row in await one.rows.find({}).to_list(length=None)] == [EmergencyState.ENDED]
        assert [desk.in_flight() for desk in replicas] == [[], []]

    @pytest.mark.parametrize(
        ("staff", "at", "followed_up"),
        [
            (ME, OPENED_AT, True),
            (ME, ENDS_AT - JUST_BEFORE, True),
            (ME, ENDS_AT, False),
            ("somebody-else", OPENED_AT, False),
        ],
    )
    async def test_says_whether_its_holder_wrote_meanwhile(self, desk: EmergencyDesk, staff: str, at: object, followed_up: bool) -> None:
        patient, other = desk.a_patient(), desk.a_patient()
        await desk.open(patient)
        await desk.open(other)

        await desk.wrote(patient, now=at, staff=staff)  # type: ignore[arg-type]
        await end_emergencies(now=OVER, desk=desk)  # type: ignore[arg-type]

        assert [note["followedUp"] for note in await desk.told(patient) if "followedUp" in note] == [followed_up]
        assert [note["followedUp"] for note in await desk.told(other) if "followedUp" in note] == [False]

    async def test_tells_each_grant_by_itself(self, desk: EmergencyDesk) -> None:
        patient = desk.a_patient()
        await desk.open(patient)
        await desk.open(patient, now=ENDS_AT)
        await desk.wrote(patient, now=ENDS_AT)

        await end_emergencies(now=OVER + TERMS.lasts, desk=desk)  # type: ignore[arg-type]

        assert [note["followedUp"] for note in await desk.told(patient) if "followedUp" in note] == [False, True]

    @pytest.mark.parametrize("end", ["lost", "unknown"])
    async def test_happens_exactly_once_when_it_is_cut_off(self, desk: EmergencyDesk, end: str) -> None:
        patient = desk.a_patient()
        await desk.open(patient)
        desk.mongo.end = end
        with pytest.raises(MongoError):
            await end_emergencies(now=OVER, desk=desk)  # type: ignore[arg-type]
        desk.mongo.end = ""

        again = await end_emergencies(now=OVER, desk=desk)  # type: ignore[arg-type]
        await desk.settle()

        assert again == (1 if end == "lost" else 0)
        notes = await desk.told(patient)
        assert len([note for note in notes if "followedUp" in note]) == 1
        assert len({note["number"] for note in notes}) == len(notes)
        assert desk.in_flight() == []


def a_grant(number: int = 0, *, hours: float = 4) -> Grant:
    return Grant(f"grant-{number}-{hours}", ME, PatientId(f"patient-{number}"), NOW, NOW + timedelta(hours=hours))


class FakeDatabase:
    def get_collection(self, _name: str) -> None:
        return None


class TestGrants:
    def test_are_known_until_they_end(self) -> None:
        grants = Grants(FakeDatabase())
        grants.remember(a_grant())

        assert grants.known(ME, "patient-0", NOW) == a_grant()
        assert grants.known(ME, "patient-0", NOW + timedelta(hours=4)) is None
        assert grants.known("somebody-else", "patient-0", NOW) is None

    def test_take_the_place_of_earlier_ones_in_any_order(self) -> None:
        grants = Grants(FakeDatabase())

        for hours in (2, 6, 4):
            grants.remember(a_grant(hours=hours))

        assert grants.known(ME, "patient-0", NOW) == a_grant(hours=6)

    def test_are_forgotten_when_there_are_too_many(self) -> None:
        grants = Grants(FakeDatabase())

        for number in range(10_001):
            grants.remember(a_grant(number))

        assert grants.known(ME, "patient-0", NOW) is None
        assert grants.known(ME, "patient-10000", NOW) is not None


class TestLifecycle:
    def test_is_drawn_with_the_states_of_the_code(self) -> None:
        text = (Path(__file__).parents[2] / "docs" / "lifecycles" / "emergency.md").read_text(encoding="utf-8")
        (drawn,) = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
        arrows = re.findall(r"^  (\S+) --> ([^\s:]+)", drawn, re.MULTILINE)

        assert {state for arrow in arrows for state in arrow} - {"[*]"} == set(EmergencyState)
        assert re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE) == list(EmergencyState)
