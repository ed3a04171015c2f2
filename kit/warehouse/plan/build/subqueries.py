"""Subqueries: as semi and anti joins, as joins with their own aggregate, or as a value asked of a plan of its own.

A subquery that reads nothing outside of itself is computed once and asked wherever it stands, whatever stands around
it. One that does is turned into a join where that is provably the same; everything else is refused here, and the block
around it runs on the leader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from kit.warehouse.plan.aggregates import combination, distinct_arguments, is_null_without_rows
from kit.warehouse.plan.build.subtrees import is_correlated, outer_columns, query_of, type_of
from kit.warehouse.plan.expression import (
    Expr,
    all_of,
    column,
    conjuncts,
    equality,
    expression,
    rewrite,
    subquery_marker,
    substitute,
)
from kit.warehouse.plan.nodes import Column, Node
from kit.warehouse.plan.nullness import is_null_where
from kit.warehouse.plan.operators.aggregate import Aggregate, Call
from kit.warehouse.plan.operators.join import Join, Pair
from kit.warehouse.plan.operators.one_row import OneRow
from kit.warehouse.plan.operators.project import projected
from kit.warehouse.plan.refusal import Undistributable
from kit.warehouse.plan.rules.prune_columns import only

if TYPE_CHECKING:
    from kit.warehouse.plan.build.block import Block
    from kit.warehouse.plan.build.builder import Builder

_PLAIN = frozenset({"expressions", "from_", "joins", "where", "kind", "hint", "order", "distinct", "with_"})


@dataclass(frozen=True, slots=True)
class Existence:
    """A test of rows against a subquery: a semi or an anti join with `inner`.

    `computed` are left columns that the join needs and the left input does not have yet.
    """

    kind: Literal["semi", "anti", "null_aware_anti"]
    inner: Node
    pairs: tuple[Pair, ...]
    residual: tuple[Expr, ...] = ()
    computed: tuple[tuple[Column, Expr], ...] = ()

    @property
    def left_columns(self) -> frozenset[str]:
        """What the join reads of its left input, before anything is computed."""
        made = {column.id for column, _ in self.computed}
        read = frozenset(left for left, _ in self.pairs).union(*(each.columns for each in self.residual))
        return frozenset(read - made - self.inner.ids).union(*(each.columns for _, each in self.computed))

    def joined(self, node: Node) -> Node:
        left = projected(node, self.computed)
        return Node(Join(self.kind, self.pairs, self.residual), (left, self.inner), node.columns)


def holds_subquery(tree: exp.Expr) -> bool:
    return tree.find(exp.Query) is not None


def asks_outside(tree: exp.Expr) -> bool:
    """Whether an expression holds a subquery that reads columns of the block around it."""
    return any(is_correlated(each) for each in tree.find_all(exp.Query))


def existence(builder: Builder, block: Block, part: exp.Expr) -> Existence | None:
    """A conjunct of WHERE as a semi or anti join; None where it is something else."""
    positive = not isinstance(part, exp.Not)
    tested = part if positive else part.this.unnest()
    match tested:
        case exp.Exists():
            query = query_of(tested.this)
            if not is_correlated(query):
                return None
            inner = _Correlated(builder, block, query)
            return inner.test("semi" if positive else "anti")
        case exp.In() if tested.args.get("query") is not None:
            query = query_of(tested.args["query"])
            subjects = tested.this.expressions if isinstance(tested.this, exp.Tuple) else [tested.this]
            if any(holds_subquery(each) for each in subjects):
                return None
            if is_correlated(query):
                if not positive:
                    raise Undistributable("a correlated NOT IN")
                inner = _Correlated(builder, block, query)
                for subject, select in zip(subjects, query.selects, strict=True):
                    inner.equate(subject, select.unalias())
                return inner.test("semi")
            if not positive and len(subjects) > 1:
                return None
            return _membership(builder, block, subjects, query, positive=positive)
        case _:
            return None


def value(builder: Builder, block: Block, tree: exp.Expr) -> exp.Expr:
    """A subquery inside an expression, over what the block's plan holds by then."""
    if not is_correlated(tree):
        return _asked(builder, block, tree)
    match tree:
        case exp.Subquery():
            return _scalar(builder, block, query_of(tree))
        case exp.Exists():
            return _mark(builder, block, query_of(tree.this))
        case _:
            raise Undistributable("a correlated subquery inside an expression")


