"""Lines of text objects: where they end, what they are packed in, what is wrong with them."""

import bz2
import gzip
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from kit.athena.scan import lines as module
from kit.athena.scan.lines import Lines, LineShape
from kit.athena.scan.source import DataFile, Watch
from kit.base.errors import KitError

PLAIN = LineShape("", 0, 0)
SAMPLE = b"one\ntwo\r\n\nfour"


def data_file(path: Path) -> DataFile:
    return DataFile(f"s3://b/{path.name}", path, path.stat().st_size if path.exists() else 0, "e", datetime.now(UTC))


def read(*paths: Path, shape: LineShape = PLAIN, watch: Watch | None = None) -> list[tuple[int, str]]:
    source = Lines([data_file(path) for path in paths], watch=watch or Watch(), shape=shape)
    table = pa.RecordBatchReader.from_stream(source).read_all()
    return list(zip(table["file"].to_pylist(), table["line"].to_pylist(), strict=True))


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\r\nb\rc\n\nd", ["a", "b", "c", "", "d"]),
        (b"\xef\xbb\xbfa\nb", ["a", "b"]),
        (b"a\n\xef\xbb\xbfb", ["a", "\ufeffb"]),
        (b"a\x7fb\x01\n", ["a\x7fb\x01"]),
        (b"  \n\t\n", ["  ", "\t"]),
    ],
)
def test_lines_end_at_any_kind_of_break(tmp_path: Path, data: bytes, expected: list[str]) -> None:
    path = written(tmp_path, "x.txt", data)

    assert read(path) == [(0, line) for line in expected]


@pytest.mark.parametrize("block", [4, 5, 7, 64])
def test_blocks_never_cut_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", block)
    text = "".join(f"line {number}{'x' * (number % 9)}\r\n" for number in range(50)) + "last"
    path = written(tmp_path, "x.txt", text.encode())

    assert [line for _, line in read(path)] == text.replace("\r\n", "\n").split("\n")


def test_a_line_may_be_longer_than_a_chunk(tmp_path: Path) -> None:
    path = written(tmp_path, "x.txt", b"a\n" + b"y" * 3_000_000 + b"\nb\n")

    assert [len(line) for _, line in read(path)] == [1, 3_000_000, 1]


def test_a_block_that_holds_every_control_character_is_split_all_the_same(tmp_path: Path) -> None:
    controls = bytes(code for code in range(1, 128) if code not in (10, 13))
    path = written(tmp_path, "x.bin", controls + b"\n" + controls)

    assert [line for _, line in read(path)] == [controls.decode()] * 2


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("x.gz", gzip.compress(SAMPLE)),
        ("x.gz", gzip.compress(SAMPLE[:5]) + gzip.compress(SAMPLE[5:])),
        ("x.bz2", bz2.compress(SAMPLE)),
        ("x.deflate", zlib.compress(SAMPLE)),
        ("x.zst", pa.Codec("zstd").compress(SAMPLE, asbytes=True)),
        ("x.csv.GZ", gzip.compress(SAMPLE)),
    ],
)
def test_the_suffix_says_what_an_object_is_packed_with(tmp_path: Path, name: str, packed: bytes) -> None:
    watch = Watch()
    path = written(tmp_path, name, packed)

    assert [line for _, line in read(path, watch=watch)] == ["one", "two", "", "four"]
    assert watch.bytes_read == len(packed)


@pytest.mark.parametrize(("suffix", "codec"), [("snappy", "snappy"), ("lz4", "lz4_raw")])
def test_hadoops_framing_of_snappy_and_lz4(tmp_path: Path, suffix: str, codec: str) -> None:
    def block(data: bytes) -> bytes:
        packed = pa.Codec(codec).compress(data, asbytes=True)
        return struct.pack(">II", len(data), len(packed)) + packed

    path = written(tmp_path, f"x.{suffix}", block(SAMPLE[:6]) + block(SAMPLE[6:]))

    assert [line for _, line in read(path)] == ["one", "two", "", "four"]


def test_an_unsupported_codec_is_refused_by_name(tmp_path: Path) -> None:
    path = written(tmp_path, "x.lzo", b"whatever")

    with pytest.raises(pa.ArrowInvalid, match="LZO-compressed objects"):
        read(path)


@pytest.mark.parametrize("name", ["x.gz", "x.bz2", "x.zst"])
def test_damaged_bytes_are_a_cursor_error_that_names_the_object(tmp_path: Path, name: str) -> None:
    packed = {"x.gz": gzip.compress, "x.bz2": bz2.compress, "x.zst": pa.Codec("zstd").compress}[name]
    path = written(tmp_path, name, bytes(packed(SAMPLE * 100))[:-9])
    watch = Watch()

    with pytest.raises(pa.ArrowInvalid):
        read(path, watch=watch)

    assert watch.error is not None
    assert watch.error.code == "HIVE_CURSOR_ERROR"
    assert f"s3://b/{name}" in watch.error.message
    assert str(tmp_path) not in str(watch.error)


def test_bytes_that_are_not_utf8_are_bad_data_with_a_way_out(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", "caf\xe9\n".encode("latin-1"))
    watch = Watch()

    with pytest.raises(pa.ArrowInvalid):
        read(path, watch=watch)

    assert watch.error is not None
    assert (watch.error.code, "serialization.encoding" in watch.error.hint) == ("HIVE_BAD_DATA", True)
    assert [line for _, line in read(path, shape=LineShape("ISO-8859-1", 0, 0))] == ["caf\xe9"]


def test_utf16_is_read_when_it_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", "a,\u00e4\nb,\U0001f600\n".encode("utf-16"))

    assert [line for _, line in read(path, shape=LineShape("UTF-16", 0, 0))] == ["a,\u00e4", "b,\U0001f600"]


def test_an_object_that_is_gone_cannot_be_opened(tmp_path: Path) -> None:
    watch = Watch()

    with pytest.raises(pa.ArrowInvalid):
        read(tmp_path / "gone.csv", watch=watch)

    assert watch.error is not None
    assert watch.error.code == "HIVE_CANNOT_OPEN_SPLIT"
    assert "s3://b/gone.csv" in watch.error.message


def test_headers_and_footers_are_left_out_of_every_object(tmp_path: Path) -> None:
    first = written(tmp_path, "1.csv", b"h1\nh2\na\nb\nf\n")
    second = written(tmp_path, "2.csv", b"h1\nh2\nf\n")
    third = written(tmp_path, "3.csv", b"h1")

    assert read(first, second, third, shape=LineShape("", 2, 1)) == [(0, "a"), (0, "b")]


def test_a_stream_can_be_read_again(tmp_path: Path) -> None:
    source = Lines([data_file(written(tmp_path, "x.txt", b"a\nb\n"))], watch=Watch(), shape=PLAIN)

    counts = [pa.RecordBatchReader.from_stream(source).read_all().num_rows for _ in range(2)]

    assert counts == [2, 2]


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"Unknown serialization\.encoding .klingon."):
        Lines([], watch=Watch(), shape=LineShape("klingon", 0, 0))
