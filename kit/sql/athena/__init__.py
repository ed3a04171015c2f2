"""Athena's SQL (engine version 3, which is Trino's): text to statement, query to DuckDB SQL over scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kit.sql.athena.statements import Query, Statement

if TYPE_CHECKING:
    from sqlglot import exp

    from kit.sql.relations import CompiledQuery, SchemaSource

MACROS: tuple[str, ...] = ()


def parse(text: str) -> Statement:
    """The one statement of `text`, a semicolon after it allowed."""
    import sqlglot

    return Query(sqlglot.parse_one(text, dialect="athena"), text)


def compile_query(
    tree: exp.Expr,
    text: str,
    schema: SchemaSource,
    database: str,
    parameters: Mapping[str, Any],
    positional: Sequence[Any] = (),
) -> CompiledQuery:
    """DuckDB SQL over scans that answers as Athena does."""
    from sqlglot import exp
    from sqlglot.optimizer.annotate_types import annotate_types
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.schema import MappingSchema

    from kit.base.errors import KitError
    from kit.sql.relations import CompiledQuery, OutputColumn, Scan

    tree = tree.copy()
    known = MappingSchema(dialect="hive")
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not table.db and table.name.lower() in ctes:
            continue
        relation = schema.relation((table.db or database).lower(), table.name.lower())
        if relation is None:
            raise KitError(
                "TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{table.db or database}.{table.name}' does not exist"
            )
        known.add_table(f"{relation.database}.{relation.name}", {c.name: c.type for c in relation.columns})
    bound = annotate_types(qualify(tree, dialect="athena", db=database, schema=known), known, dialect="athena")
    scans = []
    for table in list(bound.find_all(exp.Table)):
        if table.db:
            name = f"scan_{len(scans)}"
            relation = schema.relation(table.db, table.name)
            assert relation is not None
            scans.append(Scan(name, table.db, table.name, tuple(c.name for c in relation.columns if not c.hidden)))
            table.replace(exp.alias_(exp.to_table(name), table.alias, table=True))
    assert isinstance(bound, exp.Query)
    columns = tuple(OutputColumn(s.alias_or_name, str(s.type or "varchar").lower()) for s in bound.selects)
    return CompiledQuery(bound.sql("duckdb"), tuple(scans), columns, dict(parameters))
