"""Tells a member of staff that a duty of theirs is due, by one mail."""

from services.notifier.desk import Desk
from services.notifier.messages.telling import mail_of_duty
from shared.events.governance import DutyReminded


async def remind_of_duty(event: DutyReminded, *, desk: Desk) -> None:
    """Replays change nothing: the mail's id follows from duty and moment."""
    await desk.messages.add_missing([mail_of_duty(event, portal=desk.portal)])
