"""From record put to pixel drawn, in a real JupyterLab: the stream chart beside a whole Altair chart that is sent anew.

A producer in a process of its own puts records at a rate. The page tells when a picture has been presented (one frame
after it was drawn) and which record is its newest; a record's time is from its arrival in the log to the first picture
that has it. The kernel's CPU time is read from outside.
"""

import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[3]
PRODUCER = """
import json, random, sys, time
import pyarrow as pa
import kit
folder, rate = sys.argv[1], int(sys.argv[2])
stream = kit.open(folder).streams["s"]
step = max(rate // 200, 1)
draw = random.Random(1)
block = pa.table({
    "data": pa.array([json.dumps({"v": draw.gauss(0, 1), "k": "abc"[n % 3]}).encode() for n in range(step)]),
    "partition_key": [str(n % 97) for n in range(step)],
})
began = time.perf_counter()
sent = 0
while True:
    due = int((time.perf_counter() - began) * rate)
    if due - sent >= step:
        stream.append(block)
        sent += step
    else:
        time.sleep(0.001)
"""
SETUP = """
import os, threading, time
import kit
ws = kit.open("../workspace")
stream = ws.streams.create("s", shards=4)
stream.limits(enforced=False)
print(os.getpid())
"""
OURS = """
from kit.widgets.stream_chart import StreamChart
chart = StreamChart(stream, y="v", color="k", window="10s")
chart
"""
# The window as it is, sent whole: 2,000 rows, as many as the stream chart draws at most, newest first in the title.
ALTAIR = """
import json
import altair as alt
from datetime import datetime, timezone, timedelta
alt.JupyterChart.enable_offline()
def spec():
    rows, moment = [], datetime.now(timezone.utc)
    held = stream.table(moment - timedelta(seconds=10), columns=["arrival_time", "data"])
    held = held.slice(max(held.num_rows - 2000, 0))
    at = held["arrival_time"].cast("int64").to_pylist()
    rows = [{"at": t, **json.loads(d)} for t, d in zip(at, held["data"].to_pylist())]
    return {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "title": str(max(at, default=0)),
            "data": {"values": rows}, "mark": "line", "width": 600, "height": 260,
            "encoding": {"x": {"field": "at", "type": "temporal"}, "y": {"field": "v", "type": "quantitative"},
                         "color": {"field": "k", "type": "nominal"}}}
chart = alt.JupyterChart(alt.Chart.from_dict(spec(), validate=False), embed_options={"renderer": "svg"})
def resend():
    while True:
        chart.spec = spec()
        time.sleep(0.1)
threading.Thread(target=resend, daemon=True).start()
chart
"""
WATCH_OURS = """() => {
    window.drawn = [];
    document.addEventListener("boathouse-drawn", (event) =>
        requestAnimationFrame(() => window.drawn.push([Date.now(), event.detail.newest])));
}"""
WATCH_TITLES = """() => {
    window.drawn = [];
    let last = "";
    new MutationObserver(() => {
        const title = document.querySelector(".jp-OutputArea svg .role-title text")?.textContent ?? "";
        if (/^\\d+$/.test(title) && title !== last) {
            last = title;
            requestAnimationFrame(() => window.drawn.push([Date.now(), Number(title)]));
        }
    }).observe(document.body, {subtree: true, childList: true});
}"""


def measure(options: Any) -> dict[str, Any]:
    harness = _harness()
    if harness.chromium() is None:
        print("no Chromium: nothing measured")
        return {}
    figures: dict[str, Any] = {}
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lab = stack.enter_context(harness.running_lab(home / "lab"))
        browser = stack.enter_context(harness.running_browser())
        print(f"{'':<28}{'p50 ms':>8}{'p95 ms':>8}{'draws/s':>9}{'kernel cores':>14}")
        for name, source, watch, rate in (
            ("stream chart", OURS, WATCH_OURS, 1_000),
            ("stream chart", OURS, WATCH_OURS, 50_000),
            ("whole Altair chart", ALTAIR, WATCH_TITLES, 1_000),
        ):
            found = _watched(harness, browser, lab, (source, watch), rate, options.seconds)
            print(
                f"{f'{name}, {rate:,}/s':<28}{found['p50']:>8.0f}{found['p95']:>8.0f}"
                f"{found['draws']:>9.1f}{found['cores']:>14.2f}",
                flush=True,
            )
            figures |= _named(name, rate, found)
    return figures


def _named(name: str, rate: int, found: dict[str, float]) -> dict[str, float]:
    p50, p95, draws, cores = (round(found[key], 2) for key in ("p50", "p95", "draws", "cores"))
    if name != "stream chart":
        return {"altair_put_to_pixel_p50_ms": p50, "altair_put_to_pixel_p95_ms": p95, "altair_draws_per_s": draws}
    if rate == 1_000:
        return {"put_to_pixel_p50_ms": p50, "put_to_pixel_p95_ms": p95, "draws_per_s_at_1000": draws}
    return {"draws_per_s": draws, "kernel_cores": cores, "put_to_pixel_p50_ms_at_50000": p50}


def _watched(
    harness: Any, browser: Any, lab: Any, sources: tuple[str, str], rate: int, seconds: float
) -> dict[str, float]:
    source, watch = sources
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    name = f"run-{time.monotonic_ns()}"
    document = harness.opened_document(context.new_page(), lab, name, [SETUP, source])
    document.open()
    document.run(0)
    kernel = psutil.Process(int(document.outputs(0).inner_text().split()[-1]))
    producer = subprocess.Popen(
        [sys.executable, "-c", PRODUCER, str(lab.folder / name / "workspace"), str(rate)], cwd=ROOT
    )
    try:
        document.page.evaluate(watch)
        document.run(1)
        document.page.wait_for_function("() => window.drawn.length > 5", timeout=60_000)
        document.page.wait_for_timeout(2_000)
        document.page.evaluate("() => { window.drawn.length = 0; }")
        before = sum(kernel.cpu_times()[:2])
        document.page.wait_for_timeout(seconds * 1_000)
        cores = (sum(kernel.cpu_times()[:2]) - before) / seconds
        drawn = [tuple(pair) for pair in json.loads(document.page.evaluate("() => JSON.stringify(window.drawn)"))]
    finally:
        producer.kill()
        producer.wait()
        document.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
        context.close()
    waits = _waits([(at, newest) for at, newest in drawn if newest is not None])
    # A machine that is too busy to draw twice has waited for longer than was watched.
    percentiles = statistics.quantiles(waits, n=20) if len(waits) > 1 else [seconds * 1_000] * 19
    return {"p50": percentiles[9], "p95": percentiles[18], "draws": len(drawn) / seconds, "cores": cores}


def _waits(drawn: list[tuple[float, float]]) -> list[float]:
    """For a record of every millisecond, how long it was until the first picture that has it."""
    newest = [mark for _, mark in drawn]
    if not newest:
        return []
    first, last = int(newest[0]) + 1, int(newest[-1])
    return [drawn[bisect_left(newest, arrival)][0] - arrival for arrival in range(first, last + 1)]


def _harness() -> Any:
    """What the browser tests stand on."""
    spec = importlib.util.spec_from_file_location("browser_harness", ROOT / "tests" / "browser" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
