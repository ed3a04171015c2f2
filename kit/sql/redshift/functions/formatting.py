"""TO_CHAR, TO_DATE, TO_TIMESTAMP, TO_NUMBER: constant formats, compiled into DuckDB expressions.

Source: Amazon Redshift Database Developer Guide, "Data type formatting functions", read 2026-11.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors, formats
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, cast, number, operand, string, typed
from kit.sql.redshift.formats import Field, NumberFormat
from kit.sql.redshift.functions.table import Call, Function, build
from kit.sql.redshift.types import (
    DATE,
    INTEGER,
    MAX_PRECISION,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    Kind,
    numeric,
)

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions

# Fields that are one strftime code.
_CODES: Final = {
    "YYYY": "%Y",
    "IYYY": "%G",
    "YY": "%y",
    "MM": "%m",
    "DD": "%d",
    "DDD": "%j",
    "IW": "%V",
    "ID": "%u",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "MS": "%g",
    "US": "%f",
}
_NAMES: Final = {"MONTH": ("%B", 9), "MON": ("%b", 0), "DAY": ("%A", 9), "DY": ("%a", 0)}
# Other fields, by what they are computed from.
_COMPUTED: Final = {
    "Y,YYY": "format('{:,}', year($1))",
    "YYY": "right(strftime($1, '%Y'), 3)",
    "Y": "right(strftime($1, '%Y'), 1)",
    "IYY": "right(strftime($1, '%G'), 3)",
    "IY": "right(strftime($1, '%G'), 2)",
    "I": "right(strftime($1, '%G'), 1)",
    "CC": "lpad(CAST((year($1) + 99) // 100 AS VARCHAR), 2, '0')",
    "IDDD": "lpad(CAST((CAST(strftime($1, '%V') AS INTEGER) - 1) * 7 + isodow($1) AS VARCHAR), 3, '0')",
    "Q": "CAST(quarter($1) AS VARCHAR)",
    "WW": "lpad(CAST((dayofyear($1) - 1) // 7 + 1 AS VARCHAR), 2, '0')",
    "W": "CAST((day($1) - 1) // 7 + 1 AS VARCHAR)",
    "D": "CAST(dayofweek($1) + 1 AS VARCHAR)",
    "J": "CAST(CAST(floor(julian($1)) AS BIGINT) AS VARCHAR)",
    "SSSS": "CAST(CAST(hour($1) * 3600 + minute($1) * 60 + second($1) AS INTEGER) AS VARCHAR)",
    "SSSSS": "CAST(CAST(hour($1) * 3600 + minute($1) * 60 + second($1) AS INTEGER) AS VARCHAR)",
    "OF": "strftime(CAST($1 AS TIMESTAMPTZ), '%z')",
}
_ROMAN_MONTHS: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_NUMBERS: Final = frozenset({*_CODES, *_COMPUTED}) - {"OF"}


def _to_char(binder: Expressions, call_: Call) -> Typed:
    if len(call_.arguments) != 2:
        kinds = [binder.bind(argument).type for argument in call_.arguments]
        raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)
    value = binder.bind(call_.arguments[0])
    text = _format(binder, call_.arguments[1])
    if value.type.kind in {Kind.UNKNOWN, Kind.SUPER} or value.type.is_text:
        value = _guessed(binder, value, text)
    if value.type.is_number:
        return typed(_number_text(binder, value, text, call_.arguments[1]), coercion.ANY_TEXT)
    if value.type.kind is Kind.DATE:
        value = coercion.explicit(value, TIMESTAMP, binder.script)
    if value.type.kind in {Kind.TIME, Kind.TIMETZ}:
        clock = cast(value.node, TIME) if value.type.kind is Kind.TIMETZ else value.node
        value = typed(exp.Add(this=cast(string("1970-01-01"), DATE), expression=operand(clock)), TIMESTAMP)
    if value.type.is_interval:
        moment = cast(string("0001-01-01"), TIMESTAMP)
        value = typed(exp.Add(this=moment, expression=operand(value.node)), TIMESTAMP)
    if value.type not in {TIMESTAMP, TIMESTAMPTZ}:
        raise errors.function_missing(call_.name, [value.type, coercion.ANY_TEXT], binder.script, call_.node, None)
    return typed(_datetime_text(value, formats.datetime_fields(text)), coercion.ANY_TEXT)


def _guessed(binder: Expressions, value: Typed, text: str) -> Typed:
    """A text as a number or a timestamp, whichever the format is for."""
    numeric_only = not re.sub(r"(?i)[90.,DGLSV]|PR|MI|PL|SG|RN|TH|FM|\s|\"[^\"]*\"", "", text)
    target = numeric(MAX_PRECISION, 18) if numeric_only else TIMESTAMP
    return coercion.explicit(coercion.settle(value), target, binder.script)


def _format(binder: Expressions, node: exp.Expr) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise binder.unsupported("A format that is not a constant", node, "Write it as a string literal.")
    return node.name


def _datetime_text(value: Typed, fields: tuple[Field, ...]) -> exp.Expr:
    """The fields' texts joined; neighbours that strftime knows go into one call of it."""
    parts: list[exp.Expr] = []
    pattern = ""
    for field in fields:
        code = _code(field)
        if code is not None:
            pattern += code
            continue
        if pattern:
            parts.append(_strftime(value, pattern))
            pattern = ""
        parts.append(_computed(value, field))
    if pattern or not parts:
        parts.append(_strftime(value, pattern))
    made = parts[0]
    for part in parts[1:]:
        made = exp.DPipe(this=made, expression=operand(part), safe=True)
    return made


