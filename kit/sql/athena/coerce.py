"""Conversions: those that Trino makes by itself, and those of CAST and TRY_CAST.

DuckDB's own casts are more lenient than Trino's (`'1_0'` is a number to it, `'2020/01/01'` a date, 2.5 rounds to 2), so
text is checked before it is cast and rounding is spelled out. Conversions that only widen stay plain casts.

Sources: Conversion functions, Trino documentation; VarcharOperators, DoubleOperators, DecimalConversions, DateTimes of
trinodb/trino, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kit.sql.athena import folding, types
from kit.sql.athena.expression import LOOSE, Expr, cast_sql, combine, exact, text_literal
from kit.sql.athena.types import VARCHAR, Type, can_coerce, quote, row_names
from kit.sql.athena.zones import from_local, instant, local, to_local, zone_text, zoned

if TYPE_CHECKING:
    from sqlglot import exp

    from kit.sql.athena.translation import Translation

_UP: Final = {"tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INT", "bigint": "BIGINT", "double": "DOUBLE"}


def coerce(expr: Expr, target: Type) -> Expr:
    """The expression in a type that Trino converts it to by itself; `can_coerce` holds."""
    source = expr.type
    if source == target:
        return expr
    if expr.is_constant and expr.constant is None:
        return replace(expr, sql=cast_sql("NULL", target), type=target)
    sql = _widen(expr, target)
    flags = expr.flags & ~LOOSE
    return replace(expr, sql=sql, type=target, flags=flags, origins=(), restricts=None)


def _widen(expr: Expr, target: Type) -> str:
    source = expr.type
    match source.name, target.name:
        case ("varchar", "varchar") | ("timestamp", "timestamp") | ("time", "time"):
            return expr.sql
        case "char", ("char" | "varchar"):
            return f"rpad({expr.sql}, {target.length}, ' ')" if target.name == "char" else expr.sql
        case (("timestamp with time zone" | "timestamp" | "date"), "timestamp with time zone"):
            return zoned(expr, target)
        case "array", "array":
            element = coerce(Expr("kit_e", source.element), target.element)
            return expr.sql if element.sql == "kit_e" else f"list_transform({expr.sql}, lambda kit_e: {element.sql})"
        case "map", "map":
            return _convert_map(expr.sql, source, target, coerce)
        case "row", "row":
            return _convert_row(expr.sql, source, target, coerce)
        case _:
            return cast_sql(expr.sql, target)


def _convert_map(sql: str, source: Type, target: Type, convert: Callable[[Expr, Type], Expr]) -> str:
    key = convert(Expr("kit_m.key", source.key), target.key).sql
    value = convert(Expr("kit_m.value", source.value), target.value).sql
    if (key, value) == ("kit_m.key", "kit_m.value"):
        return sql
    return f"map_from_entries(list_transform(map_entries({sql}), lambda kit_m: {{'key': {key}, 'value': {value}}}))"


def _convert_row(sql: str, source: Type, target: Type, convert: Callable[[Expr, Type], Expr]) -> str:
    """Rows are converted field by field in order: DuckDB would go by name."""
    names = row_names(source)
    parts = [
        f"{quote(name)} := {convert(Expr(f'struct_extract({sql}, {text_literal(old)})', old_type), new_type).sql}"
        for name, old, (_, old_type), (_, new_type) in zip(
            row_names(target), names, source.fields, target.fields, strict=True
        )
    ]
    return f"(CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END)"


def common(t: Translation, parts: list[Expr], at: exp.Expr, message: str) -> list[Expr]:
    """All parts in their common supertype; `message` says what they are where they have none."""
    kind = parts[0].type
    for part in parts[1:]:
        wider = types.common_supertype(kind, part.type)
        if wider is None:
            raise t.mismatch(f"{message}. Cannot find common type between {kind} and {part.type}", at)
        kind = wider
    return [coerce(part, kind) for part in parts]


# CAST


def cast(t: Translation, expr: Expr, target: Type, at: exp.Expr, *, trying: bool = False) -> Expr:
    """CAST or TRY_CAST of an expression."""
    source = expr.type
    if target.name in ("timestamp", "time", types.TIMESTAMP_TZ) and target.precision > 6:
        raise t.unsupported(f"{target}: a precision above microseconds", at, "Use a precision of at most 6.")
    if source == target:
        return exact(expr)
    if expr.is_constant and expr.constant is None:
        return replace(expr, sql=cast_sql("NULL", target), type=target)
    result = _cast(expr, target)
    if result is None:
        raise t.mismatch(f"Cannot cast {source} to {target}", at)
    if trying and not (can_coerce(source, target)):
        result = f"TRY({result})"
    converted = combine(f"({result})" if result.startswith("CASE") else result, target, (expr,))
    # A restriction of a widened column is a restriction of the column; other casts move values.
    keeps = can_coerce(source, target) and source.name in types.NUMERIC and target.name in (*types.INTEGERS, "decimal")
    return replace(converted, origins=expr.origins if keeps else (), constant=folding.cast(expr, target))


def _cast(expr: Expr, target: Type) -> str | None:
    source = expr.type
    match source.name, target.name:
        case "unknown", _:
            return cast_sql(expr.sql, target)
        case "array", "array":
            element = (
                _cast(Expr("kit_e", source.element), target.element) if source.element != target.element else "kit_e"
            )
            return None if element is None else f"list_transform({expr.sql}, lambda kit_e: {element})"
        case "map", "map":
            return _nested(lambda: _convert_map(expr.sql, source, target, _inner_cast))
        case "row", "row" if len(source.fields) == len(target.fields):
            return _nested(lambda: _convert_row(expr.sql, source, target, _inner_cast))
        case "json", _:
            from kit.sql.athena.json_types import from_json

            return from_json(expr.sql, target)
        case _, "json":
            from kit.sql.athena.json_types import to_json

            return to_json(expr.sql, source)
        case _:
            rule = _RULES.get((source.name, target.name))
            return rule(exact(expr) if source.name == "decimal" else expr, target) if rule else None


class _ImpossibleError(Exception):
    """Some part of a nested value cannot be cast."""


def _inner_cast(expr: Expr, target: Type) -> Expr:
    if expr.type == target:
        return expr
    sql = _cast(expr, target)
    if sql is None:
        raise _ImpossibleError
    return Expr(sql, target)


def _nested(convert: Callable[[], str]) -> str | None:
    try:
        return convert()
    except _ImpossibleError:
        return None


Rule = Callable[[Expr, Type], str | None]


def _plain(expr: Expr, target: Type) -> str:
    return cast_sql(expr.sql, target)


def _rounded(expr: Expr, target: Type) -> str:
    return cast_sql(f"round({expr.sql})", target)


def _through_text(expr: Expr, target: Type) -> str:
    """By way of the shortest decimal text, which is what Trino rounds."""
    return cast_sql(cast_sql(expr.sql, VARCHAR), target)


def check(bad: str, message: str, value: str) -> str:
    """`value`, or an error where `bad` is true; `message` is SQL for `CODE: text`."""
    return f"kit_check({bad}, {message}, {value})"


def _message(code: str, before: str, value: str, after: str) -> str:
    return f"{text_literal(f'{code}: {before}')} || {value} || {text_literal(after)}"


def _from_text(shape: str, name: str) -> Rule:
    """A cast of text that must have a shape first; `shape` is a macro's name."""

    def rule(expr: Expr, target: Type) -> str:
        message = _message("INVALID_CAST_ARGUMENT", "Cannot cast '", expr.sql, f"' to {name}")
        value = f"kit_double({expr.sql})" if target.name in types.APPROXIMATE else f"trim({expr.sql})"
        return check(f"NOT {shape}({expr.sql})", message, cast_sql(value, target))

    return rule