def _membership(
    builder: Builder, block: Block, subjects: Sequence[exp.Expr], query: exp.Query, *, positive: bool
) -> Existence:
    built = builder.query(query)
    pairs: list[Pair] = []
    computed: list[tuple[Column, Expr]] = []
    for subject, output in zip(subjects, built.outputs, strict=True):
        left = block.expr(subject)
        if left.column is not None:
            pairs.append((left.column, output.column.id))
            continue
        made = builder.context.column("in key", type_of(subject))
        computed.append((made, left))
        pairs.append((made.id, output.column.id))
    inner = only(built.node, [output.column.id for output in built.outputs])
    return Existence("semi" if positive else "null_aware_anti", inner, tuple(pairs), computed=tuple(computed))


def _asked(builder: Builder, block: Block, tree: exp.Expr) -> exp.Expr:
    """The expression with each query in it replaced by a reading of its own plan's result."""

    def replace_query(node: exp.Expr) -> exp.Expr | None:
        if not isinstance(node, exp.Query):
            return None
        built = builder.query(query_of(node))
        ids = [output.column.id for output in built.outputs]
        number = builder.context.subquery(only(built.node, ids))
        # Identifiers, not columns: they belong to the subquery's result, not to what the expression reads.
        items = [exp.Identifier(this=each, quoted=True) for each in ids]
        reading = exp.Select(expressions=items, from_=exp.From(this=subquery_marker(number)))
        answer = exp.Subquery(this=reading) if isinstance(node, exp.Subquery) else reading
        answer.type = node.type
        return answer

    match tree:
        case exp.Query():
            replaced = replace_query(tree)
            assert replaced is not None
            return replaced
        case exp.In():
            query = replace_query(tree.args["query"])
            membership = exp.In(this=block.resolve(tree.this), query=query)
            membership.type = tree.type
            return membership
        case _:
            return rewrite(tree, replace_query)


def _scalar(builder: Builder, block: Block, query: exp.Query) -> exp.Expr:
    """A correlated aggregate: grouped by what it is correlated on, and joined.

    An outer row without a match has no group. What the aggregate is over no rows then has to be put in its place: NULL
    for most, 0 for COUNT, and whatever an expression makes of these.
    """
    inner = _Correlated(builder, block, query)
    (select,) = query.selects if len(query.selects) == 1 else (None,)
    if select is None:
        raise Undistributable("a correlated subquery with more than one column")
    answer = select.unalias()
    if outer_columns_of(answer, query):
        raise Undistributable("an outer column in a correlated subquery's answer")
    if inner.residual:
        raise Undistributable("a correlated aggregate without equality")
    keys = inner.inner_keys()
    calls: list[Call] = []

    def as_call(node: exp.Expr) -> exp.Expr | None:
        if combination(node) is None:
            return None
        arguments = distinct_arguments(node)
        resolved = inner.block.expr(node)
        made = builder.context.column("aggregate", type_of(node))
        distinct = None
        if arguments is not None and len(arguments) == 1:
            distinct = inner.block.expr(arguments[0]).column
        calls.append(Call(made, resolved, arguments is not None, distinct))
        return column(made.id, node.type)

    computed = rewrite(answer, as_call)
    if not calls:
        raise Undistributable("a correlated subquery that is no aggregate")
    made_ids = {call.column.id for call in calls}
    if any(each.name not in made_ids for each in computed.find_all(exp.Column)):
        raise Undistributable("a column beside an aggregate in a correlated subquery")
    grouped = tuple(builder.context.columns[key] for key in keys)
    node = Node(Aggregate(keys, tuple(calls)), (inner.block.node,), (*grouped, *(call.column for call in calls)))
    result = builder.context.column("subquery", type_of(answer))
    node = projected(node, [(result, expression(computed))])
    nulls = frozenset(call.column.id for call in calls if is_null_without_rows(call.expr.tree))
    if is_null_where(computed, nulls):
        block.node = inner.left_join(only(node, [*keys, result.id]))
        return column(result.id, answer.type)
    matched = builder.context.column("matched", "BOOLEAN", 1)
    node = projected(node, [(matched, expression(exp.true()))])
    block.node = inner.left_join(only(node, [*keys, result.id, matched.id]))
    without = {
        call.column.id: exp.null() if is_null_without_rows(call.expr.tree) else exp.Literal.number(0) for call in calls
    }
    choice = exp.Case(
        ifs=[exp.If(this=column(matched.id), true=column(result.id, answer.type))],
        default=substitute(computed, without),
    )
    choice.type = answer.type
    return choice


def _mark(builder: Builder, block: Block, query: exp.Query) -> exp.Expr:
    """EXISTS inside an expression: whether a left join with the distinct inner keys found one."""
    inner = _Correlated(builder, block, query)
    if inner.residual:
        raise Undistributable("EXISTS inside an expression without equality")
    keys = inner.inner_keys()
    distinct = Node(Aggregate(keys, ()), (inner.block.node,), tuple(builder.context.columns[key] for key in keys))
    matched = builder.context.column("matched", "BOOLEAN", 1)
    block.node = inner.left_join(projected(distinct, [(matched, expression(exp.true()))]))
    found = exp.Not(this=exp.Is(this=column(matched.id), expression=exp.Null()))
    found.type = exp.DataType.build("boolean")
    return exp.Paren(this=found)


