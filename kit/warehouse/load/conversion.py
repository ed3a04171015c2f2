"""How a value of one type is stored in a column of another: an assignment, which unlike a cast never cuts text.

The macros are the dialect's (`kit.sql.redshift.macros`); their errors have Redshift's words.
"""

from __future__ import annotations

from kit.base.errors import KitError
from kit.sql.redshift.types import Kind, Type

_FROM_TEXT = {
    Kind.SMALLINT: "rs_integer",
    Kind.INTEGER: "rs_integer",
    Kind.BIGINT: "rs_integer",
    Kind.BOOLEAN: "rs_boolean",
    Kind.DATE: "rs_date",
    Kind.TIMESTAMP: "rs_timestamp",
    Kind.TIMESTAMPTZ: "rs_timestamptz",
}


_SIZED = {Kind.VARCHAR: "rs_store_varchar", Kind.CHAR: "rs_store_char", Kind.VARBYTE: "rs_store_varbyte"}


def stored(value: str, source: Type, target: Type) -> str:
    """SQL of `value`, SQL of type `source`, as a column of type `target` keeps it; raises 42804 where it cannot."""
    if target.kind in _SIZED:
        checked = f"{_SIZED[target.kind]}(CAST({value} AS {target.duckdb}), {target.size})"
        return f"CASE WHEN {value} IS NOT NULL THEN {checked} END"
    if (source.is_text or source.kind is Kind.UNKNOWN) and target.kind in _FROM_TEXT:
        return f"CAST({_FROM_TEXT[target.kind]}({value}) AS {target.duckdb})"
    if not _converts(source, target):
        raise KitError(
            "42804",
            f"column is of type {target} but expression is of type {source}",
            "You will need to rewrite or cast the expression.",
        )
    return f"CAST({value} AS {target.duckdb})"


def _converts(source: Type, target: Type) -> bool:
    """Whether a value may be assigned without a cast. A literal without a type takes any."""
    if source.kind in {target.kind, Kind.UNKNOWN} or Kind.SUPER in {source.kind, target.kind} or source.is_text:
        return True
    if source.is_number and target.is_number:
        return True
    return source.is_datetime and target.is_datetime
