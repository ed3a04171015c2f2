"""PIVOT as aggregates over CASE, UNPIVOT as a cross join with the list of columns.

Columns that a PIVOT or UNPIVOT does not mention pass through, those of a PIVOT as group keys.

Source: Amazon Redshift Database Developer Guide, "PIVOT and UNPIVOT examples", read 2026-11.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.blocks import projection
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.conversions import common_type
from kit.sql.redshift.binding.expressions import SELECT, Expressions
from kit.sql.redshift.binding.scope import Scope, Source, SourceColumn, identifier
from kit.sql.redshift.binding.typed import Typed, operand, string, typed
from kit.sql.redshift.types import varchar

_AGGREGATES: Final = frozenset({"count", "sum", "min", "max", "avg"})


def bind(
    context: Context, scope: Scope, node: exp.Expr, source: Source, pivot: exp.Pivot, alias: str
) -> tuple[exp.Expr, tuple[SourceColumn, ...]]:
    """The derived table in the place of `node`, and its columns."""
    inner = Scope(scope.parent, [source], environment=scope.environment)
    if pivot.args.get("unpivot"):
        made, columns = _unpivot(context, inner, node, source, pivot)
    else:
        made, columns = _pivot(context, inner, node, source, pivot)
    found: list[SourceColumn] = []
    taken: set[str] = set()
    selected: list[exp.Expr] = []
    for name, value in columns:
        physical = name
        while physical in taken:
            physical += "_"
        taken.add(physical)
        selected.append(projection(value.node, physical))
        found.append(SourceColumn(name, alias, physical, value.type, value.blanks))
    made.set("expressions", selected)
    return exp.Subquery(this=made, alias=exp.TableAlias(this=identifier(alias))), tuple(found)


def _for(context: Context, pivot: exp.Pivot) -> tuple[exp.Expr, list[exp.Expr]]:
    fields = pivot.args.get("fields") or []
    if len(fields) != 1 or not isinstance(fields[0], exp.In):
        raise errors.unsupported("PIVOT over more than one column", context.script, pivot)
    return fields[0].this, fields[0].expressions


def _pivot(
    context: Context, scope: Scope, node: exp.Expr, source: Source, pivot: exp.Pivot
) -> tuple[exp.Select, list[tuple[str, Typed]]]:
    binder = Expressions(context, scope, SELECT)
    column, values = _for(context, pivot)
    mentioned = {context.fold(name.this) for name in column.find_all(exp.Column)} | (
        {context.fold(column)} if isinstance(column, exp.Identifier) else set()
    )
    calls: list[tuple[exp.Anonymous, str]] = []
    for item in pivot.expressions:
        call = item.this if isinstance(item, exp.Alias) else item
        if not isinstance(call, exp.Anonymous) or call.name.lower() not in _AGGREGATES:
            raise errors.unsupported("PIVOT over anything but COUNT, SUM, MIN, MAX or AVG", context.script, item)
        calls.append((call, context.fold(item.args["alias"]) if isinstance(item, exp.Alias) else ""))
        mentioned |= {
            context.fold(name.this) for name in call.find_all(exp.Column) if isinstance(name.this, exp.Identifier)
        }
    columns: list[tuple[str, Typed]] = []
    keys: list[exp.Expr] = []
    for implicit in source.visible:
        if implicit.name in mentioned:
            continue
        value = source.take(implicit)
        key = coercion.trimmed(value)
        keys.append(key.copy())
        columns.append((implicit.name, Typed(key, value.type, False)))
    subject = exp.Column(this=column) if isinstance(column, exp.Identifier) else column
    for item in values:
        value = item.this if isinstance(item, exp.PivotAlias) else item
        if value.find(exp.Column, exp.Query) is not None:
            raise errors.unsupported("PIVOT over anything but constants", context.script, item)
        label = context.fold(item.args["alias"]) if isinstance(item, exp.PivotAlias) else _label(value)
        for call, name in calls:
            bound = binder.bind(_picked(call, subject, value))
            columns.append((f"{label}_{name}" if name else label, bound))
    made = exp.Select(expressions=[], from_=exp.From(this=node))
    if keys:
        made.set("group", exp.Group(expressions=keys))
    return made, columns


def _label(value: exp.Expr) -> str:
    """The name of a value's column: the constant itself."""
    if isinstance(value, exp.Null):
        return "null"
    if isinstance(value, exp.Neg) and isinstance(value.this, exp.Literal):
        return f"-{value.this.name}"
    return value.name.lower() if isinstance(value, exp.Literal) else "?column?"


