"""Conversions: what converts by itself, what a CAST converts, and how values of two types meet.

Literals are converted here and now, so that a bad one fails with its place. Everything else becomes DuckDB's CAST where
that agrees with Redshift, and a macro of `macros.py` where it does not.

Source: Amazon Redshift Database Developer Guide, "Type compatibility and conversion", "CAST", read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift import datetime_text, errors, intervals
from kit.sql.redshift.binding import numeric as arithmetic
from kit.sql.redshift.binding.typed import Typed, call, cast, number, session_value, string, try_cast, typed
from kit.sql.redshift.types import (
    DOUBLE,
    MAX_PRECISION,
    MAX_VARCHAR_BYTES,
    SUPER,
    TIMESTAMP,
    TIMETZ,
    UNKNOWN,
    Kind,
    Type,
    numeric,
    varchar,
)

ANY_TEXT: Final = varchar(MAX_VARCHAR_BYTES)
_TRUE: Final = frozenset({"t", "true", "y", "yes", "1"})
_FALSE: Final = frozenset({"f", "false", "n", "no", "0"})
_INTEGER_TEXT: Final = re.compile(r"\s*[+-]?\d+\s*")
_LIMITS: Final = {Kind.SMALLINT: 1 << 15, Kind.INTEGER: 1 << 31, Kind.BIGINT: 1 << 63}
_RANKS: Final = {
    Kind.SMALLINT: 0,
    Kind.INTEGER: 1,
    Kind.BIGINT: 2,
    Kind.NUMERIC: 3,
    Kind.REAL: 4,
    Kind.DOUBLE: 5,
}
_DATETIME_RANKS: Final = {Kind.DATE: 0, Kind.TIMESTAMP: 1, Kind.TIMESTAMPTZ: 2}
_CLOCK_RANKS: Final = {Kind.TIME: 0, Kind.TIMETZ: 1}


class IncompatibleError(Exception):
    """The two types do not meet; whoever asked knows the words and the place."""


def common(kinds: Sequence[Type]) -> Type:
    """The type that values of all these types take on where they meet (UNION, CASE, COALESCE, IN).

    Raises `IncompatibleError`.
    """
    found = UNKNOWN
    for kind in kinds:
        found = _common(found, kind)
    return found


def _common(left: Type, right: Type) -> Type:
    if left == right or right is UNKNOWN:
        return left
    if left is UNKNOWN:
        return right
    if Kind.SUPER in {left.kind, right.kind}:
        return SUPER
    if left.is_number and right.is_number:
        return _common_number(left, right)
    if left.is_text and right.is_text:
        size = max(left.size, right.size)
        both_char = left.kind is Kind.CHAR and right.kind is Kind.CHAR
        return Type(Kind.CHAR if both_char else Kind.VARCHAR, size)
    for ranks in (_DATETIME_RANKS, _CLOCK_RANKS):
        if left.kind in ranks and right.kind in ranks:
            return left if ranks[left.kind] >= ranks[right.kind] else right
    if left.is_interval and right.is_interval:
        return Type(Kind.INTERVAL_DAY_SECOND)
    if left.kind is Kind.VARBYTE and right.kind is Kind.VARBYTE:
        return left if left.size >= right.size else right
    raise IncompatibleError


def _common_number(left: Type, right: Type) -> Type:
    if left.is_exact and right.is_exact:
        if left.is_integer and right.is_integer:
            return left if _RANKS[left.kind] >= _RANKS[right.kind] else right
        return arithmetic.common_type(arithmetic.as_numeric(left), arithmetic.as_numeric(right))
    return DOUBLE if left != right else left


def settle(value: Typed) -> Typed:
    """A string literal or NULL that nothing gave a type is a VARCHAR."""
    if value.type is not UNKNOWN:
        return value
    if value.is_null:
        return typed(cast(value.node, ANY_TEXT), varchar(1), blanks=False)
    if isinstance(value.node, exp.Literal):
        return typed(value.node, varchar(max(len(value.node.name.encode()), 1)), blanks=value.node.name.endswith(" "))
    return typed(cast(value.node, ANY_TEXT), ANY_TEXT)


def implicit(value: Typed, target: Type, script: str) -> Typed | None:
    """`value` where `target` is wanted, or None where it does not convert by itself."""
    source = value.type
    if source == target:
        return value
    if source is UNKNOWN or target.kind is Kind.SUPER:
        return explicit(value, target, script)
    if source.kind is Kind.SUPER:
        return _dynamic(value, target, script)
    if target.is_text and (source.is_number or source.is_datetime or source.is_text):
        return explicit(value, target, script)
    if source.is_number and target.is_number and _RANKS[source.kind] <= _RANKS[target.kind]:
        return explicit(value, target, script)
    if source.is_number and target.is_integer and source.is_integer:
        return explicit(value, target, script)
    if source.kind in _DATETIME_RANKS and target.kind in _DATETIME_RANKS:
        return explicit(value, target, script)
    if source.kind in _CLOCK_RANKS and target.kind in _CLOCK_RANKS:
        return explicit(value, target, script)
    if source.is_text and (target.is_datetime or target.is_interval):
        return explicit(value, target, script)
    if source.is_interval and target.is_interval:
        return typed(value.node, target)
    if source.kind is target.kind is Kind.VARBYTE:
        return typed(value.node, target)
    return None


def _dynamic(value: Typed, target: Type, script: str) -> Typed | None:
    """A SUPER where a type is wanted: NULL unless the value's own type is of that kind."""
    if target.is_text:
        return _resized(typed(call("rs_super_string", value.node), ANY_TEXT, blanks=False), target)
    if target.is_number:
        number_ = call("rs_super_number", value.node)
        return typed(number_ if target is DOUBLE else try_cast(number_, target), target)
    return explicit(value, target, script)


