"""INSERT, UPDATE, DELETE, MERGE and lone expressions: bound as queries are, their values fitted to the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.bind import DEFAULT_PATH, bound_query, session_names, uses
from kit.sql.redshift.binding import coercion, common_tables, sources
from kit.sql.redshift.binding.assignment import assign
from kit.sql.redshift.binding.blocks import Block, projection
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.expressions import DEFAULT, ON, SELECT, VALUES, WHERE, Clause, Expressions
from kit.sql.redshift.binding.queries import bind_query
from kit.sql.redshift.binding.scope import Output, Scope, identifier
from kit.sql.redshift.binding.typed import Typed
from kit.sql.redshift.bound import BoundChange, BoundExpression, BoundInsert, BoundMerge
from kit.sql.redshift.dialect import parse_expression, tokenize
from kit.sql.redshift.schema import Schemas, TableColumn, TableSchema
from kit.sql.redshift.statements import DefaultValue, Delete, Insert, Merge, TableName, Update
from kit.sql.redshift.types import UNKNOWN, Type

_SET = Clause("SET")


@dataclass(frozen=True, slots=True)
class Session:
    """What every statement is bound against; the arguments of `bind`."""

    schemas: Schemas
    search_path: Sequence[str] = DEFAULT_PATH
    parameters: Mapping[str, Any] | None = None
    keep_case: bool = False
    wide: bool = False

    def context(self, text: str) -> Context:
        return Context(
            text,
            self.schemas,
            self.search_path,
            bind_query,
            values=self.parameters or {},
            keep_case=self.keep_case,
            wide=self.wide,
        )


def bind_insert(insert: Insert, text: str, session: Session) -> BoundInsert:
    """An INSERT as a query that yields every column but identities, in the table's order, as the columns store them."""
    context = session.context(text)
    table = _target(context, insert.table)
    named = _named_columns(context, table, insert.columns, insert.table)
    if insert.query is not None:
        block = bind_query(context, insert.query)
        _require_count(context, len(block.outputs), len(named), insert.query)
        given = [block.column(index) for index in range(len(named))]
        values = [assign(value, column, text, insert.query) for value, column in zip(given, named, strict=True)]
    else:
        block = _values(context, named, insert)
        values = [block.column(index) for index in range(len(named))]
    columns = _arrange(context, table, named, values, block)
    return BoundInsert(table.schema, table.name, columns, bound_query(context, block))


def bind_update(update: Update, text: str, session: Session) -> BoundChange:
    """An UPDATE as a bound `exp.Update`: SET with fitted values, FROM, WHERE."""
    context = session.context(text)
    table = _target(context, update.table)
    tree = update.tree
    environment, clauses = _with(context, tree)
    scope = Scope(environment=environment)
    target = sources.bind_item(context, scope, tree.this)
    made = exp.Update(this=target)
    from_ = tree.args.get("from_")
    if from_ is not None:
        joined = exp.Select(from_=from_.copy(), joins=[join.copy() for join in from_.this.args.get("joins") or ()])
        _take_from(context, scope, joined, made)
    binder = Expressions(context, scope, _SET)
    assignments: list[exp.Expr] = []
    seen: set[str] = set()
    for pair in tree.expressions:
        column = _column(context, table, pair.this, seen)
        value = _assigned(binder, column, pair.expression)
        assignments.append(exp.EQ(this=exp.Column(this=identifier(column.name)), expression=value.node))
    made.set("expressions", assignments)
    _where(context, scope, tree, made)
    _finish(made, clauses)
    return BoundChange(table.schema, table.name, made, uses(context, made))


def bind_delete(delete: Delete, text: str, session: Session) -> BoundChange:
    """A DELETE as a bound `exp.Delete`: USING and WHERE."""
    context = session.context(text)
    table = _target(context, delete.table)
    tree = delete.tree
    environment, clauses = _with(context, tree)
    scope = Scope(environment=environment)
    made = exp.Delete(this=sources.bind_item(context, scope, tree.this))
    using = tree.args.get("using")
    if using:
        made.set("using", [sources.bind_item(context, scope, item) for item in using])
    _where(context, scope, tree, made)
    _finish(made, clauses)
    return BoundChange(table.schema, table.name, made, uses(context, made))