def _picked(call: exp.Anonymous, subject: exp.Expr, value: exp.Expr) -> exp.Anonymous:
    """`agg(x)` as `agg(CASE WHEN subject = value THEN x END)`."""
    if isinstance(value, exp.Null):
        test: exp.Expr = exp.Is(this=subject.copy(), expression=exp.Null())
    else:
        test = exp.EQ(this=subject.copy(), expression=value.copy())
    argument = call.expressions[0] if call.expressions else exp.Star()
    distinct = isinstance(argument, exp.Distinct)
    inner = argument.expressions[0] if distinct else argument
    result = exp.Literal.number(1) if isinstance(inner, exp.Star) else inner.copy()
    case: exp.Expr = exp.Case(ifs=[exp.If(this=test, true=result)])
    return exp.Anonymous(this=call.name, expressions=[exp.Distinct(expressions=[case]) if distinct else case])


def _unpivot(
    context: Context, scope: Scope, node: exp.Expr, source: Source, pivot: exp.Pivot
) -> tuple[exp.Select, list[tuple[str, Typed]]]:
    binder = Expressions(context, scope, SELECT)
    field, items = _for(context, pivot)
    name_column = context.fold(field.this if isinstance(field, exp.Column) else field)
    value_column = context.fold(pivot.expressions[0])
    picked: list[tuple[str, Typed]] = []
    mentioned: set[str] = set()
    for item in items:
        column = item.this if isinstance(item, exp.PivotAlias) else item
        if not isinstance(column, exp.Column):
            raise errors.error(
                errors.SYNTAX_ERROR, "UNPIVOT IN list must contain only column references", context.script, item
            )
        mentioned.add(context.fold(column.this))
        label = context.fold(item.args["alias"]) if isinstance(item, exp.PivotAlias) else context.fold(column.this)
        picked.append((label, binder.bind(column)))
    target = common_type(binder, [value for _, value in picked], "UNPIVOT", pivot)
    labels = context.unique("unpivot")
    width = max(len(label.encode()) for label, _ in picked)
    label_column = exp.Column(this=identifier(name_column), table=identifier(labels))
    branches = [
        exp.If(
            this=exp.EQ(this=label_column.copy(), expression=string(label)),
            true=coercion.explicit(value, target, context.script).node,
        )
        for label, value in picked
    ]
    cell = typed(exp.Case(ifs=branches), target, blanks=any(value.blanks for _, value in picked))
    columns = [(column.name, source.take(column)) for column in source.visible if column.name not in mentioned]
    columns += [(name_column, typed(label_column, varchar(max(width, 1)), blanks=False)), (value_column, cell)]
    listed = exp.Subquery(
        this=_labels(name_column, [label for label, _ in picked]), alias=exp.TableAlias(this=identifier(labels))
    )
    made = exp.Select(expressions=[], from_=exp.From(this=node), joins=[exp.Join(this=listed, kind="CROSS")])
    if not pivot.args.get("include_nulls"):
        present = exp.Not(this=exp.Is(this=operand(cell.node.copy()), expression=exp.Null()))
        made.set("where", exp.Where(this=present))
    return made, columns


def _labels(column: str, labels: list[str]) -> exp.Query:
    """`SELECT 'red' AS color UNION ALL …`."""
    selects = [exp.Select(expressions=[projection(_text(label), column)]) for label in labels]
    made: exp.Query = selects[0]
    for select in selects[1:]:
        made = exp.Union(this=made, distinct=False, expression=select)
    return made


def _text(label: str) -> exp.Expr:
    return typed(string(label), varchar(max(len(label.encode()), 1)), blanks=False).node
