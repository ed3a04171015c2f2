"""Rows of a system table as Arrow columns, and the SQL that gives them their types.

Columns are built from buffers: Arrow's own conversion of Python values would import pandas where it is installed, which
takes a second. They carry whole numbers, floats or text; the engine casts them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from kit.sql.redshift.types import Kind, Type
from kit.warehouse.plan.expression import quote

if TYPE_CHECKING:
    import pyarrow as pa

Values: TypeAlias = Sequence[Any]


def table(columns: Sequence[tuple[str, Type]], rows: Iterable[tuple[Any, ...]], places: Sequence[int]) -> pa.Table:
    """The columns at `places` of rows; `columns` are their names and types."""
    import pyarrow as pa

    held = list(rows)
    made = [_array([row[place] for row in held], kind) for place, (_, kind) in zip(places, columns, strict=True)]
    return pa.Table.from_arrays(made, names=[name for name, _ in columns])


def typed(name: str, kind: Type) -> str:
    """SQL of a column of `table` in the type that a table of the warehouse would store it in."""
    column = quote(name)
    match kind.kind:
        case Kind.TIMESTAMP:
            return f"make_timestamp({column})"
        case Kind.TIMESTAMPTZ:
            return f"make_timestamp({column})::TIMESTAMPTZ"
        case Kind.DATE:
            return f"(DATE '1970-01-01' + CAST({column} AS INTEGER))"
        case _:
            return f"CAST({column} AS {kind.duckdb})"


def _array(values: Values, kind: Type) -> pa.Array:
    import pyarrow as pa

    if kind.is_text:
        return _text(values, kind)
    is_float = kind.is_float or (kind.kind is Kind.NUMERIC and kind.scale > 0)
    numbers = array("d" if is_float else "q", [0 if value is None else value for value in values])
    made: pa.Array = pa.Array.from_buffers(
        pa.float64() if is_float else pa.int64(), len(values), [_validity(values), pa.py_buffer(numbers)]
    )
    return made


def _text(values: Values, kind: Type) -> pa.Array:
    """Text cut to the column's length; a CHAR without its trailing blanks, as tables store it."""
    import pyarrow as pa

    is_char = kind.kind is Kind.CHAR
    offsets = array("i", [0])
    parts: list[bytes] = []
    end = 0
    for value in values:
        part = _cut(value, kind.size) if value is not None else b""
        if is_char:
            part = part.rstrip(b" ")
        parts.append(part)
        end += len(part)
        offsets.append(end)
    buffers = [_validity(values), pa.py_buffer(offsets), pa.py_buffer(b"".join(parts))]
    made: pa.Array = pa.Array.from_buffers(pa.utf8(), len(values), buffers)
    return made


def _cut(text: str, size: int) -> bytes:
    encoded = text.encode()
    return encoded if len(encoded) <= size else encoded[:size].decode(errors="ignore").encode()


def _validity(values: Values) -> pa.Buffer | None:
    """A bit a value, set where it is not None; nothing where all are."""
    import pyarrow as pa

    if not any(value is None for value in values):
        return None
    bits = bytearray((len(values) + 7) // 8)
    for index, value in enumerate(values):
        if value is not None:
            bits[index >> 3] |= 1 << (index & 7)
    return pa.py_buffer(bytes(bits))
