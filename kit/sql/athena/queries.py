"""Queries: SELECT, VALUES, set operations, WITH, ORDER BY, LIMIT. From Trino's tree to a plan.

What decides about a query as a whole is here: which columns it has and what they are called, whether it is grouped and
then what may stand outside aggregates, what ORDER BY sees, which restrictions of its columns reach the tables below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp

from kit.sql.athena import types
from kit.sql.athena.coerce import coerce, common
from kit.sql.athena.expression import AGGREGATE, VOLATILE, WINDOW, Expr, exact
from kit.sql.athena.grouping import group_by
from kit.sql.athena.ordering import check_comparable, key_sql
from kit.sql.athena.plan import Item, Plan, SelectPlan, SetPlan, Uses, WithQuery
from kit.sql.athena.relations import Relations, star
from kit.sql.athena.scope import Field, Scope
from kit.sql.athena.translation import Environment, Translation
from kit.sql.athena.types import BOOLEAN, UNKNOWN, Type, common_supertype, duckdb_type, quote

_MODIFIERS: Final = ("with_", "order", "limit", "offset")


def query(t: Translation, node: exp.Expr, environment: Environment, outer: Scope | None) -> Plan:
    """The plan of a query of any kind."""
    match node:
        case exp.Select():
            return _select(t, node, environment, outer)
        case exp.SetOperation():
            return _set_operation(t, node, environment, outer)
        case exp.Values():
            return _values(t, node, outer)
        case exp.Subquery():
            return _parenthesized(t, node, environment, outer)
        case exp.Paren():
            return t.query(node.this, outer)
        case _:
            raise t.unsupported(f"A query that is a {type(node).__name__}", node)


# WITH


def with_queries(
    t: Translation, node: exp.Expr, environment: Environment, outer: Scope | None
) -> tuple[Environment, list[WithQuery]]:
    """The environment inside a query that has a WITH clause, and the clause's queries."""
    clause = node.args.get("with_")
    if clause is None:
        return environment, []
    queries: list[WithQuery] = []
    names: set[str] = set()
    for item in clause.expressions:
        if not isinstance(item, exp.CTE):
            raise t.unsupported("A function in WITH", item)
        t.only(item, "this", "alias")
        name = item.alias.lower()
        if name in names:
            raise t.error("DUPLICATE_NAMED_QUERY", f"WITH query name '{item.alias}' specified more than once", item)
        names.add(name)
        columns = [column.name for column in item.args["alias"].args.get("columns") or ()]
        if clause.args.get("recursive") and _names_itself(item, name):
            made = _recursive(t, item, name, columns, environment, outer)
        else:
            plan = t.query(item.this, outer, environment)
            made = WithQuery(t.alias(name), renamed(t, plan, columns, item))
        queries.append(made)
        environment = replace(environment, withs={**environment.withs, name: made})
    return environment, queries


def _names_itself(item: exp.CTE, name: str) -> bool:
    return any(not table.db and table.name.lower() == name for table in item.this.find_all(exp.Table))


def _recursive(
    t: Translation, item: exp.CTE, name: str, columns: Sequence[str], environment: Environment, outer: Scope | None
) -> WithQuery:
    """A query that reads itself: its first part gives the columns, the second is repeated until nothing is new."""
    union = item.this.unnest() if isinstance(item.this, exp.Subquery) else item.this
    if not isinstance(union, exp.Union):
        raise t.error("INVALID_RECURSIVE_REFERENCE", "Recursive WITH query must be a UNION of a base and a step", item)
    if not columns:
        raise t.error("MISSING_COLUMN_ALIASES", f"missing column aliases in recursive WITH query '{name}'", item)
    base = renamed(t, t.query(union.this, outer, environment), columns, item)
    for index in range(len(base.fields)):
        base.require(index)
    fields = tuple(replace(field, origins=()) for field in base.fields)
    made = WithQuery(t.alias(name), _Known(fields), recursive=True, references=1)
    inside = replace(environment, withs={**environment.withs, name: made})
    step = t.query(union.expression, outer, inside)
    for index, (one, other) in enumerate(zip(fields, step.fields, strict=False)):
        if not types.can_coerce(other.type, one.type):
            message = f"recursion step relation output type ({other.type}) is not coercible to"
            message += f" recursion base relation output type ({one.type}) at column {index + 1}"
            raise t.mismatch(message, item)
    if len(step.fields) != len(fields):
        raise t.mismatch("base and step relations of recursion have different numbers of fields", item)
    kinds = [field.type for field in fields]
    operator = "UNION" if union.args.get("distinct") else "UNION ALL"
    made.plan = SetPlan(base, coerced(t, step, kinds), operator, fields)
    return made


