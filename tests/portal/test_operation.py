"""Proves what the operator's page and the page of objectives show of a group that is well, silent in part, or in need."""

import re
from typing import Any

import pytest

from services.portal.figures import Backlog, Figures, Force, LogFigures, Status
from services.portal.group import Instance
from services.portal.language import lasting
from services.portal.objectives.objective import Objective, State, judge
from services.portal.words import WORDS
from shared.parked import Parked
from tests.portal.portal_desk import PortalDesk

HOSTILE = '<img src=x onerror="alert(1)">'
PLAIN = {"outbox": {"waiting": 0, "oldest_seconds": None}}
OWN = Parked("governance.change", 3, "2026-11-26T10:00:00.000Z", "KeyError", None)
EVERY = {"audit", "consent", "notifier", "governance", "records-a", "records-b"}


def a_log(**more: Any) -> dict[str, Any]:
    known = {"size": 1200, "signed_size": 1200, "age_seconds": 4.25, "unsigned_seconds": None, "lag": 0, "lag_seconds": None}
    return known | {"suspicions": 2, "stopped": None} | more


def a_replica(incarnation: str = "aaaaaaaa", **more: Any) -> dict[str, Any]:
    return PLAIN | {"incarnation": incarnation, "number": 811, "lease_seconds": 17.5, "breaker_open": False} | more


def a_consent(**more: Any) -> dict[str, Any]:
    members = [{"incarnation": name * 8, "number": 811, "heard_seconds": 2.5} for name in ("a", "b", "c")]
    return PLAIN | {"epoch": 1, "head": 812, "members": members, "force": {"changes": 3, "p50_seconds": 0.012, "max_seconds": 0.5}} | more


def a_message(**more: Any) -> dict[str, Any]:
    known = {"topic": "audit.suspicion", "offset": 7, "at": "2026-11-26T10:00:00.000Z", "reason": "ValueError"}
    return known | {"type": "org.serment.audit.suspicion-raised.v1"} | more


def a_group(**more: Any) -> dict[str, Any]:
    """All well."""
    services = ("audit", "consent", "notifier", "governance", "records-a", "records-b")
    known: dict[str, Any] = {f"GET {name}/health/ready": {"mongodb": "up"} for name in services}
    known |= {"GET audit/status": {"records.access": a_log(), "outbox": PLAIN["outbox"]}, "GET consent/status": a_consent()}
    known |= {"GET records-a/status": a_replica(), "GET records-b/status": a_replica("bbbbbbbb", number=812)}
    known |= {"GET notifier/status": PLAIN | {"messages": {"waiting": 1, "refused": 2}}, "GET governance/status": PLAIN}
    return known | {key: [] for key in ("GET audit/parked", "GET notifier/parked", "GET records/parked")} | more


def words_of(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split()).replace(" ,", ",")


async def look(portal: PortalDesk, path: str, role: str = "operator", language: str = "en") -> str:
    await portal.sign_in(role)
    answer = await portal.browser.get(path, headers={"accept-language": language})
    assert answer.status_code == 200
    return words_of(answer.text)