def _text_to_decimal(expr: Expr, target: Type) -> str:
    message = _message(
        "INVALID_CAST_ARGUMENT",
        "Cannot cast VARCHAR '",
        expr.sql,
        f"' to DECIMAL({target.precision}, {target.scale}). Value is not a number.",
    )
    return check(f"NOT kit_is_decimal({expr.sql})", message, cast_sql(f"trim({expr.sql})", target))


def _text_to_date(expr: Expr, target: Type) -> str:
    message = _message("INVALID_CAST_ARGUMENT", "Value cannot be cast to date: ", expr.sql, "")
    return check(f"NOT kit_is_date({expr.sql})", message, cast_sql(f"trim({expr.sql})", target))


def _text_to_timestamp(expr: Expr, target: Type) -> str:
    message = _message("INVALID_CAST_ARGUMENT", "Value cannot be cast to timestamp: ", expr.sql, "")
    return check(f"NOT kit_is_timestamp({expr.sql})", message, f"kit_timestamp({expr.sql}, {target.precision})")


def _text_to_time(expr: Expr, target: Type) -> str:
    message = _message("INVALID_CAST_ARGUMENT", "Value cannot be cast to time: ", expr.sql, "")
    return check(f"NOT kit_is_time({expr.sql})", message, cast_sql(f"trim({expr.sql})", target))


