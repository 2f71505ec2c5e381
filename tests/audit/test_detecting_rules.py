"""What a rule of each form matches, and what is refused with its file, its line and what to do."""

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from services.audit.commands import check_rules
from services.audit.detecting.load_rules import SHIPPED, load_rules
from services.audit.detecting.refused_rule import Refused, RulesRefusedError
from services.audit.detecting.rule import Matcher
from tests.audit.detecting_desk import LOGSOURCE, a_folder

NOTE: dict[str, Any] = {
    "id": "n1",
    "actor": {"id": "Ann", "profession": "clerk", "unit": None, "deep": {"er": 5}},
    "action": "READ",
    "path": "C:\\a*b",
    "empty": "",
    "status": 403,
    "ratio": 0.5,
    "colleague": True,
    "patient": None,
    "labels": ["N", "HIV"],
    "writes": [["Patient", "p1"]],
    "street": "Straße 7",
}


def a_rule(search: str, *, condition: str = "it", name: str = "one") -> str:
    body = "\n".join(f"    {line}" for line in search.strip().splitlines())
    return f"title: One\nname: {name}\n{LOGSOURCE}\ndetection:\n{body}\n    condition: {condition}\n"


def a_correlation(**changed: str) -> str:
    keys = {"type": "event_count", "rules": "[one]", "group-by": "[actor.id]", "timespan": "1m", "condition": "{gte: 2}"} | changed
    body = "\n".join(f"  {key}: {value}" for key, value in keys.items() if value)
    return f"---\ntitle: Many\nname: many\ncorrelation:\n{body}\n"


