"""Rows as an Arrow IPC stream in pieces: written piece by piece as they are asked for, read the same way.

Neither side holds more than a piece or two, and a record batch of which it is a part: batches are cut before they are
written, so that a few wide rows do not become one large piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from kit.warehouse.sharing.frames import MalformedFrame

if TYPE_CHECKING:
    import pyarrow as pa

PIECE_BYTES: Final = 1 << 20
FRAME_PIECE_BYTES: Final = 4 << 20


class Outgoing:
    """An answer's rows on their way out. One thread at a time."""

    def __init__(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        import pyarrow as pa

        self._written = _Written()
        self._writer: Any = pa.ipc.new_stream(pa.PythonFile(self._written, "w"), schema)
        self._slices = (part for batch in batches for part in cut(batch, PIECE_BYTES))
        self.is_over = False

    def piece(self) -> bytes:
        """The next bytes of the stream, about `PIECE_BYTES`; sets `is_over` with the last of them."""
        while not self.is_over and len(self._written.data) < PIECE_BYTES:
            part = next(self._slices, None)
            if part is None:
                self._writer.close()
                self.is_over = True
            else:
                self._writer.write_batch(part)
        return self._written.take()


def cut(batch: pa.RecordBatch, size_bytes: int) -> Iterator[pa.RecordBatch]:
    """A batch in parts of about `size_bytes`, of one row at least."""
    parts = max(1, -(-batch.nbytes // size_bytes))
    rows = max(1, -(-batch.num_rows // parts))
    for at in range(0, max(1, batch.num_rows), rows):
        yield batch.slice(at, rows)


def whole(data: bytes) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The rows of a stream that is all there; they share its memory."""
    import pyarrow as pa

    return _opened(pa.py_buffer(data))


def incoming(first: bytes, more: Callable[[], bytes | None]) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The rows of a stream of which `first` has come; `more` waits for the next piece, None at the end."""
    import pyarrow as pa

    return _opened(pa.PythonFile(_Pieces(first, more), "r"))


def _opened(source: Any) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    import pyarrow as pa

    try:
        reader: pa.RecordBatchReader = pa.ipc.open_stream(source)
    except (pa.ArrowInvalid, OSError) as error:
        raise MalformedFrame(f"rows that are no Arrow stream: {error}") from error
    return reader.schema, iter(reader)


class _Written:
    """What Arrow writes to: collects bytes until they are taken."""

    closed = False

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: Any) -> int:
        self.data += data
        return len(data)

    def take(self) -> bytes:
        taken, self.data = bytes(self.data), bytearray()
        return taken

    def flush(self) -> None:
        """All is in memory."""

    def close(self) -> None:
        """What was written can still be taken."""


class _Pieces:
    """What Arrow reads from: asks for the next piece when the one at hand is used up."""

    closed = False

    def __init__(self, first: bytes, more: Callable[[], bytes | None]) -> None:
        self._piece: memoryview = memoryview(first)
        self._more = more

    def read(self, size: int) -> bytes:
        taken: list[memoryview] = []
        while size > 0:
            if not self._piece:
                piece = self._more()
                if piece is None:
                    break
                self._piece = memoryview(piece)
                continue
            part, self._piece = self._piece[:size], self._piece[size:]
            size -= len(part)
            taken.append(part)
        return b"".join(taken)

    def close(self) -> None:
        """Whoever has opened the stream ends it."""
