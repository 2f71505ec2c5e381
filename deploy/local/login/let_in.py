"""Lets a person in: counts before it asks, answers failures slowly, and gives up on the third wrong password of one sign-in."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.local.login.failures import Failures
from deploy.local.login.issuer import Issuer
from deploy.local.login.refusals import GivenUpError, TooManyTriesError, WrongPasswordError


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """What letting in works with."""

    issuer: Issuer
    pause: float = 0.5
    by_name: Failures = field(default_factory=lambda: Failures(limit=5, window=300))
    by_sign_in: Failures = field(default_factory=lambda: Failures(limit=3, window=600))


async def let_in(login: str, password: str, asked: Mapping[str, str], *, keeper: Doorkeeper) -> dict[str, str]:
    """The code and the state to send back. Raises an anticipated error, or GivenUpError."""
    name, sign_in = login.lower(), asked.get("state", "")
    try:
        if keeper.by_name.too_many(name, now=time.monotonic()):
            raise TooManyTriesError
        keeper.by_name.add(name, now=time.monotonic())  # before it is asked, so that many at once do not pass together
        token = await keeper.issuer.sign_in(login, password)
    except (WrongPasswordError, TooManyTriesError):
        keeper.by_sign_in.add(sign_in, now=time.monotonic())
        await asyncio.sleep(keeper.pause)
        if keeper.by_sign_in.too_many(sign_in, now=time.monotonic()):
            raise GivenUpError from None
        raise
    keeper.by_name.forget(name)
    return await keeper.issuer.authorize(token, asked)
