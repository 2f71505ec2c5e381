"""Keeps what is logged to an event name and ids: no body, no resource, no patient, no name."""

import ast
import re

from tests.architecture.sources import Source, sources

LEVELS = ("debug", "info", "warning", "error", "critical", "exception", "log", "msg", "bind")
WORDS = {"attempt", "error", "in_a_row", "log", "needs", "next_offset", "offset", "partition", "reason", "rule", "size"}
WORDS |= {"directives", "epoch", "head", "incarnation", "left", "published", "seconds", "suspicion", "task", "topic", "where"}
"""What a log line may say beside its event name; a new word is added here on purpose, and never one that identifies a patient."""

EVENT_NAME = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*").fullmatch


def log_calls() -> list[tuple[Source, ast.Call]]:
    found = [(source, call) for source in sources("shared", "services") for call in source.calls(*LEVELS)]
    return [(source, call) for source, call in found if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "log"]


class TestLogs:
    def test_are_looked_at(self):
        assert len(log_calls()) > 20

    def test_say_only_what_is_allowed(self):
        words = [(f"{source.at(call)} {word.arg}", word.arg) for source, call in log_calls() for word in call.keywords]

        assert [where for where, word in words if word not in WORDS] == []

    def test_name_their_event_plainly(self):
        named = [(source.at(call), call.args) for source, call in log_calls()]
        wrong = [
            where
            for where, args in named
            if len(args) != 1 or not (isinstance(args[0], ast.Name) or EVENT_NAME(str(getattr(args[0], "value", ""))))
        ]

        assert wrong == []

    def test_hold_no_made_up_text(self):
        made = [source.at(call) for source, call in log_calls() for node in ast.walk(call) if isinstance(node, ast.JoinedStr)]

        assert made == []
