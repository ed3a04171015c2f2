"""COPY: files into a table, every slice reading its own, all of it or nothing.

The slices read their files at the same time, as many as there are cores, into one staging table; a bad row is left out
and remembered until there are more of them than MAXERROR allows. Then the rows are placed in one transaction.

Source: Amazon Redshift Database Developer Guide, "COPY", read 2026-11.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kit.base.clock import Stopwatch
from kit.base.errors import KitError, did_you_mean
from kit.base.progress import Progress, Silent
from kit.base.result import Result
from kit.sql.redshift import parse
from kit.sql.redshift.statements import Copy, Insert
from kit.storage import Storage
from kit.warehouse.binding import bound_insert
from kit.warehouse.catalog import StoredColumn, Table
from kit.warehouse.cluster import SPILL, Cluster, Transaction
from kit.warehouse.connection import Connection, fetch, row
from kit.warehouse.failures import translated
from kit.warehouse.load import copy_paths
from kit.warehouse.load.appending import Staging, append
from kit.warehouse.load.copy_convert import VALUE, literal, name
from kit.warehouse.load.copy_engine import group_rows
from kit.warehouse.load.copy_files import SPLIT_BYTES, LoadFile, Part, dealt, files_of, shared
from kit.warehouse.load.copy_paths import Shredder
from kit.warehouse.load.copy_reading import (
    MAX_KEPT_ERRORS,
    Load,
    Outcome,
    Tally,
    read,
)
from kit.warehouse.load.placing import Staged, identity_sql, staging_select
from kit.warehouse.load.records import LoadCommit, LoadError, LoadLog
from kit.warehouse.load.report import LoadStats
from kit.warehouse.maintain.analyze import analyzed
from kit.warehouse.plan.expression import quote
from kit.warehouse.plan.facts import Shape
from kit.warehouse.query import Queries

if TYPE_CHECKING:
    from kit.warehouse.commands import Call

_FORMATS = {"PARQUET": "Parquet", "ORC": "ORC", "JSON": "JSON", "AVRO": "Avro"}


class Loader:
    """Runs COPY on one cluster."""

    def __init__(self, cluster: Cluster, queries: Queries, storage: Storage, log: LoadLog) -> None:
        self._cluster = cluster
        self._queries = queries
        self._storage = storage
        self._log = log

    def copy(self, call: Call, statement: Copy, progress: Progress = Silent()) -> Result:  # noqa: B008
        """Load what the statement names; the result has no rows, its statistics tell of files, slices and bad rows."""
        _refuse(statement)
        files = files_of(self._storage, statement)
        with self._area(call) as area, call.transaction() as transaction:
            table = transaction.catalog.table_named(statement.table, call.session.path)
            shape = transaction.catalog.shape
            load, relation = self._prepared(call, statement, table, transaction, area)
            watch = Stopwatch()
            outcomes = self._read(load, self._parts(area, statement, files, shape), shape, progress)
            read_ms = watch.ms
            self._tell(load, statement, outcomes)
            if load.tally.is_exceeded:
                raise _failed(table, _first(outcomes))
            rows = sum(each.rows for each in outcomes)
            watch = Stopwatch()
            if not statement.options.no_load:
                progress.update(None, "placing rows")
                with self._cluster.all_cores():
                    staged = self._numbered(load, table, shape, area, Staged(relation, rows))
                    loaded = append(transaction, area, table, staged, shape, self._cluster.now_ms())
                    known = self._with_statistics(statement, table, loaded, transaction.cursor, shape)
                transaction.catalog = transaction.catalog.with_relation(known)
        return self._result(call, statement, table, outcomes, shape, read_ms, watch.ms)

    @contextmanager
    def _area(self, call: Call) -> Iterator[Staging]:
        """A staging area whose slices have one thread each, unlike that of statements which the leader runs alone."""
        cursor = self._cluster.cursor()
        area = Staging(self._cluster, cursor, call.cancellation)
        try:
            yield area
        finally:
            self._cluster.end(cursor)
            area.clear()
            self._cluster.give_back(cursor)

    def _prepared(
        self, call: Call, statement: Copy, table: Table, transaction: Transaction, area: Staging
    ) -> tuple[Load, str]:
        """What the slices need to fill the staging table, and that one's name; it is made, and empty."""
        columns = _named(table, statement)
        relation = area.relation()
        items = {column.name: name(VALUE, index) for index, column in enumerate(columns)}
        items |= self._defaults(call, table, [each for each in table.columns if each not in columns], transaction)
        listed = ", ".join(f"{items.get(column.name, 'NULL')} AS {quote(column.name)}" for column in table.columns)
        nothing = ", ".join(f"CAST(NULL AS {column.type.duckdb}) AS {quote(column.name)}" for column in table.columns)
        shape = transaction.catalog.shape
        fetch(area.cursor, f"CREATE TABLE {relation} AS {staging_select(table, f'SELECT {nothing} LIMIT 0', shape)}")

        def insert(select: str) -> str:
            return f"INSERT INTO {relation} {staging_select(table, f'SELECT {listed} FROM ({select})', shape)}"

        options = statement.options
        load = Load(
            query=call.query_id,
            table=table.id,
            started_ns=self._cluster.clock.now_ns(),
            columns=tuple(columns),
            options=options,
            insert=insert,
            shred=self._shredder(statement, columns),
            scratch=self._cluster.folder / SPILL / self._cluster.next_database(),
            tally=Tally(None if options.ignore_all_errors else max(1, options.max_errors)),
            clock=self._cluster.clock,
            cancellation=call.cancellation,
        )
        return load, relation

    def _defaults(
        self, call: Call, table: Table, missing: Sequence[StoredColumn], transaction: Transaction
    ) -> dict[str, str]:
        """SQL of the values of columns that the files do not hold: their DEFAULT, the same for all rows of a COPY."""
        wanted = [column for column in missing if column.default_text]
        if not wanted:
            return {}
        script = f"INSERT INTO {quote(table.schema)}.{quote(table.name)} DEFAULT VALUES"
        (parsed,) = parse(script)
        assert isinstance(parsed.statement, Insert)
        insert = bound_insert(parsed.statement, transaction.catalog, script, call.session, {})
        texts = ", ".join(
            f"CAST({quote(f'value {insert.columns.index(column.name)}')} AS VARCHAR)" for column in wanted
        )
        names = ", ".join(quote(f"value {index}") for index in range(len(insert.columns)))

        def consume(cursor: Connection, sql: str, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
            return row(cursor, f'SELECT {texts} FROM ({sql}) AS "written"({names})', dict(parameters))

        compiled = self._queries.planned(insert.query, transaction.catalog)
        values = self._queries.run_into(compiled, {}, call.session, call.cancellation, consume, transaction, call.runs)
        return {
            column.name: f"CAST({literal(text) if text is not None else 'NULL'} AS {column.type.duckdb})"
            for column, text in zip(wanted, values, strict=True)
        }

    def _numbered(self, load: Load, table: Table, shape: Shape, area: Staging, staged: Staged) -> Staged:
        """Staged rows with the numbers of an IDENTITY column that the files do not hold, once all rows are there."""
        missing = [each for each in table.columns if each.identity is not None and each not in load.columns]
        if not missing:
            return staged
        items = [
            f"{identity_sql(table, column) if column in missing else quote(column.name)} AS {quote(column.name)}"
            for column in table.columns
        ]
        return area.rows(table, f"SELECT {', '.join(items)} FROM {staged.relation}", {}, shape)

    def _shredder(self, statement: Copy, columns: Sequence[StoredColumn]) -> Shredder | None:
        options = statement.options
        if options.format not in {"JSON", "AVRO"}:
            return None
        how = options.json_paths if options.format == "JSON" else options.avro_paths
        match how.lower():
            case "auto":
                return copy_paths.by_name(columns, ignore_case=False)
            case "auto ignorecase":
                return copy_paths.by_name(columns, ignore_case=True)
            case "noshred":
                return copy_paths.whole(columns)
            case _:
                return copy_paths.by_paths(self._storage.get(how), how, columns)

    def _parts(self, area: Staging, statement: Copy, files: Sequence[LoadFile], shape: Shape) -> list[Part]:
        """Who reads what: files in turn, large Parquet files by all slices."""
        if statement.options.format != "PARQUET":
            return dealt(files, shape.slices)
        parts = dealt([file for file in files if file.size_bytes < SPLIT_BYTES], shape.slices)
        for file in files:
            if file.size_bytes >= SPLIT_BYTES:
                parts += shared(file, group_rows(area.cursor, file), shape.slices)
        return parts

    def _read(self, load: Load, parts: Sequence[Part], shape: Shape, progress: Progress) -> list[Outcome]:
        """Let every slice read its parts one after the other; in the order of the parts.

        A slice asks for a core a part at a time, so that queries of others get theirs between two of them.
        """
        waiting = {number: deque(each for each in parts if each.slice == number) for number in range(shape.slices)}
        total = sum(part.file.size_bytes for part in parts) or 1
        running: dict[Future[Outcome], Part] = {}
        done: dict[Part, Outcome] = {}
        failure: BaseException | None = None
        size = 0
        for queue in waiting.values():
            self._submit(load, queue, running)
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for each in finished:
                part = running.pop(each)
                error = each.exception()
                if error is None:
                    done[part] = each.result()
                    size += part.file.size_bytes
                    progress.update(min(1.0, size / total), f"{len(done)} of {len(parts)} files")
                    if failure is None and not load.tally.is_exceeded:
                        self._submit(load, waiting[part.slice], running)
                elif failure is None:
                    failure = error
                    load.cancellation.cancel()
        if failure is not None:
            raise failure if isinstance(failure, KitError) else translated(failure) from failure
        return [done[part] for part in parts if part in done]

    def _submit(self, load: Load, queue: deque[Part], running: dict[Future[Outcome], Part]) -> None:
        if queue:
            part = queue.popleft()
            running[self._cluster.gate.submit(lambda: self._run(load, part))] = part

    def _run(self, load: Load, part: Part) -> Outcome:
        cursor = self._cluster.cursor()
        try:
            return read(load, part, cursor)
        finally:
            self._cluster.give_back(cursor)

    def _with_statistics(
        self, statement: Copy, before: Table, loaded: Table, cursor: Connection, shape: Shape
    ) -> Table:
        """STATUPDATE ON counts anew, OFF leaves the statistics as they were."""
        match statement.options.stat_update:
            case True:
                return analyzed(cursor, loaded, (), shape, self._cluster.now_ms())
            case False:
                return replace(
                    loaded,
                    statistics=before.statistics,
                    analyzed_rows=before.analyzed_rows,
                    analyzed_ms=before.analyzed_ms,
                )
            case None:
                return loaded

    def _tell(self, load: Load, statement: Copy, outcomes: Sequence[Outcome]) -> None:
        for each in outcomes:
            self._log.add(each.errors)
            self._log.add(each.replacements)
        if not load.tally.is_exceeded:
            self._log.add(_commit(load.query, statement, each) for each in outcomes)

    def _result(
        self,
        call: Call,
        statement: Copy,
        table: Table,
        outcomes: Sequence[Outcome],
        shape: Shape,
        read_ms: float,
        place_ms: float,
    ) -> Result:
        rows = 0 if statement.options.no_load else sum(each.rows for each in outcomes)
        bad = sum(each.error_count for each in outcomes)
        errors = [error for each in outcomes for error in each.errors]
        stats = LoadStats(
            ms=call.clock.ms,
            rows=rows,
            query_id=call.query_id,
            files=tuple(_commit(call.query_id, statement, each) for each in outcomes),
            errors=tuple(errors[:MAX_KEPT_ERRORS]),
            error_count=bad,
            read_ms=read_ms,
            place_ms=place_ms,
            slices=shape.slices,
        )
        return Result.of_message(_message(table, rows, bad, sum(each.replaced for each in outcomes)), stats=stats)


def _message(table: Table, rows: int, bad: int, replaced: int) -> str:
    told = [f"Load into table '{table.name}' completed, {rows} record(s) loaded successfully."]
    if bad:
        told.append(
            f"Load into table '{table.name}' completed, {bad} record(s) could not be loaded.  "
            "Check 'stl_load_errors' system table for details."
        )
    if replaced:
        told.append(
            f"Load into table '{table.name}' completed, {replaced} record(s) were loaded with replacements made for "
            "ACCEPTINVCHARS.  Check 'stl_replacements' system table for details."
        )
    return "\n".join(told)


def _failed(table: Table, first: LoadError | None) -> KitError:
    hint = ""
    if first is not None:
        where = f"line {first.line} of '{first.filename}'" + (f", column {first.column}" if first.column else "")
        hint = f"The first: {first.reason} (code {first.code}) at {where}. Nothing was loaded."
    return KitError(
        "XX000", f"Load into table '{table.name}' failed.  Check 'stl_load_errors' system table for details.", hint
    )


def _first(outcomes: Sequence[Outcome]) -> LoadError | None:
    errors = [error for each in outcomes for error in each.errors]
    return min(errors, key=lambda each: (each.filename, each.line), default=None)


def _commit(query: int, statement: Copy, outcome: Outcome) -> LoadCommit:
    part = outcome.part
    return LoadCommit(
        query,
        part.slice,
        part.file.uri,
        part.file.size_bytes,
        outcome.lines,
        outcome.error_count,
        outcome.ended_ns,
        outcome.ms,
        _FORMATS.get(statement.options.format, "Text"),
        part.is_partial,
        part.first,
    )


def _named(table: Table, statement: Copy) -> list[StoredColumn]:
    """The columns that the files hold, in their order: all but an IDENTITY, unless EXPLICIT_IDS is said."""
    explicit = statement.options.explicit_ids
    if not statement.columns:
        return [each for each in table.columns if explicit or each.identity is None or each.identity.by_default]
    found: list[StoredColumn] = []
    for asked in statement.columns:
        column = table.column(asked)
        if column is None:
            known = [each.name for each in table.columns]
            message = f'column "{asked}" of relation "{table.name}" does not exist'
            raise KitError("42703", message, did_you_mean(asked, known))
        if column in found:
            raise KitError("42701", f'column "{asked}" specified more than once')
        if column.identity is not None and not column.identity.by_default and not explicit:
            raise KitError("0A000", f'cannot set identity column "{asked}" to a value', "EXPLICIT_IDS loads it.")
        found.append(column)
    if explicit and any(each.identity is not None and each not in found for each in table.columns):
        raise KitError("42601", "EXPLICIT_IDS needs the IDENTITY column in the column list")
    return found


def _refuse(statement: Copy) -> None:
    if statement.options.encrypted:
        raise KitError("0A000", "COPY with ENCRYPTED is not supported", "Load files that are not encrypted.")
    if statement.options.compression == "LZOP":
        raise KitError("0A000", "COPY with LZOP is not supported", "Compress the files with GZIP or ZSTD.")
