"""Keeps events owned, and readable for ever."""

import json
import re

import pytest

from catalogue.event_notes import BEAT, NOTES
from catalogue.examples import FOLDER
from deploy.install.topology import principals
from services.audit.model import Incoming
from services.audit.sequencing.incoming import Heartbeat, Note, read_incoming
from shared.events import TOPICS, Event, Topic, every_event
from tests.architecture.sources import ROOT, called, sources

STORED = sorted((ROOT / FOLDER).glob("*.json"))
BY_TYPE = {kind.type: kind for kind in every_event()}
NOTED = {kind.type: kind for kind in (*NOTES, BEAT)}


def a_record(value: bytes) -> Incoming:
    known = {"topic": "records.access", "partition": 0, "offset": 0, "headers": (), "value": value}
    return Incoming(**{name: known.get(name) for name in Incoming.__dataclass_fields__})


class TestTopics:
    @pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
    def test_open_to_their_owner_and_readers_only(self, topic: Topic):
        services = principals(("nord",))

        assert {one.name.removesuffix("-nord") for one in services if topic.name in one.writes} == {topic.owner}
        assert {one.name.removesuffix("-nord") for one in services if topic.name in one.reads} == set(topic.readers)


class TestEvents:
    @pytest.mark.parametrize("kind", every_event(), ids=lambda kind: kind.type)
    def test_stand_on_a_topic_of_their_own_service(self, kind: type[Event]):
        assert kind.__module__ == f"shared.events.{kind.topic.owner}"
        assert kind.type.startswith(f"org.serment.{kind.topic.owner}.")
        assert kind.__doc__ != Event.__doc__

    @pytest.mark.parametrize("kind", [*every_event(), *NOTES, BEAT], ids=lambda kind: kind.type)
    def test_have_a_stored_example(self, kind: type[Event]):
        assert (ROOT / FOLDER / f"{kind.type}.json").exists()

    @pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
    def test_are_read_in_every_version_ever_published(self, path):
        value = path.read_bytes()

        if path.stem in BY_TYPE:
            event = BY_TYPE[path.stem].from_value(value)
            assert json.loads(event.model_dump_json()).keys() >= json.loads(value).keys()
        else:
            assert isinstance(read_incoming(a_record(value)), Note | Heartbeat)

    def test_are_stated_by_their_owner_only(self):
        calls = [(source, call) for source in sources("services") for call in source.calls(*(kind.__name__ for kind in every_event()))]
        owners = {kind.__name__: kind.topic.owner for kind in every_event()}

        assert [source.at(call) for source, call in calls if source.path.parts[1] != owners[called(call)]] == []

    def test_are_all_known(self):
        named = {
            found for source in sources("services", "shared") for found in re.findall(r'"(org\.serment\.[a-z.-]+\.v\d+)"', source.text)
        }

        assert named <= BY_TYPE.keys() | NOTED.keys()
