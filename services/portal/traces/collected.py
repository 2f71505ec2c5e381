"""Asks the collector of spans, which decides nothing: only doors that refuse everybody but operators may ask it."""

from typing import ClassVar, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from services.portal.settings import PortalSettings
from services.portal.traces.model import Recent, Trace
from shared.errors import AnticipatedError, Sentence

Told = TypeVar("Told", bound=BaseModel)


class CollectorSilentError(AnticipatedError):
    """The collector of traces does not answer, or answers something else."""

    slug: ClassVar[str] = "trace-collector-silent"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "The collector of traces does not answer at the moment. Nothing else waits for it; try again in a moment.",
        "Le collecteur de traces ne répond pas en ce moment. Rien d’autre ne l’attend ; réessayez dans un instant.",
    )


class CollectedTraces:
    """Of two optional addresses: that of a collector, whose traces are drawn here, and that of a tracing UI, which is linked to."""

    def __init__(self, http: httpx.AsyncClient, settings: PortalSettings) -> None:
        self._http = http
        self._url = settings.traces_url
        self._secret = settings.traces_secret
        self._ui = settings.tracing_ui

    @property
    def here(self) -> bool:
        return self._url is not None

    def elsewhere(self, trace: str) -> str | None:
        return self._ui.replace("{trace}", trace) if self._ui else None

    async def recent(self, *, service: str, name: str) -> Recent:
        """At most fifty, the newest first; none without a collector. Raises CollectorSilentError."""
        return await self._told(Recent, "/traces", service=service, name=name) or Recent()

    async def find(self, trace: str) -> Trace | None:
        """Raises CollectorSilentError."""
        return await self._told(Trace, f"/traces/{trace}")

    async def _told(self, kind: type[Told], path: str, **asked: str) -> Told | None:
        if self._url is None:
            return None
        headers = {"authorization": f"Bearer {self._secret.get_secret_value()}"} if self._secret else {}
        try:
            answer = await self._http.get(f"{self._url}{path}", params=asked, headers=headers)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            return kind.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPError, ValidationError) as error:
            raise CollectorSilentError from error