def bind_merge(merge: Merge, text: str, session: Session) -> BoundMerge:
    """A MERGE in its parts: target and source as FROM items, the condition, fitted values."""
    context = session.context(text)
    table = _target(context, merge.table)
    scope = Scope()
    written = exp.Table(
        this=exp.Identifier(this=merge.table.name),
        db=exp.Identifier(this=merge.table.schema) if merge.table.schema else None,
        alias=exp.TableAlias(this=exp.Identifier(this=merge.alias)) if merge.alias else None,
    )
    target = sources.bind_item(context, scope, written)
    source = sources.bind_item(context, scope, merge.source)
    on = Expressions(context, scope, ON).boolean(merge.on)
    seen: set[str] = set()
    binder = Expressions(context, scope, _SET)
    update = tuple(
        (column.name, _assigned(binder, column, value).node)
        for name, value in merge.update.items()
        for column in [_column(context, table, exp.Column(this=exp.Identifier(this=name)), seen)]
    )
    inserted = _merged_row(context, table, merge, Scope(sources=scope.sources[1:]))
    return BoundMerge(
        table.schema,
        table.name,
        target,
        source,
        on,
        update,
        merge.delete_matched,
        inserted,
        merge.remove_duplicates,
        uses(context, target, source, on, *(node for _, node in (*update, *inserted))),
    )


def bind_expression(expression: exp.Expr, text: str, session: Session, kind: Type | None = None) -> BoundExpression:
    """An expression without a table: a DEFAULT, a value of EXECUTE. `kind`: what it is converted to."""
    context = session.context(text)
    value = Expressions(context, Scope(), DEFAULT).bind(expression)
    if kind is not None:
        value = assign(value, TableColumn("?column?", kind), text, expression)
    settled = coercion.settle(value)
    return BoundExpression(settled.node, settled.type, session_names(context, settled.node))


def _target(context: Context, name: TableName) -> TableSchema:
    parts = [part for part in (name.schema, name.name) if part]
    place = errors.place.offset_of(context.script, name.line, name.column)
    table = sources.find_table(context, parts, place)
    if table.view_text:
        raise errors.error(
            errors.NOT_SUPPORTED, f'cannot change rows of view "{name}"', context.script, place, "Change its tables."
        )
    return table


def _named_columns(context: Context, table: TableSchema, names: Sequence[str], at: TableName) -> list[TableColumn]:
    """The columns that an INSERT gives values for."""
    visible = [column for column in table.columns if not column.hidden]
    if not names:
        return [column for column in visible if not column.is_identity]
    by_name = {column.name: column for column in visible}
    place = errors.place.offset_of(context.script, at.line, at.column)
    found: list[TableColumn] = []
    for name in names:
        column = by_name.get(name)
        if column is None:
            raise errors.error(
                errors.UNDEFINED_COLUMN,
                f'column "{name}" of relation "{table.name}" does not exist',
                context.script,
                place,
                errors.did_you_mean(name, by_name),
            )
        if column.is_identity and not column.identity_by_default:
            raise errors.error(
                errors.NOT_SUPPORTED, f'cannot set identity column "{name}" to a value', context.script, place
            )
        if column in found:
            raise errors.error(
                errors.DUPLICATE_COLUMN, f'column "{name}" specified more than once', context.script, place
            )
        found.append(column)
    return found


def _require_count(context: Context, given: int, wanted: int, at: errors.Place) -> None:
    if given == wanted:
        return
    more = "expressions than target columns" if given > wanted else "target columns than expressions"
    raise errors.error(errors.SYNTAX_ERROR, f"INSERT has more {more}", context.script, at)


def _values(context: Context, named: Sequence[TableColumn], insert: Insert) -> Block:
    """VALUES as a query over them, every value fitted to its column; DEFAULT VALUES is one row of defaults."""
    binder = Expressions(context, Scope(), VALUES)
    rows = insert.rows or ((DefaultValue(),) * len(named),)
    alias = context.unique("inserted")
    tuples: list[exp.Expr] = []
    for row in rows:
        place = next((item for item in row if isinstance(item, exp.Expr)), None)
        if len(row) > len(named) or (insert.columns and len(row) < len(named)):
            _require_count(context, len(row), len(named), place)
        filled = [*row, *(DefaultValue() for _ in named[len(row) :])]
        nodes = [_value(binder, column, item) for column, item in zip(named, filled, strict=True)]
        tuples.append(exp.Tuple(expressions=nodes))
    names = [f"v{index}" for index in range(len(named))]
    listed = exp.Values(
        expressions=tuples,
        alias=exp.TableAlias(this=identifier(alias), columns=[identifier(name) for name in names]),
    )
    outputs = [Output(column.name, name, column.type) for column, name in zip(named, names, strict=True)]
    made = exp.Select(
        expressions=[projection(exp.Column(this=identifier(name), table=identifier(alias)), name) for name in names],
        from_=exp.From(this=listed),
    )
    return Block(context, made, tuple(outputs))


