"""What governance answers over HTTP, to whom, and what it never says."""

from datetime import timedelta
from typing import ClassVar

import pytest

from shared.clock import utc_now
from tests.governance.governance_desk import EXPLANATION, MODULES, RIGHT, WRONG, GovernanceDesk, a_duty, a_member, open_desk

ROUTES = [
    ("GET", "/modules"),
    ("GET", "/modules/basics"),
    ("POST", "/modules/basics/attempts"),
    ("GET", "/me/standing"),
    ("GET", "/staff"),
    ("PUT", "/staff/clerk/duties/basics"),
    ("POST", "/staff/clinician/duties/basics/reminder"),
]


class TestDoor:
    @pytest.mark.parametrize(("method", "path"), ROUTES)
    @pytest.mark.parametrize(
        ("token", "status", "said"),
        [
            ("nobody/clerk", 401, "Sign in again"),
            ("patient/clerk", 403, "for the staff of the group"),
            ("integration/clerk", 403, "for the staff of the group"),
            ("clerk/stranger", 403, "not on the current staff list"),
            ("clerk/gone", 403, "not on the current staff list"),
        ],
    )
    async def test_opens_to_the_staff_only(self, desk: GovernanceDesk, method: str, path: str, token: str, status: int, said: str) -> None:
        answer = await desk.ask(method, path, token)

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert said in answer.json()["detail"]

    @pytest.mark.parametrize(("method", "path"), ROUTES[4:])
    @pytest.mark.parametrize("token", ["clerk/clerk", "clinician/clinician", "trainer/clerk", "clerk/trainer", "operator/clerk"])
    async def test_opens_the_staff_to_trainers_only(self, desk: GovernanceDesk, method: str, path: str, token: str) -> None:
        answer = await desk.ask(method, path, token, json={"valid_until": "2027-01-01T00:00:00Z"})

        assert (answer.status_code, answer.json()["type"]) == (403, "urn:serment:problem:not-your-task")
        assert not desk.staff.stated
        assert not desk.reminders.stated

    async def test_says_no_in_french_too(self, desk: GovernanceDesk) -> None:
        answer = await desk.ask("GET", "/staff", "clerk/clerk", language="fr")

        assert "Seuls les formateurs" in answer.json()["detail"]

    async def test_lets_nothing_be_kept_on_the_way(self, desk: GovernanceDesk) -> None:
        answer = await desk.ask("GET", "/me/standing", "clerk/clerk")

        assert answer.headers["cache-control"] == "no-store"


class TestModules:
    async def test_are_those_of_ones_profession(self, desk: GovernanceDesk) -> None:
        clerk, clinician = [(await desk.ask("GET", "/modules", token)).json() for token in ("clerk/clerk", "clinician/clinician")]

        assert [(one["module"], one["state"]) for one in clerk] == [("basics", "fulfilled")]
        assert [(one["module"], one["state"]) for one in clinician] == [("basics", "lapsed"), ("clinic", "fulfilled")]

    @pytest.mark.parametrize(("language", "said"), [("en", "Basics"), ("fr", "Basics (fr)"), ("de", "Basics")])
    async def test_speak_the_readers_language(self, desk: GovernanceDesk, language: str, said: str) -> None:
        answer = await desk.ask("GET", "/modules/basics", "clerk/clerk", language=language)

        assert answer.json()["title"] == said
        assert answer.headers["content-language"] == ("fr" if language == "fr" else "en")
        assert all(one["asks"].endswith("(fr)") == (language == "fr") for one in answer.json()["questions"])

    async def test_never_say_what_is_right(self, desk: GovernanceDesk) -> None:
        answer = await desk.ask("GET", "/modules/basics", "clerk/clerk")

        (question, *_) = answer.json()["questions"]
        assert question.keys() == {"id", "asks", "several", "choices"}
        assert "right" not in answer.text
        assert EXPLANATION not in answer.text

    @pytest.mark.parametrize(("module", "status"), [("clinic", 403), ("none", 404), ("..", 404)])
    async def test_that_are_not_ones_own_stay_closed(self, desk: GovernanceDesk, module: str, status: int) -> None:
        assert (await desk.ask("GET", f"/modules/{module}", "clerk/clerk")).status_code == status
        assert (await desk.attempts(RIGHT, module=module)).status_code == status
        assert not desk.staff.stated


