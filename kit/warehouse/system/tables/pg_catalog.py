"""PostgreSQL's own catalog tables, as far as queries of Redshift's users join them.

Identifiers of views, schemas and the system's own tables are made of their names: they have no number of their own.

Source: Amazon Redshift Database Developer Guide, "PG_CLASS_INFO", "System catalog tables"; PostgreSQL 8.0
documentation, "System Catalogs"; read 2026-11.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from kit.sql.redshift.types import Kind, Type
from kit.warehouse.catalog import DATABASE, PUBLIC, StoredColumn, Table
from kit.warehouse.identity import USER, USER_ID
from kit.warehouse.system.registered import declared
from kit.warehouse.system.state import State
from kit.warehouse.system.table import INFORMATION_SCHEMA, PG_CATALOG, Rows, SystemTable
from kit.warehouse.system.tables.cluster import DATABASE_ID, effective_number
from kit.warehouse.system.tables.columns import every_column
from kit.warehouse.system.tables.objects import sortkey_place

_FIRST_OWN = 1 << 30
_NAMESPACES = {PG_CATALOG: 11, PUBLIC: 2200}
_SUPERUSER, _SUPERUSER_ID = "rdsdb", 1
# Number and name of a type in PG_TYPE, and how many bytes a value takes (-1: as many as it needs).
_TYPES: dict[Kind, tuple[int, str, int]] = {
    Kind.BOOLEAN: (16, "bool", 1),
    Kind.BIGINT: (20, "int8", 8),
    Kind.SMALLINT: (21, "int2", 2),
    Kind.INTEGER: (23, "int4", 4),
    Kind.REAL: (700, "float4", 4),
    Kind.DOUBLE: (701, "float8", 8),
    Kind.UNKNOWN: (705, "unknown", -1),
    Kind.CHAR: (1042, "bpchar", -1),
    Kind.VARCHAR: (1043, "varchar", -1),
    Kind.DATE: (1082, "date", 4),
    Kind.TIME: (1083, "time", 8),
    Kind.TIMESTAMP: (1114, "timestamp", 8),
    Kind.TIMESTAMPTZ: (1184, "timestamptz", 8),
    Kind.INTERVAL_DAY_SECOND: (1188, "intervald2s", 8),
    Kind.INTERVAL_YEAR_MONTH: (1190, "intervaly2m", 4),
    Kind.TIMETZ: (1266, "timetz", 12),
    Kind.NUMERIC: (1700, "numeric", -1),
    Kind.SUPER: (4000, "super", -1),
    Kind.VARBYTE: (6551, "varbyte", -1),
}
# How PG_ATTRIBUTE numbers encodings.
_ENCODING_NAMES = (
    *("RAW", "BYTEDICT", "DELTA", "LZO", "RUNLENGTH", "MOSTLY8", "MOSTLY16", "MOSTLY32", "TEXT255", "TEXT32K"),
    *("DELTA32K", "ZSTD", "AZ64"),
)
_ENCODINGS = {name: number for number, name in enumerate(_ENCODING_NAMES)}


def relation_id(schema: str, name: str) -> int:
    """A number for what has none."""
    return _FIRST_OWN | zlib.crc32(f"{schema}.{name}".encode()) & (_FIRST_OWN - 1)


def namespace_id(schema: str) -> int:
    return _NAMESPACES.get(schema) or relation_id("", schema)


def _namespaces(state: State) -> Rows:
    for name in sorted({*state.catalog.schemas(), PG_CATALOG, INFORMATION_SCHEMA}):
        is_own = name in {PG_CATALOG, INFORMATION_SCHEMA}
        yield namespace_id(name), name, _SUPERUSER_ID if is_own else USER_ID, None


def _classes(state: State) -> Iterator[tuple[int, str, str, str, int, float, int, bool, Table | None]]:
    """Identifier, schema, name, kind, columns, rows, blocks, whether it has a primary key, the table if it is one."""
    blocks: dict[int, int] = {}
    for block in state.blocks:
        blocks[block.table] = blocks.get(block.table, 0) + 1
    for table in state.tables:
        has_key = any(each.kind == "PRIMARY KEY" for each in table.constraints)
        pages = blocks.get(table.id, 0)
        yield table.id, table.schema, table.name, "r", len(table.columns), table.rows, pages, has_key, table
    for view in state.views:
        yield relation_id(view.schema, view.name), view.schema, view.name, "v", len(view.columns), 0.0, 0, False, None
    for each in declared():
        kind = "v" if each.name.startswith("sv") or each.schema == INFORMATION_SCHEMA else "r"
        yield relation_id(each.schema, each.name), each.schema, each.name, kind, len(each.columns), 0.0, 0, False, None


def _pg_class(state: State) -> Rows:
    for identifier, schema, name, kind, columns, rows, pages, has_key, table in _classes(state):
        style = effective_number(table) if table is not None else 0
        yield (
            *(identifier, name, namespace_id(schema), 0, USER_ID, 0, identifier, 0, pages, rows, 0, 0, False, False),
            *(kind, columns, 0, 0, 0, 0, 0, False, has_key, False, False, None),
            *(9 if table is not None and table.style == "AUTO" else style, style),
        )


def _class_info(state: State) -> Rows:
    for identifier, schema, name, kind, columns, rows, pages, has_key, table in _classes(state):
        style = effective_number(table) if table is not None else 0
        created = table.created_ms * 1_000 if table is not None else None
        yield (
            *(identifier, name, namespace_id(schema), 0, USER_ID, 0, identifier, 0, pages, rows, kind, columns),
            *(has_key, None, 9 if table is not None and table.style == "AUTO" else style, style, created),
        )


def _attributes(state: State) -> Rows:
    for table in state.tables:
        for place, column in enumerate(table.columns, 1):
            yield _attribute(table.id, table, column, place)
    ids = {(table.schema, table.name) for table in state.tables}
    for each in every_column(state):
        if (each.schema, each.table) not in ids:
            column = StoredColumn(each.name, each.type)
            yield _attribute(relation_id(each.schema, each.table), None, column, each.place)


def _attribute(identifier: int, table: Table | None, column: StoredColumn, place: int) -> tuple[object, ...]:
    number, _, length = _TYPES[column.type.kind]
    is_distkey = table is not None and table.style == "KEY" and table.distkey == column.name
    sortkey = sortkey_place(table, column.name) if table is not None else 0
    return (
        *(identifier, column.name, number, -1, length, place, 0, -1, _modifier(column.type), length > 0),
        *("p" if length > 0 else "x", "i", not column.nullable, bool(column.default_text), False, True, 0),
        *(is_distkey, False, sortkey, _ENCODINGS[column.encode], 0),
    )


def _modifier(kind: Type) -> int:
    """A type's length or precision as PostgreSQL keeps it."""
    if kind.is_text or kind.kind is Kind.VARBYTE:
        return kind.size + 4
    return (kind.size << 16 | kind.scale) + 4 if kind.kind is Kind.NUMERIC else -1


