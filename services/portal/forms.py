"""Reads the forms that people send: small, and only those that a page of their own session made."""

from collections.abc import Mapping
from urllib.parse import parse_qs

from fastapi import Request

from services.portal.sessions import Session
from services.portal.sign_out import ForeignFormError

_LARGEST = 16_384
_MOST_FIELDS = 200


async def read_form(request: Request) -> Mapping[str, list[str]]:
    """Every field by name, read with a limit, so that no form can fill the memory. Raises ForeignFormError."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise ForeignFormError
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise ForeignFormError from None


async def own_form(request: Request, session: Session) -> Mapping[str, list[str]]:
    """Raises ForeignFormError."""
    form = await read_form(request)
    if not session.made_form(first(form, "form-token")):
        raise ForeignFormError
    return form


def first(form: Mapping[str, list[str]], name: str) -> str:
    return next(iter(form.get(name, ())), "")
