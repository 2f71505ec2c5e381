"""What a privacy officer finds in the ledger, how much is opened for it, whom it is told to, and what is noted of it."""

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.api import join_routes
from services.audit.progress import Progress
from services.audit.reading.noting import Asked
from services.audit.reading.read_trail import read_trail
from services.audit.reading.reading_desk import ReadingDesk
from services.audit.reading.search_ledger import MOST_OPENED, PAGE, Found, NotYourSearchError, search_ledger
from services.audit.reading.search_terms import SearchUnfitError, read_search
from shared.events import EventRecord
from shared.http import create_app
from shared.identity import Actor, TokenRefusedError
from shared.keyring import KeyErasedError
from shared.notes import NoteNotKeptError
from shared.vocabulary import Profession
from tests.audit.detecting_desk import BEGAN, LOG
from tests.audit.fake_ledger import FakeLedger, Written, a_ledger, access

NOW = BEGAN + timedelta(hours=20)
OFFICER = "privacy-officer/HCOMPL"
LINE = {"index", "note", "time", "actor", "profession", "unit", "site", "action", "type", "resourceType", "step"}
LINE |= {"outcome", "status", "reason", "purpose", "relationship", "emergency", "patient"}


def a_patient(number: int = 0) -> str:
    return str(uuid.UUID(int=number))


def an_actor(profession: Profession = Profession.PRIVACY_OFFICER, *purposes: str, patient: str | None = None) -> Actor:
    return Actor("officer-1", "", profession, "nord", "", frozenset(purposes or {"HCOMPL"}), "", patient, "", "", 0.0)  # type: ignore[arg-type]