def _value(binder: Expressions, column: TableColumn, item: exp.Expr | DefaultValue) -> exp.Expr:
    if isinstance(item, DefaultValue):
        return _default(binder.context, column).node
    if isinstance(item, exp.Column) and not item.table and item.name.upper() == "DEFAULT":
        return _default(binder.context, column).node
    return assign(binder.bind(item), column, binder.script, item).node


def _default(context: Context, column: TableColumn) -> Typed:
    """A column's DEFAULT, or NULL."""
    if not column.default:
        return coercion.explicit(Typed(exp.Null(), UNKNOWN), column.type, context.script)
    text = column.default
    outer = context.script
    try:
        context.script = text
        value = Expressions(context, Scope(), DEFAULT).bind(parse_expression(tokenize(text), text))
        return assign(value, column, text, None)
    finally:
        context.script = outer


def _arrange(
    context: Context, table: TableSchema, named: Sequence[TableColumn], values: Sequence[Typed], block: Block
) -> tuple[str, ...]:
    """Put fitted values into the table's order, with defaults where none was given; the columns' names."""
    given = {column.name: value for column, value in zip(named, values, strict=True)}
    columns = [
        (column, given.get(column.name) or _default(context, column))
        for column in table.columns
        if not column.hidden and not _is_left_out(column, named)
    ]
    assert isinstance(block.tree, exp.Select)
    block.tree.set("expressions", [projection(value.node, column.name) for column, value in columns])
    block.outputs = tuple(Output(column.name, column.name, column.type, value.blanks) for column, value in columns)
    return tuple(column.name for column, _ in columns)


def _is_left_out(column: TableColumn, named: Sequence[TableColumn]) -> bool:
    return column.is_identity and column not in named


def _with(context: Context, tree: exp.Expr) -> tuple[dict[str, Any], list[exp.CTE]]:
    with_ = tree.args.get("with_")
    return common_tables.bind_with(context, with_, None, {}) if with_ is not None else ({}, [])


def _take_from(context: Context, scope: Scope, select: exp.Select, made: exp.Update) -> None:
    holder = exp.Select()
    first = select.args["from_"].this.copy()
    joins = first.args.pop("joins", None) or []
    sources.bind_from(context, exp.Select(from_=exp.From(this=first), joins=joins), scope, holder, None)
    bound = holder.args["from_"]
    if holder.args.get("joins"):
        bound.this.set("joins", holder.args["joins"])
    made.set("from_", bound)


def _where(context: Context, scope: Scope, tree: exp.Expr, made: exp.Expr) -> None:
    where = tree.args.get("where")
    if where is not None:
        made.set("where", exp.Where(this=Expressions(context, scope, WHERE).boolean(where.this)))


def _finish(made: exp.Expr, clauses: list[exp.CTE]) -> None:
    if clauses:
        made.set("with_", exp.With(expressions=clauses))


def _column(context: Context, table: TableSchema, node: exp.Expr, seen: set[str]) -> TableColumn:
    name = context.fold(node.this if isinstance(node, exp.Column) else node)
    column = next((column for column in table.columns if column.name == name and not column.hidden), None)
    if column is None:
        raise errors.error(
            errors.UNDEFINED_COLUMN,
            f'column "{name}" of relation "{table.name}" does not exist',
            context.script,
            node,
            errors.did_you_mean(name, (column.name for column in table.columns)),
        )
    if name in seen:
        raise errors.error(errors.SYNTAX_ERROR, f'multiple assignments to same column "{name}"', context.script, node)
    seen.add(name)
    if column.is_identity:
        raise errors.error(errors.NOT_SUPPORTED, f'cannot update the identity column "{name}"', context.script, node)
    return column


def _assigned(binder: Expressions, column: TableColumn, node: exp.Expr) -> Typed:
    if isinstance(node, (exp.Column, exp.Var)) and node.name.upper() == "DEFAULT":
        return _default(binder.context, column)
    return assign(binder.bind(node), column, binder.script, node)


def _merged_row(context: Context, table: TableSchema, merge: Merge, scope: Scope) -> tuple[tuple[str, exp.Expr], ...]:
    """What WHEN NOT MATCHED inserts, column by column in the table's order."""
    if not merge.insert_values:
        return ()
    named = _named_columns(context, table, merge.insert_columns, merge.table)
    _require_count(context, len(merge.insert_values), len(named), merge.insert_values[0])
    binder = Expressions(context, scope, SELECT)
    values = {
        column.name: _assigned(binder, column, node) for column, node in zip(named, merge.insert_values, strict=True)
    }
    return tuple(
        (column.name, (values.get(column.name) or _default(context, column)).node)
        for column in table.columns
        if not column.hidden and not _is_left_out(column, named)
    )
