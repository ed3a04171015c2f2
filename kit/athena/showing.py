"""SHOW and DESCRIBE: what the catalog holds, under Athena's headings.

Source: Amazon Athena User Guide, DDL statements; Trino, SHOW FUNCTIONS; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kit.athena import information_schema
from kit.athena.job import Answer, Job, Listed
from kit.athena.prune.partitions import select
from kit.base.errors import KitError, did_you_mean
from kit.catalog import ddl
from kit.catalog.model import Column, Table
from kit.catalog.partition_values import folder_of
from kit.catalog.types import ArrayType, HiveType, MapType, StructType, parse
from kit.sql.athena import statements as s
from kit.sql.athena.functions import FUNCTIONS
from kit.sql.athena.functions.table import Scalar


def databases(job: Job, statement: s.ShowDatabases) -> Answer:
    names = (name for name in job.lake.databases() if name != information_schema.DATABASE)
    return _names("database_name", _matching(names, statement.pattern))


def tables(job: Job, statement: s.ShowTables) -> Answer:
    """Tables and views, as Athena lists them."""
    names = job.lake.relations(_database(job, statement.database))
    return _names("tab_name", _matching(names, statement.pattern))


def views(job: Job, statement: s.ShowViews) -> Answer:
    database = _database(job, statement.database)
    found = [table for name in job.lake.relations(database) if (table := job.lake.table(database, name)) is not None]
    names = [table.name for table in found if table.table_type == "VIRTUAL_VIEW"]
    return _names("views", _matching(names, statement.pattern))


def columns(job: Job, statement: s.ShowColumns) -> Answer:
    return _names("field", [column.name for column in _columns(job, statement.table)])


def partitions(job: Job, statement: s.ShowPartitions) -> Answer:
    table = job.table(statement.table)
    if not table.partition_keys:
        raise KitError(
            "FAILED",
            f"SemanticException Table {table.database}.{table.name} is not a partitioned table",
            "SHOW COLUMNS lists its columns.",
        )
    names = [key.name for key in table.partition_keys]
    found = job.services.catalog.partitions(table.database, table.name)
    return _names("partition", [folder_of(names, partition.values) for partition in found])


def create_table(job: Job, statement: s.ShowCreateTable) -> Answer:
    """The DDL that makes the table, a line a row."""
    table = job.table(statement.table)
    if table.table_type == "VIRTUAL_VIEW":
        raise KitError("NOT_SUPPORTED", f"{table.database}.{table.name} is a view.", "SHOW CREATE VIEW shows it.")
    return Listed(("createtab_stmt",), [(line,) for line in ddl.create_table(table)])


def create_view(job: Job, statement: s.ShowCreateView) -> Answer:
    view = _view(job, statement.view)
    return Listed(("Create View",), [(f"CREATE VIEW {view.database}.{view.name} AS\n{view.view_text}",)])


def properties(job: Job, statement: s.ShowTblProperties) -> Answer:
    table = job.table(statement.table)
    if statement.key:
        found = table.parameters.get(statement.key)
        if found is None:
            message = f"Table {table.database}.{table.name} does not have property: {statement.key}"
            return Listed(("prpt_name", "prpt_value"), [(message, None)])
        return Listed(("prpt_name", "prpt_value"), [(statement.key, found)])
    return Listed(("prpt_name", "prpt_value"), sorted(table.parameters.items()))


def functions(job: Job, statement: s.ShowFunctions) -> Answer:
    del job
    pattern = re.compile(_like(statement.pattern) if statement.pattern else ".*", re.IGNORECASE)
    heading = ("Function", "Return Type", "Argument Types", "Function Type", "Deterministic", "Description")
    rows: list[tuple[str | None, ...]] = []
    for name in sorted(FUNCTIONS.functions):
        for function in FUNCTIONS.functions[name] if pattern.fullmatch(name) else ():
            arguments, _, returns = function.text.partition("(")[2].rpartition(") -> ")
            is_volatile = isinstance(function, Scalar) and function.volatile
            kind = type(function).__name__.lower()
            rows.append((name, returns, arguments, kind, "false" if is_volatile else "true", ""))
    return Listed(heading, rows)


def describe(job: Job, statement: s.Describe) -> Answer:
    """The columns, then the partition keys below a heading of their own; a column's parts where one is named."""
    columns = _columns(job, statement.table)
    heading = ("col_name", "data_type", "comment")
    if statement.column:
        return Listed(heading, _parts(columns, statement.column))
    rows: list[tuple[str | None, ...]] = [_row(column) for column in columns]
    table = job.lake.table(*job.name(statement.table))
    if table is None:
        return Listed(heading, rows)
    if table.partition_keys:
        rows += [("", None, None), ("# Partition Information", None, None), ("# col_name", "data_type", "comment")]
        rows += [_row(key) for key in table.partition_keys]
    if statement.extended or statement.formatted:
        rows += _details(job, table)
    return Listed(heading, rows)


