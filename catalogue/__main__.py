"""`python -m catalogue` writes what has changed; with `--check` it writes nothing, names what is stale, and exits 1."""

import sys
from pathlib import Path

from catalogue.documents import documents
from catalogue.examples import missing_examples

ROOT = Path(__file__).parents[1]


def main(arguments: list[str]) -> int:
    wanted = documents() | missing_examples(ROOT)
    stale = {path: text for path, text in wanted.items() if _now(path) != text}
    for path, text in sorted(stale.items()):
        if "--check" in arguments:
            print(f"{path} is out of date: run `make catalogue`.")
        else:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text, encoding="utf-8")
            print(f"{path} was written.")
    return 1 if stale and "--check" in arguments else 0


def _now(path: Path) -> str | None:
    return (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