class TestOperation:
    async def test_shows_what_each_says_of_itself(self, portal: PortalDesk) -> None:
        portal.group.answers = a_group(
            **{
                "GET consent/health/ready": (503, {"mongodb": "up", "vault": "down"}),
                "GET governance/status": {"outbox": {"waiting": 1200, "oldest_seconds": 75.4}},
                "GET records-b/status": a_replica("bbbbbbbb", number=812, breaker_open=True, lease_seconds=0.0),
            }
        )
        portal.notes.outbox.oldest = 3.25

        text = await look(portal, "/operation")

        assert "consent not ready without: vault 0" in text
        assert "notifier ready 0" in text
        assert "governance ready 1,200 75 s" in text
        assert "records/nord 2 ready notes pass Kafka by 0" in text
        assert "portal ready 1 3.25 s" in text
        assert "Messages not sent: waiting 1, refused 2" in text
        assert "records.access 1,200 1,200 4.25 s ago 0 2" in text
        assert "Nothing is parked." in text

    async def test_tells_the_replicas_of_a_site_apart_with_their_leases(self, portal: PortalDesk) -> None:
        portal.group.answers = a_group(**{"GET records-b/status": a_replica("bbbbbbbb", number=812, lease_seconds=0)})

        text = await look(portal, "/operation")

        assert "The newest directive has number 812." in text
        assert "records/nord 1 aaaaaaaa 18 s 811 2.5 s" in text
        assert "records/nord 2 bbbbbbbb no lease 812 2.5 s" in text
        assert "a process that is gone, or of another portal cccccccc 811 2.5 s" in text

    @pytest.mark.parametrize(
        ("silent", "said"),
        [
            ("audit", "The ledger does not answer."),
            ("consent", "The service for the patients’ choices does not answer"),
            ("records-a", "records/nord 1 silent not known here"),
            ("records-b", "records/nord 2 does not say what it parked."),
            ("notifier", "notifier silent not known here"),
            ("governance", "governance silent not known here"),
        ],
    )
    async def test_shows_who_is_silent_and_all_the_others(self, portal: PortalDesk, silent: str, said: str) -> None:
        portal.group.answers = a_group()
        portal.group.silent = {silent}

        text = await look(portal, "/operation")

        assert said in text
        assert text.count(" ready ") == 6  # of six processes beside the portal one is silent
        assert ("records.access" in text) == (silent != "audit")

    async def test_takes_words_it_does_not_know_for_silence(self, portal: PortalDesk) -> None:
        portal.group.answers = a_group(**{"GET consent/status": {"heads": 1}, "GET audit/status": "none", "GET notifier/parked": (404, {})})

        text = await look(portal, "/operation")

        assert "consent ready not known here" in text
        assert "notifier does not say what it parked." in text

    @pytest.mark.parametrize("answer", ["GET audit/status", "GET consent/status", "GET notifier/parked"])
    async def test_is_not_shown_when_any_service_refuses(self, portal: PortalDesk, answer: str) -> None:
        portal.group.answers = a_group(**{answer: (403, {"type": "urn:serment:problem:x", "detail": "Not for you."})})
        await portal.sign_in("operator")

        refused = await portal.browser.get("/operation")

        assert (refused.status_code, "Not for you." in refused.text) == (403, True)

    @pytest.mark.parametrize(
        ("role", "room"), [("clerk", "/modules"), ("privacy-officer", "/modules"), ("patient", "/choices/new?what=research")]
    )
    async def test_is_refused_to_everybody_else_by_the_portal_itself(self, portal: PortalDesk, role: str, room: str) -> None:
        portal.group.answers = a_group(**{"GET governance/modules": []})
        portal.own_parked.found = [OWN]
        await portal.sign_in(role)

        answers = [await portal.browser.get("/operation"), await portal.send(room, "/operation", process="portal")]

        assert [answer.status_code for answer in answers] == [403, 403]
        assert portal.own_parked.found == [OWN]

    @pytest.mark.parametrize("language", ["fr", "en"])
    async def test_runs_nothing_that_is_hidden_in_a_text(self, portal: PortalDesk, language: str) -> None:
        hostile = a_message(topic=HOSTILE, reason=HOSTILE, type=HOSTILE, at=HOSTILE)
        portal.group.answers = a_group(
            **{
                "GET notifier/parked": [hostile],
                "GET audit/status": {HOSTILE: a_log(stopped=HOSTILE), "outbox": PLAIN["outbox"]},
                "GET consent/health/ready": (503, {HOSTILE: "down"}),
            }
        )
        await portal.sign_in("operator")

        answer = await portal.browser.get("/operation", headers={"accept-language": language})

        assert (answer.status_code, "<img src=x" in answer.text) == (200, False)


