"""Parquet footers: what a file says of its columns, read once and kept as long as the file does not change.

The store is disposable, bounded, in memory and safe among threads. Min and max are bounds: they may be wider than the
values, and None where the file does not say, or says it in a way that cannot be trusted.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kit.athena.scan.source import DataFile
from kit.base.domain import Scalar
from kit.base.errors import KitError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_FOOTERS = 20_000
_PARALLEL_FROM = 16
_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one column chunk holds: no value is below `low` or above `high`; both are None where all are NULL."""

    low: Scalar | None
    high: Scalar | None
    all_null: bool


class Footer:
    """One file's metadata. Columns are asked for by their name in lower case."""

    def __init__(self, metadata: pq.FileMetaData) -> None:
        self._metadata = metadata
        self._chunk_bytes: dict[str, tuple[int, ...]] = {}
        self._bounds: dict[str, tuple[Bounds | None, ...]] = {}

    @property
    def row_groups(self) -> int:
        return self._metadata.num_row_groups

    @property
    def rows(self) -> int:
        return self._metadata.num_rows

    @cached_property
    def row_group_rows(self) -> tuple[int, ...]:
        """Rows of each row group."""
        return tuple(self._metadata.row_group(index).num_rows for index in range(self.row_groups))

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns in Arrow's types."""
        return self._metadata.schema.to_arrow_schema().remove_metadata()

    @cached_property
    def fields(self) -> dict[str, pa.Field]:
        """Columns by name in lower case; the first of those that differ by letter case alone."""
        found: dict[str, Any] = {}
        for field in self.schema:
            found.setdefault(field.name.lower(), field)
        return found

    def physical_type(self, column: str) -> str:
        """Parquet's name of a column's type, as Athena's messages have it."""
        leaves = [self._metadata.schema.column(leaf) for leaf in self._leaves.get(column, ())]
        if len(leaves) != 1 or leaves[0].path != leaves[0].name:
            return "group"
        return {"BYTE_ARRAY": "BINARY"}.get(leaves[0].physical_type, leaves[0].physical_type)

    def chunk_bytes(self, column: str) -> tuple[int, ...]:
        """Compressed bytes of a column in each row group; zeros for a column that the file does not have."""
        found = self._chunk_bytes.get(column)
        if found is None:
            leaves = self._leaves.get(column, ())
            found = tuple(
                sum(group.column(leaf).total_compressed_size for leaf in leaves)
                for group in map(self._metadata.row_group, range(self.row_groups))
            )
            self._chunk_bytes[column] = found
        return found

    def bounds(self, column: str) -> tuple[Bounds | None, ...]:
        """The bounds of a column that is not nested, in each row group."""
        found = self._bounds.get(column)
        if found is None:
            leaves = self._leaves.get(column, ())
            groups = map(self._metadata.row_group, range(self.row_groups))
            found = tuple(
                _bounds(group.column(leaves[0]), group.num_rows) if len(leaves) == 1 else None for group in groups
            )
            self._bounds[column] = found
        return found

    @cached_property
    def _leaves(self) -> dict[str, tuple[int, ...]]:
        schema = self._metadata.schema
        wanted = {field.name for field in self.fields.values()}
        found: dict[str, list[int]] = {}
        for index in range(len(schema)):
            column = schema.column(index)
            # A dot is also what separates levels, so a flat column is known by its own name first.
            top = column.name if column.path == column.name else column.path.split(".", 1)[0]
            if top in wanted:
                found.setdefault(top.lower(), []).append(index)
        return {name: tuple(indexes) for name, indexes in found.items()}


class Footers:
    """Footers by file, the most recently used ones."""

    def __init__(self, capacity: int = MAX_FOOTERS) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int, str], Footer] = OrderedDict()

    def of(self, files: Sequence[DataFile]) -> list[Footer]:
        """One footer a file, in order. Raises `HIVE_BAD_DATA` for what is no Parquet, `HIVE_CANNOT_OPEN_SPLIT` for a
        file that is gone."""
        keys = [(file.uri, file.size_bytes, file.etag) for file in files]
        with self._lock:
            known = {key: footer for key in keys if (footer := self._kept.get(key)) is not None}
            for key in known:
                self._kept.move_to_end(key)
        missing = [(key, file) for key, file in zip(keys, files, strict=True) if key not in known]
        known.update(zip((key for key, _ in missing), _read_all([file for _, file in missing]), strict=True))
        with self._lock:
            self._kept.update((key, known[key]) for key, _ in missing)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        return [known[key] for key in keys]


def _read_all(files: Sequence[DataFile]) -> Iterable[Footer]:
    if len(files) < _PARALLEL_FROM:
        return [_read(file) for file in files]
    with ThreadPoolExecutor(_WORKERS, "boathouse-footers") as pool:
        return list(pool.map(_read, files))


def _read(file: DataFile) -> Footer:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return Footer(parquet.read_metadata(file.path))
    except FileNotFoundError as error:
        raise file.vanished() from error
    except (pa.ArrowException, OSError) as error:
        raise KitError(
            "HIVE_BAD_DATA",
            f"Not valid Parquet file: {file.uri}: its footer cannot be read "
            f"({file.size_bytes:,} bytes; it may be truncated, or of another format).",
            "Write the object again, or move it out of the table's location.",
        ) from error


def _bounds(chunk: pq.ColumnChunkMetaData, rows: int) -> Bounds | None:
    statistics = chunk.statistics if chunk.is_stats_set else None
    if statistics is None:
        return None
    if statistics.has_null_count and statistics.null_count == rows:
        return Bounds(None, None, all_null=True)
    if not statistics.has_min_max or chunk.physical_type == "INT96":
        return None
    low, high = statistics.min, statistics.max
    # NaN is in no order, so that a file which counts it among its bounds says nothing.
    if low is None or high is None or low != low or high != high:
        return None
    return Bounds(low, high, all_null=False)
