"""Rows of any source as records to put: partition key, JSON, and the time of the event; in the order of time.

One of the few modules that execute DuckDB: reading files, sorting beyond memory and writing JSON are columnar there, at
millions of rows a second, where a loop in Python writes some tens of thousands.

The JSON is strict: NaN and infinities become null, bytes become base64; times are written as Athena's and Firehose's
SerDes read them (`2013-01-01 05:15:00`, UTC).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from kit.base.errors import KitError, did_you_mean
from kit.base.settings import Settings

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa

BATCH_ROWS = 65_536
_TIMES = frozenset({"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"})
_TEXT = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson"})
_ARROW = frozenset({".arrow", ".feather", ".ipc"})
_COMPRESSED = frozenset({".gz", ".zst"})
_SOURCE = "source"
_ORDINAL = "boathouse ordinal"


@dataclass(frozen=True, slots=True)
class RowOptions:
    """`key`: columns whose values, joined by '|', are the partition key; none: every row has its own.

    `time`: the column that orders the rows; without one they keep the source's order. `columns`: what the JSON holds,
    by default all.
    """

    key: tuple[str, ...] = ()
    time: str | None = None
    columns: tuple[str, ...] | None = None


class Rows:
    """The rows of a source; use as a context manager.

    `source` is a file (Parquet, CSV, JSON, JSON lines, also gzipped; Arrow IPC; a glob of such), or anything that gives
    Arrow: a Table, a Result, a pandas or polars frame. Raises `InvalidArgumentException` and `INVALID_SOURCE`.
    """

    def __init__(self, source: Any, options: RowOptions, settings: Settings | None = None) -> None:
        limits = settings or Settings()
        self._is_text = False
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
            self._connection.execute("SET TimeZone = 'UTC'")
            self._relation = self._open(source)
            self._types = dict(zip(self._relation.columns, self._relation.types, strict=True))
            self._sql = self._select(options)
        except BaseException:
            self.close()
            raise

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Columns `partition_key`, `data` (text) and `event_us` (since the epoch, null without a time column)."""
        try:
            rows = self._relation.query(_SOURCE, self._sql)
            assert rows is not None, "a SELECT has rows"
            yield from rows.to_arrow_reader(BATCH_ROWS)
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

    def _open(self, source: Any) -> duckdb.DuckDBPyRelation:
        if isinstance(source, str | Path):
            return self._open_file(str(source))
        if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
            import pyarrow as pa

            return self._connection.from_arrow(source if isinstance(source, pa.Table) else pa.table(source))
        raise KitError(
            "INVALID_SOURCE",
            f"A {type(source).__name__} cannot be replayed.",
            "Give a file's path, a Result, or anything that is an Arrow table: pyarrow, pandas, polars.",
        )

    def _open_file(self, path: str) -> duckdb.DuckDBPyRelation:
        if "://" in path:
            raise KitError(
                "INVALID_SOURCE",
                f"'{path}' is not a local file.",
                "Ask for its rows with ws.athena.sql(...) and replay the Result.",
            )
        suffixes = Path(path).suffixes
        kind = suffixes[-2] if len(suffixes) > 1 and suffixes[-1] in _COMPRESSED else "".join(suffixes[-1:])
        self._is_text = kind in _TEXT
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

    def _select(self, options: RowOptions) -> str:
        """The one query that makes records of rows."""
        for name in (*options.key, *(options.columns or ()), *([] if options.time is None else [options.time])):
            if name not in self._types:
                raise KitError(
                    "InvalidArgumentException",
                    f"The source has no column '{name}'.",
                    did_you_mean(name, self._types) or f"It has {', '.join(self._types)}.",
                )
        fields = ", ".join(
            f"{_quoted(name)} := {_strict(_quoted(name), self._types[name], name)}"
            for name in options.columns or self._types
        )
        ordinal = _quoted(_ORDINAL)
        time = None if options.time is None else self._time(options.time)
        ordered = options.time is None or self._is_in_order(options.time)
        return (
            f"SELECT {self._key(options.key)} AS partition_key, to_json(struct_pack({fields}))::VARCHAR AS data,"
            f" {'NULL::BIGINT' if time is None else f'epoch_us({time})'} AS event_us"
            f" FROM (SELECT *, row_number() OVER () AS {ordinal} FROM {_SOURCE})"
            f"{'' if ordered else f' ORDER BY {time}, {ordinal}'}"
        )

    def _is_in_order(self, time: str) -> bool:
        """Whether the rows come in the order of time: seen in a hundredth of the time that sorting takes.

        Not asked of text files, which would have to be parsed twice.
        """
        if self._is_text:
            return False
        column = _quoted(time)
        found = self._relation.query(
            _SOURCE,
            f"SELECT count(*) FROM (SELECT {column} AS this, lag({column}) OVER () AS before FROM {_SOURCE})"
            " WHERE this < before",
        )
        assert found is not None, "a SELECT has rows"
        (turns,) = found.fetchall()[0]
        return turns == 0

    def _time(self, name: str) -> str:
        if self._types[name].id not in _TIMES:
            raise KitError(
                "InvalidArgumentException",
                f"Column '{name}' is {self._types[name]}; the time of an event is a TIMESTAMP or a DATE.",
                "Convert it in the query or the frame that you replay.",
            )
        column = _quoted(name)
        message = _literal(f"A row has no time in '{name}'.")
        return f"CASE WHEN {column} IS NULL THEN error({message}) ELSE {column}::TIMESTAMPTZ END"

    def _key(self, names: tuple[str, ...]) -> str:
        if not names:
            return f"{_quoted(_ORDINAL)}::VARCHAR"
        joined = " || '|' || ".join(f"{_quoted(name)}::VARCHAR" for name in names)
        message = _literal(f"A row has no key in '{', '.join(names)}'.")
        return f"CASE WHEN coalesce({joined}, '') = '' THEN error({message}) ELSE {joined} END"


