"""Reads the licence of every installed package and compares it with what we accept, each with its reason."""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distributions

PERMISSIVE: Mapping[str, str] = {
    "Apache-2.0": "permissive, with a patent grant",
    "BSD-2-Clause": "permissive",
    "BSD-3-Clause": "permissive",
    "ISC": "permissive",
    "MIT": "permissive",
    "MIT-0": "permissive, without attribution",
    "PSF-2.0": "permissive; Python's own",
}
UNMODIFIED: Mapping[str, str] = {
    "certifi": "MPL-2.0, a list of certificates; unmodified",
    "hypothesis": "MPL-2.0, in tests only; unmodified",
    "orjson": "MPL-2.0 in one of its own parts; unmodified",
    "pysigma": "LGPL-2.1-only, parses rules as an unmodified library",
    "pathspec": "MPL-2.0, under mypy and hatchling, at build time only; unmodified",
}
"""Weak copyleft (MPL, LGPL) binds changes of the package's own files; we change none. The servers (OpenBao: MPL-2.0,
SecantusDB, Kafka) live in an environment of their own and are separate processes, so nothing of theirs is linked here."""

_WEAK = re.compile(r"(?:MPL|LGPL)-[0-9.]+(?:-or-later|-only)?")
_SPELLINGS: Mapping[str, str] = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}


def licence_of(package: Distribution) -> str:
    """An SPDX expression as far as the package says one; else its own words."""
    classifiers = [text.rsplit(" :: ", 1)[-1] for text in _said(package, "Classifier") if text.startswith("License ::")]
    words = next(iter(_said(package, "License-Expression") or _said(package, "License")), "").split("\n")[0].strip()
    words = words or " AND ".join(classifiers)
    return _SPELLINGS.get(words.lower(), words)


def _said(package: Distribution, field: str) -> list[str]:
    return package.metadata.get_all(field) or []


def accepted(name: str, expression: str) -> bool:
    """Of alternatives one must be fine, of joint licences all."""
    parts = [part.strip("() ").split(" OR ") for part in expression.split(" AND ")]
    return all(any(_fine(name, licence.strip("() ")) for licence in part) for part in parts)


def _fine(name: str, licence: str) -> bool:
    return licence in PERMISSIVE or (name in UNMODIFIED and _WEAK.fullmatch(licence) is not None)


def refused() -> Iterator[tuple[str, str]]:
    for package in distributions():
        name, expression = package.metadata["Name"].lower(), licence_of(package)
        if not accepted(name, expression):
            yield name, expression or "says nothing"


if __name__ == "__main__":
    rows = sorted(refused())
    for name, expression in rows:
        print(f"{name:<32}{expression}")
    print(
        f"{len(rows)} packages have a licence that is not on the list in checks/licences.py." if rows else "Every licence is on the list."
    )
    sys.exit(1 if rows else 0)
