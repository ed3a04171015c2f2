"""FROM: tables, views, WITH queries, subqueries, joins, UNNEST, LATERAL, samples; and what `*` stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp

from kit.base.errors import KitError, did_you_mean
from kit.sql.athena import types
from kit.sql.athena.coerce import coerce
from kit.sql.athena.dialect import query_tree
from kit.sql.athena.expression import AGGREGATE, WINDOW, Expr, Origin, exact
from kit.sql.athena.operators import compare
from kit.sql.athena.plan import (
    DerivedSource,
    FixedSource,
    From,
    Join,
    Leaf,
    Plan,
    Source,
    Uses,
    WithSource,
)
from kit.sql.athena.scope import Field, Scope, Visible
from kit.sql.athena.translation import CATALOG, Environment, Translation
from kit.sql.athena.types import BOOLEAN, UNKNOWN, Type, common_supertype, quote
from kit.sql.place import start_of
from kit.sql.relations import Relation

_SIDES: Final = {"LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN", "": "JOIN"}


@dataclass(frozen=True, slots=True)
class Relations:
    """What a FROM comes to: its text to be, and the columns that it offers. `source` is None without a FROM."""

    source: From | None
    visible: Sequence[Visible]

    @classmethod
    def of_from(cls, t: Translation, node: exp.Select, outer: Scope | None) -> Relations:
        clause = node.args.get("from_")
        if clause is None:
            if node.args.get("joins"):
                raise t.error("SYNTAX_ERROR", "mismatched input 'JOIN'", node)
            return cls(None, ())
        t.only(clause, "this")
        relations = _item(t, clause.this, Relations(None, ()), outer)
        for join in node.args.get("joins") or ():
            relations = _join(t, relations, join, outer)
        for lateral in node.args.get("laterals") or ():
            raise t.unsupported("LATERAL VIEW", lateral, "Use CROSS JOIN UNNEST.")
        return relations

    @classmethod
    def of_plan(cls, t: Translation, plan: Plan, alias: str) -> Relations:
        """A finished query as the only relation of another."""
        source = DerivedSource(plan, t.alias(alias), plan.fields)
        return cls(Leaf(source), visible_fields(t, source, "", ""))


def visible_fields(t: Translation, source: Source, qualifier: str, database: str) -> tuple[Visible, ...]:
    """The fields of a source as a scope sees them."""
    number = t.add(source)
    return tuple(
        Visible(field, f"{quote(source.alias)}.{quote(field.column)}", qualifier, database, ((number, index),))
        for index, field in enumerate(source.fields)
    )


# Items


def _item(t: Translation, node: exp.Expr, left: Relations, outer: Scope | None) -> Relations:
    """One item of a FROM; `left` is what stands before it, which UNNEST and LATERAL may name."""
    match node:
        case exp.Table():
            t.only(node, "this", "db", "catalog", "alias", "joins", "sample")
            relations = _table(t, node)
        case exp.Unnest():
            t.only(node, "expressions", "alias", "offset")
            return _unnest(t, node, left, outer)
        case exp.Lateral():
            t.only(node, "this", "alias")
            return _lateral(t, node, left, outer)
        case exp.Subquery() if isinstance(node.this, (exp.Table, exp.Unnest, exp.Lateral)) or _is_nested_join(node):
            t.only(node, "this", "joins", "alias", "sample")
            relations = _item(t, node.this, Relations(None, ()), outer)
        case exp.Subquery() | exp.Values():
            relations = _derived(t, node, outer)
        case _:
            raise t.unsupported(f"{type(node).__name__} in FROM", node)
    relations = _sampled(t, node, relations)
    for join in node.args.get("joins") or ():
        relations = _join(t, relations, join, outer)
    return relations


def _is_nested_join(node: exp.Subquery) -> bool:
    return isinstance(node.this, exp.Subquery) and bool(node.this.args.get("joins"))


def _alias(node: exp.Expr) -> tuple[str, list[str]]:
    alias = node.args.get("alias")
    if alias is None:
        return "", []
    return alias.name.lower(), [column.name for column in alias.args.get("columns") or ()]


def _table(t: Translation, node: exp.Table) -> Relations:
    if not isinstance(node.this, exp.Identifier):
        raise t.unsupported("A table function", node)
    name, database = node.name.lower(), node.db.lower()
    alias, columns = _alias(node)
    start = _start(node)
    environment = t.environment
    if not database and name in environment.withs:
        query = environment.withs[name]
        query.references += 1
        fields = tuple(
            replace(field, origins=tuple(_gated(origin, query) for origin in field.origins))
            for field in query.plan.fields
        )
        source: Source = WithSource(query, t.alias(alias or name), _renamed(t, fields, columns, node))
        return Relations(Leaf(source), visible_fields(t, source, alias or name, ""))
    if node.catalog and node.catalog.lower() != CATALOG:
        raise t.error(
            "CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' not found", start, f"The catalog is called {CATALOG}."
        )
    relation = t.relation(database or environment.database, name)
    if relation is None:
        raise _missing(t, database or environment.database, name, start)
    if relation.view_text:
        return _view(t, node, relation, alias or name, columns, start)
    scan = t.scan(relation, alias or name, start)
    scan.fields = _renamed(t, scan.fields, columns, node)
    return Relations(Leaf(scan), visible_fields(t, scan, alias or name, "" if alias else relation.database.lower()))


def _start(node: exp.Table) -> int:
    first = node.args.get("catalog") or node.args.get("db") or node.this
    return int(first.meta.get("start", 0))


def _gated(origin: Origin, gate: object) -> Origin:
    return replace(origin, gates=(*origin.gates, gate))


def _renamed(t: Translation, fields: Sequence[Field], columns: Sequence[str], at: exp.Expr) -> tuple[Field, ...]:
    """Fields under the names of a column alias list, hidden ones left alone."""
    if not columns:
        return tuple(fields)
    shown = sum(not field.hidden for field in fields)
    if len(columns) != shown:
        message = f"Column alias list has {len(columns)} entries but relation has {shown} columns"
        raise t.error("MISMATCHED_COLUMN_ALIASES", message, at)
    names = iter(columns)
    return tuple(
        field if field.hidden else replace(field, name=(name := next(names)).lower(), label=name) for field in fields
    )


def _missing(t: Translation, database: str, name: str, start: int) -> KitError:
    databases = t.schema.databases()
    if database not in databases:
        return t.error(
            "SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", start, did_you_mean(database, databases)
        )
    known = t.schema.relations(database)
    message = f"Table '{CATALOG}.{database}.{name}' does not exist"
    return t.error("TABLE_NOT_FOUND", message, start, did_you_mean(name, known))


def _view(
    t: Translation, node: exp.Table, relation: Relation, qualifier: str, columns: Sequence[str], start: int
) -> Relations:
    """A view, expanded in place: its query is read anew, in its own database and without the WITH queries around."""
    full = f"{relation.database}.{relation.name}".lower()
    shown = f"{CATALOG}.{full}"
    if full in t.environment.views:
        raise t.error("VIEW_IS_RECURSIVE", f"View '{shown}' is recursive", start)
    inside = Environment(
        text=relation.view_text,
        database=(relation.view_database or relation.database).lower(),
        views=(*t.environment.views, full),
        place=t.environment.place or t.place(start),
    )
    try:
        plan = t.query(query_tree(relation.view_text), None, inside)
        plan = _declared(t, plan, relation, shown, start)
    except KitError as error:
        if error.code == "VIEW_IS_STALE":
            raise
        message = f"Failed analyzing stored view '{shown}': {error.message}"
        raise t.error("INVALID_VIEW", message, start, error.hint) from error
    source = DerivedSource(plan, t.alias(qualifier), _renamed(t, plan.fields, columns, node))
    return Relations(Leaf(source), visible_fields(t, source, qualifier, relation.database.lower()))


def _declared(t: Translation, plan: Plan, relation: Relation, shown: str, start: int) -> Plan:
    """The view's query with the columns that the catalog has for it."""
    from kit.sql.athena.queries import coerced, renamed

    if not relation.columns:
        return plan
    kinds = [types.from_hive(column.type) for column in relation.columns]
    stale = f"View '{shown}' is stale or in invalid state"
    if len(kinds) != len(plan.fields):
        message = f"{stale}: it has {len(kinds)} columns stored and {len(plan.fields)} in its query"
        raise t.error("VIEW_IS_STALE", message, start)
    for position, (field, kind) in enumerate(zip(plan.fields, kinds, strict=True)):
        if not types.can_coerce(_storable(field.type), kind):
            stored, shown_name = relation.columns[position].name, field.label or field.column
            message = f"{stale}: column [{shown_name}] of type {field.type} projected from query view at position"
            message += f" {position} cannot be coerced to column [{stored}] of type {kind} stored in view definition"
            raise t.error("VIEW_IS_STALE", message, start)
    exact_kinds = [
        kind if types.can_coerce(field.type, kind) else field.type
        for field, kind in zip(plan.fields, kinds, strict=True)
    ]
    return renamed(t, coerced(t, plan, exact_kinds), [column.name for column in relation.columns], exp.Null())


