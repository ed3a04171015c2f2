"""How results look: one page of rows and one line of statistics, as text and as HTML.

The HTML carries its own few styles, needs no script and no network, and takes its colours from the surrounding theme.
Nested values are written as Athena writes them (`[1, 2]`, `{a=1, b=null}`). Nothing that a value holds can act on the
reader's terminal or page. Numbers are shortened for the eye only: the rows keep every digit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

if TYPE_CHECKING:
    from kit.base.result import Result

LINE_CHARACTERS = 160
CELL_CHARACTERS = 60
HTML_CELL_CHARACTERS = 400
FLOAT_DIGITS = 10
_GAP = "  "
_MORE = "…"
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
    """A table in plain text: right-aligned numbers, NULL spelled out, long values cut.

    Columns that do not fit on a line of `LINE_CHARACTERS` are left out in the middle and counted in the last line. A
    single text of several lines (a plan) is shown as it stands.
    """
    if not result.columns:
        return "\n".join(filter(None, [result.message, result.stats.summary()]))
    page = result.head(page_rows)
    document = _document(page)
    if document is not None:
        return "\n".join([*map(_printable, document.split("\n")), _footer(result, page.num_rows)])
    names = [_printable(name) for name in page.schema.names]
    columns = [[_cell(value, CELL_CHARACTERS) for value in column.to_pylist()] for column in page.columns]
    widths = [max(1, *map(_width, [name, *cells])) for name, cells in zip(names, columns, strict=True)]
    right = [_is_numeric(kind) for kind in page.schema.types]
    kept = _fitting(widths)

    def line(values: Sequence[str]) -> str:
        padded = [_pad(values[index], widths[index], right=right[index]) for index in kept]
        if len(kept) < len(widths):
            padded.insert((len(kept) + 1) // 2, _MORE)
        return _GAP.join(padded).rstrip()

    ruler = line(["-" * width for width in widths])
    rows = map(line, zip(*columns, strict=True))
    left_out = [f"{len(kept)} of {len(widths)} columns shown"] if len(kept) < len(widths) else []
    return "\n".join([line(names), ruler, *rows, " · ".join([_footer(result, page.num_rows), *left_out])])


def html(result: Result, page_rows: int) -> str:
    """The same page as an accessible HTML table that scrolls sideways where it is wide."""
    if not result.columns:
        return f'<div class="boathouse">{escape(result.message)}{_html_footer(result.stats.summary())}</div>'
    page = result.head(page_rows)
    footer = _html_footer(_footer(result, page.num_rows))
    document = _document(page)
    if document is not None:
        return f'<div class="boathouse"><pre style="line-height:1.3">{escape(document)}</pre>{footer}</div>'
    styles = [f' style="text-align:{"right" if _is_numeric(kind) else "left"}"' for kind in page.schema.types]
    head = "".join(
        f'<th scope="col"{style} title="{escape(str(kind))}">{escape(name)}</th>'
        for name, kind, style in zip(page.schema.names, page.schema.types, styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{style}>{_html_cell(value)}</td>" for value, style in zip(row, styles, strict=True))
        + "</tr>"
        for row in zip(*(column.to_pylist() for column in page.columns), strict=True)
    )
    table = f'<table style="white-space:pre"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="boathouse"><div style="overflow-x:auto">{table}</div>{footer}</div>'


def _html_footer(text: str) -> str:
    return f'<div><small style="opacity:0.75">{escape(text)}</small></div>'


def _footer(result: Result, shown: int) -> str:
    parts = result.stats.summary()
    if not result.is_complete:
        return f"first {count(shown, 'row')} shown; the rest is streamed, not held · {parts}"
    return f"{parts} · first {shown:,} shown" if shown < len(result) else parts


def _document(page: Any) -> str | None:
    """The one text of several lines that is all the page holds, if that is so."""
    if page.num_rows == 1 and page.num_columns == 1:
        value = page.column(0)[0].as_py()
        if isinstance(value, str) and "\n" in value:
            return value.rstrip("\n")
    return None


def _fitting(widths: Sequence[int]) -> list[int]:
    """Indexes of the columns that fit on a line: all, or the first and the last ones."""
    if sum(widths) + len(_GAP) * (len(widths) - 1) <= LINE_CHARACTERS:
        return list(range(len(widths)))
    first: list[int] = []
    last: list[int] = []
    room = LINE_CHARACTERS - len(_MORE) - len(_GAP)
    for turn in range(len(widths)):
        side, index = (first, turn // 2) if turn % 2 == 0 else (last, len(widths) - 1 - turn // 2)
        room -= widths[index] + len(_GAP)
        if room < 0 and first:
            break
        side.append(index)
    return first + last[::-1]


def _is_numeric(kind: Any) -> bool:
    return str(kind).startswith(_NUMERIC)


def _cell(value: Any, limit: int) -> str:
    shown = "NULL" if value is None else _printable(_plain(value))
    if _width(shown) <= limit:
        return shown
    while _width(shown) > limit - 1:
        shown = shown[: min(len(shown) - 1, limit - 1)]
    return shown + _MORE


def _plain(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _float(value)
        case bytes():
            return value.hex(" ")
        case dict():
            return "{" + ", ".join(f"{key}={_plain(item)}" for key, item in value.items()) + "}"
        case list() if value and all(isinstance(item, tuple) for item in value):
            return "{" + ", ".join(f"{_plain(key)}={_plain(item)}" for key, item in value) + "}"
        case list():
            return "[" + ", ".join(map(_plain, value)) + "]"
        case _:
            return str(value)


def _float(value: float) -> str:
    """All digits where they are few, else the first ones."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if math.isnan(value):
        return "NaN"
    exact = repr(value)
    return exact if len(exact.lstrip("-")) <= FLOAT_DIGITS + 2 else f"{value:.{FLOAT_DIGITS}g}"


def _printable(shown: str) -> str:
    """The text with whatever moves a cursor or hides itself spelled out."""
    if shown.isprintable():
        return shown
    return "".join(part if part.isprintable() else part.encode("unicode_escape").decode("ascii") for part in shown)


def _width(shown: str) -> int:
    """Columns on a terminal."""
    return len(shown) if shown.isascii() else sum(2 if east_asian_width(part) in "WF" else 1 for part in shown)


def _pad(shown: str, width: int, *, right: bool) -> str:
    padding = " " * (width - _width(shown))
    return padding + shown if right else shown + padding


def _html_cell(value: Any) -> str:
    return "<i>NULL</i>" if value is None else escape(_cell(value, HTML_CELL_CHARACTERS))
