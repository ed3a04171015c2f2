"""Tables and views as objects: how they are laid out, how large, how well kept.

Source: Amazon Redshift Database Developer Guide, "SVV_TABLE_INFO", "SVV_TABLES", "SVV_REDSHIFT_TABLES", "PG_TABLE_DEF",
"STV_MV_INFO", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kit.sql.redshift.types import Kind
from kit.warehouse.catalog import DATABASE, TEMPORARY, Table
from kit.warehouse.manage.design import described_style
from kit.warehouse.system.registered import declared
from kit.warehouse.system.state import State
from kit.warehouse.system.table import INFORMATION_SCHEMA, PG_CATALOG, Rows, SystemTable
from kit.warehouse.system.tables.cluster import MEGABYTE

# What SVV_TABLE_INFO shows where a slice has no row at all: there is no ratio then.
_FULL_SKEW = 100.0


def shown_encoding(encode: str) -> str:
    return "none" if encode == "RAW" else encode.lower()


def _table_info(state: State) -> Rows:
    """Tables without rows are left out, as in Redshift."""
    columns: dict[int, dict[int, int]] = {}
    for block in state.blocks:
        held = columns.setdefault(block.table, {})
        held[block.column] = held.get(block.column, 0) + 1
    for table in state.tables:
        if table.rows:
            yield _info(state, table, columns.get(table.id, {}))


def _info(state: State, table: Table, blocks: Mapping[int, int]) -> tuple[object, ...]:
    counts = [table.slice_rows[number] for number in table.places(state.shape)]
    size = sum(blocks.values())
    first = table.column(table.sortkey.columns[0]) if table.sortkey.columns else None
    unsorted = 100 * table.unsorted_fraction if first is not None else None
    return (
        *(DATABASE, table.schema, table.id, table.name),
        "Y" if any(column.encode != "RAW" for column in table.columns) else "N",
        described_style(table),
        _first_sortkey(table),
        max((column.type.size for column in table.columns if column.type.kind is Kind.VARCHAR), default=0),
        shown_encoding(first.encode) if first is not None else None,
        len(table.sortkey.columns),
        size,
        100 * size * MEGABYTE / state.capacity_bytes,
        0,
        unsorted,
        table.stats_off,
        table.rows + table.ghosts,
        _skew_of_sortkey(table, blocks),
        _skew_of_rows(table, counts),
        table.rows,
        None,
        unsorted,
        table.created_ms * 1_000,
    )


def _first_sortkey(table: Table) -> str | None:
    match table.sortkey.style:
        case "AUTO":
            return f"AUTO(SORTKEY({table.sortkey.columns[0]}))" if table.sortkey.columns else "AUTO(SORTKEY)"
        case "INTERLEAVED":
            return "INTERLEAVED"
        case _:
            return table.sortkey.columns[0] if table.sortkey.columns else None


def _skew_of_sortkey(table: Table, blocks: Mapping[int, int]) -> float | None:
    """The largest other column over the first sort key's, in blocks."""
    if not table.sortkey.columns:
        return None
    names = [column.name for column in table.columns]
    own = names.index(table.sortkey.columns[0])
    others = [count for column, count in blocks.items() if column != own]
    return max(others) / blocks[own] if others and blocks.get(own) else None


def _skew_of_rows(table: Table, counts: list[int]) -> float | None:
    if table.effective == "ALL" or len(counts) < 2:
        return None
    return max(counts) / min(counts) if min(counts) else _FULL_SKEW


def _table_def(state: State) -> Rows:
    """Columns of the tables that the search path shows; the system's own are always on it."""
    shown = {TEMPORARY, *state.path}
    for table in state.tables:
        if table.schema not in shown:
            continue
        for column in table.columns:
            yield (
                *(table.schema, table.name, column.name, str(column.type), shown_encoding(column.encode)),
                *(column.name == table.distkey and table.style == "KEY", sortkey_place(table, column.name)),
                not column.nullable,
            )
    for system in declared():
        if system.schema == PG_CATALOG:
            for each in system.columns:
                yield system.schema, system.name, each.name, str(each.type), "none", False, 0, False


def sortkey_place(table: Table, column: str) -> int:
    """A column's place in the sort key, 0 outside of it; those of an interleaved key change their sign."""
    if column not in table.sortkey.columns:
        return 0
    place = table.sortkey.columns.index(column) + 1
    return -place if table.sortkey.style == "INTERLEAVED" and place % 2 == 0 else place