def _storable(kind: Type) -> Type:
    """A type as Hive keeps it: timestamps have milliseconds there, and no zone."""
    if kind.name in ("timestamp", types.TIMESTAMP_TZ):
        return types.timestamp(3)
    return types.VARCHAR if kind.name in ("json", "uuid", "time", "unknown") or "interval" in kind.name else kind


def _derived(t: Translation, node: exp.Expr, outer: Scope | None) -> Relations:
    """A subquery in FROM, which sees nothing of what stands beside it."""
    alias, columns = _alias(node)
    inner = node
    if isinstance(node, exp.Subquery) and not any(node.args.get(key) for key in ("with_", "order", "limit", "offset")):
        t.only(node, "this", "alias", "joins", "sample")
        inner = node.this
    plan = t.query(inner, outer)
    source = DerivedSource(plan, t.alias(alias or "subquery"), _renamed(t, plan.fields, columns, node))
    return Relations(Leaf(source), visible_fields(t, source, alias, ""))


def _lateral(t: Translation, node: exp.Lateral, left: Relations, outer: Scope | None) -> Relations:
    alias, columns = _alias(node)
    query = node.this
    if not isinstance(query, exp.Subquery):
        raise t.unsupported("LATERAL of anything but a subquery", node)
    plan = t.query(query.this, Scope(left.visible, outer))
    source = DerivedSource(plan, t.alias(alias or "lateral"), _renamed(t, plan.fields, columns, node), lateral=True)
    for index in range(len(plan.fields)):
        plan.require(index)
    return Relations(Leaf(source), visible_fields(t, source, alias, ""))


