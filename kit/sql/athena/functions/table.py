"""How a function is declared: its signature in Trino's words, its counterpart in DuckDB's.

A scalar function is a signature and either a template (`instr({0}, {1})`, arguments by number) or a function that
writes the SQL. An aggregate has one or more cores, which take DISTINCT, ORDER BY, FILTER and OVER, and an outer
template around their results. The tables of all topics together are the list of what exists: there is nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kit.sql.athena.expression import Expr
from kit.sql.athena.functions.signature import Bindings, Signature, parse
from kit.sql.athena.types import Type

if TYPE_CHECKING:
    from sqlglot import exp

    from kit.sql.athena.translation import Translation

_HOLE: Final = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose signature is settled: `arguments` have the signature's types, `given` are as they were written.

    A lambda among the arguments is DuckDB's text of it, its type the type of its result.
    """

    t: Translation
    name: str
    node: exp.Expr
    arguments: Sequence[Expr]
    given: Sequence[Expr]
    returns: Type
    bindings: Bindings

    def sql(self, index: int) -> str:
        return self.arguments[index].sql

    def constant(self, index: int) -> Any:
        """The value of an argument that is a literal or a parameter; NOT_CONSTANT for others."""
        return self.arguments[index].constant


Emit = Callable[[Call], "str | Expr"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """`volatile` functions give another value each time; `loose` ones hand a decimal through in a wider type."""

    text: str
    emit: str | Emit
    volatile: bool = False

    @property
    def signature(self) -> Signature:
        return parse(self.text)

    def repeats(self, index: int) -> bool:
        """Whether the template may compute an argument more than once: macros may, and so may templates."""
        if not isinstance(self.emit, str):
            return True
        return "kit_" in self.emit or sum(int(hole) == index for hole in _HOLE.findall(self.emit)) > 1


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`cores` are aggregate calls of DuckDB, as name and arguments: `("sum", "{0}")`.

    `outer` puts their results together, by number. `filters` is a condition on the arguments that a row must meet.
    `as_is` leaves arguments as they are, in their own types or wider, where DuckDB's answer is the same and sooner.
    """

    text: str
    cores: tuple[tuple[str, str], ...]
    outer: str | Callable[[Call, Sequence[str]], str] = "{0}"
    filters: str = ""
    as_is: bool = False

    @property
    def signature(self) -> Signature:
        return parse(self.text)


@dataclass(frozen=True, slots=True)
class Window:
    """A function that exists only with OVER; `core` is its template, `nulls` whether it takes IGNORE NULLS."""

    text: str
    core: str
    nulls: bool = False

    @property
    def signature(self) -> Signature:
        return parse(self.text)


Function = Scalar | Aggregate | Window
