"""The rows that an UPDATE, DELETE or MERGE is about, as queries: where each of them lies, and its new values.

A row's place is a column of the target that the warehouse adds under a name of its choice (`place`). What the queries
answer is distributed and planned like everything else. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from kit.sql.redshift.binding.blocks import projection
from kit.sql.redshift.binding.scope import identifier
from kit.sql.redshift.binding.typed import datatype
from kit.sql.redshift.bound import BoundChange, BoundMerge, BoundQuery, Uses
from kit.sql.redshift.schema import TableColumn
from kit.sql.redshift.types import Kind, Type

PLACE_TYPE = Type(Kind.BIGINT)


def rows_of_update(change: BoundChange, place: str, columns: Sequence[TableColumn]) -> BoundQuery:
    """Each row's place, then the values that `columns` will have: assigned ones, the others as they are.

    A row that FROM finds more than once comes more than once.
    """
    tree = change.tree
    assert isinstance(tree, exp.Update)
    alias = tree.this.alias_or_name
    assigned = {pair.this.name: pair.expression for pair in tree.expressions}
    values = [_value(assigned.get(column.name), alias, column) for column in columns]
    items = [_place(alias, place), *(projection(node, f"v{index}") for index, node in enumerate(values))]
    return _query(_selected(tree, tree.args.get("from_"), items), change.uses)


def rows_of_delete(change: BoundChange, place: str) -> BoundQuery:
    """Each row's place; a row that USING finds more than once comes more than once."""
    tree = change.tree
    assert isinstance(tree, exp.Delete)
    first, *others = tree.args.get("using") or [None]
    from_ = exp.From(this=first) if first is not None else None
    select = _selected(tree, from_, [_place(tree.this.alias_or_name, place)])
    for other in reversed(others):
        select.args["joins"].insert(0, exp.Join(this=other.copy(), kind="CROSS"))
    return _query(select, change.uses)


def rows_of_merge(merge: BoundMerge, place: str) -> BoundQuery:
    """Each source row with its target's place, NULL where it has none; then the values to update (`u0` …), to insert.

    The values to update mean something only where there is a place, those to insert (`i0` …) where there is none.
    """
    updates = [projection(node.copy(), f"u{index}") for index, (_, node) in enumerate(merge.update)]
    inserts = [projection(node.copy(), f"i{index}") for index, (_, node) in enumerate(merge.insert)]
    select = exp.Select(
        expressions=[_place(merge.target.alias_or_name, place), *updates, *inserts],
        from_=exp.From(this=merge.source.copy()),
        joins=[exp.Join(this=merge.target.copy(), side="LEFT", on=merge.on.copy())],
    )
    return _query(select, merge.uses)


def source_of(merge: BoundMerge) -> tuple[str, str] | None:
    """Schema and name of the table that a MERGE reads; None where it is no table."""
    source = merge.source
    return (source.db, source.name) if isinstance(source, exp.Table) and source.db else None


def source_rows(merge: BoundMerge, columns: Sequence[TableColumn]) -> BoundQuery:
    """All rows of a MERGE's source, the values of `columns` in order."""
    alias = merge.source.alias_or_name
    items = [projection(_column(alias, column), f"i{index}") for index, column in enumerate(columns)]
    return _query(exp.Select(expressions=items, from_=exp.From(this=merge.source.copy())), merge.uses)


def rows_to_replace(merge: BoundMerge, place: str) -> BoundQuery:
    """The places of the target's rows that any source row matches; each may come more than once."""
    select = exp.Select(
        expressions=[_place(merge.target.alias_or_name, place)],
        from_=exp.From(this=merge.source.copy()),
        joins=[exp.Join(this=merge.target.copy(), kind="CROSS")],
        where=exp.Where(this=merge.on.copy()),
    )
    return _query(select, merge.uses)


def _selected(tree: exp.Update | exp.Delete, from_: exp.From | None, items: Sequence[exp.Expr]) -> exp.Select:
    """A SELECT over the sources and the target; the target comes last, so that outer joins keep their sides."""
    target = tree.this.copy()
    select = exp.Select(expressions=list(items))
    if from_ is None:
        select.set("from_", exp.From(this=target))
    else:
        first = from_.this.copy()
        joins = first.args.pop("joins", None) or []
        select.set("from_", exp.From(this=first))
        select.set("joins", [*joins, exp.Join(this=target, kind="CROSS")])
    where = tree.args.get("where")
    if where is not None:
        select.set("where", where.copy())
    with_ = tree.args.get("with_")
    if with_ is not None:
        select.set("with_", with_.copy())
    return select


def _value(assigned: exp.Expr | None, alias: str, column: TableColumn) -> exp.Expr:
    return assigned.copy() if assigned is not None else _column(alias, column)


def _column(alias: str, column: TableColumn) -> exp.Column:
    made = exp.Column(this=identifier(column.name), table=identifier(alias))
    made.type = datatype(column.type)
    return made


def _place(alias: str, name: str) -> exp.Alias:
    made = exp.Column(this=identifier(name), table=identifier(alias))
    made.type = datatype(PLACE_TYPE)
    return projection(made, "place")


def _query(tree: exp.Select, uses: Uses) -> BoundQuery:
    return BoundQuery(
        tree, (), uses.tables, uses.parameters, uses.session, uses.volatile, uses.leader_only, uses.narrow
    )
