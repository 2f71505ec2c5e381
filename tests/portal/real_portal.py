"""The session's portal and its login page, as a browser sees them."""

import json
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.home import Home
from deploy.local.servers import Servers
from tests.portal.portal_desk import a_browser


@dataclass(frozen=True, slots=True)
class RealPortal:
    url: str
    login_url: str
    governance_url: str
    home: Home
    servers: Servers

    def browser(self) -> httpx.AsyncClient:
        return a_browser(follow_redirects=True, timeout=10)

    async def to_login_page(self, browser: httpx.AsyncClient) -> httpx.Response:
        return await browser.post(f"{self.url}/sign-in")

    async def fill(self, browser: httpx.AsyncClient, form: httpx.Response, login: str, password: str | None = None) -> httpx.Response:
        """Sends the form as a browser would; without a password, the account's own."""
        action = form.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
        fields = {"login": login, "password": password or self.home.secret(f"account-{login}")}
        return await browser.post(urljoin(str(form.url), action), data=fields)

    async def noted(self) -> list[dict[str, object]]:
        """Every note on the topic, heartbeats left out."""
        kafka = self.servers.kafka
        consumer = AIOKafkaConsumer(
            bootstrap_servers=list(kafka.bootstrap),
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username=kafka.admin_user,
            sasl_plain_password=kafka.admin_password,
        )
        await consumer.start()
        try:
            place = TopicPartition("identity.event", 0)
            consumer.assign([place])
            end = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, 0)
            found: list[dict[str, object]] = []
            while await consumer.position(place) < end:
                batch = await consumer.getmany(place, timeout_ms=1000)
                found += [json.loads(record.value) for record in batch.get(place, [])]
        finally:
            await consumer.stop()
        return [note for note in found if "state" not in note]
