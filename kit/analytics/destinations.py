"""Where the answers of a continuous query go, each row once.

A destination is handed an epoch's rows again after a crash, and has to find out by itself what it has of them: a file
of a table is called by its epoch, so writing it again changes nothing; records of a stream carry the epoch and their
number as the partition key, so those that are there already are found again. Where a record goes among the shards
follows from the explicit hash key, so the partition key is free for that.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from kit.analytics import checkpoint
from kit.analytics.engine import Engine
from kit.base.clock import Clock
from kit.base.errors import KitError, did_you_mean
from kit.catalog import Catalog
from kit.catalog.model import Column, Table
from kit.catalog.serde import descriptor, format_of
from kit.catalog.types import from_arrow
from kit.storage import Storage
from kit.streams.produce.columnar import TableSender
from kit.streams.produce.row_sql import RowOptions, records_of
from kit.streams.stream import Stream

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

_PAUSE_SECONDS = 0.05


class Destination(Protocol):
    """Takes the rows of epochs, in order; the last one perhaps again."""

    def tips(self) -> Mapping[int, int]:
        """How far it is filled now, where that is needed to find out later what came after."""
        ...

    def deliver(self, engine: Engine, epoch: int, rows: pa.Table, tips: Mapping[int, int], *, again: bool) -> None:
        """Let all rows of the epoch be there once. `again`: some of them may be there since `tips`."""
        ...


class KeptRows:
    """Rows in a folder of the query's own: a file an epoch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tips(self) -> Mapping[int, int]:
        return {}

    def deliver(self, engine: Engine, epoch: int, rows: pa.Table, tips: Mapping[int, int], *, again: bool) -> None:
        del engine, tips, again
        self._folder.mkdir(mode=0o700, exist_ok=True)
        checkpoint.replace(self._folder / f"{epoch:012d}.arrow", [checkpoint.table_bytes(rows)])

    def rows(self) -> list[pa.Table]:
        """What was kept, epoch by epoch."""
        return [checkpoint.table_of(path) for path in sorted(self._folder.glob("*.arrow"))]


class IntoStream:
    """Rows as JSON records of a stream."""

    def __init__(self, stream: Stream, query_id: str, key: str, clock: Clock, is_stopped: Callable[[], bool]) -> None:
        self._stream = stream
        self._query_id = query_id
        self._key = key
        self._clock = clock
        self._is_stopped = is_stopped

    def tips(self) -> Mapping[int, int]:
        return {span.shard.index: span.end for span in self._stream.spans()}

    def deliver(self, engine: Engine, epoch: int, rows: pa.Table, tips: Mapping[int, int], *, again: bool) -> None:
        records = self._records(engine, epoch, rows)
        if again:
            there = _compute.is_in(records.column("partition_key"), value_set=self._there(epoch, tips))
            records = records.filter(_compute.invert(there))
        sender = TableSender(self._stream.append, self._clock)
        if records.num_rows:
            sender.send(records)
        while sender.waiting:
            if self._is_stopped():
                raise StoppedError
            self._clock.sleep(sender.pause_seconds)
            sender.retry()

    def _records(self, engine: Engine, epoch: int, rows: pa.Table) -> pa.Table:
        types = engine.types(rows)
        made = engine.query(records_of(types, RowOptions(), is_in_order=True), {"source": rows})
        numbers = [f"{self._prefix(epoch)}{row}" for row in range(rows.num_rows)]
        columns = {"partition_key": pa.array(numbers, pa.string()), "data": made.column("data")}
        if self._key:
            hashed = "SELECT ('0x' || md5(CAST(key AS VARCHAR)))::UHUGEINT::VARCHAR AS hash_key FROM keys"
            keys = pa.table({"key": rows.column(self._key)})
            columns["explicit_hash_key"] = engine.query(hashed, {"keys": keys}).column("hash_key")
        return pa.table(columns)

    def _there(self, epoch: int, tips: Mapping[int, int]) -> pa.Array:
        """The partition keys of the epoch's records that came since the tips were noted."""
        found: list[pa.Array] = [pa.array([], pa.string())]
        for span in self._stream.spans():
            begin = max(span.begin, tips.get(span.shard.index, span.begin))
            for _, batch in span.live.reader.batches(begin, span.end):
                keys = batch.column("partition_key")
                found.append(keys.filter(_compute.starts_with(keys, self._prefix(epoch))))
        return pa.concat_arrays(found)

    def _prefix(self, epoch: int) -> str:
        return f"{self._query_id}/{epoch}/"


class IntoTable:
    """Rows as Parquet files of a table, which is made where it is missing."""

    def __init__(
        self, catalog: Catalog, storage: Storage, database: str, table: str, location: str, query_id: str
    ) -> None:
        self._catalog = catalog
        self._storage = storage
        self._database = database
        self._table = table
        self._location = location
        self._query_id = query_id

    def prepare(self, schema: pa.Schema) -> None:
        """Make the table, or see that rows fit the one that there is."""
        columns = tuple(Column(field.name.lower(), str(from_arrow(field.type))) for field in schema)
        found = self._catalog.find_table(self._database, self._table)
        if found is None:
            if not self._location:
                raise KitError("INVALID_ARGUMENT", "A new table needs a location.", "location='s3://bucket/prefix/'")
            self._catalog.ensure_database(self._database)
            location = self._location.rstrip("/") + "/"
            self._catalog.create_table(Table(self._database, self._table, descriptor("parquet", columns, location)))
            return
        label = f"{self._database}.{self._table}"
        if found.partition_keys or format_of(found.descriptor.serde) != "parquet":
            message = f"Writing windows into {label} is not supported."
            raise KitError("NOT_SUPPORTED", message, "Name an unpartitioned table of Parquet files.")
        known = {column.name: column.type for column in found.columns}
        for column in columns:
            if column.name not in known:
                hint = did_you_mean(column.name, known)
                raise KitError("COLUMN_NOT_FOUND", f"{label} has no column '{column.name}'.", hint)
            if known[column.name] != column.type:
                message = (
                    f"Column '{column.name}' of {label} is a {known[column.name]}, and the query's a {column.type}."
                )
                raise KitError("TYPE_MISMATCH", message, "CAST it in the query.")
        self._location = found.descriptor.location

    def tips(self) -> Mapping[int, int]:
        return {}

    def deliver(self, engine: Engine, epoch: int, rows: pa.Table, tips: Mapping[int, int], *, again: bool) -> None:
        del engine, tips, again
        sink = io.BytesIO()
        pq.write_table(rows, sink)
        self._storage.put(f"{self._location.rstrip('/')}/{self._query_id}-{epoch:012d}.parquet", sink.getvalue())


class StoppedError(Exception):
    """The query was stopped while its destination was busy: it goes on with the same rows."""


def concatenated(tables: Sequence[pa.Table], empty: pa.Table) -> pa.Table:
    """Tables of one kind as one."""
    return pa.concat_tables([empty, *tables]) if tables else empty
