"""Streaming SQL over the streams of a workspace: bounded runs, and continuous ones in the background."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kit.analytics import checkpoint, definition, names
from kit.analytics.bounded import BoundedRun, WindowResult
from kit.analytics.continuous import ContinuousQuery
from kit.analytics.definition import Definition
from kit.analytics.destinations import Destination, IntoStream, IntoTable
from kit.analytics.engine import Database
from kit.analytics.options import Duration, Options, milliseconds
from kit.analytics.preparing import Prepared, Tables, prepare
from kit.analytics.watermark import ALWAYS, NEVER
from kit.base.clock import Clock, Stopwatch, now_ms
from kit.base.errors import KitError, did_you_mean
from kit.base.ids import Entropy
from kit.base.progress import Progress, Silent
from kit.base.result import Result, Stats
from kit.base.running import run_interruptibly
from kit.base.settings import Settings

if TYPE_CHECKING:
    from kit.catalog import Catalog
    from kit.storage import Storage
    from kit.streams import Streams

IDLE = "5s"


class Analytics:
    """Streaming SQL, as in Kinesis Analytics and Flink."""

    def __init__(
        self,
        folder: Path,
        *,
        streams: Callable[[], Streams],
        tables: Callable[[], Tables],
        storage: Callable[[], Storage],
        catalog: Callable[[], Catalog],
        clock: Clock,
        entropy: Entropy,
        settings: Settings,
    ) -> None:
        """The other services are asked for when a query first needs them."""
        self._folder = folder
        self._streams = streams
        self._tables = tables
        self._storage = storage
        self._catalog = catalog
        self._lock = threading.Lock()
        self._database = Database(settings)
        self._queries: dict[str, ContinuousQuery] = {}
        self._clock = clock
        self._entropy = entropy
        self._settings = settings

    def sql(
        self,
        text: str,
        *,
        time: str = "",
        lateness: Duration = 0,
        idle: Duration | None = IDLE,
        inputs: Mapping[str, str] | None = None,
        schema: Mapping[str, str] | None = None,
        database: str = "default",
        answer: str = "",
        params: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
        batch_records: int = Options().batch_records,
    ) -> WindowResult:
        """The final answer over what the streams hold until now: all windows are closed at its end.

        `time` is the column of the event time where the text does not say (`ROWTIME`), else records go by their
        arrival. `lateness` is how far a record may be behind its shard's latest. `inputs` gives streams further names,
        as in `{"SOURCE_SQL_STREAM_001": "clicks"}`.
        """
        options = options_of(lateness, idle, batch_records)
        streams = self._streams()
        prepared = prepare(
            text,
            streams,
            self._tables(),
            inputs=inputs or {},
            schema=schema,
            time=time,
            database=database,
            answer=answer,
            parameters=params or {},
        )
        watch = Stopwatch()
        engine = self._database.connect()
        run = BoundedRun(prepared, streams, options, engine, self._clock)
        try:
            shown = progress or Silent()
            run_interruptibly(run.run, cancel=run.cancel, poll=lambda: shown.update(run.fraction))
        finally:
            engine.close()
        return run.result(watch, self._settings.page_rows)

    def start(
        self,
        name: str,
        text: str | None = None,
        *,
        into: str = "",
        table: str = "",
        location: str = "",
        key: str = "",
        start: str = "TRIM_HORIZON",
        time: str = "",
        lateness: Duration = 0,
        idle: Duration | None = IDLE,
        inputs: Mapping[str, str] | None = None,
        schema: Mapping[str, str] | None = None,
        database: str = "default",
        answer: str = "",
        params: Mapping[str, Any] | None = None,
        background: bool = True,
        batch_records: int = Options().batch_records,
    ) -> ContinuousQuery:
        """Run a query on in the background: it gives the rows of each window when that closes, each row once.

        They go `into` a stream as JSON, `key` deciding among its shards; or into a `table` of the catalog (`db.table`,
        made at `location` where it is missing); or are kept with the query (`query.table()`). Without a text a query of
        that name goes on where it stood. `start` is TRIM_HORIZON or LATEST. Without `background` it moves by `step()`.
        """
        found = self._find(name)
        if found is None:
            if text is None:
                raise self._unknown(name)
            options = options_of(lateness, idle, batch_records)
            found = self._create(
                Definition(
                    names.checked(name),
                    self._entropy.uuid(),
                    text,
                    options,
                    dict(inputs or {}),
                    database,
                    answer,
                    dict(params or {}),
                    {},
                    _checked_start(start),
                    *_checked_target(into, table),
                    location,
                    key,
                    now_ms(self._clock),
                ),
                schema,
                time,
            )
        elif text is not None and text != found.definition.text:
            message = f"There is a query '{name}' with another text."
            raise KitError("ResourceInUseException", message, f"Delete it first: analytics.delete('{name}').")
        if background:
            found.start()
        else:
            found.open()
        return found

    def __getitem__(self, name: str) -> ContinuousQuery:
        """A continuous query. Raises `ResourceNotFoundException`."""
        found = self._find(name)
        if found is None:
            raise self._unknown(name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Names of the continuous queries, sorted."""
        found = sorted(path.parent.name for path in self._folder.glob(f"*/{definition.NAME}"))
        return iter(found)

    def stop(self, name: str) -> ContinuousQuery:
        """Let a query come to rest; it can be started again. Raises `ResourceNotFoundException`."""
        query = self[name]
        query.stop()
        return query

    def delete(self, name: str) -> None:
        """Stop a query and forget it, with what is kept of it; what it gave to streams and tables stays."""
        self.stop(name)
        with self._lock:
            self._queries.pop(name, None)
        # Without its definition it is gone, whatever of the folder is left by a kill.
        (self._folder / name / definition.NAME).unlink()
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def failures(self) -> list[ContinuousQuery]:
        """The queries that have failed in this process since this was asked last: for whoever shows errors."""
        with self._lock:
            return [query for query in self._queries.values() if query.take_failure()]

    def list(self) -> Result:
        """The continuous queries: what they do, how far they are, and what has ended them."""
        watch = Stopwatch()
        rows = [_described(self[name]) for name in self]
        table = pa.Table.from_pylist(rows, _LISTED)
        return Result.of_table(table, stats=Stats(ms=watch.ms, rows=len(rows)), page_rows=self._settings.page_rows)

    def close(self) -> None:
        """Stop all queries; the workspace may be opened again, and they can be started again."""
        with self._lock:
            queries = [*self._queries.values()]
            self._queries.clear()
        for query in queries:
            query.stop()
        self._database.close()

    def _find(self, name: str) -> ContinuousQuery | None:
        with self._lock:
            held = self._queries.get(name)
            if held is not None:
                return held
            if not names.is_valid(name):
                return None
            found = definition.read(self._folder / name)
            if found is not None:
                self._queries[name] = self._opened(found)
            return self._queries.get(name)

    def _create(self, asked: Definition, schema: Mapping[str, str] | None, time: str) -> ContinuousQuery:
        """A new query: what it needs is decided now, and kept."""
        prepared = prepare(
            asked.text,
            self._streams(),
            self._tables(),
            inputs=asked.inputs,
            schema=schema,
            time=time,
            database=asked.database,
            answer=asked.answer,
            parameters=asked.parameters,
        )
        if asked.into:
            self._streams()[asked.into]
        folder = self._folder / asked.name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / _REFERENCES).mkdir(mode=0o700, parents=True)
        for place, references in enumerate(prepared.references):
            for relation, table in references.items():
                path = folder / _REFERENCES / f"{place}-{relation}.arrow"
                checkpoint.replace(path, [checkpoint.table_bytes(table)])
        made = replace(asked, layouts=prepared.layouts)
        definition.write(folder, made)
        with self._lock:
            return self._queries.setdefault(asked.name, self._opened(made))

    def _opened(self, found: Definition) -> ContinuousQuery:
        folder = self._folder / found.name
        return ContinuousQuery(
            folder,
            found,
            self._streams,
            lambda: self._prepared(found),
            self._destination,
            self._clock,
            self._database,
        )

    def _prepared(self, found: Definition) -> Prepared:
        """As it was decided at first: layouts and tables are those that were kept."""
        folder = self._folder / found.name / _REFERENCES
        prepared = prepare(
            found.text,
            self._streams(),
            self._tables(),
            inputs=found.inputs,
            schema=None,
            time="",
            database=found.database,
            answer=found.answer,
            parameters=found.parameters,
            layouts=found.layouts,
            references=_no_rows,
        )
        kept = tuple(
            {relation: checkpoint.table_of(folder / f"{place}-{relation}.arrow") for relation in references}
            for place, references in enumerate(prepared.references)
        )
        return replace(prepared, references=kept)

    def _destination(self, query: ContinuousQuery, schema: pa.Schema) -> Destination:
        found = query.definition
        if found.key and found.key not in schema.names:
            hint = did_you_mean(found.key, schema.names)
            raise KitError("COLUMN_NOT_FOUND", f"The answer has no column '{found.key}'.", hint)
        if found.into:
            stream = self._streams()[found.into]
            return IntoStream(stream, found.query_id, found.key, self._clock, lambda: query.is_stopping)
        if found.table:
            database, _, table = found.table.rpartition(".")
            catalog, storage = self._catalog(), self._storage()
            made = IntoTable(catalog, storage, database or found.database, table, found.location, found.query_id)
            made.prepare(schema)
            return made
        return query.kept_rows()

    def _unknown(self, name: str) -> KitError:
        hint = did_you_mean(name, list(self)) or "analytics.start(name, text) makes one."
        return KitError("ResourceNotFoundException", f"There is no continuous query '{name}'.", hint)


