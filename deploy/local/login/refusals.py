"""Says why somebody was not let in, and never which of name and password was wrong."""

from typing import ClassVar

from shared.errors import AnticipatedError, Sentence


class WrongPasswordError(AnticipatedError):
    """Name and password do not belong together, or one of them does not exist."""

    slug: ClassVar[str] = "wrong-password"
    status: ClassVar[int] = 401
    fhir_code: ClassVar[str] = "login"
    sentence: ClassVar[Sentence] = Sentence(
        "This name and this password do not go together.", "Ce nom et ce mot de passe ne vont pas ensemble."
    )


class TooManyTriesError(AnticipatedError):
    """The name was tried too often, whether it exists or not."""

    slug: ClassVar[str] = "too-many-tries"
    status: ClassVar[int] = 429
    fhir_code: ClassVar[str] = "throttled"
    sentence: ClassVar[Sentence] = Sentence(
        "There were too many tries with this name. Wait five minutes.", "Trop d’essais avec ce nom. Attendez cinq minutes."
    )


class OpenBaoUnreachableError(AnticipatedError):
    slug: ClassVar[str] = "openbao-unreachable"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "The sign-in service does not answer. Try again in a moment.", "Le service de connexion ne répond pas. Réessayez dans un instant."
    )


class NotAskedRightlyError(AnticipatedError):
    """Whoever sent the browser here is not the portal, or asked for something that is not allowed."""

    slug: ClassVar[str] = "not-asked-rightly"
    status: ClassVar[int] = 400
    fhir_code: ClassVar[str] = "invalid"
    sentence: ClassVar[Sentence] = Sentence(
        "This sign-in was not asked for in the right way. Begin again at the portal.",
        "Cette connexion n’a pas été demandée correctement. Recommencez depuis le portail.",
    )


class GivenUpError(Exception):
    """The third wrong password of one sign-in: the portal is told."""
