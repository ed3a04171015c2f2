"""Every entry of the files of parsed statements: what a text is made into, or its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift import parse
from kit.sql.redshift.statements import TableName
from kit.sql.redshift.types import Type

PLACES = {"line", "column", "text_line", "text_column"}


def test_the_statement_is_what_was_said(statement: Any) -> None:
    assert written(statement.sql) == statement.expected, statement.sql


def written(script: str) -> list[str]:
    """Each statement on a line: its fields that are not what they are when nothing is said, without their places."""
    try:
        return [f"=> {_written(parsed.statement)}" for parsed in parse(script)]
    except KitError as error:
        place = f" at {error.line}:{error.column}" if error.line is not None else ""
        return [f"!! {error.code}: {error.message}{place}" + (f" ({error.hint})" if error.hint else "")]


def _written(value: Any) -> str:
    match value:
        case TableName() | Type():
            return str(value)
        case exp.Expr():
            return f"`{value.sql('redshift')}`"
        case tuple():
            return f"[{', '.join(map(_written, value))}]"
        case Mapping():
            return f"{{{', '.join(f'{key}: {_written(item)}' for key, item in value.items())}}}"
    return f"{type(value).__name__}({', '.join(_fields(value))})" if is_dataclass(value) else repr(value)


def _fields(value: Any) -> list[str]:
    found = []
    for each in fields(value):
        given = getattr(value, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        is_place = each.name in PLACES and isinstance(given, int)
        if not is_place and (default is MISSING or given != default):
            found.append(f"{each.name}={_written(given)}")
    return found
