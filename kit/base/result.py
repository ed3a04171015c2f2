"""`Result`: the one thing that every query of every service returns.

Rows are Arrow record batches. A result up to its memory limit is held, and can be read as often as one likes. A larger
one keeps the first batches for display and leaves the rest in the engine: it can be streamed once, and asking for all
of it at once is refused. Conversion to pandas or polars is made on request only; neither has to be installed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kit.base import display
from kit.base.errors import KitError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What a query cost. Services add their own figures in a subclass and to `parts`.

    `ms` is wall time in milliseconds; `rows` is None while a large result is still being streamed.
    """

    ms: float
    rows: int | None = None

    def parts(self) -> list[str]:
        """The figures of the one line under a displayed result, in order."""
        shown = [] if self.rows is None else [display.count(self.rows, "row")]
        return [*shown, display.duration(self.ms)]

    def summary(self) -> str:
        return " · ".join(self.parts())


class Result:
    """A query's answer.

    `held` is in memory, `rest` still in the engine (`drain` splits a reader so). `message` stands in for rows where a
    statement has none (`CREATE TABLE`).
    """

    def __init__(
        self,
        schema: pa.Schema,
        held: Sequence[pa.RecordBatch] = (),
        *,
        stats: Stats,
        rest: Iterator[pa.RecordBatch] | None = None,
        close: Callable[[], None] | None = None,
        message: str = "",
        page_rows: int = 20,
    ) -> None:
        self.schema = schema
        self.stats = stats
        self.message = message
        self.page_rows = page_rows
        self._held = tuple(held)
        self._rest = rest
        self._close = close
        self._lock = threading.Lock()
        self._table: pa.Table | None = None

    @classmethod
    def of_table(cls, table: pa.Table, *, stats: Stats, page_rows: int = 20) -> Result:
        """A result that is held as a whole."""
        result = cls(table.schema, table.to_batches(), stats=stats, page_rows=page_rows)
        result._table = table
        return result

    @classmethod
    def of_message(cls, message: str, *, stats: Stats) -> Result:
        """The answer of a statement that has no rows."""
        import pyarrow as pa

        return cls(pa.schema([]), stats=stats, message=message)

    @property
    def columns(self) -> list[str]:
        """Column names in order; they need not be unique."""
        return list(self.schema.names)

    @property
    def is_complete(self) -> bool:
        """Whether all rows are held in memory."""
        return self._rest is None

    @property
    def held_bytes(self) -> int:
        """How much memory the rows take that are held."""
        return sum(batch.nbytes for batch in self._held)

    @property
    def table(self) -> pa.Table:
        """All rows as one Arrow table.

        Raises `RESULT_TOO_LARGE` where the rows did not fit into the memory set aside for a result.
        """
        if self._table is None:
            self._require_complete()
            import pyarrow as pa

            self._table = pa.Table.from_batches(self._held, self.schema)
        return self._table

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """All rows as Python tuples, one a row, values in column order."""
        self._require_complete()
        return [row for batch in self._held for row in _tuples(batch)]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as record batches, without holding more than one of those that did not fit.

        Where the result is larger than its memory limit this works once: raises `RESULT_CONSUMED` the second time.
        """
        if self._rest is None:
            yield from self._held
            return
        with self._lock:
            rest, self._rest = self._rest, _Consumed()
        if isinstance(rest, _Consumed):
            raise KitError(
                "RESULT_CONSUMED",
                "This result is larger than the memory set aside for one, and its rows have been streamed already.",
                "Run the query again, or keep its rows with CREATE TABLE AS or UNLOAD.",
            )
        try:
            yield from self._held
            yield from rest
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the engine where rows were left in it; rows that are held stay readable."""
        close, self._close = self._close, None
        if close is not None:
            self._rest = _Consumed()
            close()

    def head(self, rows: int) -> pa.Table:
        """The first rows, as many as are held of them."""
        import pyarrow as pa

        kept: list[pa.RecordBatch] = []
        missing = rows
        for batch in self._held:
            if missing <= 0:
                break
            kept.append(batch.slice(0, missing))
            missing -= batch.num_rows
        return pa.Table.from_batches(kept, self.schema)

    def to_pandas(self) -> Any:
        """A pandas DataFrame; pandas must be installed."""
        _require_package("pandas")
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """A polars DataFrame; polars must be installed."""
        return _require_package("polars").from_arrow(self.table)

    def to_type(self, kind: str) -> Any:
        """The answer as `arrow`, `pandas` or `polars`."""
        match kind:
            case "arrow":
                return self.table
            case "pandas":
                return self.to_pandas()
            case "polars":
                return self.to_polars()
            case _:
                raise KitError("INVALID_ARGUMENT", f"Unknown type '{kind}'.", "One of arrow, pandas, polars.")

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for batch in self.batches():
            yield from _tuples(batch)

    def __len__(self) -> int:
        self._require_complete()
        return sum(batch.num_rows for batch in self._held)

    def __bool__(self) -> bool:
        return True

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule protocol: polars, DuckDB, pandas and altair read a result without a copy."""
        return self.table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return display.text(self, self.page_rows)

    def _repr_html_(self) -> str:
        return display.html(self, self.page_rows)

    def _require_complete(self) -> None:
        if self._rest is not None:
            raise KitError(
                "RESULT_TOO_LARGE",
                "The result is larger than the memory set aside for one, so it cannot be held as a whole.",
                "Iterate over it or its .batches(), add a LIMIT, or keep the rows with CREATE TABLE AS or UNLOAD.",
            )


class _Consumed(Iterator[Any]):
    def __next__(self) -> Any:
        raise StopIteration


def drain(
    reader: Iterator[pa.RecordBatch], limit_bytes: int
) -> tuple[list[pa.RecordBatch], Iterator[pa.RecordBatch] | None]:
    """Pull batches until they are exhausted or exceed `limit_bytes`: what was pulled, and what remains, if anything."""
    held: list[pa.RecordBatch] = []
    size_bytes = 0
    for batch in reader:
        held.append(batch)
        size_bytes += batch.nbytes
        if size_bytes > limit_bytes:
            return held, reader
    return held, None


def _tuples(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    if batch.num_columns == 0:
        return iter(())
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _require_package(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise KitError(
            "PACKAGE_MISSING", f"This needs {name}, which is not installed.", f"pip install {name}"
        ) from error
