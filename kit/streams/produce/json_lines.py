"""Lines of JSON as rows to append: what a cell holds that puts records by hand. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kit.base.errors import KitError

if TYPE_CHECKING:
    import pyarrow as pa


def rows_of_lines(text: str, key: str | None) -> pa.Table:
    """A row a line that is not blank: columns `partition_key` and `data`, the line as it stands.

    `key` names the field whose value is the partition key; without one every line has its own. Raises
    `INVALID_JSON` and `MISSING_KEY`, which point at the line.
    """
    import pyarrow as pa

    keys: list[str] = []
    data: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        value = _parsed(text, line, number)
        keys.append(_key(text, number, value, key) if key is not None else str(len(keys) + 1))
        data.append(line.strip())
    return pa.table({"partition_key": pa.array(keys, pa.string()), "data": pa.array(data, pa.string())})


def _parsed(text: str, line: str, number: int) -> Any:
    try:
        return json.loads(line, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise KitError(
            "INVALID_JSON",
            f"This line is no JSON: {error.msg}.",
            "One JSON value a line.",
            statement=text,
            line=number,
            column=error.colno,
        ) from error
    except ValueError as error:
        raise KitError("INVALID_JSON", str(error), statement=text, line=number, column=1) from error


def _key(text: str, number: int, value: Any, key: str) -> str:
    match value.get(key) if isinstance(value, dict) else None:
        case str(found) if found:
            return found
        case bool() | int() | float() as found:
            return json.dumps(found)
    raise KitError(
        "MISSING_KEY",
        f"This line has no '{key}' to be its partition key.",
        "Every line needs the field, with a text, a number or a boolean.",
        statement=text,
        line=number,
        column=1,
    )


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not strict JSON.")