class TestParked:
    async def test_is_listed_by_reader_without_what_it_holds(self, portal: PortalDesk) -> None:
        portal.group.answers = a_group(**{"GET notifier/parked": [a_message(), a_message(offset=8, type=None)]})

        text = await look(portal, "/operation")

        assert "audit.suspicion 7 26 Nov 2026, 11:00 org.serment.audit.suspicion-raised.v1 ValueError" in text
        assert "audit.suspicion 8 26 Nov 2026, 11:00 unreadable ValueError" in text
        assert text.count("Handle again") == 1
        assert "Nothing is parked." not in text

    async def test_is_handled_again_by_the_very_process_and_the_page_says_what_became_of_it(self, portal: PortalDesk) -> None:
        told = {"replayed": 3, "failed": [a_message(reason="KeyError")], "left": 1}
        portal.group.answers = a_group(**{"GET records-b/parked": [a_message()], "POST records-b/parked/replay": told})
        await portal.sign_in("operator")

        answer = await portal.send("/operation", "/operation", process="records/nord 2")

        (posted,) = [request for request in portal.group.asked if request.method == "POST"]
        assert (posted.url.host, posted.headers["authorization"][:9]) == ("records-b.test", "Bearer ey")
        said = "records/nord 2 handled: 3, failed again: 1 (KeyError), not tried, for it took too long: 1"
        assert (answer.status_code, said in words_of(answer.text)) == (200, True)

    async def test_of_the_portal_itself_is_listed_and_handled_without_a_detour(self, portal: PortalDesk) -> None:
        portal.group.answers = a_group()
        portal.own_parked.found = [OWN]

        text = await look(portal, "/operation")
        answer = await portal.send("/operation", "/operation", process="portal")

        assert "governance.change 3 26 Nov 2026, 11:00 unreadable KeyError" in text
        assert "portal handled: 1" in words_of(answer.text)
        assert "Nothing is parked." in words_of(answer.text)

    async def test_of_the_portal_itself_is_not_known_while_kafka_is_silent(self, portal: PortalDesk) -> None:
        portal.group.answers = a_group()
        portal.own_parked.found = None

        assert "portal does not say what it parked." in await look(portal, "/operation")

    async def test_says_when_nobody_told_what_became_of_it(self, portal: PortalDesk) -> None:
        portal.group.answers = a_group(**{"GET notifier/parked": [a_message()], "POST notifier/parked/replay": (503, {})})
        await portal.sign_in("operator")

        answer = await portal.send("/operation", "/operation", process="notifier")

        assert "notifier did not say what became of it." in words_of(answer.text)

    @pytest.mark.parametrize("process", ["", "governance", "records/nord", "http://evil.test", "records/nord 3"])
    async def test_is_asked_of_no_other_process(self, portal: PortalDesk, process: str) -> None:
        portal.group.answers = a_group(**{"GET notifier/parked": [a_message()]})
        await portal.sign_in("operator")

        answer = await portal.send("/operation", "/operation", process=process)

        assert answer.status_code == 404
        assert [request for request in portal.group.asked if request.method == "POST"] == []

    async def test_changes_nothing_without_the_forms_token_or_from_another_site(self, portal: PortalDesk) -> None:
        portal.group.answers = a_group(**{"GET notifier/parked": [a_message()]})
        await portal.sign_in("operator")
        answers = [await portal.browser.post("/operation", data={"process": "notifier", "form-token": token}) for token in ("", "0" * 64)]
        portal.browser.headers["sec-fetch-site"] = "cross-site"
        answers.append(await portal.send("/operation", "/operation", process="notifier"))

        assert [answer.status_code for answer in answers] == [403] * 3
        assert [request for request in portal.group.asked if request.method == "POST"] == []


class TestObjectives:
    @pytest.mark.parametrize(("language", "met"), [("en", "met"), ("fr", "tenu")])
    async def test_are_told_to_officers_with_what_was_measured(self, portal: PortalDesk, language: str, met: str) -> None:
        portal.group.answers = a_group()

        text = await look(portal, "/objectives", "privacy-officer", language)

        assert len(re.findall(rf"(?<!non )\b{met}\b (?:A |Every|Half|No |Une |Chaque|La |Aucune)", text)) == 5
        if language == "en":
            assert "changes of the last day: 3, the slowest in force after 0.5 s" in text
            assert "changes of the last day: 3, half of them within 0.01 s" in text
            assert "records.access 4.25 s ago none none" in text
            assert "not met" not in text

    async def test_say_what_to_do_when_they_are_not_met(self, portal: PortalDesk) -> None:
        slow = {"changes": 3, "p50_seconds": 2, "max_seconds": 22.5}
        log = a_log(signed_size=1000, unsigned_seconds=11, lag=3, lag_seconds=61)
        portal.group.answers = a_group(
            **{"GET consent/status": a_consent(force=slow), "GET audit/status": {"records.access": log, "outbox": PLAIN["outbox"]}}
        )
        portal.notes.outbox.oldest = 7300

        text = await look(portal, "/objectives", "privacy-officer")

        assert text.count("not met") == 5
        for word in ("outbox", "kafka", "force", "typical", "signed"):
            assert WORDS[f"objective-{word}-do"].en in text
        assert "the oldest has waited for 2 hours" in text

    @pytest.mark.parametrize(
        ("silent", "unknown"),
        [({"consent"}, 3), ({"audit"}, 3), ({"notifier"}, 1), ({"governance"}, 1), ({"records-a"}, 0), ({"records-a", "records-b"}, 1)],
        ids=str,
    )
    async def test_are_not_known_while_who_must_say_so_is_silent(self, portal: PortalDesk, silent: set[str], unknown: int) -> None:
        portal.group.answers = a_group()
        portal.group.silent = silent

        text = await look(portal, "/objectives", "privacy-officer")

        assert text.count("Not said by:") == unknown
        assert "not met" not in text

    async def test_claim_nothing_while_everybody_is_silent(self, portal: PortalDesk) -> None:
        portal.group.silent = EVERY

        text = await look(portal, "/objectives", "privacy-officer")

        assert text.count("Not said by:") == 5
        assert len(re.findall(r"(?<!not )\bmet\b", text)) == 0

    async def test_are_not_shown_when_any_service_refuses(self, portal: PortalDesk) -> None:
        portal.group.answers = a_group(**{"GET governance/status": (403, {"type": "urn:serment:problem:x", "detail": "Not for you."})})
        await portal.sign_in("privacy-officer")

        answer = await portal.browser.get("/objectives")

        assert (answer.status_code, "Not for you." in answer.text) == (403, True)

    @pytest.mark.parametrize("role", ["clinician", "clerk", "trainer", "patient"])
    async def test_are_for_those_who_watch(self, portal: PortalDesk, role: str) -> None:
        await portal.sign_in(role)

        assert (await portal.browser.get("/objectives")).status_code == 403
        assert portal.group.asked == []

    async def test_stand_in_the_officers_navigation(self, portal: PortalDesk) -> None:
        await portal.sign_in("privacy-officer")

        assert 'href="/objectives"' in (await portal.browser.get("/objectives")).text