def explicit(value: Typed, target: Type, script: str, *, at: errors.Place = None) -> Typed:
    """CAST(value AS target); raises 42846 where the types do not convert."""
    source = value.type
    place = at if at is not None else value.node
    if source == target:
        return value
    if source is UNKNOWN:
        return _unknown(value, target, script, place)
    if source.kind is Kind.SUPER:
        return _from_super(value, target, script, place)
    if target.kind is Kind.SUPER:
        return _to_super(value, script, place)
    if target.is_text:
        return _to_text(value, target, script, place)
    if source.is_text:
        return _from_text(value, target, script, place)
    if source.is_number and target.is_number:
        return typed(cast(value.node, target), target)
    if (source.kind is Kind.BOOLEAN and target.is_integer) or (source.is_integer and target.kind is Kind.BOOLEAN):
        return typed(cast(value.node, target), target)
    if (source.kind, target.kind) in _DIRECT:
        return typed(cast(value.node, target), target)
    if source.is_interval and target.is_interval:
        return typed(value.node, target)
    if source.kind is target.kind is Kind.VARBYTE:
        return typed(call("rs_cut_bytes", value.node, number(target.size)), target)
    if source.is_integer and target.kind is Kind.VARBYTE:
        raise errors.cannot_cast(source, target, script, place)
    raise errors.cannot_cast(source, target, script, place)


_DIRECT: Final = frozenset(
    {
        (Kind.DATE, Kind.TIMESTAMP),
        (Kind.DATE, Kind.TIMESTAMPTZ),
        (Kind.TIMESTAMP, Kind.DATE),
        (Kind.TIMESTAMP, Kind.TIMESTAMPTZ),
        (Kind.TIMESTAMP, Kind.TIME),
        (Kind.TIMESTAMPTZ, Kind.DATE),
        (Kind.TIMESTAMPTZ, Kind.TIMESTAMP),
        (Kind.TIMESTAMPTZ, Kind.TIME),
        (Kind.TIMESTAMPTZ, Kind.TIMETZ),
        (Kind.TIME, Kind.TIMETZ),
        (Kind.TIMETZ, Kind.TIME),
    }
)


def trimmed(value: Typed) -> exp.Expr:
    """`value` as comparisons see it: a text that may end in blanks without them."""
    if not value.blanks:
        return value.node
    node = value.node
    made: exp.Expr = string(node.name.rstrip(" ")) if isinstance(node, exp.Literal) else call("rtrim", node)
    made.type = value.node.type
    return made


