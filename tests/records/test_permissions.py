"""Calls every route of every service in every profession, and in nobody's name: what a route declares is what it does."""

import itertools
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import httpx
import orjson
import pytest

from catalogue.routes import EVERYONE, Route, routes_of
from cli.story.checking import until
from deploy.local.stack import Stack
from services.portal.rooms import home_of
from shared.vocabulary import Profession
from tests.builders import Desk, a_transaction, an_observation

ACCOUNTS = {
    Profession.CLINICIAN: ("a.martin", "TREAT"),
    Profession.CLERK: ("d.durand", "PATADMIN"),
    Profession.PRIVACY_OFFICER: ("o.leroy", "RECORDMGT"),
    Profession.TRAINER: ("t.roux", "TRAIN"),
    Profession.OPERATOR: ("u.faure", "HSYSADMIN"),
    Profession.PATIENT: ("patient.nord", "PATRQT"),
    Profession.INTEGRATION: ("integration.nord", "RECORDMGT"),
}
GROUNDS = {"grounds": "person-asked"}
NOBODY = None
BY_TOKEN = {"/parked", "/parked/replay"}
"""Of the portal, for `serment parked`; its pages are for cookies."""


@dataclass
class Caller:
    """Asks one route after the other about one chart; tokens are fetched once."""

    desk: Desk
    patient: str
    address: str
    erasure: str
    note: str
    size: int
    grant: str
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def call(self, service: str, route: Route, profession: Profession | None) -> httpx.Response:
        path, more = self.request(route)
        base = self.desk.base().removesuffix("/fhir") if service == "records" else self.desk.running.addresses[service]
        headers = {} if profession is NOBODY else {"authorization": f"Bearer {self.token(*self.account(route, profession))}"}
        return self.desk.http.request(route.method, base + path, headers=headers, **more)

    def account(self, route: Route, profession: Profession) -> tuple[str, str]:
        login, purpose = ACCOUNTS[profession]
        for_compliance = ("/emergencies/", "/trail/", "/entries")
        watches = profession == Profession.PRIVACY_OFFICER and any(part in route.path for part in for_compliance)
        return login, "HCOMPL" if watches else purpose

    def token(self, login: str, purpose: str) -> str:
        if (login, purpose) not in self.tokens:
            self.tokens[login, purpose] = self.desk.running.token(login, purpose)
        return self.tokens[login, purpose]

    def request(self, route: Route) -> tuple[str, dict[str, Any]]:
        """A request that a permitted person would be answered."""
        type_, ident = self.address.split("/")
        observation = an_observation(self.patient)
        bodies: dict[str, Any] = {
            "POST /charts/{patient}/erasures": GROUNDS,
            "POST /charts/{patient}/emergency": {"reason": "unconscious, nobody of the team on duty"},
            "POST /fhir": a_transaction(observation),
            "POST /fhir/": a_transaction(observation),
            "POST /fhir/{type_}": observation,
            "PUT /fhir/{type_}/{ident}": observation | {"id": ident},
        }
        rest = f"{ident}/$meta-add"
        tile = "0/000" if self.size >= 256 else f"0/000.p/{self.size}"
        idents = {"patient": self.patient, "type_": type_, "ident": ident, "rest:path": rest, "topic": "records.access"}
        if "/erasures/" in route.path:
            idents["ident"] = self.erasure
        if "$everything" in route.path:
            idents["ident"] = self.patient
        idents |= {"name:path": tile, "note_id": self.note, "grant": self.grant}
        path = re.sub(r"\{([^}]+)\}", lambda name: idents[name[1]], route.path)
        searched = {"patient": self.patient}
        query = {"GET /fhir/{type_}": searched, "POST /fhir/{type_}/_search": searched}.get(str(route))
        body = bodies.get(str(route))
        return path, {"params": query} | ({} if body is None else {"content": orjson.dumps(body)})


