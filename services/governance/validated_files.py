"""Reads a file as what it must be, or says in one sentence what is wrong with it."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


class UnfitFileError(Exception):
    """A file that the service cannot start with; the message is a whole sentence for whoever runs it."""


def read_validated(kind: TypeAdapter[T], path: Path, *, what: str) -> T:
    """`what` names the file's role. Raises UnfitFileError."""
    try:
        return kind.validate_json(path.read_bytes())
    except OSError as error:
        raise UnfitFileError(f"The {what} {path} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        raise UnfitFileError(f"The {what} {path} is not fit: {_first(error)}.") from None


def _first(error: ValidationError) -> str:
    """Where and what, without the value, which may be somebody's name."""
    found: Any = error.errors(include_url=False, include_input=False, include_context=False)
    where = ".".join(map(str, found[0]["loc"]))
    said = found[0]["msg"].removeprefix("Value error, ").rstrip(".")
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{where}: {said}{more}" if where else f"{said}{more}"
