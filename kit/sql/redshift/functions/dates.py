"""Date and time functions.

DATEDIFF counts the boundaries that lie between two moments; a week's is Sunday 00:00, while DATE_TRUNC's weeks begin on
Mondays. GETDATE is the statement's time in whole seconds, SYSDATE the transaction's; both come from the session.

Source: Amazon Redshift Database Developer Guide, "Date and time functions", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import dateparts, errors, zones
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, cast, number, operand, session_value, string, typed
from kit.sql.redshift.functions.table import Call, Function, Row, aliased, build, scalars
from kit.sql.redshift.types import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UNKNOWN,
    Kind,
    Type,
    varchar,
)

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions, Handler

_ORDER: Final = "CASE WHEN $1 > $2 THEN 1 WHEN $1 < $2 THEN -1 WHEN $1 = $2 THEN 0 END"
_ROWS: Final[tuple[Row, ...]] = (
    ("add_months", "timestamp, int", "timestamp", "rs_add_months($1, $2)"),
    ("months_between", "timestamp, timestamp", "float8", "rs_months_between($1, $2)"),
    ("last_day", "timestamp", "date", "last_day($1)"),
    ("date_part_year", "date", "int", "CAST(year($1) AS INTEGER)"),
    ("date_cmp", "date, date", "int", _ORDER),
    ("date_cmp_timestamp", "date, timestamp", "int", _ORDER),
    ("date_cmp_timestamptz", "date, timestamptz", "int", _ORDER),
    ("timestamp_cmp", "timestamp, timestamp", "int", _ORDER),
    ("timestamp_cmp_date", "timestamp, date", "int", _ORDER),
    ("timestamp_cmp_timestamptz", "timestamp, timestamptz", "int", _ORDER),
    ("timestamptz_cmp", "timestamptz, timestamptz", "int", _ORDER),
    ("timestamptz_cmp_date", "timestamptz, date", "int", _ORDER),
    ("timestamptz_cmp_timestamp", "timestamptz, timestamp", "int", _ORDER),
    ("interval_cmp", "interval, interval", "int", _ORDER),
    ("isfinite", "timestamp", "bool", "isfinite($1)"),
    ("date", "timestamp", "date", "CAST($1 AS DATE)"),
)

_SECOND_FORMS: Final = {
    # part: (EXTRACT's, DATE_PART's) of a moment; EXTRACT leaves out what is above and below the part.
    "second": ("CAST(date_part('second', $1) AS INTEGER)", "date_part('microsecond', $1) / 1000000.0"),
    "millisecond": (
        "CAST(date_part('millisecond', $1) % 1000 AS INTEGER)",
        "date_part('microsecond', $1) / 1000.0",
    ),
    "microsecond": ("CAST(date_part('microsecond', $1) % 1000 AS INTEGER)", "date_part('microsecond', $1)"),
}


def _part(binder: Expressions, node: exp.Expr) -> str:
    """The date part that an argument names, bare or quoted."""
    name = ""
    if (
        isinstance(node, (exp.Var, exp.Identifier))
        or (isinstance(node, exp.Literal) and node.is_string)
        or (isinstance(node, exp.Column) and not node.table)
    ):
        name = node.name
    part = dateparts.part_named(name)
    if part is None:
        raise binder.error(
            errors.INVALID_PARAMETER_VALUE,
            f'timestamp units "{name}" not recognized',
            node,
            errors.did_you_mean(name, dateparts.part_names()),
        )
    return part


def _span(binder: Expressions, node: exp.Expr, name: str) -> str:
    part = _part(binder, node)
    if part not in dateparts.SPANS:
        raise binder.error(errors.INVALID_PARAMETER_VALUE, f'date part "{part}" is not supported for {name}', node)
    return part


def _moment(binder: Expressions, node: exp.Expr, name: str) -> Typed:
    """A date or time argument; text is read as a timestamp."""
    value = binder.bind(node)
    if value.type.is_datetime:
        return value
    converted = coercion.implicit(value, TIMESTAMP, binder.script)
    if converted is None:
        raise errors.function_missing(name, [value.type], binder.script, node, None)
    return converted


def _arity(binder: Expressions, call_: Call, least: int, most: int) -> None:
    if not least <= len(call_.arguments) <= most:
        kinds = []
        for argument in call_.arguments:
            named = isinstance(argument, exp.Column) and dateparts.part_named(argument.name) is not None
            kinds.append(UNKNOWN if named else binder.bind(argument).type)
        raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)


_STEPS: Final = {
    "millennium": "$1 + to_years(CAST($2 * 1000 AS INTEGER))",
    "century": "$1 + to_years(CAST($2 * 100 AS INTEGER))",
    "decade": "$1 + to_years(CAST($2 * 10 AS INTEGER))",
    "year": "rs_add_years($1, CAST($2 AS INTEGER))",
    "quarter": "$1 + to_months(CAST($2 * 3 AS INTEGER))",
    "month": "$1 + to_months(CAST($2 AS INTEGER))",
    "week": "$1 + to_days(CAST($2 * 7 AS INTEGER))",
    "day": "$1 + to_days(CAST($2 AS INTEGER))",
    "hour": "$1 + to_hours($2)",
    "minute": "$1 + to_minutes($2)",
    "second": "$1 + to_seconds($2)",
    "millisecond": "$1 + to_microseconds($2 * 1000)",
    "microsecond": "$1 + to_microseconds($2)",
}
_CLOCK_PARTS: Final = frozenset({"hour", "minute", "second", "millisecond", "microsecond"})


def _dateadd(binder: Expressions, call_: Call) -> Typed:
    _arity(binder, call_, 3, 3)
    part = _span(binder, call_.arguments[0], "DATEADD")
    count = binder.bind(call_.arguments[1])
    if not count.type.is_number and count.type.kind not in {Kind.UNKNOWN, Kind.SUPER}:
        raise errors.function_missing(call_.name, [UNKNOWN, count.type], binder.script, call_.node, None)
    amount = (
        cast(count.node, BIGINT) if not isinstance(count.node, exp.Literal) or not count.type.is_integer else count.node
    )
    value = _moment(binder, call_.arguments[2], call_.name)
    if value.type.kind in {Kind.TIME, Kind.TIMETZ}:
        if part not in _CLOCK_PARTS:
            raise binder.error(
                errors.INVALID_PARAMETER_VALUE, f'"{part}" is not a part of type {value.type}', call_.node
            )
        return typed(build(_STEPS[part], value.node, amount), value.type)
    if value.type.kind is Kind.DATE:
        value = coercion.explicit(value, TIMESTAMP, binder.script)
    return typed(build(_STEPS[part], value.node, amount), value.type)


def _datediff(binder: Expressions, call_: Call) -> Typed:
    _arity(binder, call_, 3, 3)
    part = _span(binder, call_.arguments[0], "DATEDIFF")
    first, second = (_moment(binder, node, call_.name) for node in call_.arguments[1:])
    clocks = {Kind.TIME, Kind.TIMETZ}
    if (first.type.kind in clocks) != (second.type.kind in clocks):
        raise errors.function_missing(call_.name, [UNKNOWN, first.type, second.type], binder.script, call_.node, None)
    if first.type.kind in clocks:
        if part not in _CLOCK_PARTS:
            raise binder.error(
                errors.INVALID_PARAMETER_VALUE, f'"{part}" is not a part of type {first.type}', call_.node
            )
        left, right = (_clock(value) for value in (first, second))
    elif {first.type.kind, second.type.kind} == {Kind.DATE} and part not in _CLOCK_PARTS:
        left, right = first.node, second.node
    else:
        kind = TIMESTAMPTZ if TIMESTAMPTZ in {first.type, second.type} else TIMESTAMP
        left, right = (coercion.explicit(value, kind, binder.script).node for value in (first, second))
    if part == "week":
        return typed(call("rs_weeks_between", cast(left, DATE), cast(right, DATE)), BIGINT)
    if part in {"century", "millennium"}:
        years = 100 if part == "century" else 1000
        return typed(call("rs_eras_between", left, right, number(years)), BIGINT)
    return typed(call("date_diff", string(part), left, right), BIGINT)


def _clock(value: Typed) -> exp.Expr:
    """A time of day that can be subtracted; one with a zone in UTC."""
    return call("rs_timetz_utc", value.node) if value.type is TIMETZ else value.node


def _date_trunc(binder: Expressions, call_: Call) -> Typed:
    _arity(binder, call_, 2, 2)
    part = _span(binder, call_.arguments[0], "DATE_TRUNC")
    value = _moment(binder, call_.arguments[1], call_.name)
    if value.type.kind in {Kind.TIME, Kind.TIMETZ}:
        raise errors.function_missing(call_.name, [UNKNOWN, value.type], binder.script, call_.node, None)
    kind = TIMESTAMPTZ if value.type is TIMESTAMPTZ else TIMESTAMP
    value = coercion.explicit(value, kind, binder.script)
    if part in {"century", "millennium"}:
        made = call("rs_era_start", value.node, number(100 if part == "century" else 1000))
        return typed(cast(made, kind), kind)
    return typed(call("date_trunc", string(part), value.node), kind)


def _date_part(binder: Expressions, call_: Call) -> Typed:
    """DATE_PART: a double; seconds with their fraction."""
    _arity(binder, call_, 2, 2)
    part = _part(binder, call_.arguments[0])
    value = _timed(binder, call_.arguments[1], call_.name)
    if part in _SECOND_FORMS:
        return typed(cast(build(_SECOND_FORMS[part][1], value.node), DOUBLE), DOUBLE)
    return typed(cast(_extracted(part, value), DOUBLE), DOUBLE)


def _timed(binder: Expressions, node: exp.Expr, name: str) -> Typed:
    value = binder.bind(node)
    return value if value.type.is_interval else _moment(binder, node, name)


def _extracted(part: str, value: Typed) -> exp.Expr:
    if part == "decade" and not value.type.is_interval:
        return build("year($1) // 10 + 1", value.node)
    if part in {"second", "millisecond", "microsecond"}:
        return build(_SECOND_FORMS[part][0], value.node)
    return call("date_part", string(part), value.node)


def extract(binder: Expressions, node: exp.Extract) -> Typed:
    """EXTRACT(part FROM value): an integer; of a TIMESTAMPTZ a double."""
    part = _part(binder, node.this)
    value = _timed(binder, node.expression, "date_part")
    if value.type is TIMESTAMPTZ:
        return typed(cast(_extracted(part, value), DOUBLE), DOUBLE)
    if part == "epoch":
        return typed(cast(call("floor", _extracted(part, value)), BIGINT), BIGINT)
    return typed(cast(_extracted(part, value), INTEGER), INTEGER)


_DAYS: Final = ("su", "mo", "tu", "we", "th", "fr", "sa")
_DAY_NAMES: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def _next_day(binder: Expressions, call_: Call) -> Typed:
    """NEXT_DAY(date, 'Tue'): the first such day after the date."""
    _arity(binder, call_, 2, 2)
    value = coercion.implicit(_moment(binder, call_.arguments[0], call_.name), DATE, binder.script)
    node = call_.arguments[1]
    if value is None or not isinstance(node, exp.Literal):
        raise binder.unsupported("NEXT_DAY with a day that is not a constant", call_.node)
    day = node.name.strip().lower()
    if day[:2] not in _DAYS or not _DAY_NAMES[_DAYS.index(day[:2])].startswith(day):
        raise binder.error(errors.INVALID_PARAMETER_VALUE, f'day "{node.name}" not recognized', node)
    return typed(call("rs_next_day", value.node, number(_DAYS.index(day[:2]))), DATE)


def at_zone(value: Typed, zone: zones.Zone | exp.Expr) -> Typed:
    """AT TIME ZONE: an instant as the zone's local time, a local time as an instant."""
    instant = value.type is TIMESTAMPTZ
    result = TIMESTAMP if instant else TIMESTAMPTZ
    if isinstance(zone, exp.Expr):
        return typed(call("timezone", zone, value.node), result)
    if isinstance(zone, str):
        return typed(call("timezone", string(zone), value.node), result)
    shift = call("to_minutes", number(abs(zone)))
    if instant:
        local = call("timezone", string("UTC"), value.node)
        return typed((exp.Add if zone >= 0 else exp.Sub)(this=local, expression=shift), TIMESTAMP)
    utc = (exp.Sub if zone >= 0 else exp.Add)(this=operand(value.node), expression=shift)
    return typed(call("timezone", string("UTC"), utc), TIMESTAMPTZ)


