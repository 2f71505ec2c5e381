"""Knows the members of staff who are told things: their ids, sites and mail addresses, from a file of the installation."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.vocabulary import Profession


class ContactsUnreadableError(Exception):
    """The file does not say whom to tell; the service does not start."""


class Contact(BaseModel):
    """One member of staff; what else the file says of them is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str
    profession: Profession
    site: str
    mail: str = Field(pattern=r"^[\x21-\x3b\x3d\x3f-\x7e]+@[A-Za-z0-9.-]+$")


class Contacts:
    """Read once, at start."""

    def __init__(self, people: Sequence[Contact]) -> None:
        self._mails = {one.id: one.mail for one in people}
        self._officers = [one for one in people if one.profession is Profession.PRIVACY_OFFICER]

    def watching(self, site: str | None) -> str | None:
        """The site itself, or None (the whole group's officers) for what belongs to no site, or to one without an officer."""
        return site if any(one.site == site for one in self._officers) else None

    def officers(self, watched_by: str | None) -> list[str]:
        """Ids of the privacy officers of that site, or of the whole group."""
        return sorted(one.id for one in self._officers if watched_by is None or one.site == watched_by)

    def mail_of(self, ident: str) -> str | None:
        return self._mails.get(ident)


def load_contacts(path: Path) -> Contacts:
    """Raises ContactsUnreadableError, which quotes nothing of the file."""
    try:
        return Contacts(TypeAdapter(list[Contact]).validate_json(path.read_bytes()))
    except OSError as error:
        raise ContactsUnreadableError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_input=False, include_url=False)[0]["loc"]))
        raise ContactsUnreadableError(
            f"{path}: {where or 'the file'} is missing or wrong; each person has id, profession, site, mail."
        ) from None
