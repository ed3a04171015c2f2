"""A live chart in JupyterLab: it moves, it can be steered, it says what is wrong, and it asks nobody else."""

import re
from pathlib import Path
from typing import Any

import nbformat

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "04_live_sensors.ipynb"
SETUP = """
import json, math, threading, time
import kit
from kit.widgets.stream_chart import StreamChart
ws = kit.open("../workspace")
stream = ws.streams.create("sensors", shards=2)
stream.limits(enforced=False)

def produce():
    for step in range(10_000):
        time.sleep(0.05)
        stream.put_records([
            (json.dumps({"station": name, "temp": 20 + 5 * math.sin(step / 10 + place)}), name)
            for place, name in enumerate(("EWR", "JFK", "LGA"))
        ])

threading.Thread(target=produce, daemon=True).start()
"""
CHART = 'chart = StreamChart(stream, y="temp", color="station", window="10s", title="Temperature")\nchart'


class Chart:
    """One of the charts on a page."""

    def __init__(self, document: Any, place: int = 0) -> None:
        self.document = document
        self.place = place
        self.root = document.page.locator(".boathouse-chart").nth(place)

    def painted(self) -> str:
        """The picture's pixels, as text."""
        return self.root.locator("canvas").evaluate("canvas => canvas.toDataURL()")

    def texts(self) -> list[str]:
        """What is written in the picture: title, axes, legend."""
        svg = self.root.locator(".picture").evaluate("picture => picture.vegaView.toSVG()")
        return re.findall(r"<text[^>]*>([^<]*)</text>", svg)

    def wait_for_state(self, state: str) -> None:
        self._wait("root => root?.dataset.state === wanted", state)

    def wait_for_drawings(self, count: int = 1) -> None:
        """Wait until the picture has been drawn so many more times."""
        drawn = self.root.get_attribute("data-drawn") or "0"
        self._wait("root => Number(root?.dataset.drawn ?? 0) >= wanted", int(drawn) + count)

    def button(self, name: str) -> Any:
        return self.root.get_by_role("button", name=name)

    def figures(self) -> str:
        return self.root.locator(".figures").inner_text()

    def _wait(self, holds: str, wanted: Any) -> None:
        self.document.page.wait_for_function(
            f"([place, wanted]) => ({holds})(document.querySelectorAll('.boathouse-chart')[place])",
            arg=[self.place, wanted],
        )


def assert_clean(document: Any) -> None:
    assert document.complaints == []
    assert document.elsewhere == []


def test_the_chart_of_the_notebook_moves_and_pausing_holds_it(
    open_notebook: Any, tmp_path: Path, artefacts: Any
) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source += "\nlive_days, hours_per_second = 60, 12"
    nbformat.write(notebook, tmp_path / "live.ipynb")
    document = open_notebook(tmp_path / "live.ipynb")
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    [stations] = [place for place, found in enumerate(tags) if "stations" in found]
    for place in range(stations + 1):
        document.run(place)
    chart = Chart(document)
    chart.root.scroll_into_view_if_needed()
    chart.wait_for_drawings(3)

    first = chart.painted()
    chart.wait_for_drawings(5)
    second = chart.painted()
    texts = chart.texts()
    chart.button("Pause").click()
    chart.wait_for_state("paused")
    document.page.wait_for_timeout(300)
    third = chart.painted()
    document.page.wait_for_timeout(1_500)
    fourth = chart.painted()
    lag = chart.figures()
    document.page.screenshot(path=artefacts / "live_sensors.png")

    assert first != second
    assert third == fourth
    assert {"Temperature, °F", "taken at (UTC)", "temp", "station", "EWR", "JFK", "LGA"} <= set(texts)
    assert any(re.fullmatch(r"Jul \d\d", text) for text in texts)
    assert re.match(r"paused, [\d.,]+ records/s, \d\.\d s behind the tip", lag)
    assert_clean(document)


