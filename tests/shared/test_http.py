"""Proves that errors are answered once, in the caller's language and the path's form, and repeat nothing of the request."""

import asyncio
import importlib
import pkgutil
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel
from structlog.testing import capture_logs

import services
import shared
from shared.errors import AnticipatedError, Sentence
from shared.http import Ping, create_app, error_body, language_of, read_body, surprise_body
from shared.identity import TokenRefusedError
from shared.notes import NoteNotKeptError
from shared.telemetry import QUIET
from tests.shared.kafka_desk import eventually

CANARY = "Jeanne-Canari-1980"
FHIR_ISSUE_TYPES = {
    *("invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden", "suppressed"),
    *("processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long", "code-invalid", "extension"),
    *("too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"),
}


class Body(BaseModel):
    count: int


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield


async def _up() -> None:
    """Answers."""


async def _down() -> None:
    raise ConnectionError(CANARY)


async def _hangs() -> None:
    await asyncio.sleep(60)


def an_app(pings: Mapping[str, Ping] | None = None) -> FastAPI:
    app = create_app("a service", lifespan=_lifespan, pings=lambda _app: pings or {"mongodb": _up})
    for prefix in ("", "/fhir"):

        @app.get(f"{prefix}/refused")
        async def refused() -> None:
            raise TokenRefusedError

        @app.get(f"{prefix}/surprise")
        async def surprise() -> None:
            raise RuntimeError(CANARY)

        @app.post(f"{prefix}/counted/{{number}}")
        async def counted(number: int, body: Body, kind: int = 0) -> int:
            return number + body.count + kind

    return app


def asking(app: FastAPI | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app or an_app(), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://serment.test")


def each_anticipated() -> list[type[AnticipatedError]]:
    for package in (shared, services):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found, todo = [], [AnticipatedError]
    while todo:
        kinds = [kind for kind in todo.pop().__subclasses__() if kind.__module__.startswith(("shared.", "services."))]
        todo += kinds
        found += [kind for kind in kinds if "slug" in vars(kind)]
    return found


class TestLanguageOf:
    @pytest.mark.parametrize(
        ("header", "language"),
        [
            (None, "en"),
            ("", "en"),
            ("fr", "fr"),
            ("FR-ch", "fr"),
            ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
            ("en;q=0.2,fr;q=0.8", "fr"),
            ("fr;q=0.2,en;q=0.8", "en"),
            ("fr; q=0.2, en; q=0.8", "en"),
            ("fr ;q=0.2, en ;q=0.8", "en"),
            ("de, it;q=0.9", "en"),
            ("de, fr;q=0.1", "fr"),
            ("*", "en"),
            ("fr;q=0", "en"),
            ("fr;q=nonsense", "en"),
            ("fr;q=nan", "en"),
            (",;,q=,;;", "en"),
            ("en-GB,en;q=0.9,fr;q=0.9", "en"),
        ],
    )
    def test_is_what_the_caller_weighs_most(self, header: str | None, language: str) -> None:
        assert language_of(header) == language


class TestErrorBody:
    @pytest.mark.parametrize(
        ("path", "fhir"),
        [("/fhir", True), ("/fhir/", True), ("/fhir/Patient/x", True), ("/", False), ("/charts/x", False), ("/fhirish", False)],
    )
    async def test_is_an_operation_outcome_under_fhir_and_a_problem_elsewhere(self, path: str, fhir: bool) -> None:
        body, kind = error_body(NoteNotKeptError(), path=path, language="en")
        async with asking() as http:
            missing = await http.get(f"{path.rstrip('/')}/nothing" if path not in {"/fhir", "/fhirish"} else path)

        assert kind.startswith("application/fhir+json" if fhir else "application/problem+json")
        assert (b"OperationOutcome" in body) is fhir
        assert missing.headers["content-type"] == kind

    @pytest.mark.parametrize(("language", "word"), [("fr", "Reconnectez-vous"), ("en", "Sign in again")])
    async def test_speaks_the_callers_language(self, language: str, word: str) -> None:
        async with asking() as http:
            problem = await http.get("/refused", headers={"accept-language": language})
            outcome = await http.get("/fhir/refused", headers={"accept-language": language})

        assert problem.status_code == outcome.status_code == 401
        assert word in problem.json()["detail"]
        assert word in outcome.json()["issue"][0]["details"]["text"]
        assert problem.json() | {"detail": ""} == {
            "type": "urn:serment:problem:token-refused",
            "title": "token refused",
            "status": 401,
            "detail": "",
        }
        assert outcome.json()["issue"][0]["code"] == "login"
        assert problem.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert problem.headers["cache-control"] == outcome.headers["cache-control"] == "no-store"

    def test_says_each_thing_that_is_wrong_and_where(self) -> None:
        class TwoIssuesError(NoteNotKeptError):
            def issues(self) -> list[tuple[str, Sentence, str | None]]:
                return [("invalid", Sentence("one", "un"), "Patient.name"), ("required", Sentence("two", "deux"), None)]

        body, _ = error_body(TwoIssuesError(), path="/fhir/Patient", language="fr")

        issues = httpx.Response(200, content=body).json()["issue"]
        assert [(issue["code"], issue["details"]["text"], issue.get("expression")) for issue in issues] == [
            ("invalid", "un", ["Patient.name"]),
            ("required", "deux", None),
        ]

    def test_of_a_surprise_is_said_in_both_languages(self) -> None:
        assert "Réessayez" in surprise_body("fr").decode()
        assert "Try again" in surprise_body(None).decode()


class TestAnswers:
    @pytest.mark.parametrize("prefix", ["", "/fhir"])
    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("GET", f"/{CANARY}?name={CANARY}", b"", 404),
            ("DELETE", f"/refused?name={CANARY}", CANARY.encode(), 405),
            ("POST", f"/counted/{CANARY}", b'{"count": 1}', 422),
            ("POST", f"/counted/1?kind={CANARY}", b'{"count": 1}', 422),
            ("POST", "/counted/1", f'{{"count": "{CANARY}", "{CANARY}": 1}}'.encode(), 422),
            ("POST", "/counted/1", f'{{"count": {CANARY}'.encode(), 422),
            ("POST", "/counted/1", CANARY.encode(), 422),
            ("GET", f"/surprise?name={CANARY}", b"", 500),
        ],
    )
    async def test_repeat_nothing_of_the_request(self, prefix: str, method: str, path: str, body: bytes, status: int) -> None:
        headers = {"content-type": "application/json", "accept-language": f"{CANARY}, fr", "cookie": CANARY, "x-purpose-of-use": CANARY}

        with capture_logs() as logged:
            async with asking() as http:
                answer = await http.request(method, prefix + path, content=body, headers=headers)

        assert answer.status_code == status
        assert answer.headers["content-type"] == ("application/fhir+json; charset=utf-8" if prefix else "application/problem+json")
        assert CANARY not in answer.text
        assert CANARY not in str(answer.headers)
        assert CANARY not in str(logged)

    async def test_log_where_a_surprise_was_raised(self) -> None:
        with capture_logs() as logged:
            async with asking() as http:
                await http.get("/surprise")

        assert [(one["event"], one["error"]) for one in logged] == [("http.surprise", "RuntimeError")]
        assert re.fullmatch(r"(shared/)?test_http\.py:\d+", logged[0]["where"])

    async def test_name_the_methods_of_an_address(self) -> None:
        async with asking() as http:
            answer = await http.delete("/refused")

        assert answer.headers["allow"] == "GET"

    async def test_leave_no_text_of_a_surprise_in_the_servers_log(self, caplog: pytest.LogCaptureFixture) -> None:
        """The server's own logger, at the level that `open_telemetry` gives it."""
        caplog.set_level(QUIET["uvicorn.error"], logger="uvicorn.error")
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(an_app(), log_config=None, access_log=False))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            await eventually(lambda: server.started)
            async with httpx.AsyncClient(trust_env=False) as http:
                answer = await http.get(f"http://127.0.0.1:{listening.getsockname()[1]}/surprise")
            server.should_exit = True
            await serving

        assert answer.status_code == 500
        assert CANARY not in caplog.text


