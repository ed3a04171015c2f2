"""Records as JSON documents: their text, and the several objects that one record may hold one after the other. Pure.

Source: Amazon Data Firehose Developer Guide, Convert input data format: `{"a":1}{"a":2}` is valid, an array is not;
read 2026-11.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

NOT_UTF8 = "The record is not text in UTF-8"


def texts(records: pa.Table) -> Any:
    """The data of the records as a column of text; null where it is no UTF-8."""
    data = records.column("data")
    try:
        return data.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.chunked_array([[_text(each) for each in data.to_pylist()]], pa.string())


def objects(text: str | None) -> list[str] | str:
    """The JSON objects that a record holds, each as it stands; or why it holds something else."""
    if text is None:
        return NOT_UTF8
    found: list[str] = []
    position = _behind_blanks(text, 0)
    while position < len(text):
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            return f"The record is not valid JSON: {error}"
        if not isinstance(value, dict):
            return f"The record is a JSON {_NAMES.get(type(value), 'value')}, not an object"
        found.append(text[position:end])
        position = _behind_blanks(text, end)
    return found or "The record is empty"


_DECODER = json.JSONDecoder()
_NAMES = {list: "array", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


def _behind_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