def _sampled(t: Translation, node: exp.Expr, relations: Relations) -> Relations:
    sample = node.args.get("sample")
    if sample is None:
        return relations
    t.only(sample, "method", "percent")
    method = sample.args["method"].name.upper() if sample.args.get("method") is not None else ""
    percent = t.expression(sample.args["percent"], Scope(()))
    if method not in ("BERNOULLI", "SYSTEM") or not types.is_numeric(percent.type) or not percent.is_constant:
        raise t.error(
            "SYNTAX_ERROR", "mismatched input in TABLESAMPLE. Expecting: BERNOULLI or SYSTEM (percentage)", node
        )
    if not 0 <= percent.constant <= 100:
        raise t.error("INVALID_ARGUMENTS", "Sample percentage must be between 0 and 100", node)
    assert isinstance(relations.source, Leaf)
    visible = tuple(replace(item, field=replace(item.field, origins=())) for item in relations.visible)
    return Relations(
        replace(relations.source, sample=f" TABLESAMPLE {method} ({float(percent.constant)} PERCENT)"), visible
    )


# UNNEST


def _unnest(t: Translation, node: exp.Unnest, left: Relations, outer: Scope | None) -> Relations:
    """UNNEST of arrays and maps side by side, the shorter ones filled up with NULL, rows spread into columns."""
    alias, columns = _alias(node)
    scope = Scope(left.visible, outer)
    inner: list[str] = []
    projected: list[tuple[str, Type, str]] = []
    lengths: list[str] = []
    for argument in node.expressions:
        value = exact(t.expression(argument, scope))
        if value.flags & (AGGREGATE | WINDOW):
            raise t.error("EXPRESSION_NOT_SCALAR", "UNNEST cannot contain aggregations or window functions", argument)
        _spread(t, value, argument, inner, projected, lengths)
    offset = node.args.get("offset")
    if offset:
        longest = f"greatest({', '.join(lengths)})" if len(lengths) > 1 else lengths[0]
        inner.append(f"unnest(range(1, 1 + {longest})) AS kit_n")
        projected.append(("kit_n", types.BIGINT, ""))
        if isinstance(offset, exp.Identifier):
            columns = [*columns, offset.name]
    if columns and len(columns) != len(projected):
        message = f"Column alias list has {len(columns)} entries but '{alias}' has {len(projected)} columns available"
        raise t.error("MISMATCHED_COLUMN_ALIASES", message, node)
    names = columns or [name for _, _, name in projected]
    fields = tuple(
        Field(name.lower(), kind, f"c{index}", name)
        for index, ((_, kind, _), name) in enumerate(zip(projected, names, strict=True))
    )
    shown = ", ".join(sql for sql, _, _ in projected)
    lateral = "LATERAL " if left.source is not None else ""
    text = f"{lateral}(SELECT {shown} FROM (SELECT {', '.join(inner)}) AS kit_unnest)"
    source = FixedSource(text, t.alias(alias or "unnest"), fields)
    return Relations(Leaf(source), visible_fields(t, source, alias, ""))


