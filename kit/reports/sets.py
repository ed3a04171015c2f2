"""Sets of parameters: from `NAME=VALUE` on a command line, from a JSON or CSV file. Pure but for reading that file."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

from kit.base.errors import KitError

ParameterSet: TypeAlias = Mapping[str, Any]
MAX_NAME_CHARACTERS = 120


def parameter(text: str) -> tuple[str, Any]:
    """`month=7` as a name and a Python value, or else text. Raises `INVALID_PARAMETER`."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise KitError("INVALID_PARAMETER", f"'{text}' is not NAME=VALUE.", "For example: -p month=7")
    return name, value_of(value)


def value_of(text: str) -> Any:
    """A Python literal as its value, anything else as text: `2013-07-04` is text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def parameter_sets(given: Iterable[str], file: Path | None = None) -> list[ParameterSet]:
    """The sets that a command line asks for.

    A parameter that is given more than once takes each of its values, and several such all combinations. Those of the
    command line go before those of each set in the file. Raises `INVALID_PARAMETER`.
    """
    values: dict[str, list[Any]] = {}
    for text in given:
        name, value = parameter(text)
        values.setdefault(name, []).append(value)
    combined = [dict(zip(values, combination, strict=True)) for combination in product(*values.values())]
    held: list[dict[str, Any]] = [{}] if file is None else read_sets(file)
    return [{**base, **own} for base in held for own in combined]


def read_sets(file: Path) -> list[dict[str, Any]]:
    """A list of objects in JSON, or CSV with the names in its first row. Raises `INVALID_PARAMETER`."""
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise KitError("NoSuchFile", f"Cannot read '{file}': {error.strerror}.", "Look at the path.") from error
    if file.suffix.lower() == ".csv":
        rows = [{name: value_of(value) for name, value in row.items()} for row in csv.DictReader(StringIO(text))]
    else:
        try:
            rows = json.loads(text)
        except ValueError as error:
            raise _invalid(file, str(error)) from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise _invalid(file, "it holds no list of objects")
    bad = next((name for row in rows for name in row if not isinstance(name, str) or not name.isidentifier()), "")
    if bad != "":
        raise _invalid(file, f"'{bad}' is not the name of a parameter")
    return rows


def names_of(stem: str, sets: Sequence[ParameterSet]) -> list[str]:
    """A file name for each set, without its ending: the notebook's, and what sets one apart from the others."""
    if len(sets) == 1:
        return [stem]
    keys = list(dict.fromkeys(name for each in sets for name in each))
    varying = [key for key in keys if len({repr(each.get(key)) for each in sets}) > 1]
    names: list[str] = []
    for number, each in enumerate(sets, start=1):
        parts = "-".join(f"{key}={each[key]}" for key in varying if key in each)
        name = re.sub(r"[^\w.=+-]+", "_", f"{stem}-{parts}" if parts else f"{stem}-{number}")[:MAX_NAME_CHARACTERS]
        names.append(f"{name}-{number}" if name in names else name)
    return names


def _invalid(file: Path, why: str) -> KitError:
    return KitError(
        "INVALID_PARAMETER",
        f"'{file}' holds no sets of parameters: {why}.",
        'Write [{"month": 7}, {"month": 8}], or CSV whose first row holds the names.',
    )
