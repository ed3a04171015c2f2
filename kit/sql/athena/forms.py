"""What looks like a function and is none: not all arguments are evaluated, or their types follow no signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlglot import exp

from kit.sql.athena import coerce, operators, types
from kit.sql.athena.dialect import CLAUSES
from kit.sql.athena.expression import (
    AGGREGATE,
    NOT_CONSTANT,
    SUBQUERY,
    VOLATILE,
    WINDOW,
    Expr,
    combine,
    exact,
)
from kit.sql.athena.functions import documents
from kit.sql.athena.functions.format import format_call
from kit.sql.athena.functions.table import Call
from kit.sql.athena.json_types import to_json
from kit.sql.athena.literals import string_literal
from kit.sql.athena.scope import Scope
from kit.sql.athena.translation import CATALOG, Translation
from kit.sql.athena.type_names import from_tree
from kit.sql.athena.types import BOOLEAN, UNKNOWN, Type, quote

Form = Callable[[Translation, Any, Sequence[exp.Expr], Scope], Expr]

_NULL: Final = Expr("NULL", UNKNOWN, constant=None)


def _evaluated(t: Translation, arguments: Sequence[exp.Expr], scope: Scope) -> list[Expr]:
    for argument in arguments:
        if isinstance(argument, (exp.Star, exp.Lambda)):
            raise t.error("SYNTAX_ERROR", f"mismatched input '{argument.sql('trino')}'", argument)
    return [exact(t.expression(argument, scope)) for argument in arguments]


def _count(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], low: int, high: int | None = None) -> None:
    if len(arguments) < low or (high is not None and len(arguments) > high):
        raise t.error("INVALID_FUNCTION_ARGUMENT", f"Invalid number of arguments for '{node.name.lower()}'", node)


def _if(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    _count(t, node, arguments, 2, 3)
    condition, *results = _evaluated(t, arguments, scope)
    if condition.type not in (BOOLEAN, UNKNOWN):
        raise t.mismatch(f"IF condition must evaluate to a boolean (actual: {condition.type})", arguments[0])
    then, default = results if len(results) == 2 else (results[0], _NULL)
    then, default = coerce.common(
        t, [then, default], node, "Result types for IF must be the same or coercible to a common type"
    )
    return combine(
        f"(CASE WHEN {condition.sql} THEN {then.sql} ELSE {default.sql} END)", then.type, (condition, then, default)
    )


def _coalesce(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    _count(t, node, arguments, 2)
    message = "All COALESCE operands must be the same type or coercible to a common type"
    parts = coerce.common(t, _evaluated(t, arguments, scope), node, message)
    return combine(f"coalesce({', '.join(part.sql for part in parts)})", parts[0].type, parts)


def _nullif(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    _count(t, node, arguments, 2, 2)
    first, second = _evaluated(t, arguments, scope)
    equal = operators.compare(t, "=", first, second, node)
    return combine(f"(CASE WHEN {equal.sql} THEN NULL ELSE {first.sql} END)", first.type, (first, equal))


def _try(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    _count(t, node, arguments, 1, 1)
    (value,) = _evaluated(t, arguments, scope)
    if value.flags & (VOLATILE | SUBQUERY | WINDOW | AGGREGATE):
        raise t.unsupported(
            "TRY around a subquery, an aggregation, a window or a random function",
            node,
            "Wrap the part that fails: TRY(CAST(x AS bigint)).",
        )
    return combine(f"TRY({value.sql})", value.type, (value,))


def _row(t: Translation, _: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    return make_row(_evaluated(t, arguments, scope))


def make_row(items: Sequence[Expr]) -> Expr:
    """An anonymous row."""
    kind = types.row((None, item.type) for item in items)
    parts = (f"{quote(name)} := {item.sql}" for name, item in zip(types.row_names(kind), items, strict=True))
    return combine(f"struct_pack({', '.join(parts)})", kind, items)


def _extreme(word: str) -> Form:
    """GREATEST and LEAST: NULL where any argument is."""

    def form(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
        _count(t, node, arguments, 1)
        parts = _evaluated(t, arguments, scope)
        kind: Type | None = parts[0].type
        for part in parts[1:]:
            kind = kind and types.common_supertype(kind, part.type)
        if kind is None or not types.is_orderable(kind):
            shown = ", ".join(str(part.type) for part in parts)
            message = f"Unexpected parameters ({shown}) for function {word}. Expected: {word}(E) E:orderable"
            raise t.error("FUNCTION_NOT_FOUND", message, node)
        parts = [coerce.coerce(part, kind) for part in parts]
        missing = " OR ".join(f"{part.sql} IS NULL" for part in parts)
        sql = f"(CASE WHEN {missing} THEN NULL ELSE {word}({', '.join(part.sql for part in parts)}) END)"
        return combine(sql, parts[0].type, parts)

    return form


def _concat(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    if len(arguments) < 2:
        raise t.error("INVALID_FUNCTION_ARGUMENT", "There must be two or more concatenation arguments", node)
    first, *rest = _evaluated(t, arguments, scope)
    for part in rest:
        first = operators.concatenate(t, first, part, node)
    return first


def _grouping(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    parts = _evaluated(t, arguments, scope)
    if not parts or not all(part.sql in scope.groups.values() for part in parts):
        message = (
            "The arguments to GROUPING() must be expressions referenced by the GROUP BY at the associated query level"
        )
        raise t.error("INVALID_ARGUMENTS", message, node)
    return combine(f"grouping({', '.join(part.sql for part in parts)})", types.BIGINT, parts, AGGREGATE)


def _typeof(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    _count(t, node, arguments, 1, 1)
    (value,) = _evaluated(t, arguments, scope)
    return replace(string_literal(str(value.type)), type=types.VARCHAR, ungrouped=value.ungrouped)


def _now(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], _: Scope) -> Expr:
    return _current(t, types.timestamp_tz(_precision(t, node, arguments), "UTC"), "{}", lambda now: now)


def _localtimestamp(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], _: Scope) -> Expr:
    kind = types.timestamp(_precision(t, node, arguments))
    return _current(t, kind, "timezone('UTC', {})", lambda now: now.replace(tzinfo=None))


def _localtime(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], _: Scope) -> Expr:
    kind = types.time(_precision(t, node, arguments))
    return _current(t, kind, "CAST(timezone('UTC', {}) AS TIME)", lambda _: NOT_CONSTANT)


def _precision(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr]) -> int:
    """The clock counts milliseconds; asking for fewer digits would have to round."""
    if not arguments:
        return 3
    digits = arguments[0].name
    if digits not in ("3", "4", "5", "6"):
        raise t.unsupported(f"A precision of {digits} for the current time", node, "Use 3 to 6 digits, or CAST.")
    return int(digits)


def _current_date(t: Translation, _: exp.Expr, __: Sequence[exp.Expr], ___: Scope) -> Expr:
    return _current(t, types.DATE, "CAST(timezone('UTC', {}) AS DATE)", datetime.date)


def _current(t: Translation, kind: Type, template: str, value: Callable[[datetime], Any]) -> Expr:
    """Something about the statement's time, which counts milliseconds; without one, DuckDB's clock tells it."""
    now = t.now()
    if now is None:
        return Expr(template.format("date_trunc('millisecond', now())"), kind)
    now = now.astimezone(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Expr(template.format(f"TIMESTAMPTZ '{now.isoformat(sep=' ')}'"), kind, constant=value(now))


def _current_time(t: Translation, node: exp.Expr, _: Sequence[exp.Expr], __: Scope) -> Expr:
    raise t.unsupported("time with time zone", node, "Use localtime, or CAST(now() AS time).")


def _format(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    _count(t, node, arguments, 2)
    parts = _evaluated(t, arguments, scope)
    made = Call(t, "format", node, parts, parts, types.VARCHAR, {})
    return combine(format_call(made), types.VARCHAR, parts)


# SQL/JSON


def _clauses(t: Translation, node: exp.Expr, *known: str) -> dict[str, Any]:
    clauses = node.meta.get(CLAUSES) or {}
    for name in clauses:
        if name not in known:
            raise t.unsupported(f"{name.upper()} in {node.name}", node)
    return clauses


def _document(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> tuple[Expr, str]:
    _count(t, node, arguments, 2, 2)
    document, path = _evaluated(t, arguments, scope)
    if document.type.name not in ("varchar", "char", "unknown") or not isinstance(path.constant, str):
        raise t.mismatch(f"Cannot read input of type {document.type} as JSON, with a path that is a literal", node)
    return document, path.constant


def _json_exists(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    clauses = _clauses(t, node, "on error")
    if clauses.get("on error", ("FALSE", None))[0] != "FALSE":
        raise t.unsupported("json_exists with ON ERROR other than FALSE", node)
    document, path = _document(t, node, arguments, scope)
    return documents.json_exists(t, document, path, node)


def _json_query(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    clauses = _clauses(t, node, "wrapper", "on empty", "on error")
    if any(clauses.get(name, ("NULL", None))[0] != "NULL" for name in ("on empty", "on error")):
        raise t.unsupported("json_query with ON EMPTY or ON ERROR other than NULL", node)
    document, path = _document(t, node, arguments, scope)
    return documents.json_query(t, document, path, clauses.get("wrapper", "WITHOUT"), node)


def _json_value(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    clauses = _clauses(t, node, "returning", "on empty", "on error")
    document, path = _document(t, node, arguments, scope)
    target = from_tree(t, clauses["returning"]) if "returning" in clauses else types.VARCHAR
    defaults: dict[str, Expr] = {}
    for name in ("on empty", "on error"):
        word, value = clauses.get(name, ("NULL", None))
        if word == "ERROR":
            raise t.unsupported("json_value with ERROR ON EMPTY or ON ERROR", node)
        given = exact(t.expression(value, scope)) if value is not None else _NULL
        if not types.can_coerce(given.type, target):
            raise t.mismatch(f"Function json_value default {name.upper()} result must be of type {target}", node)
        defaults[name] = coerce.coerce(given, target)
    return documents.json_value(t, document, path, target, defaults["on empty"], defaults["on error"], node)


def _json_array(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    keeps_null = _clauses(t, node, "null").get("null", "ABSENT") == "NULL"
    items = _evaluated(t, arguments, scope)
    values = ", ".join(_json(t, item, node) for item in items)
    listed = f"[{values}]" if keeps_null else f"list_filter([{values}], lambda kit_v: kit_v IS NOT NULL)"
    return combine(f"CAST(to_json({listed}) AS VARCHAR)" if items else "'[]'", types.VARCHAR, items)


def _json_object(t: Translation, node: exp.Expr, arguments: Sequence[exp.Expr], scope: Scope) -> Expr:
    keeps_null = _clauses(t, node, "null").get("null", "NULL") == "NULL"
    parts = _evaluated(t, arguments, scope)
    members = []
    for key, value in zip(parts[::2], parts[1::2], strict=True):
        if key.type.name not in ("varchar", "char"):
            raise t.mismatch(f"Cannot use {key.type} as the key of a JSON object", node)
        text = _json(t, value, node)
        shown = f"coalesce(CAST({text} AS VARCHAR), 'null')" if keeps_null else f"CAST({text} AS VARCHAR)"
        members.append(f"CAST(to_json({key.sql}) AS VARCHAR) || ':' || {shown}")
    listed = f"list_filter([{', '.join(members)}], lambda kit_v: kit_v IS NOT NULL)" if members else "[]::VARCHAR[]"
    return combine(f"('{{' || array_to_string({listed}, ',') || '}}')", types.VARCHAR, parts)


def _json(t: Translation, value: Expr, at: exp.Expr) -> str:
    made = to_json(value.sql, value.type) if value.type != UNKNOWN else "CAST(NULL AS JSON)"
    if made is None:
        raise t.mismatch(f"Cannot make JSON of {value.type}", at)
    return made


def _session(value: Callable[[Translation], str]) -> Form:
    def form(t: Translation, _: exp.Expr, __: Sequence[exp.Expr], ___: Scope) -> Expr:
        return replace(string_literal(value(t)), type=types.VARCHAR)

    return form


FORMS: Final[dict[str, Form]] = {
    "if": _if,
    "coalesce": _coalesce,
    "nullif": _nullif,
    "try": _try,
    "row": _row,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "concat": _concat,
    "format": _format,
    "grouping": _grouping,
    "json_array": _json_array,
    "json_exists": _json_exists,
    "json_object": _json_object,
    "json_query": _json_query,
    "json_value": _json_value,
    "typeof": _typeof,
    "now": _now,
    "current_timestamp": _now,
    "localtimestamp": _localtimestamp,
    "localtime": _localtime,
    "current_date": _current_date,
    "current_time": _current_time,
    "current_user": _session(lambda _: "boathouse"),
    "current_catalog": _session(lambda _: CATALOG),
    "current_schema": _session(lambda t: t.environment.database),
    "current_timezone": _session(lambda _: "UTC"),
}
