"""Lateral alias references: a select list's column used further right in the same list.

A column of the FROM clause goes before an alias of the same name. The reference becomes a copy of the expression; one
that changes from call to call would then not be the same value twice, and is refused.

Source: Amazon Redshift Database Developer Guide, "SELECT list", read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from kit.sql.redshift.binding.typed import Typed


@dataclass(frozen=True, slots=True)
class Alias:
    """`source` is the expression as it was written."""

    value: Typed
    source: exp.Expr
    volatile: bool = False
    aggregate: bool = False
    windowed: bool = False

    def copy(self) -> Typed:
        node = self.value.node.copy()
        node.type = self.value.node.type
        return Typed(node, self.value.type, self.value.blanks)
