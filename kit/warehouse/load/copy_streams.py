"""Bytes of a load file: opened, decompressed, decoded, and cut into pieces that an engine reads.

Faults to survive: a gzip or bzip2 stream that ends too early or is damaged (DuckDB notices neither a wrong checksum nor
a Zstandard stream that was cut at the end of a line), bytes that are no UTF-8, another encoding.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO, cast

import pyarrow as pa

from kit.base.errors import KitError
from kit.sql.redshift.statements import Compression

CHUNK_BYTES = 1 << 20
# As much of a file as is written out for the engine, and read again by the slow reader where it meets a bad row.
PIECE_BYTES = 32 << 20
_ENCODINGS = {
    "UTF8": "utf-8",
    "UTF16": "utf-16",
    "UTF16LE": "utf-16-le",
    "UTF16BE": "utf-16-be",
    "ISO88591": "latin-1",
}
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, pa.ArrowException)


@contextmanager
def opened(path: Path, uri: str, compression: Compression) -> Iterator[BinaryIO]:
    """The content of a file; a damaged one is named when it is found to be one."""
    try:
        with _stream(path, compression) as stream:
            yield stream
    except _DAMAGED as error:
        raise damaged(uri, compression) from error
    except OSError as error:
        # bz2 and Arrow say so of a damaged stream; what the operating system says has a number.
        if error.errno is not None:
            raise
        raise damaged(uri, compression) from error


def _stream(path: Path, compression: Compression) -> BinaryIO:
    match compression:
        case "NONE":
            return path.open("rb")
        case "GZIP":
            return cast("BinaryIO", gzip.open(path, "rb"))
        case "BZIP2":
            return cast("BinaryIO", bz2.open(path, "rb"))
        case "ZSTD":
            return cast(
                "BinaryIO", io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"), CHUNK_BYTES)
            )
        case "LZOP":
            raise KitError("0A000", "COPY with LZOP is not supported", "Compress the files with GZIP or ZSTD.")


def decoded(stream: BinaryIO, encoding: str) -> TextIO:
    """The same as text. Lines end with a line feed alone; bytes that are no UTF-8 come as surrogates."""
    name = _ENCODINGS[encoding]
    errors = "surrogateescape" if name == "utf-8" else "replace"
    return io.TextIOWrapper(stream, encoding=name, errors=errors, newline="\n")


def damaged(uri: str, compression: Compression) -> KitError:
    what = "the file" if compression == "NONE" else f"its {compression} stream"
    return KitError(
        "XX000",
        f"Failed to read '{uri}': {what} is damaged or ends too early",
        "Nothing of this COPY was loaded. Write the file anew.",
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole records of a file, uncompressed, on the disk. `line` is the number of its first line, from 1.

    `lines` counts a last one without a line feed too. It is odd where DuckDB's reader and ours could take it
    differently: blank lines, code 0, a carriage return that ends no line, a byte-order mark, blanks behind quotes.
    """

    path: Path
    line: int
    lines: int
    is_odd: bool


@dataclass(frozen=True, slots=True)
class Quoting:
    """The characters of a CSV. Between two quotes a line feed ends no record."""

    quote: bytes
    delimiter: bytes

    @property
    def strays(self) -> re.Pattern[bytes]:
        """Blanks outside of quotes, next to one: the engine drops them, COPY keeps them or refuses the row.

        Also found where a word follows no quote inside of a text; never overlooked.
        """
        blank = b"[" + b"".join(each for each in (b" ", b"\t") if each != self.delimiter) + b"]+"
        other = b"[^ \ta-zA-Z0-9]" if self.delimiter != b"\t" else b"[^ a-zA-Z0-9]"
        quote = re.escape(self.quote)
        return re.compile(b"(?:^|%b)%b%b|%b%b(?:%b|$)" % (other, blank, quote, quote, blank, other))

    @property
    def fields(self) -> re.Pattern[bytes]:
        """What stands in quotes, up to the end of the text where it is not closed."""
        quote = re.escape(self.quote)
        return re.compile(b"%b[^%b]*(?:%b|\\Z)" % (quote, quote, quote))

    @property
    def misplaced(self) -> re.Pattern[bytes]:
        """A quote that neither begins nor ends a field, in a text whose quoted fields are a single quote each."""
        quote = re.escape(self.quote)
        inner = b"[^\r\n%b%b]" % (re.escape(self.delimiter), quote)
        return re.compile(b"(?<=%b)%b|%b(?=%b)" % (inner, quote, quote, inner))


