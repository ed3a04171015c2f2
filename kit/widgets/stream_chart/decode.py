"""Batches of a source as rows of a plan: numbers as float64, times as milliseconds in float64, text as text.

Columns of the batch are taken as they are; what is not among them is a field of the JSON document in its column `data`.
Documents are parsed column by column; only where some of a batch do not fit are they looked at one by one, with the
same outcome. A row without a place on the chart is left out and counted, with the first reason.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.json

from kit.widgets.stream_chart.plan import Column, Plan

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

DATA = "data"
LONGEST_TEXT = 80
MISSING = "(none)"
_SECONDS_UNTIL = 1e11
"""Numbers below it, taken for times, are seconds since 1970; above it, milliseconds."""
_ARROW: dict[str, Any] = {"number": pa.float64(), "time": pa.float64(), "text": pa.string()}
_OPENING = pa.scalar(b"{", pa.binary())


@dataclass(frozen=True, slots=True)
class Rows:
    """`table` has the plan's columns; `left_out` rows had no place on the chart, the first for `reason`."""

    table: Any
    left_out: int = 0
    reason: str = ""


class Decoder:
    """Decodes batch after batch; remembers only in which form times came last."""

    def __init__(self, plan: Plan) -> None:
        columns = plan.columns
        if plan.time not in {column.name for column in columns}:
            columns = (*columns, Column(plan.time, "time"))
        self.columns = columns
        self.schema = pa.schema([(column.name, _ARROW[column.kind]) for column in columns])
        self._needed = {plan.time, plan.x}
        self._y = set(plan.y)
        self._times_are_text = True

    def empty(self) -> Any:
        """No rows."""
        return self.schema.empty_table()

    def decode(self, batch: Any) -> Rows:
        given: dict[str, Any] = {}
        reason = ""
        from_json = [column for column in self.columns if column.name not in batch.schema.names]
        for column in self.columns:
            if column not in from_json:
                given[column.name] = _cast(batch.column(batch.schema.names.index(column.name)), column)
        if from_json and DATA in batch.schema.names:
            parsed, reason = self._documents(batch.column(batch.schema.names.index(DATA)), from_json)
            given |= parsed
        for column in from_json:
            given.setdefault(column.name, pa.nulls(batch.num_rows, _ARROW[column.kind]))
        table = pa.table([given[column.name] for column in self.columns], schema=self.schema)
        return self._placed(table, reason)

    def _placed(self, table: Any, reason: str) -> Rows:
        """The rows that have all that a place on the chart needs."""
        keep: Any = None
        for column in self.columns:
            name = column.name
            if column.kind == "text" or name not in self._needed | self._y:
                continue
            has = _compute.fill_null(_compute.is_finite(table.column(name)), False)
            missing = table.num_rows - _compute.sum(has).as_py() if table.num_rows else 0
            if missing and not reason:
                reason = f"no {column.kind} in '{name}'"
            keep = has if keep is None else _compute.and_(keep, has)
        found = table if keep is None or not table.num_rows else table.filter(keep)
        for place, column in enumerate(self.columns):
            if column.kind == "text":
                text = _compute.utf8_slice_codeunits(_compute.fill_null(found.column(place), MISSING), 0, LONGEST_TEXT)
                found = found.set_column(place, self.schema.field(place), text)
        return Rows(found, table.num_rows - found.num_rows, reason if found.num_rows < table.num_rows else "")

    def _documents(self, data: Any, columns: list[Column]) -> tuple[dict[str, Any], str]:
        """The fields of JSON documents; null where a document has none or is none."""
        opened = _compute.equal(_compute.binary_slice(data, 0, 1), _OPENING)
        if len(data) and _compute.all(opened, skip_nulls=False).as_py():
            lines = b"\n".join(data.to_pylist())
            for are_text in (self._times_are_text, not self._times_are_text):
                parsed = _parsed(lines, len(data), columns, are_text=are_text)
                if parsed is not None:
                    self._times_are_text = are_text
                    return parsed, ""
        return _one_by_one(data.to_pylist(), columns)


def _parsed(lines: bytes, count: int, columns: list[Column], *, are_text: bool) -> dict[str, Any] | None:
    """All documents at once, one a row; None where any of them does not fit."""
    times = pa.string() if are_text else pa.float64()
    schema = pa.schema([(each.name, times if each.kind == "time" else _ARROW[each.kind]) for each in columns])
    try:
        table = pa.json.read_json(
            pa.BufferReader(lines),
            pa.json.ReadOptions(block_size=len(lines) + 1, use_threads=False),
            pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore", newlines_in_values=True),
        )
        if table.num_rows != count:
            return None
        return {each.name: _cast(table.column(each.name), each) for each in columns}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
        return None


def _one_by_one(documents: list[bytes | None], columns: list[Column]) -> tuple[dict[str, Any], str]:
    found: dict[str, list[float | str | None]] = {column.name: [] for column in columns}
    reason = ""
    for document in documents:
        fields, why = _fields(document)
        for column in columns:
            try:
                value = _value(fields.get(column.name), column)
            except ValueError:
                value, why = None, why or f"'{column.name}' is no {column.kind}"
            found[column.name].append(value)
        reason = reason or why
    return {column.name: pa.array(found[column.name], _ARROW[column.kind]) for column in columns}, reason


def _fields(document: bytes | None) -> tuple[Mapping[str, Any], str]:
    try:
        fields = json.loads(document or b"")
    except (ValueError, RecursionError):
        return {}, "not JSON"
    return (fields, "") if isinstance(fields, dict) else ({}, "not a JSON object")


def _value(value: Any, column: Column) -> float | str | None:
    """A field's value as the column holds it. Raises ValueError where it cannot."""
    match column.kind, value:
        case _, None:
            return None
        case "text", str():
            return value
        case "text", bool():
            return "true" if value else "false"
        case "text", int() | float():
            return json.dumps(value)
        case "number", bool():
            raise ValueError("a truth value")
        case (("number" | "time"), int() | float()):
            try:
                number = float(value)
            except OverflowError as error:
                raise ValueError("too large a number") from error
            return _milliseconds(number) if column.kind == "time" else number
        case "time", str():
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
        case _:
            raise ValueError("another kind of value")


def _milliseconds(number: float) -> float:
    return number * 1000 if math.isfinite(number) and abs(number) < _SECONDS_UNTIL else number


def _cast(values: Any, column: Column) -> Any:
    """A column as the plan wants it. Raises `ArrowInvalid` where a value does not convert."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = values.type
    match column.kind:
        case "text":
            return values if kind == pa.string() else values.cast(pa.string())
        case "number":
            return values.cast(pa.float64())
        case "time":
            return _times(values)


def _times(values: Any) -> Any:
    """Milliseconds since 1970; text without a zone is in UTC."""
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = values.cast(pa.float64())
        seconds = _compute.less(_compute.abs(numbers), _SECONDS_UNTIL)
        return _compute.if_else(seconds, _compute.multiply(numbers, 1000.0), numbers)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            values = values.cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            values = values.cast(pa.timestamp("us", "UTC"))
    elif pa.types.is_date(kind):
        values = values.cast(pa.timestamp("us"))
    micros = values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64())
    return _compute.divide(micros.cast(pa.float64()), 1000.0)
