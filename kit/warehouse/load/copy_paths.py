"""How an object becomes a row: by the names of its members, by JSONPaths, or whole into a SUPER column.

Source: Amazon Redshift Database Developer Guide, "COPY from JSON format", "JSONPaths files", read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from kit.base.errors import KitError
from kit.sql.redshift.types import Kind
from kit.warehouse.catalog import StoredColumn
from kit.warehouse.load import copy_faults as faults
from kit.warehouse.load.copy_faults import Fault

# An object's values in the order of the columns, None for NULL; or why it has none.
Shredder: TypeAlias = Callable[[Any], "Sequence[Any] | Fault"]

_STEP = re.compile(r"\.(?P<name>[^.\[\]'\"\s]+)|\[\s*(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)\s*\]|\[(?P<index>\d+)\]")


def by_name(columns: Sequence[StoredColumn], *, ignore_case: bool) -> Shredder:
    """Members that are called as the columns are; others are ignored, and what is missing is NULL."""
    names = [column.name for column in columns]

    def shred(document: Any) -> Sequence[Any] | Fault:
        if not isinstance(document, Mapping):
            return faults.NOT_AN_OBJECT
        if ignore_case:
            folded = {key.lower(): value for key, value in document.items()}
            return [folded.get(name.lower()) for name in names]
        return [document.get(name) for name in names]

    return shred


def whole(columns: Sequence[StoredColumn]) -> Shredder:
    """'noshred': the object is the one value of a table's SUPER column."""
    if len(columns) != 1 or columns[0].type.kind is not Kind.SUPER:
        raise KitError("XX000", "COPY with JSON 'noshred' needs one column of type SUPER", "COPY t (the_column) FROM …")

    def shred(document: Any) -> Sequence[Any]:
        return (document,)

    return shred


def by_paths(text: bytes, uri: str, columns: Sequence[StoredColumn]) -> Shredder:
    """What a JSONPaths file says, one path a column."""
    paths = read_paths(text, uri)
    if len(paths) != len(columns):
        raise KitError(
            "XX000",
            "Number of jsonpaths and the number of columns should match. "
            f"JSONPath size: {len(paths)}, Number of columns in table or column list: {len(columns)}",
            "Name the columns that the paths are for: COPY t (a, b) FROM ... (error code 8001)",
        )

    def shred(document: Any) -> Sequence[Any] | Fault:
        found: list[Any] = []
        for path in paths:
            value = document
            for step in path:
                if value is None:
                    break
                if isinstance(step, int):
                    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
                        return faults.NOT_AN_ARRAY
                    value = value[step] if step < len(value) else None
                else:
                    if not isinstance(value, Mapping):
                        return faults.NOT_AN_OBJECT
                    value = value.get(step)
            found.append(value)
        return found

    return shred


def read_paths(text: bytes, uri: str) -> tuple[tuple[str | int, ...], ...]:
    """The paths of a JSONPaths file, each as names and array indexes."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _invalid(uri, f"it is no JSON ({error})") from None
    listed = document.get("jsonpaths") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not listed:
        raise _invalid(uri, "it has no list 'jsonpaths'")
    return tuple(_path(each, uri) for each in listed)


def _path(text: object, uri: str) -> tuple[str | int, ...]:
    if not isinstance(text, str) or not text.startswith("$"):
        raise _invalid(uri, f"{text!r} does not begin with '$'")
    steps: list[str | int] = []
    index = 1
    while index < len(text):
        found = _STEP.match(text, index)
        if found is None:
            raise _invalid(uri, f"'{text}' is not supported: names and array indexes only, such as $.a['b'][0]")
        index = found.end()
        if found["index"] is not None:
            steps.append(int(found["index"]))
        else:
            steps.append(found["name"] if found["name"] is not None else found["quoted"])
    return tuple(steps)


def _invalid(uri: str, reason: str) -> KitError:
    return KitError(
        "XX000",
        f"Invalid JSONPath format in '{uri}': {reason}",
        'It looks like {"jsonpaths": ["$.name", "$[\'address\'][0]"]}. (error code 8001)',
    )
