"""Asks Kafka which topic a name means now: a topic made anew has another id under the same name."""

import asyncio
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from shared.settings import ServiceSettings

_PATIENCE = 5.0


class TopicUnknownError(Exception):
    """Kafka does not answer, or knows no topic of this name."""


class TopicIds:
    """aiokafka's protocol version knows no topic ids, so librdkafka's admin client is asked, in a thread."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._options = _options(settings)
        self._client: Any = None

    async def of(self, topic: str) -> str:
        """Raises TopicUnknownError."""
        return await asyncio.to_thread(self._ask, topic)

    def _ask(self, topic: str) -> str:
        if self._client is None:
            self._client = AdminClient(self._options)
        try:
            asked = self._client.describe_topics(TopicCollection([topic]), request_timeout=_PATIENCE)
            return str(asked[topic].result(timeout=_PATIENCE).topic_id)
        except (KafkaException, TimeoutError) as error:
            raise TopicUnknownError(topic) from error


def _options(settings: ServiceSettings) -> dict[str, Any]:
    tls: Path | None = settings.kafka_tls_ca
    return {
        "bootstrap.servers": ",".join(settings.kafka_bootstrap),
        "security.protocol": "SASL_SSL" if tls else "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": settings.kafka_username,
        "sasl.password": settings.kafka_password.get_secret_value(),
        "log_level": 0,  # what matters is raised
        **({"ssl.ca.location": str(tls)} if tls else {}),
    }
