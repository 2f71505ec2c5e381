"""Reads a JSON body as what it must be, with no key twice, or names the fields that are wrong and nothing of what was sent."""

import json
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from shared.http import read_body

B = TypeVar("B", bound=BaseModel)


class UnfitBodyError(Exception):
    """`fields` are those of the kind that are missing or wrong; none when it is not such a body at all, or holds what nobody knows."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__("unfit body")
        self.fields = fields


async def read_as(kind: type[B], request: Request, limit: int) -> B:
    """Read no further than the limit, in bytes. Raises UnfitBodyError."""
    raw = await read_body(request, limit)
    if len(raw) > limit:
        raise UnfitBodyError([])
    try:
        found = kind.model_validate_json(raw)
        json.loads(raw, object_pairs_hook=_each_key_once)
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors(include_url=False, include_input=False, include_context=False) if one["loc"]}
        raise UnfitBodyError([name for name in kind.model_fields if name in wrong]) from None
    return found


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnfitBodyError([])
    return found