def _zone(binder: Expressions, node: exp.Expr) -> zones.Zone | exp.Expr:
    value = binder.bind(node)
    if isinstance(value.node, exp.Literal):
        return zones.parse_zone(value.node.name)
    if value.type.is_text:
        return value.node
    raise binder.error(errors.DATATYPE_MISMATCH, f"time zone must be text, not type {value.type.name}", node)


def _zoned(binder: Expressions, zone: exp.Expr, moment: exp.Expr, name: str) -> Typed:
    value = _moment(binder, moment, name)
    if value.type in {TIME, TIMETZ}:
        raise binder.unsupported("AT TIME ZONE on a time of day", moment)
    if value.type is DATE:
        value = coercion.explicit(value, TIMESTAMP, binder.script)
    return at_zone(value, _zone(binder, zone))


def at_time_zone(binder: Expressions, node: exp.AtTimeZone) -> Typed:
    return _zoned(binder, node.args["zone"], node.this, "timezone")


def _timezone(binder: Expressions, call_: Call) -> Typed:
    _arity(binder, call_, 2, 2)
    return _zoned(binder, call_.arguments[0], call_.arguments[1], call_.name)


def _convert_timezone(binder: Expressions, call_: Call) -> Typed:
    """CONVERT_TIMEZONE([from,] to, timestamp): UTC is the zone to convert from where none is given."""
    _arity(binder, call_, 2, 3)
    *sources, target, moment = call_.arguments
    value = _moment(binder, moment, call_.name)
    local = coercion.explicit(value, TIMESTAMP, binder.script)
    source = _zone(binder, sources[0]) if sources else "UTC"
    return at_zone(at_zone(local, source), _zone(binder, target))