class TestAttempts:
    async def test_that_pass_renew_the_duty(self, desk: GovernanceDesk) -> None:
        answer = await desk.attempts(RIGHT, "clinician/clinician")

        assert answer.status_code == 200
        assert (answer.json()["passed"], answer.json()["right"], answer.json()["wrong"]) == (True, 3, [])
        until = desk.staff.members["clinician"].duties["basics"].until
        assert timedelta(days=364) < until - utc_now() <= timedelta(days=365)
        assert [(one.ident, one.revision) for one in desk.staff.stated] == [("clinician", 1)]

    async def test_that_fail_change_nothing_and_explain(self, desk: GovernanceDesk) -> None:
        answer = await desk.attempts(WRONG, "clinician/clinician")

        assert answer.status_code == 200
        assert answer.json()["passed"] is False
        assert answer.json()["wrong"] == [{"question": name, "explanation": EXPLANATION} for name in ("one", "two")]
        assert not desk.staff.stated

    async def test_passed_twice_keep_the_later_date(self, desk: GovernanceDesk) -> None:
        first = (await desk.attempts(RIGHT)).json()["valid_until"]
        second = (await desk.attempts(RIGHT)).json()["valid_until"]

        assert second >= first
        assert [one.revision for one in desk.staff.stated] == [1, 2]

    @pytest.mark.parametrize(
        "body", [{"answers": {"four": ["a"]}}, {"answers": {"one": ["d"]}}, {"answers": {"one": ["a"], "two": ["a", "zz"]}}], ids=str
    )
    async def test_that_name_what_is_not_there_are_not_marked(self, desk: GovernanceDesk, body: object) -> None:
        answer = await desk.ask("POST", "/modules/basics/attempts", "clerk/clerk", json=body)

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:serment:problem:answers-unfit")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"{}",
            b'{"answers": []}',
            b'{"answers": {"one": "a"}}',
            b'{"answers": {"one": [1]}}',
            b'{"answers": {"one": [null]}}',
            b'{"answers": {}, "passed": true}',
            b'{"answers": {"one": ["\xff"]}}',
            b'{"answers": ' + b"[" * 50_000,
            b'{"answers": {"' + b"x" * 65 + b'": []}}',
            b" " * 70_000 + b'{"answers": {}}',
        ],
        ids=lambda content: content[:30],
    )
    async def test_that_are_none_are_refused_without_an_echo(self, desk: GovernanceDesk, content: bytes) -> None:
        answer = await desk.ask("POST", "/modules/basics/attempts", "clerk/clerk", content=content)

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:serment:problem:training-request-unfit")
        assert "xxx" not in answer.text


class TestOwnStanding:
    async def test_tells_how_each_duty_is(self, desk: GovernanceDesk) -> None:
        standing = (await desk.ask("GET", "/me/standing", "clinician/clinician")).json()

        assert (standing["id"], standing["active"], standing["revision"]) == ("clinician", True, 0)
        assert {one["module"]: one["state"] for one in standing["duties"]} == {"basics": "lapsed", "clinic": "fulfilled"}


class TestStaff:
    async def test_is_that_of_the_trainers_site_with_lapsed_duties_first(self, desk: GovernanceDesk) -> None:
        nord = (await desk.ask("GET", "/staff", "trainer/trainer")).json()

        assert (nord["site"], nord["units"]) == ("nord", ["nord-unit"])
        assert [(one["login"], one["lapsed"]) for one in nord["staff"]] == [
            ("clinician", ["basics"]),
            ("clerk", []),
            ("trainer", []),
            ("gone", []),
        ]

    async def test_of_another_site_is_for_its_own_trainer(self, desk: GovernanceDesk) -> None:
        sud = (await desk.ask("GET", "/staff", "trainer/trainer-sud")).json()

        assert {one["id"] for one in sud["staff"]} == {"clerk-sud", "trainer-sud"}


