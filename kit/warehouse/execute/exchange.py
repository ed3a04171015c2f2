"""The place where rows wait between segments: tables of one database in memory, made for one run and dropped with it.

DuckDB keeps them in its own buffers, so they spill like everything else. A transaction that has touched an attached
database does not see what is made in it later; hence each fragment has a transaction of its own, which first touches
the exchange when all that it reads is there.
"""

from __future__ import annotations

from collections.abc import Sequence

from kit.warehouse.connection import Connection, fetch, value
from kit.warehouse.plan.context import width_of
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.nodes import Column
from kit.warehouse.plan.segments import Segment

# The database of a connection's temporary tables: the one that a transaction can write beside the cluster's file.
OWN = "temp"
FEW_ROWS = 10_000


def attach(cursor: Connection, database: str) -> None:
    fetch(cursor, f"ATTACH ':memory:' AS {database}")


def detach(cursor: Connection, database: str) -> None:
    """Drop what was exchanged; no transaction may still use it."""
    fetch(cursor, f"DETACH DATABASE IF EXISTS {database}")


def create_as(relation: str, query: str) -> str:
    """The statement that puts a query's rows into a table of an exchange, which may be a connection's own."""
    kind = "TEMPORARY TABLE" if relation.startswith(f'"{OWN}".') else "TABLE"
    return f"CREATE {kind} {relation} AS {query}"


def table(database: str, segment: int, producer: int) -> str:
    return f'"{database}"."segment{segment}_{producer}"'


def size_bytes(cursor: Connection, database: str, segment: Segment, rows: Sequence[int]) -> int:
    """Bytes of the rows that producers left: fixed widths, and for text its length.

    Of many rows the lengths are those that DuckDB has counted; to ask for these takes longer than to add up few.
    """
    fixed = sum(width_of(column.type) for column in segment.columns if not _is_text(column))
    text = [column for column in segment.columns if _is_text(column)]
    if not text or not any(rows):
        return sum(rows) * fixed
    sources = [table(database, segment.number, producer) for producer, count in enumerate(rows) if count]
    if sum(rows) <= FEW_ROWS:
        lengths = " + ".join(f"coalesce(sum(strlen({quote(column.id)})), 0)" for column in text)
        parts = " UNION ALL ".join(
            f"SELECT {', '.join(quote(column.id) for column in text)} FROM {source}" for source in sources
        )
        return sum(rows) * fixed + int(value(cursor, f"SELECT {lengths} FROM ({parts})"))
    lengths = ", ".join(f"stats({quote(column.id)})" for column in text)
    found = fetch(cursor, " UNION ALL ".join(f"(SELECT {lengths} FROM {source} LIMIT 1)" for source in sources))
    counted = sum(each.get("total_string_length", 0) or 0 for one in found for each in one if each is not None)
    return sum(rows) * fixed + counted


def _is_text(column: Column) -> bool:
    return column.type.startswith("VARCHAR")
