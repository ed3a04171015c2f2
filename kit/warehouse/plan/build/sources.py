"""FROM, its joins, and WHERE: sources become inputs of a join graph, outer joins nodes between graphs."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from kit.warehouse.plan.build.block import Block, Built
from kit.warehouse.plan.build.graph import closed
from kit.warehouse.plan.build.outer_joins import outer_join
from kit.warehouse.plan.build.subqueries import Existence, asks_outside, existence, holds_subquery
from kit.warehouse.plan.build.subtrees import query_of
from kit.warehouse.plan.expression import conjuncts, expression
from kit.warehouse.plan.nodes import Column, Node
from kit.warehouse.plan.operators.filtering import filtered
from kit.warehouse.plan.operators.scan import Scan
from kit.warehouse.plan.operators.system_scan import SystemScan
from kit.warehouse.plan.refusal import Undistributable


@dataclass(slots=True)
class Pending:
    """Inputs that are joined by inner joins, and the predicates over them, resolved."""

    inputs: list[Node] = field(default_factory=list)
    predicates: list[exp.Expr] = field(default_factory=list)
    existences: list[Existence] = field(default_factory=list)


def where_and_from(block: Block) -> None:
    """Build what FROM and WHERE describe."""
    select = block.select
    if select.args.get("laterals"):
        raise Undistributable("LATERAL")
    pending = Pending()
    clause = select.args.get("from_")
    if clause is not None:
        pending.inputs.append(source(block, clause.this))
    for join in select.args.get("joins") or ():
        _join(block, pending, join)
    where = select.args.get("where")
    later: list[exp.Expr] = []
    for part in conjuncts(where.this if where is not None else None):
        found = existence(block.builder, block, part)
        if found is not None:
            pending.existences.append(found)
        elif asks_outside(part):
            later.append(part)
        else:
            pending.predicates.append(block.resolve(part))
    block.node = closed(block.builder.context, pending.inputs, pending.predicates, pending.existences, block.node)
    for part in later:
        # Resolving puts joins under the predicate: the values of correlated subqueries.
        predicate = block.resolve(part)
        block.node = filtered(block.node, [expression(predicate)])


def source(block: Block, tree: exp.Expr) -> Node:
    """The node of one item of FROM, whose columns become names of the block."""
    if tree.args.get("joins") or tree.args.get("sample") or tree.args.get("pivots"):
        raise Undistributable("a nested join, sample or pivot in FROM")
    match tree:
        case exp.Table() if tree.args.get("db"):
            return _scan(block, tree)
        case exp.Table() if tree.name in block.builder.common:
            return _derived(block, tree.alias_or_name, block.builder.reference(tree), tree.args.get("alias"))
        case exp.Subquery():
            query = query_of(tree)
            return _derived(block, tree.alias, block.builder.query(query), tree.args.get("alias"))
        case _:
            raise Undistributable(f"{type(tree).__name__} in FROM")


def _scan(block: Block, table: exp.Table) -> Node:
    context = block.builder.context
    facts = context.tables.facts(table.db, table.name)
    alias = table.alias_or_name
    names: dict[str, str] = {}
    columns: list[Column] = []
    for name, known in facts.columns.items():
        made = context.column(f"{alias}.{name}", known.type, known.width_bytes)
        context.facts[made.id] = known
        names[made.id] = name
        columns.append(made)
        block.names[alias, name] = made
    scan = SystemScan(facts, alias, names) if facts.is_system else Scan(facts, alias, names)
    return Node(scan, (), tuple(columns))


def _derived(block: Block, alias: str, built: Built, table_alias: exp.Expr | None) -> Node:
    renamed = [each.name for each in table_alias.args.get("columns") or ()] if table_alias is not None else []
    for index, output in enumerate(built.outputs):
        name = renamed[index] if index < len(renamed) else output.name
        block.names.setdefault((alias, name), output.column)
    return built.node


def _join(block: Block, pending: Pending, join: exp.Join) -> None:
    if join.args.get("using") or join.method or join.kind.upper() not in {"", "INNER", "CROSS", "OUTER"}:
        raise Undistributable(f"{join.method} {join.kind} JOIN")
    right = source(block, join.this)
    on = join.args.get("on")
    side = join.side.upper()
    if side == "":
        pending.inputs.append(right)
        if on is not None and holds_subquery(on):
            raise Undistributable("a subquery in a join condition")
        pending.predicates += [block.resolve(part) for part in conjuncts(on)]
        return
    if on is not None and holds_subquery(on):
        raise Undistributable("a subquery in an outer join's condition")
    context = block.builder.context
    left = closed(context, pending.inputs, pending.predicates, [], block.node)
    pending.predicates = []
    conditions = [block.resolve(part) for part in conjuncts(on)]
    match side:
        case "LEFT":
            pending.inputs = [outer_join(context, "left", left, right, conditions)]
        case "RIGHT":
            pending.inputs = [outer_join(context, "left", right, left, conditions)]
        case "FULL":
            pending.inputs = [outer_join(context, "full", left, right, conditions)]
        case _:
            raise Undistributable(f"{side} JOIN")