class TestDuties:
    async def test_lapse_by_a_trainers_word(self, desk: GovernanceDesk) -> None:
        answer = await desk.sets("2020-01-01T00:00:00Z")

        assert answer.status_code == 200
        assert [(one["state"], one["through"]) for one in answer.json()["duties"]] == [("lapsed", "set")]
        assert desk.staff.members["clerk"].duties["basics"].by == "trainer"
        assert [(one.ident, one.revision) for one in desk.staff.stated] == [("clerk", 1)]

    async def test_set_twice_to_one_date_are_stated_once(self, desk: GovernanceDesk) -> None:
        for said in ("2026-12-01T00:00:00Z", "2026-12-01T01:00:00+01:00"):
            assert (await desk.sets(said)).status_code == 200

        assert len(desk.staff.stated) == 1

    @pytest.mark.parametrize(
        ("more", "status", "type_"),
        [
            ({"of": "clerk-sud"}, 403, "not-your-task"),
            ({"of": "trainer"}, 403, "not-your-task"),
            ({"of": "nobody"}, 404, "staff-unknown"),
            ({"module": "clinic"}, 404, "module-unknown"),
            ({"module": "none"}, 404, "module-unknown"),
            ({"module": "basics.until"}, 404, "module-unknown"),
        ],
        ids=str,
    )
    async def test_that_are_not_the_trainers_to_set_stay(self, desk: GovernanceDesk, more: dict[str, str], status: int, type_: str) -> None:
        answer = await desk.sets("2026-12-01T00:00:00Z", **more)

        assert (answer.status_code, answer.json()["type"]) == (status, f"urn:serment:problem:{type_}")
        assert not desk.staff.stated

    async def test_hold_no_longer_than_a_passed_module(self, desk: GovernanceDesk) -> None:
        validity = MODULES.fetch("basics").lasts

        assert (await desk.sets(utc_now() + validity - timedelta(minutes=1))).status_code == 200
        assert (await desk.sets(utc_now() + validity + timedelta(minutes=1))).status_code == 422
        assert (await desk.sets("9999-12-31T23:59:59-14:00")).status_code == 422

    @pytest.mark.parametrize("until", ["tomorrow", "2026-12-01T00:00:00", "0001-01-01T00:00:00+14:00", "", None, [], 1e30, True], ids=str)
    async def test_want_a_whole_date(self, desk: GovernanceDesk, until: object) -> None:
        answer = await desk.sets(until)

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:serment:problem:training-request-unfit")


class TestStatus:
    @pytest.mark.parametrize("token", ["operator/stranger", "privacy-officer/stranger"])
    async def test_tells_those_who_watch_what_waits(self, desk: GovernanceDesk, token: str) -> None:
        answer = await desk.ask("GET", "/status", token)

        assert (answer.status_code, answer.json()) == (200, {"outbox": {"waiting": 2, "oldest_seconds": 3.5}})
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(("token", "status"), [("trainer/trainer", 403), ("clerk/clerk", 403), ("patient/p", 403), ("nobody/x", 401)])
    async def test_is_for_nobody_else(self, desk: GovernanceDesk, token: str, status: int) -> None:
        assert (await desk.ask("GET", "/status", token)).status_code == status


class TestReminders:
    async def test_are_sent_once_a_day(self, desk: GovernanceDesk) -> None:
        first, second = (await desk.reminds()).json(), (await desk.reminds()).json()

        assert (first["sent"], second["sent"]) == (True, False)
        assert first["reminded_at"] == second["reminded_at"]
        assert [(one.staff, one.module, one.by) for one in desk.reminders.stated] == [("clinician", "basics", "trainer")]

    async def test_show_in_the_list_of_the_site(self, desk: GovernanceDesk) -> None:
        sent = (await desk.reminds()).json()

        nord, sud = [(await desk.ask("GET", "/staff", token)).json() for token in ("trainer/trainer", "trainer/trainer-sud")]

        told = {one["id"]: one["reminded"] for one in nord["staff"] + sud["staff"] if one["reminded"]}
        assert told == {"clinician": {"basics": {"reminded_at": sent["reminded_at"], "again": False}}}

    async def test_are_for_what_is_due(self, desk: GovernanceDesk) -> None:
        nord = (await desk.ask("GET", "/staff", "trainer/trainer")).json()

        due = [(one["id"], duty["module"]) for one in nord["staff"] for duty in one["duties"] if duty["due"]]

        assert due == [("clinician", "basics")]

    @pytest.mark.parametrize(
        ("of", "module", "status", "type_"),
        [
            ("clerk", "basics", 409, "duty-not-due"),
            ("gone-late", "basics", 409, "duty-not-due"),
            ("late-sud", "basics", 403, "not-your-task"),
            ("nobody", "basics", 404, "staff-unknown"),
            ("clinician", "none", 404, "module-unknown"),
        ],
    )
    async def test_go_to_nobody_else(self, of: str, module: str, status: int, type_: str) -> None:
        lapsed = {"basics": a_duty(days=-10_000)}
        people = [a_member("gone-late", active=False, duties=lapsed), a_member("late-sud", site="sud", duties=lapsed)]
        people += [a_member("clerk"), a_member("clinician", duties=lapsed), a_member("trainer", profession="trainer")]
        async with open_desk(*people) as desk:
            answer = await desk.reminds(of, module=module)

            assert (answer.status_code, answer.json()["type"]) == (status, f"urn:serment:problem:{type_}")
            assert not desk.reminders.stated