_REFERENCES = "references"
_LISTED = pa.schema(
    [
        ("name", pa.string()),
        ("state", pa.string()),
        ("watermark", pa.timestamp("ms")),
        ("read", pa.int64()),
        ("late", pa.int64()),
        ("bad", pa.int64()),
        ("expired", pa.int64()),
        ("destination", pa.string()),
        ("error", pa.string()),
    ]
)


def _described(query: ContinuousQuery) -> dict[str, Any]:
    counts, mark = query.counts, query.watermark_ms
    found = query.definition
    return {
        "name": query.name,
        "state": query.state,
        "watermark": mark if NEVER < mark < ALWAYS else None,
        "read": counts.read,
        "late": counts.late,
        "bad": counts.bad,
        "expired": counts.expired,
        "destination": found.into or found.table or "kept with the query",
        "error": query.error,
    }


def _no_rows(database: str, table: str, columns: Sequence[str]) -> pa.Table:
    del database, table, columns
    return pa.table({})


def _checked_start(start: str) -> str:
    if start not in ("TRIM_HORIZON", "LATEST"):
        raise KitError("INVALID_ARGUMENT", f"'{start}' is no start.", "TRIM_HORIZON or LATEST.")
    return start


def _checked_target(into: str, table: str) -> tuple[str, str]:
    if into and table:
        raise KitError("INVALID_ARGUMENT", "A query gives into a stream or into a table.", "Keep one of them.")
    return into, table


def options_of(lateness: Duration, idle: Duration | None, batch_records: int) -> Options:
    """Options from what a caller gives."""
    return Options(
        lateness_ms=milliseconds(lateness),
        idle_ms=None if idle is None else milliseconds(idle),
        batch_records=batch_records,
    )
