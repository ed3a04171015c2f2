"""Oracle's `(+)`: a comma-separated FROM whose marked conditions become left outer joins.

Source: Amazon Redshift Database Developer Guide, "Oracle-style outer joins in the WHERE clause", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.expressions import ON, Expressions
from kit.sql.redshift.binding.scope import Scope, Source


def is_marked(condition: exp.Expr) -> bool:
    return any(column.args.get("join_mark") for column in condition.find_all(exp.Column))


@dataclass(slots=True)
class _Outer:
    """A source that is joined, its conditions, and the sources that these need."""

    conditions: list[exp.Expr] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)


def arrange(
    context: Context,
    scope: Scope,
    made: exp.Select,
    items: Sequence[tuple[exp.Expr, Source]],
    marked: Sequence[exp.Expr],
) -> None:
    """Put the items into `made`: unmarked ones crossed, then each marked one joined after those that it needs."""
    outers: dict[str, _Outer] = {}
    for condition in marked:
        names = {_source(context, scope, column): bool(column.args.get("join_mark")) for column in _columns(condition)}
        targets = {_source(context, scope, column) for column in _columns(condition) if column.args.get("join_mark")}
        if len(targets) != 1:
            raise errors.error(
                errors.SYNTAX_ERROR, "a predicate may reference only one outer-joined table", context.script, condition
            )
        target = targets.pop()
        if any(name == target and not outer for name, outer in names.items()):
            raise errors.error(
                errors.SYNTAX_ERROR, "(+) must mark every column of the table in a predicate", context.script, condition
            )
        found = outers.setdefault(target, _Outer())
        found.conditions.append(condition)
        found.needs |= {name for name in names if name != target}
    placed: set[str] = set()
    joins: list[exp.Expr] = []
    for node, source in items:
        if source.name in outers:
            continue
        if not placed:
            made.set("from_", exp.From(this=node))
        else:
            joins.append(exp.Join(this=node, kind="CROSS"))
        placed.add(source.name)
    if not placed:
        raise errors.error(
            errors.SYNTAX_ERROR, "two tables cannot be outer-joined to each other", context.script, marked[0]
        )
    pending = [(node, source) for node, source in items if source.name in outers]
    while pending:
        ready = next(((node, source) for node, source in pending if outers[source.name].needs <= placed), None)
        if ready is None:
            raise errors.error(
                errors.SYNTAX_ERROR, "two tables cannot be outer-joined to each other", context.script, marked[0]
            )
        node, source = ready
        joins.append(exp.Join(this=node, on=_on(context, scope, outers[source.name].conditions), side="LEFT"))
        placed.add(source.name)
        pending.remove(ready)
    if joins:
        made.set("joins", joins)


def _columns(condition: exp.Expr) -> list[exp.Column]:
    return [column for column in condition.find_all(exp.Column) if isinstance(column.this, exp.Identifier)]


def _source(context: Context, scope: Scope, column: exp.Column) -> str:
    """The name of the source that a column belongs to."""
    if column.table:
        return context.fold(column.args["table"])
    matches = scope.matches(context.fold(column.this))
    if len(matches) != 1:
        raise errors.column_missing(column.name, scope.source_names(), context.script, column, scope.names())
    return matches[0][0].name


def _on(context: Context, scope: Scope, conditions: Sequence[exp.Expr]) -> exp.Expr:
    binder = Expressions(context, scope, ON)
    made: exp.Expr | None = None
    for condition in conditions:
        bound = binder.boolean(condition)
        bound = exp.Paren(this=bound) if isinstance(bound, exp.Or) else bound
        made = bound if made is None else exp.And(this=made, expression=bound)
    assert made is not None
    return made
