"""Columns of tables and views, as SVV_COLUMNS and the information schema describe them.

Source: Amazon Redshift Database Developer Guide, "SVV_COLUMNS", "SVV_REDSHIFT_COLUMNS", read 2026-11; PostgreSQL 8.0
documentation, "The Information Schema".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kit.sql.redshift.types import Kind, Type
from kit.warehouse.catalog import DATABASE
from kit.warehouse.system.registered import declared
from kit.warehouse.system.state import State
from kit.warehouse.system.table import INFORMATION_SCHEMA, PG_CATALOG, Rows, SystemTable
from kit.warehouse.system.tables.objects import shown_encoding, sortkey_place

_BITS = {Kind.SMALLINT: 16, Kind.INTEGER: 32, Kind.BIGINT: 64, Kind.REAL: 24, Kind.DOUBLE: 53}
_MOMENTS = frozenset({Kind.TIMESTAMP, Kind.TIMESTAMPTZ, Kind.TIME, Kind.TIMETZ})


@dataclass(frozen=True, slots=True)
class Described:
    """A column of any relation; the layout is empty for views and the system's own tables."""

    schema: str
    table: str
    name: str
    place: int
    type: Type
    nullable: bool = True
    default: str | None = None
    encoding: str = ""
    is_distkey: bool = False
    sortkey: int = 0
    comment: str | None = None


def every_column(state: State) -> Iterator[Described]:
    """The columns of each table and view, the system's included. Those of a late-binding view are not known."""
    comments = state.catalog.comments
    for table in state.tables:
        for place, column in enumerate(table.columns, 1):
            yield Described(
                *(table.schema, table.name, column.name, place, column.type, column.nullable),
                column.default_text or None,
                shown_encoding(column.encode),
                column.name == table.distkey and table.style == "KEY",
                sortkey_place(table, column.name),
                comments.get(f"COLUMN {table.schema}.{table.name}.{column.name}"),
            )
    for view in state.views:
        for place, each in enumerate(view.columns, 1):
            comment = comments.get(f"COLUMN {view.schema}.{view.name}.{each.name}")
            yield Described(view.schema, view.name, each.name, place, each.type, comment=comment)
    for system in declared():
        for place, each in enumerate(system.columns, 1):
            yield Described(system.schema, system.name, each.name, place, each.type)


def _described(column: Described) -> tuple[object, ...]:
    """The part that SVV_COLUMNS and the information schema share."""
    kind = column.type
    is_numeric = kind.kind is Kind.NUMERIC
    bits = _BITS.get(kind.kind)
    return (
        *(DATABASE, column.schema, column.table, column.name, column.place, column.default),
        *("YES" if column.nullable else "NO", kind.name, kind.size if kind.is_text else None),
        kind.size if is_numeric else bits,
        10 if is_numeric else 2 if bits is not None else None,
        kind.scale if is_numeric else 0 if kind.is_integer else None,
        6 if kind.kind in _MOMENTS else None,
    )


def _svv_columns(state: State) -> Rows:
    for column in every_column(state):
        yield (*_described(column), *(None,) * 9, column.comment)


def _information_columns(state: State) -> Rows:
    for column in every_column(state):
        kind = column.type
        head = _described(column)
        octets = kind.size if kind.is_text else None
        yield (*head[:9], octets, *head[9:], *(None,) * 11, kind.name, None, column.place, "NO")


def _redshift_columns(state: State) -> Rows:
    for column in every_column(state):
        if column.schema not in {PG_CATALOG, INFORMATION_SCHEMA}:
            yield (
                *(DATABASE, column.schema, column.table, column.name, column.place, str(column.type)),
                *(column.default, "YES" if column.nullable else "NO", column.encoding, column.is_distkey),
                *(column.sortkey, None, column.comment),
            )


_HEAD = """
    table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), column_name varchar(128),
    ordinal_position integer, column_default varchar(4000), is_nullable varchar(3), data_type varchar(128),
    character_maximum_length integer
"""
_NUMBERS = """
    numeric_precision integer, numeric_precision_radix integer, numeric_scale integer, datetime_precision integer,
    interval_type varchar(128), interval_precision varchar(128), character_set_catalog varchar(128),
    character_set_schema varchar(128), character_set_name varchar(128), collation_catalog varchar(128),
    collation_schema varchar(128), collation_name varchar(128), domain_name varchar(128)
"""

TABLES = (
    SystemTable("svv_columns", f"{_HEAD}, {_NUMBERS}, remarks varchar(256)", _svv_columns),
    SystemTable(
        "columns",
        f"""
        {_HEAD}, character_octet_length integer, {_NUMBERS}, udt_catalog varchar(128), udt_schema varchar(128),
        udt_name varchar(128), scope_name varchar(128), dtd_identifier integer, is_self_referencing varchar(3)
        """,
        _information_columns,
        INFORMATION_SCHEMA,
    ),
    SystemTable(
        "svv_redshift_columns",
        """
        database_name varchar(128), schema_name varchar(128), table_name varchar(128), column_name varchar(128),
        ordinal_position integer, data_type varchar(128), column_default varchar(4000), is_nullable varchar(3),
        encoding varchar(128), distkey boolean, sortkey integer, column_acl varchar(128), remarks varchar(256)
        """,
        _redshift_columns,
    ),
)