def _arrow_file(path: str) -> pa.Table:
    import pyarrow as pa

    try:
        with pa.memory_map(path) as file:
            return pa.ipc.open_file(file).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise KitError("INVALID_SOURCE", f"'{Path(path).name}' is no readable Arrow file: {error}") from error


def _strict(expression: str, kind: Any, column: str) -> str:
    """The expression as strict JSON can hold it."""
    match kind.id:
        case "float" | "double":
            return f"CASE WHEN isfinite({expression}) THEN {expression} END"
        case "blob":
            return f"base64({expression})"
        case "list" | "array":
            element = dict(kind.children)["child"]
            inner = _strict("element", element, column)
            if inner == "element":
                return expression
            values = expression if kind.id == "list" else f"{expression}::{element}[]"
            return f"list_transform({values}, lambda element: {inner})"
        case "struct":
            parts = {name: f"struct_extract({expression}, {_literal(name)})" for name, _ in kind.children}
            strict = {name: _strict(parts[name], child, column) for name, child in kind.children}
            if strict == parts:
                return expression
            packed = ", ".join(f"{_quoted(name)} := {text}" for name, text in strict.items())
            return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({packed}) END"
        case "map" | "union":
            if all(_strict("x", child, column) == "x" for _, child in kind.children):
                return expression
            raise KitError(
                "InvalidArgumentException",
                f"Column '{column}' is {kind}, which strict JSON may not be able to hold.",
                "Leave it out with columns=, or convert it in the query or the frame that you replay.",
            )
        case _:
            return expression


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _named(error: Exception) -> KitError:
    """DuckDB's error as one of the replay's."""
    kind, _, message = str(error).partition(" Error: ")
    if "A row has no " in message:
        hint = "Every row needs a key, and a time where events are timed: leave the others out of what you replay."
        return KitError("InvalidArgumentException", message.splitlines()[0], hint)
    return KitError("INVALID_SOURCE", (message or kind).splitlines()[0])
