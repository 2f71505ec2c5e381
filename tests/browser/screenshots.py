"""Photographs every page of a running Serment for people to look at: `python -m tests.browser.screenshots [--home H] [--to FOLDER]`.

Both languages, light and dark, phone and desktop; `make run` has played the story, so there is something on each page.
"""
# ruff: noqa: T201 - it tells how far it is

import argparse
import asyncio
import sys
from itertools import product
from pathlib import Path

from playwright.async_api import Browser

from cli.running import Running
from deploy.local.launcher_error import LauncherError
from tests.browser.people import PHONE, Visitor, open_chromium, signed_in

DESKTOP = {"width": 1280, "height": 900}
PAGES = {
    "patient.nord": [
        "/trail",
        "/choices",
        "/choices/new?what=unit&of=nord-urgences",
        "/choices/new?what=research",
        "/messages",
        "/rights",
        "/rights/new?kind=question&entry=1",
    ],
    "a.martin": ["/charts", "/charts/{chart}", "/modules", "/modules/privacy-basics"],
    "b.bernard": ["/charts/{chart}"],
    "o.leroy": [
        "/today",
        "/activity",
        "/requests",
        "/cases",
        "/cases/{case}",
        "/cases/{case}/patients",
        "/reviews",
        "/reviews/{review}",
        "/trail/{chart}",
        "/objectives",
        "/ledger?to=",
        "/nowhere",
        "/erasures",
        "/style",
    ],
    "t.roux": ["/staff"],
    "u.faure": ["/operation", "/traces", "/traces/{trace}"],
}


async def photograph(running: Running, folder: Path) -> list[str]:
    """What was found wrong while looking."""
    chart = running.claims("patient.nord")["extensions"]["ihe_iua"]["person_id"]
    wrong: list[str] = []
    async with open_chromium() as browser:
        for language, scheme, size in product(("fr", "en"), ("light", "dark"), ("desktop", "phone")):
            print(f"{language}, {scheme}, {size}")
            look = folder / f"{language}-{scheme}-{size}"
            look.mkdir(parents=True, exist_ok=True)
            for login in PAGES:
                wrong += await _of(browser, running, login, look, chart)
    return wrong


async def _of(browser: Browser, running: Running, login: str, look: Path, chart: str) -> list[str]:
    language, scheme, size = look.name.split("-")
    viewport = PHONE if size == "phone" else DESKTOP
    more = {"locale": {"fr": "fr-FR", "en": "en-GB"}[language], "color_scheme": scheme, "viewport": viewport}
    async with signed_in(browser, running, login, **more) as visitor:
        named = {"chart": chart}
        for path in PAGES[login]:
            if "{case}" in path and "case" not in named:
                named["case"] = await _first(visitor, "/cases")
            if "{review}" in path and "review" not in named:
                named["review"] = await _first(visitor, "/reviews")
            if "{trace}" in path and "trace" not in named:
                named["trace"] = await _first(visitor, "/traces?service=notifier&name=%2Ffhir", link="tbody a")
            await visitor.go(path.format(**named))
            name = path.partition("?")[0].strip("/").replace("/", "-").replace("{", "").replace("}", "") or "first"
            await visitor.page.screenshot(path=look / f"{login}-{name}.png", full_page=True)
        return [f"{look.name}: {one}" for one in visitor.wrong if "404" not in one]


async def _first(visitor: Visitor, path: str, *, link: str = ".card h2 a") -> str:
    """The id of the first that is listed there."""
    await visitor.page.goto(f"{visitor.portal}{path}")
    return str(await visitor.page.locator(link).first.get_attribute("href")).rsplit("/", 1)[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".serment"), help="folder of the running installation")
    parser.add_argument("--to", type=Path, default=Path(".screenshots"), help="where the pictures go")
    asked = parser.parse_args()
    try:
        wrong = asyncio.run(photograph(Running(asked.home), asked.to))
    except LauncherError as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 1
    print("\n".join([*wrong, f"The pictures are in {asked.to}."]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
