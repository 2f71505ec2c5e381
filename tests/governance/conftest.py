"""A small staff of two sites before the real door."""

from collections.abc import AsyncIterator

import pytest

from tests.governance.governance_desk import GovernanceDesk, a_duty, a_member, open_desk


@pytest.fixture
async def desk() -> AsyncIterator[GovernanceDesk]:
    """At nord a clerk, a clinician whose duty lapsed, a trainer and somebody who left; at sud a clerk and a trainer."""
    async with open_desk(
        a_member("clerk"),
        a_member("clinician", profession="clinician", duties={"basics": a_duty(days=-10_000), "clinic": a_duty()}),
        a_member("trainer", profession="trainer"),
        a_member("gone", active=False),
        a_member("clerk-sud", site="sud"),
        a_member("trainer-sud", profession="trainer", site="sud"),
    ) as opened:
        yield opened
