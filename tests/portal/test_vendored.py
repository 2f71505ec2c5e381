"""Proves that vendored files are the ones that were looked at."""

import hashlib
import re
from pathlib import Path

VENDOR = Path("services/portal/static/vendor")


class TestVendoredFiles:
    def test_have_their_stated_hashes(self) -> None:
        stated = dict(re.findall(r"^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$", (VENDOR / "VENDORED.md").read_text(), re.MULTILINE))
        found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.iterdir() if file.name != "VENDORED.md"}

        assert found == stated
