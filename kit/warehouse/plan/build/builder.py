"""Queries to nodes: SELECT clause by clause, set operations, common table expressions, and the fallback of a block.

A block that has no distributed form becomes an `Opaque` node, the smallest that does not reach outside of itself; what
is around it is still distributed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from kit.warehouse.plan.build import opaque, subqueries
from kit.warehouse.plan.build.aggregation import aggregate
from kit.warehouse.plan.build.block import Block, Built, Output
from kit.warehouse.plan.build.ordering import order
from kit.warehouse.plan.build.selecting import distinct, select
from kit.warehouse.plan.build.set_operations import build_set_operation
from kit.warehouse.plan.build.sources import where_and_from
from kit.warehouse.plan.build.subtrees import is_correlated, query_of
from kit.warehouse.plan.build.windowing import qualify, window
from kit.warehouse.plan.context import Context
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.operators.one_row import OneRow
from kit.warehouse.plan.operators.shared import Shared
from kit.warehouse.plan.refusal import Undistributable

# A SELECT's clauses in the order in which SQL evaluates them. A new one is a module and a line here.
CLAUSES: tuple[Callable[[Block], None], ...] = (where_and_from, aggregate, window, qualify, select, distinct, order)

_SUPPORTED = frozenset(
    {
        "with_",
        "kind",
        "expressions",
        "hint",
        "distinct",
        "from_",
        "joins",
        "laterals",
        "where",
        "group",
        "having",
        "qualify",
        "windows",
        "order",
        "limit",
        "offset",
    }
)


@dataclass(slots=True)
class CommonTable:
    """One WITH entry; `number` is its plan once it is shared."""

    definition: exp.CTE
    recursive: bool
    references: int
    number: int | None = None
    built: Built | None = None


@dataclass(slots=True)
class Builder:
    """Builds one query; `common` holds the WITH entries that are in scope."""

    context: Context
    common: dict[str, CommonTable] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    def query(self, tree: exp.Query) -> Built:
        """The nodes of a query; the leader's fallback where it has no distributed form."""
        around = dict(self.common)
        try:
            self._enter_with(tree)
            return self._query(tree)
        except Undistributable as refusal:
            if is_correlated(tree):
                raise
            self.reasons.append(refusal.reason)
            self.common = around
            return opaque.build_opaque(self, tree, refusal.reason)
        finally:
            self.common = around

    def reference(self, table: exp.Table) -> Built:
        """A reading of a common table expression under a fresh set of ids."""
        entry = self.common[table.name]
        if entry.recursive:
            raise Undistributable(f"the recursive query {table.name}")
        if entry.references == 1:
            return _renamed(entry, self.query(_definition(entry)))
        if entry.built is None:
            entry.built = self.query(_definition(entry))
            entry.number = self.context.subquery(entry.built.node)
        assert entry.number is not None
        names: dict[str, str] = {}
        outputs: list[Output] = []
        for output in _renamed(entry, entry.built).outputs:
            fresh = self.context.column(f"{table.alias_or_name}.{output.name}", output.column.type)
            facts = self.context.facts.get(output.column.id)
            if facts is not None:
                self.context.facts[fresh.id] = facts
            names[fresh.id] = output.column.id
            outputs.append(Output(output.name, fresh))
        node = Node(Shared(entry.number, names), (), tuple(output.column for output in outputs))
        return Built(node, tuple(outputs))

    def subquery_value(self, block: Block, tree: exp.Expr) -> exp.Expr:
        return subqueries.value(self, block, tree)

    def _query(self, tree: exp.Query) -> Built:
        match tree:
            case exp.Select():
                return self._select(tree)
            case exp.SetOperation():
                return build_set_operation(self, tree)
            case exp.Subquery():
                inner = query_of(tree)
                if inner is tree:
                    raise Undistributable("a parenthesised query with clauses of its own")
                return self.query(inner)
            case _:
                raise Undistributable(f"{type(tree).__name__} as a query")

    def _select(self, tree: exp.Select) -> Built:
        for key, value in tree.args.items():
            if value and key not in _SUPPORTED:
                raise Undistributable(f"the clause {key}")
        block = Block(self, tree, Node(OneRow(), (), ()))
        for clause in CLAUSES:
            clause(block)
        return Built(block.node, tuple(block.outputs))

    def _enter_with(self, tree: exp.Query) -> None:
        clause = tree.args.get("with_")
        if clause is None:
            return
        for definition in clause.expressions:
            own = _references(definition.this, definition.alias)
            recursive = bool(clause.args.get("recursive")) and own > 0
            self.common[definition.alias] = CommonTable(definition, recursive, _references(tree, definition.alias))


def _references(tree: exp.Expr, name: str) -> int:
    return sum(1 for table in tree.find_all(exp.Table) if table.name == name and not table.args.get("db"))


def _renamed(entry: CommonTable, built: Built) -> Built:
    """The outputs under the names of `WITH name(a, b)`."""
    alias = entry.definition.args.get("alias")
    names = [each.name for each in alias.args.get("columns") or ()] if alias is not None else []
    outputs = [
        Output(names[index] if index < len(names) else output.name, output.column)
        for index, output in enumerate(built.outputs)
    ]
    return Built(built.node, tuple(outputs))


def _definition(entry: CommonTable) -> exp.Query:
    definition = entry.definition
    assert isinstance(definition.this, exp.Query)
    return definition.this
