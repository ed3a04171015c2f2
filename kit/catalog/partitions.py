"""Partitions of one table in SQLite: inserted in bulk, looked up by what a query asks of the keys.

Every function takes a connection and leaves transactions to its caller. Rows come in the order of the typed keys,
NULLs first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kit.base.clock import instant
from kit.base.domain import Domain, contains
from kit.base.errors import KitError, did_you_mean
from kit.catalog.conditions import condition, stored
from kit.catalog.encoding import (
    decode_descriptor,
    decode_parameters,
    decode_values,
    encode_descriptor,
    encode_parameters,
    encode_values,
)
from kit.catalog.model import Column, Partition, Table
from kit.catalog.partition_values import folder_of, typed_values
from kit.catalog.schema import INDEXED_KEYS, KEY_COLUMNS
from kit.catalog.types import HiveType, parse

_COLUMNS = "value_texts, location, descriptor, parameters, created_ns"
_PLACES = ", ".join("?" * (6 + INDEXED_KEYS))
_INSERT = (
    f"INSERT INTO partition (table_id, value_texts, location, descriptor, parameters, created_ns, "
    f"{', '.join(KEY_COLUMNS)}) VALUES ({_PLACES})"
)


@dataclass(frozen=True, slots=True)
class Keys:
    """A table's id and its partition keys with their types parsed."""

    table_id: int
    table: str
    columns: tuple[Column, ...]
    kinds: tuple[HiveType, ...]

    @classmethod
    def of(cls, table_id: int, table: Table) -> Keys:
        keys = table.partition_keys
        return cls(table_id, f"{table.database}.{table.name}", keys, tuple(parse(key.type) for key in keys))


def insert(
    connection: sqlite3.Connection, keys: Keys, partitions: Iterable[Partition], now_ns: int, *, if_not_exists: bool
) -> int:
    """How many were added. Raises `AlreadyExistsException`, unless those that are there are to be left alone."""
    before = connection.total_changes
    statement = _INSERT.replace("INSERT", "INSERT OR IGNORE", 1) if if_not_exists else _INSERT
    current: list[Partition] = []
    try:
        connection.executemany(statement, _rows(keys, partitions, now_ns, current))
    except sqlite3.IntegrityError as error:
        raise KitError(
            "AlreadyExistsException",
            f"Partition already exists: {_label(keys, current[0].values)} of table '{keys.table}'.",
            "ADD IF NOT EXISTS leaves it alone.",
        ) from error
    return connection.total_changes - before


def delete(
    connection: sqlite3.Connection, keys: Keys, values: Iterable[tuple[str | None, ...]], *, if_exists: bool
) -> int:
    """How many were removed. Raises `EntityNotFoundException`, unless missing ones are to be passed over."""
    removed = 0
    for each in values:
        cursor = connection.execute(
            "DELETE FROM partition WHERE table_id = ? AND value_texts = ?", (keys.table_id, encode_values(each))
        )
        if cursor.rowcount == 0 and not if_exists:
            raise missing(keys, each)
        removed += cursor.rowcount
    return removed


def update(connection: sqlite3.Connection, keys: Keys, partition: Partition) -> None:
    """Replace everything of a partition but its values and creation time."""
    cursor = connection.execute(
        "UPDATE partition SET location = ?, descriptor = ?, parameters = ? WHERE table_id = ? AND value_texts = ?",
        (
            partition.location,
            encode_descriptor(partition.descriptor),
            encode_parameters(partition.parameters),
            keys.table_id,
            encode_values(partition.values),
        ),
    )
    if cursor.rowcount == 0:
        raise missing(keys, partition.values)


def find(connection: sqlite3.Connection, keys: Keys, values: tuple[str | None, ...]) -> Partition | None:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM partition WHERE table_id = ? AND value_texts = ?",
        (keys.table_id, encode_values(values)),
    ).fetchone()
    return None if row is None else _partition(row)


def select(connection: sqlite3.Connection, keys: Keys, domains: Mapping[str, Domain]) -> list[Partition]:
    """The partitions whose values lie in the domains, by key name."""
    where, values, remaining = _where(keys, domains)
    used = KEY_COLUMNS[: len(keys.columns)]
    # With a condition, rows are few: sorting them is nothing, while an index that happens to be in the right order but
    # does not find them would read them all. The plus hides the order from the planner.
    order = ", ".join(column if where == "" else f"+{column}" for column in used) or "id"
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM partition WHERE table_id = ?{where} ORDER BY {order}", (keys.table_id, *values)
    )
    found = map(_partition, rows)
    return [partition for partition in found if _passes(keys, partition, remaining)] if remaining else list(found)


