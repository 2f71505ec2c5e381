"""Measures the decision: its time among a thousand and a million directives, and what a directive costs in memory."""

import dataclasses
import gc
import random
import resource
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.figures import Goal, Pair, Result
from services.records.decision import decide
from services.records.enforcing.view import View
from services.records.model import Ask, Care, ChartHeader, Facts, Grant, Standing
from shared.clock import utc_now
from shared.directive import DENY, PERMIT, Directive, Provision, packed
from shared.elapsed import read_clocks
from shared.enforcement import LeaseTerms
from shared.identity import Actor
from shared.vocabulary import Action, PatientId, Profession

Say = Callable[[str], None]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FEW, MANY = 1_000, 1_000_000
_ASKS = 20_000
_P99 = Goal("<=", 10.0)
_FLAT = Goal("<=", 1.5)
_BYTES = Goal("<=", 250.0)
_ME = "Practitioner/2d6b1c1a-7a61-4a0e-9b8e-2f6f6d1a9c55"


def measure_decision(*, pairs: int, short: bool, say: Say) -> list[dict[str, Any]]:
    """In this process alone; garbage is collected as in a replica."""
    many = MANY // 50 if short else MANY
    say(f"Holding {FEW} and {many} directives.")
    few = _view(FEW)
    before = _resident()
    crowd = _view(many)
    held = (_resident() - before) / many
    gc.collect()
    gc.freeze()
    say(f"Deciding {_ASKS} mixed asks, {pairs} times each.")
    rounds = [(_decided(crowd), _decided(few)) for _ in range(pairs)]
    results = list(_results(rounds, held))
    now = utc_now()
    return [one.told(engine="one process", now=now, short=short) for one in results]


def _results(rounds: Sequence[tuple[list[float], list[float]]], held: float) -> Iterator[Result]:
    at = {name: [(_at(crowd, share), _at(few, share)) for crowd, few in rounds] for name, share in (("p50", 0.5), ("p99", 0.99))}
    absolute: list[Pair] = [(crowd, 1.0) for crowd, _few in at["p99"]]
    yield Result(
        "decision among a million directives, p99", "microseconds", absolute, _P99, what="the look at directive and lease, and `decide`"
    )
    yield Result("decision among a million directives, p50", "microseconds", [(crowd, 1.0) for crowd, _few in at["p50"]])
    yield Result("decision p50, a million directives", "times a thousand directives", at["p50"], _FLAT, what="the same asks")
    yield Result("memory of a directive", "bytes", [(held, 1.0)], _BYTES, what="resident memory of a million, divided by a million")


def _at(times: Sequence[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def _resident() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123 - as plain as the file
        return int(file.read().split()[1]) * resource.getpagesize()


def _view(count: int) -> View:
    """Filled by a lease's answer, as at the start of a replica."""
    view, terms = View(uuid.uuid4().hex), LeaseTerms(1, count, 1e9)
    view.begin_install(terms)
    for number in range(1, count + 1):
        view.install(packed(_directive(number)))
    view.installed(terms, asked=view.ask(), sent=read_clocks())
    return view


def patient(number: int) -> PatientId:
    return PatientId(str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128))))


def _directive(number: int) -> Directive:
    source = f"{uuid.UUID(int=number)}/1"
    provisions = tuple(dataclasses.replace(one, source=source) for one in MIXED[number % len(MIXED)])
    return Directive(patient(number), number, 1, provisions)


def _named(**criteria: Any) -> dict[str, Any]:
    return {name: frozenset(values) if isinstance(values, set) else values for name, values in criteria.items()}


_SOON, _PAST = NOW.timestamp() + 86_400, NOW.timestamp() - 86_400
MIXED: tuple[tuple[Provision, ...], ...] = (
    (Provision(DENY, **_named(units={"nord-medecine"})),),  # the usual one: a unit
    (Provision(DENY, **_named(persons={"Practitioner/b8e1"})),),
    (Provision(PERMIT, **_named(purposes={"TREAT"})),),  # PCF basic-treat
    (Provision(DENY),),  # PCF basic-reject
    (Provision(PERMIT, **_named(purposes={"TREAT"}, ends=_PAST)),),  # PCF expired-treat
    (Provision(PERMIT, **_named(purposes={"TREAT"}, begins=_PAST, ends=_SOON)),),  # PCF intermediate-timeframe
    (Provision(PERMIT, **_named(purposes={"TREAT", "HRESCH"})),),  # PCF intermediate-purpose
    (Provision(PERMIT, **_named(labels={"N"})),),  # PCF advanced-normal
    (Provision(PERMIT, **_named(labels={"N", "R"})),),  # PCF advanced-normal-restricted
    (Provision(PERMIT, exceptions=(Provision(DENY, **_named(labels={"R"})),)),),  # PCF advanced-normal-not-restricted
    (Provision(PERMIT, exceptions=(Provision(DENY, **_named(labels={"PSY"})),)),),  # PCF advanced-focused-psy
    (Provision(PERMIT, exceptions=(Provision(DENY, **_named(labels={"PSY", "SDV"})),)),),  # PCF advanced-focused-psy-or-sdv
    (Provision(DENY, exceptions=(Provision(PERMIT, **_named(purposes={"BTG"})),)),),  # PCF dissent-break-glass
    (Provision(DENY, **_named(sites={"sud"})), Provision(PERMIT, **_named(purposes={"HRESCH"}))),
    (
        Provision(
            DENY,
            **_named(units={"nord-medecine"}),
            exceptions=(Provision(PERMIT, **_named(persons={_ME}), exceptions=(Provision(DENY, **_named(labels={"HIV"})),)),),
        ),
    ),  # nested
)


def _decided(view: View) -> list[float]:
    """Microseconds of each ask, in random order; one in ten under an emergency grant."""
    drawn, timed = random.Random(17), []  # noqa: S311 - the same asks each time
    actor = Actor("somebody", "", Profession.CLINICIAN, "nord", "nord-medecine", frozenset({"TREAT"}), _ME, None, "", "", 0.0)
    asks = [(number, drawn.random() < 0.1) for number in (drawn.randint(1, len(view.table)) for _ in range(_ASKS))]
    for number, emergency in asks:
        known = patient(number)
        chart, ask = _chart(known), Ask(actor, "TREAT", Action.READ, "Observation", known)
        grant = Grant("g", "somebody", known, NOW, NOW + timedelta(hours=4)) if emergency else None
        started = time.perf_counter_ns()
        directive, in_force = view.directive_of(known), view.may_decide(known, read_clocks())
        facts = Facts("nord", chart, {}, directive=directive, in_force=in_force, standing=_STANDING, standings_heard=True, grant=grant)
        decide(ask, facts, now=NOW)
        timed.append((time.perf_counter_ns() - started) / 1000)
    return timed


_STANDING = Standing(3, duties={"privacy-basics": NOW + timedelta(days=100)})
_CARE = {
    str(n): Care(frozenset({f"Practitioner/{n}", _ME if n == 4 else "Practitioner/x"}), None, NOW - timedelta(days=1), None)
    for n in range(5)
}


def _chart(known: PatientId) -> ChartHeader:
    return ChartHeader(known, 3, _CARE)
