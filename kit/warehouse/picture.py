"""What a query's slices did, to be looked at: a tree with what was measured, and a chart of slices over time.

The chart is a Vega-Lite specification as a plain dict; whoever can draw draws it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kit.base import display
from kit.warehouse.execute.measures import LEADER, Fragment, Run, Step
from kit.warehouse.plan.outline import SegmentOutline, relation_names
from kit.warehouse.plan.segments import Segment

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_ROW_HEIGHT = 22
_WIDTH = 640


def tree(run: Run) -> str:
    """The plan as it ran: its segments, what each exchange moved, and the steps of its slowest slice."""
    kept = " (the plan was kept)" if run.is_cached_plan else ""
    planned = f"planned in {display.duration(run.planned_ms)}{kept}"
    lines = [f"tier {run.plan.tier} · {display.size(run.bytes_moved)} moved · {planned}"]
    for segment in reversed(run.plan.segments):
        lines += _segment(run, segment)
    lines += [f"on the leader over the slice views: {reason}" for reason in run.plan.reasons]
    return "\n".join(lines)


def chart(run: Run) -> dict[str, Any]:
    """Slices over time: a bar for each fragment, the slowest of its segment in a stronger colour."""
    values = [_bar(run, fragment) for fragment in run.fragments]
    rows = sorted({str(each["slice"]) for each in values}, key=lambda name: (name == "leader", len(name), name))
    return {
        "$schema": _SCHEMA,
        "description": "When each slice worked on each segment of the query.",
        "width": _WIDTH,
        "height": _ROW_HEIGHT * len(rows),
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "bar", "height": _ROW_HEIGHT - 6, "cornerRadius": 2},
                "encoding": {
                    "x": {"field": "start_ms", "type": "quantitative", "title": "ms since the query began"},
                    "x2": {"field": "end_ms"},
                    "y": {"field": "slice", "type": "nominal", "sort": rows, "title": None},
                    "color": {"field": "segment", "type": "nominal", "title": "segment"},
                    "opacity": {"condition": {"test": "datum.is_slowest", "value": 1}, "value": 0.55},
                    "stroke": {"condition": {"test": "datum.is_slowest", "value": "black"}, "value": None},
                    "tooltip": [
                        {"field": name, "type": kind}
                        for name, kind in (
                            ("slice", "nominal"),
                            ("segment", "nominal"),
                            ("ms", "quantitative"),
                            ("rows", "quantitative"),
                            ("blocks_scanned", "quantitative"),
                            ("blocks_skipped", "quantitative"),
                        )
                    ],
                },
            }
        ],
    }


def _bar(run: Run, fragment: Fragment) -> dict[str, Any]:
    slowest = max(each.ms for each in run.fragments if each.segment == fragment.segment)
    return {
        "slice": "leader" if fragment.slice == LEADER else f"slice {fragment.slice}",
        "segment": f"segment {fragment.segment}",
        "start_ms": round(fragment.start_ms, 3),
        "end_ms": round(fragment.start_ms + fragment.ms, 3),
        "ms": round(fragment.ms, 3),
        "rows": fragment.rows,
        "blocks_scanned": fragment.blocks_scanned,
        "blocks_skipped": fragment.blocks_skipped,
        "is_slowest": fragment.ms == slowest and fragment.slice != LEADER,
    }


def _segment(run: Run, segment: Segment | SegmentOutline) -> Iterator[str]:
    fragments = [each for each in run.fragments if each.segment == segment.number]
    moved = {each.segment: each for each in run.moved}
    if not fragments:
        return
    slowest = max(fragments, key=lambda each: each.ms)
    total = sum(each.rows for each in fragments)
    where = "leader" if slowest.slice == LEADER else display.count(len(fragments), "slice")
    times = ", ".join(f"{each.ms:.1f}" for each in fragments)
    becomes = "answer"
    if segment.number in moved:
        one = moved[segment.number]
        becomes = f"{one.kind} of {display.count(one.rows, 'row')}, {display.size(one.size_bytes)}"
    yield f"segment {segment.number} on {where}: {display.count(total, 'row')} in [{times}] ms -> {becomes}"
    scanned = sum(each.blocks_scanned for each in fragments)
    skipped = sum(each.blocks_skipped for each in fragments)
    if segment.reads_tables and scanned + skipped:
        yield f"  {scanned:,} blocks scanned, {skipped:,} skipped by zone maps"
    for step in slowest.steps:
        if step.label not in {"return", "project"}:
            yield _step(step, relation_names(run.plan))


def _step(step: Step, names: Mapping[str, str]) -> str:
    relation = step.detail.rpartition(".")[2]
    exchanged = relation.rpartition("_")[0].replace("segment", "segment ")
    what = f" {names.get(relation, exchanged)}" if relation else ""
    return f"  {'  ' * step.depth}{step.label}{what}: {display.count(step.rows, 'row')}, {step.ms:.1f} ms"
