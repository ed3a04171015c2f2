"""ORDER BY lists: of queries, aggregates and windows. NULLs come last in Trino, whichever the direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from kit.sql.athena.expression import Expr, exact
from kit.sql.athena.types import TIMESTAMP_TZ, Type, has_own_zones, is_comparable, is_orderable
from kit.sql.athena.zones import instant

if TYPE_CHECKING:
    from kit.sql.athena.scope import Scope
    from kit.sql.athena.translation import Translation


@dataclass(frozen=True, slots=True)
class Ordering:
    """A list of sort keys: as text, and the expressions that it is made of."""

    sql: str = ""
    parts: tuple[Expr, ...] = ()


def order_by(t: Translation, items: Sequence[exp.Expr], scope: Scope) -> Ordering:
    """The sort keys of an aggregate or a window."""
    if not items:
        return Ordering()
    keys = [exact(t.expression(item.this if isinstance(item, exp.Ordered) else item, scope)) for item in items]
    return Ordering(", ".join(key_sql(t, item, key) for item, key in zip(items, keys, strict=True)), tuple(keys))


def key_sql(t: Translation, item: exp.Expr, key: Expr, position: int | None = None) -> str:
    """One sort key; `position` stands for it where the key is an output column."""
    if not is_orderable(key.type):
        raise t.mismatch(f"Type {key.type} is not orderable, and therefore cannot be used in ORDER BY", item)
    value = instant(key) if key.type.name == TIMESTAMP_TZ else key.sql
    return f"{value if position is None else position} {direction(t, item)}"


def check_comparable(t: Translation, kind: Type, at: exp.Expr, clause: str) -> None:
    """Refuse what cannot be grouped or told apart.

    Instants that bring their own zones would be told apart by zone too, which Trino does not.
    """
    if not is_comparable(kind):
        raise t.mismatch(f"{kind} is not comparable, and therefore cannot be used in {clause}", at)
    if has_own_zones(kind):
        hint = "Bring the values to one zone: x AT TIME ZONE 'UTC', or CAST(x AS timestamp)."
        raise t.unsupported(f"{clause} of instants with zones of their own", at, hint)


def direction(t: Translation, item: exp.Expr) -> str:
    """`ASC NULLS LAST` and its kin, always in full."""
    if not isinstance(item, exp.Ordered):
        return "ASC NULLS LAST"
    t.only(item, "this", "desc", "nulls_first")
    way = "DESC" if item.args.get("desc") else "ASC"
    return f"{way} NULLS {'FIRST' if item.args.get('nulls_first') else 'LAST'}"
