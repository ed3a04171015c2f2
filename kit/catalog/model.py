"""What the catalog holds, in the terms of the Glue Data Catalog. Values only: no storage, no SQL.

Names are lower-cased on the way in, as Glue and Athena do. Types are Hive type strings
(`struct<a:int,b:array<string>>`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

TableType = Literal["EXTERNAL_TABLE", "VIRTUAL_VIEW"]
VIEW_DATABASE: Final = "boathouse.view.database"
"""The table parameter that keeps the database which a view's own unqualified names belong to."""


@dataclass(frozen=True, slots=True)
class Database:
    """A namespace of tables; `location` is where managed tables land by default (an `s3://` URI, may be empty)."""

    name: str
    description: str = ""
    location: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class SerDe:
    """How bytes become rows: the serialization library's Java class name and its properties."""

    library: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StorageDescriptor:
    """Where and how rows are stored; `columns` are those inside the files, partition keys excluded."""

    columns: tuple[Column, ...]
    location: str
    serde: SerDe
    input_format: str = ""
    output_format: str = ""
    compressed: bool = False
    bucket_columns: tuple[str, ...] = ()
    number_of_buckets: int = -1
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view. `version` counts from 1 and is given by the catalog; so are the two times (UTC)."""

    database: str
    name: str
    descriptor: StorageDescriptor
    partition_keys: tuple[Column, ...] = ()
    table_type: TableType = "EXTERNAL_TABLE"
    parameters: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    view_text: str = ""
    version: int = 0
    created: datetime | None = None
    updated: datetime | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns as a query sees them: those of the files, then the partition keys."""
        return (*self.descriptor.columns, *self.partition_keys)


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: a value a key, as text, in the order of the table's keys; None is `__HIVE_DEFAULT_PARTITION__`.

    `descriptor` is None where everything but the location is the table's.
    """

    values: tuple[str | None, ...]
    location: str
    descriptor: StorageDescriptor | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None