@pytest.fixture
def caller(desk: Desk) -> Caller:
    patient, address = desk.a_chart()
    url = f"charts/{patient}/erasures"
    erasure = desk.beside("POST", url, "p.moreau", purpose="RECORDMGT", json=GROUNDS).json()["id"]
    note = desk.ask("GET", address, "a.martin").headers["x-decision-id"]
    audit = f"{desk.running.addresses['audit']}/log/records.access"
    until(lambda: desk.http.get(f"{audit}/proof/{note}").status_code == 200, within=15, otherwise="the read was not signed")
    size = int(desk.http.get(f"{audit}/checkpoint").text.splitlines()[1])
    reason = {"reason": "unconscious, nobody of the team on duty"}
    grant = desk.beside("POST", f"charts/{patient}/emergency", "c.petit", json=reason).json()["id"]
    return Caller(desk, patient, address, erasure, note, size, grant)


def routes(service: str, which: Callable[[Route], bool]) -> list[Route]:
    return [route for route in routes_of(service) if which(route)]


def closed(route: Route) -> bool:
    return route.professions != EVERYONE


class TestRoutes:
    def test_of_every_service_are_declared(self):
        found = [route for service in ("records", "audit", "portal") for route in routes_of(service)]
        assert len(found) >= 25
        assert [str(route) for route in found if not route.professions] == []

    @pytest.mark.parametrize("service", ["records", "audit"])
    def test_answer_401_to_nobody(self, caller: Caller, service: str):
        answers = {str(route): caller.call(service, route, NOBODY) for route in routes(service, closed)}
        assert {route: answer.status_code for route, answer in answers.items()} == dict.fromkeys(answers, 401)
        assert {answer.headers["www-authenticate"] for answer in answers.values()} == {'Bearer error="invalid_token"'}

    @pytest.mark.parametrize("service", ["records", "audit"])
    def test_answer_403_to_every_profession_they_do_not_declare(self, caller: Caller, service: str):
        asked = [
            (route, profession)
            for route, profession in itertools.product(routes(service, closed), Profession)
            if profession not in route.professions
        ]
        assert len(asked) > (30 if service == "records" else 9)
        answers = {(str(route), str(profession)): caller.call(service, route, profession) for route, profession in asked}
        assert {key: answer.status_code for key, answer in answers.items()} == dict.fromkeys(answers, 403)

    @pytest.mark.parametrize("service", ["records", "audit"])
    def test_are_open_to_at_least_one_profession_they_declare(self, caller: Caller, service: str):
        found = routes(service, lambda one: closed(one) and "rest:path" not in one.path)
        for route in sorted(found, key=lambda one: (one.method == "DELETE", "/erasures" in one.path)[::-1]):  # what destroys comes last
            answers = [caller.call(service, route, profession) for profession in sorted(route.professions)]
            statuses = [answer.status_code for answer in answers]
            assert [status for status in statuses if status < 300], (str(route), statuses, [answer.text[:300] for answer in answers])
            assert [status for status in statuses if status == 401 or status >= 500] == []

    def test_that_offer_nothing_say_so_to_everybody_alike(self, caller: Caller):
        """Whether the id is known or not, or somebody else's, so that nobody learns who has a chart here."""
        for route, profession in itertools.product(routes("records", lambda one: "rest:path" in one.path), Profession):
            known = caller.call("records", route, profession)
            there, caller.address = caller.address, f"Observation/{uuid.uuid4()}"
            unknown = caller.call("records", route, profession)
            caller.address = there
            assert (known.status_code, unknown.status_code) == (405, 405)
            assert known.content == unknown.content

    @pytest.mark.parametrize("service", ["records", "audit", "portal"])
    def test_that_are_public_answer_nobody(self, caller: Caller, service: str):
        for route in routes(service, lambda one: not closed(one)):
            answer = caller.call(service, route, NOBODY)
            expected = {"POST /sign-in": 303, "GET /callback": 400}.get(str(route), 200)
            assert answer.status_code == expected, str(route)

    @pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/openapi.json"])
    def test_for_machines_answer_nobody(self, stack: Stack, path: str):
        for name in ("nord-a", "audit", "portal"):
            assert httpx.get(f"{stack.ports.url(name)}{path}", trust_env=False, timeout=10).status_code == 200

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
    def test_have_no_neighbours_that_answer_without_a_token(self, desk: Desk, method: str):
        base = desk.base().removesuffix("/fhir")
        for path in ("/fhir/Patient/1/_history/1", "/fhir/Consent/1", "/fhir/Nothing", "/charts/1", "/erasures/1", "/docs", "/redoc", "/"):
            assert desk.http.request(method, base + path).status_code in {401, 404, 405}


