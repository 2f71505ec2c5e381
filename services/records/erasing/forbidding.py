"""Has `consent` forbid a chart on every replica, in force, before its keys are destroyed."""

from typing import ClassVar

import aiohttp
import orjson

from shared.enforcement import ERASURE_PATH, SECRET_HEADER
from shared.errors import AnticipatedError, Sentence

_PATIENCE = aiohttp.ClientTimeout(total=60, sock_connect=2)


class ErasureNotInForceError(AnticipatedError):
    """`consent` does not answer, so nothing was destroyed yet; confirming again goes on."""

    slug: ClassVar[str] = "erasure-not-in-force"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "The erasure could not be put in force everywhere yet. Confirm it again in a moment.",
        "L’effacement n’a pas encore pu prendre effet partout. Confirmez-le de nouveau dans un instant.",
    )


class Forbidding:
    """`site` is the one whose chart is erased."""

    def __init__(self, http: aiohttp.ClientSession, url: str, *, secret: str, site: str) -> None:
        self._http = http
        self._url = url.rstrip("/") + ERASURE_PATH
        self._headers = {SECRET_HEADER: secret, "content-type": "application/json"}
        self._site = site

    async def forbid(self, patient: str, *, erasure: str, officer: str) -> None:
        """In force on every replica when this returns; asking again changes nothing. Raises ErasureNotInForceError."""
        asked = orjson.dumps({"patient": patient, "site": self._site, "erasure": erasure, "officer": officer})
        try:
            async with self._http.post(self._url, data=asked, headers=self._headers, timeout=_PATIENCE) as answer:
                answer.raise_for_status()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ErasureNotInForceError from error