def _session_time(name: str, kind: Type, of: str = "") -> Function:
    """A function whose value is the session's time, as `kind`."""

    def bind(binder: Expressions, call_: Call) -> Typed:
        _arity(binder, call_, 0, 0)
        return now(of or name, kind)

    return Function(name, bind, name)


def now(name: str, kind: Type) -> Typed:
    moment = cast(session_value(name), TIMESTAMP)
    return typed(moment if kind is TIMESTAMP else cast(moment, kind), kind)


def _getdate(binder: Expressions, call_: Call) -> Typed:
    _arity(binder, call_, 0, 0)
    moment = now("getdate", TIMESTAMP)
    return typed(call("date_trunc", string("second"), moment.node), TIMESTAMP)


def _timeofday(binder: Expressions, call_: Call) -> Typed:
    _arity(binder, call_, 0, 0)
    moment = now("getdate", TIMESTAMP)
    made = build("strftime($1, '%a %b %d %H:%M:%S.%f %Y UTC')", moment.node)
    return typed(made, varchar(64), blanks=False)


def _cast_call(name: str, kind: Type) -> Function:
    """A type's name called as a function: `int4(x)`."""

    def bind(binder: Expressions, call_: Call) -> Typed:
        _arity(binder, call_, 1, 1)
        return coercion.explicit(binder.bind(call_.arguments[0]), kind, binder.script, at=call_.node)

    return Function(name, bind, name)


