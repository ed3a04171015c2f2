"""The DuckDB of this process: in memory, private, one connection a query.

Owns how queries run: on a worker thread, so that Ctrl-C and progress reach the caller's; within the workspace's threads
and memory, spilling into a private folder. Knows scans only as SQL, values and Arrow streams. Nothing that DuckDB is
asked can read or write outside of storage.

Interrupting from another thread stops DuckDB within milliseconds, while it executes and while it streams; on the main
thread, a signal that arrives during the first phase of a streamed query is noticed only at its end (measured, 2.0).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from kit.athena.failures import is_interrupt, translated
from kit.athena.scan.source import Watch, quote
from kit.base.errors import KitError
from kit.base.result import drain
from kit.base.running import run_interruptibly
from kit.base.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

BATCH_ROWS = 65_536
CANCELLED = "Query cancelled by user"
_IDLE_CONNECTIONS = 4
_STEP_SECONDS = 0.02
_PER_CONNECTION = (
    "SET enable_profiling = 'no_output'; SET tracked_metrics = ['io.*', 'query.*']; "
    "SET enable_progress_bar = true; SET enable_progress_bar_print = false; SET progress_bar_time = 0"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with what it needs: values for its parameters, and streams by the name that it reads them by."""

    sql: str
    parameters: Mapping[str, Any]
    streams: Mapping[str, object]
    watch: Watch


def _let_go_on() -> None:
    """Opening ends soon by itself."""