def pieces(stream: BinaryIO, scratch: Path, quoting: Quoting | None) -> Iterator[Piece]:
    """A stream cut between records into files of about `PIECE_BYTES`; each is gone when the next one is asked for.

    Where quotes are not in pairs a piece may be cut inside of a record or grow: whoever reads it meets the bad quotes.
    """
    rest = b""
    line = 1
    while True:
        path = scratch.with_name(f"{scratch.name}-{line}")
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                look, rest = _filled(stream, target, rest, quoting)
            if look.size:
                yield Piece(path, line, look.lines, look.is_odd)
        finally:
            path.unlink(missing_ok=True)
        line += look.lines
        if not rest:
            return


def whole(path: Path, stream: BinaryIO, quoting: Quoting | None) -> Piece:
    """A file that is small and uncompressed, where it lies."""
    look = _Look(quoting)
    while chunk := stream.read(CHUNK_BYTES):
        look.see(chunk)
    look.end()
    return Piece(path, 1, look.lines, look.is_odd)


class _Look:
    """What is seen of a text that goes by."""

    def __init__(self, quoting: Quoting | None) -> None:
        self.lines = 0
        self.size = 0
        self._quoting = quoting
        self._is_inside = False
        self._is_odd = False
        self._returns = 0
        self._pairs = 0
        self._last = b"\n"

    @property
    def is_odd(self) -> bool:
        """A carriage return is odd unless it is part of a line's end, and so are lines that end in different ways."""
        feeds = self.lines - self._is_unended
        return self._is_odd or self._returns != self._pairs or self._pairs not in {0, feeds}

    def see(self, chunk: bytes) -> None:
        joined = self._last + chunk
        self.lines += chunk.count(b"\n")
        self.size += len(chunk)
        if b"\r" in joined:
            self._returns += chunk.count(b"\r")
            self._pairs += (joined[-len(chunk) - 1 :]).count(b"\r\n")
        self._is_odd = (
            self._is_odd
            or b"\n\n" in joined
            or b"\n\r\n" in joined
            or b"\0" in chunk
            or b"\xef\xbb\xbf" in joined
            or (self._quoting is not None and self._has_misplaced(self._quoting, chunk, joined))
        )
        self._last = joined[-2:]

    def _has_misplaced(self, quoting: Quoting, chunk: bytes, joined: bytes) -> bool:
        """Whether a quote stands elsewhere than at an end of a field. Looked at closely only where a blank is near."""
        inside = self._is_inside
        self._is_inside ^= chunk.count(quoting.quote) % 2 == 1
        if quoting.strays.search(joined) is None and not chunk.endswith(quoting.quote):
            return False
        begun = quoting.quote if inside else b""
        text = quoting.fields.sub(quoting.quote.replace(b"\\", b"\\\\"), begun + chunk)
        if not inside:
            text = self._last[-1:] + text
        return quoting.misplaced.search(text) is not None

    def end(self) -> None:
        self.lines += self._is_unended

    @property
    def _is_unended(self) -> bool:
        return self.size > 0 and self._last[-1:] != b"\n"


def _filled(stream: BinaryIO, target: BinaryIO, start: bytes, quoting: Quoting | None) -> tuple[_Look, bytes]:
    """Fill a piece; what was seen of it, and the beginning of the next one."""
    look = _Look(quoting)
    quote = quoting.quote if quoting is not None else b""
    quotes = 0
    chunk = start or stream.read(CHUNK_BYTES)
    while chunk:
        cut = 0
        if look.size + len(chunk) >= PIECE_BYTES:
            cut = _cut(chunk, quotes, quote)
        kept = chunk[:cut] if cut else chunk
        target.write(kept)
        look.see(kept)
        if cut:
            look.end()
            # Never empty while there may be more: an empty rest says that this piece was the last one.
            return look, chunk[cut:] or stream.read(CHUNK_BYTES)
        quotes += chunk.count(quote) if quote else 0
        chunk = stream.read(CHUNK_BYTES)
    look.end()
    return look, b""


def _cut(chunk: bytes, quotes: int, quote: bytes) -> int:
    """Where the last whole record of a chunk ends; 0 where none does."""
    end = chunk.rfind(b"\n") + 1
    if not quote:
        return end
    before = quotes + chunk.count(quote, 0, end)
    while end and before % 2:
        previous = chunk.rfind(b"\n", 0, end - 1) + 1
        before -= chunk.count(quote, previous, end)
        end = previous
    return end
