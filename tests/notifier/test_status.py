"""What `notifier` says of itself: how many messages were not sent, by state, and what waits for Kafka."""

import httpx
import pytest

from services.notifier.cases.open_case import open_case
from tests.notifier.notifier_desk import HOUR, NOW, NotifierDesk, a_suspicion, as_

NOBODY_ELSE = ["clinician", "clerk", "trainer", "integration", "patient", "nobody"]


class TestStatus:
    async def test_counts_what_was_not_sent_and_what_waits(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        await open_case(a_suspicion(), now=NOW, desk=desk.things)
        await desk.database.messages.update_one({"to": "officer-odile"}, {"$set": {"state": "refused"}})

        told = (await client.get("/status", headers=as_("operator"))).json()

        assert told["messages"] == {"waiting": 1, "sending": 0, "unknown": 0, "refused": 1}
        assert told["outbox"]["waiting"] == len(await desk.database.outbox.find({}).to_list(length=None)) > 0
        assert told["outbox"]["oldest_seconds"] > HOUR.total_seconds()

    @pytest.mark.parametrize("who", ["odile", "operator", *NOBODY_ELSE])
    async def test_is_for_those_who_watch(self, client: httpx.AsyncClient, who: str) -> None:
        expected = 401 if who == "nobody" else 403 if who in NOBODY_ELSE else 200

        assert (await client.get("/status", headers=as_(who))).status_code == expected
