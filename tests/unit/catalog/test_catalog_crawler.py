"""Crawls, case by case: which tables come of which folders, and what a second crawl changes."""

import bz2
import gzip
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from kit.base.errors import KitError
from kit.catalog import Catalog, Column, Table
from kit.catalog.classifiers import CsvClassifier
from kit.catalog.serde import LAZY_SIMPLE, OPEN_CSV, OPENX_JSON, PARQUET, descriptor
from kit.storage import Storage

Put = Callable[..., None]
ErrorOf = Callable[[Callable[[], object]], KitError]

CSV = ("id,name,delay", "1,Anna,2.5", "2,Ben,")


def schema(table: Table) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}


def reasons(report: object) -> dict[str, str]:
    return {each.uri.removeprefix("s3://lake/"): each.reason for each in report.ignored}  # type: ignore[attr-defined]


def test_a_csv_with_a_header(catalog: Catalog, storage: Storage) -> None:
    text = "Id,Full Name,Ratio,Ok,Day,At,Empty\n" + "7,Zoë,-0.5,true,2013-01-31,2013-01-31 10:00:00,\n" * 3
    storage.put("s3://lake/people/a.csv", text)
    report = catalog.crawl("s3://lake/people/", database="NYC")
    table = catalog.table("nyc", "people")
    assert report.created == ("people",)
    assert schema(table) == {
        "id": "bigint",
        "full name": "string",
        "ratio": "double",
        "ok": "boolean",
        "day": "date",
        "at": "timestamp",
        "empty": "string",
    }
    assert table.descriptor.location == "s3://lake/people/"
    assert (table.descriptor.serde.library, table.descriptor.serde.parameters) == (LAZY_SIMPLE, {"field.delim": ","})
    assert table.descriptor.input_format == "org.apache.hadoop.mapred.TextInputFormat"
    assert table.parameters == {
        "classification": "csv",
        "compressionType": "none",
        "typeOfData": "file",
        "delimiter": ",",
        "columnsOrdered": "true",
        "areColumnsQuoted": "false",
        "skip.header.line.count": "1",
        "recordCount": "3",
        "averageRecordSize": str(round(len(text.encode()) / 4)),
        "sizeKey": str(len(text.encode())),
        "objectCount": "1",
    }
    assert table.partition_keys == ()
    assert not table.descriptor.compressed


@pytest.mark.parametrize("delimiter", [",", "|", "\t", ";", "\u0001"])
def test_every_delimiter_of_glue_is_found(catalog: Catalog, put_csv: Put, delimiter: str) -> None:
    put_csv("s3://lake/t/a.csv", *(line.replace(",", delimiter) for line in CSV))
    catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert schema(table) == {"id": "bigint", "name": "string", "delay": "double"}
    assert table.parameters["delimiter"] == table.descriptor.serde.parameters["field.delim"] == delimiter


def test_a_gzipped_csv(catalog: Catalog, put_csv: Put, storage: Storage) -> None:
    put_csv("s3://lake/t/a.csv.gz", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert schema(table) == {"id": "bigint", "name": "string", "delay": "double"}
    assert table.descriptor.compressed
    assert table.parameters["compressionType"] == "gzip"
    assert table.parameters["recordCount"] == "2"
    assert table.parameters["sizeKey"] == str(storage.head("s3://lake/t/a.csv.gz").size_bytes)


PACKED = {
    "gz": gzip.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "deflate": zlib.compress,
    "zst": lambda data: pa.compress(data, "zstd", asbytes=True),
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
    "snappy": lambda data: hadoop_blocks(data, "snappy"),
    "lz4": lambda data: hadoop_blocks(data, "lz4_raw"),
}


def hadoop_blocks(data: bytes, codec: str) -> bytes:
    packed = pa.compress(data, codec, asbytes=True)
    return struct.pack(">II", len(data), len(packed)) + packed


@pytest.mark.parametrize("suffix", PACKED)
def test_every_codec_that_athena_reads_is_unpacked(catalog: Catalog, storage: Storage, suffix: str) -> None:
    storage.put(f"s3://lake/t/a.csv.{suffix}", PACKED[suffix](("\n".join(CSV) + "\n").encode()))
    catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert schema(table) == {"id": "bigint", "name": "string", "delay": "double"}
    assert table.descriptor.compressed
    assert table.parameters["compressionType"] != "none"
    assert table.parameters["recordCount"] == "2"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.csv", gzip.compress(b"a,b"), "gzip by its content, not by its name: readers go by the name"),
        ("a.csv", bz2.compress(b"a,b"), "bzip2 by its content, not by its name: readers go by the name"),
        ("a.csv", PACKED["zst"](b"a,b"), "zstd by its content, not by its name: readers go by the name"),
        ("a.csv.gz", bz2.compress(b"a,b"), "bzip2 by its content, not by its name: readers go by the name"),
        ("a.csv.gz", b"a,b", "gzip by its name, not its content: readers go by the name"),
        ("a.csv.bz2", b"a,b", "bzip2 by its name, not its content: readers go by the name"),
        ("a.zip", b"PK\x03\x04....", "compressed with zip, which Athena does not read"),
        ("a.csv.xz", lzma.compress(b"a,b"), "compressed with xz, which Athena does not read"),
        ("a.br", b"a,b", "compressed with Brotli by its name, which Athena does not read"),
        (
            "a.csv.snappy",
            b"\xff\x06\x00\x00sNaPpY....",
            "Snappy in frames of its own, not in Hadoop's blocks, which Athena does not read",
        ),
        (
            "a.csv.lz4",
            b"\x04\x22\x4d\x18....",
            "LZ4 in frames of its own, not in Hadoop's blocks, which Athena does not read",
        ),
    ],
)
def test_compression_that_athena_would_not_undo_is_left_out(
    catalog: Catalog, storage: Storage, name: str, data: bytes, reason: str
) -> None:
    storage.put(f"s3://lake/t/{name}", data)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert reasons(report) == {f"t/{name}": reason}
    assert report.tables == ()


