"""A bound expression: DuckDB's tree, Redshift's type, and what comparisons must know of its text.

sqlglot's generator writes trees as they are and adds no parentheses, so whoever puts an expression under an operator
passes it through `operand`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlglot import exp

from kit.sql.redshift.types import UNKNOWN, Kind, Type


@dataclass(frozen=True, slots=True)
class Typed:
    """`blanks`: a text that may end in blanks, which comparisons must leave out of account."""

    node: exp.Expr
    type: Type
    blanks: bool = False

    @property
    def literal(self) -> str | None:
        """The text of a string literal that has not been given a type yet."""
        if self.type is UNKNOWN and isinstance(self.node, exp.Literal):
            return self.node.name
        return None

    @property
    def is_null(self) -> bool:
        return isinstance(self.node, exp.Null)


def typed(node: exp.Expr, kind: Type, *, blanks: bool | None = None) -> Typed:
    """Mark `node` with DuckDB's type for `kind`; a VARCHAR may end in blanks unless `blanks` says otherwise."""
    node.type = datatype(kind)
    return Typed(node, kind, kind.kind is Kind.VARCHAR if blanks is None else blanks)


@cache
def datatype(kind: Type) -> exp.DataType:
    """DuckDB's type for a Redshift type, as sqlglot writes it. Shared: never put into a tree without a copy."""
    return exp.DataType.build(kind.duckdb, dialect="duckdb")


def cast(node: exp.Expr, kind: Type) -> exp.Cast:
    made = exp.Cast(this=node, to=datatype(kind).copy())
    made.type = datatype(kind)
    return made


def try_cast(node: exp.Expr, kind: Type) -> exp.TryCast:
    made = exp.TryCast(this=node, to=datatype(kind).copy())
    made.type = datatype(kind)
    return made


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A call of a DuckDB function or macro."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def number(value: int | str) -> exp.Literal:
    return exp.Literal(this=str(value), is_string=False)


def string(value: str) -> exp.Literal:
    return exp.Literal(this=value, is_string=True)


def session_value(name: str) -> exp.Parameter:
    """A value that the session provides when the statement runs (`$getdate`)."""
    return exp.Parameter(this=exp.Var(this=name))


_CLOSED = (
    exp.Column,
    exp.Literal,
    exp.Paren,
    exp.Anonymous,
    exp.Cast,
    exp.Case,
    exp.Subquery,
    exp.Parameter,
    exp.Null,
    exp.Boolean,
    exp.Window,
    exp.AggFunc,
    exp.Exists,
)


def operand(node: exp.Expr) -> exp.Expr:
    """`node` fit to stand beside an operator: in parentheses where it is an operation itself."""
    if isinstance(node, _CLOSED):
        return node
    made = exp.Paren(this=node)
    made.type = node.type
    return made


def is_boolean(value: Typed) -> bool:
    return value.type.kind is Kind.BOOLEAN
