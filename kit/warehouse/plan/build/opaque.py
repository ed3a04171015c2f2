"""The fallback of a query block: its own SQL, with every table read as the union of its slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from kit.warehouse.plan.build.block import Built, Output
from kit.warehouse.plan.build.subtrees import type_of
from kit.warehouse.plan.context import Context
from kit.warehouse.plan.expression import EXCHANGE_DATABASE, generate, generate_template
from kit.warehouse.plan.facts import PLACES, TableFacts
from kit.warehouse.plan.nodes import Node
from kit.warehouse.plan.operators.opaque import Opaque

if TYPE_CHECKING:
    from kit.warehouse.plan.build.builder import Builder


def build_opaque(builder: Builder, tree: exp.Query, reason: str) -> Built:
    """A node that runs `tree` on the leader."""
    whole = _with_common_tables(builder, tree)
    outputs = [
        Output(select.alias_or_name, builder.context.column(f"block.{select.alias_or_name}", type_of(select)))
        for select in tree.selects
    ]
    sql, tables = over_slices(whole, builder.context)
    return Built(Node(Opaque(sql, reason, tables), (), tuple(output.column for output in outputs)), tuple(outputs))


def over_slices(tree: exp.Query, context: Context) -> tuple[str, tuple[str, ...]]:
    """SQL of a query in which each base table is the union of its parts, and the names of those tables."""
    generate(tree)
    copy = tree.copy()
    tables: list[str] = []
    for table in list(copy.find_all(exp.Table)):
        if not table.args.get("db"):
            continue
        facts = context.tables.facts(table.db, table.name)
        tables.append(f"{table.db}.{table.name}")
        union = exp.Subquery(this=_union(facts, context), alias=table.args["alias"].copy())
        if table.args.get("joins") or table.args.get("sample"):
            for key in ("joins", "sample"):
                union.set(key, table.args.get(key))
        if table is copy:
            raise AssertionError("a table is no query")
        table.replace(union)
    return generate_template(copy), tuple(dict.fromkeys(tables))


def _union(facts: TableFacts, context: Context) -> exp.Query:
    if facts.is_system:
        return _part(EXCHANGE_DATABASE, facts.relation)
    slices = context.shape.first_slices()[:1] if facts.style == "ALL" else range(context.slices)
    parts = [_part(f"slice{number}", facts.relation, _place(facts, number)) for number in slices]
    union: exp.Query = parts[0]
    for part in parts[1:]:
        union = exp.Union(this=union, expression=part, distinct=False)
    return union


def _part(schema: str, relation: str, more: Sequence[exp.Expr] = ()) -> exp.Select:
    table = exp.Table(this=exp.Identifier(this=relation, quoted=True), db=exp.Identifier(this=schema, quoted=True))
    return exp.Select(expressions=[exp.Star(), *more], from_=exp.From(this=table))


def _place(facts: TableFacts, number: int) -> list[exp.Expr]:
    """Where each row of a slice's part lies, if anybody asks (`TableFacts.place`)."""
    if facts.place is None:
        return []
    place = exp.column("rowid") * PLACES + number
    return [exp.alias_(place, facts.place, quoted=True)]


def _with_common_tables(builder: Builder, tree: exp.Query) -> exp.Query:
    """The query with the WITH entries around it that it reads, directly or through others."""
    wanted: list[str] = []
    open_names = _names(tree)
    while open_names:
        name = open_names.pop()
        if name in builder.common and name not in wanted:
            wanted.append(name)
            open_names |= _names(builder.common[name].definition.this)
    if not wanted:
        return tree
    entries = [(name, entry) for name, entry in builder.common.items() if name in wanted]
    copy = tree.copy()
    own = copy.args.get("with_")
    definitions = [entry.definition.copy() for _, entry in entries]
    recursive = any(entry.recursive for _, entry in entries)
    if own is not None:
        taken = {definition.alias for definition in own.expressions}
        definitions = [each for each in definitions if each.alias not in taken] + list(own.expressions)
        recursive = recursive or bool(own.args.get("recursive"))
    copy.set("with_", exp.With(expressions=definitions, recursive=recursive))
    return copy


def _names(tree: exp.Expr) -> set[str]:
    return {table.name for table in tree.find_all(exp.Table) if not table.args.get("db")}
