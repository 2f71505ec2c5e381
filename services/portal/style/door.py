"""The page of the style's tokens."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.portal.pages import STATIC, page
from services.portal.signed import Signed
from services.portal.style.tokens import read_tokens

style = APIRouter()
_TOKENS = read_tokens(STATIC / "serment.css")


@style.get("/style", openapi_extra={"x-professions": ["everyone"]}, response_class=HTMLResponse)
async def tokens(request: Request, session: Signed) -> HTMLResponse:
    return page("style/style.html", request, session=session, tokens=_TOKENS)
