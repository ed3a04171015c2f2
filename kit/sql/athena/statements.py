"""What an Athena statement says, one dataclass a kind: values only, nothing is looked up or executed here.

Names are in lower case, as Athena folds them. Types in DDL are Hive type strings. A `database` of None stands for the
session's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class TableName:
    """A table or view; `start` is the offset of the name in the statement, for errors."""

    database: str | None
    name: str
    start: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """`type` is a Hive type string."""

    name: str
    type: str
    comment: str = ""


PartitionSpec: TypeAlias = tuple[tuple[str, str | None], ...]
"""Values by partition key, as text, in the order written; None is NULL."""


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT, VALUES, TABLE or WITH. `tree` is the parsed text, not to be changed; `text` is the whole statement.

    Places in `tree` are offsets into `text`, also where the query is only a part of it (CTAS, UNLOAD).
    """

    tree: exp.Expr = field(compare=False)
    text: str


# Definition of tables


@dataclass(frozen=True, slots=True)
class Delimited:
    """ROW FORMAT DELIMITED; None where the clause is absent."""

    fields: str | None = None
    escape: str | None = None
    items: str | None = None
    map_keys: str | None = None
    lines: str | None = None
    null: str | None = None


@dataclass(frozen=True, slots=True)
class SerDeFormat:
    """ROW FORMAT SERDE 'library' WITH SERDEPROPERTIES (...)."""

    library: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateExternalTable:
    """`stored_as` is a format's name in upper case (`PARQUET`), empty where absent or given by class."""

    table: TableName
    columns: tuple[ColumnDefinition, ...]
    location: str
    partition_keys: tuple[ColumnDefinition, ...] = ()
    row_format: Delimited | SerDeFormat | None = None
    stored_as: str = ""
    input_format: str = ""
    output_format: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    clustered_by: tuple[str, ...] = ()
    buckets: int | None = None
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateTableAs:
    """Properties as written in WITH (...), by lower-case name; see the fields for those that Athena knows.

    `format` and `compression` are in upper case; empty where absent. Source: CREATE TABLE AS, Amazon Athena User Guide,
    read 2026-11.
    """

    table: TableName
    query: Query
    format: str = ""
    external_location: str = ""
    partitioned_by: tuple[str, ...] = ()
    bucketed_by: tuple[str, ...] = ()
    bucket_count: int | None = None
    compression: str = ""
    compression_level: int | None = None
    field_delimiter: str | None = None
    table_type: str = "HIVE"
    with_data: bool = True
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateView:
    """`view_text` is the query's own text, as the catalog keeps it."""

    view: TableName
    query: Query
    view_text: str
    replace: bool = False


@dataclass(frozen=True, slots=True)
class DropView:
    view: TableName
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropTable:
    table: TableName
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    name: str
    if_not_exists: bool = False
    comment: str = ""
    location: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlterDatabase:
    name: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DropDatabase:
    name: str
    if_exists: bool = False
    cascade: bool = False


# Changes of tables


@dataclass(frozen=True, slots=True)
class NewPartition:
    """`location` is empty where the default below the table's is meant."""

    spec: PartitionSpec
    location: str = ""


@dataclass(frozen=True, slots=True)
class PartitionTest:
    """One comparison of a partition key with a value, in DROP PARTITION."""

    key: str
    operator: Literal["=", "<", "<=", ">", ">=", "<>"]
    value: str


@dataclass(frozen=True, slots=True)
class RepairTable:
    """MSCK REPAIR TABLE: adds the partitions that storage holds and the catalog does not."""

    table: TableName


