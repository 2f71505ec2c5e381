"""A word that must be found nowhere: written into every text of a resource, and looked for in every form and every place."""

import base64
import mmap
import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient  # noqa: TID251 - as an administrator, who sees the bytes as they lie

from deploy.local.kafka import Kafka
from deploy.local.stack import Stack
from services.records.fhir.definitions import SCHEMA
from shared.events.topics import TOPICS
from tests.builders import HTEST
from tests.shared.kafka_desk import desk_of

MADE_OF = ("2000-01-01", "2000-01-01T10:00:00Z", "10:00:00", "1", "urn:oid:1.2.3", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520")
CHOSEN = {"valueString", "deceasedDateTime", "multipleBirthInteger", "effectiveDateTime", "authorString", "contentString"}
CHOICE = re.compile(r"(value|deceased|multipleBirth|effective|author)[A-Z]|content(Attachment|Reference|String)$").match
DEEPEST = 5
_OURS = {topic.name for topic in TOPICS}


def a_canary() -> str:
    """Letters and digits only, so that it fits everywhere, ids and codes included."""
    return f"CANARI{os.urandom(9).hex().upper()}"


def filled(type_: str, canary: str, **instead: Any) -> dict[str, Any]:
    """A sound resource with the canary in every element that takes a text, after the official schema."""
    made = _object(SCHEMA["definitions"][type_], canary, 0)
    made["meta"]["security"] = [HTEST, {"system": canary, "code": canary, "display": canary}]
    return made | instead


def _object(schema: dict[str, Any], canary: str, depth: int) -> dict[str, Any]:
    found = {}
    for name, inner in schema["properties"].items():
        extends = name.startswith("_") or name in {"extension", "modifierExtension"}
        if name == "contained" or (extends and depth > 1) or (CHOICE(name.removeprefix("_")) and name not in CHOSEN):
            continue
        if (value := _value(inner, canary, depth)) is not None:
            found[name] = value
    return found


def _value(schema: dict[str, Any], canary: str, depth: int) -> Any:
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema and "properties" not in schema:
        schema = schema["anyOf"][-1]
        return _value(schema, canary, depth)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "properties" in schema:
        return _object(schema, canary, depth + 1) if depth < DEEPEST else None
    match schema.get("type"):
        case "array":
            inner = _value(schema["items"], canary, depth)
            return None if inner is None else [inner]
        case "boolean":
            return True
        case "number" | "integer":
            return 1
    return _text(schema.get("pattern", ""), canary)


def _text(pattern: str, canary: str) -> str:
    if pattern.startswith("^[0-9a-zA-Z+/"):
        return base64.b64encode(canary.encode()).decode()
    texts = (canary, f'<div xmlns="http://www.w3.org/1999/xhtml">{canary}</div>', *MADE_OF)
    return next(text for text in texts if re.search(pattern, text))


def forms(canary: str) -> list[bytes]:
    """As text in both cases, as UTF-16, in base64 at each of the three places it can begin, in hexadecimal."""
    found = [canary.encode(), canary.lower().encode(), canary.encode("utf-16-le"), canary.encode("utf-16-be")]
    found += [canary.encode().hex().encode(), canary.encode().hex().upper().encode()]
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + canary.encode())
        inner = encoded[(8 * shift + 5) // 6 : 8 * (shift + len(canary)) // 6]
        found += [inner, inner.replace(b"+", b"-").replace(b"/", b"_")]
    return list(dict.fromkeys(found))


def finds(wanted: Iterable[bytes], place: bytes | mmap.mmap) -> bool:
    return any(place.find(form) >= 0 for form in wanted)


def files_with(wanted: list[bytes], folder: Path) -> list[str]:
    """Names of the files below the folder that hold one of these."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and _file_holds(wanted, path))


def _file_holds(wanted: list[bytes], path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return False
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return finds(wanted, content)
    except FileNotFoundError:  # a server cleans up meanwhile
        return False


async def kafka_records(kafka: Kafka) -> AsyncIterator[tuple[str, bytes]]:
    """Every record of the platform's topics and of Kafka's own: (topic, key, headers and value in one)."""
    desk = desk_of(kafka)
    there = desk.admin.list_topics(timeout=10).topics
    topics = {name: topic for name, topic in there.items() if name.removesuffix(".parked") in _OURS or name.startswith("__")}
    consumer = AIOKafkaConsumer(**desk.connection.options(), group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(name, number) for name, topic in topics.items() for number in topic.partitions])
        unread = {place for place, end in (await consumer.end_offsets(consumer.assignment())).items() if end}
        ends = await consumer.end_offsets(unread)
        while unread:
            for records in (await consumer.getmany(timeout_ms=300)).values():
                for record in records:
                    headers = b"".join(name.encode() + b"\0" + (value or b"") for name, value in record.headers)
                    yield record.topic, (record.key or b"") + b"\0" + headers + b"\0" + (record.value or b"")
            unread = {place for place in unread if await consumer.position(place) < ends[place]}
    finally:
        await consumer.stop()


def mongodb_documents(uri: str) -> Iterator[tuple[str, bytes]]:
    """Every document of every database, as raw BSON, with where it is."""
    with MongoClient[RawBSONDocument](uri, document_class=RawBSONDocument) as client:
        for database in client.list_database_names():
            for collection in client[database].list_collection_names():
                yield from ((f"{database}.{collection}", bytes(document.raw)) for document in client[database][collection].find())


def metrics_of(stack: Stack) -> str:
    """Of each service, as Prometheus reads them."""
    services = ("nord-a", "nord-b", "sud", "consent", "notifier", "governance", "audit", "portal")
    return "".join(httpx.get(f"{stack.ports.url(name)}/metrics", trust_env=False).raise_for_status().text for name in services)
