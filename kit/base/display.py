"""How results look: one page of rows and one line of statistics, as text and as HTML.

The HTML carries its own few styles, needs no script and no network, and takes its colours from the surrounding theme.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit.base.result import Result

CELL_CHARACTERS = 60
HTML_CELL_CHARACTERS = 400
_NUMERIC = ("int", "uint", "float", "double", "decimal", "halffloat")
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


def size(count_bytes: float) -> str:
    """`6314578` as `6.31 MB`; powers of ten, as the services bill."""
    unit = 0
    value = float(count_bytes)
    while value >= 1000 and unit < len(_UNITS) - 1:
        value /= 1000
        unit += 1
    if unit == 0:
        return f"{value:.0f} B"
    return f"{value:.3g} {_UNITS[unit]}" if value < 100 else f"{value:.0f} {_UNITS[unit]}"


def duration(ms: float) -> str:
    if ms < 10:
        return f"{ms:.1f} ms"
    if ms < 1000:
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.2f} s"


def dollars(usd: float) -> str:
    """A price, with as many digits as a single query's needs."""
    return f"${usd:,.2f}" if usd >= 1 or usd == 0 else f"${usd:.6f}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def text(result: Result, page_rows: int) -> str:
    """A table in plain text: right-aligned numbers, NULL spelled out, long values cut."""
    if not result.columns:
        return "\n".join(filter(None, [result.message, result.stats.summary()]))
    page = result.head(page_rows)
    numeric = [_is_numeric(kind) for kind in page.schema.types]
    cells = [[_cell(value, CELL_CHARACTERS) for value in row] for row in _rows(page)]
    widths = [
        max(len(name), *(len(row[index]) for row in cells), 1) if cells else max(len(name), 1)
        for index, name in enumerate(result.columns)
    ]

    def line(values: list[str]) -> str:
        aligned = (
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, numeric, strict=True)
        )
        return "  ".join(aligned).rstrip()

    ruler = "  ".join("-" * width for width in widths)
    return "\n".join([line(result.columns), ruler, *map(line, cells), _footer(result, page.num_rows)])


def html(result: Result, page_rows: int) -> str:
    """The same page as an accessible HTML table."""
    if not result.columns:
        return (
            f'<div class="boathouse">{escape(result.message)}<br><small>{escape(result.stats.summary())}</small></div>'
        )
    page = result.head(page_rows)
    numeric = [_is_numeric(kind) for kind in page.schema.types]
    style = [' style="text-align:right"' if right else ' style="text-align:left"' for right in numeric]
    head = "".join(
        f'<th scope="col"{attribute} title="{escape(str(kind))}">{escape(name)}</th>'
        for name, kind, attribute in zip(page.schema.names, page.schema.types, style, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{attribute}>{_html_cell(value)}</td>" for value, attribute in zip(row, style, strict=True))
        + "</tr>"
        for row in _rows(page)
    )
    footer = escape(_footer(result, page.num_rows))
    return (
        f'<div class="boathouse"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f"<small>{footer}</small></div>"
    )


def _footer(result: Result, shown: int) -> str:
    parts = result.stats.summary()
    if not result.is_complete:
        return f"first {shown:,} rows shown; the rest is streamed, not held · {parts}"
    return f"{parts} · first {shown:,} shown" if shown < len(result) else parts


def _rows(page: Any) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in page.columns), strict=True))


def _is_numeric(kind: Any) -> bool:
    return str(kind).startswith(_NUMERIC)


def _cell(value: Any, limit: int) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = value.hex(" ") if isinstance(value, bytes) else str(value)
    shown = shown.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _html_cell(value: Any) -> str:
    return "<i>NULL</i>" if value is None else escape(_cell(value, HTML_CELL_CHARACTERS))
