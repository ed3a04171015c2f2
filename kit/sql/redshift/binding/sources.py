"""FROM: tables, views, subqueries, joins, unnested SUPER arrays.

A name is a common table, then a table along the search path. Views are expanded in place. Joins see the sources of
their own comma-separated item only.

Source: Amazon Redshift Database Developer Guide, "FROM clause", "Querying semistructured data", read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift import errors
from kit.sql.redshift.binding import names, outer_joins, pivots
from kit.sql.redshift.binding.common_tables import settle_all
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.expressions import ON, Expressions
from kit.sql.redshift.binding.predicates import compare
from kit.sql.redshift.binding.scope import Output, Scope, Source, SourceColumn, identifier
from kit.sql.redshift.binding.typed import Typed, call, typed
from kit.sql.redshift.dialect import parse_query, tokenize
from kit.sql.redshift.schema import TableSchema
from kit.sql.redshift.types import BIGINT, SUPER, Kind

_MAX_VIEW_DEPTH: Final = 32
_SIDES: Final = {"": None, "LEFT": "LEFT", "RIGHT": "RIGHT", "FULL": "FULL"}


@dataclass(frozen=True, slots=True)
class Item:
    """One source in the tree, and as names see it. `lateral`: it reads the sources before it."""

    node: exp.Expr
    source: Source
    lateral: bool = False


def bind_from(
    context: Context, select: exp.Select, scope: Scope, made: exp.Select, condition: exp.Expr | None
) -> list[exp.Expr]:
    """Put FROM and its joins into `made` and their names into `scope`; the conditions of WHERE that are left over.

    Conditions marked `(+)` become outer joins.
    """
    from_ = select.args.get("from_")
    remaining = _conjuncts(condition)
    if from_ is None:
        return remaining
    joins = select.args.get("joins") or []
    marked = [part for part in remaining if outer_joins.is_marked(part)]
    if marked:
        rest = [part for part in remaining if not outer_joins.is_marked(part)]
        items = [from_.this, *(join.this for join in joins)]
        if any(not _is_comma(join) for join in joins):
            raise errors.unsupported("(+) together with JOIN", context.script, marked[0], "Use one of the two.")
        bound = [_listed(context, scope, item) for item in items]
        outer_joins.arrange(context, scope, made, [(item.node, item.source) for item in bound], marked)
        return rest
    first = _listed(context, scope, from_.this)
    made.set("from_", exp.From(this=first.node))
    bound_joins: list[exp.Expr] = []
    start = 0
    for join in joins:
        if _is_comma(join):
            start = len(scope.sources)
        bound_joins.append(_join(context, scope, join, start))
    if bound_joins:
        made.set("joins", bound_joins)
    return remaining


def bind_item(context: Context, scope: Scope, item: exp.Expr) -> exp.Expr:
    """One item of a FROM clause for the tree, its names put into `scope`."""
    return _listed(context, scope, item).node


def _conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    if condition is None:
        return []
    found: list[exp.Expr] = []
    current = condition
    while isinstance(current, exp.And):
        found.append(current.expression)
        current = current.this
    found.append(current)
    return found[::-1]


def _is_comma(join: exp.Join) -> bool:
    return not any(join.args.get(part) for part in ("on", "using", "side", "kind", "method"))


def _listed(context: Context, scope: Scope, item: exp.Expr) -> Item:
    """Bind an item and add it to the scope."""
    bound = _item(context, scope, item)
    if isinstance(bound, list):
        return bound[0]
    _add(context, scope, bound.source, item)
    return bound


def _add(context: Context, scope: Scope, source: Source, at: exp.Expr) -> None:
    if source.name and any(other.name == source.name for other in scope.sources):
        raise errors.error(
            errors.DUPLICATE_ALIAS, f'table name "{source.name}" specified more than once', context.script, at
        )
    scope.sources.append(source)


def _join(context: Context, scope: Scope, join: exp.Join, start: int) -> exp.Join:
    side, kind, method = (str(join.args.get(part) or "").upper() for part in ("side", "kind", "method"))
    if side not in _SIDES or kind not in {"", "INNER", "OUTER", "CROSS"} or method not in {"", "NATURAL"}:
        words = " ".join(word for word in (method, side, kind, "JOIN") if word)
        raise errors.unsupported(words, context.script, join)
    if isinstance(join.this, exp.Lateral):
        raise errors.unsupported("LATERAL", context.script, join.this, "Use a join or a window function.")
    before = len(scope.sources)
    bound = _listed(context, scope, join.this)
    if _is_comma(join):
        return exp.Join(this=bound.node, kind="CROSS") if bound.lateral else exp.Join(this=bound.node)
    visible = Scope(scope.parent, scope.sources[start:], scope.merged, scope.environment)
    on = _condition(context, scope, visible, join, before, start)
    if on is None and kind != "CROSS" and not bound.lateral:
        raise errors.syntax(context.script, join, hint="JOIN needs ON, USING or NATURAL.")
    return exp.Join(this=bound.node, on=on, side=_SIDES[side], kind="CROSS" if on is None and not side else None)


def _condition(
    context: Context, scope: Scope, visible: Scope, join: exp.Join, before: int, start: int
) -> exp.Expr | None:
    """The join's condition, USING and NATURAL written out."""
    on = join.args.get("on")
    if on is not None:
        return Expressions(context, visible, ON).boolean(on)
    using = join.args.get("using")
    left, right = scope.sources[start:before], scope.sources[before:]
    if using:
        columns = [context.fold(name) for name in using]
    elif str(join.args.get("method") or "").upper() == "NATURAL":
        there = {column.name for source in right for column in source.visible}
        columns = [
            name for name in dict.fromkeys(column.name for source in left for column in source.visible) if name in there
        ]
    else:
        return None
    made: exp.Expr | None = None
    side = str(join.args.get("side") or "").upper()
    for name in columns:
        pair = _merge(context, scope, visible, name, left, right, side, join)
        made = pair if made is None else exp.And(this=made, expression=pair)
    return made


