"""Names the portal's cookies and sets them: `__Host-`, so that no other host and no plain connection can plant one."""

from fastapi import Response

SESSION = "__Host-serment"
BEGUN = "__Host-serment-sign-in"
LANGUAGE = "__Host-serment-language"


def set_cookie(response: Response, name: str, value: str, *, seconds: int) -> None:
    """Lax, so that it comes along when the provider sends the browser back."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def cookie_header(name: str, value: str, *, seconds: int) -> tuple[bytes, bytes]:
    """For an answer that somebody else makes."""
    response = Response()
    set_cookie(response, name, value, seconds=seconds)
    return next(header for header in response.raw_headers if header[0] == b"set-cookie")


def drop_cookie(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