class TestLocks:
    @pytest.mark.parametrize("token", ["integration/agent", "trainer/trainer"])
    async def test_are_set_and_taken_away_once(self, desk: GovernanceDesk, token: str) -> None:
        answers = [(await desk.ask(method, "/workstations/pc-1/lock", token)).json() for method in ("PUT", "PUT", "DELETE", "DELETE")]

        assert [answer["locked"] for answer in answers] == [True, True, False, False]
        assert answers[0] == answers[1]
        assert [(one.ident, one.site, one.locked) for one in desk.workstations.stated] == [("pc-1", "nord", True), ("pc-1", "nord", False)]

    async def test_are_of_the_askers_own_site(self, desk: GovernanceDesk) -> None:
        await desk.ask("PUT", "/workstations/pc-1/lock", "trainer/trainer-sud")

        answer = await desk.ask("DELETE", "/workstations/pc-1/lock", "trainer/trainer")

        assert answer.json() == {"workstation": "pc-1", "site": "nord", "locked": False, "since": None}
        assert [(one.site, one.locked) for one in desk.workstations.stated] == [("sud", True)]

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    @pytest.mark.parametrize("token", ["clerk/clerk", "clinician/clinician", "trainer/clerk", "clerk/trainer", "trainer/gone", "patient/p"])
    async def test_are_nobody_elses(self, desk: GovernanceDesk, method: str, token: str) -> None:
        answer = await desk.ask(method, "/workstations/pc-1/lock", token)

        assert (answer.status_code, answer.json()["type"]) == (403, "urn:serment:problem:not-your-task")
        assert not desk.workstations.stated

    @pytest.mark.parametrize("ident", ["PC-1", "pc_1", "pc%201", "x" * 65, "é", "pc%0A", "pc-1%0A"])
    async def test_are_of_an_id_that_is_one(self, desk: GovernanceDesk, ident: str) -> None:
        answer = await desk.ask("PUT", f"/workstations/{ident}/lock", "trainer/trainer")

        assert answer.status_code == 422
        assert not desk.workstations.stated


class TestNames:
    """The site nord tells names to patients, and sud does not."""

    ALL = "/names?id=clerk&id=gone&id=clerk-sud&id=stranger"
    OF_NORD: ClassVar = {"clerk": "Name of clerk", "gone": "Name of gone"}

    @pytest.mark.parametrize("token", ["privacy-officer/officer", "trainer/trainer"])
    async def test_are_told_to_officers_and_trainers(self, desk: GovernanceDesk, token: str) -> None:
        desk.staff.members["officer"] = a_member("officer", profession="privacy-officer")

        answer = await desk.ask("GET", self.ALL, token)

        assert answer.json() == {"names": self.OF_NORD | {"clerk-sud": "Name of clerk-sud"}}
        assert answer.headers["cache-control"] == "no-store"

    async def test_are_told_to_patients_where_the_site_tells_names(self, desk: GovernanceDesk) -> None:
        answer = await desk.ask("GET", self.ALL, "patient/somebody")

        assert answer.json() == {"names": self.OF_NORD}

    @pytest.mark.parametrize(
        ("token", "status", "said"),
        [
            ("nobody/clerk", 401, "Sign in again"),
            ("integration/clerk", 403, "for the staff of the group"),
            ("privacy-officer/stranger", 403, "not on the current staff list"),
            ("trainer/gone", 403, "not on the current staff list"),
            ("clerk/clerk", 403, "told to privacy officers and trainers"),
            ("operator/clerk", 403, "told to privacy officers and trainers"),
            ("privacy-officer/clerk", 403, "told to privacy officers and trainers"),
            ("clinician/trainer", 403, "told to privacy officers and trainers"),
        ],
    )
    async def test_are_told_to_nobody_else(self, desk: GovernanceDesk, token: str, status: int, said: str) -> None:
        answer = await desk.ask("GET", self.ALL, token)

        assert (answer.status_code, said in answer.json()["detail"]) == (status, True)
        assert "Name of" not in answer.text

    @pytest.mark.parametrize("query", ["", "?id=" + "x" * 65, "?" + "&".join(f"id={number}" for number in range(101))], ids=len)
    async def test_are_asked_for_by_a_hundred_accounts_at_most(self, desk: GovernanceDesk, query: str) -> None:
        answer = await desk.ask("GET", f"/names{query}", "trainer/trainer")

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:serment:problem:wrong-request")