def _spread(
    t: Translation,
    value: Expr,
    at: exp.Expr,
    inner: list[str],
    projected: list[tuple[str, Type, str]],
    lengths: list[str],
) -> None:
    """One argument of UNNEST: what it unnests, and the columns that come of it."""
    name = f"kit_u{len(inner)}"
    match value.type.name:
        case "map":
            inner.append(f"unnest(map_keys({value.sql})) AS {name}")
            inner.append(f"unnest(map_values({value.sql})) AS {name}v")
            projected.append((name, value.type.key, ""))
            projected.append((f"{name}v", value.type.value, ""))
            lengths.append(f"coalesce(cardinality({value.sql}), 0)")
        case "array":
            element = value.type.element
            inner.append(f"unnest({value.sql}) AS {name}")
            if element.name == "row":
                projected.extend(
                    (f"struct_extract({name}, '{inside.replace(chr(39), chr(39) * 2)}')", kind, field or "")
                    for inside, (field, kind) in zip(types.row_names(element), element.fields, strict=True)
                )
            else:
                projected.append((name, element, ""))
            lengths.append(f"coalesce(len({value.sql}), 0)")
        case _:
            raise t.mismatch(f"Cannot unnest type: {value.type}", at)


# Joins


def _join(t: Translation, left: Relations, node: exp.Join, outer: Scope | None) -> Relations:
    t.only(node, "this", "side", "kind", "on", "using", "method")
    if node.args.get("method"):
        if node.method == "NATURAL":
            raise t.unsupported("Natural join", node, "Use JOIN … USING (…).")
        raise t.unsupported(f"{node.method} JOIN", node)
    side, kind = node.side, node.kind
    if kind not in ("", "CROSS", "INNER", "OUTER") or (kind == "OUTER" and not side):
        raise t.unsupported(f"{kind} JOIN", node)
    right = _item(t, node.this, left, outer)
    assert left.source is not None, "a join has a left side"
    assert right.source is not None, "a join has a right side"
    on: exp.Expr | None = node.args.get("on")
    using: list[exp.Expr] | None = node.args.get("using")
    if on is None and not using:
        if side or kind == "INNER":
            raise t.error("SYNTAX_ERROR", "mismatched input after JOIN. Expecting: 'ON', 'USING'", node)
        return Relations(Join(left.source, right.source, "CROSS JOIN"), (*left.visible, *right.visible))
    if kind == "CROSS":
        raise t.error("SYNTAX_ERROR", "mismatched input after CROSS JOIN. A cross join has no condition", node)
    return _on(t, left, right, side, on, outer) if on is not None else _using(t, left, right, side, using or ())


def _on(t: Translation, left: Relations, right: Relations, side: str, on: exp.Expr, outer: Scope | None) -> Relations:
    assert left.source is not None, "a join has a left side"
    assert right.source is not None, "a join has a right side"
    visible = (*left.visible, *right.visible)
    condition = t.expression(on, Scope(visible, outer))
    if condition.type not in (BOOLEAN, UNKNOWN):
        raise t.mismatch(f"JOIN ON clause must evaluate to a boolean: actual type {condition.type}", on)
    if condition.flags & (AGGREGATE | WINDOW):
        message = "JOIN clause cannot contain aggregations, window functions or grouping operations"
        raise t.error("EXPRESSION_NOT_SCALAR", message, on)
    # A row that fails the condition is kept on the side that an outer join preserves.
    restricted = {"": visible, "LEFT": right.visible, "RIGHT": left.visible, "FULL": ()}[side]
    may = {origin for item in restricted for origin in item.field.origins}
    t.restrict({origin: domain for origin, domain in (condition.restricts or {}).items() if origin in may})
    return Relations(Join(left.source, right.source, _SIDES[side], condition.sql), visible)


