"""What a chart needs of its rows is read out of its specification."""

from typing import Any

import altair as alt
import pytest

from kit.base.errors import KitError
from kit.widgets.stream_chart.plan import Column, Plan, of_specification, specification


def planned(spec: Any, time: str | None = None, arrival: str | None = "arrival_time") -> Plan:
    return of_specification(spec, time=time, arrival=arrival)


def line(**encoding: Any) -> dict[str, Any]:
    return {"mark": "line", "encoding": encoding}


TIME = {"field": "at", "type": "temporal"}
TEMP = {"field": "temp", "type": "quantitative"}
CARRIER = {"field": "carrier", "type": "nominal"}


def test_a_simple_chart_moves_along_its_time_and_is_thinned_by_series() -> None:
    plan = planned(specification(("at", "time"), ("temp", "number"), "station"))

    assert plan.columns == (Column("at", "time"), Column("temp", "number"), Column("station", "text"))
    assert (plan.time, plan.x, plan.y, plan.series, plan.color) == ("at", "at", ("temp",), ("station",), "station")
    assert plan.thins
    assert plan.moves_along_x


def test_an_altair_chart_without_data_is_taken_as_it_is() -> None:
    chart = alt.Chart().mark_point().encode(x="at:T", y="temp:Q", color="carrier:N", size="wind:Q")

    plan = planned(chart)

    assert {column.name for column in plan.columns} == {"at", "temp", "carrier", "wind"}
    assert plan.spec["data"] == {"name": "window"}
    assert plan.thins


def test_the_axis_of_time_shows_the_window_in_utc() -> None:
    scale = planned(line(x=TIME, y=TEMP)).spec["encoding"]["x"]["scale"]

    assert scale == {
        "domainMin": {"expr": "window_begin"},
        "domainMax": {"expr": "window_end"},
        "nice": False,
        "type": "utc",
    }


def test_without_a_time_on_x_the_window_moves_along_the_arrival() -> None:
    plan = planned({"mark": "point", "encoding": {"x": {"field": "wind", "type": "quantitative"}, "y": TEMP}})

    assert plan.time == "arrival_time"
    assert plan.names == ["wind", "temp", "arrival_time"]
    assert not plan.thins


@pytest.mark.parametrize(
    "spec",
    [
        {"mark": "bar", "encoding": {"x": TIME, "y": TEMP}},
        {"mark": "area", "encoding": {"x": TIME, "y": TEMP, "color": CARRIER}},
        line(x=TIME, y={**TEMP, "aggregate": "mean"}),
        line(x={**TIME, "timeUnit": "hours"}, y=TEMP),
        line(x=TIME, y=CARRIER),
        {**line(x=TIME, y=TEMP), "transform": [{"filter": "datum.temp > 0"}]},
        {"layer": [line(x=TIME, y=TEMP), {"mark": "boxplot", "encoding": {"x": TIME, "y": TEMP}}]},
    ],
)
def test_what_computes_with_its_rows_is_never_thinned(spec: dict[str, Any]) -> None:
    assert not planned(spec).thins


def test_all_values_of_layers_are_kept_in_sight_of_thinning() -> None:
    low = {"field": "low", "type": "quantitative"}
    high = {"field": "high", "type": "quantitative"}

    plan = planned({"layer": [line(x=TIME, y=low), {"mark": "rule", "encoding": {"x": TIME, "y": low, "y2": high}}]})

    assert plan.y == ("low", "high")
    assert plan.thins


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (line(y=TEMP), "x axis"),
        ({"hconcat": [line(x=TIME, y=TEMP)]}, "one view"),
        (line(x=TIME, y=TEMP, color={"field": "temp", "type": "nominal"}), "once as number"),
        (line(x=TIME, y=TEMP, shape={"field": "where", "type": "geojson"}), "geojson"),
        ({**line(x=TIME, y=TEMP), "layer": [{"mark": {"type": "image", "url": "https://example.org/a.png"}}]}, "netw"),
        (42, "int"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(spec: Any, message: str) -> None:
    with pytest.raises(KitError, match=message) as refused:
        planned(spec)
    assert refused.value.code == "INVALID_CHART"


def test_a_source_without_arrival_needs_a_time_on_x() -> None:
    with pytest.raises(KitError, match="no time"):
        planned({"mark": "point", "encoding": {"x": TEMP, "y": TEMP}}, arrival=None)