def every_table(state: State) -> Iterator[tuple[str, str, str, str | None]]:
    """Schema, name, type and comment of each table and view, the system's included."""
    for table in state.tables:
        kind = "LOCAL TEMPORARY" if table.is_temporary else "BASE TABLE"
        yield table.schema, table.name, kind, state.catalog.comments.get(f"TABLE {table.schema}.{table.name}")
    for view in state.views:
        yield view.schema, view.name, "VIEW", state.catalog.comments.get(f"VIEW {view.schema}.{view.name}")
    for system in declared():
        yield system.schema, system.name, "VIEW" if system.name.startswith("sv") else "BASE TABLE", None


def _svv_tables(state: State) -> Rows:
    for schema, name, kind, comment in every_table(state):
        yield DATABASE, schema, name, kind, comment


def _redshift_tables(state: State) -> Rows:
    for schema, name, kind, comment in every_table(state):
        if schema not in {PG_CATALOG, INFORMATION_SCHEMA}:
            yield DATABASE, schema, name, "VIEW" if kind == "VIEW" else "TABLE", None, comment, "awsuser"


def _information_tables(state: State) -> Rows:
    for schema, name, kind, _ in every_table(state):
        yield DATABASE, schema, name, kind, None, None, None, None, None


def _information_views(state: State) -> Rows:
    for view in state.views:
        yield DATABASE, view.schema, view.name, view.text, "NONE", "NO"


def _schemata(state: State) -> Rows:
    for name in sorted({*state.catalog.schema_names, PG_CATALOG, INFORMATION_SCHEMA}):
        yield DATABASE, name, "awsuser", None, None, None, None


def _all_schemas(state: State) -> Rows:
    for name in sorted(state.catalog.schema_names):
        yield DATABASE, name, 100, "local", None, None, None


def _redshift_schemas(state: State) -> Rows:
    for name in sorted(state.catalog.schema_names):
        yield DATABASE, name, 100, "local", None, None


TABLES = (
    SystemTable(
        "svv_table_info",
        """
        database varchar(128), schema varchar(128), table_id integer, table varchar(128), encoded varchar(32),
        diststyle varchar(256), sortkey1 varchar(256), max_varchar integer, sortkey1_enc character(32),
        sortkey_num integer, size bigint, pct_used numeric(10,4), empty bigint, unsorted numeric(5,2),
        stats_off numeric(5,2), tbl_rows numeric(38,0), skew_sortkey1 numeric(19,2), skew_rows numeric(19,2),
        estimated_visible_rows numeric(38,0), risk_event varchar(256), vacuum_sort_benefit numeric(12,2),
        create_time timestamp
        """,
        _table_info,
    ),
    SystemTable(
        "pg_table_def",
        """
        schemaname varchar(128), tablename varchar(128), column varchar(128), type varchar(128),
        encoding character(32), distkey boolean, sortkey integer, notnull boolean
        """,
        _table_def,
    ),
    SystemTable(
        "svv_tables",
        """
        table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), table_type varchar(128),
        remarks varchar(256)
        """,
        _svv_tables,
    ),
    SystemTable(
        "svv_redshift_tables",
        """
        database_name varchar(128), schema_name varchar(128), table_name varchar(128), table_type varchar(128),
        table_acl varchar(128), remarks varchar(128), table_owner varchar(128)
        """,
        _redshift_tables,
    ),
    SystemTable(
        "tables",
        """
        table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), table_type varchar(128),
        self_referencing_column_name varchar(128), reference_generation varchar(128),
        user_defined_type_catalog varchar(128), user_defined_type_schema varchar(128),
        user_defined_type_name varchar(128)
        """,
        _information_tables,
        INFORMATION_SCHEMA,
    ),
    SystemTable(
        "views",
        """
        table_catalog varchar(128), table_schema varchar(128), table_name varchar(128),
        view_definition varchar(65535), check_option varchar(128), is_updatable varchar(3)
        """,
        _information_views,
        INFORMATION_SCHEMA,
    ),
    SystemTable(
        "schemata",
        """
        catalog_name varchar(128), schema_name varchar(128), schema_owner varchar(128),
        default_character_set_catalog varchar(128), default_character_set_schema varchar(128),
        default_character_set_name varchar(128), sql_path varchar(128)
        """,
        _schemata,
        INFORMATION_SCHEMA,
    ),
    SystemTable(
        "svv_all_schemas",
        """
        database_name varchar(128), schema_name varchar(128), schema_owner integer, schema_type varchar(128),
        schema_acl varchar(128), source_database varchar(128), schema_option varchar(128)
        """,
        _all_schemas,
    ),
    SystemTable(
        "svv_redshift_schemas",
        """
        database_name varchar(128), schema_name varchar(128), schema_owner integer, schema_type varchar(128),
        schema_acl varchar(128), schema_option varchar(128)
        """,
        _redshift_schemas,
    ),
)