def _text_to_zoned(expr: Expr, target: Type) -> str:
    message = _message("INVALID_CAST_ARGUMENT", "Value cannot be cast to timestamp with time zone: ", expr.sql, "")
    value = f"kit_zoned_text({expr.sql}, {target.precision})"
    if target.zone is not None:
        value = f"struct_extract({value}, 't')"
    return check(f"NOT kit_is_zoned({expr.sql})", message, value)


def _text_to_boolean(expr: Expr, _: Type) -> str:
    return f"kit_boolean({expr.sql})"


def _text_to_uuid(expr: Expr, target: Type) -> str:
    message = _message("INVALID_CAST_ARGUMENT", "Cannot cast value to UUID: ", expr.sql, "")
    return check(f"NOT kit_is_uuid({expr.sql})", message, cast_sql(expr.sql, target))


def _text_to_text(expr: Expr, target: Type) -> str:
    bound = target.length
    if target.name == "char":
        return f"rpad({expr.sql}, {bound}, ' ')"
    shorter = bound is not None and (expr.type.length is None or expr.type.length > bound)
    return f"left({expr.sql}, {bound})" if shorter else expr.sql


def _to_text(text: Callable[[Expr], str]) -> Rule:
    """A cast to varchar; what does not fit into its bound is an error, not cut."""

    def rule(expr: Expr, target: Type) -> str:
        sql = text(expr)
        if target.name == "char" or target.length is None:
            return sql if target.length is None else f"rpad({sql}, {target.length}, ' ')"
        message = _message(
            "INVALID_CAST_ARGUMENT", "Value ", sql, f" cannot be represented as varchar({target.length})"
        )
        return check(f"length({sql}) > {target.length}", message, sql)

    return rule


def _as_varchar(expr: Expr) -> str:
    return plain_text(expr.sql, expr.type)


def _float_text(expr: Expr) -> str:
    return f"kit_float_text({expr.sql})"


def plain_text(sql: str, kind: Type) -> str:
    """The text of a value; of decimals that are all fraction DuckDB leaves out the zero before the point."""
    if kind.name == "decimal" and kind.precision == kind.scale:
        return f"regexp_replace(CAST({sql} AS VARCHAR), '^(-?)\\.', '\\10.')"
    return cast_sql(sql, VARCHAR)


def fraction(precision: int, parts: str) -> str:
    """The digits after the second of a timestamp or time, with their point; `parts` is its SQL."""
    return "" if precision == 0 else f" || '.' || left(strftime({parts}, '%f'), {precision})"


def timestamp_text(sql: str, precision: int) -> str:
    return f"(strftime({sql}, '%Y-%m-%d %H:%M:%S'){fraction(precision, sql)})"


def _time_text(expr: Expr) -> str:
    moment = f"(DATE '1970-01-01' + {expr.sql})"
    return f"(strftime({moment}, '%H:%M:%S'){fraction(expr.type.precision, moment)})"


def _zoned_text(expr: Expr) -> str:
    return f"({timestamp_text(local(expr), expr.type.precision)} || ' ' || {zone_text(expr)})"


def round_to(sql: str, source: int, target: int) -> str:
    """A timestamp rounded half up from one precision to a lower one."""
    return sql if target >= source else f"kit_round_timestamp({sql}, {10 ** (6 - target)})"


def _timestamp_to_timestamp(expr: Expr, target: Type) -> str:
    return round_to(expr.sql, expr.type.precision, target.precision)


def _to_zoned(expr: Expr, target: Type) -> str:
    precision = expr.type.precision if expr.type.name != "date" else 0
    rounded = (
        replace(expr, sql=round_to(expr.sql, precision, target.precision)) if expr.type.name == "timestamp" else expr
    )
    return zoned(rounded, target)


def _zoned_to_zoned(expr: Expr, target: Type) -> str:
    if target.precision >= expr.type.precision:
        return zoned(expr, target)
    moment = round_to(to_local(instant(expr), "UTC"), expr.type.precision, target.precision)
    rounded = from_local(moment, "UTC")
    return rounded if target.zone is not None else f"struct_pack(t := {rounded}, z := {zone_text(expr)})"