def _types(_state: State) -> Rows:
    for number, name, length in _TYPES.values():
        yield number, name, namespace_id(PG_CATALOG), _SUPERUSER_ID, length, length > 0, "b", True


def _users(_state: State) -> Rows:
    yield _SUPERUSER, _SUPERUSER_ID, True, True, True, "********", None, None
    yield USER, USER_ID, True, True, False, "********", None, None


def _databases(_state: State) -> Rows:
    yield DATABASE_ID, DATABASE, USER_ID, 6, False, True, 0, 0, 0, 1663, None, None


def _tables(state: State) -> Rows:
    for table in state.tables:
        yield table.schema, table.name, USER, None, False, False, False
    for each in declared():
        yield each.schema, each.name, _SUPERUSER, None, False, False, False


def _views(state: State) -> Rows:
    for view in state.views:
        yield view.schema, view.name, USER, view.text


def _descriptions(state: State) -> Rows:
    for table in state.tables:
        own = f"{table.schema}.{table.name}"
        if (text := state.catalog.comments.get(f"TABLE {own}")) is not None:
            yield table.id, relation_id(PG_CATALOG, "pg_class"), 0, text
        for place, column in enumerate(table.columns, 1):
            if (text := state.catalog.comments.get(f"COLUMN {own}.{column.name}")) is not None:
                yield table.id, relation_id(PG_CATALOG, "pg_class"), place, text


