"""Partitions added, found, dropped and renamed.

Source: Amazon Athena User Guide, MSCK REPAIR TABLE, ALTER TABLE ADD and DROP PARTITION; read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from kit.athena.job import Answer, Job, Told
from kit.base.errors import KitError, did_you_mean
from kit.catalog.model import Partition, Table
from kit.catalog.partition_values import DEFAULT_PARTITION, folder_of, split_folder, typed
from kit.catalog.types import parse
from kit.sql.athena import statements as s

_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def repair(job: Job, statement: s.RepairTable) -> Answer:
    """Adds what lies in `key=value` folders below the table and the catalog does not have; removes nothing."""
    table = _partitioned(job, statement.table)
    catalog = job.services.catalog
    known = {partition.values for partition in catalog.partitions(table.database, table.name)}
    found = {values: uri for values, uri in _folders(job, table) if values not in known}
    names = [key.name for key in table.partition_keys]
    partitions = [Partition(values, uri) for values, uri in found.items()]
    catalog.add_partitions(table.database, table.name, partitions, if_not_exists=True)
    folders = [folder_of(names, values) for values in found]
    lines = [f"Partitions not in metastore: {' '.join(f'{table.name}:{each}' for each in folders)}"] if folders else []
    lines += [f"Repair: Added partition to metastore {table.name}:{each}" for each in folders]
    return Told("\n".join(lines) or "Query successful.")


def add(job: Job, statement: s.AddPartitions) -> Answer:
    table = _partitioned(job, statement.table)
    partitions = []
    for new in statement.partitions:
        values = _values(table, new.spec)
        location = new.location or f"{table.descriptor.location.rstrip('/')}/{_folder(table, values)}/"
        partitions.append(Partition(values, location if location.endswith("/") else location + "/"))
    job.services.catalog.add_partitions(table.database, table.name, partitions, if_not_exists=statement.if_not_exists)
    return Told()


def drop(job: Job, statement: s.DropPartitions) -> Answer:
    table = _partitioned(job, statement.table)
    catalog = job.services.catalog
    partitions = catalog.partitions(table.database, table.name)
    dropped: list[tuple[str | None, ...]] = []
    for tests in statement.specs:
        passing = [each.values for each in partitions if _passes(table, each, tests)]
        if not passing and not statement.if_exists:
            wanted = ", ".join(f"{test.key}{test.operator}{test.value}" for test in tests)
            raise KitError(
                "EntityNotFoundException",
                f"Partition or table doesn't exist: {table.name} ({wanted})",
                "DROP IF EXISTS passes over it.",
            )
        dropped += [values for values in passing if values not in dropped]
    catalog.drop_partitions(table.database, table.name, dropped, if_exists=True)
    return Told()


def rename(job: Job, statement: s.RenamePartition) -> Answer:
    table = _partitioned(job, statement.table)
    catalog = job.services.catalog
    values, new_values = _values(table, statement.spec), _values(table, statement.new_spec)
    partition = catalog.find_partition(table.database, table.name, values)
    if partition is None:
        raise KitError(
            "EntityNotFoundException", f"Partition not found: {_folder(table, values)}.", "SHOW PARTITIONS lists them."
        )
    catalog.add_partitions(table.database, table.name, [replace(partition, values=new_values)])
    catalog.drop_partitions(table.database, table.name, [values])
    return Told()


def _partitioned(job: Job, name: s.TableName) -> Table:
    table = job.table(name)
    if not table.partition_keys:
        raise KitError(
            "FAILED",
            f"SemanticException Table {table.database}.{table.name} is not a partitioned table",
            "Only tables that were created with PARTITIONED BY have partitions.",
        )
    return table


def _values(table: Table, spec: s.PartitionSpec) -> tuple[str | None, ...]:
    """The values in the order of the keys, Hive's name for NULL as None.

    Raises where keys are missing, unknown or given twice.
    """
    given = dict(spec)
    names = [key.name for key in table.partition_keys]
    unknown = [key for key, _ in spec if key not in names]
    if unknown or len(given) != len(names) or len(given) != len(spec):
        wrong = unknown[0] if unknown else next((name for name in names if name not in given), spec[0][0])
        raise KitError(
            "FAILED",
            f"SemanticException Partition spec {{{', '.join(f'{key}={value}' for key, value in spec)}}} does not fit "
            f"the partition keys of {table.database}.{table.name}: '{wrong}'",
            did_you_mean(wrong, names) or f"Its keys are {', '.join(names)}.",
        )
    return tuple(None if given[name] == DEFAULT_PARTITION else given[name] for name in names)


def _passes(table: Table, partition: Partition, tests: tuple[s.PartitionTest, ...]) -> bool:
    keys = {key.name: (index, parse(key.type)) for index, key in enumerate(table.partition_keys)}
    for test in tests:
        if test.key not in keys:
            raise KitError(
                "FAILED", f"SemanticException Unknown partition key {test.key}", did_you_mean(test.key, keys)
            )
        index, kind = keys[test.key]
        held = partition.values[index]
        try:
            wanted = typed(test.value, kind)
        except ValueError as error:
            raise KitError(
                "HIVE_INVALID_PARTITION_VALUE", f"'{test.value}' is no value of {test.key} ({kind}): {error}."
            ) from error
        if held is None or not _TESTS[test.operator](typed(held, kind), wanted):
            return False
    return True


def _folder(table: Table, values: tuple[str | None, ...]) -> str:
    return folder_of([key.name for key in table.partition_keys], values)


def _folders(job: Job, table: Table) -> Iterator[tuple[tuple[str | None, ...], str]]:
    """The `key=value` folders of all keys in order that hold objects, with their URIs."""
    base = table.descriptor.location.rstrip("/") + "/"
    names = [key.name for key in table.partition_keys]
    seen: set[str] = set()
    for info in job.services.storage.iter(base):
        parts = info.uri[len(base) :].split("/")[:-1]
        prefix = "/".join(parts[: len(names)])
        if len(parts) < len(names) or prefix in seen:
            continue
        seen.add(prefix)
        pairs = [split_folder(part) for part in parts[: len(names)]]
        if all(pair is not None and pair[0] == name for pair, name in zip(pairs, names, strict=True)):
            yield tuple(pair[1] for pair in pairs if pair is not None), f"{base}{prefix}/"
