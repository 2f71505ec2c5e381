"""Asks the services of the group with the person's own token, so that they decide what a page may show, and note it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx
import orjson

from services.portal.sessions import Session
from shared.errors import AnticipatedError, Sentence
from shared.telemetry import trace_headers
from shared.vocabulary import Purpose

_AS_JSON = {"content-type": "application/json"}
_SERVICES = {
    "records": Sentence("the records", "les dossiers médicaux"),
    "consent": Sentence("the patients’ choices", "les choix des patients"),
    "audit": Sentence("the ledger", "le registre"),
    "notifier": Sentence("cases and messages", "les alertes et les messages"),
    "governance": Sentence("staff and training", "le personnel et la formation"),
}


class ServiceSilentError(AnticipatedError):
    """A service does not answer; the page says which, and the other pages go on."""

    slug: ClassVar[str] = "service-silent"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "This part does not answer at the moment. The other pages work; try again in a moment.",
        "Cette partie ne répond pas en ce moment. Les autres pages fonctionnent ; réessayez dans un instant.",
    )

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def said(self) -> Sentence:
        part = _SERVICES[self.service]
        return Sentence(
            f"The service for {part.en} does not answer at the moment. The other pages work; try again in a moment.",
            f"Le service pour {part.fr} ne répond pas en ce moment. Les autres pages fonctionnent ; réessayez dans un instant.",
        )


class ServiceRefusedError(AnticipatedError):
    """A service said no; what it said is already in the reader's language."""

    slug: ClassVar[str] = "service-refused"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence("The service refused this.", "Le service a refusé cette demande.")

    def __init__(self, status: int, problem: str, detail: str) -> None:
        super().__init__()
        self.status = status  # type: ignore[misc]
        self.problem = problem
        self.detail = detail

    def said(self) -> Sentence:
        return Sentence(self.detail, self.detail) if self.detail else self.sentence


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page, in which language (`fr` or `en`)."""

    session: Session
    language: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a service answered: its JSON (None when it is none), its bytes, and the id of its note."""

    body: Any = field(repr=False)
    content: bytes = field(repr=False)
    decision: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One process that pages ask: of a service, or of a site's records; `number` tells its replicas apart."""

    owner: str
    address: str = field(repr=False)
    number: int | None = None

    @property
    def name(self) -> str:
        return self.owner if self.number is None else f"{self.owner} {self.number}"

    @property
    def service(self) -> str:
        return self.owner.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Health:
    """What one process says of itself: `up`, `down` or `silent`, and what it goes without."""

    state: str
    without: Sequence[str] = ()


class Group:
    """`addresses` has the URLs of each service, the records' by site; the first that answers is taken."""

    def __init__(self, http: httpx.AsyncClient, addresses: Mapping[str, Sequence[str]]) -> None:
        self._http = http
        self._addresses = addresses

    async def ask(
        self,
        reader: Reader,
        service: str,
        path: str,
        *,
        purpose: str | None = None,
        send: Any = None,
        more: Mapping[str, str] | None = None,
    ) -> Told:
        """A GET, or a POST of `send` as JSON. Raises ServiceSilentError or ServiceRefusedError."""
        headers = {**_AS_JSON, **(more or {}), **({"x-purpose-of-use": purpose} if purpose else {})}
        return await self._told(
            reader, service, "GET" if send is None else "POST", path, None if send is None else orjson.dumps(send), headers
        )

    async def find_patients(self, reader: Reader, wanted: Mapping[str, str], *, purpose: Purpose) -> Told:
        """FHIR's search by form: names stand in no address. Raises ServiceSilentError or ServiceRefusedError."""
        headers = {"content-type": "application/x-www-form-urlencoded", "x-purpose-of-use": purpose}
        return await self._told(reader, "records", "POST", "/fhir/Patient/_search", urlencode(wanted).encode(), headers)

    async def put(self, reader: Reader, service: str, path: str, send: Any) -> Told:
        """Raises ServiceSilentError or ServiceRefusedError."""
        return await self._told(reader, service, "PUT", path, orjson.dumps(send), _AS_JSON)

    async def _told(self, reader: Reader, service: str, method: str, path: str, content: bytes | None, more: Mapping[str, str]) -> Told:
        headers = {**_of(reader), **more}
        return _taken(await self._answer(reader, service, method, path, content, headers), service)

    @property
    def instances(self) -> Sequence[Instance]:
        """Every process that pages ask."""
        return [
            Instance(owner, address, number if len(addresses) > 1 else None)
            for owner, addresses in self._addresses.items()
            for number, address in enumerate(addresses, 1)
        ]

    async def ask_one(self, reader: Reader, instance: Instance, path: str, *, method: str = "GET", patience: float = 5) -> Any:
        """The JSON of that very process. Raises ServiceSilentError or ServiceRefusedError."""
        try:
            answer = await self._http.request(method, f"{instance.address}{path}", headers=_of(reader), timeout=patience)
        except httpx.HTTPError as error:
            raise ServiceSilentError(instance.service) from error
        return _taken(answer, instance.service).body

    async def health(self, instance: Instance) -> Health:
        try:
            needs = _json(await self._http.get(f"{instance.address}/health/ready", timeout=5))
        except httpx.HTTPError:
            return Health("silent")
        down = [need for need, state in needs.items() if state != "up"] if isinstance(needs, dict) else []
        return Health("down" if down else "up", down)

    async def _answer(
        self, reader: Reader, service: str, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        key = f"records/{reader.session.person.site}" if service == "records" else service
        for address in self._addresses.get(key, ()):
            try:
                return await self._http.request(method, f"{address}{path}", content=content, headers=dict(headers))
            except httpx.ConnectError:
                continue
            except httpx.HTTPError as error:  # it may have happened: a second replica must not do it again
                raise ServiceSilentError(service) from error
        raise ServiceSilentError(service)


def with_query(path: str, **named: Any) -> str:
    """What is None is not asked for."""
    found = urlencode({name: value for name, value in named.items() if value is not None})
    return f"{path}?{found}" if found else path


def _of(reader: Reader) -> dict[str, str]:
    return {"authorization": f"Bearer {reader.session.token}", "accept-language": reader.language, **trace_headers()}


def _taken(answer: httpx.Response, service: str) -> Told:
    if answer.is_success:
        return Told(_json(answer), answer.content, answer.headers.get("x-decision-id", ""))
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise ServiceSilentError(service)
    raise ServiceRefusedError(answer.status_code, *_problem(_json(answer)))


def _json(answer: httpx.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None


def _problem(body: Any) -> tuple[str, str]:
    """(slug, sentence) of a problem or an OperationOutcome."""
    if not isinstance(body, dict):
        return "", ""
    if "issue" in body:
        details = body["issue"][0]["details"]
        return str(details["coding"][0]["code"]), str(details["text"])
    return str(body.get("type", "")).rpartition(":")[2], str(body.get("detail", ""))