def comparable(left: Typed, right: Typed, script: str) -> tuple[exp.Expr, exp.Expr] | None:
    """The two sides as DuckDB can compare them with Redshift's answer, or None where they do not compare.

    SUPER is not met here: `supers.compare` is for that.
    """
    left, right = _meet(left, right, script)
    if left.type.is_number and right.type.is_number:
        if Kind.REAL in {left.type.kind, right.type.kind} and left.type != right.type:
            return cast(left.node, DOUBLE), cast(right.node, DOUBLE)
        return left.node, right.node
    if left.type.is_text and right.type.is_text:
        return trimmed(left), trimmed(right)
    if left.type.kind is right.type.kind or (left.type.is_interval and right.type.is_interval):
        return left.node, right.node
    try:
        target = _common(left.type, right.type)
    except IncompatibleError:
        return None
    return explicit(left, target, script).node, explicit(right, target, script).node


def _meet(left: Typed, right: Typed, script: str) -> tuple[Typed, Typed]:
    """Give a literal the other side's type, and a text the side that Redshift gives it."""
    if left.type is UNKNOWN and right.type is UNKNOWN:
        return settle(left), settle(right)
    if left.type is UNKNOWN:
        return explicit(left, _open_type(right.type), script), right
    if right.type is UNKNOWN:
        return left, explicit(right, _open_type(left.type), script)
    if left.type.is_text and not right.type.is_text:
        other, text = _meet_text(right, left, script)
        return text, other
    if right.type.is_text and not left.type.is_text:
        return _meet_text(left, right, script)
    return left, right


def _open_type(kind: Type) -> Type:
    """The type that a literal takes beside one of `kind`: without the size, which a comparison does not impose."""
    if kind.is_text:
        return ANY_TEXT
    return numeric(MAX_PRECISION, kind.scale) if kind.kind is Kind.NUMERIC else kind


def _meet_text(other: Typed, text: Typed, script: str) -> tuple[Typed, Typed]:
    """A NUMERIC or a date draws the text to its type; other numbers become text."""
    if other.type.kind is Kind.NUMERIC:
        return other, _from_text(text, numeric(MAX_PRECISION, max(other.type.scale, 18)), script, text.node)
    if other.type.is_number:
        return _to_text(other, ANY_TEXT, script, other.node), text
    if other.type.is_datetime or other.type.is_interval or other.type.kind is Kind.BOOLEAN:
        return other, _from_text(text, other.type, script, text.node)
    return other, text


def _unknown(value: Typed, target: Type, script: str, place: errors.Place) -> Typed:
    if value.is_null:
        return typed(cast(value.node, target), target, blanks=False)
    text = value.literal
    if text is None:
        return _from_text(Typed(cast(value.node, ANY_TEXT), ANY_TEXT, blanks=True), target, script, place)
    try:
        return _literal(value, text, target)
    except KitError as error:
        offset = errors.offset_of(place)
        raise errors.error(error.code, error.message, script, offset, error.hint) from None


def _literal(value: Typed, text: str, target: Type) -> Typed:
    """A string literal as `target`, read now."""
    node = value.node
    match target.kind:
        case Kind.VARCHAR:
            cut = _cut(text, target.size)
            return typed(node if cut == text else string(cut), target, blanks=cut.endswith(" "))
        case Kind.CHAR:
            return typed(string(_cut(text, target.size).rstrip(" ")), target)
        case Kind.SMALLINT | Kind.INTEGER | Kind.BIGINT:
            return typed(cast(number(_integer(text, target)), target), target)
        case Kind.NUMERIC | Kind.REAL | Kind.DOUBLE:
            return typed(cast(string(_number(text, target)), target), target)
        case Kind.BOOLEAN:
            return typed(exp.Boolean(this=_boolean(text)), target)
        case Kind.INTERVAL_DAY_SECOND | Kind.INTERVAL_YEAR_MONTH:
            return interval_literal(text, "")
        case Kind.SUPER:
            return typed(call("to_json", node), target)
        case Kind.VARBYTE:
            return typed(call("encode", node), target)
        case Kind.UNKNOWN:
            return value
        case Kind.DATE | Kind.TIME | Kind.TIMETZ | Kind.TIMESTAMP | Kind.TIMESTAMPTZ:
            return _datetime_literal(text, target)


