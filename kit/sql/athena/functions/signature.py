"""Function signatures in Trino's notation, and which of several a call means.

A signature is written as Trino's documentation writes it: `element_at(array(E), bigint) -> E`. Single capital letters
are type variables; lower-case letters in parentheses are numbers (`varchar(x)`, `decimal(p,s)`); `...` repeats the
last parameter. Knows no SQL of DuckDB.

Source: FunctionResolver and SignatureBinder of trinodb/trino, read 2026-11. Differs: where several signatures fit, the
one with the fewest and smallest conversions wins; Trino computes the most specific, which comes to the same here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from kit.sql.athena import types
from kit.sql.athena.types import INTEGERS, TIMESTAMP_TZ, UNKNOWN, Type, can_coerce, common_supertype

_SIGNATURE: Final = re.compile(r"\s*(\w+)\((.*)\)\s*->\s*(.+?)\s*$", re.DOTALL)
_STEPS: Final = {name: step for step, name in enumerate((*INTEGERS, "decimal", "real", "double"))}
_TIMES: Final = {name: step for step, name in enumerate(("date", "timestamp", TIMESTAMP_TZ))}

Bindings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Signature:
    """`parameters` may contain variables: types called `$T`, and names of numbers among a type's arguments."""

    name: str
    parameters: tuple[Type, ...]
    returns: Type
    variadic: bool
    text: str

    def fits(self, count: int) -> bool:
        return count >= len(self.parameters) - 1 if self.variadic else count == len(self.parameters)

    def parameter(self, index: int) -> Type:
        return self.parameters[min(index, len(self.parameters) - 1)]


@cache
def parse(text: str) -> Signature:
    """A signature from its notation."""
    found = _SIGNATURE.match(text)
    assert found is not None, text
    name, inside, returns = found.groups()
    parts = _split(inside)
    variadic = bool(parts) and parts[-1].endswith("...")
    parameters = tuple(_type(part.removesuffix("...").strip()) for part in parts)
    shown = ", ".join(part.strip().replace("...", "") for part in parts)
    return Signature(name, parameters, _type(returns), variadic, f"{name}({shown})")


def _split(text: str) -> list[str]:
    parts: list[str] = []
    depth = start = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    rest = text[start:]
    return [*parts, rest] if rest.strip() else parts


def _type(text: str) -> Type:
    text = text.strip()
    if re.fullmatch(r"[A-Z]", text):
        return Type(f"${text}")
    zoned = text.endswith(" with time zone")
    head, _, inside = text.removesuffix(" with time zone").partition("(")
    arguments = _split(inside.rpartition(")")[0]) if inside else []
    if zoned:
        return Type(TIMESTAMP_TZ, (_number(arguments[0]), "z"))
    if head in ("array", "map", "function"):
        return Type(head, tuple(_type(argument) for argument in arguments))
    if head == "row":
        return types.row((None, _type(argument)) for argument in arguments)
    return Type(head, tuple(_number(argument) for argument in arguments))