@dataclass
class ListedNotes:
    """Durable once `keep` returns; `down` keeps none."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    drawn: int = 0
    down: bool = False

    def draw(self, type_: str, facts: Any, *, now: datetime) -> EventRecord:
        assert now.tzinfo is not None
        self.drawn += 1
        return EventRecord(f"note-{self.drawn}", "audit.access", None, [], json.dumps({"type": type_, **facts}).encode())

    async def keep(self, record: EventRecord) -> None:
        if self.down:
            raise NoteNotKeptError
        self.kept.append(json.loads(record.value or b""))


class FakeSealer:
    def __init__(self, ledger: FakeLedger) -> None:
        self.open = ledger.open

    async def about(self, patient: str) -> bytes:
        return patient.encode()


@dataclass
class Search:
    """An officer before a ledger in memory."""

    ledger: FakeLedger
    notes: ListedNotes = field(default_factory=ListedNotes)
    naming_sites: frozenset[str] = frozenset()

    @property
    def desk(self) -> ReadingDesk:
        ledger, sealer, notes = self.ledger, FakeSealer(self.ledger), self.notes
        return ReadingDesk(ledger, sealer, notes, self.naming_sites)  # type: ignore[arg-type]

    async def find(self, by: Actor | None = None, under: str = "HCOMPL", /, **given: Any) -> Found:
        terms = [(name.rstrip("_"), str(value)) for name, value in given.items()]
        asked = Asked(by or an_actor(), under, given.get("patient"), NOW)
        return await search_ledger(asked, LOG, terms, desk=self.desk)

    async def pages(self, **given: Any) -> list[Found]:
        """As somebody who goes on until there is no more; the first answer says of which time the others are."""
        found = [await self.find(**given)]
        given |= {"from_": found[0].search.since.isoformat(), "to": found[0].search.until.isoformat()}
        while found[-1].looked.following is not None:
            found.append(await self.find(**given, before=found[-1].looked.following))
        return found


def indexes(*found: Found) -> list[int]:
    return [entry["index"] for one in found for entry in one.looked.entries]


def minute(number: float) -> str:
    return (BEGAN + timedelta(minutes=number)).isoformat()


class TestSearching:
    async def test_tells_each_access_with_account_and_patient_the_newest_first(self) -> None:
        older = access(1, patient=a_patient(1), emergency="grant-1", who={"unit": "nord-urgences"})
        search = Search(a_ledger([(1, older), (2, access(2, patient=a_patient(2), outcome="refused", reason="patient-objected"))]))

        newest, oldest = (await search.find()).looked.entries

        assert newest.keys() == oldest.keys() == LINE
        assert (newest["patient"], newest["outcome"], newest["reason"], newest["emergency"]) == (
            a_patient(2),
            "refused",
            "patient-objected",
            False,
        )
        assert (oldest["note"], oldest["actor"], oldest["unit"], oldest["site"]) == (older["id"], "clerk-1", "nord-urgences", "nord")
        assert (oldest["time"], oldest["emergency"]) == (older["time"], True)

    async def test_is_of_the_last_day_unless_it_says_otherwise(self) -> None:
        search = Search(a_ledger([(-241, access(-241)), (-239, access(-239)), (1199, access(1199))]))

        assert indexes(await search.find()) == [2, 1]
        assert indexes(await search.find(to=minute(1000))) == [1, 0]
        assert indexes(await search.find(from_=minute(-300))) == [2, 1, 0]

    async def test_takes_the_beginning_and_not_the_end(self) -> None:
        search = Search(a_ledger([(10, access(10)), (12, access(12))]))

        assert indexes(await search.find(from_=minute(10), to=minute(12))) == [0]

    async def test_finds_a_note_whose_clock_was_ahead(self) -> None:
        search = Search(a_ledger([(9.5, access(10.2)), (20, access(20))]))

        assert indexes(await search.find(from_=minute(10), to=minute(12))) == [0]

    @pytest.mark.parametrize(
        ("terms", "facts"),
        [
            ({"actor": "clerk-2"}, {"actor": "clerk-2"}),
            ({"profession": "clinician"}, {"who": {"profession": "clinician"}}),
            ({"unit": "nord-urgences"}, {"who": {"unit": "nord-urgences"}}),
            ({"site": "sud"}, {"who": {"site": "sud"}}),
            ({"action": "update"}, {"action": "update"}),
            ({"outcome": "refused"}, {"outcome": "refused"}),
            ({"purpose": "TREAT"}, {"purpose": "TREAT"}),
            ({"emergency": "true"}, {"emergency": "grant-1"}),
            ({"patient": a_patient(7)}, {"patient": a_patient(7)}),
            ({"actor": "clerk-2", "outcome": "refused"}, {"actor": "clerk-2", "outcome": "refused"}),
        ],
        ids=str,
    )
    async def test_finds_what_says_all_that_is_asked(self, terms: dict[str, str], facts: dict[str, Any]) -> None:
        near = [access(2, **{name: value}) for name, value in facts.items()] if len(facts) > 1 else []
        search = Search(a_ledger([(1, access(1, **facts)), *((2, note) for note in [access(2), *near])]))

        assert indexes(await search.find(**terms)) == [0]

    async def test_of_a_patient_opens_theirs_alone(self) -> None:
        ledger = a_ledger([(number / 60, access(number / 60, patient=a_patient(number % 100))) for number in range(3000)])

        found = await Search(ledger).find(patient=a_patient(7), from_=minute(10), to=minute(40))

        assert indexes(found) == list(range(2307, 600, -100))
        assert {index % 100 for index in ledger.opened} == {7}
        assert min(ledger.opened) >= (10 - 1) * 60
        assert found.looked.following is None

    async def test_shows_what_cannot_be_opened_in_its_place_and_never_as_a_match(self) -> None:
        odd: list[Written] = [(1, KeyErasedError()), (2, b"broken"), (3, None), (4, access(4) | {"time": "soon"})]
        search = Search(a_ledger(odd))

        found = await search.find(from_=minute(1), to=minute(5))

        assert indexes(found) == [3, 2, 1, 0]
        assert {found.looked.entries[1][name] for name in ("note", "time", "actor", "patient")} == {None}
        assert indexes(await search.find(from_=minute(1), to=minute(5), outcome="refused")) == []

    async def test_repeats_no_patient_that_is_none_of_ours(self) -> None:
        search = Search(a_ledger([(1, access(1, patient="Jeanne Canari")), (1, access(1, patient=["x"])), (1, access(1, who={"id": {}}))]))

        assert "Canari" not in str(await search.find())


class TestGoingOn:
    async def test_ends_a_page_at_a_hundred(self) -> None:
        search = Search(a_ledger([(number / 60, access(number / 60)) for number in range(250)]))

        pages = await search.pages()

        assert [len(page.looked.entries) for page in pages] == [100, 100, 50]
        assert indexes(*pages) == list(range(249, -1, -1))
        assert [page.looked.following for page in pages] == [150, 50, None]

    async def test_ends_with_the_last_entry_even_on_a_full_page(self) -> None:
        search = Search(a_ledger([(number / 60, access(number / 60)) for number in range(100)]))

        assert (await search.find()).looked.following is None

    async def test_looks_through_more_of_one_patient_than_is_fetched_at_once(self) -> None:
        notes = [access(number / 60, patient=a_patient(1), outcome="refused" if number == 3 else "answered") for number in range(1200)]
        search = Search(a_ledger([(number / 60, note) for number, note in enumerate(notes)]))

        found = await search.find(patient=a_patient(1), outcome="refused")

        assert (indexes(found), found.looked.count) == ([3], 1200)

    async def test_goes_on_from_a_page_without_a_match(self) -> None:
        size = 2 * MOST_OPENED + 1000
        notes = [access(number / 60, actor="clerk-2" if number == 3 else "clerk-1") for number in range(size)]
        ledger = a_ledger([(number / 60, note) for number, note in enumerate(notes)])
        search = Search(ledger)

        pages = await search.pages(actor="clerk-2")

        assert [indexes(page) for page in pages] == [[], [], [3]]
        assert [page.looked.count for page in pages] == [MOST_OPENED, MOST_OPENED, 1000]
        assert [page.looked.through for page in pages] == [
            ledger.entries[1000 + MOST_OPENED].at,
            ledger.entries[1000].at,
            NOW - timedelta(days=1),
        ]
        assert len(ledger.opened) == size
        assert ledger.read < size + 100

    async def test_opens_little_of_a_large_ledger_for_a_short_time(self) -> None:
        ledger = a_ledger([(number / 60, access(number / 60)) for number in range(60_000)])

        pages = await Search(ledger).pages(from_=minute(300), to=minute(305))

        assert indexes(*pages) == list(range(18_299, 17_999, -1))
        assert len(ledger.opened) < (5 + 1 + 10) * 60 + 3 * PAGE

    async def test_finds_what_a_ledger_appended_a_day_late(self) -> None:
        """It stood still for a day, and caught up: hours of notes stand behind their time, and then new ones."""
        late: list[Written] = [(1500, access(number / 60, patient=a_patient(number))) for number in range(5000)]
        search = Search(a_ledger([(0, access(0)), *late, *((1501 + n / 60, access(1501 + n / 60)) for n in range(2000))]))

        pages = await search.pages(from_=minute(30), to=minute(32))

        assert indexes(*pages) == list(range(1920, 1800, -1))

    async def test_finds_nothing_in_an_empty_ledger(self) -> None:
        found = await Search(a_ledger([])).find(patient=a_patient(1))

        assert (found.looked.entries, found.looked.count, found.looked.following) == ([], 0, None)

    @pytest.mark.parametrize("before", [0, 2, 3, 2**53])
    async def test_goes_on_below_whatever_index_it_is_given(self, before: int) -> None:
        search = Search(a_ledger([(number, access(number)) for number in range(3)]))

        assert indexes(await search.find(before=before)) == [index for index in (2, 1, 0) if index < before]

    @settings(deadline=None, max_examples=100)
    @given(
        st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0, 0, 0, 1, 9]), st.sampled_from(["clerk-1", "clerk-2"])), max_size=260),
        st.booleans(),
    )
    async def test_finds_what_reading_everything_finds(self, made: list[tuple[int, int, str]], by_patient: bool) -> None:
        """Appended in order, each at once or up to some minutes late."""
        written = sorted((when + late, when, actor, number) for number, (when, late, actor) in enumerate(made))
        ledger = a_ledger([(at, access(when, patient=a_patient(number % 2), actor=actor)) for at, when, actor, number in written])
        wanted = {"patient": a_patient(1)} if by_patient else {"actor": "clerk-1"}

        pages = await Search(ledger).pages(from_=minute(20), to=minute(40), **wanted)

        assert indexes(*pages) == [
            index
            for index, (_at, when, actor, number) in reversed(list(enumerate(written)))
            if 20 <= when < 40 and (number % 2 == 1 if by_patient else actor == "clerk-1")
        ]


class TestNotes:
    async def test_are_one_per_patient_told_of_and_one_for_the_request(self) -> None:
        search = Search(a_ledger([(number, access(number, patient=a_patient(number % 3))) for number in range(9)]))

        found = await search.find()

        patients = [note["patient"] for note in search.notes.kept]
        assert patients == [a_patient(0), a_patient(1), a_patient(2), None]
        assert found.decision == f"note-{len(patients)}"
        assert {(note["action"], note["resourceType"], note["outcome"], note["status"], note["count"]) for note in search.notes.kept} == {
            ("search", "AuditEvent", "answered", 200, 9)
        }

    @pytest.mark.parametrize(
        ("terms", "patients"),
        [({}, [a_patient(1)]), ({"actor": "nobody"}, [None]), ({"patient": a_patient(5)}, [a_patient(5)])],
        ids=["one", "none", "the one asked about"],
    )
    async def test_are_one_when_that_is_one_or_none(self, terms: dict[str, str], patients: list[str | None]) -> None:
        search = Search(a_ledger([(1, access(1, patient=a_patient(1))), (2, access(2, patient=a_patient(1)))]))

        await search.find(**terms)

        assert [note["patient"] for note in search.notes.kept] == patients

    async def test_are_as_many_as_a_page_can_tell_of(self) -> None:
        search = Search(a_ledger([(number / 60, access(number / 60, patient=a_patient(number))) for number in range(150)]))

        pages = await search.pages()

        assert [len(page.looked.entries) for page in pages] == [100, 50]
        assert len(search.notes.kept) == 101 + 51
        assert {note["patient"] for note in search.notes.kept} == {None, *map(a_patient, range(150))}

    async def test_come_before_anything_is_told(self) -> None:
        search = Search(a_ledger([(1, access(1, patient=a_patient(1)))]), ListedNotes(down=True))

        with pytest.raises(NoteNotKeptError):
            await search.find()

    @pytest.mark.parametrize(
        ("actor", "purpose"),
        [
            (an_actor(Profession.OPERATOR, "HSYSADMIN"), "HSYSADMIN"),
            (an_actor(Profession.PATIENT, "PATRQT", patient=a_patient(1)), "PATRQT"),
            (an_actor(Profession.CLINICIAN, "HCOMPL"), "HCOMPL"),
            (an_actor(Profession.PRIVACY_OFFICER, "RECORDMGT"), "RECORDMGT"),
        ],
        ids=lambda value: value.profession if isinstance(value, Actor) else value,
    )
    async def test_tell_of_who_was_refused(self, actor: Actor, purpose: str) -> None:
        search = Search(a_ledger([(1, access(1))]))

        with pytest.raises(NotYourSearchError):
            await search.find(actor, purpose, patient=a_patient(1), unknown="x")

        [note] = search.notes.kept
        assert (note["outcome"], note["status"], note["reason"], note["patient"]) == ("refused", 403, "not-your-search", a_patient(1))
        assert search.ledger.opened == []

    async def test_tell_of_a_search_that_made_no_sense(self) -> None:
        search = Search(a_ledger([(1, access(1))]))

        with pytest.raises(SearchUnfitError):
            await search.find(name="Jeanne Canari")

        [note] = search.notes.kept
        assert (note["outcome"], note["status"], note["reason"], note["patient"]) == ("invalid", 400, "search-unfit", None)
        assert "Canari" not in str(note)


class TestTerms:
    @pytest.mark.parametrize(
        ("given_", "named"),
        [
            ([("from", "yesterday")], "from"),
            ([("from", "2026-11-25T08:00:00")], "from"),
            ([("from", "0001-01-01T00:00:00+14:00")], "from"),
            ([("from", "nan")], "from"),
            ([("to", "9999-12-31T23:59:59-14:00")], "to"),
            ([("to", "2026-11-25T08:00:00 01:00")], "to"),
            ([("to", "")], "to"),
            ([("from", "2026-11-26T00:00:00Z"), ("to", "2026-11-25T00:00:00Z")], "from"),
            ([("from", "2026-11-25T00:00:00Z"), ("to", "2026-11-25T00:00:00Z")], "from"),
            ([("from", "2026-10-25T00:00:00Z"), ("to", "2026-11-25T00:00:01Z")], "from"),
            ([("from", "2030-01-01T00:00:00Z")], "from"),
            ([("before", "-1")], "before"),
            ([("before", str(2**63))], "before"),
            ([("before", "x")], "before"),
            ([("actor", "")], "actor"),
            ([("actor", "x" * 65)], "actor"),
            ([("profession", "doctor")], "profession"),
            ([("action", "READ")], "action"),
            ([("outcome", "*")], "outcome"),
            ([("purpose", "MARKETING")], "purpose"),
            ([("emergency", "false")], "emergency"),
            ([("patient", "Jeanne Canari")], "patient"),
            ([("patient", a_patient(1) + "\n")], "patient"),
            ([("patient", a_patient(1).upper().replace("0", "F"))], "patient"),
            ([("site", "nord"), ("site", "sud")], "site"),
            ([("since", "2026-11-25T08:00:00Z")], "since"),
            ([("wanted", "{}")], "wanted"),
        ],
        ids=str,
    )
    def test_that_make_no_sense_are_named_and_their_values_are_not(self, given_: list[tuple[str, str]], named: str) -> None:
        with pytest.raises(SearchUnfitError) as refused:
            read_search(given_, now=NOW)

        said = refused.value.said()
        assert f"“{named}”" in said.en
        assert f"« {named} »" in said.fr
        assert not [value for _, value in given_ if len(value) > 4 and value in said.en + said.fr]

    @pytest.mark.parametrize("name", ["Jeanne Canari", "jeanne-canari-1950", "", "é", "x" * 17, "<b>"])
    def test_that_may_be_somebodys_name_are_not_repeated(self, name: str) -> None:
        with pytest.raises(SearchUnfitError) as refused:
            read_search([(name, "1")], now=NOW)

        assert refused.value.said() == SearchUnfitError.sentence

    def test_reach_over_a_month_at_most(self) -> None:
        search = read_search([("from", "2026-10-25T01:00:00+01:00"), ("to", "2026-11-25T00:00:00Z")], now=NOW)

        assert (search.since, search.until) == (datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC))


class FakeIdentities:
    """The token is `profession/purpose`."""

    async def verify(self, token: bytes) -> Actor:
        profession, _, purpose = token.decode().partition("/")
        if profession not in set(Profession):
            raise TokenRefusedError
        return an_actor(Profession(profession), *purpose.split("+"))


@dataclass
class Door:
    http: httpx.AsyncClient
    notes: ListedNotes

    async def ask(self, query: str = "", token: str = OFFICER, topic: str = LOG.topic) -> httpx.Response:
        return await self.http.get(f"/log/{topic}/entries{query}", headers={"authorization": f"Bearer {token}"})


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    search = Search(a_ledger([(number, access(number, patient=a_patient(number))) for number in range(2)]))
    app = create_app("audit", lifespan=None, pings=lambda _: {})  # type: ignore[arg-type]
    app.state.resources = SimpleNamespace(
        identities=FakeIdentities(), notes=search.notes, logs={LOG.topic: Progress(LOG)}, reading_desk=lambda: search.desk
    )
    join_routes(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://audit") as http:
        yield Door(http, search.notes)


class TestRoute:
    async def test_answers_entries_and_how_far_it_looked(self, door: Door) -> None:
        answer = await door.ask("?from=2026-11-25T08:00:00Z&to=2026-11-25T09:00:00%2B00:00")

        assert answer.status_code == 200
        told = answer.json()
        assert [entry["index"] for entry in told.pop("entries")] == [1, 0]
        assert told == {
            "looked": 2,
            "following": None,
            "from": "2026-11-25T08:00:00Z",
            "to": "2026-11-25T09:00:00Z",
            "through": "2026-11-25T08:00:00Z",
        }
        assert (answer.headers["cache-control"], answer.headers["x-decision-id"]) == ("no-store", "note-3")

    @pytest.mark.parametrize(
        ("token", "status", "problem"),
        [
            ("nobody/HCOMPL", 401, "token-refused"),
            ("privacy-officer/HCOMPL+RECORDMGT", 403, "purpose-not-held"),
            ("privacy-officer/RECORDMGT", 403, "not-your-search"),
            *((f"{one}/HCOMPL", 403, "not-your-search") for one in Profession if one is not Profession.PRIVACY_OFFICER),
        ],
    )
    async def test_is_for_privacy_officers_and_each_refusal_is_noted(self, door: Door, token: str, status: int, problem: str) -> None:
        answer = await door.ask(f"?patient={a_patient(1)}&from=&x=1", token)

        assert (answer.status_code, answer.json()["type"]) == (status, f"urn:serment:problem:{problem}")
        assert [note["patient"] for note in door.notes.kept] == ([] if status == 401 else [a_patient(1)])

    @pytest.mark.parametrize(
        "query",
        [
            "?name=Canari",
            "?actor=a&actor=Canari",
            "?patient=Canari",
            "?to=Canari",
            "?outcome=Canari%00",
            "?before=%C3%A9Canari",
            "?%ff=Canari",
        ],
    )
    async def test_refuses_what_it_does_not_know_without_an_echo(self, door: Door, query: str) -> None:
        answer = await door.ask(query)

        assert (answer.status_code, answer.json()["type"]) == (400, "urn:serment:problem:search-unfit")
        assert "Canari" not in answer.text
        assert [(note["status"], note["patient"]) for note in door.notes.kept] == [(400, None)]

    async def test_knows_no_other_log(self, door: Door) -> None:
        assert (await door.ask(topic="records.change")).status_code == 404


class TestTrail:
    """Which accounts a patient is told: those of the staff of a site that tells names."""

    WRITTEN: tuple[Written, ...] = (
        (1, access(1, patient=a_patient(1), actor="of-nord", who={"profession": "clinician"})),
        (2, access(2, patient=a_patient(1), actor="of-sud", who={"profession": "clinician", "site": "sud"})),
        (3, access(3, patient=a_patient(1), actor="another-patient", who={"profession": "patient"})),
        (4, access(4, patient=a_patient(1), actor="an-interface", who={"profession": "integration"})),
        (5, access(5, patient=a_patient(1)) | {"actor": None}),
    )

    @pytest.mark.parametrize(
        ("sites", "told"), [(set(), set()), ({"nord"}, {"of-nord"}), ({"sud"}, {"of-sud"}), ({"nord", "sud"}, {"of-nord", "of-sud"})]
    )
    async def test_follows_the_policy_of_each_site(self, sites: set[str], told: set[str]) -> None:
        search = Search(a_ledger(self.WRITTEN), naming_sites=frozenset(sites))
        asked = Asked(an_actor(Profession.PATIENT, patient=a_patient(1)), "PATRQT", a_patient(1), NOW)

        trail = await read_trail(asked, LOG, before=2**53, desk=search.desk)

        assert {one["actor"] for one in trail.accesses if "actor" in one} == told
        assert len(trail.accesses) == 5

    async def test_tells_officers_every_account(self) -> None:
        search = Search(a_ledger(self.WRITTEN))

        trail = await read_trail(Asked(an_actor(), "HCOMPL", a_patient(1), NOW), LOG, before=2**53, desk=search.desk)

        assert [one["actor"] for one in trail.accesses] == [None, "an-interface", "another-patient", "of-sud", "of-nord"]

    async def test_is_noted_about_the_patient_once(self) -> None:
        search = Search(a_ledger(self.WRITTEN))
        asked = Asked(an_actor(), "HCOMPL", a_patient(1), NOW)

        for one in (asked, replace(asked, patient=None)):
            await read_trail(one, LOG, before=2**53, desk=search.desk)

        assert [(note["patient"], note["count"]) for note in search.notes.kept] == [(a_patient(1), 5), (None, 0)]