@dataclass(slots=True, eq=False)
class _Known:
    """What is known of a recursive query before its step is: the columns."""

    fields: Sequence[Field]

    def require(self, index: int) -> None:
        """All columns of a recursion are kept."""

    def sql(self) -> str:
        raise AssertionError("a recursive query is complete before it is rendered")


def renamed(t: Translation, plan: Plan, columns: Sequence[str], at: exp.Expr) -> Plan:
    """The plan with other names for its columns: `AS t (a, b)`."""
    if not columns:
        return plan
    if len(columns) != len(plan.fields):
        message = f"Column alias list has {len(columns)} entries but relation has {len(plan.fields)} columns"
        raise t.error("MISMATCHED_COLUMN_ALIASES", message, at)
    plan.fields = tuple(
        replace(field, name=name.lower(), label=name) for field, name in zip(plan.fields, columns, strict=True)
    )
    return plan


def coerced(t: Translation, plan: Plan, kinds: Sequence[Type]) -> Plan:
    """The plan with its columns converted to these types."""
    if all(field.type == kind for field, kind in zip(plan.fields, kinds, strict=True)):
        return plan
    relations = Relations.of_plan(t, plan, "kit_typed")
    items: list[Item] = []
    fields: list[Field] = []
    for visible, kind in zip(relations.visible, kinds, strict=True):
        field = visible.field
        same = duckdb_type(field.type) == duckdb_type(kind)
        value = coerce(Expr(visible.sql, field.type), kind)
        items.append(Item(value.sql, visible.uses))
        fields.append(replace(field, type=kind, origins=field.origins if same else ()))
    return SelectPlan(items, fields, t.use, relations.source)


# SELECT


def _select(t: Translation, node: exp.Select, environment: Environment, outer: Scope | None) -> Plan:
    if node.args.get("match"):
        raise t.unsupported("MATCH_RECOGNIZE", node.args["match"])
    t.only(
        node,
        "expressions",
        "from_",
        "joins",
        "where",
        "group",
        "having",
        "windows",
        "distinct",
        *_MODIFIERS,
        "laterals",
    )
    if not node.expressions:
        raise t.error("SYNTAX_ERROR", "mismatched input after SELECT. Expecting: '*', <expression>", node)
    environment, withs = with_queries(t, node, environment, outer)
    before, t.environment = t.environment, environment
    try:
        return _Select(t, node, outer, withs).plan()
    finally:
        t.environment = before


