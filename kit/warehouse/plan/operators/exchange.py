"""Move rows: to the leader, to every slice, or to the slice that a hash names. Where a plan is cut into segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import ARBITRARY, REPLICATED, SINGLE, Distribution, Hashed, Replicated, slice_of
from kit.warehouse.plan.expression import OWN_SLICE, quote
from kit.warehouse.plan.nodes import Placed
from kit.warehouse.plan.operators.one_row import OneRow
from kit.warehouse.plan.relation import Relation

ExchangeKind: TypeAlias = Literal["gather", "broadcast", "redistribute", "keep"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """`keep` moves nothing: it holds a result that is read more than once where it is."""

    kind: ExchangeKind
    target: Distribution

    def render(self, _placed: Placed, _inputs: Sequence[Relation]) -> Relation:
        raise AssertionError("a segment ends at an exchange")


@dataclass(frozen=True, slots=True)
class Split:
    """Of rows that every slice has, leave on each slice its share: no row moves.

    Without a key (`target` is Arbitrary) slice 0 keeps them all. The wrong answer that it prevents: a copy of each row
    from every slice, where the rows are counted, preserved by an outer join or added by UNION ALL.
    """

    target: Distribution
    slices: int

    def render(self, _placed: Placed, inputs: Sequence[Relation]) -> Relation:
        if isinstance(self.target, Hashed):
            return inputs[0].where([f"{destination(self.target, self.slices)} = {OWN_SLICE}"])
        return inputs[0].where([f"{OWN_SLICE} = 0"])


def destination(target: Hashed, slices: int) -> str:
    """SQL of the slice that a row goes to; where a key has several columns any will do, so the first by name."""
    return slice_of(tuple(quote(min(key)) for key in target.keys), target.types, target.function, slices)


def gather(placed: Placed) -> Placed:
    """All rows on the leader; from one slice where each has them all."""
    if placed.distribution == SINGLE:
        return placed
    if _reads_nothing(placed):
        return replace(placed, distribution=SINGLE)
    return _exchange(placed, "gather", SINGLE)


def broadcast(placed: Placed) -> Placed:
    """All rows on every slice."""
    if isinstance(placed.distribution, Replicated):
        return placed
    return _exchange(placed, "broadcast", REPLICATED)


def redistribute(placed: Placed, target: Hashed, context: Context) -> Placed:
    """Each row on the slice of its key."""
    if placed.distribution == target:
        return placed
    if isinstance(placed.distribution, Replicated):
        return Placed(Split(target, context.slices), (placed,), placed.columns, target, placed.rows)
    return _exchange(placed, "redistribute", target)


def partition(placed: Placed, context: Context) -> Placed:
    """Each row on exactly one slice, which one does not matter."""
    if isinstance(placed.distribution, Replicated):
        return Placed(Split(ARBITRARY, context.slices), (placed,), placed.columns, ARBITRARY, placed.rows)
    return placed


def hold(placed: Placed) -> Placed:
    """The rows where they are, kept to be read more than once."""
    return _exchange(placed, "keep", placed.distribution)


def _reads_nothing(placed: Placed) -> bool:
    """Whether a plan makes its rows of constants alone: the leader can do that as well as a slice."""
    if not placed.inputs:
        return isinstance(placed.op, OneRow)
    return not isinstance(placed.op, Exchange | Split) and all(_reads_nothing(each) for each in placed.inputs)


def _exchange(placed: Placed, kind: ExchangeKind, target: Distribution) -> Placed:
    return Placed(Exchange(kind, target), (placed,), placed.columns, target, placed.rows)
