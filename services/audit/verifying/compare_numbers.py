"""Compares the numbers that the ledger says it saw with those in its entries, and classes what is missing."""

from collections.abc import Iterable, Mapping

from services.audit.model import Source
from services.audit.numbers_seen import Interval, NumbersSeen
from services.audit.verifying.report import Finding, Severity


def compare_numbers(topic: str, entries: Mapping[str, NumbersSeen], sources: Iterable[Source]) -> list[Finding]:
    """Of the same moment."""
    findings = []
    unknown = set(entries)
    for source in sources:
        unknown.discard(source.incarnation)
        found = entries.get(source.incarnation, NumbersSeen())
        if found.intervals() != source.seen.intervals():
            findings.append(_finding("failure", "numbers-altered", topic, source.incarnation, []))
        findings += _missing(topic, source, found)
    return findings + [_finding("failure", "numbers-altered", topic, incarnation, []) for incarnation in sorted(unknown)]


def _missing(topic: str, source: Source, found: NumbersSeen) -> list[Finding]:
    """Below `lowest` everything was promised; above it, a source that died, or left with a full outbox, still owed something."""
    promised = found.gaps(source.lowest)
    end = max(source.next, (found.highest() or 0) + 1)
    owed = [(max(first, source.lowest), end) for first, end in found.gaps(end) if end > source.lowest]
    findings = [_finding("failure", "gap", topic, source.incarnation, promised)] if promised else []
    if owed and source.state == "dead":
        findings.append(_finding("warning", "unclean-end", topic, source.incarnation, owed))
    if owed and source.state == "left":
        findings.append(_finding("warning", "notes-owed", topic, source.incarnation, owed))
    return findings


def _finding(severity: Severity, rule: str, topic: str, incarnation: str, missing: list[Interval]) -> Finding:
    told = {"incarnation": incarnation, "missing": [[first, end - 1] for first, end in missing[:100]]}
    return Finding(severity, rule, topic, told)
