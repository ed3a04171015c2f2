"""Queries inside expressions: scalar ones, EXISTS, IN, and comparisons with ANY and ALL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from kit.sql.athena import operators, types
from kit.sql.athena.coerce import coerce
from kit.sql.athena.expression import SUBQUERY, Expr, combine, exact
from kit.sql.athena.plan import Plan
from kit.sql.athena.scope import Scope
from kit.sql.athena.translation import Translation
from kit.sql.athena.types import BOOLEAN, Type, common_supertype, quote


def _plan(t: Translation, node: exp.Expr, scope: Scope) -> Plan:
    """The query of an expression, all its columns required; its tables become known to the enclosing query's scans."""
    plan = t.query(_query(node), scope)
    for index in range(len(plan.fields)):
        plan.require(index)
    return plan


def _query(node: exp.Expr) -> exp.Expr:
    while isinstance(node, (exp.Subquery, exp.Paren)) and not any(
        value for key, value in node.args.items() if key != "this" and value
    ):
        node = node.this
    return node


def scalar(t: Translation, node: exp.Subquery, scope: Scope) -> Expr:
    """`(SELECT …)` as a value."""
    plan = _plan(t, node, scope)
    if len(plan.fields) != 1:
        raise t.unsupported("Multiple columns returned by a subquery", node)
    return Expr(f"({plan.sql()})", plan.fields[0].type, SUBQUERY)


def exists(t: Translation, node: exp.Exists, scope: Scope) -> Expr:
    """`EXISTS (SELECT …)`: nobody reads its columns."""
    plan = t.query(_query(node.this), scope)
    return Expr(f"EXISTS ({plan.sql()})", BOOLEAN, SUBQUERY)


def membership(t: Translation, node: exp.In, scope: Scope, *, negated: bool) -> Expr:
    """`value [NOT] IN (SELECT …)`."""
    plan = _plan(t, node.args["query"], scope)
    if isinstance(node.this, exp.Tuple):
        return _row_membership(t, node, plan, scope, negated=negated)
    value, query = _comparable(t, exact(t.expression(node.this, scope)), plan, node)
    return combine(f"({value.sql} {'NOT ' if negated else ''}IN ({query}))", BOOLEAN, (value,), SUBQUERY)


def _row_membership(t: Translation, node: exp.In, plan: Plan, scope: Scope, *, negated: bool) -> Expr:
    """Rows with a NULL inside make the answer unknown, which DuckDB's comparison of structs does not see."""
    values = [exact(t.expression(part, scope)) for part in node.this.expressions]
    if len(values) != len(plan.fields):
        raise t.mismatch(f"Subquery has {len(plan.fields)} columns, but {len(values)} are compared with it", node)
    alias = t.alias("kit_in")
    pairs = [
        operators.compare(t, "=", value, Expr(f"{quote(alias)}.{quote(f.column)}", f.type), node).sql
        for value, f in zip(values, plan.fields, strict=True)
    ]
    source = f"SELECT 1 FROM ({plan.sql()}) AS {quote(alias)} WHERE"
    surely = f"EXISTS ({source} {' AND '.join(pairs)})"
    maybe = f"EXISTS ({source} {' AND '.join(f'({pair} IS NOT FALSE)' for pair in pairs)})"
    found = f"(CASE WHEN {surely} THEN true WHEN {maybe} THEN NULL ELSE false END)"
    return combine(f"(NOT {found})" if negated else found, BOOLEAN, values, SUBQUERY)


def is_some(node: Any) -> bool:
    """Whether it is SOME (SELECT …), which the parser takes for a function."""
    return isinstance(node, exp.Anonymous) and str(node.name).lower() == "some"


def quantified(t: Translation, symbol: str, node: exp.Binary, scope: Scope) -> Expr:
    """`value = ANY (SELECT …)`, `value > ALL (SELECT …)`."""
    right = node.expression
    query_node = right.expressions[0] if is_some(right) else right.this
    word = "ALL" if isinstance(right, exp.All) else "ANY"
    if symbol.startswith("IS "):
        raise t.error("SYNTAX_ERROR", f"mismatched input '{word}'", node)
    value, query = _comparable(t, exact(t.expression(node.this, scope)), _plan(t, query_node, scope), node)
    return combine(f"({value.sql} {symbol} {word} ({query}))", BOOLEAN, (value,), SUBQUERY)


def _comparable(t: Translation, value: Expr, plan: Plan, at: exp.Expr) -> tuple[Expr, str]:
    """The value and the query's text in a common type."""
    if len(plan.fields) != 1:
        raise t.mismatch(
            f"Value expression and result of subquery must be of the same type: {value.type} vs {_shape(plan)}", at
        )
    kind = common_supertype(value.type, plan.fields[0].type)
    if kind is not None and kind.name == types.TIMESTAMP_TZ:
        kind = types.timestamp_tz(kind.precision, "UTC")  # Instants are equal whatever their zones.
    if kind is None or kind.name in ("row", "array"):
        raise t.mismatch(
            f"Value expression and result of subquery must be of the same type: {value.type} vs {plan.fields[0].type}",
            at,
        )
    return coerce(value, kind), typed(t, plan, [kind])


def _shape(plan: Plan) -> str:
    return f"row({', '.join(str(item.type) for item in plan.fields)})"


def typed(t: Translation, plan: Plan, kinds: Sequence[Type]) -> str:
    """The query's text with its columns in these types, to which they can be coerced."""
    if all(
        item.type == kind or types.duckdb_type(item.type) == types.duckdb_type(kind)
        for item, kind in zip(plan.fields, kinds, strict=True)
    ):
        return plan.sql()
    alias = t.alias("kit_typed")
    columns = (
        f"{coerce(Expr(f'{quote(alias)}.{quote(item.column)}', item.type), kind).sql} AS {quote(item.column)}"
        for item, kind in zip(plan.fields, kinds, strict=True)
    )
    return f"SELECT {', '.join(columns)} FROM ({plan.sql()}) AS {quote(alias)}"