class _Select:
    """One SELECT while it is translated."""

    def __init__(self, t: Translation, node: exp.Select, outer: Scope | None, withs: Sequence[WithQuery]) -> None:
        self.t = t
        self.node = node
        self.withs = withs
        with t.collected() as uses:
            self.relations = Relations.of_from(t, node, outer)
            self.scope = Scope(self.relations.visible, outer, windows=self._windows())
            self.where = self._where()
        self.fixed: list[tuple[int, int]] = uses

    def plan(self) -> Plan:
        t, node = self.t, self.node
        distinct = node.args.get("distinct")
        if distinct is not None:
            t.only(distinct)
        with t.collected() as uses:
            grouping = group_by(t, node, self.scope)
        self.fixed += uses
        scope = replace(self.scope, groups=grouping.keys)
        columns = self._columns(scope)
        with t.collected() as uses:
            having = self._having(scope)
            order = self._order(scope, columns, distinct is not None)
        self.fixed += uses
        grouped = bool(grouping) or having is not None or any(c.expr.flags & AGGREGATE for c in (*columns, *order))
        if grouped:
            self._check_grouped([*((c.expr, c.node) for c in columns), *((o.expr, o.node) for o in order)], having)
        if distinct is not None:
            for column in columns:
                check_comparable(t, column.expr.type, column.node, "SELECT DISTINCT")
        fields = self._fields(columns, grouped)
        plan = SelectPlan(
            items=[Item(column.expr.sql, column.uses) for column in columns],
            fields=fields,
            use=t.use,
            source=self.relations.source,
            head="SELECT DISTINCT" if distinct is not None else "SELECT",
            withs=self.withs,
            keeps_all=distinct is not None or any(o.position is not None for o in order),
        )
        t.use(self.fixed)
        where = f" WHERE {self.where.sql}" if self.where is not None else ""
        tail = where + grouping.sql + (f" HAVING {having.sql}" if having is not None else "")
        return self._limited(plan, tail, order, fields)

    # Clauses

    def _windows(self) -> Mapping[str, exp.Window]:
        return {window.name.lower(): window for window in self.node.args.get("windows") or ()}

    def _where(self) -> Expr | None:
        clause = self.node.args.get("where")
        if clause is None:
            return None
        condition = self.t.expression(clause.this, self.scope)
        if condition.type not in (BOOLEAN, UNKNOWN):
            raise self.t.mismatch(f"WHERE clause must evaluate to a boolean: actual type {condition.type}", clause.this)
        if condition.flags & (AGGREGATE | WINDOW):
            message = "WHERE clause cannot contain aggregations, window functions or grouping operations"
            raise self.t.error(
                "EXPRESSION_NOT_SCALAR", message, clause.this, "Filter groups in HAVING, and windows in an outer query."
            )
        if condition.restricts:
            self.t.restrict(condition.restricts)
        return condition

    def _having(self, scope: Scope) -> Expr | None:
        clause = self.node.args.get("having")
        if clause is None:
            return None
        condition = self.t.expression(clause.this, scope)
        if condition.type not in (BOOLEAN, UNKNOWN):
            raise self.t.mismatch(
                f"HAVING clause must evaluate to a boolean: actual type {condition.type}", clause.this
            )
        if condition.flags & WINDOW:
            raise self.t.error(
                "NESTED_WINDOW", "HAVING clause cannot contain window functions or row pattern measures", clause.this
            )
        return condition

    def _columns(self, scope: Scope) -> list[_Column]:
        columns: list[_Column] = []
        for node in self.node.expressions:
            if node.is_star:
                columns.extend(self._star(node, scope))
                continue
            value, label = (node.this, node.alias) if isinstance(node, exp.Alias) else (node, _label(node))
            with self.t.collected() as uses:
                expr = exact(self.t.expression(value, scope))
            columns.append(_Column(expr, label, node, tuple(uses)))
        return columns

    def _star(self, node: exp.Expr, scope: Scope) -> list[_Column]:
        columns = []
        for expr, label, uses in star(self.t, node, scope, self.relations):
            grouped = replace(expr, sql=scope.groups[expr.sql], ungrouped=-1) if expr.sql in scope.groups else expr
            columns.append(_Column(grouped, label, node, uses))
        return columns

    def _order(self, scope: Scope, columns: Sequence[_Column], distinct: bool) -> list[_Key]:
        clause = self.node.args.get("order")
        if clause is None:
            return []
        outputs: dict[str, list[Expr]] = {}
        for column in columns:
            if column.label:
                same = outputs.setdefault(column.label.lower(), [])
                if all(expr.sql != column.expr.sql for expr in same):
                    same.append(column.expr)
        inside = replace(scope, outputs=outputs)
        keys = []
        for item in clause.expressions:
            key = self._key(item, inside, columns)
            position = next((i for i, c in enumerate(columns, 1) if c.expr.sql == key.expr.sql), None)
            if distinct and position is None:
                message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                raise self.t.error("EXPRESSION_NOT_IN_DISTINCT", message, item)
            if position is not None and (distinct or key.expr.flags & VOLATILE):
                key = replace(key, position=position)
            elif position is not None:
                self.t.note(columns[position - 1].uses)
            keys.append(key)
        return keys

    def _key(self, item: exp.Expr, scope: Scope, columns: Sequence[_Column]) -> _Key:
        node = item.this
        if isinstance(node, exp.Literal) and not node.is_string:
            ordinal = ordinal_of(self.t, node, len(columns), "ORDER BY")
            return _Key(columns[ordinal - 1].expr, item)
        return _Key(exact(self.t.expression(node, scope)), item)

    def _check_grouped(self, parts: Sequence[tuple[Expr, exp.Expr]], having: Expr | None) -> None:
        for expr, node in parts:
            if expr.ungrouped >= 0:
                shown = node.this if isinstance(node, (exp.Alias, exp.Ordered)) else node
                message = f"'{shown.sql('trino')}' must be an aggregate expression or appear in GROUP BY clause"
                raise self.t.error("EXPRESSION_NOT_AGGREGATE", message, expr.ungrouped)
        if having is not None and having.ungrouped >= 0:
            message = "HAVING clause must consist of aggregates and expressions of the GROUP BY clause"
            raise self.t.error("EXPRESSION_NOT_AGGREGATE", message, having.ungrouped)

    def _fields(self, columns: Sequence[_Column], grouped: bool) -> tuple[Field, ...]:
        """The columns as the enclosing query sees them; restrictions pass where rows do not depend on each other."""
        passes = not any(column.expr.flags & WINDOW for column in columns)
        return tuple(
            Field(
                name=column.label.lower(),
                type=column.expr.type,
                column=unique,
                label=column.label,
                origins=column.expr.origins if passes and not (grouped and column.expr.flags & AGGREGATE) else (),
            )
            for column, unique in zip(columns, unique_names([column.label for column in columns]), strict=True)
        )

    def _limited(self, plan: SelectPlan, tail: str, order: Sequence[_Key], fields: Sequence[Field]) -> Plan:
        limit = limits(self.t, self.node, self.scope)
        if limit.with_ties:
            return self._with_ties(plan, tail, order, limit)
        order_sql = ", ".join(key_sql(self.t, key.node, key.expr, key.position) for key in order)
        plan.tail = tail + (f" ORDER BY {order_sql}" if order_sql else "") + limit.sql
        if limit.sql:
            plan.fields = tuple(replace(field, origins=()) for field in fields)
        return plan

    def _with_ties(self, plan: SelectPlan, tail: str, order: Sequence[_Key], limit: Limits) -> Plan:
        """FETCH FIRST n ROWS WITH TIES: all whose rank is within the first n, less those that OFFSET skips."""
        if not order:
            raise self.t.error("MISSING_ORDER_BY", "FETCH FIRST WITH TIES clause requires ORDER BY", self.node)
        if plan.head != "SELECT":
            raise self.t.unsupported(
                "FETCH FIRST WITH TIES of SELECT DISTINCT", self.node, "Put the DISTINCT into a subquery."
            )
        width = len(plan.fields)
        keys = ", ".join(key_sql(self.t, key.node, key.expr) for key in order)
        ranked = [
            *plan.items,
            Item(f"rank() OVER (ORDER BY {keys})"),
            Item(f"row_number() OVER (ORDER BY {keys})"),
        ]
        plan.fields = tuple(replace(field, origins=()) for field in plan.fields)
        names = unique_names([*(field.column for field in plan.fields), "kit_rank", "kit_row"])
        inner = replace(plan, items=ranked, tail=tail, keeps_all=True, withs=())
        inner.fields = (*plan.fields, Field("", types.BIGINT, names[-2]), Field("", types.BIGINT, names[-1]))
        relations = Relations.of_plan(self.t, inner, "kit_ties")
        visible = relations.visible
        rank, row = visible[width].sql, visible[width + 1].sql
        last = limit.count + limit.skip if limit.count is not None else None
        condition = f" WHERE {rank} <= {last} AND {row} > {limit.skip} ORDER BY {row}"
        self.t.use([use for item in visible[width:] for use in item.uses])
        return SelectPlan(
            [Item(item.sql, item.uses) for item in visible[:width]],
            plan.fields,
            self.t.use,
            relations.source,
            tail=condition,
            withs=self.withs,
        )


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the SELECT; `label` is its name as written, empty where it has none."""

    expr: Expr
    label: str
    node: exp.Expr
    uses: Uses


@dataclass(frozen=True, slots=True)
class _Key:
    """A sort key; `position` is set where only the output column itself may be sorted by."""

    expr: Expr
    node: exp.Expr
    position: int | None = None


def _label(node: exp.Expr) -> str:
    """The name that an unnamed column takes: that of the column or field that it is."""
    match node:
        case exp.Column():
            return node.name
        case exp.Dot() if isinstance(node.expression, exp.Identifier):
            return node.expression.name
        case _:
            return ""


def unique_names(labels: Sequence[str]) -> list[str]:
    """Names for DuckDB, each once, whatever the case."""
    taken: set[str] = set()
    names = []
    for position, label in enumerate(labels):
        wish = label or f"_col{position}"
        name, count = wish, 0
        while name.lower() in taken:
            count += 1
            name = f"{wish}_{count}"
        taken.add(name.lower())
        names.append(name)
    return names


def ordinal_of(t: Translation, node: exp.Literal, count: int, clause: str) -> int:
    """The column that a number in ORDER BY or GROUP BY stands for."""
    position = int(node.this) if node.this.isdigit() else 0
    if not 1 <= position <= count:
        raise t.error("INVALID_COLUMN_REFERENCE", f"{clause} position {node.this} is not in select list", node)
    return position


# LIMIT and OFFSET


@dataclass(frozen=True, slots=True)
class Limits:
    """`count` is None where there is no limit."""

    count: int | None = None
    skip: int = 0
    with_ties: bool = False

    @property
    def sql(self) -> str:
        count = "" if self.count is None else f" LIMIT {self.count}"
        return count + (f" OFFSET {self.skip}" if self.skip else "")


def limits(t: Translation, node: exp.Expr, scope: Scope | None) -> Limits:
    """The LIMIT, FETCH FIRST and OFFSET of a query."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    skip = _row_count(t, offset.expression, scope, "OFFSET") if offset is not None else 0
    match limit:
        case None:
            return Limits(None, skip)
        case exp.Fetch():
            t.only(limit, "direction", "count", "limit_options")
            options = limit.args.get("limit_options")
            if options is not None and options.args.get("percent"):
                raise t.unsupported("FETCH FIRST with PERCENT", limit)
            count = limit.args.get("count")
            rows = 1 if count is None else _row_count(t, count, scope, "FETCH FIRST")
            if rows == 0:
                raise t.error("INVALID_LIMIT_CLAUSE", "FETCH FIRST row count must be positive (actual value: 0)", limit)
            return Limits(rows, skip, bool(options is not None and options.args.get("with_ties")))
        case _:
            t.only(limit, "expression")
            if isinstance(limit.expression, exp.Var):
                return Limits(None, skip)
            return Limits(_row_count(t, limit.expression, scope, "LIMIT"), skip)


