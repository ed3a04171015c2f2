"""A window holds the last stretch of time, thinned so that the picture stays the same, or whole, or not at all."""

import random
from collections import defaultdict
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.errors import KitError
from kit.widgets.stream_chart.plan import Plan, of_specification, specification
from kit.widgets.stream_chart.window import MARKS, WHOLE_MARKS, Window, extremes

SCHEMA = pa.schema([("at", pa.float64()), ("v", pa.float64()), ("k", pa.string())])


def planned(mark: str = "line") -> Plan:
    return of_specification(specification(("at", "time"), ("v", "number"), "k", mark=mark), time=None, arrival=None)


def rows(*given: tuple[float, float, str]) -> pa.Table:
    return pa.table([list(column) for column in zip(*given, strict=True)] or [[], [], []], schema=SCHEMA)


def window(length_ms: float | None = 1_000.0, mark: str = "line") -> Window:
    return Window(planned(mark), length_ms, SCHEMA.empty_table())


def times(shown: Window) -> list[float]:
    return shown.table.column("at").to_pylist()


def test_rows_leave_at_the_older_end() -> None:
    shown = window()

    shown.add(rows((0.0, 1.0, "a"), (500.0, 1.0, "a")))
    shown.add(rows((1_400.0, 1.0, "a")))

    assert times(shown) == [500.0, 1_400.0]
    assert (shown.begin_ms(shown.end_ms), shown.end_ms) == (400.0, 1_400.0)


def test_a_late_row_finds_its_place_while_the_window_covers_it() -> None:
    shown = window()

    shown.add(rows((5_000.0, 1.0, "a")))
    shown.add(rows((4_500.0, 2.0, "a"), (100.0, 3.0, "a")))

    assert sorted(times(shown)) == [4_500.0, 5_000.0]


def test_time_that_goes_on_empties_the_window() -> None:
    shown = window()
    shown.add(rows((0.0, 1.0, "a")))

    shown.add(rows(), now_ms=10_000.0)

    assert times(shown) == []
    assert shown.end_ms == 10_000.0


def test_a_pinned_window_lets_newer_rows_pass() -> None:
    shown = window()
    shown.add(rows((1_000.0, 1.0, "a")))

    shown.add(rows((1_900.0, 1.0, "a"), (1_050.0, 1.0, "a")), pinned_end_ms=1_100.0)

    assert sorted(times(shown)) == [1_000.0, 1_050.0]


def test_without_a_length_nothing_leaves() -> None:
    shown = window(None)

    shown.add(rows((0.0, 1.0, "a"), (1e12, 1.0, "a")))

    assert times(shown) == [0.0, 1e12]


def test_few_rows_are_shown_as_they_are() -> None:
    shown = window()

    shown.add(rows(*((float(at), float(at), "a") for at in range(1_000))))

    assert shown.table.num_rows == 1_000


def test_memory_is_bounded_and_every_extreme_of_the_whole_survives() -> None:
    draw = random.Random(7)
    shown = window(100_000.0)
    everything: list[tuple[float, float, str]] = []
    for second in range(100):
        batch = [(second * 1_000 + place, draw.gauss(0, 1), "abc"[place % 3]) for place in range(1_000)]
        everything += batch
        shown.add(rows(*batch))

    kept = shown.table.to_pylist()

    assert shown.table.num_rows <= MARKS
    for key in "abc":
        ours = [row["v"] for row in kept if row["k"] == key]
        whole = [v for _, v, k in everything if k == key]
        assert (min(ours), max(ours)) == (min(whole), max(whole))


def test_series_that_are_too_many_are_refused() -> None:
    shown = window()

    with pytest.raises(KitError) as refused:
        shown.add(rows(*((1.0, 1.0, str(place)) for place in range(MARKS + 1))))
    assert refused.value.code == "TOO_MANY_MARKS"


def test_what_must_not_be_thinned_is_whole_or_refused() -> None:
    shown = window(mark="bar")
    shown.add(rows(*((1.0, float(place), "a") for place in range(WHOLE_MARKS))))

    assert shown.table.num_rows == WHOLE_MARKS
    with pytest.raises(KitError) as refused:
        shown.add(rows((1.0, 1.0, "a")))
    assert refused.value.code == "TOO_MANY_MARKS"


POINTS = st.lists(
    st.tuples(st.integers(0, 50).map(float), st.integers(-9, 9).map(float), st.sampled_from("ab")), max_size=60
)


@given(POINTS, st.sampled_from([1.0, 7.0, 100.0]))
def test_thinning_keeps_first_last_least_and_greatest_of_each_bucket(
    points: list[tuple[float, float, str]], bucket: float
) -> None:
    table = rows(*points)

    kept = table.take(extremes(table, "at", ["v"], ["k"], bucket)).to_pylist()

    def summary(given: list[dict[str, Any]]) -> dict[Any, Any]:
        groups = defaultdict(list)
        for row in given:
            groups[row["k"], row["at"] // bucket].append(row)
        return {
            group: (
                min(row["at"] for row in found),
                max(row["at"] for row in found),
                min(row["v"] for row in found),
                max(row["v"] for row in found),
            )
            for group, found in groups.items()
        }

    assert summary(kept) == summary(table.to_pylist())
    assert len(kept) <= 4 * len(summary(kept))


@given(POINTS)
def test_thinning_again_changes_nothing(points: list[tuple[float, float, str]]) -> None:
    table = rows(*points)
    once = table.take(extremes(table, "at", ["v"], ["k"], 7.0))

    twice = once.take(extremes(once, "at", ["v"], ["k"], 7.0))

    assert {tuple(row.values()) for row in twice.to_pylist()} <= {tuple(row.values()) for row in once.to_pylist()}
    assert twice.num_rows == once.num_rows


def test_infinite_values_are_no_extremes() -> None:
    table = rows((1.0, float("inf"), "a"), (2.0, 5.0, "a"), (3.0, 1.0, "a"), (4.0, 2.0, "a"))

    kept = table.take(extremes(table, "at", ["v"], ["k"], 10.0)).to_pylist()

    assert {row["at"] for row in kept} == {1.0, 2.0, 3.0, 4.0}
