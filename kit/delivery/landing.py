"""The catalog's partition that an object belongs to, read from the `key=value` folders of its key. Pure."""

from __future__ import annotations

from kit.base.errors import KitError
from kit.catalog.model import Partition, Table
from kit.catalog.partition_values import split_folder, typed_values
from kit.catalog.types import parse
from kit.delivery.errors import InvalidArgumentException


def partition_of(table: Table, uri: str) -> Partition:
    """The partition. Raises `InvalidArgumentException` where the key names none of the table, and
    `HIVE_INVALID_PARTITION_VALUE` where a value does not fit its key's type."""
    base = table.descriptor.location.rstrip("/") + "/"
    if not uri.startswith(base):
        raise InvalidArgumentException(
            f"{uri} is not under {base}, the location of {table.database}.{table.name}.",
            "Deliver below the table's location, or register no partitions.",
        )
    folders = uri.removeprefix(base).split("/")[:-1]
    values: dict[str, str | None] = {}
    location = base
    for folder in folders:
        if len(values) == len(table.partition_keys):
            break
        location += f"{folder}/"
        pair = split_folder(folder)
        if pair is not None:
            values[pair[0]] = pair[1]
    missing = [key.name for key in table.partition_keys if key.name not in values]
    if missing:
        raise InvalidArgumentException(
            f"The prefix has no folder for the partition key {missing[0]} of {table.database}.{table.name}.",
            f"For example {missing[0]}=!{{timestamp:yyyy}}/",
        )
    partition = Partition(tuple(values[key.name] for key in table.partition_keys), location)
    kinds = [parse(key.type) for key in table.partition_keys]
    typed_values(f"{table.database}.{table.name}", table.partition_keys, kinds, partition.values)
    return partition


def fits(table: Table, uri: str) -> str | None:
    """Why the object cannot be registered; None where it can."""
    try:
        partition_of(table, uri)
    except KitError as error:
        return error.message
    return None
