"""UNLOAD: a query's rows into files, every slice writing its own, all of them visible at once or none.

The query runs as any other; its last step hands rows over as they come, already as lines or as columns, and each batch
is dealt to the slices, which compress and write theirs at the same time. Files are private until they are published.

Source: Amazon Redshift Database Developer Guide, "UNLOAD", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from kit.base.errors import KitError, did_you_mean
from kit.base.progress import Progress, Silent
from kit.base.result import Result
from kit.sql.redshift.bound import BoundColumn
from kit.sql.redshift.statements import Unload, UnloadOptions
from kit.sql.redshift.types import Kind
from kit.storage import Stage, Storage
from kit.warehouse.cluster import Cluster
from kit.warehouse.connection import Connection
from kit.warehouse.execute.gate import Gate
from kit.warehouse.execute.leader import StalePlan
from kit.warehouse.failures import translated
from kit.warehouse.load import manifest
from kit.warehouse.load.records import LoadLog, UnloadedFile
from kit.warehouse.load.report import UnloadStats
from kit.warehouse.load.unload_names import Names, names_of, partition_of
from kit.warehouse.load.unload_text import header_line, line_sql, text_sql
from kit.warehouse.load.unload_writing import LineFile, OpenFile, ParquetFile, SliceFiles, Written, dealt, runs
from kit.warehouse.plan.expression import quote
from kit.warehouse.query import Queries

if TYPE_CHECKING:
    from kit.warehouse.commands import Call

# What MAXFILESIZE and ROWGROUPSIZE are where they are not said.
LARGEST_FILE_BYTES = int(6.2 * (1 << 30))
ROW_GROUP_BYTES = 32 << 20
BATCH_ROWS = 65_536
_ATTEMPTS = 20


class Unloader:
    """Runs UNLOAD on one cluster."""

    def __init__(self, cluster: Cluster, queries: Queries, storage: Storage, log: LoadLog) -> None:
        self._cluster = cluster
        self._queries = queries
        self._storage = storage
        self._log = log

    def unload(self, call: Call, statement: Unload, progress: Progress = Silent()) -> Result:  # noqa: B008
        """Write what the statement's query answers; the result has no rows, its statistics tell of the files."""
        options = statement.options
        _refuse(statement)
        names = names_of(statement.target, options)
        old = self._occupied(statement, names)
        into_empty = names.prefix if names.prefix.endswith("/") and not old else ""
        with self._storage.staging(into_empty=into_empty) as stage:
            columns, written = self._written(call, statement, names, stage, progress)
            files = [manifest.Unloaded(each.uri, each.size_bytes, each.rows) for each in written]
            if options.manifest:
                verbose = _verbose(columns) if options.manifest_verbose else None
                stage.path(names.manifest).write_text(manifest.written(files, verbose))
            call.cancellation.check()
            new = {each.uri for each in stage.publish()}
        if options.clean_path:
            self._clean([uri for uri in old if uri not in new], written, options)
        records = [_record(call.query_id, options, each, file) for each, file in zip(written, files, strict=True)]
        self._log.add(records)
        rows = sum(each.rows for each in written)
        stats = UnloadStats(ms=call.clock.ms, rows=rows, query_id=call.query_id, written=tuple(records))
        return Result.of_message(f"UNLOAD completed, {rows} record(s) unloaded successfully.", stats=stats)

    def _occupied(self, statement: Unload, names: Names) -> list[str]:
        """Objects under the prefix; raises where they are in the way."""
        bucket = statement.target.removeprefix("s3://").partition("/")[0]
        if bucket not in self._storage.buckets():
            return []
        options = statement.options
        found = [each.uri for each in self._storage.iter(names.prefix)]
        if found and not options.allow_overwrite and not options.clean_path:
            raise KitError(
                "XX000",
                "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually "
                "removing the target files in S3, or using the ALLOWOVERWRITE option.",
                f"'{found[0]}' is there. CLEANPATH removes what is under the prefix.",
            )
        return found

    def _clean(self, old: Sequence[str], written: Sequence[Written], options: UnloadOptions) -> None:
        """CLEANPATH removes what was there before; of partitions only those that have new files.

        After the new files are there, so that nothing is lost whenever it ends.
        """
        folders = {each.uri.rpartition("/")[0] for each in written}
        for uri in old:
            if not options.partition_by or uri.rpartition("/")[0] in folders:
                self._storage.delete(uri)

    def _written(
        self, call: Call, statement: Unload, names: Names, stage: Stage, progress: Progress
    ) -> tuple[Sequence[BoundColumn], list[Written]]:
        """Run the query into files; in the order of their names."""
        for _ in range(_ATTEMPTS):
            compiled = self._queries.compiled(
                statement.query,
                statement.text,
                statement.text,
                call.session,
                call.values,
                wide=True,
                inside=call.inside,
            )
            columns = compiled.bound.columns
            asked = _Asked(columns, statement.options)

            def consume(cursor: Connection, sql: str, parameters: Mapping[str, Any]) -> list[Written]:
                reader = cast("Any", cursor).sql(asked.select(sql), params=dict(parameters)).to_arrow_reader(BATCH_ROWS)  # noqa: B023
                writing = _Writing(self._cluster, statement, names, stage, reader.schema, asked, call)  # noqa: B023
                return writing.all(reader, progress)

            try:
                with self._cluster.all_cores():
                    written = self._queries.run_into(
                        compiled, call.values, call.session, call.cancellation, consume, call.inside, call.runs
                    )
            except StalePlan:
                continue
            return columns, sorted(written, key=lambda each: each.uri)
        raise AssertionError("the catalog changed faster than a query could be planned")


