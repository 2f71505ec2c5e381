"""Loads folders of rule files into a book of rules, all of them or none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from services.audit.detecting.compile_correlation import check_correlation, compile_correlation
from services.audit.detecting.compile_rule import compile_rule
from services.audit.detecting.refused_rule import BadRuleError, Refused, RulesRefusedError, clipped
from services.audit.detecting.rule import Correlation, Label, Matcher, Rule, RuleBook
from services.audit.detecting.rule_files import Document, read_documents, rule_files
from services.audit.detecting.rule_shape import check_shape

SHIPPED = Path(__file__).parent / "rules"
OF_THE_LEDGER = frozenset(
    {"gap", "unclean-end", "silent-incarnation", "number-reused", "unreadable-note", "log-changed", "log-truncated", "log-unreadable"}
    | {"store-altered", "fork"}
)
"""Names that the ledger gives to suspicions of its own."""
_PARSER_ERRORS = (SigmaError, TypeError, ValueError, AttributeError, KeyError, RecursionError)
_LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A document that was parsed, and for a detection what it compiled to."""

    document: Document
    parsed: SigmaRule | SigmaCorrelationRule
    matches: Matcher | None = None

    @property
    def called(self) -> list[str]:
        return [str(name) for name in (self.parsed.name, self.parsed.id) if name]

    def label(self) -> Label:
        """Raises BadRuleError."""
        parsed, digest = self.parsed, self.document.digest
        if parsed.name is None:
            raise BadRuleError("A rule that raises suspicions needs a `name`.", "Une règle qui alerte a besoin d’un `name`.")
        dated = parsed.modified or parsed.date
        return Label(parsed.name, parsed.title, str(parsed.level or "medium"), f"{dated}/{digest}" if dated else digest)


def load_rules(*folders: Path) -> RuleBook:
    """Raises RulesRefusedError, which names everything that must be mended."""
    loading = _Loading()
    for folder in folders:
        loading.read(folder)
    loading.enter_names()
    correlations, rules = loading.correlations(), loading.rules()
    if loading.refused:
        raise RulesRefusedError(loading.refused)
    return RuleBook(tuple(rules), tuple(correlations))


class _Loading:
    """What was found so far, and what must be mended."""

    def __init__(self) -> None:
        self.refused: list[Refused] = []
        self._found: list[_Found] = []
        self._by_name: dict[str, _Found] = {}
        self._silent: set[_Found] = set()

    @contextmanager
    def _mending(self, document: Document) -> Iterator[None]:
        try:
            yield
        except BadRuleError as why:
            self.refused.append(document.refused(why))

    def read(self, folder: Path) -> None:
        for path in rule_files(folder):
            try:
                documents = read_documents(path)
            except RulesRefusedError as error:
                self.refused += error.refused
                continue
            for document in documents:
                with self._mending(document):
                    self._found.append(_parsed(document))

    def enter_names(self) -> None:
        for one in self._found:
            for name in one.called:
                with self._mending(one.document):
                    self._enter(name, one)

    def _enter(self, name: str, one: _Found) -> None:
        if name in self._by_name or name in OF_THE_LEDGER:
            en, fr = f"Another rule is called {name}. Choose another name.", f"Une autre règle s’appelle {name}. Changez de nom."
            raise BadRuleError(en, fr, at=("name",))
        self._by_name[name] = one

    def correlations(self) -> list[Correlation]:
        made = []
        for one in self._found:
            if isinstance(one.parsed, SigmaCorrelationRule):
                with self._mending(one.document):
                    made.append(compile_correlation(one.parsed, one.label(), tuple(self._counted(one.parsed))))
        return made

    def _counted(self, parsed: SigmaCorrelationRule) -> Iterator[Matcher]:
        """They raise suspicions of their own only when the correlation says `generate`."""
        for place, reference in enumerate(parsed.rules or ()):
            meant = self._by_name.get(reference.reference)
            if meant is None or meant.matches is None:
                name = clipped(reference.reference)
                raise BadRuleError(
                    f"No detection rule is called {name}. Name one that is read too; correlations of correlations are not read.",
                    f"Aucune règle de détection ne s’appelle {name}. Nommez-en une qui est lue aussi ; pas de corrélation de corrélations.",
                    at=("correlation", "rules", place),
                )
            if not parsed.generate:
                self._silent.add(meant)
            yield meant.matches

    def rules(self) -> list[Rule]:
        """Once the correlations are made."""
        made = []
        for one in self._found:
            if one.matches is not None and one not in self._silent:
                with self._mending(one.document):
                    made.append(Rule(one.label(), one.matches))
        return made


def _parsed(document: Document) -> _Found:
    content = dict(document.content)
    check_shape(content)
    try:
        if "detection" in content:
            rule = SigmaRule.from_dict(content)
            return _Found(document, rule, compile_rule(rule))
        if "generate" in content:
            content["correlation"] = {"generate": content.pop("generate")} | content["correlation"]
        check_correlation(content["correlation"])
        return _Found(document, SigmaCorrelationRule.from_dict(content))
    except _PARSER_ERRORS as error:
        said = str(error)[:_LONGEST_ERROR]
        raise BadRuleError(f"Not valid Sigma: {said}", f"Sigma non valide : {said}", at=("detection",)) from None
