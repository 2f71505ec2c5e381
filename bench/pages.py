"""Measures how long pages take from request to last byte when what they stand on holds ten thousand entries."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin

import httpx

from bench.charts import one_long_chart
from bench.figures import Goal, Result
from cli.running import Running
from cli.story import ledger_view
from cli.story.checking import until
from deploy.local.home import claim_home
from deploy.local.ports import find_free_ports
from deploy.local.stack import Shape, start_stack
from services.audit.commands import AuditorCredentials
from shared.clock import utc_now

Say = Callable[[str], None]
_ENTRIES = 10_000
_GOAL = Goal("<=", 100.0)
_PAGES = {
    "a chart of 10,000 resources": ("a.martin", "/charts/{chart}"),
    "who saw my record, of 10,000 entries": ("patient.nord", "/trail"),
    "the same for an officer": ("o.leroy", "/trail/{mine}"),
    "what is due today": ("o.leroy", "/today"),
    "activity": ("o.leroy", "/activity"),
}


def measure_pages(*, pairs: int, short: bool, say: Say) -> list[dict[str, Any]]:
    """Against a stack of its own."""
    entries = 500 if short else _ENTRIES
    with TemporaryDirectory(prefix="serment-bench-home-", ignore_cleanup_errors=True) as folder:
        home = claim_home(Path(folder) / "home", portal="the benchmark", say=print)
        stack = start_stack(home, find_free_ports(), shape=Shape(every_chart=False), say=say)
        try:
            running = Running(stack.home.path)
            results = list(_measured(running, _prepared(running, entries, say), pairs))
        finally:
            stack.stop()
    now = utc_now()
    return [one.told(engine="Kafka, SecantusDB and OpenBao on this machine", now=now, short=short) for one in results]


def _prepared(running: Running, entries: int, say: Say) -> Mapping[str, str]:
    """The ids of a chart with so many resources, and of a patient with an account whose record was opened so often."""
    say(f"Storing a chart of {entries} resources, and opening another one {entries} times.")
    mine = str(running.claims("patient.nord")["extensions"]["ihe_iua"]["person_id"])
    practitioner = str(running.claims("a.martin")["fhirUser"])
    chart = one_long_chart(running.fhir("nord"), running.token("integration.nord"), practitioner=practitioner, count=entries)
    auditor = AuditorCredentials.model_validate(running.credentials("auditor"))
    before, headers = ledger_view.size(auditor), {"authorization": f"Bearer {running.token('a.martin')}"}
    with httpx.Client(headers=headers, trust_env=False, timeout=30) as http, ThreadPoolExecutor(16) as pool:
        for answer in pool.map(lambda _: http.get(f"{running.fhir('nord')}/Patient/{mine}"), range(entries)):
            answer.raise_for_status()
    until(lambda: ledger_view.size(auditor) >= before + entries, within=120, otherwise="the ledger did not take it in")
    return {"chart": chart, "mine": mine}


def _measured(running: Running, idents: Mapping[str, str], pairs: int) -> Iterator[Result]:
    for name, (login, path) in _PAGES.items():
        with httpx.Client(trust_env=False, follow_redirects=True, timeout=30) as browser:
            _sign_in(browser, running, login)
            url = f"{running.addresses['portal']}{path.format(**idents)}"
            browser.get(url).raise_for_status()
            times = [_milliseconds(browser, url) for _ in range(2 * pairs)]
        median, worst = statistics.median(times), max(times)
        told = f"of {len(times)} times the median was {median:.0f} ms, the slowest {worst:.0f} ms"
        what = f"from request to last byte, with everything that the services answer for it; {told}"
        yield Result(f"page: {name}", "ms", [(one, 1.0) for one in times], _GOAL, what=what)


def _milliseconds(browser: httpx.Client, url: str) -> float:
    start = time.perf_counter()
    browser.get(url).raise_for_status()
    return (time.perf_counter() - start) * 1000


def _sign_in(browser: httpx.Client, running: Running, login: str) -> None:
    """By the login page; cookies are sent on loopback, which browsers take for a safe place."""

    def send_cookies(request: httpx.Request) -> None:
        if browser.cookies:
            request.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    browser.event_hooks = {"request": [send_cookies]}
    form = browser.post(f"{running.addresses['portal']}/sign-in")
    action = form.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
    browser.post(urljoin(str(form.url), action), data={"login": login, "password": running.password(login)}).raise_for_status()