def page(connection: sqlite3.Connection, keys: Keys, offset: int, limit: int) -> list[Partition]:
    """So many of all partitions, ordered by their keys."""
    order = ", ".join(KEY_COLUMNS[: len(keys.columns)]) or "id"
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM partition WHERE table_id = ? ORDER BY {order} LIMIT ? OFFSET ?",
        (keys.table_id, limit, offset),
    )
    return list(map(_partition, rows))


def count(connection: sqlite3.Connection, keys: Keys, domains: Mapping[str, Domain]) -> int:
    """How many `select` would give."""
    where, values, remaining = _where(keys, domains)
    if remaining:
        return len(select(connection, keys, domains))
    row = connection.execute(f"SELECT count(*) FROM partition WHERE table_id = ?{where}", (keys.table_id, *values))
    return int(row.fetchone()[0])


def retype(connection: sqlite3.Connection, keys: Keys) -> None:
    """Type all values anew, after a key's type has changed. Raises `HIVE_INVALID_PARTITION_VALUE`."""
    rows = connection.execute("SELECT id, value_texts FROM partition WHERE table_id = ?", (keys.table_id,)).fetchall()
    assignments = ", ".join(f"{column} = ?" for column in KEY_COLUMNS)
    connection.executemany(
        f"UPDATE partition SET {assignments} WHERE id = ?",
        ((*_stored(keys, decode_values(texts)), row_id) for row_id, texts in rows),
    )


def missing(keys: Keys, values: Sequence[str | None]) -> KitError:
    return KitError(
        "EntityNotFoundException",
        f"Partition not found: {_label(keys, values)} of table '{keys.table}'.",
        "SHOW PARTITIONS lists those that are there.",
    )


def _rows(
    keys: Keys, partitions: Iterable[Partition], now_ns: int, current: list[Partition]
) -> Iterator[tuple[object, ...]]:
    for partition in partitions:
        current[:] = [partition]
        yield (
            keys.table_id,
            encode_values(partition.values),
            partition.location,
            encode_descriptor(partition.descriptor),
            encode_parameters(partition.parameters),
            now_ns,
            *_stored(keys, partition.values),
        )


def _stored(keys: Keys, values: Sequence[str | None]) -> list[object]:
    typed = typed_values(keys.table, keys.columns, keys.kinds, values)
    row: list[object] = [stored(value, kind) for value, kind in zip(typed, keys.kinds, strict=True)]
    return [*row[:INDEXED_KEYS], *[None] * (INDEXED_KEYS - len(row))]


def _where(keys: Keys, domains: Mapping[str, Domain]) -> tuple[str, list[object], list[tuple[int, Domain]]]:
    """SQL with its values, and by position the domains that it does not decide exactly."""
    names = [key.name for key in keys.columns]
    sql = ""
    values: list[object] = []
    remaining: list[tuple[int, Domain]] = []
    for name, domain in domains.items():
        if name not in names:
            raise KitError(
                "InvalidInputException",
                f"'{name}' is not a partition key of table '{keys.table}'.",
                did_you_mean(name, names) or f"Its keys are {', '.join(names) or 'none'}.",
            )
        position = names.index(name)
        is_indexed = position < INDEXED_KEYS
        part = condition(KEY_COLUMNS[position] if is_indexed else "", keys.kinds[position], domain)
        if part is None:
            continue
        if is_indexed:
            sql += f" AND {part.sql}"
            values += part.values
        if not is_indexed or not part.is_exact:
            remaining.append((position, domain))
    return sql, values, remaining


def _passes(keys: Keys, partition: Partition, remaining: list[tuple[int, Domain]]) -> bool:
    typed = typed_values(keys.table, keys.columns, keys.kinds, partition.values)
    return all((value := typed[position]) is not None and contains(domain, value) for position, domain in remaining)


def _partition(row: tuple[str, str, str | None, str | None, int]) -> Partition:
    texts, location, descriptor, parameters, created_ns = row
    return Partition(
        decode_values(texts),
        location,
        decode_descriptor(descriptor),
        decode_parameters(parameters),
        instant(created_ns),
    )


def _label(keys: Keys, values: Sequence[str | None]) -> str:
    names = [key.name for key in keys.columns]
    return folder_of(names, values) if len(names) == len(values) else str(tuple(values))