def interval_literal(text: str, unit: str) -> Typed:
    """INTERVAL 'text' unit; raises 22007."""
    try:
        found = intervals.parse_interval(text, unit)
    except ValueError:
        raise errors.error(errors.INVALID_DATETIME, f'invalid input syntax for type interval: "{text}"') from None
    kind = Type(Kind.INTERVAL_YEAR_MONTH if found.is_year_month else Kind.INTERVAL_DAY_SECOND)
    spelled = f"{found.months} months {found.days} days {found.microseconds} microseconds"
    return typed(cast(string(spelled), kind), kind)


# Words that stand for an instant of the transaction.
_MOMENTS: Final = {"now": 0, "today": 0, "tomorrow": 1, "yesterday": -1}


def _datetime_literal(text: str, target: Type) -> Typed:
    word = text.strip().lower()
    if word in _MOMENTS:
        return _moment(word, target)
    if word == "epoch":
        text = "1970-01-01 00:00:00"
    try:
        match target.kind:
            case Kind.DATE:
                return typed(cast(string(datetime_text.parse_date(text)), target), target)
            case Kind.TIMESTAMP:
                return typed(cast(string(datetime_text.parse_timestamp(text)), target), target)
            case Kind.TIMESTAMPTZ:
                return _zoned_literal(text, target)
            case Kind.TIME:
                return typed(cast(string(datetime_text.parse_time(text)), target), target)
            case _:
                clock, offset = datetime_text.parse_timetz(text)
                sign, minutes = ("-", -offset) if offset < 0 else ("+", offset)
                spelled = f"{clock}{sign}{minutes // 60:02}:{minutes % 60:02}"
                return typed(cast(string(spelled), TIMETZ), TIMETZ)
    except datetime_text.FieldOutOfRangeError:
        raise errors.error(errors.DATETIME_OVERFLOW, f'date/time field value out of range: "{text}"') from None
    except datetime_text.NotADateError:
        raise errors.error(
            errors.INVALID_DATETIME, f'invalid input syntax for type {_short(target)}: "{text}"'
        ) from None


def _zoned_literal(text: str, target: Type) -> Typed:
    stamp, zone = datetime_text.parse_timestamptz(text)
    if zone == "UTC":
        return typed(cast(string(f"{stamp}+00"), target), target)
    local = cast(string(stamp), TIMESTAMP)
    if zone is None:
        return typed(cast(local, target), target)
    return typed(call("timezone", string(zone), local), target)


def _moment(word: str, target: Type) -> Typed:
    """'now', 'today' …: the transaction's time, which the session provides as `$sysdate`."""
    now = cast(session_value("sysdate"), TIMESTAMP)
    if word == "now":
        return typed(cast(now, target), target)
    day = cast(now, Type(Kind.DATE))
    shifted = exp.Add(this=day, expression=number(_MOMENTS[word])) if _MOMENTS[word] else day
    return typed(cast(shifted, target), target)


def _short(kind: Type) -> str:
    return {Kind.DATE: "date", Kind.TIME: "time", Kind.TIMETZ: "timetz", Kind.TIMESTAMPTZ: "timestamptz"}.get(
        kind.kind, "timestamp"
    )


def _integer(text: str, target: Type) -> int:
    if not _INTEGER_TEXT.fullmatch(text):
        raise errors.error(errors.INVALID_TEXT, f'invalid input syntax for integer: "{text}"')
    value = int(text)
    limit = _LIMITS[target.kind]
    if not -limit <= value < limit:
        raise errors.error(errors.OUT_OF_RANGE, f'value "{text}" is out of range for type {target}')
    return value


def _number(text: str, target: Type) -> str:
    stripped = text.strip()
    try:
        Decimal(stripped)
    except InvalidOperation:
        kind = "numeric" if target.kind is Kind.NUMERIC else str(target)
        raise errors.error(errors.INVALID_TEXT, f'invalid input syntax for type {kind}: "{text}"') from None
    return stripped


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise errors.error(errors.INVALID_TEXT, f'invalid input syntax for type boolean: "{text}"')


def _cut(text: str, size_bytes: int) -> str:
    """The longest prefix that fits."""
    encoded = text.encode()
    return text if len(encoded) <= size_bytes else encoded[:size_bytes].decode(errors="ignore")