class Browser:
    """Signs in by the login page; sends its cookies on loopback, which browsers take for a safe place."""

    def __init__(self, desk: Desk) -> None:
        self.portal = desk.running.addresses["portal"]
        self.http = httpx.Client(trust_env=False, follow_redirects=True, timeout=30, event_hooks={"request": [self._send_cookies]})

    def _send_cookies(self, request: httpx.Request) -> None:
        if self.http.cookies:
            request.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())

    def sign_in(self, login: str, password: str) -> httpx.Response:
        form = self.http.post(f"{self.portal}/sign-in")
        action = form.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
        return self.http.post(urljoin(str(form.url), action), data={"login": login, "password": password})

    def first_lines(self) -> str:
        """What the stream of events says before anything new happens."""
        with self.http.stream("GET", f"{self.portal}/events") as stream:
            said = ""
            for line in stream.iter_lines():
                said += line + "\n"
                if "event: ended" in said or 'state-live"' in said or "Live:" in said or "En direct" in said:
                    return said
            return said


class TestPortal:
    @pytest.mark.parametrize("profession", sorted(ACCOUNTS))
    def test_shuts_every_room_to_every_profession_it_does_not_declare(self, stack: Stack, caller: Caller, profession: Profession):
        """Most rooms by the word of the service that is asked, and then it is noted."""
        login, _purpose = ACCOUNTS[profession]
        browser, streamed = Browser(caller.desk), "/events"
        shut = routes("portal", lambda one: closed(one) and profession not in one.professions and one.path not in {streamed, *BY_TOKEN})
        idents = {"module": "privacy-basics", "patient": caller.patient, "trace": "0" * 32, "note": caller.note, "move": "dismissal"}
        with browser.http:
            inside = browser.sign_in(login, stack.home.secret(f"account-{login}"))
            token = inside.text.partition('name="form-token" value="')[2].partition('"')[0]
            statuses = {}
            erasing = {"patient": caller.patient, "grounds": "unlawful", "sure": "yes"}
            for route in shut:
                path = re.sub(r"\{([^}]+)\}", lambda name: idents.get(name[1], str(uuid.uuid4())), route.path)
                asked = {"kind": "copy", "what": "research"} if path.endswith("/new") else {}
                form = {"form-token": token, "what": "research", "kind": "copy", "words": "Made up, for a test.", "number": "1"} | erasing
                answer = browser.http.request(
                    route.method, f"{browser.portal}{path}", params=asked, data=form if route.method == "POST" else None
                )
                statuses[str(route)] = answer.status_code
        assert len(statuses) > 10
        assert statuses == dict.fromkeys(statuses, 403)

    def test_opens_what_it_parked_to_an_operators_token_only(self, caller: Caller):
        found = routes("portal", lambda one: one.path in BY_TOKEN)
        answers = {(str(route), one): caller.call("portal", route, one) for route, one in itertools.product(found, [*Profession, NOBODY])}
        expected = {None: 401, Profession.OPERATOR: 200}
        assert {key: answer.status_code for key, answer in answers.items()} == {key: expected.get(key[1], 403) for key in answers}
        assert len(answers) == 2 * 8

    @pytest.mark.parametrize("profession", sorted(ACCOUNTS))
    def test_shows_the_ledger_to_those_who_watch_over_it_only(self, stack: Stack, desk: Desk, profession: Profession):
        login, _purpose = ACCOUNTS[profession]
        (events,) = routes("portal", lambda one: one.path == "/events")
        browser = Browser(desk)
        with browser.http:
            inside = browser.sign_in(login, stack.home.secret(f"account-{login}"))
            assert (inside.status_code, inside.url.path) == (200, home_of(profession))
            entries = re.findall('class="entry mood-', browser.http.get(f"{browser.portal}/activity").text)
            told = browser.first_lines()
            if profession in events.professions:
                assert entries
                assert "event: ended" not in told
            else:
                assert not entries
                assert "event: ended" in told

    def test_ends_the_stream_of_nobody(self, desk: Desk):
        browser = Browser(desk)
        with browser.http:
            assert "event: ended" in browser.first_lines()

    def test_lets_nobody_sign_out_somebody(self, desk: Desk):
        answer = desk.http.post(f"{desk.running.addresses['portal']}/sign-out", data={"form-token": "x"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
