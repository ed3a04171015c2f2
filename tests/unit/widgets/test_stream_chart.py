"""A live chart where nobody looks: a still picture of the last window, and errors that are raised."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import altair as alt
import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.widgets.stream_chart import StreamChart
from kit.widgets.stream_chart.chart import milliseconds

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def stream(tmp_path: Path) -> Any:
    """A temperature a minute of three stations, for an hour."""
    clock = ManualClock(START)
    workspace = kit.open(tmp_path, clock=clock, seed=1)
    made = workspace.streams.create("sensors", shards=2)
    for minute in range(60):
        at = (START + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M:%S")
        made.put_records(
            [(json.dumps({"at": at, "temp": 10.0 + minute, "station": name}), name) for name in ("EWR", "JFK", "LGA")]
        )
        clock.advance(60)
    yield made
    workspace.close()


def shown(chart: StreamChart) -> list[dict[str, Any]]:
    return chart.still().spec["data"]["values"]


def test_where_nobody_can_show_widgets_there_is_a_picture_alone(stream: Any) -> None:
    bundle = StreamChart(stream, y="temp", color="station")._repr_mimebundle_()

    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert bundle["image/svg+xml"].startswith("<svg")
    assert ">station<" in bundle["image/svg+xml"]
    assert bundle["text/plain"] == "StreamChart of sensors: temp over arrival_time, still"


def test_the_picture_is_of_the_last_window_by_arrival(stream: Any) -> None:
    chart = StreamChart(stream, y="temp", color="station", window="10m")

    assert {row["temp"] for row in shown(chart)} == {float(value) for value in range(60, 70)}


def test_the_window_may_move_along_a_time_of_the_records(stream: Any) -> None:
    chart = StreamChart(stream, x="at:T", y="temp", color="station", window="5m")

    assert {row["temp"] for row in shown(chart)} == {64.0, 65.0, 66.0, 67.0, 68.0, 69.0}


def test_a_window_over_all_shows_all(stream: Any) -> None:
    chart = StreamChart(stream, x="at:T", y="temp", window=None)

    assert len(shown(chart)) == 180


def test_shards_are_told_apart_where_no_colour_is_wanted(stream: Any) -> None:
    assert StreamChart(stream, y="temp").plan.color == "shard_id"


def test_an_altair_chart_may_compute_with_the_window(stream: Any) -> None:
    chart = alt.Chart().mark_bar().encode(x="station:N", y="count():Q")

    counted = StreamChart(stream, chart, window="10m")

    assert not counted.plan.thins
    assert len(shown(counted)) == 30


def test_an_empty_stream_is_an_empty_picture(tmp_path: Path) -> None:
    with kit.open(tmp_path) as workspace:
        chart = StreamChart(workspace.streams.create("empty"), y="temp", color="station")

        assert shown(chart) == []
        assert chart.still().svg().startswith("<svg")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "y is missing"),
        ({"y": "temp", "mark": "lyne"}, "no mark 'lyne'"),
        ({"y": "temp:X"}, "ends in no type"),
        ({"y": "temp", "window": "soon"}, "no length"),
        ({"y": "temp", "window": 0}, "no length"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_once(stream: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        StreamChart(stream, **options)


def test_a_field_that_is_missing_from_the_call_is_offered(stream: Any) -> None:
    with pytest.raises(KitError) as refused:
        StreamChart(stream)
    assert refused.value.hint == "The records have at, station, temp."


def test_a_chart_that_nobody_has_shown_cannot_be_steered(stream: Any) -> None:
    chart = StreamChart(stream, y="temp")

    with pytest.raises(KitError) as refused:
        chart.pause()
    assert refused.value.code == "CHART_NOT_RUNNING"


def test_its_length_can_be_changed_before_it_runs(stream: Any) -> None:
    chart = StreamChart(stream, y="temp", window="1m")

    chart.window = "10m"

    assert chart.window == 600.0
    assert len(shown(chart)) == 30


def test_an_error_of_the_thread_is_raised_where_the_chart_is_used(stream: Any) -> None:
    chart = StreamChart(stream, y="temp")
    view = chart.view()
    assert chart._feed is not None
    stream._streams.delete("sensors")
    assert chart._feed._thread is not None
    chart._feed._thread.join(10)

    with pytest.raises(KitError, match="sensors"):
        chart.pause()
    with pytest.raises(KitError, match="sensors"):
        chart._repr_mimebundle_()
    assert chart.state == "failed"
    view.close()


@pytest.mark.parametrize(
    ("length", "expected"), [("250ms", 250.0), ("1.5s", 1500.0), ("2m", 120_000.0), ("1d", 86_400_000.0), (3, 3000.0)]
)
def test_lengths_are_read(length: Any, expected: float) -> None:
    assert milliseconds(length) == expected