def _strftime(value: Typed, pattern: str) -> exp.Expr:
    if "%" not in pattern.replace("%%", ""):
        return string(pattern.replace("%%", "%"))
    return call("strftime", value.node.copy(), string(pattern))


def _code(field: Field) -> str | None:
    """The strftime code of a field, if one says all of it."""
    if not field.name:
        return field.written.replace("%", "%%")
    if field.name in _CODES and field.fill and not field.ordinal:
        return _CODES[field.name]
    if field.name in _NAMES and field.written.istitle() and (not field.fill or not _NAMES[field.name][1]):
        return _NAMES[field.name][0]
    if field.name == "AM" and field.written.isupper():
        return "%p"
    if field.name == "PM" and field.written.isupper():
        return "%p"
    return None


def _computed(value: Typed, field: Field) -> exp.Expr:
    node = value.node.copy()
    if field.name in _NAMES:
        code, width = _NAMES[field.name]
        made = _cased(call("strftime", node, string(code)), field.written)
        return call("rpad", made, number(width), string(" ")) if width and field.fill else made
    if field.name in {"AM", "PM"}:
        return call("lower", call("strftime", node, string("%p")))
    if field.name in {"A.M.", "P.M."}:
        made = build("CASE WHEN hour($1) < 12 THEN 'A.M.' ELSE 'P.M.' END", node)
        return made if field.written.isupper() else call("lower", made)
    if field.name in {"AD", "BC", "A.D.", "B.C."}:
        dots = "." in field.name
        made = build(
            f"CASE WHEN year($1) > 0 THEN '{'A.D.' if dots else 'AD'}' ELSE '{'B.C.' if dots else 'BC'}' END", node
        )
        return made if field.written.isupper() else call("lower", made)
    if field.name == "RM":
        listed = ", ".join(f"'{name}'" for name in _ROMAN_MONTHS)
        made = build(f"list_extract([{listed}], month($1))", node)
        made = made if field.written.isupper() else call("lower", made)
        return call("rpad", made, number(4), string(" ")) if field.fill else made
    if field.name == "TZ":
        made = build("strftime(CAST($1 AS TIMESTAMPTZ), '%Z')", node)
        return call("upper" if field.written.isupper() else "lower", made)
    made = (
        call("strftime", node, string(_CODES[field.name]))
        if field.name in _CODES
        else build(_COMPUTED[field.name], node)
    )
    if not field.fill and field.name in _NUMBERS and field.name != "Y,YYY":
        made = build("CAST(CAST($1 AS BIGINT) AS VARCHAR)", made)
    if field.ordinal:
        made = call("rs_ordinal", made, exp.Boolean(this=field.ordinal.isupper()))
    return made


def _cased(node: exp.Expr, written: str) -> exp.Expr:
    if written.isupper():
        return call("upper", node)
    return call("lower", node) if written.islower() else node


