"""Reads rule files as plain YAML documents with their lines; whatever could explode is refused before it is built."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from services.audit.detecting.refused_rule import BadRuleError, Refused, RulesRefusedError, clipped
from shared.errors import Sentence

LARGEST_FILE = 64 << 10
DEEPEST = 12
MOST_DOCUMENTS = 20
MOST_WORDS = 2000
ENDINGS = (".yml", ".yaml")
_TEXT_TAG = "tag:yaml.org,2002:str"

Way = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: what it says, and in which line it says each thing."""

    file: str
    digest: str
    content: dict[str, Any]
    lines: Mapping[Way, int] = field(repr=False)

    def refused(self, why: BadRuleError) -> Refused:
        """In the line of the nearest place that is known."""
        way = next(way for way in (why.at[:length] for length in range(len(why.at), -1, -1)) if way in self.lines)
        return Refused(self.file, self.lines[way], why.sentence)


class _BadFileError(Exception):
    def __init__(self, en: str, fr: str, *, line: int | None = None) -> None:
        super().__init__(en)
        self.line = line
        self.sentence = Sentence(en, fr)


def rule_files(folder: Path) -> list[Path]:
    """In the order of their names. Raises RulesRefusedError when there is no such folder, or no rule in it."""
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix in ENDINGS)
    except OSError:
        why = Sentence(
            "This folder cannot be read. Name a folder of rule files.", "Ce dossier est illisible. Indiquez un dossier de règles."
        )
        raise RulesRefusedError([Refused(str(folder), None, why)]) from None
    if not found:
        why = Sentence("No rule file is here: their names end in .yml.", "Aucun fichier de règles ici : leur nom se termine par .yml.")
        raise RulesRefusedError([Refused(str(folder), None, why)])
    return found


def read_documents(path: Path) -> list[Document]:
    """Raises RulesRefusedError, with one thing to mend."""
    try:
        return _read_documents(path)
    except _BadFileError as why:
        raise RulesRefusedError([Refused(path.name, why.line, why.sentence)]) from None


def _read_documents(path: Path) -> list[Document]:
    raw = _read(path)
    text = _decoded(raw)
    try:
        _check_events(text)
        documents = list(_documents(path.name, raw, text))
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark or error.context_mark, error.problem or "not YAML"
        en, fr = f"Not valid YAML: {problem}. Mend this line.", f"YAML non valide : {problem}. Corrigez cette ligne."
        raise _BadFileError(en, fr, line=None if mark is None else mark.line + 1) from None
    except yaml.YAMLError:
        en, fr = "A character here is not allowed in YAML. Remove it.", "Un caractère interdit en YAML s’y trouve. Retirez-le."
        raise _BadFileError(en, fr) from None
    if not documents:
        raise _BadFileError(
            "No rule is in this file. Remove it, or write one.", "Aucune règle dans ce fichier. Retirez-le ou écrivez-en une."
        )
    return documents


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _BadFileError("Not a file. Remove it from the folder.", "Ce n’est pas un fichier. Retirez-le du dossier.")
        with path.open("rb") as opened:
            raw = opened.read(LARGEST_FILE + 1)
    except OSError:
        en, fr = "The file cannot be read. Give this service leave to.", "Fichier illisible. Donnez au service le droit de le lire."
        raise _BadFileError(en, fr) from None
    if len(raw) > LARGEST_FILE:
        raise _BadFileError("Larger than 64 KiB. Split it into several files.", "Plus de 64 Kio. Répartissez-le en plusieurs fichiers.")
    return raw


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _BadFileError("Not UTF-8. Save the file as UTF-8.", "Pas en UTF-8. Enregistrez le fichier en UTF-8.", line=line) from None


def _check_events(text: str) -> None:
    """Reads the stream without building anything: no anchors, no tags, nothing deep, nothing endless."""
    depth = words = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        words += isinstance(event, yaml.ScalarEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        line = _line(event)
        if getattr(event, "anchor", None) is not None:
            en, fr = "Anchors and aliases are not read. Write it out.", "Les ancres et alias sont refusés. Écrivez-le en entier."
            raise _BadFileError(en, fr, line=line)
        if getattr(event, "tag", None) is not None:
            raise _BadFileError("YAML tags are not read. Remove it.", "Les étiquettes YAML sont refusées. Retirez-la.", line=line)
        if depth > DEEPEST:
            en, fr = f"Nested more than {DEEPEST} deep. Flatten it.", f"Plus de {DEEPEST} niveaux. Aplatissez la structure."
            raise _BadFileError(en, fr, line=line)
        if words > MOST_WORDS or documents > MOST_DOCUMENTS:
            raise _BadFileError("Too much for one file. Split it.", "Trop pour un seul fichier. Divisez-le.", line=line)


def _documents(file: str, raw: bytes, text: str) -> Iterator[Document]:
    digest = sha256(raw).hexdigest()[:12]
    loader = yaml.SafeLoader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if not isinstance(node, yaml.MappingNode):
                en, fr = (
                    "A rule is a mapping of keys. See the rules that are shipped.",
                    "Une règle est une suite de clés. Voir les règles livrées.",
                )
                raise _BadFileError(en, fr, line=_line(node))
            lines = dict(_lines(node))
            yield Document(file, digest, _built(loader, node), lines)
    finally:
        loader.dispose()


def _built(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    try:
        built: dict[str, Any] = loader.construct_document(node)
    except (ValueError, OverflowError):
        en = "A number or date in this rule is none. Put it in quotes."
        fr = "Un nombre ou une date de cette règle n’en est pas. Mettez-le entre guillemets."
        raise _BadFileError(en, fr, line=_line(node)) from None
    return built


def _lines(node: yaml.Node, way: Way = (), line: int | None = None) -> Iterator[tuple[Way, int]]:
    """A value is where its key is."""
    yield way, line or _line(node)
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _lines(item, (*way, place))
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            _check_key(key, seen)
            yield from _lines(value, (*way, key.value), _line(key))


def _check_key(key: yaml.Node, seen: set[str]) -> None:
    line = _line(key)
    if key.tag != _TEXT_TAG:
        raise _BadFileError(
            "This key is not a text. Put it in quotes.", "Cette clé n’est pas un texte. Mettez-la entre guillemets.", line=line
        )
    if key.value in seen:
        name = clipped(key.value)
        raise _BadFileError(
            f"The key {name} stands here twice. Keep one.", f"La clé {name} est écrite deux fois. N’en gardez qu’une.", line=line
        )
    seen.add(key.value)


def _line(marked: Any) -> int:
    """Of a node or an event; people count from one."""
    return int(marked.start_mark.line) + 1
