"""From a query's tree to a `CompiledQuery`, and the memory of those already made."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Final

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.athena import types
from kit.sql.athena.coerce import as_text
from kit.sql.athena.expression import Expr
from kit.sql.athena.expressions import expression
from kit.sql.athena.plan import Item, Plan, SelectPlan
from kit.sql.athena.queries import query
from kit.sql.athena.relations import Relations
from kit.sql.athena.scope import Scope
from kit.sql.athena.translation import Environment, Translation
from kit.sql.athena.types import quote
from kit.sql.relations import CompiledQuery, OutputColumn, Relation, SchemaSource

_REMEMBERED: Final = 256
_STRING: Final = re.compile(r"'(?:[^']|'')*'")
_PARAMETER: Final = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A compiled query, and what it is right for: the relations that the catalog had for its names, and, where the
    query asks for the time, that time.
    """

    compiled: CompiledQuery
    relations: Mapping[tuple[str, str], Relation | None]
    now: datetime | None
    depends_on_now: bool


_memory: OrderedDict[object, _Entry] = OrderedDict()
_lock = Lock()


def compile_query(
    tree: exp.Expr,
    text: str,
    schema: SchemaSource,
    database: str,
    parameters: Mapping[str, Any],
    positional: Sequence[Any] = (),
    *,
    now: datetime | None = None,
) -> CompiledQuery:
    """DuckDB SQL over scans that answers as Athena does.

    `tree` is `Query.tree`, or the tree of a part of `text`; it is not changed. Bare names belong to `database`. `now`
    is the time that `current_date` and its kin tell, and prune with; without it they tell that of DuckDB.
    Raises `COLUMN_NOT_FOUND`, `TABLE_NOT_FOUND`, `SCHEMA_NOT_FOUND`, `FUNCTION_NOT_FOUND`, `TYPE_MISMATCH`,
    `NOT_SUPPORTED` and others of Trino's codes, with a place in `text`.
    """
    key = _key(text, database, parameters, positional)
    found = _recall(key, schema, now)
    if found is not None:
        return found
    placeholders = sum(1 for _ in tree.find_all(exp.Placeholder))
    if placeholders != len(positional):
        message = f"Incorrect number of parameters: expected {placeholders} but found {len(positional)}"
        raise KitError("INVALID_PARAMETER_USAGE", message, statement=text)
    environment = Environment(text, database.lower())
    t = Translation(environment, schema, parameters, positional, placeholders, expression, query, now)
    try:
        compiled = _finish(t, t.query(tree, None))
    except RecursionError as error:
        message = "statement is too large (stack overflow during analysis)"
        raise KitError("STACK_OVERFLOW", message, "Split the query with WITH.") from error
    with _lock:
        _memory[key] = _Entry(compiled, dict(t.looked_up), now, t.depends_on_now)
        while len(_memory) > _REMEMBERED:
            _memory.popitem(last=False)
    return compiled


def _finish(t: Translation, plan: Plan) -> CompiledQuery:
    for index in range(len(plan.fields)):
        plan.require(index)
    columns = tuple(
        OutputColumn(field.label or f"_col{index}", str(field.type)) for index, field in enumerate(plan.fields)
    )
    sql = _presented(t, plan)
    named = set(_PARAMETER.findall(_STRING.sub("", sql)))
    parameters = {name: value for name, value in t.bound.items() if name in named}
    return CompiledQuery(sql, t.scans(), columns, parameters)


def _presented(t: Translation, plan: Plan) -> str:
    """The query's text; columns of types that Arrow cannot show as Athena does become the text that Athena shows."""
    unlike_arrow = [_is_unlike_arrow(field.type) for field in plan.fields]
    if not any(unlike_arrow):
        return plan.sql()
    if isinstance(plan, SelectPlan) and not plan.keeps_all:
        plan.items = [
            Item(as_text(Expr(item.sql, field.type)), item.uses) if odd else item
            for item, field, odd in zip(plan.items, plan.fields, unlike_arrow, strict=True)
        ]
        return plan.sql()
    relations = Relations.of_plan(t, plan, "kit_answer")
    assert relations.source is not None
    columns = ", ".join(
        f"{as_text(Expr(item.sql, item.field.type)) if odd else item.sql} AS {quote(item.field.column)}"
        for item, odd in zip(relations.visible, unlike_arrow, strict=True)
    )
    return f"SELECT {columns} FROM {relations.source.sql()}"


def _is_unlike_arrow(kind: types.Type) -> bool:
    if kind.name == types.TIMESTAMP_TZ:
        return kind.zone != "UTC"
    return kind in (types.INTERVAL_DAY, types.INTERVAL_YEAR)


def _key(text: str, database: str, parameters: Mapping[str, Any], positional: Sequence[Any]) -> object:
    """What a translation depends on besides the catalog; 1 and 1.0 and True are not the same."""
    named = tuple((name, type(value), repr(value)) for name, value in sorted(parameters.items()))
    return text, database.lower(), named, tuple((type(value), repr(value)) for value in positional)


def _recall(key: object, schema: SchemaSource, now: datetime | None) -> CompiledQuery | None:
    with _lock:
        entry = _memory.get(key)
        if entry is not None:
            _memory.move_to_end(key)
    if entry is None or (entry.depends_on_now and entry.now != now):
        return None
    if any(schema.relation(database, name) != known for (database, name), known in entry.relations.items()):
        return None
    return entry.compiled


def constant_values(tree: exp.Expr, text: str) -> tuple[Any, ...]:
    """The Python values of a SELECT list of literals. Raises `NOT_SUPPORTED` where one is not a literal."""
    t = Translation(Environment(text, ""), _Nothing(), {}, (), 0, expression, query)
    values = []
    for node in tree.expressions:
        value = t.expression(node, Scope(()))
        if not value.is_constant:
            raise t.unsupported("A parameter that is not a literal", node)
        values.append(value.constant)
    return tuple(values)


class _Nothing:
    """A catalog without anything in it."""

    def relation(self, database: str, name: str) -> Relation | None:
        del database, name
        return None

    def databases(self) -> Sequence[str]:
        return ()

    def relations(self, database: str) -> Sequence[str]:
        del database
        return ()
