"""Prefixes of objects with `!{namespace:value}` expressions: what they may hold, and what they come to. Pure.

A prefix without a timestamp gets `yyyy/MM/dd/HH/` appended, an error prefix without any expression also the kind of the
error. Values of partition keys cannot climb out of the prefix:
storage refuses such keys, and an empty value is refused before.

Source: Amazon Data Firehose Developer Guide, Custom Prefixes for Amazon S3 Objects, and Dynamic Partitioning; read
2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, assert_never

from kit.delivery.errors import InvalidArgumentException
from kit.delivery.java_time import format_time

FailureKind: TypeAlias = Literal["processing-failed", "format-conversion-failed"]
"""What `!{firehose:error-output-type}` says, and the folder of an error prefix without expressions."""

DEFAULT_TIME = "yyyy/MM/dd/HH/"
_EXPRESSION = re.compile(r"!\{([^{}]*)\}")
_NAMESPACES = ("timestamp", "firehose", "partitionKeyFromQuery", "partitionKeyFromLambda")


@dataclass(frozen=True, slots=True)
class Expression:
    """`!{namespace:value}`."""

    namespace: str
    value: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix as it was written, and its parts: texts and expressions."""

    text: str
    parts: tuple[str | Expression, ...]

    @classmethod
    def parse(cls, text: str) -> Prefix:
        """Raises `InvalidArgumentException`."""
        return cls(text, tuple(_parts(text)))

    @property
    def expressions(self) -> tuple[Expression, ...]:
        return tuple(part for part in self.parts if isinstance(part, Expression))

    def keys(self, namespace: str) -> set[str]:
        """The values asked for of a namespace."""
        return {part.value for part in self.expressions if part.namespace == namespace}


@dataclass(frozen=True, slots=True)
class Place:
    """What the expressions of one object come to. `time` is the oldest record's arrival, in the stream's time zone."""

    time: datetime
    random: str
    query_keys: Mapping[str, str]
    lambda_keys: Mapping[str, str]


def check_prefix(prefix: Prefix) -> None:
    """Raises `InvalidArgumentException` for what only an error prefix may hold."""
    if "error-output-type" in prefix.keys("firehose"):
        raise InvalidArgumentException(
            "!{firehose:error-output-type} cannot be used in the Prefix.", "It belongs in the ErrorOutputPrefix."
        )


def check_error_prefix(prefix: Prefix, main: Prefix) -> None:
    """Raises `InvalidArgumentException` where the error prefix is missing, or does not tell kinds of errors apart."""
    if main.expressions and not prefix.text:
        raise InvalidArgumentException(
            "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions.",
            "For example errors/!{firehose:error-output-type}/",
        )
    if any(part.namespace.startswith("partitionKey") for part in prefix.expressions):
        raise InvalidArgumentException("Partition keys cannot be used in the ErrorOutputPrefix.")
    if prefix.expressions and "error-output-type" not in prefix.keys("firehose"):
        raise InvalidArgumentException(
            "ErrorOutputPrefix with expressions must include !{firehose:error-output-type}.",
            "For example errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
        )


def evaluate(prefix: Prefix, place: Place) -> str:
    """Where an object goes."""
    return "".join(_value(part, place, "") for part in prefix.parts) + _default_time(prefix, place)


def evaluate_error(prefix: Prefix, place: Place, kind: FailureKind) -> str:
    """Where an object of failed records goes; without expressions, in folders of the kind's name and the hour."""
    text = "".join(_value(part, place, kind) for part in prefix.parts)
    return text if prefix.expressions else f"{text}{kind}/{format_time(DEFAULT_TIME, place.time)}"


def _parts(text: str) -> Iterator[str | Expression]:
    position = 0
    for match in _EXPRESSION.finditer(text):
        if match.start() > position:
            yield _plain(text[position : match.start()], text)
        namespace, colon, value = match[1].partition(":")
        expression = Expression(namespace, value)
        _check(expression, text, complete=bool(colon))
        yield expression
        position = match.end()
    if position < len(text):
        yield _plain(text[position:], text)


def _plain(part: str, text: str) -> str:
    if "!{" in part:
        raise InvalidArgumentException(f"An expression in the prefix '{text}' has no end.", "!{namespace:value}")
    return part


def _check(expression: Expression, text: str, *, complete: bool) -> None:
    if not complete or not expression.value:
        raise InvalidArgumentException(
            f"An expression in the prefix '{text}' is not of the form !{{namespace:value}}.",
            f"Namespaces are {', '.join(_NAMESPACES)}.",
        )
    match expression.namespace:
        case "timestamp":
            format_time(expression.value, datetime(2000, 1, 1))  # noqa: DTZ001 - the pattern is checked, not the time
        case "firehose":
            if expression.value not in {"random-string", "error-output-type"}:
                raise InvalidArgumentException(
                    f"!{{firehose:{expression.value}}} is not known.", "random-string or error-output-type."
                )
        case "partitionKeyFromQuery" | "partitionKeyFromLambda":
            pass
        case _:
            raise InvalidArgumentException(
                f"The namespace '{expression.namespace}' in the prefix '{text}' is not known.",
                f"Namespaces are {', '.join(_NAMESPACES)}.",
            )


def _value(part: str | Expression, place: Place, kind: str) -> str:
    match part:
        case str():
            return part
        case Expression("timestamp", pattern):
            return format_time(pattern, place.time)
        case Expression("firehose", "random-string"):
            return place.random
        case Expression("firehose", _):
            return kind
        case Expression("partitionKeyFromQuery", key):
            return place.query_keys[key]
        case Expression(_, key):
            return place.lambda_keys[key]
    assert_never(part)


def _default_time(prefix: Prefix, place: Place) -> str:
    return "" if prefix.keys("timestamp") else format_time(DEFAULT_TIME, place.time)
