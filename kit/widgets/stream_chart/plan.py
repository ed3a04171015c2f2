"""What a chart needs of its rows, read out of its Vega-Lite specification. Pure: a specification in, a plan out.

Invariants: a field that the specification draws is a column of the plan; rows are thinned only where the picture stays
the same for it, which is a mark at x and y of its own. Where the specification computes (aggregates, bins, stacks), it
gets every row or none.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kit.base.errors import KitError

Kind = Literal["number", "time", "text"]

DATASET = "window"
WINDOW_BEGIN = "window_begin"
WINDOW_END = "window_end"
HEIGHT = 260
# Vega's own labels say half past six in the evening as 06:30.
TIME_LABELS = {
    "milliseconds": "%S.%L",
    "seconds": "%H:%M:%S",
    "minutes": "%H:%M",
    "hours": "%H:%M",
    "date": "%b %d",
    "day": "%b %d",
    "week": "%b %d",
    "month": "%b %Y",
    "quarter": "%b %Y",
    "year": "%Y",
}
THINNED_MARKS = frozenset({"line", "point", "circle", "square", "trail", "tick", "rule", "area"})
_COMPUTES = ("aggregate", "bin", "timeUnit", "stack", "impute")
_KINDS: dict[str, Kind] = {"quantitative": "number", "temporal": "time", "nominal": "text", "ordinal": "text"}
_POSITIONS = ("x", "x2", "y", "y2")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Plan:
    """`spec` is Vega-Lite over the dataset `window`.

    `time` is the column that the window moves along; it is drawn where it is `x`, else read beside what is drawn.
    `series` are the columns of text, by whose values the rows are thinned apart. `thins` says whether they may be.
    """

    spec: Mapping[str, Any]
    columns: tuple[Column, ...]
    time: str
    x: str
    y: tuple[str, ...]
    series: tuple[str, ...]
    color: str | None
    thins: bool

    @property
    def moves_along_x(self) -> bool:
        return self.time == self.x

    @property
    def names(self) -> list[str]:
        """Every column that has to be read."""
        drawn = [column.name for column in self.columns]
        return drawn if self.time in drawn else [*drawn, self.time]


def of_specification(source: Any, *, time: str | None, arrival: str | None) -> Plan:
    """The plan of an Altair chart or a Vega-Lite specification whose data are the window's rows.

    `time` names the column that the window moves along; by default a temporal x, else `arrival`. Raises
    `INVALID_CHART`.
    """
    spec = _plain(source)
    fields = list(_fields(spec))
    columns: dict[str, Column] = {}
    for channel, name, definition in fields:
        kind = _KINDS.get(definition.get("type", "quantitative" if channel in _POSITIONS else "nominal"))
        if kind is None:
            raise _invalid(f"The field '{name}' is of type {definition['type']}, which a stream has not.")
        if columns.setdefault(name, Column(name, kind)).kind != kind:
            raise _invalid(f"The field '{name}' is drawn once as {columns[name].kind} and once as {kind}.")
    x = next((name for channel, name, _ in fields if channel == "x"), "")
    if not x:
        raise _invalid("The chart has no field on its x axis.", 'Say --x FIELD, or encode(x="field:T").')
    found_time = time or (x if columns[x].kind == "time" else arrival)
    if found_time is None:
        raise _invalid(
            "There is no time for the window to move along.", "Put a time on the x axis, or name the column of one."
        )
    y = tuple(dict.fromkeys(name for channel, name, _ in fields if channel in ("y", "y2") and name != x))
    numbers = tuple(name for name in y if columns[name].kind != "text")
    thins = found_time == x and numbers == y and not _computes(spec)
    if found_time == x:
        _bound(spec)
    spec["data"] = {"name": DATASET}
    return Plan(
        spec=spec,
        columns=tuple(columns.values()),
        time=found_time,
        x=x,
        y=numbers,
        series=tuple(column.name for column in columns.values() if column.kind == "text"),
        color=next((n for channel, n, _ in fields if channel == "color" and columns[n].kind == "text"), None),
        thins=thins,
    )


def specification(
    x: tuple[str, Kind], y: tuple[str, Kind], color: str | None, *, mark: str = "line", title: str = ""
) -> dict[str, Any]:
    """The specification of a simple chart, one series a value of `color`."""
    types = {"number": "quantitative", "time": "temporal", "text": "nominal"}
    encoding: dict[str, Any] = {
        "x": {"field": x[0], "type": types[x[1]], "title": _titled(*x)},
        "y": {"field": y[0], "type": types[y[1]], "title": _titled(*y)},
    }
    if y[1] == "number":
        encoding["y"]["scale"] = {"zero": mark in ("bar", "area")}
    if color is not None:
        encoding["color"] = {"field": color, "type": "nominal", "title": _titled(color, "text")}
    spec: dict[str, Any] = {"mark": {"type": mark, "clip": True}, "encoding": encoding}
    return {"title": title, **spec} if title else spec


def _titled(name: str, kind: Kind) -> str:
    return name.replace("_", " ") + (" (UTC)" if kind == "time" else "")


def _plain(source: Any) -> dict[str, Any]:
    if isinstance(source, Mapping):
        spec: dict[str, Any] = copy.deepcopy(dict(source))
    elif hasattr(source, "to_dict"):
        spec = _of_altair(source)
    else:
        raise _invalid(f"A {type(source).__name__} is no chart.", "Give an Altair chart or a Vega-Lite specification.")
    for path, node in _walk(spec):
        if path and path[-1] in ("url", "href") and isinstance(node, str) and not node.startswith("data:"):
            raise _invalid(f"The chart loads '{node}', which would need a network.")
        if isinstance(node, Mapping) and {"facet", "repeat", "hconcat", "vconcat", "concat"} & node.keys():
            raise _invalid("A live chart is one view or layers of one.", "Show several charts, one a cell or view.")
    for name in ("config", "datasets", "$schema", "usermeta"):
        spec.pop(name, None)
    spec.setdefault("height", HEIGHT)
    spec["width"] = "container"
    spec["autosize"] = {"type": "fit", "contains": "padding"}
    return spec


def _of_altair(chart: Any) -> dict[str, Any]:
    import altair as alt

    themes: Any = alt.theme
    if isinstance(getattr(chart, "data", None), type(alt.Undefined)):
        chart = chart.properties(data=alt.NamedData(DATASET))
    with themes.enable("none"):
        return chart.to_dict()


def _fields(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Channel, field and definition of all encodings, the outermost first."""
    for path, node in _walk(spec):
        if len(path) < 2 or path[-2] != "encoding":
            continue
        for definition in node if isinstance(node, list) else [node]:
            for part in (definition, definition.get("condition") if isinstance(definition, Mapping) else None):
                if isinstance(part, Mapping) and isinstance(part.get("field"), str):
                    yield str(path[-1]), part["field"], part