def refusal(folder: Path, text: str | bytes) -> str:
    """The only one, in English."""
    a_folder(folder)
    (folder / "r.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RulesRefusedError) as refused:
        load_rules(folder)
    [one] = refused.value.refused
    assert one.sentence.en
    assert one.sentence.fr
    assert one.sentence.en != one.sentence.fr
    return one.said("en")


def refused_of(folder: Path) -> tuple[Refused, ...]:
    """Nothing when the rules are taken; any other error is a failure."""
    try:
        load_rules(folder)
    except RulesRefusedError as refused:
        return refused.refused
    return ()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rules"


def matcher(folder: Path, search: str, condition: str = "it") -> Matcher:
    return load_rules(a_folder(folder, one=a_rule(search, condition=condition))).rules[0].matches


class TestMatching:
    @pytest.mark.parametrize(
        ("item", "matches"),
        [
            ("action: read", True),
            ("action: write", False),
            ("action: [write, Read]", True),
            ("actor.profession: CLERK", True),
            ("actor.id|cased: Ann", True),
            ("actor.id|cased: ann", False),
            ("actor.nothing: x", False),
            ("action.read: x", False),
            ("actor.deep.er: 5", True),
            ("actor.deep: 5", False),
            ("actor: clerk", False),
            ("status: 403", True),
            ("status: '403'", False),
            ("status: 404", False),
            ("ratio: 0.5", True),
            ("colleague: true", True),
            ("colleague: false", False),
            ("colleague: 1", False),
            ("colleague: 'true'", False),
            ("status: true", False),
            ("labels: hiv", True),
            ("labels: [X, n]", True),
            ("labels: PSY", False),
            ("writes: Patient", False),
            ("empty: ''", True),
            ("action: ''", False),
            ("action: r*", True),
            ("action: '*D'", True),
            ("action: '*ea*'", True),
            ("action: r?ad", True),
            ("action: r?d", False),
            ("action: r*a*d", True),
            ("action|cased: R*D", True),
            ("action|cased: r*d", False),
            ("path: 'c:\\\\a\\*b'", True),
            ("path: 'c:\\\\a\\*'", False),
            ("street: STRASSE*", True),
            ("street: 'str?sse ?'", True),
            ("status: '*'", True),
            ("action|startswith: re", True),
            ("action|startswith: ad", False),
            ("action|endswith: [xx, AD]", True),
            ("action|contains: EA", True),
            ("action|contains: x", False),
            ("action|contains|cased: ea", False),
            ("action|cased|contains: EA", True),
            ("status|contains: '40'", False),
            ("action|re: ^RE", True),
            ("action|re: ^re", False),
            ("action|re|i: ^re.d$", True),
            ("action|re: 'EA'", True),
            ("status|re: '4'", False),
            ("status|lt: 404", True),
            ("status|lt: 403", False),
            ("status|lte: 403", True),
            ("status|gt: 402.5", True),
            ("status|gte: 404", False),
            ("action|gt: 1", False),
            ("colleague|gte: 1", False),
            ("actor.id|exists: true", True),
            ("actor.nobody|exists: true", False),
            ("actor.unit|exists: true", True),
            ("labels.a|exists: true", False),
        ],
    )
    def test_of_one_item(self, folder: Path, item: str, matches: bool) -> None:
        """Beside something that is there, so that the rule selects at all."""
        search = f"it:\n  id: n1\n  {item}"

        assert matcher(folder, search)(NOTE) is matches

    @pytest.mark.parametrize(
        ("item", "matches"),
        [
            ("patient: null", True),
            ("nothing: null", True),
            ("actor.unit: null", True),
            ("actor.un.it: null", True),
            ("action: null", False),
            ("patient: [null, p1]", True),
            ("action: [null, read]", True),
            ("action|neq: write", True),
            ("action|neq: read", False),
            ("action|neq: [write, read]", False),
            ("nothing|neq: read", True),
            ("action|contains|neq: ea", False),
            ("actor.nobody|exists: false", True),
            ("patient|exists: false", False),
            ("action: '*'", True),
            ("labels: '*'", True),
            ("patient: '*'", False),
            ("action|re: '.*'", True),
        ],
    )
    def test_of_what_cannot_stand_alone(self, folder: Path, item: str, matches: bool) -> None:
        assert matcher(folder, f"it:\n  id: n1\n  {item}")(NOTE) is matches
        assert "Add a selection" in refusal(folder.parent / "alone", a_rule(f"it:\n  {item}")) or "[" in item

    @pytest.mark.parametrize(
        ("condition", "matches"),
        [
            ("a", True),
            ("a and b", False),
            ("a or b", True),
            ("b or c", True),
            ("a and not b", True),
            ("a and not (b or c)", False),
            ("not b and a", True),
            ("(a or b) and c", True),
            ("a or b and b", True),
            ("1 of them", True),
            ("all of them", False),
            ("1 of sel_*", True),
            ("all of sel_*", False),
            ("a and not 1 of filter_*", False),
            ("any of b*", False),
        ],
    )
    def test_of_conditions(self, folder: Path, condition: str, matches: bool) -> None:
        search = "a: {id: n1}\nb: {id: other}\nc: {status: 403}\n"
        search += "sel_1: {id: n1}\nsel_2: {id: other}\nfilter_1: {action: read}\nfilter_2: {id: x}"

        assert matcher(folder, search, condition)(NOTE) is matches

    def test_of_a_list_of_mappings_is_any_of_them(self, folder: Path) -> None:
        search = "it:\n  - id: other\n    action: read\n  - id: n1\n    status: 403"

        assert matcher(folder, search)(NOTE)
        assert not matcher(folder, search)(NOTE | {"status": 200})

    def test_of_a_hostile_expression_takes_no_longer(self, folder: Path) -> None:
        matches = matcher(folder, "it:\n  id: n1\n  action|re: '(x+x+)+y'")
        began = time.process_time()

        assert not matches(NOTE | {"action": "x" * 50_000})
        assert time.process_time() - began < 1

    @settings(deadline=None, max_examples=50)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
        )
    )
    def test_never_fails_whatever_a_note_says(self, odd: Any) -> None:
        book = load_rules(SHIPPED)
        names = ("outcome", "colleague", "relationship", "actor", "type", "followedUp", "action")

        for note in [dict.fromkeys(names, odd), dict.fromkeys(names, odd) | {"actor": {"profession": odd, "id": odd}}]:
            assert not any(rule.matches(note) for rule in (*book.rules, *book.correlations))


