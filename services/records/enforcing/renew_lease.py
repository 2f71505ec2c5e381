"""Renews the lease: states what is applied, installs everything newer, and only then decides on."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from services.records.enforcing.view import View
from shared.elapsed import Reading
from shared.enforcement import LeaseTerms


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    """The terms, then all directives above the number that was stated, in their order. `rows` raises when the answer is cut short."""

    terms: LeaseTerms
    rows: AsyncIterator[bytes]


class Registry(Protocol):
    """Whoever grants leases: `consent`."""

    def lease(self, incarnation: str, *, epoch: int | None, number: int) -> AbstractAsyncContextManager[LeaseAnswer]: ...


async def renew_lease(view: View, *, registry: Registry, clocks: Callable[[], Reading]) -> None:
    """Raises what the registry raises; the view is then as it was, but for rows that were installed already."""
    sent, asked = clocks(), view.ask()
    async with registry.lease(view.incarnation, epoch=view.epoch, number=view.number) as answer:
        if not view.begin_install(answer.terms):
            return
        async for row in answer.rows:
            view.install(row)
    view.installed(answer.terms, asked=asked, sent=sent)