def _row_count(t: Translation, node: exp.Expr, scope: Scope | None, clause: str) -> int:
    value = t.expression(node, scope or Scope(()))
    if isinstance(value.constant, bool) or not isinstance(value.constant, int):
        raise t.error("SYNTAX_ERROR", f"mismatched input in {clause}. Expecting: '?', <integer>", node)
    if value.constant < 0:
        raise t.error("INVALID_PARAMETER_USAGE", f"{clause} row count must be non-negative: {value.constant}", node)
    return value.constant


# Other queries


def _parenthesized(t: Translation, node: exp.Subquery, environment: Environment, outer: Scope | None) -> Plan:
    t.only(node, "this", *_MODIFIERS)
    environment, withs = with_queries(t, node, environment, outer)
    return _modified(t, node, t.query(node.this, outer, environment), withs, outer)


def _modified(t: Translation, node: exp.Expr, plan: Plan, withs: Sequence[WithQuery], outer: Scope | None) -> Plan:
    """A finished query with ORDER BY, OFFSET or LIMIT after it: they see its columns only."""
    order = node.args.get("order")
    if not withs and order is None and not node.args.get("limit") and not node.args.get("offset"):
        return plan
    relations = Relations.of_plan(t, plan, "kit_query")
    scope = Scope(relations.visible, outer)
    with t.collected() as uses:
        keys = []
        for item in order.expressions if order is not None else ():
            if isinstance(item.this, exp.Literal) and not item.this.is_string:
                visible = relations.visible[ordinal_of(t, item.this, len(relations.visible), "ORDER BY") - 1]
                t.note(visible.uses)
                keys.append(_Key(Expr(visible.sql, visible.field.type), item))
            else:
                keys.append(_Key(exact(t.expression(item.this, scope)), item))
    t.use(uses)
    limit = limits(t, node, scope)
    if limit.with_ties:
        raise t.unsupported(
            "FETCH FIRST WITH TIES after a set operation", node, "Put the set operation into a subquery."
        )
    order_sql = ", ".join(key_sql(t, key.node, key.expr) for key in keys)
    fields = tuple(replace(field, origins=() if limit.sql else field.origins) for field in plan.fields)
    return SelectPlan(
        [Item(visible.sql, visible.uses) for visible in relations.visible],
        fields,
        t.use,
        relations.source,
        tail=(f" ORDER BY {order_sql}" if order_sql else "") + limit.sql,
        withs=withs,
    )


