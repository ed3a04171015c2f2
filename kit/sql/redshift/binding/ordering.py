"""ORDER BY terms: NULLs last when ascending, first when descending, unless the term says otherwise."""

from __future__ import annotations

from sqlglot import exp

from kit.sql.redshift.binding.coercion import trimmed
from kit.sql.redshift.binding.typed import Typed, call
from kit.sql.redshift.types import Kind


def null_order(term: exp.Ordered, value: Typed) -> exp.Ordered:
    """`term` by `value`, NULLs placed explicitly; blanks at the end of a text do not count."""
    node = call("rs_super_order", value.node) if value.type.kind is Kind.SUPER else trimmed(value)
    descending = bool(term.args.get("desc"))
    return exp.Ordered(this=node, desc=descending, nulls_first=bool(term.args.get("nulls_first")))
