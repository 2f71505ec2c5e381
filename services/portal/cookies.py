"""Names the portal's cookies and sets them: `__Host-`, so that no other host and no plain connection can plant one."""

from fastapi import Response

SESSION = "__Host-serment"
BEGUN = "__Host-serment-sign-in"
LANGUAGE = "__Host-serment-language"


def set_cookie(response: Response, name: str, value: str, *, seconds: int) -> None:
    """Lax, so that it comes along when the provider sends the browser back."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def drop_cookie(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