def test_it_can_be_steered_by_keyboard_alone(open_notebook: Any) -> None:
    document = open_notebook([SETUP, CHART])
    document.run(0)
    document.run(1)
    chart = Chart(document)
    chart.wait_for_drawings(2)
    keys = document.page.keyboard

    chart.button("Pause").focus()
    keys.press("Enter")
    chart.wait_for_state("paused")
    keys.press("Space")
    chart.wait_for_state("live")
    keys.press("Tab")
    keys.press("Enter")
    document.page.wait_for_selector(".boathouse-chart button[aria-pressed=false] >> text=Follow")
    chart.button("Earlier by half a window").press("Enter")
    chart.wait_for_drawings(1)
    chart.button("Follow").press("Enter")
    document.page.wait_for_selector(".boathouse-chart button[aria-pressed=true] >> text=Follow")
    chart.root.get_by_role("combobox", name="Length of the window").select_option(label="5m")
    chart.wait_for_drawings(2)
    document.page.get_by_role("menuitem", name="File").wait_for()

    assert document.page.locator(".jp-Notebook .jp-CodeCell").count() == 2
    assert chart.root.get_by_role("toolbar").get_attribute("aria-label") == "Controls of Temperature"
    assert chart.root.locator(".picture").get_attribute("aria-label") == "Temperature"
    assert_clean(document)


def test_charts_and_views_live_side_by_side_until_their_cell_runs_again(open_notebook: Any, artefacts: Any) -> None:
    other = 'other = StreamChart(stream, y="temp", window="5s")\nother'
    document = open_notebook([SETUP, CHART, "first = chart\nchart", other, "print(first.state, chart.state)"])
    for place in range(4):
        document.run(place)
    charts = [Chart(document, place) for place in range(3)]
    for chart in charts:
        chart.wait_for_drawings(3)
    swatches = charts[2].root.locator(".parts .swatch")
    colours = [swatches.nth(place).evaluate("swatch => swatch.style.backgroundColor") for place in range(2)]
    document.page.screenshot(path=artefacts / "stream_charts.png")

    document.run(1)
    charts[0].wait_for_drawings(3)
    document.run(4)

    assert len(set(colours)) == 2
    assert "" not in colours
    charts[1].wait_for_state("stopped")
    assert document.outputs(4).inner_text().split() == ["stopped", "live"]
    assert_clean(document)


def test_it_draws_while_a_cell_runs(open_notebook: Any) -> None:
    document = open_notebook([SETUP, CHART, "time.sleep(30)"])
    document.run(0)
    document.start(1)
    document.start(2)
    chart = Chart(document)

    chart.wait_for_drawings(10)
    chart.button("Pause").click()
    chart.wait_for_state("paused")
    held = chart.painted()
    document.page.wait_for_timeout(1_000)

    assert chart.painted() == held
    assert "[*]" in document.page.locator(".jp-Notebook .jp-Cell").nth(2).locator(".jp-InputPrompt").inner_text()
    document.command("notebook:interrupt-kernel")
    document.wait_until_idle()


def test_what_goes_wrong_is_said_in_it_and_raised_where_it_is_used(open_notebook: Any) -> None:
    put = 'stream.put_record({"temp": 1}, "a")\nstream.put_record("nonsense", "a")'
    delete = 'ws.streams.delete("sensors")'
    document = open_notebook([SETUP.replace("threading.Thread", "# "), put, CHART, delete, "chart.pause()"])
    for place in range(3):
        document.run(place)
    chart = Chart(document)
    chart.wait_for_drawings(1)
    document.page.wait_for_selector(".boathouse-chart .note:not([hidden])")
    left_out = chart.root.locator(".note").inner_text()

    document.run(3)
    chart.wait_for_state("failed")
    document.run(4)

    assert left_out == "1 record left out: not JSON"
    assert "ResourceNotFoundException" in chart.root.get_by_role("alert").inner_text()
    assert "ResourceNotFoundException" in document.outputs(4).inner_text()
    assert_clean(document)


def test_it_takes_the_theme_and_comes_back_after_a_reload(open_notebook: Any, artefacts: Any) -> None:
    document = open_notebook([SETUP, CHART])
    document.run(0)
    document.run(1)
    chart = Chart(document)
    chart.wait_for_drawings(2)

    document.command("apputils:change-theme", {"theme": "JupyterLab Dark"})
    document.page.wait_for_selector(".boathouse-chart[data-theme=dark]")
    chart.wait_for_drawings(2)
    document.page.screenshot(path=artefacts / "stream_chart_dark.png")
    seen = chart.texts()
    painted = chart.painted()
    chart.wait_for_drawings(2)
    assert "Temperature" in seen
    assert chart.painted() != painted
    document.command("docmanager:save")
    document.page.reload()
    document.page.wait_for_selector(".boathouse-chart canvas")

    chart.wait_for_drawings(2)
    document.page.set_viewport_size({"width": 900, "height": 800})
    chart.wait_for_drawings(2)
    assert chart.root.locator("canvas").evaluate("canvas => canvas.clientWidth") < 500
    document.command("apputils:change-theme", {"theme": "JupyterLab Light"})
    assert_clean(document)
