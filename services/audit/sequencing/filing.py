"""Files one batch: which records become leaves, which are duplicates, and which numbers were seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.audit.model import Draft, Filing, Source, Suspicion
from services.audit.sequencing.completeness import hear
from services.audit.sequencing.incoming import Heartbeat, Note, Unreadable

NUMBER_REUSED = "number-reused"
Arrival = Heartbeat | Note | Unreadable


def suspects(arrivals: Iterable[Arrival], sources: Mapping[str, Source]) -> list[str]:
    """Ids of notes whose number was seen before: only their stored leaves tell a duplicate from a second use."""
    notes = [each.facts for each in arrivals if isinstance(each, Note)]
    return [facts.id for facts in notes if facts.incarnation in sources and facts.number in sources[facts.incarnation].seen]


def file_batch(arrivals: Sequence[Arrival], sources: Mapping[str, Source], kept: frozenset[bytes], *, topic: str, now: datetime) -> Filing:
    """`kept` holds the leaves already stored for the suspects. The given sources stay as they were."""
    desk = _Desk(sources, kept, topic, now)
    for arrival in arrivals:
        desk.take(arrival)
    return Filing(desk.drafts, desk.touched, [*desk.suspicions, *desk.unreadable()])


class _Desk:
    """Salted leaves are equal only for equal bytes, so a leaf seen twice is one note delivered twice."""

    def __init__(self, sources: Mapping[str, Source], kept: frozenset[bytes], topic: str, now: datetime) -> None:
        self._sources = sources
        self._leaves = set(kept)
        self._topic = topic
        self._now = now
        self.touched: dict[str, Source] = {}
        self.drafts: list[Draft] = []
        self.suspicions: list[Suspicion] = []

    def take(self, arrival: Arrival) -> None:
        if isinstance(arrival, Heartbeat):
            source = self._source(arrival.incarnation)
            self.touched[arrival.incarnation], raised = hear(source, arrival, topic=self._topic, now=self._now)
            self.suspicions += raised
        elif isinstance(arrival, Note):
            self._take_note(arrival)
        else:
            self.drafts.append(Draft(arrival.record, arrival.leaf, flag=arrival.reason))

    def _take_note(self, note: Note) -> None:
        facts = note.facts
        first_time = self._source(facts.incarnation).seen.add(facts.number)
        if not first_time and note.leaf in self._leaves:
            return
        flag = None if first_time else NUMBER_REUSED
        if flag:
            self._suspect_reuse(note)
        self._leaves.add(note.leaf)
        self.drafts.append(Draft(note.record, note.leaf, facts.id, facts.incarnation, facts.number, flag, facts.patient))

    def _source(self, incarnation: str) -> Source:
        if incarnation not in self.touched:
            known = self._sources.get(incarnation)
            self.touched[incarnation] = replace(known, seen=known.seen.copy()) if known else Source(incarnation, self._now)
        return self.touched[incarnation]

    def _suspect_reuse(self, note: Note) -> None:
        facts = note.facts
        evidence = {"incarnation": facts.incarnation, "number": facts.number, "offset": note.record.offset}
        self.suspicions.append(Suspicion(f"{NUMBER_REUSED}/{self._topic}/{facts.incarnation}/{facts.number}", NUMBER_REUSED, evidence))

    def unreadable(self) -> list[Suspicion]:
        """One for the batch, however many there are."""
        broken = [draft for draft in self.drafts if draft.note is None]
        if not broken:
            return []
        first = broken[0]
        evidence = {"first_offset": first.record.offset, "reason": first.flag, "count": len(broken)}
        return [Suspicion(f"unreadable-note/{self._topic}/{first.record.offset}", "unreadable-note", evidence)]