def describe_view(job: Job, statement: s.DescribeView) -> Answer:
    return Listed(("col_name", "data_type", "comment"), [_row(column) for column in _view(job, statement.view).columns])


def _database(job: Job, database: str | None) -> str:
    name = database or job.database
    names = job.lake.databases()
    if name not in names:
        raise KitError("SCHEMA_NOT_FOUND", f"Schema {name} does not exist", did_you_mean(name, names))
    return name


def _columns(job: Job, name: s.TableName) -> Sequence[Column]:
    """The columns of a table of the catalog, or of one that lies elsewhere."""
    database, table = job.name(name)
    held = job.lake.table(database, table)
    if held is not None:
        return held.columns
    found = job.lake.relation(database, table)
    if found is None:
        raise job.missing(name)
    return [Column(column.name, column.type) for column in found.columns if not column.hidden]


def _view(job: Job, name: s.TableName) -> Table:
    table = job.table(name)
    if table.table_type != "VIRTUAL_VIEW":
        raise KitError("NOT_SUPPORTED", f"{table.database}.{table.name} is not a view.", "SHOW CREATE TABLE shows it.")
    return table


def _names(heading: str, names: Iterable[str]) -> Listed:
    return Listed((heading,), [(name,) for name in names])


def _matching(names: Iterable[str], pattern: str) -> list[str]:
    """Those that match in Hive's manner: `*` for any characters, `|` between alternatives."""
    if not pattern:
        return list(names)
    alternatives = [re.compile(each.replace("*", ".*"), re.IGNORECASE) for each in pattern.split("|")]
    return [name for name in names if any(each.fullmatch(name) for each in alternatives)]


def _like(pattern: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern)


def _row(column: Column) -> tuple[str | None, ...]:
    return column.name, column.type, column.comment or None


def _parts(columns: Sequence[Column], path: str) -> list[tuple[str | None, ...]]:
    name, *fields = path.split(".")
    column = next((each for each in columns if each.name == name), None)
    if column is None:
        names = [each.name for each in columns]
        raise KitError("COLUMN_NOT_FOUND", f"Invalid column reference {name}", did_you_mean(name, names))
    kind: HiveType = parse(column.type)
    for field in fields:
        match kind:
            case ArrayType(element) if field == "$elem$":
                kind = element
            case MapType(key, value) if field in {"$key$", "$value$"}:
                kind = key if field == "$key$" else value
            case StructType(members) if found := {each.name.lower(): each.type for each in members}.get(field):
                kind = found
            case _:
                raise KitError("COLUMN_NOT_FOUND", f"Invalid column reference {path}", f"'{name}' is {column.type}.")
    if isinstance(kind, StructType):
        return [(member.name, str(member.type), "from deserializer") for member in kind.fields]
    return [(fields[-1] if fields else name, str(kind), column.comment or None)]


def _details(job: Job, table: Table) -> list[tuple[str | None, ...]]:
    descriptor = table.descriptor
    total = select(job.services.catalog, table, {}, job.now).total if table.partition_keys else None
    rows: list[tuple[str | None, ...]] = [
        ("", None, None),
        ("# Detailed Table Information", None, None),
        ("Database:", table.database, None),
        ("Owner:", "hadoop", None),
        ("CreateTime:", None if table.created is None else f"{table.created:%a %b %d %H:%M:%S UTC %Y}", None),
        ("Location:", descriptor.location, None),
        ("Table Type:", table.table_type, None),
    ]
    if total is not None:
        rows.append(("Partitions:", str(total), None))
    rows += [("Table Parameters:", None, None)]
    rows += [(f"  {name}", value, None) for name, value in sorted(table.parameters.items())]
    rows += [
        ("", None, None),
        ("# Storage Information", None, None),
        ("SerDe Library:", descriptor.serde.library, None),
        ("InputFormat:", descriptor.input_format, None),
        ("OutputFormat:", descriptor.output_format, None),
        ("Storage Desc Params:", None, None),
    ]
    rows += [(f"  {name}", value, None) for name, value in sorted(descriptor.serde.parameters.items())]
    return rows
