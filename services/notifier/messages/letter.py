"""Sets a mail as bytes: both languages in one, the same bytes each time, under a Message-ID that never changes."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from services.notifier.messages.model import Claimed
from services.notifier.messages.wording import worded

_RULE = "\n\n—\n\n"


def letter(mail: Claimed, *, sender: str, to: str) -> bytes:
    """Raises ValueError, LookupError or MessageError for what cannot be set, such as an address that is none."""
    french, english = (worded(mail.template, mail.values, language) for language in ("fr", "en"))
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Serment", addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = f"{french[0]} / {english[0]}"
    message["Date"] = mail.at
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "fr, en"
    message.set_content(f"{french[1]}{_RULE}{english[1]}\n", cte="quoted-printable")
    return bytes(message)


def message_id(ident: str, *, sender: str) -> str:
    return f"<{ident}@{sender.rpartition('@')[2]}>"
