"""Keeps the repository free of addresses that hold on one machine only."""

import re

from tests.architecture.sources import ROOT, repository_files

# Written in two halves, so that this file does not name what it looks for.
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "repo1.mav" + "en",
    "mav" + "en.org",
    "mav" + "en.apache.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "un" + "pkg.com",
    "jsde" + "livr.net",
    "doc" + "ker.io",
    "gh" + "cr.io",
    "qu" + "ay.io",
    "--index" + "-url",
    "--extra-index" + "-url",
]
HOST = re.compile("|".join(re.escape(host) for host in HOSTS).encode())
MACHINE_PATH = re.compile(rb"(?<![\w.}/-])/(?:home|root|work|Users)/[A-Za-z_]")


def places(pattern: re.Pattern[bytes]) -> list[str]:
    texts = [(path, path.read_bytes()) for path in repository_files() if path.suffix != ".gz"]
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in texts
        for number, line in enumerate(text.split(b"\n"), 1)
        if pattern.search(line)
    ]


class TestRepository:
    def test_names_no_registry(self):
        assert places(HOST) == []

    def test_names_no_path_of_one_machine(self):
        assert places(MACHINE_PATH) == []
