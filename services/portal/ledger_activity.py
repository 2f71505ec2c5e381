"""Asks `audit`, with the person's own token, what happened in the ledger."""

from typing import Annotated, Any

import httpx
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

LOG = "records.access"


def _word_or_none(found: Any) -> Any:
    return found if isinstance(found, str) else None


Word = Annotated[str | None, BeforeValidator(_word_or_none)]


class Entry(BaseModel):
    """One entry of the ledger without saying about whom; all words are None when its content can no longer be opened."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    index: int
    signed: bool = False
    time: Word = None
    action: Word = None
    resource_type: Word = Field(default=None, alias="resourceType")
    outcome: Word = None
    reason: Word = None
    purpose: Word = None
    profession: Word = None
    unit: Word = None
    site: Word = None
    relationship: Word = None


_ENTRIES = TypeAdapter(list[Entry])


class LedgerSilentError(Exception):
    """`audit` does not answer, or answers something else."""


class NotForThisPersonError(Exception):
    """`audit` shows activity to other professions only."""


class TokenOverError(Exception):
    """`audit` no longer takes the token."""


class LedgerActivity:
    def __init__(self, http: httpx.AsyncClient, audit_url: str) -> None:
        self._http = http
        self._url = f"{audit_url}/log/{LOG}/activity"

    async def after(self, index: int | None, *, wait: float, token: str) -> list[Entry]:
        """In the ledger's order; the newest page without an index. Raises LedgerSilentError, NotForThisPersonError or TokenOverError."""
        asked: dict[str, str] = {"wait": f"{wait:g}"} | ({} if index is None else {"after": str(index)})
        try:
            answer = await self._http.get(
                self._url, params=asked, headers={"authorization": f"Bearer {token}"}, timeout=httpx.Timeout(5, read=wait + 5)
            )
        except httpx.HTTPError as error:
            raise LedgerSilentError from error
        if answer.status_code == httpx.codes.FORBIDDEN:
            raise NotForThisPersonError
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise TokenOverError
        if not answer.is_success:
            raise LedgerSilentError
        try:
            return _ENTRIES.validate_json(answer.content)
        except ValidationError:
            raise LedgerSilentError from None