@dataclass(frozen=True, slots=True)
class AddPartitions:
    table: TableName
    partitions: tuple[NewPartition, ...]
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropPartitions:
    """A partition goes if it passes all tests of any of `specs`."""

    table: TableName
    specs: tuple[tuple[PartitionTest, ...], ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class RenamePartition:
    table: TableName
    spec: PartitionSpec
    new_spec: PartitionSpec


@dataclass(frozen=True, slots=True)
class SetLocation:
    table: TableName
    location: str
    partition: PartitionSpec | None = None


@dataclass(frozen=True, slots=True)
class SetTblProperties:
    table: TableName
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddColumns:
    table: TableName
    columns: tuple[ColumnDefinition, ...]
    partition: PartitionSpec | None = None


@dataclass(frozen=True, slots=True)
class ReplaceColumns:
    table: TableName
    columns: tuple[ColumnDefinition, ...]
    partition: PartitionSpec | None = None


@dataclass(frozen=True, slots=True)
class ChangeColumn:
    """`after` is a column's name, the empty string for FIRST, None where the column stays in its place."""

    table: TableName
    old: str
    column: ColumnDefinition
    after: str | None = None


# Rows that are written


@dataclass(frozen=True, slots=True)
class InsertInto:
    """`columns` is empty where all are meant; VALUES are a query like any other."""

    table: TableName
    query: Query
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unload:
    """`target` is an `s3://` URI; `properties` by lower-case name (`format`, `compression`, `partitioned_by`, …)."""

    query: Query
    target: str
    properties: Mapping[str, Any] = field(default_factory=dict)


# What the catalog shows


@dataclass(frozen=True, slots=True)
class ShowDatabases:
    """`pattern` is a regular expression in Hive's manner (`*` any characters, `|` alternatives); empty: all."""

    pattern: str = ""


@dataclass(frozen=True, slots=True)
class ShowTables:
    database: str | None = None
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class ShowViews:
    database: str | None = None
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class ShowColumns:
    table: TableName


@dataclass(frozen=True, slots=True)
class ShowPartitions:
    table: TableName


@dataclass(frozen=True, slots=True)
class ShowCreateTable:
    table: TableName


@dataclass(frozen=True, slots=True)
class ShowCreateView:
    view: TableName


@dataclass(frozen=True, slots=True)
class ShowTblProperties:
    """`key` is empty where all are meant."""

    table: TableName
    key: str = ""


@dataclass(frozen=True, slots=True)
class ShowFunctions:
    """`pattern` is a LIKE pattern; empty: all."""

    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Describe:
    """DESCRIBE of a table; `column` is empty where all are meant, else a name with its fields (`a.b`)."""

    table: TableName
    extended: bool = False
    formatted: bool = False
    partition: PartitionSpec | None = None
    column: str = ""


@dataclass(frozen=True, slots=True)
class DescribeView:
    view: TableName


# Prepared statements and plans


@dataclass(frozen=True, slots=True)
class Prepare:
    """`text` is the prepared statement's own text, with `?` for its parameters; `parameters` counts them."""

    name: str
    text: str
    parameters: int


@dataclass(frozen=True, slots=True)
class Execute:
    """`arguments` are Python values in the order of the prepared statement's `?`."""

    name: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Deallocate:
    name: str


@dataclass(frozen=True, slots=True)
class Explain:
    """`format` is TEXT, JSON or GRAPHVIZ; `type` is LOGICAL, DISTRIBUTED, IO or VALIDATE."""

    statement: Statement
    analyze: bool = False
    format: str = "TEXT"
    type: str = "DISTRIBUTED"
    verbose: bool = False


Statement: TypeAlias = (
    Query
    | CreateExternalTable
    | CreateTableAs
    | CreateView
    | DropView
    | DropTable
    | CreateDatabase
    | AlterDatabase
    | DropDatabase
    | RepairTable
    | AddPartitions
    | DropPartitions
    | RenamePartition
    | SetLocation
    | SetTblProperties
    | AddColumns
    | ReplaceColumns
    | ChangeColumn
    | InsertInto
    | Unload
    | ShowDatabases
    | ShowTables
    | ShowViews
    | ShowColumns
    | ShowPartitions
    | ShowCreateTable
    | ShowCreateView
    | ShowTblProperties
    | ShowFunctions
    | Describe
    | DescribeView
    | Prepare
    | Execute
    | Deallocate
    | Explain
)
