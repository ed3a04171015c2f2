"""Objects of text as Arrow streams of lines: what every text SerDe starts from.

Owns what a line is: it ends at `\\n`, `\\r\\n` or `\\r`, the last one also at the end of the object; a byte order mark
at the beginning XX Memory is bounded by the block size and the longest line.

pyarrow's CSV reader splits lines at the speed of memory, if it is given a delimiter that no line contains: one that a
block does not hold is chosen for each block. Must not know: fields, SerDes' quotes and escapes (`Rewrite` does).
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from kit.athena.scan.source import DataFile, Layout, Watch
from kit.base.errors import KitError
from kit.catalog.decompress import CorruptError, Readable, opened

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 4 << 20
_CHUNK_BYTES = 1 << 20
_DELIMITERS = [bytes([code]) for code in (0x7F, *range(1, 9), *range(14, 32), 11, 12)]
_UTF8 = {"utf-8", "ascii", ""}

Rewrite: TypeAlias = "Callable[[pa.Array, DataFile], pa.Array]"
"""Turns the lines of one block of an object into what the SerDe's SQL takes; one value a line, of any Arrow type."""


@dataclass(frozen=True, slots=True)
class LineShape:
    """What a table's properties say of its lines: the encoding, and how many to leave out at both ends of an object."""

    encoding: str
    skip_first: int
    skip_last: int

    @classmethod
    def of(cls, layout: Layout) -> LineShape:
        return cls(
            layout.property("serialization.encoding"),
            _count(layout, "skip.header.line.count"),
            _count(layout, "skip.footer.line.count"),
        )


class Lines:
    """A re-readable Arrow stream of `line` and `file`, the zero-based index of the object that a line is of."""

    def __init__(
        self,
        files: Sequence[DataFile],
        *,
        watch: Watch,
        rewrite: Rewrite | None = None,
        value_type: pa.DataType | None = None,
        shape: LineShape,
    ) -> None:
        import pyarrow as pa

        self._files = files
        self._watch = watch
        self._rewrite = rewrite
        self._encoding = _codec_name(shape.encoding)
        self._shape = shape
        self.schema = pa.schema([("line", value_type or pa.string()), ("file", pa.int32())])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.schema, self._batches()).__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        with self._watch.keeping_error():
            for index, file in enumerate(self._files):
                for lines in _trimmed(self._lines(file), self._shape):
                    values = lines if self._rewrite is None else self._rewrite(lines, file)
                    positions = pa.repeat(pa.scalar(index, pa.int32()), len(values))
                    yield pa.RecordBatch.from_arrays([values, positions], schema=self.schema)

    def _lines(self, file: DataFile) -> Iterator[pa.Array]:
        try:
            with opened(file.path, file.path.suffix, self._watch.read) as source:
                for block in _blocks(_decoded(source, self._encoding)):
                    yield from _split(block)
        except FileNotFoundError as error:
            raise file.vanished() from error
        except UnicodeDecodeError as error:
            raise _undecodable(file, self._encoding or "UTF-8") from error
        except CorruptError as error:
            raise KitError(
                "HIVE_CURSOR_ERROR",
                f"Failed to read file: {file.uri}: its compressed bytes are damaged ({error}).",
                "Upload the object again; its suffix must name the codec that it was packed with.",
            ) from error
        except OSError as error:
            raise KitError(
                "HIVE_CANNOT_OPEN_SPLIT", f"Error opening Hive split {file.uri}: {error.strerror}."
            ) from error


def _undecodable(file: DataFile, encoding: str) -> KitError:
    return KitError(
        "HIVE_BAD_DATA",
        f"Error reading {file.uri}: it holds bytes that are not {encoding}.",
        "Name its encoding in the SerDe property 'serialization.encoding' (like 'ISO-8859-1'), or convert it to UTF-8.",
    )


def _codec_name(encoding: str) -> str:
    """Empty for UTF-8. Raises `INVALID_TABLE_PROPERTY` for an encoding that is not known."""
    if encoding.lower() in _UTF8:
        return ""
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise KitError(
            "INVALID_TABLE_PROPERTY", f"Unknown serialization.encoding '{encoding}'.", "Like UTF-8 or ISO-8859-1."
        ) from error
    return "" if name == "utf-8" else name


def _decoded(source: Readable, encoding: str) -> Readable:
    return _Transcoded(source, encoding) if encoding else source


class _Transcoded:
    def __init__(self, source: Readable, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def read(self, size: int, /) -> bytes:
        while data := self._source.read(size):
            if text := self._decoder.decode(data):
                return text.encode()
        return self._decoder.decode(b"", final=True).encode()


def _blocks(source: Readable) -> Iterator[bytes]:
    """The bytes in blocks that end where a line ends; the last one as the object does."""
    pending: list[bytes] = []
    is_first = True
    while data := source.read(BLOCK_BYTES):
        if is_first:
            data, is_first = _without_mark(source, data), False
        # A `\r` at the very end may be the first half of `\r\n`, so it stays with what follows.
        end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        if end == 0:
            pending.append(data)
            continue
        yield b"".join((*pending, data[:end]))
        pending = [data[end:]]
    if rest := b"".join(pending):
        yield rest


def _without_mark(source: Readable, data: bytes) -> bytes:
    while len(data) < len(codecs.BOM_UTF8) and (more := source.read(BLOCK_BYTES)):
        data += more
    return data.removeprefix(codecs.BOM_UTF8)


def _split(block: bytes) -> list[pa.Array]:
    """The lines of one block as Arrow arrays of strings. Raises UnicodeDecodeError."""
    import pyarrow as pa

    delimiter = next((each for each in _DELIMITERS if each not in block), None)
    # pyarrow takes a leading byte order mark away, but here it would be in the middle of an object.
    if delimiter is None or block.startswith(codecs.BOM_UTF8):
        return [pa.array(_slowly(block), pa.string())]
    try:
        return _parsed(block, delimiter.decode(), _CHUNK_BYTES)
    except pa.ArrowInvalid:
        block.decode()  # raises, if that was the reason; else a line is longer than a chunk
        return _parsed(block, delimiter.decode(), len(block) + 1)


def _parsed(block: bytes, delimiter: str, chunk_bytes: int) -> list[pa.Array]:
    import pyarrow as pa
    from pyarrow import csv

    table = csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(column_names=["line"], block_size=chunk_bytes),
        parse_options=csv.ParseOptions(
            delimiter=delimiter, quote_char=False, newlines_in_values=False, ignore_empty_lines=False
        ),
        convert_options=csv.ConvertOptions(
            column_types={"line": pa.string()}, null_values=[], strings_can_be_null=False
        ),
    )
    return table.column(0).chunks


def _slowly(block: bytes) -> list[str]:
    text = block.decode().replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n")


def _trimmed(blocks: Iterator[pa.Array], shape: LineShape) -> Iterator[pa.Array]:
    """The same lines without those at the ends that are to be left out."""
    import pyarrow as pa

    first, last = shape.skip_first, shape.skip_last
    held: pa.Array | None = None
    for block in blocks:
        skipped = min(first, len(block))
        first -= skipped
        kept = block.slice(skipped)
        if last == 0:
            yield kept
            continue
        held = kept if held is None else pa.concat_arrays([held, kept])
        if len(held) > last:
            yield held.slice(0, len(held) - last)
            held = held.slice(len(held) - last)


def _count(layout: Layout, name: str) -> int:
    value = layout.property(name).strip() or "0"
    if not value.isdigit():
        raise KitError(
            "HIVE_INVALID_METADATA", f"Invalid value for {name} property: {value}", "Give a number, zero or more."
        )
    return int(value)
