"""Results written where the workgroup wants them: `ID.csv` for rows, `ID.txt` for what statements say, manifests.

Every object appears when it is complete. Memory stays bounded: rows beyond the result's limit wait in a private file.

Differs: `ID.csv.metadata` is JSON here; Athena's is a binary message whose layout is not documented.

Source: Amazon Athena User Guide, Work with query results and recent queries; read 2026-11.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kit.athena.java_text import java_text
from kit.athena.job import Job, Listed, Streamed, Told

if TYPE_CHECKING:
    import pyarrow as pa


class Output:
    """The output of one execution, below its workgroup's location."""

    def __init__(self, job: Job) -> None:
        location = job.workgroup.output_location
        self._base = f"{location.rstrip('/')}/{job.query_id}"
        self._storage = job.services.storage
        self._spill = job.services.engine.spill

    def told(self, answer: Told) -> str:
        """Write what a statement said, and which objects it wrote; where that is."""
        with self._storage.staging() as stage:
            if answer.written:
                lines = "".join(f"{uri}\n" for uri in answer.written)
                stage.path(f"{self._base}-manifest.csv").write_text(lines, encoding="utf-8")
            stage.path(f"{self._base}.txt").write_text("", encoding="utf-8")
            stage.publish()
        return f"{self._base}.txt"

    def listed(self, answer: Listed) -> str:
        """Write rows of text, tab-separated, each value padded as Hive pads it."""
        lines = ("\t".join(f"{value or '':<20}" for value in row) + "\n" for row in answer.rows)
        self._storage.put(f"{self._base}.txt", "".join(lines))
        return f"{self._base}.txt"

    def rows(self, answer: Streamed) -> tuple[list[pa.RecordBatch], Iterator[pa.RecordBatch] | None, str]:
        """Write all rows as CSV: those that are held, an iterator over the others if there are any, and where."""
        spilled: _Spilled | None = None
        uri = f"{self._base}.csv"
        with self._storage.staging() as stage, stage.path(uri).open("w", encoding="utf-8", newline="") as csv:
            csv.write(",".join(_quoted(column.name) for column in answer.columns) + "\n")
            for batch in answer.batches.held:
                _write(csv, batch)
            for batch in answer.batches.rest or ():
                _write(csv, batch)
                spilled = spilled or _Spilled(self._spill(), batch.schema)
                spilled.add(batch)
            csv.close()
            metadata = [{"Name": column.name, "Type": column.type} for column in answer.columns]
            stage.path(f"{uri}.metadata").write_text(json.dumps({"ColumnInfo": metadata}), encoding="utf-8")
            stage.publish()
        return answer.batches.held, None if spilled is None else spilled.again(), uri


class _Spilled:
    """Batches in a file without a name, which is gone with this process."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        import pyarrow as pa

        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed when it has been read)
        self._writer = pa.ipc.new_stream(self._file, schema)

    def add(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def again(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        self._writer.close()
        self._file.seek(0)
        with self._file, pa.ipc.open_stream(self._file) as reader:
            yield from reader


def _write(csv: IO[str], batch: pa.RecordBatch) -> None:
    """Athena's quoting: every value in quotes, NULL as nothing at all."""
    import pyarrow as pa

    if batch.num_columns == 0 or batch.num_rows == 0:
        return
    pc: Any = import_module("pyarrow.compute")
    quote = pa.scalar('"')
    columns = []
    for column in batch.columns:
        doubled = pc.replace_substring(_texts(column), '"', '""')
        columns.append(pc.fill_null(pc.binary_join_element_wise(quote, doubled, quote, ""), ""))
    lines = pc.binary_join_element_wise(*columns, ",")
    csv.writelines(f"{line}\n" for line in lines.to_pylist())


def _texts(column: pa.Array) -> pa.Array:
    """The values as text, as Athena writes them."""
    import pyarrow as pa
    import pyarrow.types as pt

    if pt.is_string(column.type):
        return column
    if pt.is_integer(column.type) or pt.is_date(column.type) or pt.is_boolean(column.type):
        return column.cast(pa.string())
    return pa.array(_java_texts(column.to_pylist()), pa.string())


def _java_texts(values: Iterable[Any]) -> list[str | None]:
    return [None if value is None else java_text(value) for value in values]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
