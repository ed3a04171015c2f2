"""Questions about parts of a bound tree, whose aliases are unique throughout."""

from __future__ import annotations

from sqlglot import exp


def aliases_inside(tree: exp.Expr) -> set[str]:
    """The aliases that sources inside a tree define."""
    found: set[str] = set()
    for node in tree.find_all(exp.Table, exp.Subquery, exp.TableAlias, exp.Lateral, exp.Unnest):
        name = node.name if isinstance(node, exp.TableAlias) else node.alias_or_name
        if name:
            found.add(name)
    return found


def outer_columns(tree: exp.Expr) -> list[exp.Column]:
    """The columns of a query that belong to a query around it."""
    own = aliases_inside(tree)
    return [column for column in tree.find_all(exp.Column) if column.table and column.table not in own]


def is_correlated(tree: exp.Expr) -> bool:
    return bool(outer_columns(tree))


def query_of(tree: exp.Expr) -> exp.Query:
    """The query inside parentheses that carry nothing else."""
    while isinstance(tree, exp.Subquery) and not any(
        value for key, value in tree.args.items() if key not in {"this", "alias"}
    ):
        tree = tree.this
    assert isinstance(tree, exp.Query)
    return tree


def type_of(tree: exp.Expr) -> str:
    """DuckDB's name of an expression's type, `UNKNOWN` where the binder did not say."""
    kind = tree.type
    if kind is None or kind.this in {exp.DType.UNKNOWN, exp.DType.NULL}:
        return "UNKNOWN"
    known = _SIMPLE.get(kind.this) if not kind.expressions else None
    return known or kind.sql("duckdb")


_SIMPLE = {
    exp.DType.BIGINT: "BIGINT",
    exp.DType.INT: "INTEGER",
    exp.DType.SMALLINT: "SMALLINT",
    exp.DType.DOUBLE: "DOUBLE",
    exp.DType.FLOAT: "FLOAT",
    exp.DType.VARCHAR: "VARCHAR",
    exp.DType.TEXT: "VARCHAR",
    exp.DType.DATE: "DATE",
    exp.DType.TIMESTAMP: "TIMESTAMP",
    exp.DType.TIMESTAMPTZ: "TIMESTAMPTZ",
    exp.DType.BOOLEAN: "BOOLEAN",
}