def _computes(spec: Mapping[str, Any]) -> bool:
    colored = any(channel == "color" for channel, _, _ in _fields(spec))
    for path, node in _walk(spec):
        match path[-1] if path else None:
            case "transform":
                return True
            case "mark":
                mark = node["type"] if isinstance(node, Mapping) else node
                if mark not in THINNED_MARKS or (mark == "area" and colored):
                    return True
            case str() as key if key in _COMPUTES and "encoding" in path and node not in (None, False):
                return True
            case _:
                pass
    return False


def _bound(spec: dict[str, Any]) -> None:
    """Let the x axis show the window, not what happens to be in it."""
    spec["params"] = [
        *spec.get("params", []),
        {"name": WINDOW_BEGIN, "value": 0},
        {"name": WINDOW_END, "value": 1},
    ]
    for path, node in list(_walk(spec)):
        if len(path) >= 2 and path[-2:] == ("encoding", "x") and isinstance(node, dict) and "field" in node:
            scale = node["scale"] = dict(node.get("scale") or {})
            scale |= {"domainMin": {"expr": WINDOW_BEGIN}, "domainMax": {"expr": WINDOW_END}, "nice": False}
            # The records' times are in UTC, and so are the tables that show them.
            scale.setdefault("type", "utc")
            if node.get("axis", {}) is not None:
                node["axis"] = {"format": TIME_LABELS, "labelOverlap": True, **node.get("axis", {})}


def _walk(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if path and path[-1] in ("values", "datasets", "data"):
        return
    yield path, node
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _walk(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _walk(value, (*path, index))


def _invalid(message: str, hint: str = "") -> KitError:
    return KitError("INVALID_CHART", message, hint)
