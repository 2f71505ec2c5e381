"""Proves where the bars of a waterfall stand, whatever the spans of a trace are like."""

import random
from typing import Any

from services.portal.traces.model import Span
from services.portal.traces.waterfall import HEAD, NARROWEST, ROW, Waterfall, draw

BEGAN = 1_795_000_000_000_000


def a_span(ident: str, parent: str = "", *, at: float = 0.0, lasts: float = 1.0, **more: Any) -> Span:
    """`at` and `lasts` in milliseconds."""
    known = {"service": "records", "instance": "nord-a", "name": f"span {ident}", "id": ident, "parent": parent}
    return Span.model_validate(known | {"start": BEGAN + int(at * 1000), "duration_ms": lasts} | more)


def order(waterfall: Waterfall) -> list[tuple[str, int]]:
    return [(bar.span.id, bar.indent // 12) for bar in waterfall.bars]


def places(waterfall: Waterfall) -> dict[str, tuple[float, float]]:
    return {bar.span.id: (bar.x, bar.width) for bar in waterfall.bars}


class TestDraw:
    def test_fills_the_picture_with_one_span(self) -> None:
        drawn = draw([a_span("a", lasts=12.5)])

        [bar] = drawn.bars
        assert (bar.x, bar.width, bar.y, bar.offset_ms) == (0, 100, HEAD, 0)
        assert (drawn.total_ms, drawn.height, drawn.left_out) == (12.5, HEAD + ROW, 0)

    def test_shows_an_instant_that_took_no_time(self) -> None:
        assert places(draw([a_span("a", lasts=0)])) == {"a": (0, NARROWEST)}

    def test_puts_each_under_its_parent_on_one_scale(self) -> None:
        spans = [
            a_span("d", "b", at=30, lasts=10),
            a_span("b", "a", at=20, lasts=40),
            a_span("a", lasts=50),
            a_span("c", "a", at=75, lasts=25),
        ]

        drawn = draw(spans)

        assert order(drawn) == [("a", 0), ("b", 1), ("d", 2), ("c", 1)]
        assert places(drawn) == {"a": (0, 50), "b": (20, 40), "d": (30, 10), "c": (75, 25)}
        assert [bar.y for bar in drawn.bars] == [HEAD + ROW * row for row in range(4)]

    def test_lets_siblings_overlap_in_the_order_in_which_they_began(self) -> None:
        drawn = draw([a_span("a", lasts=10), a_span("late", "a", at=4, lasts=4), a_span("soon", "a", at=2, lasts=4)])

        assert order(drawn) == [("a", 0), ("soon", 1), ("late", 1)]
        assert places(drawn) == {"a": (0, 100), "soon": (20, 40), "late": (40, 40)}

    def test_says_which_began_before_its_parent(self) -> None:
        drawn = draw([a_span("a", at=10, lasts=10), a_span("b", "a", lasts=5, service="audit")])

        assert order(drawn) == [("a", 0), ("b", 1)]
        assert places(drawn) == {"a": (50, 50), "b": (0, 25)}
        assert [bar.early for bar in drawn.bars] == [False, True]

    def test_keeps_one_whose_parent_is_missing(self) -> None:
        drawn = draw([a_span("a", "a-caller"), a_span("b", "lost", at=5), a_span("c", "b", at=6)])

        assert order(drawn) == [("a", 0), ("b", 0), ("c", 1)]
        assert [bar.alone for bar in drawn.bars] == [True, True, False]

    def test_ends_with_spans_that_are_their_own_parents(self) -> None:
        drawn = draw([a_span("a", "b"), a_span("b", "a", at=1), a_span("c", "c", at=2), a_span("d", at=3)])

        assert order(drawn) == [("d", 0), ("a", 0), ("b", 1), ("c", 0)]

    def test_draws_the_first_of_very_many_and_counts_the_others(self) -> None:
        spans = [a_span(f"{n}", f"{n - 1}" if n else "", at=n, lasts=2000 - n) for n in range(2000)]
        random.Random(7).shuffle(spans)  # noqa: S311 - to be played again

        drawn = draw(spans)

        assert [bar.span.id for bar in drawn.bars] == [str(n) for n in range(200)]
        assert (drawn.left_out, drawn.total_ms) == (1800, 2000)
        assert max(bar.indent for bar in drawn.bars) < 100

    def test_stays_within_the_picture(self) -> None:
        draw_from = random.Random(11)  # noqa: S311 - to be played again
        for _ in range(200):
            spans = [
                a_span(f"{n}", f"{draw_from.randrange(20)}", at=draw_from.uniform(0, 1e6), lasts=draw_from.choice([0, 1e-3, 1e6]))
                for n in range(12)
            ]

            for bar in draw(spans).bars:
                assert 0 <= bar.x <= bar.x + bar.width <= 100.001
                assert bar.width >= NARROWEST

    def test_tells_a_failure_by_the_kind_of_its_error(self) -> None:
        drawn = draw([a_span("a", attributes={"error.type": "TimeoutError"}), a_span("b", at=1)])

        assert [bar.failed for bar in drawn.bars] == [True, False]
