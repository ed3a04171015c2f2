"""COPY through the warehouse: what is loaded, what is left out and remembered, what is refused in which words."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import json
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

from kit.base.errors import KitError
from kit.warehouse import Warehouse
from kit.warehouse.load import copy_reading, copy_streams, loader
from kit.warehouse.load.records import LoadCommit, LoadError, LoadRecord, Replacement
from kit.warehouse.load.report import LoadStats
from kit.warehouse.sharing.values import dumped, loaded
from kit.workspace import Workspace

Put = Callable[[str, bytes], None]


@pytest.fixture
def put(workspace: Workspace) -> Put:
    def write(key: str, data: bytes) -> None:
        workspace.storage.put(f"s3://lake/{key}", data)

    return write


class RecentRecords:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.records: list[LoadRecord] = []

    def add(self, records: Iterable[LoadRecord]) -> None:
        self.records += records


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> RecentRecords:
    """What the warehouse tells its system tables; made before the warehouse is."""
    records = RecentRecords()
    original = loader.Loader.__init__

    def told(own: loader.Loader, *arguments: Any) -> None:
        original(own, *arguments[:-1], records)

    monkeypatch.setattr(loader.Loader, "__init__", told)
    return records


def kept(log: RecentRecords, kind: type) -> list[Any]:
    return [each for each in log.records if isinstance(each, kind)]


def rows(warehouse: Warehouse, sql: str = "SELECT * FROM t ORDER BY 1") -> list[tuple[Any, ...]]:
    return warehouse.sql(sql).rows


def test_every_object_under_a_prefix_is_loaded(warehouse: Warehouse, put: Put) -> None:
    put("in/a.csv", b'k,s\n1,"a, b"\n2,\n')
    put("in/b.csv", b'k,s\n3,"say ""hi"""\n,x\n')
    put("other.csv", b"k,s\n9,no\n")
    warehouse.sql("CREATE TABLE t (k int, s varchar(10)) DISTKEY(k)")

    told = warehouse.sql("COPY t FROM 's3://lake/in/' IAM_ROLE default REGION 'eu-west-1' CSV IGNOREHEADER 1")

    assert told.message == "Load into table 't' completed, 4 record(s) loaded successfully."
    assert rows(warehouse) == [(1, "a, b"), (2, ""), (3, 'say "hi"'), (None, "x")]


def test_keys_with_signs_of_a_pattern_are_names(warehouse: Warehouse, put: Put) -> None:
    put("in/a[1].csv", b"1\n")
    put("a1.csv", b"2\n")
    put("in/b*.csv", b"3\n")
    warehouse.sql("CREATE TABLE t (k int)")

    warehouse.sql("COPY t FROM 's3://lake/in/' CSV")

    assert rows(warehouse) == [(1,), (3,)]


def test_files_are_dealt_to_the_slices_in_turn(warehouse: Warehouse, log: RecentRecords, put: Put) -> None:
    for number in range(6):
        put(f"in/{number}.csv", f"{number}\n".encode())
    warehouse.sql("CREATE TABLE t (k int) DISTSTYLE EVEN")

    stats = warehouse.sql("COPY t FROM 's3://lake/in/' CSV").stats

    assert isinstance(stats, LoadStats)
    assert [(each.filename[-5:], each.slice) for each in stats.files] == [
        ("0.csv", 0),
        ("1.csv", 1),
        ("2.csv", 2),
        ("3.csv", 3),
        ("4.csv", 0),
        ("5.csv", 1),
    ]
    assert all(each.lines == 1 and each.ms > 0 for each in stats.files)
    assert set(stats.slice_ms) == {0, 1, 2, 3}
    assert kept(log, LoadCommit) == list(stats.files)


def test_one_file_leaves_the_other_slices_idle(warehouse: Warehouse, put: Put) -> None:
    put("one.csv", b"".join(b"%d\n" % number for number in range(1000)))
    warehouse.sql("CREATE TABLE t (k int) DISTSTYLE EVEN")

    stats = warehouse.sql("COPY t FROM 's3://lake/one.csv' CSV").stats

    assert stats.skew == pytest.approx(4.0)
    assert "1 file" in stats.summary()
    assert "skew 4.00" in stats.summary()


def test_a_large_parquet_file_is_shared_by_all_slices(
    warehouse: Warehouse, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "SPLIT_BYTES", 100)
    data = io.BytesIO()
    pq.write_table(pa.table({"k": list(range(10_000))}), data, row_group_size=1000)
    put("big.parquet", data.getvalue())
    warehouse.sql("CREATE TABLE t (k bigint) DISTSTYLE EVEN")

    stats = warehouse.sql("COPY t FROM 's3://lake/big.parquet' FORMAT PARQUET").stats

    assert [each.slice for each in stats.files] == [0, 1, 2, 3]
    assert all(each.is_partial for each in stats.files)
    assert rows(warehouse, "SELECT COUNT(*), SUM(k), COUNT(DISTINCT k) FROM t") == [(10_000, 49_995_000, 10_000)]


