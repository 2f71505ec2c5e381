"""The directive's one form: it comes back as it went, and whatever is not wholly understood is refused."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.records.enforcing.directive_table import DirectiveTable
from shared.directive import DENY, PERMIT, Directive, Provision, UnreadableDirectiveError, packed, unpacked
from shared.vocabulary import PatientId

PATIENT = PatientId("5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11")
names = st.frozensets(st.text(min_size=1, max_size=12), max_size=3)
moments = st.none() | st.floats(min_value=0, max_value=4e9, allow_nan=False)


def provisions(depth: int = 2) -> st.SearchStrategy[Provision]:
    nested = st.lists(provisions(depth - 1), max_size=2).map(tuple) if depth else st.just(())
    selectors = dict.fromkeys(("units", "persons", "sites", "purposes", "labels"), names)
    types = st.sampled_from([DENY, PERMIT])
    return st.builds(Provision, type=types, begins=moments, ends=moments, source=st.text(max_size=20), exceptions=nested, **selectors)


some = st.lists(provisions(), max_size=3).map(tuple)
directives = st.builds(
    Directive,
    patient=st.uuids(version=4).map(lambda one: PatientId(str(one))),
    number=st.integers(1, 1 << 40),
    epoch=st.integers(1, 9),
    provisions=some,
    erased=names,
)


def damaged(**instead: object) -> bytes:
    whole = orjson.loads(packed(Directive(PATIENT, 7, 1, (Provision(DENY, source="c/1"),))))
    return orjson.dumps(whole | instead)


def unsourced(provision: Provision) -> Provision:
    return replace(provision, source="", exceptions=tuple(map(unsourced, provision.exceptions)))


class TestDirectiveTable:
    @given(st.lists(directives, max_size=8), st.data())
    def test_holds_the_newest_of_each_patient(self, said: list[Directive], data: st.DataObject) -> None:
        table, newest = DirectiveTable(), dict[PatientId, Directive]()
        for one in [*said, *(one._replace(number=one.number + 1, provisions=data.draw(some)) for one in said)]:
            table.put(one)
            newest[one.patient] = one

        for patient, one in newest.items():
            held = one._replace(epoch=3)
            assert (table.find(patient, epoch=3), table.number_of(patient)) == (held, one.number)
        assert (len(table), table.find(PATIENT, epoch=3), table.number_of(PATIENT)) == (len(newest), None, 0)

    def test_forgets_what_nobody_says_any_more(self) -> None:
        table = DirectiveTable()
        for number in range(1, 1000):
            table.put(Directive(PATIENT, number, 1, (Provision(DENY, ends=float(number)),)))

        assert len(table._said) <= 2
        assert len(table._places) == 1


class TestDirective:
    @given(directives)
    def test_comes_back_as_it_went(self, directive: Directive) -> None:
        assert unpacked(packed(directive)) == directive

    @given(directives)
    def test_shares_what_others_say_too_without_its_sources(self, directive: Directive) -> None:
        one, other = (unpacked(packed(directive._replace(patient=patient)), sourced=False) for patient in (directive.patient, PATIENT))

        assert one == directive._replace(provisions=tuple(map(unsourced, directive.provisions)))
        assert one.provisions is other.provisions

    def test_says_what_must_be_understood(self) -> None:
        labelled = Directive(PATIENT, 1, 1, (Provision(DENY, exceptions=(Provision(PERMIT, labels=frozenset({"N"}), ends=5.0),)),))
        assert orjson.loads(packed(labelled))["mustUnderstand"] == ["labels", "period"]

    @pytest.mark.parametrize("value", [None, b"", b"\xff", b"[]", b"{}", b"null", b'{"patient": 3}', b"[" * 100_000, damaged(patient=3)])
    def test_without_a_patient_names_none(self, value: bytes | None) -> None:
        with pytest.raises(UnreadableDirectiveError) as raised:
            unpacked(value)
        assert raised.value.patient is None

    @pytest.mark.parametrize(
        "value",
        [
            damaged(mustUnderstand=["later"]),
            damaged(provisions=[["forbid", [], [], [], [], [], None, None, "c/1", []]]),
            damaged(provisions=[["deny", [], [], [], [], [], None, None, "c/1"]]),
            damaged(provisions=[["deny", [1], [], [], [], [], None, None, "c/1", []]]),
            damaged(provisions=[["deny", [], [], [], [], [], "soon", None, "c/1", []]]),
            damaged(provisions={}),
            damaged(erased=None),
            damaged(epoch="1"),
        ],
    )
    def test_that_is_not_wholly_understood_names_patient_and_number(self, value: bytes) -> None:
        for sourced in (True, False):
            with pytest.raises(UnreadableDirectiveError) as raised:
                unpacked(value, sourced=sourced)
            assert (raised.value.patient, raised.value.number) == (PATIENT, 7)

    @pytest.mark.parametrize("number", [None, "7", 7.0, True])
    def test_without_a_number_names_none(self, number: object) -> None:
        with pytest.raises(UnreadableDirectiveError) as raised:
            unpacked(damaged(number=number))
        assert raised.value.number is None
