"""Rows of any source as records to put: partition key, JSON, and the time of the event; in the order of time.

One of the few modules that execute DuckDB: reading files, sorting beyond memory and writing JSON are columnar there, at
millions of rows a second, where a loop in Python writes some tens of thousands.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from kit.base.errors import KitError
from kit.base.result import Result
from kit.base.settings import Settings
from kit.streams.produce.row_sql import SOURCE, RowOptions, checked, records_of, turns_of

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa

BATCH_ROWS = 65_536
_TEXT = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson"})
_ARROW = frozenset({".arrow", ".feather", ".ipc"})
_COMPRESSED = frozenset({".gz", ".zst"})


class Rows:
    """The rows of a source; use as a context manager.

    `source` is a file (Parquet, CSV, JSON, JSON lines, also gzipped; Arrow IPC; a glob of such), or anything that gives
    Arrow: a Table, a reader, a Result even if it is larger than memory, a pandas or polars frame. Raises
    `InvalidArgumentException` and `INVALID_SOURCE`.
    """

    def __init__(self, source: Any, options: RowOptions, settings: Settings | None = None) -> None:
        limits = settings or Settings()
        self._reads_once = False
        self._spill = tempfile.TemporaryDirectory(prefix="boathouse-replay-")
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": limits.threads,
                "memory_limit": f"{limits.memory_bytes}B",
                "temp_directory": self._spill.name,
                "autoinstall_known_extensions": "false",
            },
        )
        try:
            # DuckDB's own bar would stay in a notebook's outputs.
            self._connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
            self._relation = self._open(source)
            types = dict(zip(self._relation.columns, self._relation.types, strict=True))
            checked(types, options)
            self._sql = records_of(types, options, is_in_order=self._is_in_order(options.time))
        except BaseException:
            self.close()
            raise

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Columns `partition_key`, `data` (text) and `event_us` (since the epoch, null without a time column)."""
        try:
            yield from self._ask(self._sql).to_arrow_reader(BATCH_ROWS)
        except (duckdb.Error, OSError) as error:
            raise _named(error) from error
        except RuntimeError as error:
            if "interrupted" in str(error).lower():
                raise KeyboardInterrupt from error
            raise

    def close(self) -> None:
        self._connection.close()
        self._spill.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, sql: str) -> duckdb.DuckDBPyRelation:
        rows = self._relation.query(SOURCE, sql)
        assert rows is not None, "a SELECT has rows"
        return rows

    def _is_in_order(self, time: str | None) -> bool:
        """Whether the rows come in the order of time: seen in a hundredth of the time that sorting takes.

        Not asked of text files, which would have to be parsed twice, nor of what can be read only once.
        """
        if time is None or self._reads_once:
            return False
        (turns,) = self._ask(turns_of(time)).fetchall()[0]
        return turns == 0

    def _open(self, source: Any) -> duckdb.DuckDBPyRelation:
        if isinstance(source, str | Path):
            return self._open_file(str(source))
        if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
            return self._open_arrow(source)
        raise KitError(
            "INVALID_SOURCE",
            f"A {type(source).__name__} cannot be replayed.",
            "Give a file's path, a Result, or anything that is an Arrow table: pyarrow, pandas, polars.",
        )

    def _open_arrow(self, source: Any) -> duckdb.DuckDBPyRelation:
        import pyarrow as pa

        if isinstance(source, Result) and not source.is_complete:
            source = pa.RecordBatchReader.from_batches(source.schema, source.batches())
        if isinstance(source, pa.RecordBatchReader):  # perhaps larger than memory
            self._reads_once = True
            return self._connection.from_arrow(source)
        return self._connection.from_arrow(source if isinstance(source, pa.Table) else pa.table(source))

    def _open_file(self, path: str) -> duckdb.DuckDBPyRelation:
        if "://" in path:
            raise KitError(
                "INVALID_SOURCE",
                f"'{path}' is not a local file.",
                "Ask for its rows with ws.athena.sql(...) and replay the Result.",
            )
        suffixes = Path(path).suffixes
        kind = suffixes[-2] if len(suffixes) > 1 and suffixes[-1] in _COMPRESSED else "".join(suffixes[-1:])
        self._reads_once = kind in _TEXT
        try:
            match kind:
                case ".parquet":
                    return self._connection.read_parquet(path, hive_partitioning=True, union_by_name=True)
                case ".csv" | ".tsv":
                    return self._connection.read_csv(path, union_by_name=True)
                case ".json":
                    return self._connection.read_json(path)
                case ".jsonl" | ".ndjson":
                    return self._connection.read_json(path, format="newline_delimited")
                case _ if kind in _ARROW:
                    return self._connection.from_arrow(_arrow_file(path))
        except duckdb.Error as error:
            raise _named(error) from error
        raise KitError(
            "INVALID_SOURCE",
            f"'{Path(path).name}' has no suffix that says what it holds.",
            f"Known are {', '.join(sorted({'.parquet', *_TEXT, *_ARROW}))}, the text formats also with .gz.",
        )


def _arrow_file(path: str) -> pa.Table:
    import pyarrow as pa

    try:
        with pa.memory_map(path) as file:
            return pa.ipc.open_file(file).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise KitError("INVALID_SOURCE", f"'{Path(path).name}' is no readable Arrow file: {error}") from error


def _named(error: Exception) -> KitError:
    """DuckDB's error as one of the replay's."""
    kind, _, message = str(error).partition(" Error: ")
    if "A row has no " in message:
        hint = "Every row needs a key, and a time where events are timed: leave the others out of what you replay."
        return KitError("InvalidArgumentException", message.splitlines()[0], hint)
    return KitError("INVALID_SOURCE", (message or kind).splitlines()[0])
