"""Which partitions of a table a query asks for: looked up in the catalog, or projected; and how each is laid out.

Invariant: columns of a partition reach the query in the table's types, or `HIVE_PARTITION_SCHEMA_MISMATCH` is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kit.athena.prune.projection import is_projected, project
from kit.athena.scan.source import Layout, hive_type
from kit.base.domain import Domain, Scalar
from kit.base.errors import KitError
from kit.catalog.model import Column, Partition, StorageDescriptor, Table
from kit.catalog.partition_values import folder_of, typed_values
from kit.catalog.serde import format_of
from kit.catalog.types import (
    DOUBLE,
    FLOAT,
    INTEGER_BITS,
    STRING,
    ArrayType,
    CharType,
    DecimalType,
    HiveType,
    MapType,
    StructType,
    VarcharType,
)


class PartitionSource(Protocol):
    """What is needed of the catalog."""

    def partitions(self, database: str, table: str, domains: Mapping[str, Domain] | None = None) -> list[Partition]: ...

    def partition_count(self, database: str, table: str, domains: Mapping[str, Domain] | None = None) -> int: ...


@dataclass(frozen=True, slots=True)
class Slice:
    """One partition that is read: its typed values in the order of the keys, where it lies and how. A table without
    keys is one slice without values."""

    values: tuple[Scalar | None, ...]
    location: str
    layout: Layout


@dataclass(frozen=True, slots=True)
class Slices:
    """`total` counts all partitions of the table; None where a projection has no bound, or the table no keys."""

    read: list[Slice]
    total: int | None


def select(catalog: PartitionSource, table: Table, domains: Mapping[str, Domain], now: datetime) -> Slices:
    """The partitions that the domains let through, ordered by their values. Domains of other columns are ignored."""
    whole = _layout(table, table.descriptor)
    keys = table.partition_keys
    if not keys:
        return Slices([Slice((), table.descriptor.location, whole)], None)
    names = {key.name for key in keys}
    wanted = {name: domain for name, domain in domains.items() if name in names}
    if is_projected(table):
        projected = project(table, wanted, now)
        partitions, total = projected.partitions, projected.total
    else:
        partitions = catalog.partitions(table.database, table.name, wanted)
        total = catalog.partition_count(table.database, table.name)
    kinds = [hive_type(key.type) for key in keys]
    label = f"{table.database}.{table.name}"
    layouts: dict[object, Layout] = {}
    read: list[Slice] = []
    for partition in partitions:
        layout = whole
        if partition.descriptor is not None:
            layout = _partition_layout(table, partition, partition.descriptor, layouts)
        values = typed_values(label, keys, kinds, partition.values)
        read.append(Slice(values, partition.location, layout))
    return Slices(read, total)


def _layout(table: Table, descriptor: StorageDescriptor) -> Layout:
    properties = {**table.parameters, **descriptor.parameters, **descriptor.serde.parameters}
    return Layout(format_of(descriptor.serde), descriptor.serde.library, descriptor.columns, properties)


def _partition_layout(
    table: Table, partition: Partition, descriptor: StorageDescriptor, known: dict[object, Layout]
) -> Layout:
    serde = descriptor.serde
    key = (
        descriptor.columns,
        serde.library,
        tuple(sorted(serde.parameters.items())),
        tuple(sorted(descriptor.parameters.items())),
    )
    found = known.get(key)
    if found is None:
        columns = descriptor.columns or table.descriptor.columns
        _require_match(table, partition, columns)
        layout = _layout(table, descriptor)
        # By position, as Athena matches them: the names, and the types in which they leave, are the table's.
        names = table.descriptor.columns[: len(columns)]
        merged = tuple(
            Column(name.name, name.type if _is_by_name(layout) else held.type)
            for name, held in zip(names, columns, strict=False)
        )
        found = Layout(layout.format, layout.serde, merged, layout.properties)
        known[key] = found
    return found


def _is_by_name(layout: Layout) -> bool:
    return layout.format in {"parquet", "orc", "avro", "json"}


def _require_match(table: Table, partition: Partition, columns: Iterable[Column]) -> None:
    for declared, held in zip(table.descriptor.columns, columns, strict=False):
        if declared.type != held.type and not _widens(hive_type(held.type), hive_type(declared.type)):
            folder = folder_of([key.name for key in table.partition_keys], partition.values)
            raise KitError(
                "HIVE_PARTITION_SCHEMA_MISMATCH",
                "There is a mismatch between the table and partition schemas. The types are incompatible and cannot be "
                f"coerced. The column '{declared.name}' in table '{table.database}.{table.name}' is declared as type "
                f"'{declared.type}', but partition '{folder}' declared column '{held.name}' as type '{held.type}'.",
                "Drop the partition and add it again, or crawl the table with the table's schema for its partitions.",
            )


def _widens(held: HiveType, declared: HiveType) -> bool:
    """Whether Athena reads the one as the other."""
    match held, declared:
        case DecimalType(), DecimalType():
            return True
        case ((VarcharType() | CharType()), (VarcharType() | CharType())):
            return True
        case ArrayType(inner), ArrayType(outer):
            return inner == outer or _widens(inner, outer)
        case MapType(key, value), MapType(other_key, other):
            return key == other_key and (value == other or _widens(value, other))
        case StructType(fields), StructType(others):
            kept = {field.name: field.type for field in fields}
            return all(
                kept[other.name] == other.type or _widens(kept[other.name], other.type)
                for other in others
                if other.name in kept
            )
        case _, _ if held in INTEGER_BITS and declared in INTEGER_BITS:
            return INTEGER_BITS[held] < INTEGER_BITS[declared]  # type: ignore[index]
        case _:
            is_text = declared == STRING or isinstance(declared, VarcharType)
            from_text = held == STRING or isinstance(held, (VarcharType, CharType))
            return (held == FLOAT and declared == DOUBLE) or (is_text and (from_text or held in INTEGER_BITS))