class _Asked:
    """What is asked of the query's last step: a line, or the columns of a file, and the texts of its partition."""

    def __init__(self, columns: Sequence[BoundColumn], options: UnloadOptions) -> None:
        known = {column.name: index for index, column in enumerate(columns)}
        for name in options.partition_by:
            if name not in known:
                hint = did_you_mean(name, known)
                raise KitError("42703", f'partition column "{name}" is not in the query', hint)
        if options.format in {"PARQUET", "JSON"} and len(known) != len(columns):
            raise KitError(
                "42701", f"UNLOAD to {options.format} needs columns of different names", "Name them with AS."
            )
        kept = [
            index
            for index, column in enumerate(columns)
            if options.include_partition_columns or column.name not in options.partition_by
        ]
        if not kept:
            raise KitError(
                "0A000", "UNLOAD needs a column that is no partition column", "PARTITION BY (…) INCLUDE keeps them."
            )
        self.columns = [columns[index] for index in kept]
        self.options = options
        self._all = columns
        self._names = [quote(f"value {index}") for index in range(len(columns))]
        self._kept = [self._names[index] for index in kept]
        self._partition = [known[name] for name in options.partition_by]

    def select(self, sql: str) -> str:
        """The query's rows as they are to be written. Rows of a partition come together, in the query's own order."""
        if self.options.format == "PARQUET":
            items = [_parquet_value(column, name) for column, name in zip(self.columns, self._kept, strict=True)]
        else:
            items = [f"{line_sql(self.columns, self._kept, self.options)} AS line"]
        source = f'({sql}) AS "unloaded"({", ".join(self._names)})'
        if not self._partition:
            return f"SELECT {', '.join(items)} FROM {source}"
        keys = [text_sql(self._all[index].type, self._names[index]) for index in self._partition]
        named = [f"{key} AS {quote(f'partition {number}')}" for number, key in enumerate(keys)]
        order = ", ".join(quote(f"partition {number}") for number in range(len(keys)))
        numbered = f"SELECT {', '.join([*items, *named])}, row_number() OVER () AS number FROM {source}"
        return f"SELECT * EXCLUDE (number) FROM ({numbered}) ORDER BY {order}, number"


