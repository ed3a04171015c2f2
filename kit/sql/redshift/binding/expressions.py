"""Scalar expressions: one handler a kind of node, found in one table.

A handler takes the binder and the parsed node and answers with a bound expression; it never changes the parsed tree,
so a statement can be bound again. What has no handler is refused by name: nothing of DuckDB's or PostgreSQL's own slips
through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.scope import Scope
from kit.sql.redshift.binding.typed import Typed
from kit.sql.redshift.types import BOOLEAN, Kind, Type

if TYPE_CHECKING:
    from kit.sql.redshift.binding.aliases import Alias

Handler: TypeAlias = "Callable[[Expressions, Any], Typed]"


@dataclass(frozen=True, slots=True)
class Clause:
    """Where an expression stands, and what may stand there."""

    name: str
    aggregates: bool = False
    windows: bool = False


WHERE = Clause("WHERE")
ON = Clause("JOIN/ON")
GROUP_BY = Clause("GROUP BY")
HAVING = Clause("HAVING", aggregates=True)
SELECT = Clause("SELECT", aggregates=True, windows=True)
ORDER_BY = Clause("ORDER BY", aggregates=True, windows=True)
QUALIFY = Clause("QUALIFY", aggregates=True, windows=True)
LIMIT = Clause("LIMIT")
VALUES = Clause("VALUES")
DEFAULT = Clause("DEFAULT")


@dataclass(slots=True)
class Seen:
    """Whether a block's expressions hold aggregates, windows, or calls whose value changes from row to row."""

    aggregates: bool = False
    windows: bool = False
    volatile: bool = False


@dataclass(slots=True)
class Expressions:
    """Binds expressions of one clause. `aliases` are the select list's earlier columns, for lateral references.

    `prior` is the scope of the parent row in a CONNECT BY. `inside` names the aggregate or window being bound.
    """

    context: Context
    scope: Scope
    clause: Clause
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)
    prior: Scope | None = None
    inside: str = ""

    @property
    def script(self) -> str:
        return self.context.script

    def bind(self, node: exp.Expr) -> Typed:
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise self.refuse(node)
        return handler(self, node)

    def boolean(self, node: exp.Expr, of: str = "") -> exp.Expr:
        """A condition, of a clause or of the operator `of`: raises 42804 where it is no boolean."""
        return self.as_boolean(self.bind(node), node, of)

    def as_boolean(self, value: Typed, at: exp.Expr, of: str = "") -> exp.Expr:
        if value.type.kind is Kind.BOOLEAN:
            return value.node
        converted = coercion.implicit(value, BOOLEAN, self.script) if value.type.kind in _OPEN else None
        if converted is None:
            raise self.error(
                errors.DATATYPE_MISMATCH,
                f"argument of {of or self.clause.name} must be type boolean, not type {value.type.name}",
                at,
            )
        return converted.node

    def to(self, value: Typed, target: Type, at: exp.Expr, what: str) -> Typed:
        """`value` converted by itself to `target`; raises 42804 naming `what` where it does not."""
        converted = coercion.implicit(value, target, self.script)
        if converted is None:
            raise self.error(
                errors.DATATYPE_MISMATCH, f"{what} must be type {target.name}, not type {value.type.name}", at
            )
        return converted

    def within(self, clause: Clause, inside: str = "") -> Expressions:
        """The same names, another clause."""
        return replace(self, clause=clause, inside=inside or self.inside)

    def error(self, code: str, message: str, at: errors.Place = None, hint: str = "") -> KitError:
        return errors.error(code, message, self.script, at, hint)

    def unsupported(self, what: str, at: errors.Place, hint: str = "") -> KitError:
        return errors.unsupported(what, self.script, at, hint)

    def refuse(self, node: exp.Expr) -> KitError:
        """An expression that Redshift does not have."""
        name = type(node).__name__
        what = _REFUSED.get(type(node), f"This expression ({name})")
        return self.unsupported(what, node)


IN_AGGREGATE = "aggregate function calls"
IN_WINDOW = "window function calls"
_OPEN = frozenset({Kind.UNKNOWN, Kind.SUPER})

# PostgreSQL's and others' expressions that Redshift does not have, by the name that its documentation gives them.
_REFUSED: dict[type[exp.Expr], str] = {
    exp.NullSafeEQ: "IS DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Lambda: "A lambda expression",
    exp.Overlaps: "OVERLAPS",
    exp.RegexpILike: "The operator ~*",
    exp.Glob: "GLOB",
    exp.JSONExtract: "The operator ->",
    exp.JSONExtractScalar: "The operator ->>",
    exp.ArrayOverlaps: "The operator &&",
    exp.ArrayContainsAll: "The operator @>",
    exp.Collate: "COLLATE",
    exp.Order: "ORDER BY in an aggregate",
    exp.ByteString: "An E'…' string",
    exp.National: "An N'…' string",
    exp.UnicodeString: "A U&'…' string",
    exp.HexString: "An X'…' string",
    exp.BitString: "A B'…' string",
    exp.Struct: "A struct",
    exp.Map: "A map",
    exp.Slice: "An array slice",
    exp.Filter: "The FILTER clause of an aggregate",
    exp.CurrentTimestamp: "CURRENT_TIMESTAMP",
    exp.Array: "The array constructor []",
    exp.Values: "VALUES as a table",
    exp.Tuple: "A row constructor",
    exp.Star: "*",
}

_HANDLERS: dict[type[exp.Expr], Handler] = {}


def register(handlers: Mapping[type[exp.Expr], Handler]) -> None:
    """Add a family of handlers; each kind of node has one."""
    for kind, handler in handlers.items():
        assert kind not in _HANDLERS, kind
        _HANDLERS[kind] = handler
