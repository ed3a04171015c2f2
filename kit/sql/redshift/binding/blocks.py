"""A bound query block: its tree and its columns, and how to put other expressions in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from kit.sql.redshift.binding.scope import Output, identifier
from kit.sql.redshift.binding.typed import Typed, datatype

if TYPE_CHECKING:
    from kit.sql.redshift.binding.context import Context


@dataclass(slots=True)
class Block:
    """`tree` is a SELECT whose projections are aliased `outputs`, or a set operation of such."""

    context: Context
    tree: exp.Query
    outputs: tuple[Output, ...]

    def expression(self, index: int) -> exp.Expr:
        """What the column is computed by, or a reference to it where the block is a set operation."""
        if isinstance(self.tree, exp.Select):
            return self.tree.expressions[index].this
        self.wrap()
        return self.expression(index)

    def with_expression(self, node: exp.Expr) -> exp.Query:
        """The query with its one column computed by `node`."""
        return self.with_expressions([node])

    def with_expressions(self, nodes: Sequence[exp.Expr]) -> exp.Query:
        """The query with its columns computed by `nodes`, made of what `expression` gave."""
        for index, node in enumerate(nodes):
            if self.expression(index) is not node:
                assert isinstance(self.tree, exp.Select)
                self.tree.expressions[index].set("this", node)
        return self.tree

    def convert(self, index: int, value: Typed) -> None:
        """Put `value` in the place of a column."""
        assert isinstance(self.tree, exp.Select)
        self.tree.expressions[index].set("this", value.node)
        output = self.outputs[index]
        changed = Output(output.name, output.physical, value.type, value.blanks)
        self.outputs = (*self.outputs[:index], changed, *self.outputs[index + 1 :])

    def column(self, index: int) -> Typed:
        """The column's expression with its type."""
        output = self.outputs[index]
        return Typed(self.expression(index), output.type, output.blanks)

    def wrap(self) -> None:
        """Make it `SELECT every column FROM (…)`."""
        alias = self.context.unique("answer")
        self.tree = exp.Select(
            expressions=[projection(reference(alias, output), output.physical) for output in self.outputs],
            from_=exp.From(this=derived(self.tree, alias)),
        )


def projection(node: exp.Expr, name: str) -> exp.Alias:
    made = exp.Alias(this=node, alias=identifier(name))
    made.type = node.type
    return made


def reference(alias: str, output: Output) -> exp.Column:
    made = exp.Column(this=identifier(output.physical), table=identifier(alias))
    made.type = datatype(output.type)
    return made


def derived(tree: exp.Query, alias: str) -> exp.Subquery:
    return exp.Subquery(this=tree, alias=exp.TableAlias(this=identifier(alias)))