def _merge(
    context: Context,
    scope: Scope,
    visible: Scope,
    name: str,
    left: list[Source],
    right: list[Source],
    side: str,
    at: exp.Expr,
) -> exp.Expr:
    """Equality of a column that both sides have; from then on the name means both."""
    binder = Expressions(context, visible, ON)
    first = scope.merged.get(name) or _only(binder, name, left, "left", at)
    second = _only(binder, name, right, "right", at)
    condition = compare(binder, exp.EQ, _again(first), _again(second), at)
    if side == "RIGHT":
        scope.merged[name] = second
    elif side == "FULL":
        both = call("coalesce", _again(first).node, _again(second).node)
        scope.merged[name] = typed(both, first.type, blanks=first.blanks or second.blanks)
    else:
        scope.merged[name] = first
    return condition


def _again(value: Typed) -> Typed:
    node = value.node.copy()
    node.type = value.node.type
    return Typed(node, value.type, value.blanks)


def _only(binder: Expressions, name: str, sources: list[Source], which: str, at: exp.Expr) -> Typed:
    found = [(source, column) for source in sources if (column := source.find(name)) is not None]
    if not found:
        raise errors.error(
            errors.UNDEFINED_COLUMN,
            f'column "{name}" specified in USING clause does not exist in {which} table',
            binder.script,
            at,
        )
    if len(found) > 1:
        raise binder.error(
            errors.AMBIGUOUS_COLUMN, f'common column name "{name}" appears more than once in {which} table', at
        )
    source, column = found[0]
    return source.take(column)


def _item(context: Context, scope: Scope, item: exp.Expr) -> Item | list[Item]:
    match item:
        case exp.Table():
            return _with_pivots(context, scope, item, _table(context, scope, item))
        case exp.Subquery() if isinstance(item.this, exp.Table):
            return [_joined(context, scope, item)]
        case exp.Subquery():
            return _with_pivots(context, scope, item, _subquery(context, scope, item))
        case exp.Pivot() if item.args.get("unpivot"):
            return _unnested(context, scope, item.this, attributes=True)
        case exp.AtIndex() | exp.Alias():
            return _unnested(context, scope, item, attributes=False)
        case exp.Lateral():
            raise errors.unsupported("LATERAL", context.script, item, "Use a join or a window function.")
        case exp.Unnest() if len(item.expressions) == 1:
            alias = item.args.get("alias")
            path = item.expressions[0]
            # sqlglot takes the name for the column's, not the table's.
            listed = [alias.this, *(alias.args.get("columns") or ())] if alias is not None else []
            name = next((part for part in listed if part is not None), None)
            named = exp.Alias(this=path.copy(), alias=name.copy()) if name is not None else path
            return _unnested(context, scope, named, attributes=False)
        case _:
            raise errors.unsupported("This item of a FROM clause", context.script, item)


def _joined(context: Context, scope: Scope, item: exp.Subquery) -> Item:
    """`(a JOIN b ON …)`: the joins stay in parentheses, the names are the block's."""
    if item.alias:
        raise errors.unsupported("An alias for a join in parentheses", context.script, item)
    table = item.this.copy()
    joins = table.args.pop("joins", None) or []
    inner = Scope(scope.parent, environment=scope.environment)
    first = _listed(context, inner, table)
    bound = [_join(context, inner, join, 0) for join in joins]
    for source in inner.sources:
        _add(context, scope, source, item)
    scope.merged.update(inner.merged)
    node = first.node
    node.set("joins", bound)
    return Item(exp.Paren(this=node), first.source)


