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
    sign_in = asked.get("state", "")
    try:
        token = await _signed_in(login, password, keeper)
    except (WrongPasswordError, TooManyTriesError):
        keeper.by_sign_in.add(sign_in, now=time.monotonic())
        await asyncio.sleep(keeper.pause)
        if keeper.by_sign_in.too_many(sign_in, now=time.monotonic()):
            raise GivenUpError from None
        raise
    return await keeper.issuer.authorize(token, asked)


async def _signed_in(login: str, password: str, keeper: Doorkeeper) -> str:
    """The try is counted before it is made, so that many at once do not pass together."""
    name = login.lower()
    if keeper.by_name.too_many(name, now=time.monotonic()):
        raise TooManyTriesError
    keeper.by_name.add(name, now=time.monotonic())
    token = await keeper.issuer.sign_in(login, password)
    keeper.by_name.forget(name)
    return token
