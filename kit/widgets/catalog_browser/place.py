"""Where something is in the tree: a path of names, read once, so that nothing else takes paths apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kit.base.errors import KitError

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Root:
    pass


@dataclass(frozen=True, slots=True)
class LakeDatabase:
    database: str


@dataclass(frozen=True, slots=True)
class LakeTable:
    database: str
    table: str


@dataclass(frozen=True, slots=True)
class LakePart:
    """`part` is `columns`, `partitions` or `versions`; `name` is empty for all of them."""

    database: str
    table: str
    part: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class StreamList:
    pass


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """`shard` is empty for the stream itself."""

    stream: str
    shard: str = ""


@dataclass(frozen=True, slots=True)
class WarehousePlace:
    """From the outside in; what is empty is not reached."""

    schema: str = ""
    table: str = ""
    column: str = ""


Place: TypeAlias = Root | LakeDatabase | LakeTable | LakePart | StreamList | StreamPlace | WarehousePlace


def place_of(path: Sequence[str]) -> Place:
    """Raises `INVALID_ARGUMENT` for a path that leads nowhere."""
    match tuple(path):
        case ():
            return Root()
        case ("lake", database):
            return LakeDatabase(database)
        case ("lake", database, table):
            return LakeTable(database, table)
        case ("lake", database, table, ("columns" | "partitions" | "versions") as part):
            return LakePart(database, table, part)
        case ("lake", database, table, ("columns" | "partitions" | "versions") as part, name):
            return LakePart(database, table, part, name)
        case ("streams",):
            return StreamList()
        case ("streams", stream):
            return StreamPlace(stream)
        case ("streams", stream, shard):
            return StreamPlace(stream, shard)
        case ("warehouse",):
            return WarehousePlace()
        case ("warehouse", schema):
            return WarehousePlace(schema)
        case ("warehouse", schema, table):
            return WarehousePlace(schema, table)
        case ("warehouse", schema, table, column):
            return WarehousePlace(schema, table, column)
        case _:
            raise KitError("INVALID_ARGUMENT", f"There is no place {'/'.join(path)!r}.")