class _Writing:
    """Rows on their way into the files of all slices."""

    def __init__(
        self,
        cluster: Cluster,
        statement: Unload,
        names: Names,
        stage: Stage,
        schema: pa.Schema,
        asked: _Asked,
        call: Call,
    ) -> None:
        options = statement.options
        self._gate: Gate = cluster.gate
        self._options = options
        self._call = call
        self._limit = options.max_file_size or LARGEST_FILE_BYTES
        self._schema = pa.schema(list(schema)[: len(schema) - len(options.partition_by)])
        self._header = header_line(asked.columns, options).encode() if options.header else b""
        self._names = names
        self._stage = stage
        count = cluster.shape.slices if options.parallel else 1
        self._slices = [
            SliceFiles(number, self._place(number), self._open, cluster.clock.now_ns) for number in range(count)
        ]

    def all(self, batches: pa.RecordBatchReader, progress: Progress) -> list[Written]:
        """Write every batch; while the slices write one, the query makes the next."""
        running: list[Future[None]] = []
        rows = 0
        try:
            for batch in batches:
                self._call.cancellation.check()
                _finish(running)
                running = [
                    self._gate.submit(_bound(self._write, files, part))
                    for files, part in zip(self._slices, dealt(batch, len(self._slices)), strict=True)
                    if part.num_rows
                ]
                rows += batch.num_rows
                progress.update(None, f"{rows:,} rows")
        finally:
            # Before the files' folder goes nobody may write in it any more.
            wait(running)
        _finish(running)
        if not rows and self._options.format != "PARQUET" and not self._options.partition_by:
            self._slices[0].begin()
        _finish([self._gate.submit(files.close) for files in self._slices])
        return [written for files in self._slices for written in files.written]

    def _write(self, files: SliceFiles, batch: pa.RecordBatch) -> None:
        keys = self._options.partition_by
        if not keys:
            files.write(batch)
            return
        for values, rows in runs(batch, len(keys)):
            files.write(rows, partition_of(keys, values))

    def _place(self, number: int) -> Any:
        def place(part: int, partition: str) -> tuple[str, Path]:
            uri = self._names.file(number, part, partition)
            return uri, self._stage.path(uri)

        return place

    def _open(self, path: Path) -> OpenFile:
        if self._options.format == "PARQUET":
            group = self._options.row_group_size or ROW_GROUP_BYTES
            return ParquetFile(path, self._schema, self._limit, min(group, self._limit // 2))
        return LineFile(path, self._options.compression, self._limit, self._header)


def _bound(call: Any, files: SliceFiles, batch: pa.RecordBatch) -> Any:
    return lambda: call(files, batch)


def _finish(running: Sequence[Future[None]]) -> None:
    """Wait for writers; the first error is raised when all have stopped."""
    wait(running)
    for each in running:
        error = each.exception()
        if error is not None:
            # A full disk is the storage's to name.
            raise error if isinstance(error, OSError) else translated(error) from error


def _parquet_value(column: BoundColumn, name: str) -> str:
    kind = column.type
    if kind.kind is Kind.TIMETZ or kind.is_interval:
        raise KitError("0A000", f"UNLOAD to PARQUET does not support type {kind.name}", "Cast the column to VARCHAR.")
    stored = "VARCHAR" if kind.kind is Kind.SUPER else kind.duckdb
    return f"CAST({name} AS {stored}) AS {quote(column.name)}"


def _refuse(statement: Unload) -> None:
    if statement.query.args.get("limit") is not None:
        raise KitError(
            "0A000",
            "LIMIT clause is not supported in the outer SELECT of UNLOAD",
            "Nest it: UNLOAD ('SELECT * FROM (SELECT … LIMIT n)').",
        )
    if statement.options.encrypted:
        raise KitError("0A000", "UNLOAD with ENCRYPTED is not supported", "Leave ENCRYPTED out.")


def _verbose(columns: Sequence[BoundColumn]) -> dict[str, Any]:
    elements = []
    for column in columns:
        kind: dict[str, Any] = {"base": column.type.name}
        if column.type.kind is Kind.NUMERIC:
            kind |= {"precision": column.type.size, "scale": column.type.scale}
        elif column.type.size:
            kind["length"] = column.type.size
        elements.append({"name": column.name, "type": kind})
    return {"schema": {"elements": elements}, "author": {"name": "Boathouse", "version": "1.0.0"}}


def _record(query: int, options: UnloadOptions, written: Written, file: manifest.Unloaded) -> UnloadedFile:
    return UnloadedFile(
        query,
        written.slice,
        written.uri,
        written.started_ns,
        written.ended_ns,
        written.rows,
        file.size_bytes,
        {"PARQUET": "Parquet", "JSON": "JSON", "CSV": "CSV"}.get(options.format, "Text"),
    )
