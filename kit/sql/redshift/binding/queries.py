"""Queries: WITH, set operations, and the clauses of a SELECT in the order in which SQL evaluates them.

Source: Amazon Redshift Database Developer Guide, "SELECT", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion, common_tables, grouping, hierarchies, sources
from kit.sql.redshift.binding.blocks import Block, projection
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.expressions import (
    HAVING,
    LIMIT,
    ORDER_BY,
    QUALIFY,
    WHERE,
    Expressions,
    Seen,
)
from kit.sql.redshift.binding.ordering import null_order
from kit.sql.redshift.binding.projections import Projection, bind_projections
from kit.sql.redshift.binding.scope import CommonTable, Output, Scope, identifier
from kit.sql.redshift.binding.typed import Typed, typed
from kit.sql.redshift.types import UNKNOWN


def bind_query(
    context: Context,
    query: exp.Expr,
    parent: Scope | None = None,
    environment: Mapping[str, CommonTable] | None = None,
) -> Block:
    """A query and what it yields. `parent` is the block that it may refer to; its common tables are visible."""
    visible = environment if environment is not None else (parent.environment if parent is not None else {})
    clauses: list[exp.CTE] = []
    with_ = query.args.get("with_")
    if with_ is not None:
        visible, clauses = common_tables.bind_with(context, with_, parent, visible)
    match query:
        case exp.Select():
            block = _select(context, query, parent, visible)
        case exp.SetOperation():
            block = _set_operation(context, query, parent, visible)
        case exp.Subquery() if isinstance(query.this, exp.Query):
            block = _parenthesised(context, query, parent, visible)
        case _:
            raise errors.unsupported("VALUES as a table", context.script, query)
    if clauses and with_ is not None:
        own = block.tree.args.get("with_")
        inner = list(own.expressions) if own is not None else []
        recursive = any(part.args.get("recursive") for part in (with_, own) if part is not None)
        block.tree.set("with_", exp.With(expressions=[*clauses, *inner], recursive=recursive or None))
    return block


def _parenthesised(
    context: Context, query: exp.Subquery, parent: Scope | None, visible: Mapping[str, CommonTable]
) -> Block:
    """`(SELECT …) ORDER BY … LIMIT …`: what follows the parentheses wraps what is in them."""
    block = bind_query(context, query.this, parent, visible)
    if not any(query.args.get(part) for part in ("order", "limit", "offset")):
        return block
    if any(block.tree.args.get(part) for part in ("order", "limit", "offset")):
        block.wrap()
    _order_and_limit(context, block, query, parent, visible)
    return block


def _select(context: Context, select: exp.Select, parent: Scope | None, visible: Mapping[str, CommonTable]) -> Block:
    scope = Scope(parent, environment=visible)
    made = exp.Select()
    where = select.args.get("where")
    condition = where.this if where is not None else None
    remaining = sources.bind_from(context, select, scope, made, condition)
    prior = hierarchies.bind_connect(context, select, scope, made)
    in_where = Expressions(context, scope, WHERE, prior=prior)
    conditions = [in_where.boolean(part) for part in remaining]
    if conditions:
        made.set("where", exp.Where(this=_all(conditions)))
    seen = Seen()
    listed = bind_projections(context, select, scope, seen, prior)
    keys = _bind_grouping(context, select, scope, made, listed, seen)
    _bind_qualify(context, select, scope, made, listed, seen)
    _bind_distinct(context, select, made, listed)
    made.set("expressions", [projection(item.value.node, item.physical) for item in listed])
    _bind_order(context, select, scope, made, listed, seen)
    _bind_limit(context, select, scope, made)
    if keys is not None or seen.aggregates:
        grouping.apply(context, scope, made, keys or grouping.Keys(), listed)
    outputs = tuple(Output(item.name, item.physical, item.value.type, item.value.blanks) for item in listed)
    return Block(context, made, outputs)


def _all(conditions: Sequence[exp.Expr]) -> exp.Expr:
    made = conditions[0] if len(conditions) == 1 else _closed(conditions[0])
    for condition in conditions[1:]:
        made = exp.And(this=made, expression=_closed(condition))
    return made


def _closed(condition: exp.Expr) -> exp.Expr:
    return exp.Paren(this=condition) if isinstance(condition, exp.Or) else condition


def _bind_grouping(
    context: Context,
    select: exp.Select,
    scope: Scope,
    made: exp.Select,
    listed: list[Projection],
    seen: Seen,
) -> grouping.Keys | None:
    keys: grouping.Keys | None = None
    group = select.args.get("group")
    if group is not None:
        keys = grouping.bind_group(context, group, scope, listed)
        made.set("group", exp.Group(expressions=keys.terms))
    having = select.args.get("having")
    if having is not None:
        binder = Expressions(context, scope, HAVING, seen=seen)
        made.set("having", exp.Having(this=binder.boolean(having.this)))
        seen.aggregates = True
    return keys


def _bind_qualify(
    context: Context, select: exp.Select, scope: Scope, made: exp.Select, listed: list[Projection], seen: Seen
) -> None:
    qualify = select.args.get("qualify")
    if qualify is None:
        return
    aliases = {item.name: item.alias for item in listed if item.alias is not None}
    binder = Expressions(context, scope, QUALIFY, aliases, seen)
    made.set("qualify", exp.Qualify(this=binder.boolean(qualify.this)))
    if not seen.windows:
        raise binder.error(
            errors.WINDOWING, "QUALIFY clause must contain a window function", qualify, "Use WHERE or HAVING."
        )


def _bind_distinct(context: Context, select: exp.Select, made: exp.Select, listed: list[Projection]) -> None:
    distinct = select.args.get("distinct")
    if distinct is None:
        return
    if distinct.args.get("on") is not None:
        raise errors.unsupported("DISTINCT ON", context.script, distinct, "Use QUALIFY ROW_NUMBER() OVER (…) = 1.")
    for item in listed:
        item.value = Typed(coercion.trimmed(item.value), item.value.type, False)
    made.set("distinct", exp.Distinct())


def _bind_order(
    context: Context, select: exp.Select, scope: Scope, made: exp.Select, listed: list[Projection], seen: Seen
) -> None:
    order = select.args.get("order")
    if order is None:
        return
    binder = Expressions(context, scope, ORDER_BY, seen=seen)
    terms: list[exp.Expr] = []
    for term in order.expressions:
        value = _position(binder, term, [(item.name, item.physical, item.value) for item in listed])
        if value is None:
            value = coercion.settle(binder.bind(term.this))
            if select.args.get("distinct") is not None:
                value = _listed(value, listed)
                if value is None:
                    raise binder.error(
                        errors.INVALID_COLUMN_REFERENCE,
                        "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
                        term,
                    )
        terms.append(null_order(term, value))
    made.set("order", exp.Order(expressions=terms))


def _listed(value: Typed, listed: Sequence[Projection]) -> Typed | None:
    wanted = coercion.trimmed(value)
    for item in listed:
        if item.value.node == wanted:
            return _output(item.physical, item.value)
    return None


def _output(physical: str, value: Typed) -> Typed:
    """The output column of that name; where blanks must go, the expression, which an alias in it would hide."""
    if value.blanks:
        node = value.node.copy()
        node.type = value.node.type
        return Typed(node, value.type, value.blanks)
    return Typed(exp.Column(this=identifier(physical)), value.type, False)


def _position(binder: Expressions, term: exp.Ordered, columns: Sequence[tuple[str, str, Typed]]) -> Typed | None:
    """The output column that an ORDER BY term names, by its number or its name."""
    node = term.this
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdecimal():
        index = int(node.name)
        if not 1 <= index <= len(columns):
            raise binder.error(
                errors.INVALID_COLUMN_REFERENCE, f"ORDER BY position {index} is not in select list", node
            )
        return _output(*columns[index - 1][1:])
    if isinstance(node, (exp.Literal, exp.Null)):
        raise binder.error(errors.SYNTAX_ERROR, "non-integer constant in ORDER BY", node)
    if not (isinstance(node, exp.Column) and not node.table and isinstance(node.this, exp.Identifier)):
        return None
    name = binder.context.fold(node.this)
    matches = [column for column in columns if column[0] == name]
    if not matches:
        return None
    if any(match[2].node != matches[0][2].node for match in matches[1:]):
        raise binder.error(errors.AMBIGUOUS_COLUMN, f'ORDER BY "{name}" is ambiguous', node)
    return _output(*matches[0][1:])


def _bind_limit(context: Context, query: exp.Query, scope: Scope, made: exp.Query) -> None:
    binder = Expressions(context, scope, LIMIT)
    limit = query.args.get("limit")
    if limit is not None:
        if isinstance(limit, exp.Fetch):
            raise binder.unsupported("FETCH FIRST", limit, "Use LIMIT.")
        count = limit.expression
        is_all = isinstance(count, (exp.Column, exp.Var)) and count.name.upper() == "ALL"
        if not is_all and not isinstance(count, exp.Null):
            made.set("limit", exp.Limit(expression=_count(binder, count, "LIMIT")))
    offset = query.args.get("offset")
    if offset is not None:
        made.set("offset", exp.Offset(expression=_count(binder, offset.expression, "OFFSET")))


def _count(binder: Expressions, node: exp.Expr, what: str) -> exp.Expr:
    """A constant number of rows."""
    if isinstance(node, exp.Neg):
        raise binder.error(errors.INVALID_PARAMETER_VALUE, f"{what} must not be negative", node)
    value = binder.bind(node)
    if not value.type.is_integer:
        raise binder.error(errors.DATATYPE_MISMATCH, f"argument of {what} must be type integer", node)
    return value.node


def _set_operation(
    context: Context, query: exp.SetOperation, parent: Scope | None, visible: Mapping[str, CommonTable]
) -> Block:
    branches = _branches(query)
    for branch, operation in branches:
        if isinstance(operation, (exp.Intersect, exp.Except)) and not operation.args.get("distinct", True):
            raise errors.unsupported(f"{type(operation).__name__.upper()} ALL", context.script, branch)
    first, *rest = [bind_query(context, branch, parent, visible) for branch, _ in branches]
    for (branch, _), block in zip(branches[1:], rest, strict=True):
        if len(block.outputs) != len(first.outputs):
            name = type(query).__name__.upper()
            raise errors.error(
                errors.SYNTAX_ERROR,
                f"each {name} query must have the same number of columns",
                context.script,
                branch,
            )
    blocks = [first, *rest]
    distinct = any(operation.args.get("distinct") for _, operation in branches[1:] if operation is not None)
    _align(context, query, blocks, distinct=distinct)
    tree: exp.Query = _branch_tree(blocks[0].tree)
    for (_, operation), block in zip(branches[1:], blocks[1:], strict=True):
        assert operation is not None
        tree = type(operation)(
            this=tree, distinct=bool(operation.args.get("distinct", True)), expression=_branch_tree(block.tree)
        )
    block = Block(context, tree, blocks[0].outputs)
    _order_and_limit(context, block, query, parent, visible)
    return block


def _branches(query: exp.SetOperation) -> list[tuple[exp.Expr, exp.SetOperation | None]]:
    """The operands of a left-deep chain of one kind of operation, each with the operation before it."""
    found: list[tuple[exp.Expr, exp.SetOperation | None]] = []
    current: exp.Expr = query
    while isinstance(current, exp.SetOperation) and (current is query or not _is_closed(current)):
        found.append((current.expression, current))
        current = current.this
    found.append((current, None))
    return found[::-1]


def _is_closed(query: exp.SetOperation) -> bool:
    return any(query.args.get(part) for part in ("with_", "order", "limit", "offset"))


def _branch_tree(tree: exp.Query) -> exp.Query:
    """A branch as an operand: in parentheses where it has an order, a limit or an operation of its own."""
    if isinstance(tree, exp.Select) and not any(tree.args.get(part) for part in ("order", "limit", "offset", "with_")):
        return tree
    return exp.Subquery(this=tree)


def _align(context: Context, query: exp.SetOperation, blocks: list[Block], *, distinct: bool) -> None:
    """Give every branch's columns their common types; a set operation that compares rows ignores trailing blanks."""
    name = type(query).__name__.upper()
    compares = distinct or not isinstance(query, exp.Union)
    for index, output in enumerate(blocks[0].outputs):
        values = [block.column(index) for block in blocks]
        kinds = [value.type for value in values]
        try:
            target = coercion.common(kinds)
        except coercion.IncompatibleError:
            other = next(kind for kind in kinds if kind.kind is not kinds[0].kind and kind is not UNKNOWN)
            raise errors.error(
                errors.DATATYPE_MISMATCH,
                f"{name} types {kinds[0].name} and {other.name} cannot be matched",
                context.script,
                query,
            ) from None
        if target is UNKNOWN or target.is_text:
            target = coercion.common([coercion.settle(value).type for value in values])
        for block, value in zip(blocks, values, strict=True):
            converted = coercion.explicit(value, target, context.script)
            if compares:
                converted = Typed(coercion.trimmed(converted), target, False)
            if converted.node is not value.node:
                block.convert(index, converted)
        blanks = any(block.outputs[index].blanks for block in blocks)
        made = Output(output.name, blocks[0].outputs[index].physical, target, blanks)
        blocks[0].outputs = (*blocks[0].outputs[:index], made, *blocks[0].outputs[index + 1 :])


def _order_and_limit(
    context: Context, block: Block, query: exp.Query, parent: Scope | None, visible: Mapping[str, CommonTable]
) -> None:
    """ORDER BY and LIMIT after a set operation, which know the answer's columns only."""
    scope = Scope(parent, environment=visible)
    order = query.args.get("order")
    if order is not None:
        binder = Expressions(context, scope, ORDER_BY)
        columns = [
            (output.name, output.physical, typed(exp.Column(this=identifier(output.physical)), output.type))
            for output in block.outputs
        ]
        terms: list[exp.Expr] = []
        for term in order.expressions:
            value = _position(binder, term, columns)
            if value is None:
                if isinstance(term.this, exp.Column):
                    raise errors.column_missing(
                        term.this.name, (), context.script, term, [output.name for output in block.outputs]
                    )
                raise binder.error(
                    errors.NOT_SUPPORTED,
                    "ORDER BY on a UNION/INTERSECT/EXCEPT result must be on one of the result columns",
                    term,
                )
            terms.append(null_order(term, value))
        block.tree.set("order", exp.Order(expressions=terms))
    _bind_limit(context, query, scope, block.tree)