def outer_columns_of(tree: exp.Expr, query: exp.Query) -> bool:
    """Whether a part of a query reads columns from outside of the query."""
    outside = {id(each) for each in outer_columns(query)}
    return any(id(each) in outside for each in tree.find_all(exp.Column))


class _Correlated:
    """A plain SELECT without its correlation: `block` is built without it, the conditions are kept as pairs."""

    def __init__(self, builder: Builder, outer: Block, query: exp.Query) -> None:
        from kit.warehouse.plan.build.block import Block
        from kit.warehouse.plan.build.sources import where_and_from

        if not isinstance(query, exp.Select) or any(v and k not in _PLAIN for k, v in query.args.items()):
            raise Undistributable("a correlated subquery with more than FROM and WHERE")
        if query.args.get("with_"):
            raise Undistributable("WITH in a correlated subquery")
        self._builder = builder
        self._outer = outer
        where = query.args.get("where")
        parts = conjuncts(where.this if where is not None else None)
        outside = {id(each) for each in outer_columns(query)}
        correlated = [part for part in parts if any(id(each) in outside for each in part.find_all(exp.Column))]
        local = [part for part in parts if part not in correlated]
        plain = exp.Select(expressions=query.expressions)
        for key in ("from_", "joins"):
            plain.args[key] = query.args.get(key)
        if local:
            plain.args["where"] = exp.Where(this=all_of(local))
        self.block = Block(builder, plain, Node(OneRow(), (), ()))
        where_and_from(self.block)
        self._pairs: list[tuple[Expr, exp.Expr, Expr, exp.Expr]] = []
        self.residual: list[Expr] = []
        for part in correlated:
            self._condition(part)

    def equate(self, outer: exp.Expr, inner: exp.Expr) -> None:
        """One more equality, between an expression of the outer block and one of the inner."""
        a, b = self._outer.resolve(outer), self.block.resolve(inner)
        self._pairs.append((expression(a), outer, expression(b), inner))

    def test(self, kind: Literal["semi", "anti"]) -> Existence:
        pairs: list[Pair] = []
        computed: list[tuple[Column, Expr]] = []
        for left, tree, _, _ in self._pairs:
            if left.column is not None:
                pairs.append((left.column, ""))
                continue
            made = self._builder.context.column("outer key", type_of(tree))
            computed.append((made, left))
            pairs.append((made.id, ""))
        keys = self.inner_keys()
        whole = tuple((left, right) for (left, _), right in zip(pairs, keys, strict=True))
        needed = set(keys).union(*(each.columns & self.block.node.ids for each in self.residual))
        return Existence(kind, only(self.block.node, sorted(needed)), whole, tuple(self.residual), tuple(computed))

    def inner_keys(self) -> tuple[str, ...]:
        """The inner sides of the equalities as columns of the inner plan."""
        return tuple(inner.column or self.block.as_column(tree, "inner key").id for _, _, inner, tree in self._pairs)

    def left_join(self, right: Node) -> Node:
        """The outer block's plan with the matches of `right`, whose keys are `inner_keys`."""
        left = self._outer.node
        pairs: list[Pair] = []
        for (outer, tree, _, _), key in zip(self._pairs, self.inner_keys(), strict=True):
            if not outer.columns <= left.ids:
                raise Undistributable("a correlated subquery over columns that are grouped away")
            if outer.column is not None:
                pairs.append((outer.column, key))
                continue
            made = self._builder.context.column("outer key", type_of(tree))
            left = projected(left, [(made, outer)])
            pairs.append((made.id, key))
        return Node(Join("left", tuple(pairs)), (left, right), (*left.columns, *right.columns))

    def _condition(self, part: exp.Expr) -> None:
        if holds_subquery(part):
            raise Undistributable("a subquery in a correlation")
        sides = equality(part)
        if sides is not None:
            for outer, inner in (sides, sides[::-1]):
                if self._belongs(outer, self._outer) and self._belongs(inner, self.block):
                    self.equate(outer, inner)
                    return
        self.residual.append(expression(rewrite(part, self._either)))

    def _belongs(self, tree: exp.Expr, block: Block) -> bool:
        columns = list(tree.find_all(exp.Column))
        return bool(columns) and all((each.table, each.name) in block.names for each in columns)

    def _either(self, tree: exp.Expr) -> exp.Expr | None:
        if not isinstance(tree, exp.Column):
            return None
        block = self.block if (tree.table, tree.name) in self.block.names else self._outer
        return block.resolve(tree)
