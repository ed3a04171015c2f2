"""Vega-Lite charts that render with no network: in JupyterLab, in an exported page, in a saved notebook.

Owns the mime bundle of a chart: a specification in the version that JupyterLab renders itself, an SVG drawn here for
everything else, and a line of text. Invariants: nothing in the bundle is fetched by whoever shows it, a chart that asks
for data or images from elsewhere is refused, and equal charts give equal bytes.

Altair and the SVG renderer are imported when a chart is drawn, not before.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from kit.base.errors import KitError
from kit.widgets.theme import THEMES, ThemeName, config

VEGALITE_MIME = "application/vnd.vegalite.v5+json"
# An identifier that viewers choose a parser by; none fetches it.
VEGALITE_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
RENDERED_VERSION = "5.21"
# The menu beside a chart without its entry that opens an editor on the web.
EMBED_OPTIONS = {"actions": {"export": True, "source": True, "compiled": False, "editor": False}}


class Chart:
    """A chart, ready to be shown; `spec` is complete Vega-Lite with its data inside."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = spec

    def svg(self) -> str:
        """The chart as SVG; costs a second in a process that draws its first one."""
        import vl_convert

        return vl_convert.vegalite_to_svg(dict(self.spec), vl_version=RENDERED_VERSION, allowed_base_urls=[])

    def png(self, *, scale: float = 2.0) -> bytes:
        """The chart as PNG, `scale` pixels for a point."""
        import vl_convert

        return vl_convert.vegalite_to_png(
            dict(self.spec), vl_version=RENDERED_VERSION, scale=scale, allowed_base_urls=[]
        )

    def __repr__(self) -> str:
        title = _title(self.spec)
        kinds = ", ".join(dict.fromkeys(_marks(self.spec)))
        rows = sum(len(rows) for rows in _inline_data(self.spec))
        return f"Chart{f' {title!r}' if title else ''}: {kinds or 'no marks'}, {rows:,} rows of data"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        del include, exclude
        bundle = {VEGALITE_MIME: self.spec, "image/svg+xml": self.svg(), "text/plain": repr(self)}
        return bundle, {VEGALITE_MIME: {"embed_options": EMBED_OPTIONS}}


def chart(source: Any, *, theme: ThemeName = "auto") -> Chart:
    """An Altair chart, or a Vega-Lite specification as a dict, as a chart that renders offline.

    In a specification, `data` may be anything that speaks the Arrow stream protocol (a `Result`, an Arrow table). The
    theme `auto` suits light and dark pages; `light` and `dark` bring their own paper. Raises `INVALID_CHART`.
    """
    if isinstance(source, Chart):
        return source
    spec = _specification(source)
    for path, value in _walk(spec):
        if path and path[-1] in ("url", "href") and isinstance(value, str) and not value.startswith("data:"):
            raise KitError(
                "INVALID_CHART",
                f"The chart loads '{value}' at '{'.'.join(map(str, path))}', which would need a network.",
                "Query the data first and give the chart the answer.",
            )
    spec["$schema"] = VEGALITE_SCHEMA
    spec["config"] = _merged(config(THEMES[theme]), spec.get("config", {}))
    spec["usermeta"] = {**spec.get("usermeta", {}), "embedOptions": EMBED_OPTIONS}
    return Chart(spec)


def _specification(source: Any) -> dict[str, Any]:
    if isinstance(source, Mapping):
        spec = {key: value if key == "data" else copy.deepcopy(value) for key, value in source.items()}
        if hasattr(spec.get("data"), "__arrow_c_stream__"):
            spec["data"] = {"values": _rows(spec["data"])}
        return copy.deepcopy(spec)
    if not hasattr(source, "to_dict"):
        raise KitError(
            "INVALID_CHART",
            f"A {type(source).__name__} is no chart.",
            "Give an Altair chart or a Vega-Lite specification.",
        )
    import altair as alt

    themes: Any = alt.theme
    transformers: Any = alt.data_transformers
    with themes.enable("none"), transformers.enable("default", max_rows=None):
        return source.to_dict()


def _rows(data: Any) -> list[dict[str, Any]]:
    """Rows as JSON values: dates and times as ISO text, which Vega reads, NaN and infinities as null."""
    import pyarrow as pa

    return [{name: _json(value) for name, value in row.items()} for row in pa.table(data).to_pylist()]


def _json(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case None | bool() | int() | str():
            return value
        case date() | time():
            return value.isoformat()
        case Decimal():
            return float(value)
        case timedelta():
            return value.total_seconds()
        case list() | tuple():
            return [_json(item) for item in value]
        case dict():
            return {key: _json(item) for key, item in value.items()}
        case _:
            return str(value)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both settings; where both say something, `above` does."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merged(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def _walk(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value outside the data, with its path."""
    if path and path[-1] in ("values", "datasets"):
        return
    yield path, node
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _walk(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _walk(value, (*path, index))


def _title(spec: Mapping[str, Any]) -> str:
    title = spec.get("title", "")
    text = title.get("text", "") if isinstance(title, Mapping) else title
    return " ".join(text) if isinstance(text, list) else str(text)


def _marks(spec: Mapping[str, Any]) -> Iterator[str]:
    for path, value in _walk(spec):
        if path and path[-1] == "mark" and "config" not in path:
            yield value["type"] if isinstance(value, Mapping) else str(value)


def _inline_data(spec: Mapping[str, Any]) -> Iterator[list[Any]]:
    yield from spec.get("datasets", {}).values()
    for path, value in _walk(spec):
        if path and path[-1] == "data" and isinstance(value, Mapping) and isinstance(value.get("values"), list):
            yield value["values"]