FUNCTIONS: Final[dict[str, Function]] = {
    **aliased(scalars(_ROWS)),
    "dateadd": Function("dateadd", _dateadd, "date_add"),
    "date_add": Function("date_add", _dateadd, "date_add"),
    "datediff": Function("datediff", _datediff, "date_diff"),
    "date_diff": Function("date_diff", _datediff, "date_diff"),
    "date_trunc": Function("date_trunc", _date_trunc, "date_trunc"),
    "date_part": Function("date_part", _date_part, "pgdate_part"),
    "pgdate_part": Function("pgdate_part", _date_part, "pgdate_part"),
    "next_day": Function("next_day", _next_day, "next_day"),
    "timezone": Function("timezone", _timezone, "timezone"),
    "convert_timezone": Function("convert_timezone", _convert_timezone, "convert_timezone"),
    "getdate": Function("getdate", _getdate, "getdate"),
    "sysdate": Function("sysdate", _session_time("sysdate", TIMESTAMP).bind, "timestamp"),
    "now": _session_time("now", TIMESTAMPTZ, "sysdate"),
    "timeofday": Function("timeofday", _timeofday, "timeofday"),
    "int2": _cast_call("int2", Type(Kind.SMALLINT)),
    "int4": _cast_call("int4", INTEGER),
    "int8": _cast_call("int8", BIGINT),
    "float8": _cast_call("float8", DOUBLE),
    "text": _cast_call("text", varchar(256)),
}


def _current(kind: Type) -> Handler:
    def bind(binder: Expressions, node: exp.Expr) -> Typed:
        del node
        if kind is not DATE:
            binder.context.found.leader_only.add("current_timestamp")
        return now("sysdate", kind)

    return bind


HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Extract: extract,
    exp.AtTimeZone: at_time_zone,
    exp.CurrentDate: _current(DATE),
    exp.CurrentTimestamp: _current(TIMESTAMPTZ),
    exp.CurrentTime: _current(TIMETZ),
    exp.Localtime: _current(TIME),
    exp.Localtimestamp: _current(TIMESTAMP),
}