def _defaults(state: State) -> Rows:
    for table in state.tables:
        for place, column in enumerate(table.columns, 1):
            if column.default_text:
                yield table.id, place, column.default_text, column.default_text


_NAME = "varchar(128)"

TABLES = (
    SystemTable("pg_namespace", f"oid integer, nspname {_NAME}, nspowner integer, nspacl varchar(256)", _namespaces),
    SystemTable(
        "pg_class",
        f"""
        oid integer, relname {_NAME}, relnamespace integer, reltype integer, relowner integer, relam integer,
        relfilenode integer, reltablespace integer, relpages integer, reltuples double precision,
        reltoastrelid integer, reltoastidxid integer, relhasindex boolean, relisshared boolean, relkind character(1),
        relnatts smallint, relexternid integer, relisreplicated smallint, relispinned smallint, relchecks smallint,
        reltriggers smallint, relhasoids boolean, relhaspkey boolean, relhasrules boolean, relhassubclass boolean,
        relacl varchar(256), reldiststyle smallint, releffectivediststyle smallint
        """,
        _pg_class,
    ),
    SystemTable(
        "pg_class_info",
        f"""
        reloid integer, relname {_NAME}, relnamespace integer, reltype integer, relowner integer, relam integer,
        relfilenode integer, reltablespace integer, relpages integer, reltuples double precision, relkind character(1),
        relnatts smallint, relhaspkey boolean, relacl varchar(256), reldiststyle smallint,
        releffectivediststyle smallint, relcreationtime timestamp
        """,
        _class_info,
    ),
    SystemTable(
        "pg_attribute",
        f"""
        attrelid integer, attname {_NAME}, atttypid integer, attstattarget integer, attlen smallint, attnum smallint,
        attndims integer, attcacheoff integer, atttypmod integer, attbyval boolean, attstorage character(1),
        attalign character(1), attnotnull boolean, atthasdef boolean, attisdropped boolean, attislocal boolean,
        attinhcount integer, attisdistkey boolean, attispreloaded boolean, attsortkeyord integer,
        attencodingtype smallint, attencrypttype smallint
        """,
        _attributes,
    ),
    SystemTable(
        "pg_type",
        f"""
        oid integer, typname {_NAME}, typnamespace integer, typowner integer, typlen smallint, typbyval boolean,
        typtype character(1), typisdefined boolean
        """,
        _types,
    ),
    SystemTable(
        "pg_user",
        f"""
        usename {_NAME}, usesysid integer, usecreatedb boolean, usesuper boolean, usecatupd boolean,
        passwd varchar(128), valuntil timestamp, useconfig varchar(256)
        """,
        _users,
    ),
    SystemTable(
        "pg_database",
        f"""
        oid integer, datname {_NAME}, datdba integer, encoding integer, datistemplate boolean, datallowconn boolean,
        datlastsysoid integer, datvacuumxid integer, datfrozenxid integer, dattablespace integer,
        datconfig varchar(256), datacl varchar(256)
        """,
        _databases,
    ),
    SystemTable(
        "pg_tables",
        f"""
        schemaname {_NAME}, tablename {_NAME}, tableowner {_NAME}, tablespace {_NAME}, hasindexes boolean,
        hasrules boolean, hastriggers boolean
        """,
        _tables,
    ),
    SystemTable(
        "pg_views", f"schemaname {_NAME}, viewname {_NAME}, viewowner {_NAME}, definition varchar(65535)", _views
    ),
    SystemTable(
        "pg_description",
        "objoid integer, classoid integer, objsubid integer, description varchar(65535)",
        _descriptions,
    ),
    SystemTable("pg_attrdef", "adrelid integer, adnum smallint, adbin varchar(65535), adsrc varchar(65535)", _defaults),
)
