"""The query that makes records of rows: partition key, strict JSON, the time of the event. Pure.

NaN and infinities become null, bytes become base64; times are written as Athena's and Firehose's SerDes read them
(`2013-01-01 05:15:00`, UTC).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kit.base.errors import KitError, did_you_mean

SOURCE = "source"
_ORDINAL = '"boathouse ordinal"'
_TIMES = frozenset({"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"})


@dataclass(frozen=True, slots=True)
class RowOptions:
    """`key`: columns whose values, joined by '|', are the partition key; none: every row has its own.

    `time`: the column that orders the rows; without one they keep the source's order. `columns`: what the JSON holds,
    by default all.
    """

    key: tuple[str, ...] = ()
    time: str | None = None
    columns: tuple[str, ...] | None = None


def checked(types: Mapping[str, Any], options: RowOptions) -> None:
    """Raises `InvalidArgumentException` for a column that there is not, or a time that is none."""
    time = [] if options.time is None else [options.time]
    for name in (*options.key, *(options.columns or ()), *time):
        if name not in types:
            raise KitError(
                "InvalidArgumentException",
                f"The source has no column '{name}'.",
                did_you_mean(name, types) or f"It has {', '.join(types)}.",
            )
    if options.time is not None and types[options.time].id not in _TIMES:
        raise KitError(
            "InvalidArgumentException",
            f"Column '{options.time}' is {types[options.time]}; the time of an event is a TIMESTAMP or a DATE.",
            "Convert it in the query or the frame that you replay.",
        )


def turns_of(time: str) -> str:
    """Counts the rows of `source` that are earlier than the one before them."""
    column = _quoted(time)
    return (
        f"SELECT count(*) FROM (SELECT {column} AS this, lag({column}) OVER () AS before FROM {SOURCE})"
        " WHERE this < before"
    )


def records_of(types: Mapping[str, Any], options: RowOptions, *, is_in_order: bool) -> str:
    """Columns `partition_key`, `data` and `event_us` of the rows of `source`, whose columns have these DuckDB types.

    Rows come in the order of time, those of the same time in the order of the source.
    """
    fields = ", ".join(
        f"{_quoted(name)} := {_strict(_quoted(name), types[name], name)}" for name in options.columns or types
    )
    time = None if options.time is None else _time(options.time)
    return (
        f"SELECT {_key(options.key)} AS partition_key, to_json(struct_pack({fields}))::VARCHAR AS data,"
        f" {'NULL::BIGINT' if time is None else f'epoch_us({time})'} AS event_us"
        f" FROM (SELECT *, row_number() OVER () AS {_ORDINAL} FROM {SOURCE})"
        f"{'' if time is None or is_in_order else f' ORDER BY {time}, {_ORDINAL}'}"
    )


def _time(name: str) -> str:
    column = _quoted(name)
    message = _literal(f"A row has no time in '{name}'.")
    return f"CASE WHEN {column} IS NULL THEN error({message}) ELSE {column}::TIMESTAMPTZ END"


def _key(names: tuple[str, ...]) -> str:
    if not names:
        return f"{_ORDINAL}::VARCHAR"
    joined = " || '|' || ".join(f"{_quoted(name)}::VARCHAR" for name in names)
    message = _literal(f"A row has no key in '{', '.join(names)}'.")
    return f"CASE WHEN coalesce({joined}, '') = '' THEN error({message}) ELSE {joined} END"


def _strict(expression: str, kind: Any, column: str) -> str:
    """The expression as strict JSON can hold it."""
    match kind.id:
        case "float" | "double":
            return f"CASE WHEN isfinite({expression}) THEN {expression} END"
        case "blob":
            return f"base64({expression})"
        case "list" | "array":
            element = dict(kind.children)["child"]
            inner = _strict("element", element, column)
            if inner == "element":
                return expression
            values = expression if kind.id == "list" else f"{expression}::{element}[]"
            return f"list_transform({values}, lambda element: {inner})"
        case "struct":
            parts = {name: f"struct_extract({expression}, {_literal(name)})" for name, _ in kind.children}
            strict = {name: _strict(parts[name], child, column) for name, child in kind.children}
            if strict == parts:
                return expression
            packed = ", ".join(f"{_quoted(name)} := {text}" for name, text in strict.items())
            return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({packed}) END"
        case "map" | "union":
            if all(_strict("x", child, column) == "x" for _, child in kind.children):
                return expression
            raise KitError(
                "InvalidArgumentException",
                f"Column '{column}' is {kind}, which strict JSON may not be able to hold.",
                "Leave it out with columns=, or convert it in the query or the frame that you replay.",
            )
        case _:
            return expression


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
