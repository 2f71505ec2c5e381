"""Reads which version of a thing a caller quotes."""


def version_of(tag: object) -> int | None:
    """`W/"3"`, `"3"` or `3`; anything else matches no version, or a wrong condition would be no condition. None when nothing was sent."""
    if tag is None:
        return None
    text = tag.strip().removeprefix("W/").strip('"') if isinstance(tag, str) else ""
    return int(text[:18]) if text.isascii() and text.isdecimal() else -1
