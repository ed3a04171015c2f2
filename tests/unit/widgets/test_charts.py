"""Charts that render offline: what is in their mime bundle, and what can never be in it."""

import json
import re
import struct
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import pyarrow as pa
import pytest

from kit.base.errors import KitError
from kit.base.result import Result, Stats
from kit.widgets import chart
from kit.widgets.charts import VEGALITE_MIME
from kit.widgets.theme import CATEGORIES, THEMES

ROWS = pa.table({"carrier": ["AA", "DL", "UA"], "delay": [1.5, None, -3.0]})
SPEC: dict[str, Any] = {
    "mark": "bar",
    "encoding": {"x": {"field": "carrier"}, "y": {"field": "delay", "type": "quantitative"}},
}
# Names of XML vocabularies and of a grammar: viewers compare them, none fetches them.
IDENTIFIERS = {
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "https://vega.github.io/schema/vega-lite/v5.json",
}


def altair_chart() -> Any:
    return alt.Chart(ROWS, title="Delay").mark_bar().encode(x="carrier:N", y="delay:Q", color="carrier:N")


def test_a_bundle_has_what_lab_renders_a_picture_and_a_line_of_text() -> None:
    data, metadata = chart(altair_chart())._repr_mimebundle_()

    assert list(data) == [VEGALITE_MIME, "image/svg+xml", "text/plain"]
    assert data[VEGALITE_MIME]["$schema"].endswith("/v5.json")
    assert ET.fromstring(data["image/svg+xml"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert data["text/plain"] == "Chart 'Delay': bar, 3 rows of data"
    assert metadata[VEGALITE_MIME]["embed_options"]["actions"]["editor"] is False


def test_nothing_in_a_bundle_is_fetched() -> None:
    bundle = json.dumps(chart(altair_chart())._repr_mimebundle_())

    assert set(re.findall(r"(?:https?:)?//[^\s\"'\\<>]+", bundle)) <= IDENTIFIERS


def test_equal_charts_give_equal_bytes() -> None:
    first, second = (json.dumps(chart(altair_chart())._repr_mimebundle_()) for _ in range(2))

    assert first == second


def test_a_specification_takes_a_result_as_its_data() -> None:
    table = pa.table({"at": [datetime(2013, 1, 1, 5)], "x": [float("nan")], "n": [3], "tags": [["a"]]})
    result = Result.of_table(table, stats=Stats(ms=1.0))

    drawn = chart({**SPEC, "data": result})

    assert drawn.spec["data"] == {"values": [{"at": "2013-01-01T05:00:00", "x": None, "n": 3, "tags": ["a"]}]}
    json.dumps(drawn.spec, allow_nan=False)


def test_what_was_given_is_not_changed() -> None:
    given = {**SPEC, "data": {"values": [{"carrier": "AA", "delay": 1}]}, "config": {"view": {"stroke": "red"}}}
    before = json.dumps(given)

    chart(given)

    assert json.dumps(given) == before


def test_a_charts_own_settings_go_before_the_theme() -> None:
    drawn = chart({**SPEC, "data": ROWS, "config": {"axis": {"grid": False}, "background": "#fafafa"}})

    assert drawn.spec["config"]["background"] == "#fafafa"
    assert drawn.spec["config"]["axis"]["grid"] is False
    assert drawn.spec["config"]["axis"]["domain"] is False


def test_altairs_default_theme_does_not_get_in_the_way() -> None:
    assert chart(altair_chart()).spec["config"]["view"]["continuousWidth"] == 560


def test_a_chart_of_a_chart_is_that_chart() -> None:
    drawn = chart(altair_chart())

    assert chart(drawn) is drawn


def test_more_rows_than_altairs_limit_are_drawn() -> None:
    rows = pa.table({"carrier": ["AA"] * 6_000, "delay": [1.0] * 6_000})

    assert "6,000 rows" in repr(chart(alt.Chart(rows).mark_point().encode(x="delay:Q")))


@pytest.mark.parametrize(
    "spec",
    [
        {**SPEC, "data": {"url": "https://example.org/data.csv"}},
        {"data": {"values": []}, "layer": [{"mark": {"type": "image", "url": "http://example.org/a.png"}}]},
        {**SPEC, "data": {"values": []}, "encoding": {"href": {"value": "x"}, "url": "//example.org/x.png"}},
    ],
)
def test_a_chart_that_needs_a_network_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(KitError, match="would need a network") as caught:
        chart(spec)

    assert caught.value.code == "INVALID_CHART"


def test_what_is_no_chart_is_refused() -> None:
    with pytest.raises(KitError, match="A str is no chart"):
        chart("SELECT 1")


def test_a_png_is_as_large_as_was_asked() -> None:
    drawn = chart(altair_chart(), theme="light")

    # The header of a PNG: eight bytes, a chunk's length and name, then width and height.
    widths = [struct.unpack(">I", drawn.png(scale=scale)[16:20])[0] for scale in (1, 2)]

    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


def luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2, definition of relative luminance."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("name", "papers"), [("auto", ("#ffffff", "#111111")), ("light", ()), ("dark", ())])
def test_text_can_be_read_on_its_paper(name: Any, papers: tuple[str, ...]) -> None:
    theme = THEMES[name]

    for paper in papers or (theme.paper,):
        assert contrast(theme.ink, paper) >= 4.0
        assert contrast(theme.muted, paper) >= 4.0


def test_the_colours_of_categories_differ_in_lightness_or_hue_for_every_reader() -> None:
    assert len(set(CATEGORIES)) == len(CATEGORIES)
    assert all(contrast(colour, "#ffffff") >= 2.1 for colour in CATEGORIES)
    assert all(contrast(colour, "#111111") >= 3.0 for colour in CATEGORIES)