def _table(context: Context, scope: Scope, item: exp.Table) -> Item:
    if item.args.get("sample"):
        raise errors.unsupported("TABLESAMPLE", context.script, item)
    if item.args.get("only") or item.args.get("version") or item.args.get("when"):
        raise errors.unsupported("This form of a table reference", context.script, item)
    if not isinstance(item.this, exp.Identifier):
        what = f"The table function {item.this.name.upper()}" if isinstance(item.this, exp.Func) else "This table"
        raise errors.unsupported(what, context.script, item, "Redshift has no table functions.")
    parts = [context.fold(part) for part in item.parts]
    if _is_array(scope, parts):
        column = exp.Column(**dict(zip(("this", "table", "db", "catalog"), reversed(item.parts), strict=False)))
        column = exp.Column(**{key: value.copy() for key, value in column.args.items()})
        alias = item.args.get("alias")
        wrapped = exp.Alias(this=column, alias=alias.this.copy()) if alias is not None else column
        return _unnested(context, scope, wrapped, attributes=False)
    if len(parts) == 1 and parts[0] in scope.environment:
        return _common_table(context, scope, item, parts[0])
    schema = find_table(context, parts, item)
    if schema.view_text:
        return _view(context, scope, item, schema)
    alias = context.unique(_alias(context, item) or schema.name)
    node = exp.Table(
        this=identifier(schema.name), db=identifier(schema.schema), alias=exp.TableAlias(this=identifier(alias))
    )
    columns = tuple(
        SourceColumn(
            column.name,
            alias,
            column.name,
            column.type,
            column.has_trailing_blanks and column.type.kind is Kind.VARCHAR,
            column.hidden,
        )
        for column in schema.columns
    )
    name = _alias(context, item) or schema.name
    source = Source(name, _renamed(context, item, columns), schema.schema if not _alias(context, item) else None)
    context.found.tables.setdefault((schema.schema, schema.name), []).append(source)
    return Item(node, source)


def _is_array(scope: Scope, parts: list[str]) -> bool:
    """Whether a name in FROM is a path into a source before it."""
    before = next((source for source in scope.sources if source.name == parts[0]), None)
    if before is None:
        return False
    return len(parts) > 1 or before.element is not None


def _alias(context: Context, item: exp.Expr) -> str:
    alias = item.args.get("alias")
    return context.fold(alias.this) if alias is not None and alias.this is not None else ""


def _renamed(context: Context, item: exp.Expr, columns: tuple[SourceColumn, ...]) -> tuple[SourceColumn, ...]:
    """The columns under the names of `AS t(a, b)`."""
    alias = item.args.get("alias")
    listed = [context.fold(name) for name in alias.args.get("columns") or ()] if alias is not None else []
    if len(listed) > len(columns):
        raise errors.error(
            errors.INVALID_COLUMN_REFERENCE,
            f'table "{_alias(context, item)}" has {len(columns)} columns available but {len(listed)} columns specified',
            context.script,
            item,
        )
    made = [
        SourceColumn(name, column.alias, column.physical, column.type, column.blanks, column.hidden)
        for name, column in zip(listed, columns, strict=False)
    ]
    return (*made, *columns[len(made) :])


def find_table(context: Context, parts: list[str], at: errors.Place) -> TableSchema:
    """The table that a name of one to three parts means; raises 42P01 or 3F000."""
    name = parts[-1]
    if len(parts) == 1:
        for schema in context.search_path:
            found = context.schemas.table(schema, name)
            if found is not None:
                return found
        candidates = [table for schema in context.search_path for table in context.schemas.tables(schema)]
        raise errors.relation_missing(name, context.script, at, candidates)
    schema = _own_temporary(context, parts[-2])
    found = context.schemas.table(schema, name)
    if found is not None:
        return found
    known = context.schemas.schemas()
    if schema not in known:
        raise errors.error(
            errors.UNDEFINED_SCHEMA,
            f'schema "{schema}" does not exist',
            context.script,
            at,
            errors.did_you_mean(schema, known),
        )
    raise errors.relation_missing(f"{schema}.{name}", context.script, at, context.schemas.tables(schema))


def _own_temporary(context: Context, schema: str) -> str:
    """`pg_temp` is the schema of the session's own temporary tables, whatever that is called: `pg_temp_…`."""
    if schema != "pg_temp":
        return schema
    return next((each for each in context.search_path if each.startswith("pg_temp")), schema)


def _common_table(context: Context, scope: Scope, item: exp.Table, name: str) -> Item:
    table = scope.environment[name]
    alias = context.unique(_alias(context, item) or name)
    node = exp.Table(this=identifier(table.alias), alias=exp.TableAlias(this=identifier(alias)))
    columns = _columns(alias, table.columns)
    return Item(node, Source(_alias(context, item) or name, _renamed(context, item, columns)))