class TestHealth:
    async def test_is_live_whatever_is_down(self) -> None:
        async with asking(an_app({"kafka": _down})) as http:
            assert (await http.get("/health/live")).json() == {"status": "live"}

    async def test_is_ready_when_all_answer(self) -> None:
        async with asking(an_app({"kafka": _up, "mongodb": _up})) as http:
            answer = await http.get("/health/ready")

        assert (answer.status_code, answer.json()) == (200, {"kafka": "up", "mongodb": "up"})

    async def test_names_what_is_down_or_hangs_and_says_no_more(self) -> None:
        async with asking(an_app({"kafka": _down, "mongodb": _up, "vault": _hangs})) as http:
            async with asyncio.timeout(4):
                answer = await http.get("/health/ready")

        assert (answer.status_code, answer.json()) == (503, {"kafka": "down", "mongodb": "up", "vault": "down"})

    async def test_has_metrics(self) -> None:
        async with asking() as http:
            answer = await http.get("/metrics")

        assert answer.headers["content-type"].startswith("text/plain")
        assert "serment_notes_kept_total" in answer.text


class TestAnticipatedErrors:
    def test_have_a_slug_each(self) -> None:
        slugs = sorted(kind.slug for kind in each_anticipated())

        assert len(slugs) > 20
        assert slugs == sorted(set(slugs))
        assert [slug for slug in slugs if not re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)] == []

    def test_speak_both_languages(self) -> None:
        mute = [
            kind.__name__
            for kind in each_anticipated()
            if not (kind.sentence.en.endswith(".") and kind.sentence.fr.endswith(".") and kind.sentence.en != kind.sentence.fr)
        ]

        assert mute == []

    def test_have_a_status_and_an_issue_type_that_fhir_knows(self) -> None:
        strange = [kind.__name__ for kind in each_anticipated() if not 400 <= kind.status < 600 or kind.fhir_code not in FHIR_ISSUE_TYPES]

        assert strange == []


class TestReadBody:
    @pytest.mark.parametrize(("sent", "read"), [(0, 0), (10, 10), (11, 11), (5000, 11)])
    async def test_takes_at_most_one_byte_more_than_the_limit(self, sent: int, read: int) -> None:
        app = an_app({})

        @app.post("/measured")
        async def measured(request: Request) -> int:
            return len(await read_body(request, 10))

        async with asking(app) as http:
            assert (await http.post("/measured", content=b"x" * sent)).json() == read