def _set_operation(t: Translation, node: exp.SetOperation, environment: Environment, outer: Scope | None) -> Plan:
    t.only(node, "this", "expression", "distinct", *_MODIFIERS)
    environment, withs = with_queries(t, node, environment, outer)
    name = type(node).__name__.upper()
    left = t.query(node.this, outer, environment)
    right = t.query(node.expression, outer, environment)
    if len(left.fields) != len(right.fields):
        message = f"{name} query has different number of fields: {len(left.fields)}, {len(right.fields)}"
        raise t.mismatch(message, node)
    kinds: list[Type] = []
    for position, (one, other) in enumerate(zip(left.fields, right.fields, strict=True), 1):
        kind = common_supertype(one.type, other.type)
        if kind is None:
            message = f"column {position} in {name} query has incompatible types: {one.type}, {other.type}"
            raise t.mismatch(message, node)
        kinds.append(kind)
    distinct = bool(node.args.get("distinct"))
    if distinct or name != "UNION":
        for kind in kinds:
            check_comparable(t, kind, node, name)
    left, right = coerced(t, left, kinds), coerced(t, right, kinds)
    operator = name if distinct else f"{name} ALL"
    fields = tuple(
        replace(one, origins=(*one.origins, *other.origins))
        for one, other in zip(left.fields, right.fields, strict=True)
    )
    prunes = operator == "UNION ALL" and not (_keeps_all(left) or _keeps_all(right))
    plan = SetPlan(left, right, operator, fields, keeps_all=not prunes)
    return _modified(t, node, plan, withs, outer)


