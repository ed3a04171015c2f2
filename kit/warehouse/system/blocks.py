"""The blocks of user tables: what lies where, with the least and the greatest value in it.

A block is what zone maps skip: one column's values of one row group on one slice.
Differs: Redshift's blocks hold 1 MB; these hold up to 122,880 values, whatever they take.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kit.warehouse.catalog import Table
from kit.warehouse.connection import Connection, fetch
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.facts import Shape

# Redshift counts days and moments from 2000, as PostgreSQL does.
_EPOCH_DAY = date(2000, 1, 1)
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 (a TIMESTAMP has no zone)
_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Block:
    """`start` is the place of its first value in the slice. `low` and `high` are as Redshift keeps them, in 64 bits."""

    slice: int
    table: int
    column: int
    number: int
    start: int
    values: int
    low: int
    high: int
    is_on_disk: bool
    is_modified: bool


def blocks_of(cursor: Connection, tables: Sequence[Table], shape: Shape) -> list[Block]:
    """The blocks of all slices of tables, as the cursor's transaction sees them."""
    parts = [(number, table) for table in tables for number in table.places(shape)]
    if not parts:
        return []
    selects = [
        f"SELECT {number}, {table.id}, column_id, row_number() OVER (PARTITION BY column_id ORDER BY row_group_id, "
        "segment_id) - 1, row_group_id, start, count, stats, persistent, has_updates "
        f"""FROM pragma_storage_info('{quote(f"slice{number}")}.{quote(table.relation)}') """
        "WHERE segment_type <> 'VALIDITY' AND column_path NOT LIKE '%, %'"
        for number, table in parts
    ]
    starts: dict[tuple[int, int, int], int] = {}
    found: list[Block] = []
    for slice_, table, column, number, _group, _start, count, stats, persistent, updates in fetch(
        cursor, " UNION ALL ".join(f"({each})" for each in selects) + " ORDER BY 2, 1, 3, 4"
    ):
        start = starts.get((slice_, table, column), 0)
        starts[slice_, table, column] = start + count
        low, high = _bounds(stats)
        found.append(Block(slice_, table, column, number, start, count, low, high, persistent, updates))
    return found


def counted(blocks: Iterable[Block]) -> Mapping[tuple[int, int], int]:
    """How many there are, by slice and table."""
    found: dict[tuple[int, int], int] = {}
    for each in blocks:
        key = (each.slice, each.table)
        found[key] = found.get(key, 0) + 1
    return found


def _bounds(stats: Any) -> tuple[int, int]:
    if not isinstance(stats, dict):
        return 0, 0
    return _as_number(stats.get("min")), _as_number(stats.get("max"))


def _as_number(value: Any) -> int:
    """A bound as Redshift keeps it: text by its first eight bytes, dates and moments counted from 2000."""
    match value:
        case bool() | int():
            return int(value)
        case float() | Decimal():
            return max(-_MOST, min(_MOST, int(value))) if value == value and abs(value) < _MOST else 0
        case datetime():
            return (value.replace(tzinfo=None) - _EPOCH) // (_EPOCH.resolution)
        case date():
            return (value - _EPOCH_DAY).days
        case str():
            return int.from_bytes(value.encode()[:8].ljust(8, b"\0"), "little", signed=True)
        case _:
            return 0
