"""GROUP BY: plain keys, ordinals, GROUPING SETS, CUBE and ROLLUP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from kit.sql.athena.expression import AGGREGATE, WINDOW, Expr, cast_sql, exact
from kit.sql.athena.ordering import check_comparable
from kit.sql.athena.types import TIMESTAMP_TZ
from kit.sql.athena.zones import instant, zone_text

if TYPE_CHECKING:
    from kit.sql.athena.scope import Scope
    from kit.sql.athena.translation import Translation


@dataclass(frozen=True, slots=True)
class Grouping:
    """The clause as text, and its keys: the text of each as an expression, and what stands for it in the groups."""

    sql: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.sql)


def group_by(t: Translation, node: exp.Select, scope: Scope) -> Grouping:
    """The grouping of a SELECT."""
    clause = node.args.get("group")
    if clause is None:
        return Grouping()
    t.only(clause, "expressions")
    if not clause.expressions:
        raise t.error("SYNTAX_ERROR", "mismatched input after GROUP BY. Expecting: <expression>", clause)
    keys: dict[str, str] = {}
    elements = [_element(t, element, node, scope, keys) for element in clause.expressions]
    return Grouping(f" GROUP BY {', '.join(elements)}", keys)


def _element(t: Translation, element: exp.Expr, node: exp.Select, scope: Scope, keys: dict[str, str]) -> str:
    match element:
        case exp.GroupingSets():
            return f"GROUPING SETS ({', '.join(_set(t, part, node, scope, keys) for part in element.expressions)})"
        case exp.Cube() | exp.Rollup():
            word = "CUBE" if isinstance(element, exp.Cube) else "ROLLUP"
            return f"{word} ({', '.join(_set(t, part, node, scope, keys) for part in element.expressions)})"
        case exp.Tuple():
            # Without parentheses: `GROUP BY (a, b)` groups by two keys, not by one row.
            return ", ".join(_key(t, part, node, scope, keys) for part in element.expressions) or "()"
        case _:
            return _key(t, element, node, scope, keys)


def _set(t: Translation, part: exp.Expr, node: exp.Select, scope: Scope, keys: dict[str, str]) -> str:
    match part:
        case exp.Tuple():
            return f"({', '.join(_key(t, inner, node, scope, keys) for inner in part.expressions)})"
        case exp.Cube() | exp.Rollup() | exp.GroupingSets():
            return _element(t, part, node, scope, keys)
        case _:
            return f"({_key(t, part, node, scope, keys)})"


def _key(t: Translation, part: exp.Expr, node: exp.Select, scope: Scope, keys: dict[str, str]) -> str:
    from kit.sql.athena.queries import ordinal_of

    part = part.unnest() if isinstance(part, exp.Paren) else part
    if isinstance(part, exp.Literal) and not part.is_string:
        if any(column.is_star for column in node.expressions):
            raise t.unsupported("A GROUP BY position in a query that selects *", part, "Name the columns.")
        part = node.expressions[ordinal_of(t, part, len(node.expressions), "GROUP BY") - 1]
        part = part.this if isinstance(part, exp.Alias) else part
    key = exact(t.expression(part, scope))
    if key.flags & (AGGREGATE | WINDOW):
        message = "GROUP BY clause cannot contain aggregations, window functions or grouping operations"
        raise t.error("EXPRESSION_NOT_SCALAR", message, part)
    if key.type.name == TIMESTAMP_TZ and key.type.zone is None:
        keys[key.sql] = _of_one_instant(key)
        return instant(key)
    check_comparable(t, key.type, part, "GROUP BY")
    keys[key.sql] = key.sql
    # A number alone would be taken for a position.
    return cast_sql(key.sql, key.type) if key.is_constant and key.type.name != "unknown" else key.sql


def _of_one_instant(key: Expr) -> str:
    """What a group of equal instants shows: Trino takes any of their zones."""
    moment = instant(key)
    return f"(CASE WHEN {moment} IS NOT NULL THEN struct_pack(t := {moment}, z := any_value({zone_text(key)})) END)"
