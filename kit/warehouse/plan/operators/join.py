"""Join two inputs, which have to meet first: the choice of what moves is here, and so are its special cases.

Each rule below says which wrong answer it prevents. The *outer* input is the left one (probed, and preserved by LEFT);
the *inner* input is the right one (built). Labels are Redshift's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribution import (
    ARBITRARY,
    REPLICATED,
    SINGLE,
    Distribution,
    Hashed,
    Replicated,
    Single,
    canonical,
    common,
    function_for,
    is_partitioned,
    retained,
)
from kit.warehouse.plan.estimates import selectivity
from kit.warehouse.plan.expression import Expr, all_of, quote
from kit.warehouse.plan.nodes import Node, Placed, keep
from kit.warehouse.plan.operators.exchange import Exchange, Split, broadcast, gather, hold, redistribute
from kit.warehouse.plan.operators.project import Project
from kit.warehouse.plan.operators.pruning import prune_inputs
from kit.warehouse.plan.operators.scan import Scan
from kit.warehouse.plan.relation import Relation

JoinKind: TypeAlias = Literal["inner", "left", "full", "semi", "anti", "null_aware_anti"]
# By whether the outer input moves, and the inner.
_LABELS = {(True, True): "DS_DIST_BOTH", (True, False): "DS_DIST_OUTER", (False, True): "DS_DIST_INNER"}
Pair: TypeAlias = tuple[str, str]

# Costs are in rows written once; measured on DuckDB (a row hashed, written and read again against a row built).
_BUILD_COST = 0.3
_GATHER_PENALTY = 2.0
_SPLIT_COST = 0.25
_ENOUGH_DISTINCT = 20
_REDUCING = 10
_LARGE_ROWS = 500_000
_WORTH_SKIPPING = 0.3


@dataclass(frozen=True, slots=True)
class Join:
    """`pairs` are equalities of a left and a right column, `residual` what else must hold for two rows to match.

    `null_aware_anti` is NOT IN: one pair, and a NULL on the right lets nothing through. `reducing` is one of the pairs,
    asked for once more by itself: DuckDB skips rows while it scans by a join on one column, not by one on two.
    """

    kind: JoinKind
    pairs: tuple[Pair, ...]
    residual: tuple[Expr, ...] = ()
    label: str = ""
    reducing: Pair | None = None

    def rows(self, node: Node, context: Context) -> float:
        left, right = (context.rows(each) for each in node.inputs)
        return joined_rows(self, left, right, context)

    def reads(self) -> frozenset[str]:
        return frozenset(each for pair in self.pairs for each in pair).union(*(each.columns for each in self.residual))

    def prune(self, node: Node, wanted: frozenset[str]) -> Node:
        return prune_inputs(node, self, wanted)

    def place(self, node: Node, inputs: tuple[Placed, ...], context: Context) -> Placed:
        left, right = inputs
        return min(choices(self, left, right, node.ids, context), key=lambda each: each.cost)

    def render(self, _placed: Placed, inputs: Sequence[Relation]) -> Relation:
        left, right = inputs
        equal = [f"{quote(a)} = {quote(b)}" for a, b in self.pairs]
        conditions = [*equal, *(each.sql for each in self.residual)]
        on = " AND ".join(f"({each})" for each in conditions) or "TRUE"
        match self.kind:
            case "inner":
                if self.reducing is not None:
                    outer, inner = self.reducing
                    conditions.append(f"{quote(outer)} IN ({right.select([quote(inner)])})")
                return Relation(
                    f"{left.source}, {right.source}", (*left.predicates, *right.predicates, *conditions), True
                )
            case "left" | "full" | "semi" | "anti":
                return Relation(f"({left.item()} {self.kind.upper()} JOIN {right.item()} ON {on})")
            case "null_aware_anti":
                ((outer, inner),) = self.pairs
                return left.where([f"{quote(outer)} NOT IN ({right.select([quote(inner)])})"])
            case _:
                assert_never(self.kind)


def joined_rows(join: Join, left: float, right: float, context: Context) -> float:
    """Rows of a join: the larger side of each equality divides the product."""
    fraction = 1.0
    for power, (a, b) in enumerate(join.pairs):
        # Equalities on one pair of tables are seldom independent: each further one counts for less.
        distinct = max(context.distinct(a, left), context.distinct(b, right))
        fraction /= distinct ** (0.5**power)
    if join.residual:
        fraction *= selectivity(all_of(each.tree for each in join.residual), context)
    matches = max(1.0, left * right * fraction)
    match join.kind:
        case "inner":
            return matches
        case "left":
            return max(left, matches)
        case "full":
            return max(left, right, matches)
        case "semi":
            return max(1.0, left * _matching_fraction(join, left, right, context))
        case "anti" | "null_aware_anti":
            return max(1.0, left * max(0.05, 1 - _matching_fraction(join, left, right, context)))
        case _:
            assert_never(join.kind)


def _matching_fraction(join: Join, left: float, right: float, context: Context) -> float:
    """The share of left rows that find a match."""
    if not join.pairs:
        return 0.5
    found = 1.0
    for a, b in join.pairs:
        found = min(found, context.distinct(b, right) / context.distinct(a, left))
    return min(1.0, found) * (0.9 if join.residual else 1.0)


def choices(join: Join, left: Placed, right: Placed, wanted: frozenset[str], context: Context) -> Iterator[Placed]:
    """Every right way to bring the inputs together; `cost` is that of the movement alone."""
    if isinstance(left.distribution, Replicated) and isinstance(right.distribution, Replicated):
        yield _joined(join, "DS_DIST_ALL_NONE", left, right, REPLICATED, wanted, context)
        return
    if isinstance(left.distribution, Single) and isinstance(right.distribution, Single):
        yield _joined(join, "DS_DIST_NONE", left, right, SINGLE, wanted, context)
        return
    yield from _inner_everywhere(join, left, right, wanted, context)
    yield from _outer_everywhere(join, left, right, wanted, context)
    yield from _hashed_alike(join, left, right, wanted, context)
    yield from _reduced_first(join, left, right, wanted, context)
    yield _on_leader(join, left, right, wanted, context)


def _inner_everywhere(
    join: Join, left: Placed, right: Placed, wanted: frozenset[str], context: Context
) -> Iterator[Placed]:
    if not is_partitioned(left.distribution):
        return
    if join.kind == "full":
        # FULL also preserves the inner rows: every slice would add those that match nothing there.
        return
    label = "DS_DIST_ALL_NONE" if isinstance(right.distribution, Replicated) else "DS_BCAST_INNER"
    distribution = left.distribution
    if join.kind == "inner" and isinstance(distribution, Hashed):
        distribution = _with_equalities(distribution, join, left, right)
    yield _joined(join, label, left, broadcast(right), distribution, wanted, context)


def _outer_everywhere(
    join: Join, left: Placed, right: Placed, wanted: frozenset[str], context: Context
) -> Iterator[Placed]:
    if join.kind != "inner" or not is_partitioned(right.distribution):
        # A preserved (LEFT, FULL), tested (SEMI) or refused (ANTI) row on every slice would come out of each slice
        # on which it finds no match, or a match: once too often, or where another slice's match forbids it.
        return
    swapped = replace(join, pairs=tuple((b, a) for a, b in join.pairs))
    yield from _inner_everywhere(swapped, right, left, wanted, context)


def _hashed_alike(
    join: Join, left: Placed, right: Placed, wanted: frozenset[str], context: Context
) -> Iterator[Placed]:
    if join.kind == "null_aware_anti":
        # A NULL on the right refuses every left row, but hashing sends it to one slice only.
        return
    for left_target, right_target in _targets(join, left, right, context):
        outer = redistribute(left, left_target, context) if not _fits(left.distribution, left_target) else left
        inner = redistribute(right, right_target, context) if not _fits(right.distribution, right_target) else right
        moved = (
            isinstance(outer.op, Exchange) and outer is not left,
            isinstance(inner.op, Exchange) and inner is not right,
        )
        in_place = "DS_DIST_NONE" if outer is left and inner is right else "DS_DIST_ALL_NONE"
        label = _LABELS.get(moved, in_place)
        match join.kind:
            case "inner":
                keys = tuple(a | b for a, b in zip(_keys(outer), _keys(inner), strict=True))
                merged = Hashed(keys, left_target.types, left_target.function)
                distribution: Distribution = _with_equalities(merged, join, left, right)
            case "left" | "semi" | "anti":
                # Not the right columns too: rows without a match carry NULL there, on every slice, and a GROUP BY on
                # such a column would return one NULL group a slice.
                distribution = outer.distribution
            case "full":
                distribution = ARBITRARY
            case _:
                assert_never(join.kind)
        yield _joined(join, label, outer, inner, distribution, wanted, context)


def _reduced_first(
    join: Join, left: Placed, right: Placed, wanted: frozenset[str], context: Context
) -> Iterator[Placed]:
    """Before a large inner input moves, drop the rows that no key of a small outer one asks for.

    The outer input is then read twice, so what it holds is kept.
    """
    if join.kind not in {"left", "semi", "anti"} or not join.pairs or left.rows * _REDUCING > right.rows:
        return
    if not is_partitioned(right.distribution):
        return
    outer = left if isinstance(left.op, Scan) else hold(left)
    asking = keep(outer.columns, frozenset(a for a, _ in join.pairs))
    kept = retained(outer.distribution, frozenset(column.id for column in asking))
    keys = broadcast(Placed(Project(()), (outer,), asking, kept, outer.rows))
    asked = Join("semi", tuple((b, a) for a, b in join.pairs))
    reduced = _joined(asked, "DS_BCAST_INNER", right, keys, right.distribution, right.ids, context)
    for choice in _hashed_alike(join, outer, reduced, wanted, context):
        yield replace(choice, cost=choice.cost + reduced.cost)


def _on_leader(join: Join, left: Placed, right: Placed, wanted: frozenset[str], context: Context) -> Placed:
    return _joined(join, "DS_DIST_ALL_INNER", gather(left), gather(right), SINGLE, wanted, context)


def _targets(join: Join, left: Placed, right: Placed, context: Context) -> Iterator[tuple[Hashed, Hashed]]:
    """Placements on which equal keys meet: that of the left input, that of the right, and a new one."""
    typed = _typed_pairs(join, left, right)
    if isinstance(left.distribution, Hashed):
        found = _follow(left.distribution, [(a, b, kind) for (a, b), kind in typed])
        if found is not None:
            yield _target([a for a, _ in found], left.distribution), _target([b for _, b in found], left.distribution)
    if isinstance(right.distribution, Hashed):
        found = _follow(right.distribution, [(b, a, kind) for (a, b), kind in typed])
        if found is not None:
            yield _target([b for _, b in found], right.distribution), _target([a for a, _ in found], right.distribution)
    if typed:
        chosen = _spreading(typed, left, right, context)
        types = tuple(kind for _, kind in chosen)
        function = function_for(types)
        yield (
            Hashed(tuple(frozenset((a,)) for (a, _), _ in chosen), types, function),
            Hashed(tuple(frozenset((b,)) for (_, b), _ in chosen), types, function),
        )


def _follow(placement: Hashed, pairs: Sequence[tuple[str, str, str]]) -> list[Pair] | None:
    """For each key of a placement a pair (own column, other's column) that carries it in the same canonical type."""
    found: list[Pair] = []
    for key, kind in zip(placement.keys, placement.types, strict=True):
        pair = next(((own, other) for own, other, common_type in pairs if own in key and common_type == kind), None)
        if pair is None:
            return None
        found.append(pair)
    return found


def _target(columns: Sequence[str], like: Hashed) -> Hashed:
    return Hashed(tuple(frozenset((each,)) for each in columns), like.types, like.function)


def _typed_pairs(join: Join, left: Placed, right: Placed) -> list[tuple[Pair, str]]:
    left_types = {column.id: column.type for column in left.columns}
    right_types = {column.id: column.type for column in right.columns}
    typed = [((a, b), common(left_types[a], right_types[b])) for a, b in join.pairs]
    return [(pair, kind) for pair, kind in typed if kind is not None]


def _spreading(
    typed: Sequence[tuple[Pair, str]], left: Placed, right: Placed, context: Context
) -> list[tuple[Pair, str]]:
    """One pair where it has values enough for all slices (what follows can use it), else all of them."""

    def values(each: tuple[Pair, str]) -> float:
        (a, b), _ = each
        return min(context.distinct(a, left.rows), context.distinct(b, right.rows))

    best = max(typed, key=values)
    return [best] if values(best) >= _ENOUGH_DISTINCT * context.slices else list(typed)


def _fits(distribution: Distribution, target: Hashed) -> bool:
    return (
        isinstance(distribution, Hashed)
        and distribution.types == target.types
        and distribution.function == target.function
        and all(wanted <= key for wanted, key in zip(target.keys, distribution.keys, strict=True))
    )


def _keys(placed: Placed) -> tuple[frozenset[str], ...]:
    assert isinstance(placed.distribution, Hashed)
    return placed.distribution.keys


def _with_equalities(placement: Hashed, join: Join, left: Placed, right: Placed) -> Hashed:
    """Columns that the join makes equal to a key carry it too, where they hash alike."""
    types = {column.id: canonical(column.type) for each in (left, right) for column in each.columns}
    for a, b in join.pairs:
        if types[a] is not None and types[a] == types[b]:
            placement = placement.with_equal(a, b)
    return placement


def _joined(
    join: Join,
    label: str,
    left: Placed,
    right: Placed,
    distribution: Distribution,
    wanted: frozenset[str],
    context: Context,
) -> Placed:
    available = left.columns if join.kind in {"semi", "anti", "null_aware_anti"} else (*left.columns, *right.columns)
    columns = tuple(column for column in available if column.id in wanted)
    cost = _movement(left, context) + _movement(right, context)
    if isinstance(distribution, Single):
        cost += _GATHER_PENALTY * (left.rows + right.rows)
    elif isinstance(right.distribution, Replicated) and is_partitioned(left.distribution):
        cost += _BUILD_COST * right.rows * (context.slices - 1)
    return Placed(
        replace(join, label=label, reducing=_reducing(join, left, right, context)),
        (left, right),
        columns,
        retained(distribution, frozenset(column.id for column in available)),
        joined_rows(join, left.rows, right.rows, context),
        cost,
    )


def _reducing(join: Join, left: Placed, right: Placed, context: Context) -> Pair | None:
    """The pair by which a few rows that came to every slice let a large input skip most of its own."""
    came = isinstance(right.op, Exchange) and right.op.kind == "broadcast"
    if join.kind != "inner" or len(join.pairs) < 2 or not came:
        return None
    if left.rows < _LARGE_ROWS or right.rows * _REDUCING > left.rows:
        return None

    def passing(pair: Pair) -> float:
        a, b = pair
        return context.distinct(b, right.rows) / context.distinct(a, left.rows)

    best = min(join.pairs, key=passing)
    return best if passing(best) <= _WORTH_SKIPPING else None


def _movement(placed: Placed, context: Context) -> float:
    """What it costs to bring an input where it is wanted; nothing where no exchange was put on it."""
    if isinstance(placed.op, Split):
        return _SPLIT_COST * placed.rows * context.slices
    if not isinstance(placed.op, Exchange) or placed.op.kind == "keep":
        return 0.0
    per_row = 0.5 if placed.op.kind == "broadcast" else 1.0
    return context.knobs.stage_rows + placed.rows * per_row * (1 + placed.width_bytes / 100)