def _using(t: Translation, left: Relations, right: Relations, side: str, names: Iterable[exp.Expr]) -> Relations:
    """Columns joined by USING come first, once, and belong to neither side any more."""
    assert left.source is not None, "a join has a left side"
    assert right.source is not None, "a join has a right side"
    merged: list[Visible] = []
    conditions: list[str] = []
    gone: set[int] = set()
    for identifier in names:
        name = identifier.name.lower()
        one, other = _only_one(t, left, name, identifier, "left"), _only_one(t, right, name, identifier, "right")
        kind = common_supertype(one.field.type, other.field.type)
        if kind is None:
            message = f"Column types are incompatible in USING: {one.field.type}, {other.field.type}"
            raise t.mismatch(message, identifier)
        pair = Expr(one.sql, one.field.type), Expr(other.sql, other.field.type)
        conditions.append(compare(t, "=", *pair, identifier).sql)
        a, b = coerce(Expr(one.sql, one.field.type), kind), coerce(Expr(other.sql, other.field.type), kind)
        sql = {"": a.sql, "LEFT": a.sql, "RIGHT": b.sql, "FULL": f"coalesce({a.sql}, {b.sql})"}[side]
        origins = (*one.field.origins, *other.field.origins) if kind in (one.field.type, other.field.type) else ()
        field = Field(name, kind, name, one.field.label, origins=origins)
        merged.append(Visible(field, sql, "", "", (*one.uses, *other.uses)))
        gone |= {id(one), id(other)}
    t.note(tuple(use for item in merged for use in item.uses))
    rest = (item for item in (*left.visible, *right.visible) if id(item) not in gone)
    source = Join(left.source, right.source, _SIDES[side], " AND ".join(conditions))
    return Relations(source, (*merged, *rest))


def _only_one(t: Translation, relations: Relations, name: str, at: exp.Expr, side: str) -> Visible:
    found = [item for item in relations.visible if item.field.name == name]
    if len(found) > 1:
        raise t.error("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", at)
    if not found:
        known = [item.field.name for item in relations.visible]
        message = f"Column '{name}' is missing from {side} side of join"
        raise t.error("COLUMN_NOT_FOUND", message, at, did_you_mean(name, known))
    return found[0]


# *


def star(t: Translation, node: exp.Expr, scope: Scope, relations: Relations) -> list[tuple[Expr, str, Uses]]:
    """The columns of `*`, `t.*` or `row.*`: expression, label and uses."""
    start = start_of(node) or 0
    if isinstance(node, exp.Star):
        t.only(node)
        if relations.source is None:
            raise t.error("COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", node)
        return [_starred(item, start) for item in relations.visible if not item.field.hidden]
    if isinstance(node, exp.Column) and not node.db:
        t.only(node.this)
        qualifier = node.table.lower()
        if scope.has_relation(qualifier):
            return [
                _starred(item, start)
                for item in relations.visible
                if item.qualifier == qualifier and not item.field.hidden
            ]
        value: exp.Expr = exp.Column(this=node.args["table"])
    elif isinstance(node, exp.Column):
        return _qualified_star(t, node, relations)
    else:
        value = node.this
    with t.collected() as uses:
        row = t.expression(value, scope)
    if row.type.name != "row":
        raise t.error("TABLE_NOT_FOUND", f"Unable to resolve reference {node.sql('trino').removesuffix('.*')}", node)
    from kit.sql.athena.expressions import row_field

    return [(row_field(row, i), name or "", tuple(uses)) for i, (name, _) in enumerate(row.type.fields)]


def _qualified_star(t: Translation, node: exp.Column, relations: Relations) -> list[tuple[Expr, str, Uses]]:
    table, database, start = node.table.lower(), node.db.lower(), start_of(node) or 0
    found = [
        _starred(item, start)
        for item in relations.visible
        if item.qualifier == table and item.database == database and not item.field.hidden
    ]
    if not found:
        raise t.error("TABLE_NOT_FOUND", f"Unable to resolve reference {database}.{table}", node)
    return found


def _starred(item: Visible, start: int) -> tuple[Expr, str, Uses]:
    expr = Expr(item.sql, item.field.type, ungrouped=start, origins=item.field.origins)
    return expr, item.field.label, item.uses