def _keeps_all(plan: Plan) -> bool:
    return not isinstance(plan, (SelectPlan, SetPlan)) or plan.keeps_all


def _values(t: Translation, node: exp.Values, outer: Scope | None) -> Plan:
    t.only(node, "expressions", "alias", *_MODIFIERS)
    scope = Scope((), outer)
    rows: list[list[Expr]] = []
    for row in node.expressions:
        parts = row.expressions if isinstance(row, exp.Tuple) else [row]
        rows.append([exact(t.expression(part, scope)) for part in parts])
    if len({len(row) for row in rows}) > 1:
        raise t.mismatch("Values rows have mismatched types: their numbers of columns differ", node)
    message = "Values rows have mismatched types"
    columns = [common(t, list(column), node, message) for column in zip(*rows, strict=True)]
    fields = tuple(Field("", column[0].type, f"_col{index}") for index, column in enumerate(columns))
    plan = ValuesPlan([[expr.sql for expr in row] for row in zip(*columns, strict=True)], fields)
    return _modified(t, node, plan, (), outer)


@dataclass(slots=True, eq=False)
class ValuesPlan:
    """VALUES: rows of literals and expressions."""

    rows: Sequence[Sequence[str]]
    fields: Sequence[Field]

    def require(self, index: int) -> None:
        """All columns are kept: they cost nothing."""

    def sql(self) -> str:
        rows = ", ".join(f"({', '.join(row)})" for row in self.rows)
        names = ", ".join(quote(field.column) for field in self.fields)
        return f"SELECT * FROM (VALUES {rows}) AS kit_values({names})"
