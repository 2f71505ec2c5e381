"""What a directive says is enough to write the statements again that it was compiled from."""

import uuid
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.consent.compiling import compile_directive
from services.consent.model import Consent, ConsentState, Kind, Words
from services.consent.restoring.lost_statements import BROUGHT_BACK, lost_statements
from shared.vocabulary import PatientId

PATIENT = PatientId("00000000-0000-4000-8000-000000000001")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
names = st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=2)
moments = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds it
simple = st.builds(Words, names, names, names, names, names, moments, moments)
spoken = st.builds(Words, names, names, names, names, names, moments, moments, st.lists(simple, max_size=2).map(tuple))
statements = st.lists(st.tuples(st.sampled_from(Kind), spoken, st.booleans()), max_size=4)


def a_consent(kind: Kind, words: Words, *, ended: bool = False) -> Consent:
    ended_at, ended_by = (NOW, "p") if ended else (None, None)
    state = ConsentState.INACTIVE if ended else ConsentState.ACTIVE
    return Consent(str(uuid.uuid4()), PATIENT, kind, words, 2 if ended else 1, state, NOW, "p", ended_at, ended_by)


class TestLostStatements:
    @given(statements, st.data())
    def test_compile_to_the_directive_that_was_published(self, said: list[tuple[Kind, Words, bool]], data: st.DataObject) -> None:
        everything = [a_consent(kind, words, ended=ended) for kind, words, ended in said]
        published = compile_directive(PATIENT, everything, erased=(), number=7, epoch=1)
        backup = [one for one in everything if data.draw(st.booleans())]

        written = {one.ident: one for one in lost_statements(published, backup, published_at=NOW)}

        restored = {one.ident: one for one in backup} | written
        assert compile_directive(PATIENT, restored.values(), erased=(), number=7, epoch=1) == published

    def test_end_what_was_taken_back_since_the_backup(self) -> None:
        objection = a_consent(Kind.OBJECTION, Words(units=frozenset({"a"})))
        published = compile_directive(PATIENT, [], erased=(), number=7, epoch=1)

        [ended] = lost_statements(published, [objection], published_at=NOW)

        assert (ended.ident, ended.version, ended.state, ended.ended_by) == (objection.ident, 2, ConsentState.INACTIVE, BROUGHT_BACK)