def _zoned_to_timestamp(expr: Expr, target: Type) -> str:
    return round_to(local(expr), expr.type.precision, target.precision)


def _boolean_to_number(expr: Expr, target: Type) -> str:
    return cast_sql(expr.sql, target)


def _number_to_boolean(expr: Expr, _: Type) -> str:
    return f"({expr.sql} <> 0)"


def _time_of(sql: str) -> str:
    return f"CAST({sql} AS TIME)"


def _time_to_time(expr: Expr, target: Type) -> str:
    if target.precision >= expr.type.precision:
        return expr.sql
    moment = f"(DATE '1970-01-01' + {expr.sql})"
    return _time_of(round_to(moment, expr.type.precision, target.precision))


_RULES: Final[dict[tuple[str, str], Rule]] = {
    **{
        (narrow, wide): _plain for narrow in types.INTEGERS for wide in (*types.INTEGERS, *types.APPROXIMATE, "decimal")
    },
    **{(source, wide): _rounded for source in types.APPROXIMATE for wide in types.INTEGERS},
    **{("decimal", wide): _plain for wide in (*types.INTEGERS, *types.APPROXIMATE, "decimal")},
    **{(source, "decimal"): _through_text for source in types.APPROXIMATE},
    ("real", "double"): _plain,
    ("double", "real"): _plain,
    **{("boolean", target): _boolean_to_number for target in types.NUMERIC},
    **{(source, "boolean"): _number_to_boolean for source in types.NUMERIC},
    **{("varchar", target): _from_text("kit_is_integer", _UP[target]) for target in types.INTEGERS},
    ("varchar", "double"): _from_text("kit_is_double", "DOUBLE"),
    ("varchar", "real"): _from_text("kit_is_double", "REAL"),
    ("varchar", "decimal"): _text_to_decimal,
    ("varchar", "boolean"): _text_to_boolean,
    ("varchar", "date"): _text_to_date,
    ("varchar", "timestamp"): _text_to_timestamp,
    ("varchar", types.TIMESTAMP_TZ): _text_to_zoned,
    ("varchar", "time"): _text_to_time,
    ("varchar", "uuid"): _text_to_uuid,
    ("varchar", "varbinary"): lambda expr, _: f"encode({expr.sql})",
    **{(source, target): _text_to_text for source in ("varchar", "char") for target in ("varchar", "char")},
    **{
        (source, target): _to_text(_as_varchar)
        for source in (*types.INTEGERS, "decimal", "boolean", "date", "uuid")
        for target in ("varchar", "char")
    },
    **{(source, "varchar"): _to_text(_float_text) for source in types.APPROXIMATE},
    ("timestamp", "varchar"): _to_text(lambda expr: timestamp_text(expr.sql, expr.type.precision)),
    (types.TIMESTAMP_TZ, "varchar"): _to_text(_zoned_text),
    ("time", "varchar"): _to_text(_time_text),
    (types.INTERVAL_DAY.name, "varchar"): _to_text(lambda expr: f"kit_interval_day_text({expr.sql})"),
    (types.INTERVAL_YEAR.name, "varchar"): _to_text(lambda expr: f"kit_interval_year_text({expr.sql})"),
    ("date", "timestamp"): _plain,
    ("date", types.TIMESTAMP_TZ): _to_zoned,
    ("timestamp", "date"): _plain,
    ("timestamp", "timestamp"): _timestamp_to_timestamp,
    ("timestamp", "time"): lambda expr, _: _time_of(expr.sql),
    ("timestamp", types.TIMESTAMP_TZ): _to_zoned,
    (types.TIMESTAMP_TZ, "date"): lambda expr, target: cast_sql(local(expr), target),
    (types.TIMESTAMP_TZ, "timestamp"): _zoned_to_timestamp,
    (types.TIMESTAMP_TZ, types.TIMESTAMP_TZ): _zoned_to_zoned,
    (types.TIMESTAMP_TZ, "time"): lambda expr, _: _time_of(local(expr)),
    ("time", "time"): _time_to_time,
    ("uuid", "varbinary"): lambda expr, _: f"from_hex(replace(CAST({expr.sql} AS VARCHAR), '-', ''))",
}


def as_text(expr: Expr) -> str:
    """The text that Athena shows for a value that has no counterpart in Arrow: intervals, instants with their zones."""
    text = _RULES[expr.type.name, "varchar"](expr, VARCHAR)
    assert text is not None, "every such type has a text"
    return text
