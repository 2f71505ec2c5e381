"""Signs a person in: sends the browser to the provider, and makes a session of what it brings back."""

import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
from joserfc import jws

from services.portal.begun_sign_ins import BegunSignIn
from services.portal.desk import Desk
from services.portal.identity_notes import note_identity
from services.portal.provider import ProviderUnreachableError
from services.portal.sessions import Person, Session
from services.portal.sign_out import end_session
from shared.errors import AnticipatedError, Sentence
from shared.events.portal import SIGN_IN_FAILED, SIGNED_IN
from shared.identity import Actor, IssuerUnreachableError, TokenIncompleteError, TokenRefusedError

_OUR_PATH = re.compile(r"/([A-Za-z0-9-]+(/[A-Za-z0-9-]+)*)?").fullmatch
_BEGIN_AGAIN = Sentence("You were not signed in. Begin again.", "Vous n’êtes pas connecté. Recommencez.")
_REASONS = {
    "workstation-locked": Sentence(
        "You were not signed in: this workstation is locked. Unlock it, or have it unlocked, then begin again.",
        "Vous n’êtes pas connecté : ce poste de travail est verrouillé. Déverrouillez-le, ou faites-le déverrouiller, puis recommencez.",
    ),
    "access-denied": Sentence(
        "You were not signed in: the sign-in was cancelled, or the password was wrong several times.",
        "Vous n’êtes pas connecté : la connexion a été annulée, ou le mot de passe était faux plusieurs fois.",
    ),
    "token-incomplete": Sentence(
        "Your account does not say at which site, in which profession and for what purposes you work. Ask your administrator.",
        "Votre compte n’indique pas le site, la profession ou les motifs d’utilisation. Adressez-vous à votre administrateur.",
    ),
}


class SignInNotBegunError(AnticipatedError):
    """Nothing was begun in this browser, or it was used already, or it is too old."""

    slug: ClassVar[str] = "sign-in-not-begun"
    status: ClassVar[int] = 400
    fhir_code: ClassVar[str] = "invalid"
    sentence: ClassVar[Sentence] = Sentence(
        "This sign-in was not begun in this browser, was used already, or took longer than ten minutes. Begin again.",
        "Cette connexion n’a pas été commencée dans ce navigateur, a déjà servi ou a duré plus de dix minutes. Recommencez.",
    )


class SignInFailedError(AnticipatedError):
    """The provider said no, or what came back is not the answer to what was asked."""

    slug: ClassVar[str] = "sign-in-failed"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "login"
    sentence: ClassVar[Sentence] = _BEGIN_AGAIN

    def __init__(self, reason: str, *, subject: str | None = None) -> None:
        super().__init__()
        self.reason = reason
        self.subject = subject

    def said(self) -> Sentence:
        return _REASONS.get(self.reason, self.sentence)


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brings back from the provider, and its two cookies."""

    state: str = field(repr=False)
    code: str | None = field(repr=False)
    error: str | None
    begun_secret: str | None = field(repr=False)
    session_secret: str | None = field(repr=False)


async def begin_sign_in(language: str, goal: str, *, now: datetime, desk: Desk) -> tuple[str, str]:
    """(the cookie that binds it to this browser, where to send it). Raises SessionsUnavailableError.

    `goal` is the page that is shown afterwards; what is no path of ours is not taken.
    """
    secret, begun = await desk.begun_sign_ins.begin(goal if _OUR_PATH(goal) else "/", now=now)
    return secret, desk.provider.authorize_url(begun, language=language)


async def complete_sign_in(returned: Returned, *, now: datetime, desk: Desk) -> tuple[Session, str]:
    """With the page that was wanted.

    What was not begun here is not noted, for anyone could fill the ledger with it; every other failure is.
    """
    begun = await desk.begun_sign_ins.take(returned.begun_secret, now=now)
    if begun is None:
        raise SignInNotBegunError
    try:
        token, actor = await _redeem(returned, begun, now=now, desk=desk)
    except (SignInFailedError, ProviderUnreachableError, IssuerUnreachableError) as error:
        subject = error.subject if isinstance(error, SignInFailedError) else None
        reason = error.reason if isinstance(error, SignInFailedError) else error.slug
        who = Person(subject, "", "", "") if subject else None
        await note_identity(SIGN_IN_FAILED, who, reason=reason, now=now, notes=desk.notes)
        raise

    await end_session(returned.session_secret, reason="signed-in-again", now=now, desk=desk)
    session = await desk.sessions.begin(token, actor, now=now, ends_at=datetime.fromtimestamp(actor.expires, UTC))
    await note_identity(SIGNED_IN, session.person, now=now, notes=desk.notes)
    return session, begun.goal


async def _redeem(returned: Returned, begun: BegunSignIn, *, now: datetime, desk: Desk) -> tuple[str, Actor]:
    """Raises SignInFailedError, ProviderUnreachableError, IssuerUnreachableError or SessionsUnavailableError."""
    if not hmac.compare_digest(returned.state.encode(), begun.state.encode()):
        raise SignInFailedError("state-mismatch")
    if returned.code is None:
        raise SignInFailedError("access-denied" if returned.error == "access_denied" else "provider-refused")
    token = await desk.provider.redeem(returned.code, begun)
    if token is None:
        raise SignInFailedError("code-refused")
    try:
        actor = await desk.identities.verify(token.encode())
    except TokenRefusedError as error:
        raise SignInFailedError("token-refused") from error
    except TokenIncompleteError as error:
        raise SignInFailedError("token-incomplete", subject=error.subject) from error
    _require_answer_to(begun, _claims(token), client_id=desk.client_id)
    if actor.expires <= now.timestamp():
        raise SignInFailedError("token-refused")
    lock = await desk.workstations.find(actor.site, actor.workstation) if actor.workstation else None
    if lock is not None and lock.locked:
        raise SignInFailedError("workstation-locked", subject=actor.ident)
    return token, actor


def _claims(verified: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(jws.extract_compact(verified.encode()).payload)
    return found


def _require_answer_to(begun: BegunSignIn, claims: dict[str, Any], *, client_id: str) -> None:
    """A genuine token is not enough: it must be for the portal, and for this very sign-in."""
    audience = claims.get("aud")
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise SignInFailedError("audience-mismatch")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), begun.nonce.encode()):
        raise SignInFailedError("nonce-mismatch")
