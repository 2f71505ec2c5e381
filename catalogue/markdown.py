"""Sets text as Markdown: pages that say they are generated, and tables that nothing in a cell can break."""

from collections.abc import Iterable, Sequence

_MADE = "<!-- Made by `make catalogue` from the code; do not edit. -->"


def page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", _MADE, *parts]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def code(text: object) -> str:
    return f"`{text}`"


def codes(texts: Iterable[object]) -> str:
    return ", ".join(code(text) for text in texts)


def json_block(text: str) -> str:
    return f"```json\n{text}\n```"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
