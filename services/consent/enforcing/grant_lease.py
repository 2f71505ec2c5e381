"""Grants one lease: admits the incarnation, then reads every newer directive, in this order and in one causal session."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from services.consent.enforcing.fence import Fence, terms
from services.consent.enforcing.positions import Positions
from services.consent.refusals import StoreBehindError
from shared.enforcement import LeaseTerms


@dataclass(frozen=True, slots=True)
class Asked:
    """What an incarnation says when it asks: its request is a statement too. `epoch` None is the first one."""

    incarnation: str
    epoch: int | None
    number: int


async def grant_lease(
    asked: Asked, *, fence: Fence, positions: Positions, lease: float, causal: Callable[[], AbstractAsyncContextManager[Any]]
) -> AsyncIterator[LeaseTerms | list[bytes]]:
    """The terms first, then the directives in lists; a head of another epoch comes alone, for the asker must begin anew.

    Raises StoreBehindError once any incarnation has stated what this store never gave out.
    """
    async with causal() as session:
        state = await fence.grant(asked.incarnation, epoch=asked.epoch, number=asked.number, session=session)
        if state.is_behind:
            raise StoreBehindError
        if asked.epoch == state.epoch:
            positions.state(asked.incarnation, epoch=state.epoch, number=asked.number)
        yield terms(state, lease=lease)
        if asked.epoch in {None, state.epoch}:
            async for values in fence.directives_above(asked.number if asked.epoch else 0, head=state.head, session=session):
                yield values