def _number_text(binder: Expressions, value: Typed, text: str, at: exp.Expr) -> exp.Expr:
    try:
        layout = formats.number_format(text)
    except ValueError as error:
        raise binder.error(errors.INVALID_PARAMETER_VALUE, f"invalid number format: {error}", at) from None
    if layout.roman:
        made = call("rs_roman", cast(value.node, INTEGER))
        made = made if layout.roman.isupper() else call("lower", made)
        return call("lpad", made, number(15), string(" ")) if layout.fill else made
    scaled = value.node
    if layout.shift:
        scaled = exp.Mul(this=operand(scaled), expression=number(10**layout.shift))
    kind = numeric(MAX_PRECISION, layout.decimals)
    rounded = cast(scaled, kind)
    body = call(
        "rs_number_text",
        rounded,
        number(layout.digits),
        number(layout.zeros),
        exp.Array(expressions=[number(place) for place in layout.groups]),
        number(layout.decimals),
        number(layout.kept_decimals if not layout.fill else layout.decimals),
        exp.Boolean(this=layout.fill),
    )
    return _signed(body, rounded, layout)


def _signed(body: exp.Expr, value: exp.Expr, layout: NumberFormat) -> exp.Expr:
    """The sign, the currency and what stands around them; `body` has its blanks in front."""
    negative = exp.LT(this=value.copy(), expression=number(0))
    fill = exp.Boolean(this=layout.fill)
    if layout.ordinal:
        body = call("rs_ordinal", body, exp.Boolean(this=layout.ordinal.isupper()))
    match layout.sign, layout.sign_last:
        case "", _:
            made = call("rs_sign_before", body, negative, string("-"), string(" "), fill)
        case "S", False:
            made = call("rs_sign_before", body, negative, string("-"), string("+"), fill)
        case "PR", _:
            made = call("rs_sign_around", body, negative, fill)
        case sign, last:
            minus, plus = {"S": ("-", "+"), "SG": ("-", "+"), "MI": ("-", " "), "PL": (" ", "+")}[sign]
            made = call("rs_sign_beside", body, negative, string(minus), string(plus), exp.Boolean(this=last), fill)
    if layout.currency:
        made = build("$1 || '$'" if layout.currency_last else "'$' || $1", made)
    if layout.prefix:
        made = exp.DPipe(this=string(layout.prefix), expression=operand(made), safe=True)
    if layout.suffix:
        made = exp.DPipe(this=operand(made), expression=string(layout.suffix), safe=True)
    return made


def _to_number(binder: Expressions, call_: Call) -> Typed:
    if len(call_.arguments) != 2:
        kinds = [binder.bind(argument).type for argument in call_.arguments]
        raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)
    value = _source(binder, call_.arguments[0], call_)
    try:
        layout = formats.number_format(_format(binder, call_.arguments[1]))
    except ValueError as error:
        raise binder.error(
            errors.INVALID_PARAMETER_VALUE, f"invalid number format: {error}", call_.arguments[1]
        ) from None
    if layout.roman or layout.ordinal:
        raise binder.unsupported("TO_NUMBER of RN or TH", call_.arguments[1])
    digits = layout.digits + layout.decimals
    kind = numeric(min(max(digits, 1), MAX_PRECISION), layout.decimals)
    made = cast(call("rs_to_number", value), kind)
    if layout.shift:
        made = exp.Div(this=made, expression=number(10**layout.shift), typed=False, safe=False)
    return typed(cast(made, kind) if layout.shift else made, kind)


def _source(binder: Expressions, node: exp.Expr, call_: Call) -> exp.Expr:
    value = coercion.settle(binder.bind(node))
    converted = value if value.type.is_text else coercion.implicit(value, coercion.ANY_TEXT, binder.script)
    if converted is None:
        raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
    return converted.node


