"""Keeps the dangerous calls in the one place that may make them."""

from tests.architecture.sources import sources


def places(name: str, *folders: str) -> set[str]:
    return {str(source.path) for source in sources(*folders) for _ in source.calls(name)}


class TestPermits:
    def test_are_made_by_the_decision_only(self):
        assert places("Permit") == {"services/records/decision.py"}

    def test_are_asked_for_before_anything_is_opened(self):
        assert places("opening", "services/records") == {"services/records/sealer.py", "services/records/knowing/chart_headers.py"}


class TestKafka:
    def test_has_one_broker_and_it_commits_after_the_effect(self):
        assert places("KafkaBroker") == {"shared/event_door.py"}
        [joined] = [call for source in sources("shared") for call in source.calls("subscriber")]
        policy = {word.arg: word.value for word in joined.keywords}["ack_policy"]
        assert getattr(policy, "attr", None) == "MANUAL"

    def test_is_joined_through_the_event_door_only(self):
        joined = {source.path for source in sources("services", "cli", "deploy") for call in source.calls("subscriber", "KafkaRouter")}

        assert {path.name for path in joined} <= {"subscribers.py"}
        assert [source.path for source in sources("services") if "faststream" in source.text] == []

    def test_never_commits_by_itself(self):
        consumers = [(source, call) for source in sources() for call in source.calls("AIOKafkaConsumer")]
        off = [(source.at(call), {word.arg: getattr(word.value, "value", None) for word in call.keywords}) for source, call in consumers]

        assert off
        assert [where for where, words in off if words.get("enable_auto_commit") is not False] == []

    def test_waits_for_every_replica(self):
        producers = [(source, call) for source in sources() for call in source.calls("AIOKafkaProducer")]
        words = [{word.arg: getattr(word.value, "value", None) for word in call.keywords} for _, call in producers]

        assert words
        assert all(one.get("acks") == "all" and one.get("enable_idempotence") is True for one in words)
