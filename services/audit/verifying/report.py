"""What a verification found, by ids only."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

MOST_FINDINGS = 1000
Severity = Literal["failure", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure is something that no honest accident leaves behind; a warning is one that it does."""

    severity: Severity
    rule: str
    where: str
    """The topic of a log, or a site."""
    evidence: Mapping[str, Any]


@dataclass(slots=True)
class Report:
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)
    """How often each rule was broken, however many findings are listed."""
    failures: int = 0

    @property
    def ok(self) -> bool:
        return self.failures == 0

    def add(self, finding: Finding) -> None:
        self.rules[finding.rule] += 1
        self.failures += finding.severity == "failure"
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    def fail(self, rule: str, where: str, **evidence: Any) -> None:
        self.add(Finding("failure", rule, where, evidence))

    def warn(self, rule: str, where: str, **evidence: Any) -> None:
        self.add(Finding("warning", rule, where, evidence))