# Fields that can be read, as regular expressions, and the part that each gives.
_READ: Final = {
    "YYYY": (r"(\d{1,4})", "year"),
    "IYYY": (r"(\d{1,4})", "year"),
    "YYY": (r"(\d{1,3})", "short_year"),
    "YY": (r"(\d{1,2})", "short_year"),
    "Y": (r"(\d)", "short_year"),
    "Y,YYY": (r"(\d,\d{3})", "year"),
    "MM": (r"(\d{1,2})", "month"),
    "MONTH": (r"([A-Za-z]+)\s*", "month_name"),
    "MON": (r"([A-Za-z]{3})", "month_name"),
    "DD": (r"(\d{1,2})", "day"),
    "DDD": (r"(\d{1,3})", "day_of_year"),
    "DAY": (r"([A-Za-z]+)\s*", ""),
    "DY": (r"([A-Za-z]{3})", ""),
    "D": (r"(\d)", ""),
    "Q": (r"(\d)", ""),
    "HH24": (r"(\d{1,2})", "hour"),
    "HH12": (r"(\d{1,2})", "hour"),
    "HH": (r"(\d{1,2})", "hour"),
    "MI": (r"(\d{1,2})", "minute"),
    "SS": (r"(\d{1,2})", "second"),
    "MS": (r"(\d{1,3})", "millisecond"),
    "US": (r"(\d{1,6})", "microsecond"),
    "SSSS": (r"(\d{1,5})", "second"),
    "SSSSS": (r"(\d{1,5})", "second"),
    "AM": (r"([AaPp][Mm])", "half"),
    "PM": (r"([AaPp][Mm])", "half"),
    "A.M.": (r"([AaPp]\.[Mm]\.)", "half"),
    "P.M.": (r"([AaPp]\.[Mm]\.)", "half"),
    "J": (r"(\d+)", "julian"),
}


def _reader(binder: Expressions, node: exp.Expr) -> tuple[str, dict[str, int]]:
    """A format as a regular expression, and the group of each part."""
    pattern = r"^\s*"
    groups: dict[str, int] = {}
    count = 0
    for field in formats.datetime_fields(_format(binder, node)):
        if not field.name:
            pattern += "".join(
                r"\s*" if c.isspace() else f"(?:{re.escape(c)}|[^A-Za-z0-9])?" if not c.isalnum() else re.escape(c)
                for c in field.written
            )
            continue
        found = _READ.get(field.name)
        if found is None:
            raise binder.unsupported(f'The field "{field.written}" for reading a date', node)
        expression, part = found
        count += 1
        pattern += rf"\s*{expression}"
        if part:
            groups[part] = count
    return pattern, groups


def _parsed(binder: Expressions, call_: Call) -> exp.Expr:
    """The timestamp that a text stands for under a format; parts that overflow carry unless the call is strict."""
    if not 2 <= len(call_.arguments) <= 3:
        kinds = [binder.bind(argument).type for argument in call_.arguments]
        raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)
    source = _source(binder, call_.arguments[0], call_)
    pattern, groups = _reader(binder, call_.arguments[1])
    strict: exp.Expr = exp.Boolean(this=False)
    if len(call_.arguments) == 3:
        given = call_.arguments[2]
        strict = binder.as_boolean(binder.bind(given), given)
    parts = {
        part: call("regexp_extract", source.copy(), string(pattern), number(group)) for part, group in groups.items()
    }
    checked = call("rs_matching", source, string(pattern))
    day = call(
        "rs_build_date",
        checked,
        parts.get("year", exp.Null()),
        parts.get("short_year", exp.Null()),
        parts.get("month", call("rs_month_number", parts["month_name"]) if "month_name" in parts else exp.Null()),
        parts.get("day", exp.Null()),
        parts.get("day_of_year", exp.Null()),
        parts.get("julian", exp.Null()),
        strict,
    )
    clock = [parts.get(name, exp.Null()) for name in ("hour", "minute", "second", "millisecond", "microsecond", "half")]
    if all(isinstance(part, exp.Null) for part in clock):
        return day
    return exp.Add(this=day, expression=call("rs_build_clock", *clock, strict.copy()))


def _to_date(binder: Expressions, call_: Call) -> Typed:
    return typed(cast(_parsed(binder, call_), DATE), DATE)


def _to_timestamp(binder: Expressions, call_: Call) -> Typed:
    return typed(cast(cast(_parsed(binder, call_), TIMESTAMP), TIMESTAMPTZ), TIMESTAMPTZ)


FUNCTIONS: Final[dict[str, Function]] = {
    "to_char": Function("to_char", _to_char, "to_char"),
    "to_number": Function("to_number", _to_number, "to_number"),
    "to_date": Function("to_date", _to_date, "to_date"),
    "to_timestamp": Function("to_timestamp", _to_timestamp, "to_timestamp"),
}