class Engine:
    """Opened when first asked for a connection. `spill` is a folder of this process alone."""

    def __init__(self, root: Path, spill: Callable[[], Path], settings: Settings, macros: tuple[str, ...]) -> None:
        self.root = root
        self.spill = spill
        self._settings = settings
        self._macros = macros
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._idle: list[duckdb.DuckDBPyConnection] = []

    def connect(self) -> Connection:
        """A connection for one query."""
        with self._lock:
            if self._connection is None:
                # On the caller's thread DuckDB would take a Ctrl-C for itself, and raise what is no KeyboardInterrupt.
                self._connection = run_interruptibly(self._open, cancel=_let_go_on, name="boathouse-engine")
            if self._idle:
                return Connection(self._idle.pop(), self)
            cursor = self._connection.cursor()
        cursor.execute(_PER_CONNECTION)
        return Connection(cursor, self)

    def take_back(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Keep a cursor whose query has run to its end: its settings cost as much as a small query."""
        with self._lock:
            if self._connection is not None and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(cursor)
                return
        cursor.close()

    def close(self) -> None:
        with self._lock:
            for cursor in self._idle:
                cursor.close()
            self._idle.clear()
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": self._settings.threads,
                "memory_limit": f"{self._settings.memory_bytes}B",
                "temp_directory": str(self.spill()),
                "python_enable_replacements": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute("SET GLOBAL errors_as_json = true")
        connection.begin()
        for macro in self._macros:
            connection.execute(macro)
        connection.commit()
        connection.execute("SET GLOBAL allowed_directories = [$root]", {"root": f"{self.root}/"})
        connection.execute("SET GLOBAL enable_external_access = false")
        return connection


class Connection:
    """One query's connection. Methods that run something do so on a worker thread and may be interrupted."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, engine: Engine) -> None:
        self._cursor = cursor
        self._engine = engine
        self._closed = False
        self._closing = threading.Lock()
        self._running = threading.Lock()
        self._is_clean = True
        self._is_reusable = True
        self._streams: list[str] = []
        self._reader: pa.RecordBatchReader | None = None

    def measure_operators(self) -> None:
        """Let the profile hold every operator, which is not free."""
        self._cursor.execute("SET tracked_metrics = ['*']")
        self._is_reusable = False

    def query(self, statement: Statement, hold_bytes: int, poll: Callable[[], None] | None) -> Batches:
        """Run a SELECT until its rows are there or exceed `hold_bytes`.

        Raises what `translated` makes of DuckDB's errors.
        """

        def begin() -> tuple[pa.RecordBatchReader, list[pa.RecordBatch], bool]:
            relation = self._cursor.sql(statement.sql, params=self._prepared(statement))
            assert relation is not None
            reader = self._reader = relation.to_arrow_reader(BATCH_ROWS)
            held, rest = drain(iter(lambda: next_batch(reader), None), hold_bytes)
            return reader, held, rest is None

        self._is_clean = False
        reader, held, is_all = self.run(begin, statement.watch, poll)
        self._is_clean = is_all
        return Batches(self, reader, held, is_all, statement.watch, poll)

    def execute(self, statement: Statement, poll: Callable[[], None] | None) -> list[tuple[Any, ...]]:
        """Run a statement to its end (COPY, EXPLAIN): its rows."""

        def run() -> list[tuple[Any, ...]]:
            return self._cursor.execute(statement.sql, self._prepared(statement)).fetchall()

        self._is_clean = False
        rows = self.run(run, statement.watch, poll)
        self._is_clean = True
        return rows

    def interrupt(self) -> None:
        """Stop what is running; from any thread, at any time."""
        if not self._closed:
            self._cursor.interrupt()

    def progress(self) -> float | None:
        """How much of the query is done, in [0, 1]; None where DuckDB cannot tell."""
        try:
            fraction = self._cursor.query_progress()
        except duckdb.Error:
            return None
        return None if fraction < 0 else min(fraction, 0.99)

    def profile(self, statement: Statement) -> Mapping[str, Any]:
        """What DuckDB measured of this statement; empty where it measured nothing.

        A query that is answered from metadata writes no profile, and what was there before stays.
        """
        if not self._running.acquire(blocking=False):
            return {}  # another thread is still taking rows
        try:
            profile = {} if self._closed else json.loads(self._cursor.get_profiling_information())
        finally:
            self._running.release()
        return profile if profile.get("query", {}).get("sql", "").strip() == statement.sql.strip() else {}

    def finish(self) -> None:
        """The query has run to its end: the connection may serve another one."""
        self._is_clean = True

    def close(self) -> None:
        """Stop and let go; may be called twice."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        while not self._running.acquire(timeout=_STEP_SECONDS):
            self._cursor.interrupt()  # another thread is taking rows
        if self._reader is not None:
            self._reader.close()
        if self._is_clean and self._is_reusable:
            for name in self._streams:
                self._cursor.unregister(name)
            self._engine.take_back(self._cursor)
        else:
            self._cursor.close()

    def _prepared(self, statement: Statement) -> dict[str, Any] | None:
        for name, stream in statement.streams.items():
            self._cursor.register(name, stream)
            self._streams.append(name)
        return dict(statement.parameters) or None

    def run(self, call: Callable[[], T], watch: Watch, poll: Callable[[], None] | None) -> T:
        """The call, which uses this connection, on a worker thread. Raises what `translated` makes of its errors."""

        def named() -> T:
            try:
                with self._running:
                    if self._closed:
                        raise KitError("QUERY_CANCELLED", CANCELLED)
                    return call()
            except (duckdb.Error, OSError) as error:
                if watch.error is not None:
                    raise watch.error from None
                if is_interrupt(error):
                    raise KitError("QUERY_CANCELLED", CANCELLED) from None
                raise watch.diagnose(translated(error, self._engine.root)) from error

        return run_interruptibly(named, cancel=self.interrupt, poll=poll)


class Batches:
    """The rows of a query: `held` are there, `rest` is pulled one batch at a time, by one thread at a time."""

    def __init__(
        self,
        connection: Connection,
        reader: pa.RecordBatchReader,
        held: list[pa.RecordBatch],
        is_all: bool,
        watch: Watch,
        poll: Callable[[], None] | None,
    ) -> None:
        self.schema: pa.Schema = reader.schema
        self.held = held
        self.rest: Iterator[pa.RecordBatch] | None = None if is_all else self._pulled()
        self._connection = connection
        self._reader = reader
        self._watch = watch
        self._poll = poll

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """All rows, once."""
        yield from self.held
        if self.rest is not None:
            yield from self.rest

    def _pulled(self) -> Iterator[pa.RecordBatch]:
        while True:
            batch = self._connection.run(lambda: next_batch(self._reader), self._watch, self._poll)
            if batch is None:
                self._connection.finish()
                return
            yield batch


def next_batch(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None


def with_relations(sql: str, relations: Mapping[str, str]) -> str:
    """The query with its relations before it, as common table expressions that DuckDB sees through."""
    if not relations:
        return sql
    defined = ",\n".join(f"{quote(name)} AS NOT MATERIALIZED (\n{body}\n)" for name, body in relations.items())
    for word in ("WITH RECURSIVE ", "WITH "):
        if sql[: len(word)].upper() == word:
            return f"{word}{defined},\n{sql[len(word) :]}"
    return f"WITH {defined}\n{sql}"