def _columns(alias: str, outputs: tuple[Output, ...]) -> tuple[SourceColumn, ...]:
    return tuple(SourceColumn(output.name, alias, output.physical, output.type, output.blanks) for output in outputs)


def _subquery(context: Context, scope: Scope, item: exp.Subquery) -> Item:
    if not isinstance(item.this, exp.Query) or isinstance(item.this, exp.Values):
        raise errors.unsupported("VALUES as a table", context.script, item, "Write SELECT … UNION ALL SELECT ….")
    block = context.bind_query(item.this, scope.parent, scope.environment)
    settle_all(block)
    return _derived(context, item, block.tree, block.outputs, _alias(context, item))


def _derived(context: Context, item: exp.Expr, tree: exp.Query, outputs: tuple[Output, ...], name: str) -> Item:
    alias = context.unique(name or "subquery")
    node = exp.Subquery(this=tree, alias=exp.TableAlias(this=identifier(alias)))
    return Item(node, Source(name, _renamed(context, item, _columns(alias, outputs))))


def _view(context: Context, scope: Scope, item: exp.Table, view: TableSchema) -> Item:
    """A view's query in its place; its errors speak of the view, since its text is not the user's statement."""
    del scope
    name = f"{view.schema}.{view.name}"
    if name in context.view_stack or len(context.view_stack) >= _MAX_VIEW_DEPTH:
        raise errors.error(
            errors.INVALID_RECURSION, f'infinite recursion detected in view "{name}"', context.script, item
        )
    outer = context.script, context.search_path, context.view_stack
    try:
        context.script = view.view_text
        context.search_path = view.view_path or context.search_path
        context.view_stack = (*context.view_stack, name)
        block = context.bind_query(parse_query(tokenize(view.view_text), view.view_text), None, {})
        settle_all(block)
    except KitError as error:
        context.script = outer[0]
        raise errors.error(
            error.code, f'{error.message} (in view "{name}")', context.script, item, error.hint
        ) from error
    finally:
        context.script, context.search_path, context.view_stack = outer
    outputs = tuple(
        Output(new, output.physical, output.type, output.blanks)
        for new, output in zip(
            (*view.view_columns, *(output.name for output in block.outputs[len(view.view_columns) :])),
            block.outputs,
            strict=True,
        )
    )
    return _derived(context, item, block.tree, outputs, _alias(context, item) or view.name)


def _with_pivots(context: Context, scope: Scope, item: exp.Expr, bound: Item) -> Item:
    found = item.args.get("pivots") or []
    if len(found) > 1:
        raise errors.unsupported("PIVOT of a PIVOT", context.script, found[1], "Put the first into a subquery.")
    for pivot in found:
        alias = pivot.args.get("alias")
        name = context.fold(alias.this) if alias is not None else ""
        node, columns = pivots.bind(context, scope, bound.node, bound.source, pivot, context.unique(name or "pivot"))
        return Item(node, Source(name, columns))
    return bound


def _unnested(context: Context, scope: Scope, item: exp.Expr, *, attributes: bool) -> Item:
    """`t.items AS i AT n` over an array, `UNPIVOT t.object AS value AT name` over an object."""
    at = item.expression if isinstance(item, exp.AtIndex) else None
    named = item.this if isinstance(item, exp.AtIndex) else item
    path = named.this if isinstance(named, exp.Alias) else named
    value = Expressions(context, scope, ON).bind(path)
    if value.type.kind is not Kind.SUPER:
        raise errors.error(
            errors.DATATYPE_MISMATCH,
            f"cannot unnest type {value.type.name}: only SUPER has elements",
            context.script,
            path,
        )
    if isinstance(named, exp.Alias):
        name = context.fold(named.args["alias"])
    else:
        found = names.path_of(path)
        assert found is not None
        name = context.fold(found.names[-1])
    alias = context.unique(name)
    elements, keys = ("rs_super_values", "rs_super_keys") if attributes else ("rs_super_elements", "rs_super_indexes")
    again = value.node.copy()
    selected: list[exp.Expr] = [_aliased(call("unnest", call(elements, value.node)), name)]
    element = SourceColumn(name, alias, name, SUPER, False)
    columns = [element]
    if at is not None:
        index = context.fold(at)
        selected.append(_aliased(call("unnest", call(keys, again)), index))
        kind = SUPER if attributes else BIGINT
        columns.append(SourceColumn(index, alias, index, kind, False))
    inner = exp.Select(expressions=selected)
    node = exp.Lateral(this=exp.Subquery(this=inner), alias=exp.TableAlias(this=identifier(alias)))
    return Item(node, Source(name, tuple(columns), element=element), lateral=True)


def _aliased(node: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=node, alias=identifier(name))