def test_a_csv_without_a_header_gets_numbered_columns(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", *CSV[1:], "3,Cleo,1")
    report = catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert schema(table) == {"col0": "bigint", "col1": "string", "col2": "double"}
    assert "skip.header.line.count" not in table.parameters
    assert table.parameters["recordCount"] == "3"
    assert "no header" in report.tables[0].notes[0]


@pytest.mark.parametrize(
    "first",
    ["code,name,1", "code,,delay", "code,name,2013-01-01", "x" * 150 + ",name,delay"],
    ids=["a number", "an empty name", "a date", "too long a name"],
)
def test_a_first_row_that_breaks_glues_rules_is_no_header(catalog: Catalog, put_csv: Put, first: str) -> None:
    put_csv("s3://lake/t/a.csv", first, "1,a,2", "2,b,3")
    catalog.crawl("s3://lake/t/", database="nyc")
    assert list(schema(catalog.table("nyc", "t"))) == ["col0", "col1", "col2"]


def test_a_header_over_nothing_but_strings_cannot_be_told_from_data(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", "carrier,name", "AA,American", "UA,United")
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"col0": "string", "col1": "string"}


def test_a_custom_classifier_comes_first_and_says_that_there_is_a_header(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", "carrier,name", "AA,American", "UA,United")
    catalog.crawl("s3://lake/t/", database="nyc", classifiers=(CsvClassifier(contains_header="PRESENT"),))
    table = catalog.table("nyc", "t")
    assert schema(table) == {"carrier": "string", "name": "string"}
    assert table.parameters["skip.header.line.count"] == "1"


def test_a_custom_classifier_takes_another_delimiter_and_a_single_column(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/a/a.txt", "id~n", "1~2", "2~3")
    put_csv("s3://lake/b/b.txt", "number", "1", "2")
    classifiers = (CsvClassifier(delimiter="~"), CsvClassifier(allow_single_column=True))
    catalog.crawl("s3://lake/", database="nyc", classifiers=classifiers)
    assert schema(catalog.table("nyc", "a")) == {"id": "bigint", "n": "bigint"}
    assert schema(catalog.table("nyc", "b")) == {"number": "bigint"}


def test_a_trailing_delimiter_makes_no_column(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", "id,name,", "1,a,", "2,b,")
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"id": "bigint", "name": "string"}


def test_a_repeated_header_name_gets_its_number(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", "id,x,X", "1,2,3", "4,5,6")
    catalog.crawl("s3://lake/t/", database="nyc")
    assert list(schema(catalog.table("nyc", "t"))) == ["id", "x", "x_2"]


def test_quoted_fields_ask_for_the_csv_serde_and_strings(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", "id,name", '1,"Smith, Anna"', '2,"said ""no"""')
    report = catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert schema(table) == {"id": "string", "name": "string"}
    assert table.descriptor.serde.library == OPEN_CSV
    assert table.descriptor.serde.parameters == {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"}
    assert table.parameters["skip.header.line.count"] == "1"
    assert table.parameters["areColumnsQuoted"] == "true"
    assert report.tables[0].notes == ("fields are quoted: OpenCSVSerde, all columns are strings",)


def test_a_quote_inside_a_field_is_no_quoting(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", "id,size", '1,5" pipe', '2,6" pipe')
    catalog.crawl("s3://lake/t/", database="nyc")
    assert catalog.table("nyc", "t").descriptor.serde.library == LAZY_SIMPLE


def test_numbers_whose_zeros_matter_stay_strings(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", "zip,month,big,mixed", "00501,01,99999999999999999999,1", "10001,12,1,x")
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {
        "zip": "string",
        "month": "bigint",
        "big": "string",
        "mixed": "string",
    }


def test_times_that_the_serde_cannot_read_stay_strings(catalog: Catalog, put_csv: Put) -> None:
    put_csv(
        "s3://lake/t/a.csv", "n,iso,day,null", "1,2013-01-01T00:00:00Z,2013-02-30,\\N", "2,2013-01-01T00:00:00Z,x,1"
    )
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"n": "bigint", "iso": "string", "day": "string", "null": "bigint"}


def test_ragged_rows_are_told(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", *CSV, "3,Cleo", "4,Dan,1,2", *("5,Eve,1",) * 10)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"id": "bigint", "name": "string", "delay": "double"}
    assert report.tables[0].notes == ("2 of 15 sampled lines of s3://lake/t/a.csv have not 3 columns",)


def test_a_byte_order_mark_is_no_part_of_a_name(catalog: Catalog, storage: Storage) -> None:
    storage.put("s3://lake/t/a.csv", b"\xef\xbb\xbf" + "\n".join(CSV).encode())
    catalog.crawl("s3://lake/t/", database="nyc")
    assert list(schema(catalog.table("nyc", "t"))) == ["id", "name", "delay"]


def test_windows_line_ends(catalog: Catalog, storage: Storage) -> None:
    storage.put("s3://lake/t/a.csv", "\r\n".join(CSV) + "\r\n")
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"id": "bigint", "name": "string", "delay": "double"}


def test_json_lines(catalog: Catalog, put_json: Put) -> None:
    put_json(
        "s3://lake/t/a.jsonl",
        {"Id": 1, "name": "Zoë", "ratio": 1, "ok": True, "tags": ["a"], "at": {"lat": 1, "x": None}, "none": None},
        {"Id": 2, "name": "2013-01-01", "ratio": 0.5, "ok": None, "tags": [], "at": {"lat": 1.5, "x": [{}]}, "new": 1},
        {"Id": 3, "huge": 2**70, "mixed": 1, "list": [1, 2.5, None], "map": [[{"a": 1}, {"b": "x"}]]},
        {"Id": 4, "mixed": "x"},
    )
    catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert schema(table) == {
        "id": "bigint",
        "name": "string",
        "ratio": "double",
        "ok": "boolean",
        "tags": "array<string>",
        "at": "struct<lat:double,x:array<string>>",
        "none": "string",
        "new": "bigint",
        "huge": "string",
        "mixed": "string",
        "list": "array<double>",
        "map": "array<array<struct<a:bigint,b:string>>>",
    }
    assert table.descriptor.serde.library == OPENX_JSON
    assert table.descriptor.serde.parameters["paths"] == ",".join(schema(table))
    assert table.parameters["classification"] == "json"
    assert table.parameters["recordCount"] == "4"


def test_gzipped_json_lines(catalog: Catalog, put_json: Put) -> None:
    put_json("s3://lake/t/a.json.gz", {"a": 1}, {"a": 2})
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"a": "bigint"}
    assert catalog.table("nyc", "t").descriptor.compressed


def test_bad_json_lines_are_told(catalog: Catalog, storage: Storage) -> None:
    storage.put("s3://lake/t/a.json", '{"a": 1}\n[1, 2]\n{"a": \n7\n' + '{"a": 2}\n' * 6)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"a": "bigint"}
    assert report.tables[0].notes == ("3 of 10 sampled lines of s3://lake/t/a.json are no JSON objects",)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('{\n  "a": 1,\n  "b": "x"\n}\n', ": objects over several lines (a bigint, b string)"),
        ('[{"a": 1}, {"a": 2.5}]\n', ": an array of objects (a double)"),
        ('[\n{"a": 1},\n{"b": 2}\n]\n', ": an array of objects (a bigint, b bigint)"),
        ("[1, 2]\n[3, 4]\n", ""),
        ('["a", "b"]\n["c", "d"]\n', ""),
    ],
)
def test_json_that_is_not_one_object_a_line_is_left_out(
    catalog: Catalog, storage: Storage, text: str, inside: str
) -> None:
    storage.put("s3://lake/t/a.json", text)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert reasons(report) == {"t/a.json": f"JSON, but not one object a line, which is what Athena reads{inside}"}
    assert catalog.tables("nyc") == []


def test_a_csv_whose_names_are_in_brackets_is_no_json(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", "[id],[name]", "1,a", "2,b")
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"[id]": "bigint", "[name]": "string"}


def test_parquet_by_its_footer(catalog: Catalog, put_parquet: Put) -> None:
    put_parquet(
        "s3://lake/t/a.parquet",
        Id=pa.array([1, 2], pa.int32()),
        price=pa.array([1, 2], pa.decimal128(9, 2)),
        at=pa.array([0, 1], pa.timestamp("us", "UTC")),
        tags=pa.array([["a"], []]),
        point=pa.array([{"x": 1.5}, None]),
        took=pa.array([1, 2], pa.duration("us")),
    )
    catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert schema(table) == {
        "id": "int",
        "price": "decimal(9,2)",
        "at": "timestamp",
        "tags": "array<string>",
        "point": "struct<x:double>",
        "took": "bigint",
    }
    assert table.descriptor.serde.library == PARQUET
    assert table.parameters["classification"] == "parquet"
    assert table.parameters["compressionType"] == "none"
    assert table.parameters["recordCount"] == "2"


def test_damaged_parquet_is_left_out_with_the_reason(catalog: Catalog, put_parquet: Put, storage: Storage) -> None:
    put_parquet("s3://lake/t/a.parquet", a=[1, 2, 3])
    whole = storage.get("s3://lake/t/a.parquet")
    storage.put("s3://lake/t/truncated.parquet", whole[: len(whole) // 2])
    storage.put("s3://lake/t/magic.parquet", b"PAR1")
    storage.put("s3://lake/t/encrypted.parquet", b"PARE" + whole[4:-4] + b"PARE")
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert catalog.tables("nyc") == []
    found = reasons(report)
    assert found["t/a.parquet"] == "a query of its folder would fail on encrypted.parquet"
    assert found["t/truncated.parquet"].startswith("a Parquet file that is truncated or damaged (")
    assert found["t/magic.parquet"].startswith("a Parquet file that is truncated or damaged (")
    assert found["t/encrypted.parquet"] == "an encrypted Parquet file"


def test_parquet_with_names_that_no_table_can_have_is_left_out(
    catalog: Catalog, storage: Storage, put_parquet: Put
) -> None:
    put_parquet("s3://lake/cased/a.parquet", A=[1], a=[2])
    put_parquet("s3://lake/blank/a.parquet", **{" ": [1], "b": [2]})
    put_parquet("s3://lake/good/a.parquet", good=[1], one=["x"])
    report = catalog.crawl("s3://lake/", database="nyc")
    assert report.created == ("good",)
    assert reasons(report) == {
        "blank/a.parquet": "' ' is not a name for a column",
        "cased/a.parquet": "a Parquet file with columns whose names differ in letter case alone, or not at all",
    }


def test_what_is_no_data_is_left_out_with_the_reason(catalog: Catalog, put_csv: Put, storage: Storage) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    for name, data in {
        "t/empty.csv": b"",
        "t/empty.csv.gz": gzip.compress(b""),
        "t/_SUCCESS": b"ok",
        "t/.part.crc": b"crc",
        "t/_temporary/0/b.csv": b"id,name\n1,a\n",
        "latin.csv": "id,name\n1,Zürich\n".encode("latin-1"),
        "utf16.csv": "id,name\n1,a\n".encode("utf-16"),
        "image.png": bytes(range(256)) * 4,
        "notes.txt": b"Just a few words\nwithout any shape; yes\nthat is it.\n",
        "cut.csv.gz": gzip.compress(b"id,name\n1,a\n" * 100)[:30],
    }.items():
        storage.put(f"s3://lake/{name}", data)
    report = catalog.crawl("s3://lake/", database="nyc")
    assert report.created == ("t",)
    found = reasons(report)
    assert found.pop("cut.csv.gz").startswith("a gzip file that is truncated or damaged (")
    assert found == {
        "t/empty.csv": "empty",
        "t/empty.csv.gz": "empty",
        "t/_SUCCESS": "hidden",
        "t/.part.crc": "hidden",
        "t/_temporary/0/b.csv": "in the hidden folder _temporary",
        "latin.csv": "not UTF-8: byte 0xfc in line 2",
        "utf16.csv": "text in UTF-16; only UTF-8 is read",
        "image.png": "no classifier recognises it",
        "notes.txt": "no classifier recognises it",
    }


def test_a_folder_with_what_cannot_be_read_is_no_table(catalog: Catalog, put_csv: Put, storage: Storage) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    put_csv("s3://lake/t/deep/b.csv", *CSV)
    storage.put("s3://lake/t/deep/er/image.png", bytes(range(256)))
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.tables == ()
    assert reasons(report)["t/a.csv"] == "a query of its folder would fail on image.png"


def test_a_partition_with_what_cannot_be_read_is_none(catalog: Catalog, put_csv: Put, storage: Storage) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    put_csv("s3://lake/t/k=2/a.csv", CSV[0] + ",more", "1,a,2,3")
    storage.put("s3://lake/t/k=2/image.png", bytes(range(256)))
    storage.put("s3://lake/t/README.md", "no partition has this in it, so it is in nobody's way")
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"id": "bigint", "name": "string", "delay": "double", "k": "int"}
    assert [each.values for each in catalog.partitions("nyc", "t")] == [("1",)]
    assert reasons(report)["t/k=2/a.csv"] == "a query of its folder would fail on image.png"


@pytest.mark.parametrize("opened_before", [0, 1])
def test_an_object_that_vanishes_is_left_out(
    catalog: Catalog, put_parquet: Put, storage: Storage, monkeypatch: pytest.MonkeyPatch, opened_before: int
) -> None:
    put_parquet("s3://lake/t/a.parquet", a=[1])
    put_parquet("s3://lake/t/b.parquet", a=[1])
    open_object = storage.open
    opened: list[str] = []

    def vanish(uri: str) -> object:
        opened.append(uri)
        if opened.count("s3://lake/t/b.parquet") > opened_before:
            storage.delete("s3://lake/t/b.parquet")
        return open_object(uri)

    monkeypatch.setattr(storage, "open", vanish)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.created == ("t",)
    assert reasons(report) == {"t/b.parquet": "it vanished while it was being read"}
    assert catalog.table("nyc", "t").parameters["objectCount"] == "1"


def test_key_value_folders_become_typed_partitions(catalog: Catalog, put_parquet: Put) -> None:
    for folder in (
        "Year=2013/month=01/day=2013-01-05/airport=JFK/big=5000000000",
        "Year=2013/month=12/day=2013-12-05/airport=__HIVE_DEFAULT_PARTITION__/big=1",
        "Year=2014/month=2/day=2014-02-05/airport=New%20York/big=2",
    ):
        put_parquet(f"s3://lake/flights/{folder}/a.parquet", delay=[1, 2])
    report = catalog.crawl("s3://lake/flights", database="nyc")
    table = catalog.table("nyc", "flights")
    assert [(key.name, key.type) for key in table.partition_keys] == [
        ("year", "int"),
        ("month", "int"),
        ("day", "date"),
        ("airport", "string"),
        ("big", "bigint"),
    ]
    assert [(each.values, each.location) for each in catalog.partitions("nyc", "flights")] == [
        (
            ("2013", "01", "2013-01-05", "JFK", "5000000000"),
            "s3://lake/flights/Year=2013/month=01/day=2013-01-05/airport=JFK/big=5000000000/",
        ),
        (
            ("2013", "12", "2013-12-05", None, "1"),
            "s3://lake/flights/Year=2013/month=12/day=2013-12-05/airport=__HIVE_DEFAULT_PARTITION__/big=1/",
        ),
        (
            ("2014", "2", "2014-02-05", "New York", "2"),
            "s3://lake/flights/Year=2014/month=2/day=2014-02-05/airport=New%20York/big=2/",
        ),
    ]
    assert report.tables[0].partitions_added == report.tables[0].partitions == 3


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2"], "int"),
        (["01", "12"], "int"),
        (["001", "012"], "string"),
        (["1", "x"], "string"),
        (["1.5", "2.5"], "string"),
        (["true", "false"], "string"),
        (["2013-01-01", "2013-01-02"], "date"),
        (["2013-01-01", "2013-1-2"], "string"),
        (["2013-01-01 10%3A00%3A00", "2013-01-01 11%3A00%3A00"], "timestamp"),
        (["3000000000", "1"], "bigint"),
        (["99999999999999999999", "1"], "string"),
        (["__HIVE_DEFAULT_PARTITION__", "1"], "int"),
        (["__HIVE_DEFAULT_PARTITION__"], "string"),
    ],
)
def test_the_type_of_a_key_is_that_of_all_its_values(
    catalog: Catalog, put_csv: Put, values: list[str], kind: str
) -> None:
    for value in values:
        put_csv(f"s3://lake/t/k={value}/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    assert catalog.table("nyc", "t").partition_keys == (Column("k", kind),)
    assert catalog.partition_count("nyc", "t") == len(values)


def test_other_levels_become_numbered_keys(catalog: Catalog, put_csv: Put) -> None:
    for folder in ("2013/01/k=1", "2013/02/k=2", "2014/01/k=3"):
        put_csv(f"s3://lake/t/{folder}/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert table.partition_keys == (
        Column("partition_0", "string"),
        Column("partition_1", "string"),
        Column("k", "int"),
    )
    assert catalog.partitions("nyc", "t")[1].values == ("2013", "02", "2")


def test_each_folder_of_one_kind_is_a_table(catalog: Catalog, put_csv: Put, put_json: Put, put_parquet: Put) -> None:
    put_csv("s3://lake/raw/People-2013/a.csv", *CSV)
    put_json("s3://lake/raw/carriers/a.json", {"carrier": "AA"})
    put_parquet("s3://lake/raw/flights/year=2013/a.parquet", delay=[1])
    put_csv("s3://lake/raw/deep/er/people/b.csv", "x;y", "1;2", "2;3")
    report = catalog.crawl("s3://lake/", database="nyc", table_prefix="Raw_")
    assert report.created == ("raw_people_2013", "raw_carriers", "raw_people", "raw_flights")
    assert catalog.table("nyc", "raw_people").descriptor.location == "s3://lake/raw/deep/er/people/"
    assert catalog.table("nyc", "raw_flights").partition_keys == (Column("year", "int"),)


def test_similar_folders_are_partitions_of_the_one_above(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/sales/east/a.csv", *CSV)
    put_csv("s3://lake/sales/west/a.csv", *CSV)
    catalog.crawl("s3://lake/", database="nyc")
    table = catalog.table("nyc", "sales")
    assert table.partition_keys == (Column("partition_0", "string"),)
    assert [each.values for each in catalog.partitions("nyc", "sales")] == [("east",), ("west",)]


def test_the_level_of_the_tables_can_be_given(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/sales/east/a.csv", *CSV)
    put_csv("s3://lake/sales/west/k=1/a.csv", *CSV)
    put_csv("s3://lake/sales/stray.csv", *CSV)
    report = catalog.crawl("s3://lake/sales/", database="nyc", table_level=1)
    assert report.created == ("east", "west")
    assert catalog.table("nyc", "west").partition_keys == (Column("k", "int"),)
    assert reasons(report) == {"sales/stray.csv": "it lies above the level of the tables"}


def test_files_at_the_bucket_itself_make_a_table_of_its_name(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://my.lake-1/a.csv", *CSV)
    catalog.crawl("s3://my.lake-1", database="nyc")
    assert catalog.table("nyc", "my_lake_1").descriptor.location == "s3://my.lake-1/"


def test_files_at_several_depths_make_one_table_without_partitions(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    put_csv("s3://lake/t/more/b.csv", *CSV)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert catalog.table("nyc", "t").partition_keys == ()
    assert catalog.table("nyc", "t").parameters["objectCount"] == "2"
    assert report.tables[0].notes == ("files at several depths below it: one table without partitions",)


def test_keys_that_disagree_make_no_table(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/year=2013/a.csv", *CSV)
    put_csv("s3://lake/t/month=1/a.csv", *CSV)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.created == ("month_1", "year_2013")


def test_files_that_do_not_fit_each_other_are_left_out(catalog: Catalog, put_csv: Put, put_json: Put) -> None:
    put_csv("s3://lake/t/people.csv", *CSV)
    put_csv("s3://lake/t/orders.csv", "order,price", "1,2.5", "2,3.5")
    put_json("s3://lake/u/a.json", {"a": 1})
    put_csv("s3://lake/u/b.csv", *CSV)
    report = catalog.crawl("s3://lake/", database="nyc")
    assert report.tables == ()
    assert reasons(report)["t/people.csv"] == (
        "it does not fit the other files of its folder: orders.csv has csv (order, price), "
        "people.csv has csv (id, name, delay)"
    )
    assert "a.json has json (a), b.csv has csv (id, name, delay)" in reasons(report)["u/b.csv"]


def test_files_beside_folders_that_are_tables_are_left_out(catalog: Catalog, put_csv: Put, put_json: Put) -> None:
    put_csv("s3://lake/stray.csv", *CSV)
    put_json("s3://lake/carriers/a.json", {"carrier": "AA"})
    report = catalog.crawl("s3://lake/", database="nyc")
    assert report.created == ("carriers",)
    assert reasons(report) == {"stray.csv": "it lies beside folders that are tables of their own"}


def test_schemas_are_merged_over_the_files(catalog: Catalog, put_parquet: Put) -> None:
    put_parquet(
        "s3://lake/t/a.parquet",
        a=pa.array([1], pa.int32()),
        b=pa.array([1], pa.float32()),
        d=pa.array([1], pa.decimal128(5, 2)),
        s=pa.array([{"x": 1}]),
        n=pa.array([None], pa.null()),
    )
    put_parquet(
        "s3://lake/t/b.parquet",
        a=pa.array([1], pa.int64()),
        b=pa.array([1.5], pa.float64()),
        d=pa.array([1], pa.decimal128(7, 4)),
        s=pa.array([{"y": "z"}]),
        n=pa.array([1], pa.int32()),
        new=pa.array([True]),
    )
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {
        "a": "bigint",
        "b": "double",
        "d": "decimal(7,4)",
        "s": "struct<x:bigint,y:string>",
        "n": "int",
        "new": "boolean",
    }


@pytest.mark.parametrize(
    ("left", "right", "clash"),
    [
        ([1], [1.5], "c is bigint in a.parquet and double in b.parquet"),
        ([1], ["x"], "c is bigint in a.parquet and string in b.parquet"),
        ([[1]], [["x"]], "c is array<bigint> in a.parquet and array<string> in b.parquet"),
        ([{"x": 1}], [{"x": True}], "c is struct<x:bigint> in a.parquet and struct<x:boolean> in b.parquet"),
    ],
)
def test_files_with_types_that_no_column_reads_from_both_are_no_table(
    catalog: Catalog, put_parquet: Put, left: object, right: object, clash: str
) -> None:
    put_parquet("s3://lake/t/a.parquet", c=left)
    put_parquet("s3://lake/t/b.parquet", c=right)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.tables == ()
    assert reasons(report)["t/a.parquet"] == f"it does not fit the other files of its folder: {clash}"


def test_csv_files_fit_only_where_columns_keep_their_places(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/grown/a.csv", "id,name", "1,a", "2,b")
    put_csv("s3://lake/grown/b.csv", "id,name,ratio", "3,c,1.5", "4.5,d,2")
    put_csv("s3://lake/moved/a.csv", "id,name,n", "1,a,1", "2,b,2")
    put_csv("s3://lake/moved/b.csv", "name,id,n", "a,1,1", "b,2,2")
    report = catalog.crawl("s3://lake/", database="nyc")
    assert schema(catalog.table("nyc", "grown")) == {"id": "double", "name": "string", "ratio": "double"}
    assert sorted(reasons(report)) == ["moved/a.csv", "moved/b.csv"]


def test_a_header_known_from_another_file_is_recognised(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    put_csv("s3://lake/t/b.csv", CSV[0], "x,Cleo,", "y,Dan,")
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"id": "string", "name": "string", "delay": "double"}


def test_one_quoted_file_makes_the_table_a_quoted_one(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    put_csv("s3://lake/t/b.csv", CSV[0], '3,"Cleo, C.",1')
    catalog.crawl("s3://lake/t/", database="nyc")
    assert catalog.table("nyc", "t").descriptor.serde.library == OPEN_CSV


def test_little_in_common_is_two_tables_unless_schemas_are_combined(catalog: Catalog, put_json: Put) -> None:
    put_json("s3://lake/table1/year=2017/data1.json", {"A": 1, "B": 2})
    put_json("s3://lake/table1/year=2018/data2.json", {"C": 3, "D": 4})
    apart = catalog.crawl("s3://lake/table1/", database="apart")
    together = catalog.crawl("s3://lake/table1/", database="together", combine_schemas=True)
    assert apart.created == ("year_2017", "year_2018")
    assert together.created == ("table1",)
    assert schema(catalog.table("together", "table1")) == {
        "a": "bigint", "b": "bigint", "c": "bigint", "d": "bigint", "year": "int",
    }  # fmt: skip


def test_seven_columns_of_ten_in_common_are_too_few_and_eight_enough(catalog: Catalog, put_json: Put) -> None:
    for common in (7, 8):
        for file, own in (("a", "x"), ("b", "y")):
            names = [f"c{number}" for number in range(common)] + [f"{own}{number}" for number in range(10 - common)]
            put_json(f"s3://lake/t{common}/{file}.json", dict.fromkeys(names, 1))
    report = catalog.crawl("s3://lake/", database="nyc")
    assert report.created == ("t8",)
    assert "schemas that have too little in common" not in str(reasons(report))
    assert "json (c0, c1, c2, c3, …)" in reasons(report)["t7/a.json"]


def test_a_column_of_a_keys_name_is_hidden_where_columns_have_names(catalog: Catalog, put_parquet: Put) -> None:
    put_parquet("s3://lake/t/year=2013/a.parquet", year=[2013], delay=[1])
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"delay": "bigint", "year": "int"}
    assert report.tables[0].notes == ("hidden behind partition keys of the same name: year",)


def test_a_key_of_a_columns_name_is_numbered_where_columns_have_places(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/id=2013/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    assert list(schema(catalog.table("nyc", "t"))) == ["id", "name", "delay", "partition_0"]


def test_names_that_are_taken_get_a_hash(catalog: Catalog, put_csv: Put, put_json: Put) -> None:
    put_csv("s3://lake/a/data/a.csv", *CSV)
    put_json("s3://lake/b/data/a.json", {"x": 1})
    put_json("s3://lake/b/more/a.json", {"y": 1})
    report = catalog.crawl("s3://lake/", database="nyc")
    assert report.created[0] == "data"
    assert report.created[1].startswith("data_")
    assert len(report.created[1]) == len("data_") + 32
    put_csv("s3://other/data/a.csv", *CSV)
    other = catalog.crawl("s3://other/data/", database="nyc")
    assert other.created[0].startswith("data_")
    assert catalog.crawl("s3://other/data/", database="nyc").unchanged == other.created
    assert catalog.crawl("s3://lake/", database="nyc").unchanged == report.created


def test_a_single_table_can_be_named(catalog: Catalog, put_csv: Put, put_json: Put, error_of: ErrorOf) -> None:
    put_csv("s3://lake/a/data/a.csv", *CSV)
    put_json("s3://lake/b/data/a.json", {"x": 1})
    assert catalog.crawl("s3://lake/a/", database="nyc", name="People").created == ("people",)
    error = error_of(lambda: catalog.crawl("s3://lake/", database="nyc", name="people"))
    assert error.code == "InvalidInputException"
    assert "2 were found" in error.message


def test_a_second_crawl_changes_nothing(catalog: Catalog, put_csv: Put, put_json: Put, put_parquet: Put) -> None:
    put_csv("s3://lake/people/a.csv.gz", *CSV)
    put_csv("s3://lake/quoted/a.csv", "id,name", '1,"a,b"')
    put_json("s3://lake/carriers/a.json", {"carrier": "AA", "at": {"x": [None, 1]}}, {"carrier": None, "b": {}})
    for month in (1, 2):
        put_parquet(f"s3://lake/flights/year=2013/month={month}/a.parquet", delay=[1])
    first = catalog.crawl("s3://lake/", database="nyc")
    generation = catalog.generation()
    second = catalog.crawl("s3://lake/", database="nyc")
    assert len(first.created) == 4
    assert second.unchanged == first.created
    assert second.is_unchanged
    assert not first.is_unchanged
    assert all(not table.changes and not table.partitions_added for table in second.tables)
    assert catalog.generation() == generation, "nothing was even written"


def test_new_folders_add_partitions_and_no_version(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    put_csv("s3://lake/t/k=2/a.csv", *CSV)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.updated == ("t",)
    assert (report.tables[0].partitions_added, report.tables[0].partitions, report.tables[0].changes) == (1, 2, ())
    assert [each.values for each in catalog.partitions("nyc", "t")] == [("1",), ("2",)]
    assert catalog.table("nyc", "t").version == 1
    assert catalog.table("nyc", "t").parameters["objectCount"] == "2"


def test_a_changed_schema_is_a_new_version(catalog: Catalog, put_parquet: Put) -> None:
    put_parquet("s3://lake/t/a.parquet", a=pa.array([1], pa.int32()), gone=[1], kept=["x"])
    catalog.crawl("s3://lake/t/", database="nyc")
    put_parquet("s3://lake/t/a.parquet", a=pa.array([1], pa.int64()), kept=["x"], new=[1.5])
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.updated == ("t",)
    assert report.tables[0].changes == ("new double added", "gone removed", "a: int → bigint")
    assert [schema(table) for table in catalog.table_versions("nyc", "t")] == [
        {"a": "bigint", "kept": "string", "new": "double"},
        {"a": "int", "gone": "bigint", "kept": "string"},
    ]


def test_another_way_of_reading_is_a_new_version(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    put_csv("s3://lake/t/a.csv", *(line.replace(",", ";") for line in CSV))
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.tables[0].changes == ("read in another way: field.delim=';'",)
    assert catalog.table("nyc", "t").version == 2


def test_with_log_an_existing_schema_is_left_alone_and_partitions_are_added(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    put_csv("s3://lake/t/k=2/a.csv", CSV[0] + ",new", "1,a,2,3")
    report = catalog.crawl("s3://lake/t/", database="nyc", update_behavior="LOG")
    assert catalog.table("nyc", "t").version == 1
    assert catalog.partition_count("nyc", "t") == 2
    assert report.tables[0].changes == ("not applied: new bigint added",)


def test_what_a_user_set_stays(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    columns = tuple(replace(column, comment=f"the {column.name}") for column in table.descriptor.columns)
    catalog.update_table(
        replace(
            table,
            description="people",
            descriptor=replace(table.descriptor, columns=columns),
            partition_keys=(Column("k", "bigint", "the key"),),
            parameters={**table.parameters, "projection.enabled": "false"},
        )
    )
    assert catalog.crawl("s3://lake/t/", database="nyc").unchanged == ("t",)
    put_csv("s3://lake/t/k=2/a.csv", CSV[0] + ",new", "1,a,2,3")
    catalog.crawl("s3://lake/t/", database="nyc")
    changed = catalog.table("nyc", "t")
    assert changed.description == "people"
    assert changed.partition_keys == (Column("k", "bigint", "the key"),)
    assert changed.parameters["projection.enabled"] == "false"
    assert [column.comment for column in changed.columns] == ["the id", "the name", "the delay", "", "the key"]


def test_a_key_whose_new_value_does_not_fit_becomes_wider(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/k=9/a.csv", *CSV)
    put_csv("s3://lake/t/k=10/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    put_csv("s3://lake/t/k=unknown/a.csv", *CSV)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.tables[0].changes == ("k: int → string",)
    assert [each.values for each in catalog.partitions("nyc", "t")] == [("10",), ("9",), ("unknown",)]


def test_partitions_whose_folder_is_gone_are_kept_and_told(catalog: Catalog, put_csv: Put, storage: Storage) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    put_csv("s3://lake/t/k=2/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    storage.delete_prefix("s3://lake/t/k=1/")
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.tables[0].notes == ("1 partitions have no data any more; they are kept",)
    assert catalog.partition_count("nyc", "t") == 2


def test_a_table_with_other_keys_is_left_alone(catalog: Catalog, put_csv: Put, storage: Storage) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    storage.delete_prefix("s3://lake/t/")
    put_csv("s3://lake/t/year=2013/month=1/a.csv", *CSV)
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.unchanged == ("t",)
    assert report.tables[0].notes == ("left alone: it has partitions by k, the folders show year/month",)


def test_a_table_declared_by_hand_is_taken_over_where_it_is(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    catalog.create_database("nyc")
    declared = descriptor("csv", (Column("id", "int"),), "s3://lake/t", serde_parameters={"field.delim": ",", "x": "y"})
    catalog.create_table(Table("nyc", "t", declared, (Column("k", "string"),)))
    report = catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert report.updated == ("t",)
    assert schema(table) == {"id": "bigint", "name": "string", "delay": "double", "k": "string"}
    assert table.descriptor.location == "s3://lake/t"
    assert table.descriptor.serde.parameters == {"field.delim": ",", "x": "y"}
    assert catalog.partition_count("nyc", "t") == 1


def test_a_view_of_that_name_is_left_alone(catalog: Catalog, put_csv: Put) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    catalog.create_database("nyc")
    view = catalog.create_table(
        Table(
            "nyc", "t", descriptor("csv", (Column("x", "int"),), ""), table_type="VIRTUAL_VIEW", view_text="SELECT 1 x"
        )
    )
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert catalog.table("nyc", "t") == view
    assert report.created[0].startswith("t_")


def test_a_crawl_of_an_object_says_to_crawl_its_folder(catalog: Catalog, put_csv: Put, error_of: ErrorOf) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    error = error_of(lambda: catalog.crawl("s3://lake/t/a.csv", database="nyc"))
    assert (error.code, error.hint) == ("InvalidInputException", "Crawl 's3://lake/t/'.")


def test_a_crawl_of_nothing_finds_nothing(catalog: Catalog, put_csv: Put, error_of: ErrorOf) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    report = catalog.crawl("s3://lake/none/", database="nyc")
    assert (report.tables, report.ignored) == ((), ())
    assert repr(report) == "nothing found under s3://lake/none/"
    assert error_of(lambda: catalog.crawl("s3://leke/", database="nyc")).code == "NoSuchBucket"


@pytest.fixture
def interfere(
    catalog: Catalog, tmp_path: Path, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Callable[[Catalog], object]], None]]:
    """Let another process do something once, just after the crawler has looked up a table."""
    other = Catalog(tmp_path / "catalog.sqlite", storage=storage, clock=catalog._clock)
    find = catalog.find_table

    def arrange(interference: Callable[[Catalog], object]) -> None:
        waiting = [interference]

        def find_and_be_late(database: str, name: str) -> Table | None:
            found = find(database, name)
            while waiting:
                waiting.pop()(other)
            return found

        monkeypatch.setattr(catalog, "find_table", find_and_be_late)

    yield arrange
    other.close()


Interfere = Callable[[Callable[[Catalog], object]], None]


def test_a_table_that_another_crawler_makes_first_is_unchanged(
    catalog: Catalog, put_csv: Put, interfere: Interfere
) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    interfere(lambda other: other.crawl("s3://lake/t/", database="nyc"))
    assert catalog.crawl("s3://lake/t/", database="nyc").unchanged == ("t",)
    assert catalog.partition_count("nyc", "t") == 1


def test_what_another_changes_meanwhile_is_kept(catalog: Catalog, put_csv: Put, interfere: Interfere) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    put_csv("s3://lake/t/k=2/a.csv", CSV[0] + ",new", "1,a,2,3")
    interfere(lambda other: other.update_table(replace(other.table("nyc", "t"), description="theirs")))
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert report.tables[0].changes == ("new bigint added",)
    assert [(table.version, table.description) for table in catalog.table_versions("nyc", "t")] == [
        (3, "theirs"),
        (2, "theirs"),
        (1, ""),
    ]


def test_a_table_that_another_drops_meanwhile_is_made_again(
    catalog: Catalog, put_csv: Put, interfere: Interfere
) -> None:
    put_csv("s3://lake/t/k=1/a.csv", *CSV)
    catalog.crawl("s3://lake/t/", database="nyc")
    put_csv("s3://lake/t/k=2/a.csv", CSV[0] + ",new", "1,a,2,3")
    interfere(lambda other: other.drop_table("nyc", "t"))
    assert catalog.crawl("s3://lake/t/", database="nyc").created == ("t",)
    assert catalog.partition_count("nyc", "t") == 2


def test_only_the_beginning_of_a_large_object_is_read(catalog: Catalog, storage: Storage) -> None:
    head = "id,name\n" + "".join(f"{number},row {number}\n" for number in range(120_000))
    storage.put("s3://lake/t/a.csv", head + "not a number,x\n")
    catalog.crawl("s3://lake/t/", database="nyc")
    table = catalog.table("nyc", "t")
    assert schema(table) == {"id": "bigint", "name": "string"}
    assert int(table.parameters["recordCount"]) == pytest.approx(120_000, rel=0.1)
    assert table.parameters["sizeKey"] == str(len(head) + 15)


def test_a_record_longer_than_the_sample_is_read_to_its_end(catalog: Catalog, put_json: Put) -> None:
    put_json("s3://lake/t/a.json", {"a": "x" * 2_000_000, "b": 1}, {"a": "y", "b": 2})
    catalog.crawl("s3://lake/t/", database="nyc")
    assert schema(catalog.table("nyc", "t")) == {"a": "string", "b": "bigint"}


def test_a_report_reads_well(catalog: Catalog, put_csv: Put, put_parquet: Put, storage: Storage) -> None:
    put_csv("s3://lake/people/a.csv", CSV[0], '1,"<b>",2.5')
    put_parquet("s3://lake/flights/year=2013/a.parquet", delay=[1])
    storage.put("s3://lake/people/empty.csv", b"")
    report = catalog.crawl("s3://lake/", database="nyc")
    lines = repr(report).splitlines()
    assert lines[0].split() == [
        "created",
        "flights",
        "parquet",
        "2",
        "columns",
        "1",
        "object",
        *lines[0].split()[7:9],
        "1",
        "partition",
    ]
    assert lines[2] == "    fields are quoted: OpenCSVSerde, all columns are strings"
    assert lines[3] == "ignored  s3://lake/people/empty.csv: empty"
    assert lines[4].startswith("s3://lake/ into nyc · 3 objects · ")
    html = report._repr_html_()
    assert "<td" in html
    assert "1 ignored" in html
    assert "<script" not in html


def test_many_ignored_objects_are_counted_by_reason(catalog: Catalog, put_csv: Put, storage: Storage) -> None:
    put_csv("s3://lake/t/a.csv", *CSV)
    for number in range(30):
        storage.put(f"s3://lake/t/{number}.csv", b"")
    report = catalog.crawl("s3://lake/t/", database="nyc")
    assert "ignored  30 objects: empty" in repr(report).splitlines()
    assert len(report.ignored) == 30