class TestBook:
    def test_holds_what_is_shipped(self) -> None:
        book = load_rules(SHIPPED)

        assert sorted(rule.label.name for rule in book.rules) == ["colleague-lookup", "emergency-without-follow-up"]
        assert [(one.label.name, one.group_by, one.counted, one.span) for one in book.correlations] == [
            ("bulk-lookup", ("actor.id",), "patient", 120_000_000)
        ]

    def test_keeps_a_counted_rule_silent_unless_it_generates(self, folder: Path) -> None:
        rule = a_rule("it: {id: n1}")

        assert load_rules(a_folder(folder, r=rule + a_correlation())).rules == ()
        assert len(load_rules(a_folder(folder, r=rule + a_correlation(generate="true"))).rules) == 1
        assert len(load_rules(a_folder(folder, r=rule + a_correlation() + "generate: true\n")).rules) == 1

    def test_counts_rules_of_other_files_by_name_or_id(self, folder: Path) -> None:
        ident = "3a8f8a0e-6c1f-4a57-9c3e-5d0a7c1b2e44"
        with_id = a_rule("it: {id: n2}").replace("name: one\n", f"id: {ident}\n")

        book = load_rules(a_folder(folder, z=a_rule("it: {id: n1}"), y=with_id, a=a_correlation(rules=f"[one, {ident}]")))

        [counting] = book.correlations
        assert [counting.matches({"id": name}) for name in ("n1", "n2", "n3")] == [True, True, False]
        assert book.rules == ()

    @pytest.mark.parametrize(
        ("condition", "counts"),
        [("{gt: 3}", [4, 5]), ("{gte: 3}", [3, 4, 5]), ("{lt: 3}", [1, 2]), ("{lte: 3}", [1, 2, 3]), ("{eq: 3}", [3])],
    )
    def test_compares_counts(self, folder: Path, condition: str, counts: list[int]) -> None:
        [counting] = load_rules(a_folder(folder, r=a_rule("it: {id: n1}") + a_correlation(condition=condition))).correlations

        assert [count for count in range(1, 6) if counting.holds(count)] == counts

    @pytest.mark.parametrize(("span", "seconds"), [("90s", 90), ("2m", 120), ("24h", 86_400), ("1d", 86_400)])
    def test_knows_spans(self, folder: Path, span: str, seconds: int) -> None:
        [counting] = load_rules(a_folder(folder, r=a_rule("it: {id: n1}") + a_correlation(timespan=span))).correlations

        assert counting.span == seconds * 1_000_000

    def test_tells_a_changed_rule_by_its_version(self, folder: Path) -> None:
        first = load_rules(a_folder(folder, r=a_rule("it: {id: n1}"))).rules[0].label
        second = load_rules(a_folder(folder, r=a_rule("it: {id: n2}"))).rules[0].label

        assert first.version != second.version
        assert (first.level, first.title, first.name) == ("medium", "One", "one")

    def test_takes_all_of_several_folders_or_none(self, tmp_path: Path) -> None:
        good, bad = a_folder(tmp_path / "a", r=a_rule("it: {id: n1}")), a_folder(tmp_path / "b", x=a_rule("it: {}"), y="- 1")

        with pytest.raises(RulesRefusedError) as refused:
            load_rules(good, bad)

        assert [one.where for one in refused.value.refused] == ["x.yml:5", "y.yml:1"]


RULE = a_rule("it: {id: n1}")


