"""SHOW TABLE and SHOW VIEW as the statement that would make them again; SHOW lists as queries over system tables. Pure.

Source: Amazon Redshift Database Developer Guide, "SHOW TABLE", "SHOW VIEW", "SHOW TABLES", "SHOW COLUMNS", "SHOW
SCHEMAS", "SHOW DATABASES", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from kit.base.errors import KitError, did_you_mean
from kit.sql.redshift.statements import Constraint, ShowList, ShowObject
from kit.warehouse.catalog import DATABASE, TEMPORARY, Catalog, StoredColumn, Table, View
from kit.warehouse.ddl import kind_of
from kit.warehouse.plan.expression import quote

TABLE_HEADING = "Show Table DDL statement"
VIEW_HEADING = "Show View DDL statement"

_DATABASES = """
    SELECT datname AS database_name, datdba AS database_owner, 'local' AS database_type, NULL AS database_acl,
    NULL AS parameters, 'Serializable' AS database_isolation_level FROM pg_database
"""
_SCHEMAS = "SELECT * FROM svv_all_schemas"
_TABLES = "SELECT database_name, schema_name, table_name, table_type, table_acl, remarks FROM svv_redshift_tables"
_COLUMNS = """
    SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name, ordinal_position,
    column_default, is_nullable, data_type, character_maximum_length, numeric_precision, remarks FROM svv_columns
"""
# The query of each list, and the column that LIKE is about.
_LISTS = {
    "DATABASES": (_DATABASES, "database_name"),
    "SCHEMAS": (_SCHEMAS, "schema_name"),
    "TABLES": (_TABLES, "table_name"),
    "COLUMNS": (_COLUMNS, "column_name"),
}


def listing(statement: ShowList, catalog: Catalog) -> tuple[str, dict[str, str]]:
    """The query of a list, and its parameters. Raises 3D000, 3F000 and 42P01 for what is not there."""
    select, name = _LISTS[statement.kind]
    asked: dict[str, str] = {}
    conditions: list[str] = []
    of = statement.of
    if of is not None and of.database is not None and of.database != DATABASE:
        raise KitError("3D000", f'database "{of.database}" does not exist', f"There is one database, {DATABASE}.")
    match statement.kind:
        case "DATABASES" | "SCHEMAS":
            order = name
        case "TABLES":
            assert of is not None
            schema = of.schema or of.name
            if schema not in catalog.schemas():
                raise KitError("3F000", f'schema "{schema}" does not exist', did_you_mean(schema, catalog.schemas()))
            conditions, asked, order = ["schema_name = :schema"], {"schema": schema}, name
        case "COLUMNS":
            assert of is not None
            if of.schema is None:
                raise KitError("42601", "SHOW COLUMNS needs a schema", "SHOW COLUMNS FROM TABLE schema.table")
            if catalog.table(of.schema, of.name) is None:
                known = catalog.tables(of.schema)
                raise KitError("42P01", f'Relation "{of.name}" does not exist', did_you_mean(of.name, known))
            conditions = ["schema_name = :schema", "table_name = :name"]
            asked, order = {"schema": of.schema, "name": of.name}, "ordinal_position"
        case _:
            assert_never(statement.kind)
    if statement.like is not None:
        conditions.append(f"{name} LIKE :pattern")
        asked["pattern"] = statement.like
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    limit = f" LIMIT {statement.limit}" if statement.limit is not None else ""
    return f"SELECT * FROM ({select}) AS shown{where} ORDER BY {order}{limit}", asked


def definition(statement: ShowObject, catalog: Catalog, path: Sequence[str]) -> tuple[str, str]:
    """The heading of the answer, and the statement that would make the relation."""
    found = catalog.find(statement.table, path)
    wanted = statement.kind.lower()
    if found is None:
        known = catalog.tables(statement.table.schema or path[-1])
        raise KitError(
            "42P01", f'Relation "{statement.table}" does not exist', did_you_mean(statement.table.name, known)
        )
    if statement.kind == "EXTERNAL TABLE" or (kind_of(found) == "table") != (wanted == "table"):
        raise KitError("42809", f'"{statement.table}" is not a {wanted}', f"It is a {kind_of(found)}.")
    match found:
        case View():
            return VIEW_HEADING, view_statement(found)
        case Table():
            if found.materialized is not None:
                return VIEW_HEADING, f"CREATE MATERIALIZED VIEW {_name(found)} AS {found.materialized.text};"
            return TABLE_HEADING, table_statement(found)


def view_statement(view: View) -> str:
    """CREATE VIEW of a view."""
    names = "" if view.late_binding else f" ({', '.join(_quoted(each.name) for each in view.columns)})"
    tail = " WITH NO SCHEMA BINDING" if view.late_binding else ""
    return f"CREATE VIEW {_name(view)}{names} AS {view.text}{tail};"


def table_statement(table: Table) -> str:
    """CREATE TABLE of a table."""
    items = [f"    {each}" for each in (*map(_column, table.columns), *map(_constraint, table.constraints))]
    temporary = "TEMPORARY " if table.is_temporary else ""
    head = f"CREATE {temporary}TABLE {_name(table)} (\n" + ",\n".join(items) + "\n)"
    return "\n".join([head, *_attributes(table)]) + ";"


def _attributes(table: Table) -> Iterator[str]:
    yield f"DISTSTYLE {table.style}"
    if table.style == "KEY" and table.distkey is not None:
        yield f"DISTKEY ({_quoted(table.distkey)})"
    key = table.sortkey
    if key.columns:
        style = "INTERLEAVED " if key.style == "INTERLEAVED" else ""
        yield f"{style}SORTKEY ({', '.join(_quoted(each) for each in key.columns)})"
    elif key.style == "AUTO":
        yield "SORTKEY AUTO"


def _column(column: StoredColumn) -> str:
    parts = [_quoted(column.name), str(column.type)]
    if column.identity is not None:
        by = "GENERATED BY DEFAULT AS IDENTITY" if column.identity.by_default else "IDENTITY"
        parts.append(f"{by}({column.identity.seed}, {column.identity.step})")
    elif column.default_text:
        parts.append(f"DEFAULT {column.default_text}")
    if not column.nullable:
        parts.append("NOT NULL")
    return " ".join([*parts, f"ENCODE {column.encode.lower()}"])


def _constraint(constraint: Constraint) -> str:
    name = f"CONSTRAINT {_quoted(constraint.name)} " if constraint.name is not None else ""
    made = f"{name}{constraint.kind} ({', '.join(_quoted(each) for each in constraint.columns)})"
    if constraint.references is None:
        return made
    columns = constraint.references.columns
    return f"{made} REFERENCES {constraint.references.table}" + (
        f" ({', '.join(_quoted(each) for each in columns)})" if columns else ""
    )


def _name(relation: Table | View) -> str:
    name = _quoted(relation.name)
    return name if relation.schema.startswith(TEMPORARY) else f"{_quoted(relation.schema)}.{name}"


def _quoted(name: str) -> str:
    plain = name.replace("_", "a")
    return name if plain.isalnum() and plain.isascii() and plain.islower() and not plain[0].isdigit() else quote(name)
