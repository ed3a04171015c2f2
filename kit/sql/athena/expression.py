"""A translated expression: DuckDB text with its Trino type. The currency that all translation deals in.

Invariants: `sql` can stand as an operand anywhere (it is a name, a literal, a call or in parentheses), and its DuckDB
type is `duckdb_type(type)`, except where the `LOOSE` flag says that a decimal is wider than its type (see `exact`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from kit.base.domain import Domain
from kit.sql.athena.types import Type, duckdb_type

VOLATILE: Final = 1
AGGREGATE: Final = 2
WINDOW: Final = 4
LOOSE: Final = 8
SUBQUERY: Final = 16


class _NotConstant:
    def __repr__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT: Final = _NotConstant()


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of a scan: the scan's number and the column's name.

    `gates` are WITH queries that it came through: a restriction goes back through them only if nobody else reads them.
    """

    scan: int
    column: str
    gates: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Expr:
    """`constant` is the value of a literal or parameter, known while translating.

    `ungrouped` is the offset of the first column in it that no aggregate encloses, -1 where there is none: in a grouped
    query such a column must lie within a grouping expression. `flags` add up what is somewhere inside. `origins` are
    the scanned columns that the expression is; `restricts` what must hold of scanned columns where it is true.
    """

    sql: str
    type: Type
    flags: int = 0
    ungrouped: int = -1
    constant: Any = NOT_CONSTANT
    origins: tuple[Origin, ...] = ()
    restricts: Mapping[Origin, Domain] | None = None

    @property
    def is_constant(self) -> bool:
        return self.constant is not NOT_CONSTANT


def combine(sql: str, kind: Type, parts: Iterable[Expr], flags: int = 0) -> Expr:
    """An expression made of `parts`, which hands on what they contain."""
    ungrouped = -1
    for part in parts:
        flags |= part.flags & ~LOOSE
        if ungrouped < 0:
            ungrouped = part.ungrouped
    return Expr(sql, kind, flags, ungrouped)


def exact(expr: Expr) -> Expr:
    """The same value in exactly the DuckDB type of its Trino type."""
    if not expr.flags & LOOSE:
        return expr
    return replace(expr, sql=cast_sql(expr.sql, expr.type), flags=expr.flags & ~LOOSE)


def cast_sql(sql: str, kind: Type) -> str:
    return f"CAST({sql} AS {duckdb_type(kind)})"


def text_literal(value: str) -> str:
    """A string literal; NUL, which DuckDB's parser does not take, is spelled out."""
    if "\0" not in value:
        return "'" + value.replace("'", "''") + "'"
    return "(" + " || chr(0) || ".join(text_literal(part) for part in value.split("\0")) + ")"


def literal_sql(value: Any) -> str:
    """The DuckDB literal of a Python value."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if value >= 0 else f"({value})"
        case float() if math.isfinite(value):
            return f"CAST({value!r} AS DOUBLE)"
        case float():
            return f"CAST('{value}' AS DOUBLE)"
        case Decimal():
            return f"{value:f}" if value >= 0 else f"({value:f})"
        case datetime():
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return text_literal(value)
        case bytes():
            return f"from_hex('{value.hex()}')"
        case _:
            raise TypeError(f"no literal for {type(value).__name__}")