class TestRefusing:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("a: [", "r.yml:1: Not valid YAML"),
            ("a: b\n\tc: d", "r.yml:2: Not valid YAML"),
            ("- a", "r.yml:1: A rule is a mapping"),
            ("7", "r.yml:1: A rule is a mapping"),
            ("title: x", "r.yml:1: A document holds one"),
            (RULE + "filter: {}", "r.yml:1: A document holds one"),
            (RULE + "correlation: {type: event_count}", "r.yml:1: A document holds one"),
            (RULE + "title: again", "r.yml:7: The key 'title' stands here twice"),
            (RULE + "1: x", "r.yml:7: This key is not a text"),
            (RULE + "action: global", "r.yml:7: The key 'action' is not known"),
            (RULE + "custom: x", "r.yml:7: The key 'custom' is not known"),
            (RULE.replace("title: One", "title: [One]"), "r.yml:1: `title` must be"),
            (RULE.replace("title: One", "title: ''"), "r.yml:1: `title` must be"),
            (RULE.replace("title: One\n", ""), "r.yml:1: `title` must be"),
            (RULE + "tags: x", "r.yml:7: `tags` must be"),
            (RULE + "date: 2026-13-45", "r.yml:1: A number or date"),
            (RULE + "date: 9" + "9" * 5000, "r.yml:1: A number or date"),
            (RULE + "date: soon", "r.yml:4: Not valid Sigma"),
            (RULE + "level: terrible", "r.yml:4: Not valid Sigma"),
            (RULE + "id: not-a-uuid", "r.yml:4: Not valid Sigma"),
            (RULE + "related: x", "r.yml:4: Not valid Sigma"),
            (RULE.replace("name: one", "name: One Rule"), "r.yml:2: `name` is written"),
            (RULE.replace("name: one", "name: " + "a" * 65), "r.yml:2: `name` is written"),
            (RULE.replace("name: one\n", ""), "r.yml:1: A rule that raises suspicions needs"),
            (RULE.replace("name: one", "name: gap"), "r.yml:2: Another rule is called gap"),
            (RULE + "---\n" + RULE, "r.yml:9: Another rule is called one"),
            (RULE.replace("serment", "windows"), "r.yml:3: A rule for other logs"),
            (RULE.replace(LOGSOURCE + "\n", ""), "r.yml:1: A rule for other logs"),
            (RULE.replace(LOGSOURCE, "logsource: audit"), "r.yml:3: A rule for other logs"),
        ],
        ids=lambda value: value[-40:],
    )
    def test_what_is_no_rule(self, folder: Path, text: str, said: str) -> None:
        assert refusal(folder, text).startswith(said)

    @pytest.mark.parametrize(
        ("search", "said"),
        [
            ("it: {}", "5: A search is a mapping"),
            ("it: []", "5: A search is a mapping"),
            ("it: word", "5: A search is a mapping"),
            ("it: [word, word]", "5: A search is a mapping"),
            ("it: [[a]]", "5: A search is a mapping"),
            ("it: null", "5: A search is a mapping"),
            ("it:\n  '': x", "6: Not a field"),
            ("it:\n  a b: x", "6: Not a field"),
            ("it:\n  a.b.c.d.e: x", "6: Not a field"),
            ("it:\n  '|contains': x", "6: Not a field"),
            ("it:\n  id: [n1, [n2]]", "6: A value is a text"),
            ("it:\n  id: {a: b}", "6: A value is a text"),
            ("it:\n  id: []", "6: A value is a text"),
            ("it:\n  id: 2026-11-25", "6: A value is a text"),
            ("it:\n  status: .inf", "6: This modifier takes no such value"),
            ("it:\n  status: .nan", "6: This modifier takes no such value"),
            ("it:\n  id|base64: x", "6: The modifier 'base64' is not known"),
            ("it:\n  id|all: [a, b]", "6: The modifier 'all' is not known"),
            ("it:\n  id|cidr: 10.0.0.0/8", "6: The modifier 'cidr' is not known"),
            ("it:\n  id|expand: '%x%'", "6: The modifier 'expand' is not known"),
            ("it:\n  id|fieldref: action", "6: The modifier 'fieldref' is not known"),
            ("it:\n  id|windash: x", "6: The modifier 'windash' is not known"),
            ("it:\n  time|hour: 3", "6: The modifier 'hour' is not known"),
            ("it:\n  id|" + "x" * 100 + ": a", "6: The modifier 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…' is not"),
            ("it:\n  id|contains|endswith: x", "6: These modifiers do not go together"),
            ("it:\n  id|i: x", "6: These modifiers do not go together"),
            ("it:\n  id|re|contains: x", "6: These modifiers do not go together"),
            ("it:\n  id|exists|contains: true", "6: These modifiers do not go together"),
            ("it:\n  id|exists: yes please", "6: This modifier takes no such value"),
            ("it:\n  status|gte: '4'", "6: This modifier takes no such value"),
            ("it:\n  status|gte: true", "6: This modifier takes no such value"),
            ("it:\n  id|contains: 5", "6: This modifier takes no such value"),
            ("it:\n  id|cased: null", "6: This modifier takes no such value"),
            ("it:\n  id|re: 5", "6: This modifier takes no such value"),
            ("it:\n  id|re: '('", "6: Not a regular expression of RE2"),
            ("it:\n  id|re: '(?=a)'", "6: Not a regular expression of RE2"),
            ("it:\n  id|re: '(a)\\1'", "6: Not a regular expression of RE2"),
            ("it:\n  id|re: '((a{1000}){1000}){1000}'", "6: Not a regular expression of RE2"),
            ("it:\n  id|re: '" + "a" * 501 + "'", "6: A regular expression of more than 500"),
            ("it:\n  id: " + "a" * 1001, "6: A value of more than 1000"),
            ("it:\n  id: [" + "a, " * 200 + "a]", "4: More than 200 values"),
            ("timeframe: 5m\nit: {id: n1}", "5: Not a name of a search"),
            ("_it: {id: n1}\nit: {id: n1}", "5: Not a name of a search"),
        ],
        ids=lambda value: value[:50],
    )
    def test_what_no_search_may_hold(self, folder: Path, search: str, said: str) -> None:
        assert refusal(folder, a_rule(search)).startswith(f"r.yml:{said}")

    @pytest.mark.parametrize(
        ("condition", "said"),
        [
            ("other", "4: Not valid Sigma"),
            ("it and", "4: Not valid Sigma"),
            ("1 of other_*", "4: Not valid Sigma"),
            ("it | count() > 5", "6: `condition` is one line"),
            ("[it, it]", "6: `condition` is one line"),
            ("''", "6: `condition` is one line"),
            ("5", "6: `condition` is one line"),
            ("it " + "or it " * 100, "6: `condition` is one line"),
            ("(" * 9 + "it" + ")" * 9, "6: Nested more than 8"),
            ("not " * 9 + "it", "6: Nested more than 8"),
            ("not it", "6: It says only what must not be there"),
            ("it or not it", "6: It says only what must not be there"),
        ],
    )
    def test_conditions_that_do_not_select(self, folder: Path, condition: str, said: str) -> None:
        assert refusal(folder, a_rule("it: {id: n1}", condition=condition)).startswith(f"r.yml:{said}")

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"type": "temporal"}, "12: Only event_count and value_count"),
            ({"type": "value_sum"}, "12: Only event_count and value_count"),
            ({"type": "[]"}, "12: Only event_count and value_count"),
            ({"rules": "[]"}, "13: `rules` is a list"),
            ({"rules": "[many]"}, "13: No detection rule is called 'many'"),
            ({"rules": "[one, other]"}, "13: No detection rule is called 'other'"),
            ({"group-by": ""}, "11: `group-by` is a list"),
            ({"group-by": "[a, b, c, d]"}, "14: `group-by` is a list"),
            ({"group-by": "[a b]"}, "14: Not a field"),
            ({"timespan": "1h30"}, "15: `timespan` is a number"),
            ({"timespan": "0m"}, "15: `timespan` is a number"),
            ({"timespan": "25h"}, "15: `timespan` is a number"),
            ({"timespan": "2M"}, "15: `timespan` is a number"),
            ({"timespan": "5"}, "15: `timespan` is a number"),
            ({"condition": "{neq: 2}"}, "16: `condition` holds one of"),
            ({"condition": "{gte: 2, lt: 5}"}, "16: `condition` holds one of"),
            ({"condition": "{gte: 2, field: patient}"}, "16: `condition` holds one of"),
            ({"condition": "one and other"}, "16: `condition` holds one of"),
            ({"condition": "{gte: -1}"}, "16: A count is a number"),
            ({"condition": "{gte: 2.5}"}, "16: A count is a number"),
            ({"condition": "{gte: true}"}, "16: A count is a number"),
            ({"condition": "{gte: 1000000}"}, "16: A count is a number"),
            ({"condition": "{lt: 1}"}, "16: A count is a number"),
            ({"condition": "{lte: 0}"}, "16: A count is a number"),
            ({"condition": "{eq: 0}"}, "16: A count is a number"),
            ({"type": "value_count"}, "16: Not a field"),
            ({"type": "value_count", "condition": "{gte: 2, field: [a, b]}"}, "16: Not a field"),
            ({"aliases": "{}"}, "17: The key 'aliases' is not read"),
            ({"generate": "5"}, "17: `generate` is true or false"),
        ],
        ids=str,
    )
    def test_correlations_that_nobody_here_counts(self, folder: Path, changed: dict[str, str], said: str) -> None:
        rule = a_rule("it: {id: n1}") + "---\n# a comment\n" + a_correlation(**changed).removeprefix("---\n")

        line, _, sentence = said.partition(":")
        assert refusal(folder, rule).startswith(f"r.yml:{line}:{sentence}")