def _number(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.isdigit() else text


def match(signature: Signature, arguments: Sequence[Type | None]) -> tuple[int, Bindings] | None:
    """The cost of calling with these types and what the variables stand for; None where it cannot be called so.

    A None among the arguments is a lambda, whose type is found later.
    """
    if not signature.fits(len(arguments)):
        return None
    bindings: Bindings = {}
    total = 0
    for index, actual in enumerate(arguments):
        parameter = signature.parameter(index)
        if (actual is None) != (parameter.name == "function"):
            return None
        if actual is None:
            continue
        cost = _bind(parameter, actual, bindings)
        if cost is None:
            return None
        total += cost
    return total, bindings


def _bind(parameter: Type, actual: Type, bindings: Bindings) -> int | None:
    if parameter.name.startswith("$"):
        return _bind_variable(parameter.name, actual, bindings)
    if actual.name == "unknown":
        return 1
    if parameter.name == actual.name:
        return _bind_arguments(parameter, actual, bindings)
    return _bind_converted(parameter, actual, bindings)


def _bind_variable(name: str, actual: Type, bindings: Bindings) -> int | None:
    known = bindings.get(name)
    if known is None or known == actual:
        bindings[name] = actual
        return 0
    wider = common_supertype(known, actual)
    if wider is None:
        return None
    bindings[name] = wider
    return 1


def _bind_arguments(parameter: Type, actual: Type, bindings: Bindings) -> int | None:
    if parameter.name in ("array", "map"):
        total = 0
        for inner, given in zip(parameter.arguments, actual.arguments, strict=True):
            cost = _bind(inner, given, bindings)
            if cost is None:
                return None
            total += cost
        return total
    if parameter.name == "row":
        return _bind_row(parameter, actual, bindings)
    for index, variable in enumerate(parameter.arguments):
        if isinstance(variable, str):
            given = actual.arguments[index] if index < len(actual.arguments) else None
            known = bindings.get(variable, given)
            bindings[variable] = _wider_number(variable, known, given)
    return 0


def _bind_row(parameter: Type, actual: Type, bindings: Bindings) -> int | None:
    """Fields by position; a row without fields in a signature stands for any row."""
    if not parameter.fields:
        return 0
    if len(parameter.fields) != len(actual.fields):
        return None
    total = 0
    for (_, inner), (_, given) in zip(parameter.fields, actual.fields, strict=True):
        cost = _bind(inner, given, bindings)
        if cost is None:
            return None
        total += cost
    return total


def _wider_number(variable: str, known: Any, given: Any) -> Any:
    if known == given:
        return given
    if variable == "z" or known is None or given is None:
        return None
    return max(known, given)


def _bind_converted(parameter: Type, actual: Type, bindings: Bindings) -> int | None:
    """An argument that Trino converts to the parameter's type by itself."""
    match parameter.name, actual.name:
        case "decimal", name if name in types.INTEGER_DIGITS:
            as_decimal = types.decimal(types.INTEGER_DIGITS[name], 0)
            _bind_arguments(parameter, as_decimal, bindings)
            return 5
        case "varchar", "char":
            _bind_arguments(parameter, types.varchar(actual.length), bindings)
            return 3
        case ("timestamp" | "timestamp with time zone") as target, ("date" | "timestamp") as source:
            precision = 0 if source == "date" else actual.precision
            widened = types.timestamp(precision) if target == "timestamp" else types.timestamp_tz(precision, "UTC")
            if _TIMES[target] <= _TIMES[source]:
                return None
            _bind_arguments(parameter, widened, bindings)
            return 2 * (_TIMES[target] - _TIMES[source])
        case target, source if target in _STEPS and source in _STEPS and not parameter.arguments:
            return _STEPS[target] - _STEPS[source] if can_coerce(actual, parameter) else None
        case _:
            generic = any(isinstance(part, str) for part in parameter.arguments)
            return 4 if not generic and can_coerce(actual, parameter) else None


def substitute(kind: Type, bindings: Mapping[str, Any]) -> Type:
    """A parameter's or result's type with its variables filled in."""
    if kind.name.startswith("$"):
        return bindings.get(kind.name, UNKNOWN)
    if kind.name in ("array", "map", "function"):
        return Type(kind.name, tuple(substitute(part, bindings) for part in kind.arguments))
    if kind.name == "row":
        return types.row((None, substitute(part, bindings)) for _, part in kind.fields)
    if not any(isinstance(part, str) for part in kind.arguments):
        return kind
    values = tuple(bindings.get(part) if isinstance(part, str) else part for part in kind.arguments)
    match kind.name:
        case "varchar" | "char":
            return types.varchar(None) if values[0] is None else Type(kind.name, values)
        case "decimal":
            return Type("decimal", (values[0] or types.MAX_PRECISION, values[1] or 0))
        case "timestamp with time zone":
            return Type(kind.name, (3 if values[0] is None else values[0], values[1] if "z" in bindings else "UTC"))
        case _:
            return Type(kind.name, tuple(3 if value is None else value for value in values))


def mentions_row(kind: Type) -> bool:
    """Whether a parameter takes rows, whose fields keep their own names."""
    return kind.name == "row" or (kind.name in ("array", "map") and any(map(mentions_row, kind.arguments)))
