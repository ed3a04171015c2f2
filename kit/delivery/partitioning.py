"""Partition keys taken out of records by a JQ expression, as dynamic partitioning does.

What is but names and paths (`{user: .user, city: .address.city}`) is taken by DuckDB for all records at once; any other
expression, and any value that is neither text nor a whole number, by jq itself, record by record.

Source: Amazon Data Firehose Developer Guide, Dynamic Partitioning; read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pyarrow as pa

from kit.delivery.engine import Engine, literal
from kit.delivery.errors import InvalidArgumentException
from kit.delivery.records import flat

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PAIR = rf"\s*(?:(\"?)({_NAME})\1\s*:\s*((?:\.{_NAME})+)|({_NAME}))\s*"
_OBJECT = re.compile(rf"\s*\{{{_PAIR}(?:,{_PAIR})*,?\s*\}}\s*")
_KEPT_TYPES = "('VARCHAR', 'UBIGINT', 'BIGINT')"

NOT_JSON = "Non JSON record provided"
NULL_OR_EMPTY = "partitionKeys values must not be null or empty"


@dataclass(frozen=True, slots=True)
class Keys:
    """For each name of a key one text a record, and a reason where the record has none; one of the two is None."""

    values: Mapping[str, list[str | None]]
    reasons: list[str | None]


class KeyQuery:
    """A JQ expression that makes an object of partition keys."""

    def __init__(self, query: str, engine: Engine) -> None:
        """Raises `InvalidArgumentException` for an expression that jq does not read."""
        self._program = _compiled(query)
        self._paths = _paths(query)
        self._engine = engine

    def keys(self, data: Any, names: Sequence[str]) -> Keys:
        """The keys `names` of records, whose data is an Arrow column."""
        count = len(data)
        values: dict[str, list[str | None]] = {name: [None] * count for name in names}
        reasons: list[str | None] = [None] * count
        rest: Sequence[int] = range(count)
        if self._paths is not None and all(name in self._paths for name in names):
            found = self._in_bulk(data, [self._paths[name] for name in names])
            rest = [row for row, is_plain in enumerate(found.column("plain").to_pylist()) if not is_plain]
            values = {name: found.column(f"k{place}").to_pylist() for place, name in enumerate(names)}
        for row in rest:
            taken = self._one(data[row].as_py(), names)
            if isinstance(taken, str):
                reasons[row] = taken
            else:
                for name, value in taken.items():
                    values[name][row] = value
        return Keys(values, reasons)

    def _in_bulk(self, data: Any, paths: Sequence[str]) -> pa.Table:
        """The keys as texts; `plain` where all of them are what jq would have made of the record."""
        pointers = ", ".join(literal(path) for path in paths)
        picked = ", ".join(f"members[{place}] AS k{place - 1}" for place in range(1, len(paths) + 1))
        return self._engine.query(
            f"SELECT {picked}, coalesce(list_bool_and(list_transform(kinds, lambda k: coalesce(k IN {_KEPT_TYPES}, "
            "false))) AND list_bool_and(list_transform(members, lambda m: coalesce(m <> '', false))), false) AS plain "
            f"FROM (SELECT json_extract_string(document, [{pointers}]) AS members, "
            f"json_type(document, [{pointers}]) AS kinds FROM (SELECT CASE WHEN TRY(json_type(text)) = 'OBJECT' "
            "THEN text END AS document FROM (SELECT TRY(decode(data)) AS text FROM records)))",
            {"records": pa.table({"data": flat(data) if isinstance(data, pa.ChunkedArray) else data})},
        )

    def _one(self, document: bytes, names: Sequence[str]) -> dict[str, str] | str:
        """The keys, or why there are none."""
        try:
            text = document.decode()
            outputs = self._program.input_text(text).all()
        except (ValueError, RecursionError) as error:
            return NOT_JSON if _is_no_json(document) else f"The query fails for the record: {error}"
        if len(outputs) != 1 or not isinstance(outputs[0], dict):
            return "The MetadataExtractionQuery must give one object of partition keys for a record"
        found = {name: _text(outputs[0].get(name)) for name in names}
        if any(value is None or not value for value in found.values()):
            return NULL_OR_EMPTY
        return {name: value for name, value in found.items() if value is not None}


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case str():
            return value
        case dict() | list():
            return None
        case _:
            return json.dumps(value)


def _is_no_json(document: bytes) -> bool:
    try:
        json.loads(document)
    except (ValueError, RecursionError):
        return True
    return False


def _paths(query: str) -> dict[str, str] | None:
    """JSON pointers by the keys' names, or None where the expression is more than that."""
    if not _OBJECT.fullmatch(query):
        return None
    found: dict[str, str] = {}
    for pair in re.finditer(_PAIR, query.strip().removeprefix("{").removesuffix("}")):
        name = pair[2] or pair[4]
        found[name] = (pair[3] or f".{name}").replace(".", "/")
    return found


def _compiled(query: str) -> Any:
    try:
        jq: Any = import_module("jq")
    except ImportError as error:
        raise InvalidArgumentException(
            "Dynamic partitioning needs the package jq, which is not installed.", "pip install jq"
        ) from error
    try:
        return jq.compile(query)
    except ValueError as error:
        raise InvalidArgumentException(
            f"The MetadataExtractionQuery is no JQ expression: {error}.", "For example {user: .user, day: .time[:10]}"
        ) from error
