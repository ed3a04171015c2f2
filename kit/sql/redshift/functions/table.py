"""How a Redshift function is described: its parameters, its result, and DuckDB SQL that means the same.

A row reads `("strpos", "text, text", "int", "strpos($1, $2)")`. Parameters are classes of types (`_ACCEPTED`); a `?`
marks one that may be left out, `*` the last one's repetition. The result is a type, or `$n` for the type of an
argument. An argument is converted to its parameter's type before it enters the template. Names share a row with `|`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.template import template
from kit.sql.redshift.binding.typed import Typed, typed
from kit.sql.redshift.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL_DAY_SECOND,
    SUPER,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UNKNOWN,
    Kind,
    Type,
    parse_type,
    varbyte,
)

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions

Row: TypeAlias = tuple[str, str, str, str]
Accept: TypeAlias = Callable[[Typed, str], "Typed | None"]


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was written: unbound arguments, and what aggregates add to them."""

    name: str
    arguments: Sequence[exp.Expr]
    node: exp.Expr
    distinct: bool = False
    order: exp.Order | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """`bind` turns a call into a bound expression; `column` names a projection that is nothing but the call."""

    name: str
    bind: Callable[[Expressions, Call], Typed]
    column: str


@dataclass(frozen=True, slots=True)
class Overload:
    accepts: tuple[Accept, ...]
    required: int
    repeats: bool
    result: str
    build: str

    def takes(self, count: int) -> bool:
        return self.required <= count and (self.repeats or count <= len(self.accepts))

    def accept(self, index: int) -> Accept:
        return self.accepts[min(index, len(self.accepts) - 1)]


def scalars(rows: Iterable[Row]) -> dict[str, Function]:
    """The functions that `rows` describe; several rows of one name are its overloads, the first that fits is taken."""
    overloads: dict[str, list[Overload]] = {}
    for names, parameters, result, sql in rows:
        made = _overload(parameters, result, sql)
        for name in names.split("|"):
            overloads.setdefault(name, []).append(made)
    return {name: Function(name, _binder(found), name) for name, found in overloads.items()}


def aliased(functions: Mapping[str, Function], **columns: str) -> dict[str, Function]:
    """The functions with other default column names."""
    return {
        name: Function(function.name, function.bind, columns.get(name, function.column))
        for name, function in functions.items()
    }


def build(sql: str, *arguments: exp.Expr) -> exp.Expr:
    """A template filled in."""
    return template(sql)(arguments)


def choose(overloads: Sequence[Overload], values: Sequence[Typed], script: str) -> tuple[Overload, list[Typed]] | None:
    """The first overload that takes the values as they are, else the first that takes them converted."""
    fitting = [overload for overload in overloads if overload.takes(len(values))]
    first: tuple[Overload, list[Typed]] | None = None
    for overload in fitting:
        converted: list[Typed] = []
        for index, value in enumerate(values):
            accepted = overload.accept(index)(value, script)
            if accepted is None:
                break
            converted.append(accepted)
        else:
            if all(new is old for new, old in zip(converted, values, strict=True)):
                return overload, converted
            first = first or (overload, converted)
    return first


def _binder(overloads: Sequence[Overload]) -> Callable[[Expressions, Call], Typed]:
    def bind(binder: Expressions, call: Call) -> Typed:
        values = [binder.bind(argument) for argument in call.arguments]
        found = choose(overloads, values, binder.script)
        if found is None:
            raise errors.function_missing(call.name, [value.type for value in values], binder.script, call.node, None)
        overload, converted = found
        node = template(overload.build)([value.node for value in converted])
        return _result(overload.result, node, converted)

    return bind


def _result(spec: str, node: exp.Expr, values: Sequence[Typed]) -> Typed:
    if spec.startswith("$"):
        value = coercion.settle(values[int(spec[1:]) - 1])
        return typed(node, value.type, blanks=value.blanks)
    if spec == "text":
        return typed(node, coercion.ANY_TEXT)
    if spec == "trimmed":
        return typed(node, coercion.ANY_TEXT, blanks=False)
    return typed(node, parse_type(spec))


def _overload(parameters: str, result: str, sql: str) -> Overload:
    names = [part.strip() for part in parameters.split(",") if part.strip()]
    repeats = bool(names) and names[-1].endswith("*")
    required = sum(not name.endswith(("?", "*")) for name in names)
    return Overload(tuple(_ACCEPTED[name.rstrip("?*")] for name in names), required, repeats, result, sql)


def _any(value: Typed, script: str) -> Typed | None:
    del script
    return coercion.settle(value)


def _text(value: Typed, script: str) -> Typed | None:
    if value.type.is_text:
        return value
    return coercion.settle(value) if value.type is UNKNOWN else coercion.implicit(value, coercion.ANY_TEXT, script)


def _to(target: Type) -> Accept:
    def accept(value: Typed, script: str) -> Typed | None:
        return coercion.implicit(value, target, script)

    return accept


def _integer(value: Typed, script: str) -> Typed | None:
    """Any integer as it is."""
    if value.type.is_integer:
        return value
    if value.type.kind in {Kind.UNKNOWN, Kind.SUPER}:
        return coercion.implicit(value, INTEGER, script)
    return None


def _number(value: Typed, script: str) -> Typed | None:
    """Any number as it is."""
    if value.type.is_number:
        return value
    if value.type.kind in {Kind.UNKNOWN, Kind.SUPER}:
        return coercion.implicit(value, DOUBLE, script)
    return None


def _exact(value: Typed, script: str) -> Typed | None:
    del script
    return value if value.type.kind is Kind.NUMERIC else None


def _kind(*kinds: Kind) -> Accept:
    def accept(value: Typed, script: str) -> Typed | None:
        del script
        return value if value.type.kind in kinds else None

    return accept


def _boolean(value: Typed, script: str) -> Typed | None:
    if value.type.kind is Kind.BOOLEAN or value.type is UNKNOWN:
        return coercion.implicit(value, BOOLEAN, script)
    return None


_ACCEPTED: Final[dict[str, Accept]] = {
    "any": _any,
    "text": _text,
    "int": _integer,
    "int4": _to(INTEGER),
    "bigint": _to(BIGINT),
    "number": _number,
    "numeric": _exact,
    "real": _kind(Kind.REAL),
    "integer": _kind(Kind.SMALLINT, Kind.INTEGER, Kind.BIGINT),
    "float": _to(DOUBLE),
    "bool": _boolean,
    "date": _to(DATE),
    "time": _to(TIME),
    "timetz": _to(TIMETZ),
    "timestamp": _to(TIMESTAMP),
    "timestamptz": _to(TIMESTAMPTZ),
    "is_timestamp": _kind(Kind.TIMESTAMP, Kind.DATE),
    "is_timestamptz": _kind(Kind.TIMESTAMPTZ),
    "interval": _to(INTERVAL_DAY_SECOND),
    "varbyte": _kind(Kind.VARBYTE),
    "as_varbyte": _to(varbyte()),
    "super": _to(SUPER),
}