def figures(**statuses: Status | None) -> list[Figures]:
    return [Figures(Instance(owner, ""), status) for owner, status in statuses.items()]


def status(oldest: float | None = None, **more: Any) -> Status:
    return Status(outbox=Backlog(waiting=0 if oldest is None else 1, oldest_seconds=oldest), **more)


def force(slowest: float | None, half: float | None) -> Status:
    return status(force=Force(changes=0 if slowest is None else 9, p50_seconds=half, max_seconds=slowest))


def log(**more: Any) -> Status:
    return status(logs={"records.access": LogFigures(**a_log(**more))})


def judged(word: str, **statuses: Status | None) -> Objective:
    return next(one for one in judge(figures(**statuses)) if one.word == f"objective-{word}")


class TestJudge:
    @pytest.mark.parametrize(
        ("word", "given", "state"),
        [
            ("outbox", {"a": status(59.9)}, State.MET),
            ("outbox", {"a": status(60)}, State.MISSED),
            ("outbox", {"a": status(60), "b": None}, State.MISSED),
            ("outbox", {"a": status(), "b": None}, State.UNKNOWN),
            ("kafka", {"audit": log()}, State.MET),
            ("kafka", {"audit": log(lag=2, lag_seconds=59)}, State.MET),
            ("kafka", {"audit": log(lag=2, lag_seconds=60)}, State.MISSED),
            ("kafka", {"audit": log(lag=None)}, State.UNKNOWN),
            ("kafka", {"audit": log(stopped="log-changed")}, State.MISSED),
            ("kafka", {"audit": log(lag=None, stopped="log-changed")}, State.MISSED),
            ("kafka", {"audit": None}, State.UNKNOWN),
            ("force", {"consent": force(21.9, 0.1)}, State.MET),
            ("force", {"consent": force(22, 0.1)}, State.MISSED),
            ("force", {"consent": force(None, None)}, State.MET),
            ("force", {"consent": None}, State.UNKNOWN),
            ("typical", {"consent": force(21, 0.99)}, State.MET),
            ("typical", {"consent": force(21, 1)}, State.MISSED),
            ("signed", {"audit": log(age_seconds=86_400)}, State.MET),
            ("signed", {"audit": log(unsigned_seconds=9.9)}, State.MET),
            ("signed", {"audit": log(unsigned_seconds=10)}, State.MISSED),
            ("signed", {"audit": None}, State.UNKNOWN),
        ],
    )
    def test_holds_each_objective_against_its_bound(self, word: str, given: dict[str, Status | None], state: State) -> None:
        assert judged(word, **given).state is state

    def test_tells_the_worst_and_who_did_not_say(self) -> None:
        found = judged("outbox", a=status(3), b=status(70), c=None)

        assert (found.worst, found.unheard) == (70, ["c"])


class TestLasting:
    @pytest.mark.parametrize(
        ("seconds", "en", "fr"),
        [(0.0123, "0.01 s", "0,01 s"), (9.5, "9.5 s", "9,5 s"), (75.4, "75 s", "75 s"), (7300, "2 hours", "2 heures")],
    )
    def test_is_told_no_finer_than_people_need(self, seconds: float, en: str, fr: str) -> None:
        assert [lasting(seconds, language).replace("\u00a0", " ") for language in ("en", "fr")] == [en, fr]