class TestCheckRules:
    @pytest.mark.parametrize(
        ("files", "code", "said"),
        [
            ({"r": RULE}, 0, "Rules in force: bulk-lookup, colleague-lookup, emergency-without-follow-up, one.\n"),
            ({"r": "- 1"}, 1, "r.yml:1: A rule is a mapping of keys. See the rules that are shipped.\n"),
            (
                {"r": RULE.replace("name: one", "name: bulk-lookup")},
                1,
                "r.yml:2: Another rule is called bulk-lookup. Choose another name.\n",
            ),
        ],
    )
    def test_says_what_the_start_would(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], code: int, said: str
    ) -> None:
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        paper = io.StringIO()

        assert check_rules(a_folder(folder, **files), console=Console(file=paper, soft_wrap=True)) == code
        assert paper.getvalue() == said

    def test_speaks_the_language_of_the_terminal(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("LC_ALL", raising=False)
        monkeypatch.setenv("LANG", "fr_FR.UTF-8")
        paper = io.StringIO()

        assert check_rules(a_folder(folder, r="- 1"), console=Console(file=paper, soft_wrap=True)) == 1
        assert paper.getvalue() == "r.yml:1: Une règle est une suite de clés. Voir les règles livrées.\n"


class TestHostileFiles:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("a: &a [x]\nb: *a", "r.yml:1: Anchors and aliases"),
            ("a: b\nc: *a", "r.yml:2: Anchors and aliases"),
            ("a: !!python/object/apply:os.system [ls]", "r.yml:1: YAML tags"),
            ("a: !x y", "r.yml:1: YAML tags"),
            ("a: " + "[" * 13 + "]" * 13, "r.yml:1: Nested more than 12"),
            ("a: " + "[" * 60_000, "r.yml:1: Nested more than 12"),
            ("- " * 30_000, "r.yml:1: Nested more than 12"),
            ("? " * 30_000, "r.yml:1: Nested more than 12"),
            ("{" * 60_000, "r.yml:1: Nested more than 12"),
            ("a: [" + "x," * 30_000, "r.yml:1: Too much for one file"),
            ("--- {}\n" * 9_000, "r.yml:21: Too much for one file"),
            ("a: " + "x" * 70_000, "r.yml: Larger than 64 KiB"),
            (b"a: b\n\xff: c", "r.yml:2: Not UTF-8"),
            ("a: \x07", "r.yml: A character here is not allowed"),
            ("<<: {a: b}", "r.yml:1: This key is not a text"),
            ("a: 1" + "0" * 5000, "r.yml:1: A number or date"),
            ("? [a]\n: b", "r.yml:1: This key is not a text"),
            ("", "r.yml: No rule is in this file"),
            ("# nothing", "r.yml: No rule is in this file"),
        ],
        ids=lambda value: str(value[:30]),
    )
    def test_are_refused_at_once(self, folder: Path, text: str | bytes, said: str) -> None:
        began = time.process_time()

        assert refusal(folder, text).startswith(said)
        assert time.process_time() - began < 5

    def test_bombs_are_refused_before_they_grow(self, folder: Path) -> None:
        laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))

        assert "Anchors" in refusal(folder, laughs)

    def test_what_is_no_file_is_named(self, folder: Path, tmp_path: Path) -> None:
        (a_folder(folder) / "r.yml").mkdir()

        with pytest.raises(RulesRefusedError, match=r"r\.yml: Not a file"):
            load_rules(folder)
        with pytest.raises(RulesRefusedError, match="cannot be read"):
            load_rules(tmp_path / "nowhere")
        with pytest.raises(RulesRefusedError, match="No rule file is here"):
            load_rules(a_folder(tmp_path / "empty"))

    def test_a_hard_condition_is_parsed_in_time(self, folder: Path) -> None:
        deep = "(" * 8 + "it" + ")" * 8
        condition = " or ".join([f"not {deep}"] * 5 + ["it"])
        began = time.process_time()

        assert "only what must not be there" in refusal(folder, a_rule("it: {id: n1}", condition=condition))
        assert time.process_time() - began < 10

    @settings(deadline=None, max_examples=150)
    @given(text=st.text(alphabet="abit:{}[]-?|*&!%@\"'\n #>,0", max_size=80))
    def test_whatever_it_is_it_is_a_rule_or_refused(self, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
        folder = tmp_path_factory.mktemp("fuzz")
        (folder / "r.yml").write_text(RULE + text, encoding="utf-8")
        (folder / "s.yml").write_text(text + "\n" + RULE, encoding="utf-8")

        assert {one.file for one in refused_of(folder)} <= {"r.yml", "s.yml"}

    @settings(deadline=None, max_examples=150)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=5,
        ),
        st.sampled_from(["id", "name", "level", "related", "date", "tags", "logsource", "detection", "title", "correlation", "status"]),
    )
    def test_whatever_a_key_says(self, tmp_path_factory: pytest.TempPathFactory, odd: Any, key: str) -> None:
        folder = tmp_path_factory.mktemp("fuzz")
        rule = {"title": "x", "name": "x", "logsource": {"category": "patient_access", "product": "serment", "service": "audit"}}
        for text in (json.dumps(rule | {key: odd}), json.dumps(rule | {"detection": {"it": odd, "condition": "it"}})):
            (folder / "r.yml").write_text(text, encoding="utf-8")
            assert {one.file for one in refused_of(folder)} <= {"r.yml"}
