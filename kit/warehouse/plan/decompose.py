"""How an aggregate is computed in two phases: what a slice computes, and how the parts become the answer.

Sums, counts and extremes are combined by themselves. Functions that keep more than one number hand on their state
(`EXPORT_STATE`), which DuckDB combines and finalises. A function without such a form has no second phase: its rows are
brought together first. `aggregates.py` lists what was measured to be equal; `mode` fails and `approx_quantile` differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from kit.warehouse.plan.aggregates import combination, name_of
from kit.warehouse.plan.context import Context
from kit.warehouse.plan.expression import Expr, quote
from kit.warehouse.plan.nodes import Column


@dataclass(frozen=True, slots=True)
class Decomposed:
    """`partial` is what a slice computes into `slot`, `final` combines the slots; no `partial`, no slot."""

    slot: Column
    partial: Expr | None
    final: Expr


def decompose(call: Expr, column: Column, *, is_distinct: bool, context: Context) -> Decomposed | None:
    """Both phases of an aggregate, or None where it has no second one.

    A distinct call is decomposed on the promise that equal values are on one slice.
    """
    slot_id = f"{column.id}:part"
    kind = combination(call.tree)
    match kind:
        case "added":
            slot = context.column(slot_id, "BIGINT")
            return Decomposed(slot, call, _combined(call, "CAST(coalesce(sum({}), 0) AS BIGINT)", slot))
        case "summed":
            slot = context.column(slot_id, column.type, 16)
            return Decomposed(slot, call, _combined(call, "sum({})", slot))
        case "extreme":
            slot = context.column(slot_id, column.type, column.width_bytes)
            return Decomposed(slot, call, _combined(call, f"{name_of(call.tree)}({{}})", slot))
        case "state":
            if is_distinct:
                # A state of distinct values forgets which they were: states of two groups of slices would be added.
                return None
            slot = context.column(slot_id, "AGGREGATE_STATE", 32)
            partial = Expr(call.tree, f"{call.sql} EXPORT_STATE", call.columns, call.subqueries)
            return Decomposed(slot, partial, _combined(call, "finalize(combine_aggr({}))", slot))
        case "grouping":
            return Decomposed(column, None, call)
        case "whole" | None:
            return None
        case _:
            assert_never(kind)


def _combined(call: Expr, template: str, slot: Column) -> Expr:
    return Expr(call.tree, template.format(quote(slot.id)), frozenset((slot.id,)))
