"""Where the values of `:name` come from: `-p name=expression` first, then the notebook's variables.

Values are handed on beside the SQL; nothing here writes them into it. What numpy, pandas, polars and Arrow hold is
handed on as the Python value that it stands for.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kit.base.errors import did_you_mean
from kit.sql.parameters import placeholders, select
from magics.reader import Words


@dataclass(frozen=True, slots=True)
class Binding:
    """One `-p name=expression`."""

    name: str
    expression: str


def binding(word: str) -> Binding:
    """`name=expression`, split at the first equals sign."""
    name, equals, expression = word.partition("=")
    if not equals or not name.isidentifier() or not expression.strip():
        raise ValueError("name=expression is wanted, without white space outside quotes and brackets")
    return Binding(name, expression)


def bind(text: str, words: Words, scopes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The value of every parameter in `text`, by name; `scopes` are searched in order.

    Raises `MISSING_PARAMETER` at the first parameter that nobody gives a value, `UNUSED_PARAMETER` for a `-p` that the
    text does not use, `INVALID_PARAMETER` where an expression fails.
    """
    found = placeholders(text)
    wanted = {placeholder.name for placeholder in found}
    given: dict[str, Any] = {}
    for index, asked in enumerate(words.all("param")):
        if asked.name in given:
            message = f"The parameter '{asked.name}' is given twice."
            raise words.error("DUPLICATE_OPTION", message, at="param", index=index)
        if asked.name not in wanted:
            message = f"The statement has no parameter ':{asked.name}'."
            hint = did_you_mean(asked.name, wanted)
            raise words.error("UNUSED_PARAMETER", message, hint, at="param", index=index)
        try:
            given[asked.name] = _evaluate(asked.expression, scopes)
        except Exception as error:
            message = f"-p {asked.name}: {type(error).__name__}: {error}"
            raise words.error("INVALID_PARAMETER", message, at="param", index=index) from error
    values = select(text, ChainMap(given, *map(dict, scopes)), found=found)
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    for conversion in ("tolist", "as_py", "to_pylist", "to_list"):
        if hasattr(value, conversion) and not isinstance(value, type):
            return getattr(value, conversion)()
    return value


def _evaluate(expression: str, scopes: Sequence[Mapping[str, Any]]) -> Any:
    names = {name: value for scope in reversed(scopes) for name, value in scope.items()}
    return eval(expression, names)  # noqa: S307  # the notebook's own code, as in any of its cells
