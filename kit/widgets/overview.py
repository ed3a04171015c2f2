"""What a workspace holds, as results to look at: its tables, one table, the whole.

Reads the services and changes nothing. The figures under these results are counts and sizes, no times: the same catalog
gives the same page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from io import BytesIO
from typing import TYPE_CHECKING

from kit.base import display
from kit.base.clock import Stopwatch
from kit.base.errors import KitError, did_you_mean
from kit.base.pricing import athena_cost_usd
from kit.base.result import Result, Stats
from kit.catalog.model import Table
from kit.catalog.serde import format_of
from kit.workspace import Workspace

if TYPE_CHECKING:
    from kit.streams import Stream

RECENT_QUERIES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview(Stats):
    """The figures under an overview: those given, and nothing else."""

    figures: tuple[str, ...]

    def parts(self) -> list[str]:
        return list(self.figures)


def tables(workspace: Workspace, database: str = "", pattern: str = "*") -> Result:
    """The tables and views of one database or of all: a row each, by name; `pattern` is a shell's (`fl*`)."""
    catalog = workspace.catalog
    names = [catalog.database(database).name] if database else [found.name for found in catalog.databases()]
    rows: list[tuple[object, ...]] = []
    for name in names:
        for table in catalog.tables(name):
            if fnmatchcase(table.name, pattern.lower()):
                location = table.descriptor.location
                partitions = _partitions(workspace, table)
                rows.append((name, table.name, _format(table), len(table.columns), partitions, location))
    columns = {
        **dict.fromkeys(("database", "table", "format"), "string"),
        "columns": "int64",
        **dict.fromkeys(("partitions", "location"), "string"),
    }
    figures = (f"{display.count(len(rows), 'table')} in {display.count(len(names), 'database')}",)
    return listing(columns, rows, figures)


def describe(workspace: Workspace, name: str, database: str = "default") -> Result:
    """A table's columns, a row each, partition keys last; below them where it lies and how large it is.

    `name` may be qualified (`nyc.flights`). Raises `EntityNotFoundException`.
    """
    qualifier, _, bare = name.rpartition(".")
    table = _table(workspace, qualifier or database, bare)
    keys = {key.name for key in table.partition_keys}
    rows = [
        (column.name, column.type, "yes" if column.name in keys else "", column.comment) for column in table.columns
    ]
    figures = [f"{table.database}.{table.name}", _format(table), f"version {table.version}"]
    if table.partition_keys:
        figures.append(f"partitions: {_partitions(workspace, table)}")
    if table.descriptor.location:
        sizes = [found.size_bytes for found in workspace.storage.iter(table.descriptor.location)]
        figures += [display.count(len(sizes), "object"), display.size(sum(sizes)), table.descriptor.location]
    return listing(dict.fromkeys(("column", "type", "partition key", "comment"), "string"), rows, figures)


def status(workspace: Workspace, path: str) -> Result:
    """What each service of the workspace holds, a row each; `path` is how its folder is to be shown."""
    rows: list[tuple[object, ...]] = []
    for bucket in workspace.storage.buckets():
        sizes = [found.size_bytes for found in workspace.storage.iter(f"s3://{bucket}/")]
        rows.append(
            ("storage", f"s3://{bucket}/", f"{display.count(len(sizes), 'object')}, {display.size(sum(sizes))}")
        )
    for database in workspace.catalog.databases():
        count = len(workspace.catalog.table_names(database.name))
        rows.append(("catalog", database.name, display.count(count, "table")))
    # A service that was never used has no folder, and is not to be made by looking.
    if (workspace.path / "athena").is_dir():
        rows += _workgroups(workspace)
    if (workspace.path / "streams").is_dir():
        rows += [("streams", name, _shards(workspace.streams[name])) for name in workspace.streams]
    if (workspace.path / "delivery").is_dir():
        rows += _deliveries(workspace)
    if (workspace.path / "warehouse").is_dir():
        tables, slices = len(workspace.warehouse.tables()), len(workspace.warehouse.cluster().slices)
        rows.append(("warehouse", "default", f"{display.count(tables, 'table')} on {display.count(slices, 'slice')}"))
    return listing(dict.fromkeys(("service", "name", "holds"), "string"), rows, [f"workspace {path}"])


def listing(columns: Mapping[str, str], rows: Sequence[tuple[object, ...]], figures: Sequence[str]) -> Result:
    """Rows as a result with these figures below it; `columns` are names and Arrow type names, in order."""
    import pyarrow as pa
    from pyarrow.json import ParseOptions, ReadOptions, read_json

    watch = Stopwatch()
    schema = pa.schema(list(columns.items()))
    batches: list[pa.RecordBatch] = []
    if rows:
        # Building arrays from Python values would import pandas where it is installed, which takes a second.
        lines = "\n".join(json.dumps(dict(zip(columns, row, strict=True))) for row in rows).encode()
        whole = ReadOptions(block_size=len(lines) + 1)
        batches = read_json(BytesIO(lines), whole, ParseOptions(explicit_schema=schema)).to_batches()
    return Result(schema, batches, stats=Overview(ms=watch.ms, rows=len(rows), figures=tuple(figures)))


def _table(workspace: Workspace, database: str, name: str) -> Table:
    table = workspace.catalog.find_table(database, name)
    if table is not None:
        return table
    elsewhere = [
        f"{found.name}.{name.lower()}"
        for found in workspace.catalog.databases()
        if workspace.catalog.find_table(found.name, name) is not None
    ]
    hint = (
        f"There is {' and '.join(elsewhere)}."
        if elsewhere
        else did_you_mean(name, workspace.catalog.table_names(database)) or "%tables lists what there is."
    )
    raise KitError("EntityNotFoundException", f"There is no table '{name}' in the database '{database}'.", hint)


def _format(table: Table) -> str:
    if table.table_type == "VIRTUAL_VIEW":
        return "view"
    return table.parameters.get("classification") or format_of(table.descriptor.serde)


def _workgroups(workspace: Workspace) -> Iterator[tuple[object, ...]]:
    """What the last queries of each workgroup scanned and cost."""
    recent = workspace.athena.executions(RECENT_QUERIES)
    for name in sorted({execution.workgroup for execution in recent}):
        scanned = [execution.bytes_scanned for execution in recent if execution.workgroup == name]
        cost = display.dollars(sum(map(athena_cost_usd, scanned)))
        held = "queries" if len(scanned) != 1 else "query"
        yield "athena", name, f"{len(scanned):,} recent {held}, scanned {display.size(sum(scanned))}, {cost}"


def _deliveries(workspace: Workspace) -> Iterator[tuple[object, ...]]:
    from kit.widgets.delivery_overview import place_of

    for each in workspace.delivery.list():
        place = place_of(each.configuration.destination)
        yield "delivery", each.name, f"{each.figures.counts.delivered:,} delivered to {place}"


def _shards(stream: Stream) -> str:
    return display.count(sum(shard.is_open for shard in stream.shards()), "open shard")


def _partitions(workspace: Workspace, table: Table) -> str:
    """`12 by year, month`; empty for a table without partitions."""
    if not table.partition_keys:
        return ""
    count = workspace.catalog.partition_count(table.database, table.name)
    return f"{count:,} by {', '.join(key.name for key in table.partition_keys)}"