def _to_text(value: Typed, target: Type, script: str, place: errors.Place) -> Typed:
    source = value.type
    match source.kind:
        case Kind.CHAR | Kind.VARCHAR:
            return _resized(value, target)
        case Kind.REAL | Kind.DOUBLE:
            node: exp.Expr = call("rs_float_text", value.node)
            if source.kind is Kind.REAL:
                node = call("rs_real_text", value.node)
        case Kind.BOOLEAN:
            raise errors.cannot_cast(source, target, script, place)
        case Kind.VARBYTE:
            node = call("decode", value.node)
        case Kind.TIMESTAMP | Kind.TIMESTAMPTZ | Kind.DATE | Kind.TIME | Kind.TIMETZ:
            node = cast(value.node, ANY_TEXT)
        case _:
            node = cast(value.node, ANY_TEXT)
    return _resized(typed(node, varchar(text_width(source)), blanks=False), target)


def text_width(kind: Type) -> int:
    """Bytes that a value of the type takes as text at most."""
    return _WIDTHS.get(kind.kind) or max(kind.size + (2 if kind.kind is Kind.NUMERIC else 0), 1)


_WIDTHS: Final = {
    Kind.SMALLINT: 6,
    Kind.INTEGER: 11,
    Kind.BIGINT: 20,
    Kind.REAL: 24,
    Kind.DOUBLE: 24,
    Kind.DATE: 13,
    Kind.TIME: 15,
    Kind.TIMETZ: 21,
    Kind.TIMESTAMP: 29,
    Kind.TIMESTAMPTZ: 35,
    Kind.INTERVAL_DAY_SECOND: 64,
    Kind.INTERVAL_YEAR_MONTH: 64,
}


def _resized(value: Typed, target: Type) -> Typed:
    """A text cut to `target`'s bytes, where it may be longer."""
    node = value.node
    if value.type.size > target.size:
        node = call("rs_cut", node, number(target.size))
    if target.kind is Kind.CHAR:
        if value.blanks or node is not value.node:
            node = call("rtrim", node)
        return typed(node, target)
    return typed(node, target, blanks=value.blanks or node is not value.node)


# Text that is not a literal is read by macros that are as strict as Redshift.
_READERS: Final = {
    Kind.SMALLINT: "rs_integer",
    Kind.INTEGER: "rs_integer",
    Kind.BIGINT: "rs_integer",
    Kind.DATE: "rs_date",
    Kind.TIMESTAMP: "rs_timestamp",
    Kind.TIMESTAMPTZ: "rs_timestamptz",
    Kind.TIME: "rs_time",
    Kind.BOOLEAN: "rs_boolean",
}


def _from_text(value: Typed, target: Type, script: str, place: errors.Place) -> Typed:
    if target.is_text:
        return _resized(value, target)
    reader = _READERS.get(target.kind)
    if reader is not None:
        return typed(cast(call(reader, value.node), target), target)
    if target.kind in {Kind.NUMERIC, Kind.REAL, Kind.DOUBLE}:
        return typed(cast(call("trim", value.node), target), target)
    if target.kind is Kind.VARBYTE:
        return typed(call("encode", value.node), target)
    if target.is_interval or target.kind is Kind.TIMETZ:
        return typed(cast(value.node, target), target)
    raise errors.cannot_cast(value.type, target, script, place)


def _to_super(value: Typed, script: str, place: errors.Place) -> Typed:
    kind = value.type
    if kind.is_float:
        return typed(call("rs_super_float", value.node), SUPER)
    if kind.is_number or kind.is_text or kind.kind is Kind.BOOLEAN:
        return typed(call("to_json", value.node), SUPER)
    raise errors.cannot_cast(kind, SUPER, script, place)


def _from_super(value: Typed, target: Type, script: str, place: errors.Place) -> Typed:
    """Lax: what does not fit is NULL."""
    text = call("rs_super_text", value.node)
    if target.is_text:
        return _resized(typed(text, ANY_TEXT), target)
    if target.is_number or target.kind is Kind.BOOLEAN:
        return typed(try_cast(text, target), target)
    if target.is_datetime:
        return typed(try_cast(text, target), target)
    raise errors.cannot_cast(SUPER, target, script, place)
