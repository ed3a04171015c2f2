"""A live chart in JupyterLab: it moves, it can be stopped and steered, it says what is wrong, it asks nobody else."""

from typing import Any

SETUP = """
import json, math, threading, time
import kit
from kit.widgets.stream_chart import StreamChart
ws = kit.open("../workspace")
stream = ws.streams.create("sensors", shards=2)
stream.limits(enforced=False)
ended = threading.Event()

def produce():
    step = 0
    while not ended.wait(0.05):
        step += 1
        stream.put_records([
            (json.dumps({"station": name, "temp": 20 + 5 * math.sin(step / 10 + place)}), name)
            for place, name in enumerate(("EWR", "JFK", "LGA"))
        ])

producer = threading.Thread(target=produce, daemon=True)
"""
CHART = 'chart = StreamChart(stream, y="temp", color="station", window="10s", title="Temperature")\nchart'


def painted(document: Any, place: int = 0) -> str:
    """The picture's pixels, as text."""
    return document.page.evaluate(
        "place => document.querySelectorAll('.boathouse-chart canvas')[place].toDataURL()", place
    )


def root(document: Any) -> Any:
    return document.page.locator(".boathouse-chart").first


def wait_for_state(document: Any, state: str) -> None:
    document.page.wait_for_selector(f".boathouse-chart[data-state={state}]", timeout=20_000)


def drawn(document: Any) -> int:
    return int(root(document).get_attribute("data-drawn") or 0)


def wait_for_drawings(document: Any, count: int) -> None:
    document.page.wait_for_function(
        "wanted => Number(document.querySelector('.boathouse-chart')?.dataset.drawn ?? 0) >= wanted",
        arg=drawn(document) + count if document.page.locator(".boathouse-chart").count() else count,
        timeout=30_000,
    )


def test_the_picture_moves_and_pausing_holds_it(open_notebook: Any, artefacts: Any) -> None:
    document = open_notebook([SETUP, CHART, "producer.start()"])
    for place in range(3):
        document.run(place)
    wait_for_drawings(document, 3)

    first = painted(document)
    wait_for_drawings(document, 5)
    second = painted(document)
    root(document).get_by_role("button", name="Pause").click()
    wait_for_state(document, "paused")
    document.page.wait_for_timeout(300)
    third = painted(document)
    document.page.wait_for_timeout(1200)
    fourth = painted(document)
    document.page.screenshot(path=artefacts / "stream_chart.png")

    assert first != second
    assert third == fourth
    assert document.complaints == []
    assert document.elsewhere == []
