"""ORDER BY terms: NULLs last when ascending, first when descending, unless the term says otherwise."""

from __future__ import annotations

from sqlglot import exp

from kit.sql.redshift.binding.typed import call
from kit.sql.redshift.types import Kind, Type


def null_order(term: exp.Ordered, node: exp.Expr, kind: Type) -> exp.Ordered:
    """`term` with `node` in place of what it orders by, NULLs placed explicitly."""
    if kind.kind is Kind.SUPER:
        node = call("rs_super_order", node)
    descending = bool(term.args.get("desc"))
    return exp.Ordered(this=node, desc=descending, nulls_first=bool(term.args.get("nulls_first")))
