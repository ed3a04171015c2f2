"""A query into a bound tree: the one door to the binder.

Pure: text, tree and catalog in, values out. Nothing is executed, and the parsed tree stays as it was, so that it can be
bound again with other parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from kit.sql.redshift.binding import handlers
from kit.sql.redshift.binding.blocks import Block
from kit.sql.redshift.binding.common_tables import settle_all
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.queries import bind_query
from kit.sql.redshift.binding.typed import cast, typed
from kit.sql.redshift.bound import BoundColumn, BoundQuery, BoundTable, Uses
from kit.sql.redshift.schema import Schemas
from kit.sql.redshift.types import Kind

assert handlers.FAMILIES

DEFAULT_PATH = ("public",)


def bind(
    query: exp.Query,
    text: str,
    schemas: Schemas,
    *,
    search_path: Sequence[str] = DEFAULT_PATH,
    parameters: Mapping[str, Any] | None = None,
    wide: bool = False,
    keep_case: bool = False,
) -> BoundQuery:
    """Resolve names, give types, and write Redshift's semantics out in DuckDB's.

    `text` is the script that the query was parsed from; errors point into it. `search_path` lists every schema that an
    unqualified name is looked up in, those of temporary and system tables included. `parameters` may hold more than the
    query names. `wide`: multiply decimals in 128 bits, for a second try of a query whose `narrow` is set and that
    overflowed.

    Raises `KitError` in Redshift's words.
    """
    context = Context(text, schemas, search_path, bind_query, values=parameters or {}, wide=wide, keep_case=keep_case)
    block = bind_query(context, query)
    settle_all(block)
    _cast_decimals(block)
    return bound_query(context, block)


def _cast_decimals(block: Block) -> None:
    """Give computed NUMERICs of the answer their precision, which DuckDB reckons differently."""
    if not isinstance(block.tree, exp.Select):
        return
    for index, output in enumerate(block.outputs):
        node = block.expression(index)
        if output.type.kind is Kind.NUMERIC and not isinstance(node, (exp.Column, exp.Cast)):
            block.convert(index, typed(cast(node, output.type), output.type))


def bound_query(context: Context, block: Block) -> BoundQuery:
    """What was found while `block` was bound, as a value."""
    found = uses(context, block.tree)
    return BoundQuery(
        block.tree,
        tuple(BoundColumn(output.name, output.type) for output in block.outputs),
        found.tables,
        found.parameters,
        found.session,
        found.volatile,
        found.leader_only,
        found.narrow,
    )


def uses(context: Context, *trees: exp.Expr) -> Uses:
    """What was found while a statement was bound; `trees` are what was made of it."""
    found = context.found
    session = session_names(context, *trees)
    return Uses(
        _tables(context),
        dict(found.parameters),
        session,
        session | found.volatile,
        frozenset(found.leader_only),
        found.narrow,
    )


def session_names(context: Context, *trees: exp.Expr) -> frozenset[str]:
    """The session's values that trees ask for: the parameters that are not the user's."""
    named = {parameter.name for tree in trees for parameter in tree.find_all(exp.Parameter)}
    return frozenset(named - context.found.parameters.keys())


def _tables(context: Context) -> tuple[BoundTable, ...]:
    return tuple(
        BoundTable(schema, name, _used(context, schema, name)) for schema, name in sorted(context.found.tables)
    )


def _used(context: Context, schema: str, name: str) -> tuple[str, ...]:
    table = context.schemas.table(schema, name)
    used = {column for source in context.found.tables[schema, name] for column in source.used}
    return tuple(column.name for column in table.columns if column.name in used) if table is not None else ()