@pytest.mark.parametrize(
    ("suffix", "compress", "word"),
    [("gz", gzip.compress, "GZIP"), ("bz2", bz2.compress, "BZIP2"), ("zst", pa.Codec("zstd").compress, "ZSTD")],
)
def test_compressed_files_are_loaded_and_damaged_ones_named(
    warehouse: Warehouse, put: Put, suffix: str, compress: Callable[[bytes], Any], word: str
) -> None:
    text = b"".join(b"%d,row %d\n" % (number, number * 7919 % 1000) for number in range(5000))
    whole = bytes(compress(text)) if suffix != "zst" else _zstd(text)
    put(f"good.{suffix}", whole)
    put(f"cut.{suffix}", whole[: len(whole) // 2])
    put(f"plain.{suffix}", text)
    warehouse.sql("CREATE TABLE t (k int, s varchar(10))")

    warehouse.sql(f"COPY t FROM 's3://lake/good.{suffix}' CSV {word}")
    for bad in ("cut", "plain"):
        with pytest.raises(KitError, match=rf"Failed to read 's3://lake/{bad}.{suffix}': its {word} stream is damaged"):
            warehouse.sql(f"COPY t FROM 's3://lake/{bad}.{suffix}' CSV {word}")

    assert rows(warehouse, "SELECT COUNT(*), SUM(k) FROM t") == [(5000, 12_497_500)]


def _zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def test_a_gzip_with_a_wrong_checksum_is_not_loaded(warehouse: Warehouse, put: Put) -> None:
    data = bytearray(gzip.compress(b"1\n2\n3\n"))
    data[-8] ^= 0xFF
    put("in.gz", bytes(data))
    warehouse.sql("CREATE TABLE t (k int)")

    with pytest.raises(KitError, match="GZIP stream is damaged"):
        warehouse.sql("COPY t FROM 's3://lake/in.gz' CSV GZIP")

    assert rows(warehouse) == []


def test_bad_rows_are_left_out_and_remembered(warehouse: Warehouse, log: RecentRecords, put: Put) -> None:
    put("in.txt", b"1|a|1.239\n2|toolong|1\nx3|c|1\n4|d\n5|e|1|z\n6|f|1_0\n7|g|\n99999999999|h|1\n|i|1\n")
    warehouse.sql("CREATE TABLE t (k int NOT NULL, s varchar(4), d decimal(5,2))")

    told = warehouse.sql("COPY t FROM 's3://lake/in.txt' MAXERROR 100")

    assert told.message.splitlines()[1] == (
        "Load into table 't' completed, 7 record(s) could not be loaded.  "
        "Check 'stl_load_errors' system table for details."
    )
    assert rows(warehouse) == [(1, "a", Decimal("1.23")), (7, "g", None)]
    errors = kept(log, LoadError)
    assert [(each.line, each.column, each.code, each.reason) for each in errors] == [
        (2, "s", 1204, "String length exceeds DDL length"),
        (3, "k", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer"),
        (4, "", 1214, "Delimiter not found"),
        (5, "", 1202, "Extra column(s) found"),
        (6, "d", 1207, "Invalid digit, Value '_', Pos 1, Type: Decimal"),
        (8, "k", 1222, "Overflow (Integer valid range -2147483648 to 2147483647)"),
        (9, "k", 1213, "Missing data for not-null field"),
    ]
    first = errors[0]
    assert (first.filename, first.slice, first.type, first.length) == ("s3://lake/in.txt", 0, "varchar", "4")
    assert (first.raw_line, first.raw_value) == ("2|toolong|1", "toolong")


@pytest.mark.parametrize(("limit", "loads"), [("", False), ("MAXERROR 2", False), ("MAXERROR 3", True)])
def test_as_many_bad_rows_as_maxerror_fail_the_load(
    warehouse: Warehouse, log: RecentRecords, put: Put, limit: str, loads: bool
) -> None:
    put("in.txt", b"1\nx\n2\ny\n")
    warehouse.sql("CREATE TABLE t (k int)")

    if loads:
        warehouse.sql(f"COPY t FROM 's3://lake/in.txt' {limit}")
    else:
        with pytest.raises(KitError) as raised:
            warehouse.sql(f"COPY t FROM 's3://lake/in.txt' {limit}")
        assert raised.value.message == (
            "Load into table 't' failed.  Check 'stl_load_errors' system table for details."
        )
        assert "line 2 of 's3://lake/in.txt', column k" in raised.value.hint

    assert rows(warehouse, "SELECT COUNT(*) FROM t") == [(2 if loads else 0,)]
    assert kept(log, LoadError)[0].line == 2


def test_ignoreallerrors_loads_what_can_be(warehouse: Warehouse, put: Put) -> None:
    put("in.txt", b"x\n1\ny\n")
    warehouse.sql("CREATE TABLE t (k int)")

    warehouse.sql("COPY t FROM 's3://lake/in.txt' IGNOREALLERRORS")

    assert rows(warehouse) == [(1,)]


def test_a_bad_row_of_a_large_file_has_its_own_line_number(
    warehouse: Warehouse, log: RecentRecords, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_streams, "PIECE_BYTES", 1000)
    monkeypatch.setattr(copy_streams, "CHUNK_BYTES", 300)
    lines = [b'%d,"a\nb"\n' % number for number in range(1000)]
    lines[700] = b"seven,x\n"
    put("in.gz", gzip.compress(b"k,s\n" + b"".join(lines)))
    warehouse.sql("CREATE TABLE t (k int, s varchar(9))")

    warehouse.sql("COPY t FROM 's3://lake/in.gz' CSV GZIP IGNOREHEADER 1 MAXERROR 2")

    (error,) = kept(log, LoadError)
    assert (error.line, error.raw_line) == (1 + 700 * 2 + 1, "seven,x")
    assert rows(warehouse, "SELECT COUNT(*), COUNT(DISTINCT k), MIN(LEN(s)) FROM t") == [(999, 999, 3)]


def test_noload_checks_and_loads_nothing(warehouse: Warehouse, put: Put) -> None:
    put("good.txt", b"1\n")
    put("bad.txt", b"x\n")
    warehouse.sql("CREATE TABLE t (k int)")

    warehouse.sql("COPY t FROM 's3://lake/good.txt' NOLOAD")
    with pytest.raises(KitError, match="Load into table 't' failed"):
        warehouse.sql("COPY t FROM 's3://lake/bad.txt' NOLOAD")

    assert rows(warehouse) == []


WRITTEN = {
    "null as": ("NULL AS 'nil'", b"nil|nil\n1|x\n", [(1, "x"), (None, None)]),
    "backslash n is null": ("", b"\\N|\\N\n", [(None, None)]),
    "null as code 0": ("NULL AS '\\\\0'", b"1|\0\n", [(1, None)]),
    "empty is empty": ("", b"|\n", [(None, "")]),
    "emptyasnull": ("EMPTYASNULL", b"|\n1|x\n", [(1, "x"), (None, None)]),
    "blanks stay": ("", b"  |  \n", [(None, "  ")]),
    "blanksasnull": ("BLANKSASNULL", b"1|  \n2|\n", [(1, None), (2, "")]),
    "trimblanks": ("TRIMBLANKS", b"1| x  \n", [(1, " x")]),
    "truncatecolumns": ("TRUNCATECOLUMNS", "1|abcdé\n2|abcdéf\n".encode(), [(1, "abcd"), (2, "abcd")]),
    "ignoreheader": ("IGNOREHEADER 2", b"a\nb\n1|x\n", [(1, "x")]),
    "header longer than the file": ("IGNOREHEADER 9", b"a\nb\n", []),
    "delimiter": ("DELIMITER '\\\\t'", b"1\tx\n", [(1, "x")]),
    "delimiter at the end": ("", b"1|x|\n", [(1, "x")]),
    "fillrecord": ("FILLRECORD", b"1\n2|x\n", [(1, ""), (2, "x")]),
    "ignoreblanklines": ("IGNOREBLANKLINES", b"1|x\n\n2|y\n", [(1, "x"), (2, "y")]),
    "escape": ("ESCAPE", b"1|a\\|b\n2|c\\\nd\n3|\\N\n4|\\\\\n", [(1, "a|b"), (2, "c\nd"), (3, None), (4, "\\")]),
    "removequotes": ("REMOVEQUOTES", b'1|"a|b"\n2|\'c\'\n3|d"\n', [(1, "a|b"), (2, "c"), (3, 'd"')]),
    "csv quotes": ("CSV QUOTE '%'", b"1,%a,b%\n2,%c%%d%\n", [(1, "a,b"), (2, "c%d")]),
    "csv line feeds": ("CSV", b'1,"a\n\nb"\r\n2,c\r\n', [(1, "a\n\nb"), (2, "c")]),
    "fixed width": ("FIXEDWIDTH 'k:3,s:2'", b" 12ab\n345c \n", [(12, "ab"), (345, "c ")]),
    "utf-16": ("ENCODING UTF16", "1|é\n".encode("utf-16"), [(1, "é")]),
    "latin-1": ("ENCODING ISO88591", "1|é\n".encode("latin-1"), [(1, "é")]),
    "byte-order mark": ("", b"\xef\xbb\xbf1|x\n", [(1, "x")]),
    "no line feed at the end": ("", b"1|x\n2|y", [(1, "x"), (2, "y")]),
    "nothing at all": ("", b"", []),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_text_is_read_as_its_options_say(warehouse: Warehouse, put: Put, what: str) -> None:
    options, data, expected = WRITTEN[what]
    put("in.txt", data)
    warehouse.sql("CREATE TABLE t (k int, s varchar(5))")

    warehouse.sql(f"COPY t FROM 's3://lake/in.txt' {options}")

    assert rows(warehouse) == expected


VALUES = {
    ("decimal(8,2)", "20.259", ""): Decimal("20.25"),
    ("decimal(8,2)", "20.259", "ROUNDEC"): Decimal("20.26"),
    ("decimal(8,0)", "-.9", ""): Decimal(0),
    ("decimal(8,2)", " -1.239 ", ""): Decimal("-1.23"),
    ("smallint", " +7 ", ""): 7,
    ("boolean", "yes", ""): True,
    ("date", "2008-01-31", ""): date(2008, 1, 31),
    ("date", "2008-01-31 10:00:00", ""): date(2008, 1, 31),
    ("date", "31.01.2008", "DATEFORMAT 'DD.MM.YYYY'"): date(2008, 1, 31),
    ("date", "Jan 31, 2008", "DATEFORMAT 'auto'"): date(2008, 1, 31),
    ("date", "00/00/0000", "DATEFORMAT 'auto' ACCEPTANYDATE"): None,
    ("timestamp", "2008-01-31 10:11:12.5", ""): datetime(2008, 1, 31, 10, 11, 12, 500_000),
    ("timestamp", "2008-01-31", ""): datetime(2008, 1, 31),
    ("timestamp", "2008-01-31T10:11:12", "TIMEFORMAT 'auto'"): datetime(2008, 1, 31, 10, 11, 12),
    ("timestamp", "31.01.2008 10:11 PM", "TIMEFORMAT 'DD.MM.YYYY HH:MI AM'"): datetime(2008, 1, 31, 22, 11),
    ("timestamp", "1201774272", "TIMEFORMAT 'epochsecs'"): datetime(2008, 1, 31, 10, 11, 12),
    ("timestamp", "1201774272500", "TIMEFORMAT 'epochmillisecs'"): datetime(2008, 1, 31, 10, 11, 12, 500_000),
    ("char(3)", "ab  ", ""): "ab",
    ("super", '{"a": [1]}', ""): '{"a": [1]}',
}


@pytest.mark.parametrize(("kind", "text", "options"), VALUES)
def test_a_field_becomes_a_value_of_its_columns_type(
    warehouse: Warehouse, put: Put, kind: str, text: str, options: str
) -> None:
    put("in.txt", f"{text}\n".encode())
    warehouse.sql(f"CREATE TABLE t (v {kind})")

    warehouse.sql(f"COPY t FROM 's3://lake/in.txt' {options}")

    assert rows(warehouse) == [(VALUES[kind, text, options],)]


FAULTS = {
    ("smallint", b"32768"): (1222, "Overflow (Short valid range -32768 to 32767)"),
    ("int", b"1.5"): (1207, "Invalid digit, Value '.', Pos 1, Type: Integer"),
    ("int", b"0x10"): (1207, "Invalid digit, Value 'x', Pos 1, Type: Integer"),
    ("decimal(3,1)", b"123.4"): (1204, "Overflow for NUMERIC(3,1)"),
    ("float8", b"abc"): (1208, "Invalid digit, Value 'a', Pos 0, Type: Double"),
    ("boolean", b"maybe"): (1210, "Unknown boolean format"),
    ("date", b"2008-1-1"): (1205, "Invalid Date Format - length must be 10 or more"),
    ("date", b"2008-02-30"): (1205, "Invalid date format or value [YYYY-MM-DD]"),
    ("timestamp", b"2008-01-31T10:00:00"): (1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"),
    ("char(5)", "aé".encode()): (
        1220,
        "Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: c3 a9",
    ),
    ("varchar(5)", b"a\xa4"): (
        1220,
        "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: a4 (error 3)",
    ),
    ("super", b"{a:1}"): (1224, "Invalid JSON format for SUPER"),
}


@pytest.mark.parametrize(("kind", "data"), FAULTS)
def test_a_field_that_is_no_value_has_its_code_and_reason(
    warehouse: Warehouse, log: RecentRecords, put: Put, kind: str, data: bytes
) -> None:
    put("in.txt", data + b"\n")
    warehouse.sql(f"CREATE TABLE t (v {kind})")

    with pytest.raises(KitError, match="Load into table 't' failed"):
        warehouse.sql("COPY t FROM 's3://lake/in.txt'")

    (error,) = kept(log, LoadError)
    code, reason = FAULTS[kind, data]
    assert (error.code, error.reason, error.column) == (code, reason[:100], "v")


def test_a_csv_quote_that_is_not_closed_is_one_bad_row(warehouse: Warehouse, log: RecentRecords, put: Put) -> None:
    put("in.csv", b'1,"a"x\n2,b\n')
    warehouse.sql("CREATE TABLE t (k int, s varchar(5))")

    warehouse.sql("COPY t FROM 's3://lake/in.csv' CSV MAXERROR 2")

    assert rows(warehouse) == [(2, "b")]
    assert [each.reason for each in kept(log, LoadError)] == ["Invalid quote formatting for CSV"]


def test_acceptinvchars_replaces_each_bad_byte_and_tells(warehouse: Warehouse, log: RecentRecords, put: Put) -> None:
    put("in.txt", b"1|a\xe9\xa4b\n2|ok\n")
    warehouse.sql("CREATE TABLE t (k int, s varchar(5))")

    told = warehouse.sql("COPY t FROM 's3://lake/in.txt' ACCEPTINVCHARS '^'")

    assert "1 record(s) were loaded with replacements made for ACCEPTINVCHARS" in told.message
    assert rows(warehouse) == [(1, "a^^b"), (2, "ok")]
    assert [(each.line, each.column) for each in kept(log, Replacement)] == [(1, "s")]


JSON = (
    b'{"k": 1, "S": "x", "n": {"a": [1.10, null]}}\n'
    b'{"k": "2", "s": "y", "more": true}[1]{"k": 3,\n"s": null}\n'
    b'{"k": x}\n{"k": 5}'
)


def test_json_by_names(warehouse: Warehouse, log: RecentRecords, put: Put) -> None:
    put("in.json", JSON)
    warehouse.sql("CREATE TABLE t (k int, s varchar(5), n super)")

    warehouse.sql("COPY t FROM 's3://lake/in.json' FORMAT JSON 'auto' MAXERROR 3")

    assert rows(warehouse) == [
        (1, None, '{"a":[1.1,null]}'),
        (2, "y", None),
        (3, None, None),
        (5, None, None),
    ]
    assert [(each.line, each.reason) for each in kept(log, LoadError)] == [
        (2, "Invalid JSONPath format: Member is not an object."),
        (4, "Invalid JSON object"),
    ]


def test_json_without_regard_to_case_by_paths_and_whole(warehouse: Warehouse, put: Put) -> None:
    put("in.json", b'{"K": 1, "n": {"a": [1.10, "z"]}}')
    put("paths.json", json.dumps({"jsonpaths": ["$.K", "$['n'].a[1]"]}).encode())
    warehouse.sql("CREATE TABLE t (k int, s varchar(5)); CREATE TABLE whole (document super)")

    warehouse.sql("COPY t FROM 's3://lake/in.json' JSON 'auto ignorecase'")
    warehouse.sql("COPY t FROM 's3://lake/in.json' JSON 's3://lake/paths.json'")
    warehouse.sql("COPY whole FROM 's3://lake/in.json' JSON 'noshred'")

    assert rows(warehouse, "SELECT k, s FROM t ORDER BY s") == [(1, "z"), (1, None)]
    assert rows(warehouse, "SELECT document FROM whole") == [('{"K":1,"n":{"a":[1.1,"z"]}}',)]


def test_numbers_of_json_keep_their_digits(warehouse: Warehouse, put: Put) -> None:
    put("in.json", b'{"d": 12345678901234567890.123456789012345678, "s": 1.10}')
    warehouse.sql("CREATE TABLE t (d decimal(38,18), s varchar(5))")

    warehouse.sql("COPY t FROM 's3://lake/in.json' JSON 'auto'")

    assert rows(warehouse) == [(Decimal("12345678901234567890.123456789012345678"), "1.10")]


def test_jsonpaths_have_to_be_as_many_as_columns(warehouse: Warehouse, put: Put) -> None:
    put("in.json", b"{}")
    put("paths.json", b'{"jsonpaths": ["$.a"]}')
    warehouse.sql("CREATE TABLE t (k int, s varchar(5))")

    with pytest.raises(KitError, match="JSONPath size: 1, Number of columns in table or column list: 2"):
        warehouse.sql("COPY t FROM 's3://lake/in.json' JSON 's3://lake/paths.json'")


AVRO = {
    "type": "record",
    "name": "r",
    "fields": [
        {"name": "k", "type": "long"},
        {"name": "S", "type": ["null", "string"]},
        {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "list", "type": {"type": "array", "items": "int"}},
    ],
}


def test_avro_by_names_and_by_paths(warehouse: Warehouse, put: Put) -> None:
    data = io.BytesIO()
    record = {"k": 1, "S": "x", "d": Decimal("1.25"), "day": date(2008, 1, 31), "list": [4, 5]}
    fastavro.writer(data, AVRO, [record, {**record, "k": 2, "S": None}])
    put("in.avro", data.getvalue())
    put("cut.avro", data.getvalue()[:-9])
    put("paths.json", b'{"jsonpaths": ["$.list[1]", "$.S"]}')
    warehouse.sql("CREATE TABLE t (k int, s varchar(5), d decimal(6,2), day date, list super)")

    warehouse.sql("COPY t FROM 's3://lake/in.avro' FORMAT AVRO 'auto'")
    warehouse.sql("COPY t FROM 's3://lake/in.avro' FORMAT AVRO 'auto ignorecase'")
    warehouse.sql("COPY t (k, s) FROM 's3://lake/in.avro' FORMAT AVRO 's3://lake/paths.json'")
    with pytest.raises(KitError, match="the file is damaged or ends too early"):
        warehouse.sql("COPY t FROM 's3://lake/cut.avro' FORMAT AVRO 'auto'")

    day = date(2008, 1, 31)
    assert rows(warehouse, "SELECT * FROM t ORDER BY k, s") == [
        (1, "x", Decimal("1.25"), day, "[4,5]"),
        (1, None, Decimal("1.25"), day, "[4,5]"),
        (2, None, Decimal("1.25"), day, "[4,5]"),
        (2, None, Decimal("1.25"), day, "[4,5]"),
        (5, "x", None, None, None),
        (5, None, None, None, None),
    ]


@pytest.fixture
def columnar(put: Put) -> None:
    table = pa.table({"k": pa.array([1, 2], pa.int32()), "s": ["a", None], "n": [{"x": 1}, None]})
    for name, write in (("parquet", pq.write_table), ("orc", orc.write_table)):
        data = io.BytesIO()
        write(table, data)
        put(f"in.{name}", data.getvalue())
        flat = io.BytesIO()
        write(table.select(["k", "s"]), flat)
        put(f"flat.{name}", flat.getvalue())
        put(f"cut.{name}", flat.getvalue()[:-20])


@pytest.mark.parametrize("kind", ["PARQUET", "ORC"])
@pytest.mark.usefixtures("columnar")
def test_columnar_files_are_loaded_by_position(warehouse: Warehouse, kind: str) -> None:
    warehouse.sql("CREATE TABLE t (a bigint, b varchar(5), n super)")

    warehouse.sql(f"COPY t (a, b) FROM 's3://lake/flat.{kind.lower()}' FORMAT AS {kind}")
    warehouse.sql(f"COPY t FROM 's3://lake/in.{kind.lower()}' FORMAT AS {kind} SERIALIZETOJSON")

    assert rows(warehouse, "SELECT * FROM t ORDER BY a, n") == [
        (1, "a", '{"x":1}'),
        (1, "a", None),
        (2, None, None),
        (2, None, None),
    ]


@pytest.mark.parametrize("kind", ["PARQUET", "ORC"])
@pytest.mark.parametrize(
    ("columns", "file", "words"),
    [
        ("a int", "flat", "Unmatched number of columns between table and file. Table columns: 1, Data columns: 2"),
        ("a varchar(5), b int", "flat", "incompatible Parquet schema for column 'k'. Column type: CHARACTER VARYING"),
        ("a int, b varchar(5), n super", "in", "incompatible Parquet schema for column 'n'"),
        ("a int, b varchar(5) NOT NULL", "flat", "Missing data for not-null field, column b"),
        ("a int, b varchar(5)", "cut", "the file is damaged or ends too early"),
    ],
)
@pytest.mark.usefixtures("columnar")
def test_columnar_files_that_do_not_fit_are_refused(
    warehouse: Warehouse, kind: str, columns: str, file: str, words: str
) -> None:
    warehouse.sql(f"CREATE TABLE t ({columns})")

    with pytest.raises(KitError) as raised:
        warehouse.sql(f"COPY t FROM 's3://lake/{file}.{kind.lower()}' FORMAT AS {kind}")

    assert words in raised.value.message
    assert rows(warehouse) == []


def test_columnar_text_longer_than_its_column_is_refused(warehouse: Warehouse, put: Put) -> None:
    data = io.BytesIO()
    pq.write_table(pa.table({"s": ["abcdef"]}), data)
    put("in.parquet", data.getvalue())
    warehouse.sql("CREATE TABLE t (s varchar(3))")

    with pytest.raises(KitError, match=r"longer than the length defined in the table. Table: 3, Data: 6"):
        warehouse.sql("COPY t FROM 's3://lake/in.parquet' FORMAT PARQUET")


def test_a_manifest_names_the_files(warehouse: Warehouse, put: Put) -> None:
    put("a.csv", b"1\n")
    put("b.csv", b"2\n")
    entries = [{"url": "s3://lake/a.csv", "mandatory": True}, {"url": "s3://lake/gone.csv", "mandatory": False}]
    put("list.json", json.dumps({"entries": entries}).encode())
    warehouse.sql("CREATE TABLE t (k int)")

    warehouse.sql("COPY t FROM 's3://lake/list.json' CSV MANIFEST")

    assert rows(warehouse) == [(1,)]


@pytest.mark.parametrize(
    ("entry", "options", "words"),
    [
        ({"url": "s3://lake/gone.csv", "mandatory": True}, "CSV", "The specified S3 prefix 'gone.csv' does not exist"),
        ({"url": "s3://lake/a.csv", "meta": {"content_length": 9}}, "CSV", "has 9 bytes, but it has 2"),
        ({"url": "s3://lake/a.csv"}, "FORMAT PARQUET", "needs 'meta.content_length'"),
        ({"uri": "s3://lake/a.csv"}, "CSV", "entry 1 has no 'url'"),
        ({"url": "a.csv"}, "CSV", "entry 1 is no S3 URI: 'a.csv'"),
    ],
)
def test_a_manifest_that_cannot_be_followed_is_refused(
    warehouse: Warehouse, put: Put, entry: dict[str, Any], options: str, words: str
) -> None:
    put("a.csv", b"1\n")
    put("list.json", json.dumps({"entries": [entry]}).encode())
    warehouse.sql("CREATE TABLE t (k int)")

    with pytest.raises(KitError) as raised:
        warehouse.sql(f"COPY t FROM 's3://lake/list.json' MANIFEST {options}")

    assert words in raised.value.message
    assert rows(warehouse) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("COPY t FROM 's3://lake/none' CSV", "The specified S3 prefix 'none' does not exist"),
        ("COPY t FROM 's3://lake/none.json' CSV MANIFEST", "The specified key does not exist: 's3://lake/none.json'"),
        ("COPY t FROM 's3://lake/a.csv' LZOP", "COPY with LZOP is not supported"),
        ("COPY t FROM 's3://lake/a.csv' ENCRYPTED", "COPY with ENCRYPTED is not supported"),
        ("COPY t (nope) FROM 's3://lake/a.csv'", 'column "nope" of relation "t" does not exist'),
        ("COPY t (k, k) FROM 's3://lake/a.csv'", 'column "k" specified more than once'),
        ("COPY gone FROM 's3://lake/a.csv'", '"gone" does not exist'),
        ("COPY t FROM 's3://lake/a.csv' TIMEFORMAT 'YYYY Q'", "'Q' is not supported"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(warehouse: Warehouse, put: Put, statement: str, words: str) -> None:
    put("a.csv", b"1|2008-01-01\n")
    warehouse.sql("CREATE TABLE t (k int, at timestamp)")

    with pytest.raises(KitError) as raised:
        warehouse.sql(statement)

    assert words in raised.value.message


def test_a_load_can_be_cancelled(warehouse: Warehouse, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put("in.txt", b"1\n" * 100)
    warehouse.sql("CREATE TABLE t (k int)")
    original = copy_reading.records

    def cancelled(*arguments: Any) -> Any:
        warehouse.cancel()
        return original(*arguments)

    monkeypatch.setattr(copy_reading, "records", cancelled)

    with pytest.raises(KitError) as raised:
        warehouse.sql("COPY t FROM 's3://lake/in.txt' FILLRECORD")

    assert raised.value.code == "57014"
    assert rows(warehouse) == []


def test_statistics_are_counted_kept_or_left(warehouse: Warehouse, put: Put) -> None:
    put("in.txt", b"1\n2\n3\n")
    for name, option in (("a", ""), ("b", "STATUPDATE OFF"), ("c", "STATUPDATE ON COMPUPDATE ON")):
        warehouse.sql(f"CREATE TABLE {name} (k int); COPY {name} FROM 's3://lake/in.txt' {option}")

    analyzed = [warehouse._cluster.catalog.relations["public", name].analyzed_rows for name in "abc"]

    assert analyzed == [3, None, 3]


def test_a_load_inside_a_block_goes_with_the_block(warehouse: Warehouse, put: Put) -> None:
    put("in.txt", b"1\n")
    warehouse.sql("CREATE TABLE t (k int)")

    warehouse.sql("BEGIN; COPY t FROM 's3://lake/in.txt'")
    assert rows(warehouse) == [(1,)]
    warehouse.sql("ROLLBACK")

    assert rows(warehouse) == []


def test_nothing_is_left_behind_in_the_spill_folder(warehouse: Warehouse, put: Put) -> None:
    put("in.gz", gzip.compress(b"1\nx\n"))
    warehouse.sql("CREATE TABLE t (k int)")

    warehouse.sql("COPY t FROM 's3://lake/in.gz' GZIP MAXERROR 5")

    assert list((warehouse._cluster.folder / "spill").iterdir()) == []


def test_columns_that_the_files_do_not_hold_have_their_default(warehouse: Warehouse, put: Put) -> None:
    put("in.txt", b"1\n2\n")
    warehouse.sql(
        "CREATE TABLE t (k int, s varchar(9) DEFAULT 'it''s', at timestamp DEFAULT getdate(), "
        "n int DEFAULT 1 + 1, x int)"
    )

    warehouse.sql("COPY t (k) FROM 's3://lake/in.txt'")

    at = datetime(2026, 1, 1)
    assert rows(warehouse) == [(1, "it's", at, 2, None), (2, "it's", at, 2, None)]


def test_an_identity_is_numbered_over_all_files_or_taken_from_them(warehouse: Warehouse, put: Put) -> None:
    for number in range(5):
        put(f"in/{number}.txt", b"a\nb\n")
    put("ids.txt", b"100|c\n")
    warehouse.sql("CREATE TABLE t (id bigint IDENTITY(1, 2), s varchar(9)) DISTKEY(id)")

    warehouse.sql("COPY t FROM 's3://lake/in/'")
    warehouse.sql("COPY t FROM 's3://lake/ids.txt' EXPLICIT_IDS")
    with pytest.raises(KitError, match='cannot set identity column "id" to a value'):
        warehouse.sql("COPY t (id, s) FROM 's3://lake/ids.txt'")

    assert rows(warehouse, "SELECT id FROM t ORDER BY id") == [(number,) for number in [*range(1, 21, 2), 100]]


def test_a_full_disk_is_named_and_loads_nothing(
    warehouse: Warehouse, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("in.gz", gzip.compress(b"1\n2\n"))
    warehouse.sql("CREATE TABLE t (k int)")

    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(copy_streams, "_filled", full)

    with pytest.raises(KitError, match="Disk Full") as raised:
        warehouse.sql("COPY t FROM 's3://lake/in.gz' GZIP")

    assert raised.value.code == "53100"
    assert rows(warehouse) == []
    assert list((warehouse._cluster.folder / "spill").iterdir()) == []


def test_progress_is_told_file_by_file(warehouse: Warehouse, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        put(f"in/{number}.csv", b"1\n")
    warehouse.sql("CREATE TABLE t (k int)")
    told: list[tuple[float | None, str]] = []
    original = loader.Loader.copy

    def copied(own: loader.Loader, call: Any, statement: Any, progress: Any) -> Any:
        class Told:
            def update(self, fraction: float | None, message: str = "") -> None:
                told.append((fraction, message))

        return original(own, call, statement, Told())

    monkeypatch.setattr(loader.Loader, "copy", copied)

    warehouse.sql("COPY t FROM 's3://lake/in/' CSV")

    assert [message for _, message in told] == ["1 of 3 files", "2 of 3 files", "3 of 3 files", "placing rows"]
    assert told[2][0] == 1.0


def test_statistics_reach_a_notebook_that_asks_through_another(warehouse: Warehouse, put: Put) -> None:
    put("in.txt", b"1\nx\n")
    warehouse.sql("CREATE TABLE t (k int)")

    loading = warehouse.sql("COPY t FROM 's3://lake/in.txt' MAXERROR 5").stats
    unloading = warehouse.sql("UNLOAD ('SELECT k FROM t') TO 's3://lake/out/'").stats

    assert loaded(dumped(loading)) == loading
    assert loaded(dumped(unloading)) == unloading
