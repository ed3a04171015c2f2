"""Finds `:name` parameters in SQL text; values are bound to them, never pasted.

Knows no dialect. A colon is left alone inside strings, quoted names and comments, in `::casts`, in slices (`a[1:n]`),
in paths (`x:y.z`) and in JSON members (`"a":b`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kit.base.errors import KitError, did_you_mean
from kit.sql.lexer import Kind, tokens
from kit.sql.place import line_column


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`:name` at the characters [start, end) of the text; the colon is the first of them."""

    name: str
    start: int
    end: int


def placeholders(text: str) -> tuple[Placeholder, ...]:
    """The named parameters in the order of the text; a name may come more than once."""
    if ":" not in text:
        return ()
    return tuple(
        Placeholder(token.name, token.start, token.end) for token in tokens(text) if token.kind is Kind.PARAMETER
    )


def select(text: str, available: Mapping[str, Any], *, found: Iterable[Placeholder] | None = None) -> dict[str, Any]:
    """The values of the parameters that `text` names.

    Raises `MISSING_PARAMETER` at the first name that `available` lacks.
    """
    chosen: dict[str, Any] = {}
    for placeholder in placeholders(text) if found is None else found:
        if placeholder.name not in available:
            raise missing(text, placeholder, available)
        chosen[placeholder.name] = available[placeholder.name]
    return chosen


def missing(text: str, placeholder: Placeholder, available: Iterable[str]) -> KitError:
    """The error for a parameter that has no value."""
    line, column = line_column(text, placeholder.start)
    hint = did_you_mean(placeholder.name, available) or "Pass it as a parameter, or define a variable of that name."
    return KitError(
        "MISSING_PARAMETER",
        f"line {line}:{column}: There is no value for the parameter ':{placeholder.name}'",
        hint,
        statement=text,
        line=line,
        column=column,
    )
