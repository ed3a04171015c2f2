"""Query trees that statements other than SELECT need. The rest of the package hands trees on and never looks inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sqlglot import exp

from kit.sql.redshift import parse
from kit.sql.redshift.dialect import SPELLING
from kit.sql.redshift.statements import Query
from kit.sql.redshift.types import Type

QueryTree: TypeAlias = exp.Query
ScalarTree: TypeAlias = exp.Expr


def rows_of(rows: Sequence[Sequence[ScalarTree]]) -> QueryTree:
    """Written rows as a query, one SELECT a row."""
    selects: list[exp.Query] = [exp.Select(expressions=[item.copy() for item in row]) for row in rows]
    union = selects[0]
    for select in selects[1:]:
        union = exp.Union(this=union, expression=select, distinct=False)
    return union


def as_type(tree: ScalarTree, kind: Type) -> ScalarTree:
    """CAST(tree AS kind), in Redshift's spelling of the type."""
    to = exp.DataType(this=exp.DType.UNKNOWN)
    to.meta[SPELLING] = str(kind)
    return exp.Cast(this=tree.copy(), to=to)


def null() -> ScalarTree:
    return exp.Null()


def scalar(text: str) -> ScalarTree:
    """The tree of an expression's text, as a column's DEFAULT is kept."""
    (parsed,) = parse(f"SELECT {text}")
    assert isinstance(parsed.statement, Query)
    found: ScalarTree = parsed.statement.tree.selects[0]
    return found
