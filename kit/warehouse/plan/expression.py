"""Scalar expressions inside a plan: a sqlglot tree over column ids, its SQL, and what it reads.

Every column of a plan has an id that is unique in the whole plan, so an expression names columns without a table. Ids
are made from the source's alias and the column's name (`lineitem.l_orderkey`): they read well in EXPLAIN and in the SQL
that slices run. Expressions are values: whoever changes one makes another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from kit.warehouse.plan.refusal import Undistributable

# Private-use characters stand in a template for what differs from slice to slice and from run to run (`template.py`).
OWN_SLICE = "\ue000"
EXCHANGE_DATABASE = "\ue001"
OWN_NODE_SLICE = "\ue002"
_RESERVED = (OWN_SLICE, EXCHANGE_DATABASE, OWN_NODE_SLICE)

_GENERATOR = DuckDB().generator(identify=True, normalize_functions="lower")


@dataclass(frozen=True, slots=True)
class Expr:
    """`columns` are the ids that it reads, `subqueries` the plans whose result it asks (`subquery_marker`)."""

    tree: exp.Expr
    sql: str
    columns: frozenset[str]
    subqueries: frozenset[int] = frozenset()

    @property
    def column(self) -> str | None:
        """The id, where the expression is nothing but a column."""
        return self.tree.name if isinstance(self.tree, exp.Column) else None

    def __str__(self) -> str:
        return self.sql


def expression(tree: exp.Expr) -> Expr:
    """Wrap a tree whose columns are ids already."""
    if isinstance(tree, exp.Column):
        return Expr(tree, quote(tree.name), frozenset((tree.name,)))
    columns: list[str] = []
    subqueries: list[int] = []
    for node in tree.walk():
        if isinstance(node, exp.Column):
            columns.append(node.name)
        elif isinstance(node, exp.Table):
            number = _marker_number(node)
            if number is None:
                raise Undistributable("a subquery inside an expression")
            subqueries.append(number)
    return Expr(tree, generate(tree), frozenset(columns), frozenset(subqueries))


def generate(tree: exp.Expr) -> str:
    """DuckDB SQL of a tree, every identifier quoted."""
    sql = generate_template(tree)
    if any(character in sql for character in _RESERVED):
        # A literal with such a character would be filled in as if it were a place in the template.
        raise Undistributable("private-use characters in the query")
    return sql


def generate_template(tree: exp.Expr) -> str:
    """The same of a tree into which the planner has put places of a template; the query's own part was checked."""
    return _GENERATOR.generate(tree, copy=True)


def column(identifier: str, kind: exp.DataType | None = None) -> exp.Column:
    """A reference to a plan's column."""
    node = exp.Column(this=exp.Identifier(this=identifier, quoted=True))
    if kind is not None:
        node.type = kind
    return node


def column_expr(identifier: str) -> Expr:
    return Expr(column(identifier), quote(identifier), frozenset((identifier,)))


def quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def conjuncts(tree: exp.Expr | None) -> list[exp.Expr]:
    """The parts of a predicate that must all hold."""
    if tree is None:
        return []
    if isinstance(tree, exp.Paren) and not isinstance(tree.this, exp.Query):
        return conjuncts(tree.this)
    if isinstance(tree, exp.And):
        return [*conjuncts(tree.left), *conjuncts(tree.right)]
    return [tree]


def disjuncts(tree: exp.Expr) -> list[exp.Expr]:
    """The parts of a predicate of which one must hold."""
    if isinstance(tree, exp.Paren) and not isinstance(tree.this, exp.Query):
        return disjuncts(tree.this)
    if isinstance(tree, exp.Or):
        return [*disjuncts(tree.left), *disjuncts(tree.right)]
    return [tree]


def all_of(trees: Iterable[exp.Expr]) -> exp.Expr:
    """One predicate that holds where all hold."""
    return _fold(exp.And, trees)


def any_of(trees: Iterable[exp.Expr]) -> exp.Expr:
    return _fold(exp.Or, trees)


def substitute(tree: exp.Expr, replacements: Mapping[str, exp.Expr]) -> exp.Expr:
    """The tree with each column of `replacements` replaced."""

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name in replacements:
            return _parenthesised(replacements[node.name].copy())
        return node

    return tree.transform(replace)


def rewrite(tree: exp.Expr, change: Callable[[exp.Expr], exp.Expr | None]) -> exp.Expr:
    """A copy in which the topmost nodes for which `change` answers are replaced; their children are not visited."""
    replaced = change(tree)
    if replaced is not None:
        return replaced
    copy = tree.__class__()
    copy.type = tree.type
    for key, value in tree.args.items():
        copy.set(key, _rewrite_argument(value, change))
    return copy


def equality(tree: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    """Both sides of `a = b`."""
    return (tree.left.unnest(), tree.right.unnest()) if isinstance(tree, exp.EQ) else None


def subquery_marker(number: int) -> exp.Table:
    """The table that stands for the result of the plan `number` inside an expression."""
    return exp.Table(this=exp.Identifier(this=_marker(number), quoted=True))


def _marker(number: int) -> str:
    return f"@subquery {number}"


def marker_sql(number: int) -> str:
    """How `subquery_marker` reads in the SQL of an expression."""
    return quote(_marker(number))


def _marker_number(table: exp.Table) -> int | None:
    name = table.name
    return int(name.removeprefix("@subquery ")) if name.startswith("@subquery ") and not table.args.get("db") else None


def _rewrite_argument(value: Any, change: Callable[[exp.Expr], exp.Expr | None]) -> Any:
    if isinstance(value, exp.Expr):
        return rewrite(value, change)
    if isinstance(value, list):
        return [_rewrite_argument(item, change) for item in value]
    return value


def _fold(kind: type[exp.Connector], trees: Iterable[exp.Expr]) -> exp.Expr:
    folded: exp.Expr | None = None
    for tree in trees:
        part = _parenthesised(tree.copy())
        folded = part if folded is None else kind(this=folded, expression=part)
    if folded is None:
        raise ValueError("nothing to fold")
    return folded


def _parenthesised(tree: exp.Expr) -> exp.Expr:
    return exp.Paren(this=tree) if isinstance(tree, exp.Binary | exp.Not | exp.Between | exp.In | exp.Case) else tree
