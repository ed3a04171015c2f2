"""One SELECT while it is being turned into nodes: its plan so far, its names, and what has been computed already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from kit.warehouse.plan.build.subtrees import type_of
from kit.warehouse.plan.estimates import computed_facts
from kit.warehouse.plan.expression import Expr, column, expression, rewrite
from kit.warehouse.plan.nodes import Column, Node
from kit.warehouse.plan.operators.project import projected
from kit.warehouse.plan.refusal import Undistributable

if TYPE_CHECKING:
    from kit.warehouse.plan.build.builder import Builder

Names = dict[tuple[str, str], Column]


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a query's answer, in its order."""

    name: str
    column: Column


@dataclass(frozen=True, slots=True)
class Built:
    """`outputs` are the answer's columns; the node may carry more."""

    node: Node
    outputs: tuple[Output, ...]


@dataclass(slots=True)
class Block:
    """`names` resolves (alias, column). `made` holds what is a column by now: group keys, aggregates, windows."""

    builder: Builder
    select: exp.Select
    node: Node
    names: Names = field(default_factory=dict)
    made: dict[exp.Expr, Column] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)

    def resolve(self, tree: exp.Expr) -> exp.Expr:
        """The expression over column ids; subqueries in it become markers, or columns of joins that are added here."""
        return rewrite(tree, self._replacement)

    def expr(self, tree: exp.Expr) -> Expr:
        return expression(self.resolve(tree))

    def as_column(self, tree: exp.Expr, hint: str) -> Column:
        """The column that holds an expression, computed where it is not one yet."""
        resolved = self.resolve(tree)
        if isinstance(resolved, exp.Column):
            return self.builder.context.columns[resolved.name]
        made = self.builder.context.column(hint, type_of(tree))
        value = expression(resolved)
        known = computed_facts(made, value, self.builder.context)
        if known is not None:
            self.builder.context.facts[made.id] = known
        self.node = projected(self.node, [(made, value)])
        return made

    def remember(self, tree: exp.Expr, made: Column) -> None:
        """From here on an expression is a column. Not so a constant: some places in SQL take nothing else."""
        if tree.find(exp.Column) is not None:
            self.made.setdefault(tree, made)

    def _replacement(self, tree: exp.Expr) -> exp.Expr | None:
        if self.made and (known := self.made.get(tree)) is not None:
            return column(known.id, tree.type)
        match tree:
            case exp.DataType():
                return tree.copy()
            case exp.Column():
                return column(self._lookup(tree).id, tree.type)
            case exp.Subquery() | exp.Exists() | exp.Any() | exp.All() | exp.Query():
                return self.builder.subquery_value(self, tree)
            case exp.In() if tree.args.get("query") is not None:
                return self.builder.subquery_value(self, tree)
            case _:
                return None

    def _lookup(self, tree: exp.Column) -> Column:
        found = self.names.get((tree.table, tree.name))
        if found is None:
            raise Undistributable(f"the outer column {tree.sql()} in a subquery")
        return found


def outputs_named(outputs: Sequence[Output]) -> dict[str, Column]:
    """The outputs by name; of two with one name the first."""
    found: dict[str, Column] = {}
    for output in outputs:
        found.setdefault(output.name, output.column)
    return found
