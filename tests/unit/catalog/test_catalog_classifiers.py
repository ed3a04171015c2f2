"""Formats, case by case: what each classifier makes of an object, and that the real Athena reads it so."""

import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

import kit
from kit.base.errors import KitError
from kit.catalog.classifiers import (
    BUILT_IN,
    Classifier,
    CsvClassifier,
    GrokClassifier,
    JsonPathClassifier,
    XmlClassifier,
)
from kit.catalog.crawler import CrawlReport


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[kit.Workspace]:
    with kit.open(tmp_path / "workspace", seed=1) as workspace:
        yield workspace


def crawl(workspace: kit.Workspace, objects: dict[str, bytes | str], *classifiers: Classifier) -> CrawlReport:
    for key, content in objects.items():
        workspace.storage.put(f"s3://lake/t/{key}", content)
    return workspace.catalog.crawl("s3://lake/t/", database="nyc", classifiers=classifiers)


def schema(workspace: kit.Workspace) -> dict[str, str]:
    return {column.name: column.type for column in workspace.catalog.table("nyc", "t").columns}


def rows(workspace: kit.Workspace) -> list[tuple[Any, ...]]:
    return workspace.athena.sql("SELECT * FROM t ORDER BY 1", database="nyc").rows


def classification(workspace: kit.Workspace) -> str:
    return workspace.catalog.table("nyc", "t").parameters["classification"]


def avro(fields: dict[str, object], *records: dict[str, object], codec: str = "null") -> bytes:
    schema = {"type": "record", "name": "row", "fields": [{"name": n, "type": k} for n, k in fields.items()]}
    sink = io.BytesIO()
    fastavro.writer(sink, schema, records, codec=codec)
    return sink.getvalue()


def orc_bytes(**columns: Any) -> bytes:
    sink = io.BytesIO()
    orc.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_the_built_in_classifiers_are_asked_in_glues_order() -> None:
    names = [getattr(each, "classification", type(each).__name__.removesuffix("Classifier")) for each in BUILT_IN]
    assert names == [
        "Avro", "Orc", "Parquet", "Json", "Bson", "Xml", "Ion", "combined_apache", "apache", "linux_kernel",
        "MicrosoftLog", "ruby_logger", "squid", "redismonlog", "redislog", "syslog", "Csv",
    ]  # fmt: skip


AT = datetime(2013, 1, 31, 10, 0, 0, 123000, tzinfo=UTC)
PLAIN_AT = datetime(2013, 1, 31, 10, 0, 0, 123000)
AVRO_TYPES: dict[str, tuple[object, object, str, object]] = {
    "boolean": ("boolean", True, "boolean", True),
    "int": ("int", 1, "int", 1),
    "long": ("long", 2**40, "bigint", 2**40),
    "float": ("float", 1.5, "float", 1.5),
    "double": ("double", 1.5, "double", 1.5),
    "bytes": ("bytes", b"\x00x", "binary", b"\x00x"),
    "string": ("string", "Zürich", "string", "Zürich"),
    "nullable": (["null", "long"], None, "bigint", None),
    "null": ("null", None, "string", None),
    "enum": ({"type": "enum", "name": "e", "symbols": ["A", "B"]}, "B", "string", "B"),
    "fixed": ({"type": "fixed", "name": "f", "size": 2}, b"ab", "binary", b"ab"),
    "date": ({"type": "int", "logicalType": "date"}, date(2013, 1, 31), "date", date(2013, 1, 31)),
    "timestamp-millis": ({"type": "long", "logicalType": "timestamp-millis"}, AT, "timestamp", PLAIN_AT),
    "timestamp-micros": ({"type": "long", "logicalType": "timestamp-micros"}, AT, "timestamp", PLAIN_AT),
    "local-timestamp-millis": (
        {"type": "long", "logicalType": "local-timestamp-millis"}, PLAIN_AT, "timestamp", PLAIN_AT,
    ),
    "decimal": (
        {"type": "bytes", "logicalType": "decimal", "precision": 7, "scale": 2}, Decimal("1.25"), "decimal(7,2)",
        Decimal("1.25"),
    ),
    "array": ({"type": "array", "items": ["null", "int"]}, [1, None], "array<int>", [1, None]),
    "map": ({"type": "map", "values": "long"}, {"a": 1}, "map<string,bigint>", [("a", 1)]),
    "record": (
        {"type": "record", "name": "r", "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "string"}]},
        {"x": 1, "y": "z"}, "struct<x:int,y:string>", {"x": 1, "y": "z"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", AVRO_TYPES)
def test_every_type_of_avro_is_read_as_the_catalog_says(workspace: kit.Workspace, case: str) -> None:
    kind, value, expected, read = AVRO_TYPES[case]
    crawl(workspace, {"a.avro": avro({"id": "int", "Value": kind}, {"id": 1, "Value": value}, codec="deflate")})
    assert schema(workspace) == {"id": "int", "value": expected}
    assert rows(workspace) == [(1, dict(read) if isinstance(read, dict) else read)]


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (["int", "string"], 1, "a union of int and string"),
        ({"type": "int", "logicalType": "time-millis"}, None, "time-millis"),
        ({"type": "string", "logicalType": "uuid"}, None, "uuid"),
        (
            {"type": "record", "name": "node", "fields": [{"name": "next", "type": ["null", "node"]}]},
            {"next": None},
            "the record node within itself",
        ),
    ],
)
def test_what_athena_does_not_read_of_avro_is_refused_by_name(
    workspace: kit.Workspace, kind: object, value: object, reason: str
) -> None:
    records = [] if value is None else [{"v": value}]
    report = crawl(workspace, {"a.avro": avro({"v": kind}, *records)})
    assert [each.reason for each in report.ignored] == [
        f"an Avro file whose column v is {reason}, which Athena does not read"
    ]


def test_avro_files_whose_schema_grew_make_one_table_with_a_schema_for_the_service(workspace: kit.Workspace) -> None:
    old = avro({"id": "int", "n": "float"}, {"id": 1, "n": 1.5})
    new = avro({"id": "long", "n": "double", "more": ["null", "string"]}, {"id": 2**40, "n": 2.5, "more": "x"})
    crawl(workspace, {"a.avro": old, "b.avro": new})
    table = workspace.catalog.table("nyc", "t")
    assert schema(workspace) == {"id": "bigint", "n": "double", "more": "string"}
    literal = fastavro.parse_schema(json.loads(table.descriptor.serde.parameters["avro.schema.literal"]))
    assert list(fastavro.reader(io.BytesIO(old), literal)) == [{"id": 1, "n": 1.5, "more": None}]
    assert rows(workspace) == [(1, 1.5, None), (2**40, 2.5, "x")]
    assert table.parameters["recordCount"] == "2"


def test_orc_by_its_footer(workspace: kit.Workspace) -> None:
    content = orc_bytes(
        Id=pa.array([1], pa.int8()),
        price=pa.array([Decimal("1.25")], pa.decimal128(9, 2)),
        at=pa.array([PLAIN_AT], pa.timestamp("ns")),
        day=pa.array([date(2013, 1, 31)]),
        raw=pa.array([b"x"], pa.binary()),
        tags=pa.array([["a", None]]),
        counts=pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        point=pa.array([{"x": 1.5}]),
        ok=pa.array([True]),
        f=pa.array([1.5], pa.float32()),
    )
    crawl(workspace, {"a.orc": content})
    assert schema(workspace) == {
        "id": "tinyint", "price": "decimal(9,2)", "at": "timestamp", "day": "date", "raw": "binary",
        "tags": "array<string>", "counts": "map<string,bigint>", "point": "struct<x:double>", "ok": "boolean",
        "f": "float",
    }  # fmt: skip
    assert rows(workspace) == [
        (1, Decimal("1.25"), PLAIN_AT, date(2013, 1, 31), b"x", ["a", None], [("a", 1)], {"x": 1.5}, True, 1.5)
    ]


def test_orc_that_widens_is_read_from_both_files(workspace: kit.Workspace) -> None:
    crawl(workspace, {"a.orc": orc_bytes(a=pa.array([1], pa.int32())), "b.orc": orc_bytes(a=[2**40], b=["x"])})
    assert schema(workspace) == {"a": "bigint", "b": "string"}
    assert rows(workspace) == [(1, None), (2**40, "x")]


APACHE = [
    "clientip", "ident", "auth", "timestamp", "verb", "request", "httpversion", "rawrequest", "response", "bytes",
]  # fmt: skip
COMMON = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326'
LOGS: dict[str, tuple[str, str, dict[str, str], tuple[object, ...]]] = {
    "apache": (
        COMMON,
        "apache",
        dict.fromkeys(APACHE, "string"),
        (
            "127.0.0.1", "-", "frank", "10/Oct/2000:13:55:36 -0700", "GET", "/a.gif", "1.0", None, "200", "2326",
        ),
    ),
    "combined, as nginx writes it too": (
        '2001:db8::1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 304 - "-" "Mozilla/5.0 (X11; \\"q\\")"',
        "combined_apache",
        dict.fromkeys([*APACHE, "referrer", "agent"], "string"),
        (
            "2001:db8::1", "-", "-", "10/Oct/2000:13:55:36 +0000", "GET", "/", "1.1", None, "304", None, '"-"',
            '"Mozilla/5.0 (X11; \\"q\\")"',
        ),
    ),
    "the kernel": (
        "Jan 31 10:00:00 host1 kernel: [12345.678901] usb 1-1: new device",
        "linux_kernel",
        {"timestamp": "string", "host": "string", "uptime": "double", "message": "string"},
        ("Jan 31 10:00:00", "host1", 12345.678901, "usb 1-1: new device"),
    ),
    "syslog": (
        "Jan  1 10:00:00 host1 sshd[4711]: Accepted publickey for root",
        "syslog",
        {
            "priority": "int", "timestamp": "string", "host": "string", "program": "string", "pid": "string",
            "message": "string",
        },
        (None, "Jan  1 10:00:00", "host1", "sshd", "4711", "Accepted publickey for root"),
    ),
    "syslog with times of ISO 8601": (
        "<34>2013-01-31T10:00:00.123+00:00 host1 cron: job done",
        "syslog",
        {
            "priority": "int", "timestamp": "string", "host": "string", "program": "string", "pid": "string",
            "message": "string",
        },
        (34, "2013-01-31T10:00:00.123+00:00", "host1", "cron", None, "job done"),
    ),
    "ruby": (
        "W, [2013-01-31T10:00:00.123456 #4711]  WARN -- app: slow: 12 ms",
        "ruby_logger",
        {"timestamp": "string", "pid": "bigint", "loglevel": "string", "progname": "string", "message": "string"},
        ("2013-01-31T10:00:00.123456", 4711, "WARN", "app", "slow: 12 ms"),
    ),
    "squid": (
        "1286536309.450    138 192.168.0.68 TCP_MISS/200 571 GET http://a.org/x?y=1 - HIER_DIRECT/1.2.3.4 text/html",
        "squid",
        {
            "timestamp": "double", "elapsed": "bigint", "client": "string", "action": "string", "status": "int",
            "bytes": "bigint", "method": "string", "url": "string", "user": "string", "hierarchy": "string",
            "peer": "string", "content_type": "string",
        },
        (
            1286536309.45, 138, "192.168.0.68", "TCP_MISS", 200, 571, "GET", "http://a.org/x?y=1", "-", "HIER_DIRECT",
            "1.2.3.4", "text/html",
        ),
    ),
    "redis monitor": (
        '1339518083.107412 [0 127.0.0.1:60866] "keys" "*"',
        "redismonlog",
        {"timestamp": "double", "database": "int", "client": "string", "command": "string", "arguments": "string"},
        (1339518083.107412, 0, "127.0.0.1:60866", "keys", '"*"'),
    ),
    "redis": (
        "4711:M 31 Jan 2013 10:00:00.123 * Ready to accept connections",
        "redislog",
        {"pid": "bigint", "role": "string", "timestamp": "string", "level": "string", "message": "string"},
        (4711, "M", "31 Jan 2013 10:00:00.123", "*", "Ready to accept connections"),
    ),
    "microsoft, fifteen fields": (
        "192.168.114.201, -, 03/20/01, 7:55:20, W3SVC2, SALES1, 172.21.13.45, 4502, 163, 3223, 200, 0, GET, /a.gif, -,",
        "microsoft_log",
        {
            "client": "string", "username": "string", "date": "string", "time": "string", "service": "string",
            "server": "string", "server_address": "string", "time_taken": "bigint", "bytes_received": "bigint",
            "bytes_sent": "bigint", "status": "int", "windows_status": "bigint", "method": "string",
            "target": "string", "parameters": "string",
        },
        (
            "192.168.114.201", "-", "03/20/01", "7:55:20", "W3SVC2", "SALES1", "172.21.13.45", 4502, 163, 3223, 200, 0,
            "GET", "/a.gif", "-",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LOGS)
def test_logs_are_taken_apart(workspace: kit.Workspace, case: str) -> None:
    line, kind, columns, row = LOGS[case]
    crawl(workspace, {"a.log": f"{line}\n", "b.log.gz": gzip.compress(f"{line}\n{line}".encode())})
    assert classification(workspace) == kind
    assert schema(workspace) == columns
    assert rows(workspace) == [row] * 3
    assert workspace.catalog.table("nyc", "t").parameters["recordCount"] == "3"


def test_a_w3c_log_gets_the_columns_that_it_names(workspace: kit.Workspace) -> None:
    crawl(
        workspace,
        {
            "a.log": "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n"
            "#Fields: date time cs-method cs(User-Agent) sc-status\r\n2013-01-31 10:00:00 GET Mozilla/5.0 200\r\n"
        },
    )
    assert classification(workspace) == "microsoft_log"
    assert list(schema(workspace)) == ["date", "time", "cs_method", "cs_user_agent", "sc_status"]
    assert rows(workspace) == [("2013-01-31", "10:00:00", "GET", "Mozilla/5.0", "200")]


def test_a_w3c_log_that_begins_again_is_refused(workspace: kit.Workspace) -> None:
    report = crawl(workspace, {"a.log": "#Fields: a b\n1 2\n#Fields: a b\n3 4\n"})
    assert report.ignored[0].reason.startswith("a W3C extended log with '#' lines among the others")


def test_a_log_with_some_other_lines_is_still_one_and_says_so(workspace: kit.Workspace) -> None:
    report = crawl(workspace, {"a.log": "\n".join([COMMON] * 9 + ["rotated"]) + "\n"})
    assert classification(workspace) == "apache"
    assert report.tables[0].notes == (
        "1 of 10 sampled lines of s3://lake/t/a.log do not match the pattern: rows of NULLs",
    )
    assert len(rows(workspace)) == 10


def test_mostly_other_lines_are_no_log(workspace: kit.Workspace) -> None:
    report = crawl(workspace, {"a.log": "\n".join([COMMON] * 5 + ["something", "else"] * 3) + "\n"})
    assert [each.reason for each in report.ignored] == ["no classifier recognises it"]


def test_a_custom_grok_classifier_comes_before_the_built_in_ones(workspace: kit.Workspace) -> None:
    short = GrokClassifier(
        "short_access", "%{IPORHOST:client} .* %{NUMBER:status:int} %{SIZE:size:long}", "SIZE [0-9]+"
    )
    crawl(workspace, {"a.log": f"{COMMON}\n"}, short)
    table = workspace.catalog.table("nyc", "t")
    assert table.parameters["classification"] == "short_access"
    assert table.descriptor.serde.parameters == {
        "input.format": short.pattern,
        "input.grokCustomPatterns": "SIZE [0-9]+",
    }
    assert schema(workspace) == {"client": "string", "status": "int", "size": "bigint"}
    assert rows(workspace) == [("127.0.0.1", 200, 2326)]


def test_of_custom_classifiers_the_first_that_is_certain_wins(workspace: kit.Workspace) -> None:
    half = GrokClassifier("half", "%{NUMBER:n:int}$")
    whole = GrokClassifier("whole", "%{DATA:text}$")
    later = GrokClassifier("later", "%{GREEDYDATA:everything}")
    crawl(workspace, {"a.log": "1\n2\n3\nx\n"}, half, whole, later)
    assert classification(workspace) == "whole"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("%{NOSUCH:x}", "The grok pattern 'NOSUCH' is not defined."),
        ("%{NUMBER}", "The grok pattern captures nothing."),
        ("%{NUMBER:a} %{NUMBER:A}", "The grok pattern uses a name for two captures."),
        ("%{NUMBER:a:money}", "The grok pattern types 'a' as 'money'."),
        ("%{NUMBER:a} (", "The grok pattern does not hold: missing ), unterminated subpattern at position"),
    ],
)
def test_a_grok_classifier_that_does_not_hold_is_refused_when_it_is_made(pattern: str, message: str) -> None:
    with pytest.raises(KitError) as info:
        GrokClassifier("x", pattern)
    assert info.value.code == "InvalidInputException"
    assert info.value.message.startswith(message)


def test_a_csv_classifier_with_names_of_its_own(workspace: kit.Workspace) -> None:
    classifier = CsvClassifier(delimiter=";", contains_header="ABSENT", header=("Id", "name"))
    crawl(workspace, {"a.txt": "1;a\n2;b\n"}, classifier)
    assert schema(workspace) == {"id": "bigint", "name": "string"}
    assert rows(workspace) == [(1, "a"), (2, "b")]


def test_a_csv_classifier_with_another_quote(workspace: kit.Workspace) -> None:
    crawl(workspace, {"a.csv": "id,name\n1,'Smith, A'\n2,'B'\n"}, CsvClassifier(quote_symbol="'"))
    assert workspace.catalog.table("nyc", "t").descriptor.serde.parameters["quoteChar"] == "'"
    assert rows(workspace) == [("1", "Smith, A"), ("2", "B")]


def test_a_csv_classifier_that_keeps_blanks(workspace: kit.Workspace) -> None:
    crawl(workspace, {"a.csv": "id,name\n1, a \n2, b \n"}, CsvClassifier(contains_header="PRESENT"))
    assert rows(workspace) == [(1, " a "), (2, " b ")]


def test_a_json_path_to_the_lines_themselves_is_a_table(workspace: kit.Workspace) -> None:
    crawl(workspace, {"a.json": '{"a": 1}\n{"a": 2}\n'}, JsonPathClassifier("$"))
    assert schema(workspace) == {"a": "bigint"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("$[*]", '[{"id": 1, "x": null}, {"id": 2, "x": "y"}]'),
        ("$.a.records[*]", '{"a": {"records": [{"id": 1}, {"id": 2, "x": "y"}]}}'),
        ("$['a b'][0]", '{"a b": [{"id": 1, "x": "y"}, {"other": 2}]}'),
        ("$.detail", '{"detail": {"id": 1}}\n{"detail": {"id": 2, "x": "y"}}\n'),
    ],
)
def test_a_json_path_finds_records_that_athena_would_not(workspace: kit.Workspace, path: str, text: str) -> None:
    report = crawl(workspace, {"a.json": text}, JsonPathClassifier(path))
    assert [each.reason.split("; ") for each in report.ignored] == [
        [
            f"JSON with its records at {path}, of id bigint, x string: Athena reads whole objects, one a line",
            "write the records so",
        ]
    ]


def test_a_json_path_that_is_none_is_refused() -> None:
    with pytest.raises(KitError, match=r"'\$\.\.a' is not a JSON path"):
        JsonPathClassifier("$..a")


BOOKS = """<?xml version="1.0"?>
<catalog><meta>x</meta>
<book id="1"><title>A</title><price>1.5</price><author><name>N</name></author></book>
<book id="2"><title>B</title><price>2</price><author><name>M</name></author><tag>x</tag><tag>y</tag></book>
</catalog>"""


@pytest.mark.parametrize("classifiers", [(), (XmlClassifier("book"),)], ids=["built in", "custom"])
def test_xml_is_recognised_typed_and_refused(workspace: kit.Workspace, classifiers: tuple[Classifier, ...]) -> None:
    report = crawl(workspace, {"a.xml": BOOKS}, *classifiers)
    columns = "id bigint, title string, price double, author struct<name:string>, tag array<string>"
    assert [each.reason for each in report.ignored] == [
        f"XML, for which Athena has no SerDe: rows <book> of {columns}; write them as JSON lines"
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<a><b>1</b>", "XML that does not hold (no element found: line 1, column 11)"),
        ("<a><b>1</b></a>", "XML without an element that comes again"),
        (
            '<!DOCTYPE a [<!ENTITY x "y">]><a><b>&x;</b><b/></a>',
            "XML that defines entities of its own, which are not expanded",
        ),
        ("<!DOCTYPE html>\n<html><body>x</body></html>", "an HTML page, which is no data"),
        (
            b"\x16\x00\x00\x00\x02hello\x00\x06\x00\x00\x00world\x00\x00",
            "BSON, which Athena does not read: write the documents as JSON, one a line",
        ),
        (
            b"\xe0\x01\x00\xea\x21\x01",
            "Amazon Ion, which is not supported: write the values as JSON, one a line",
        ),
        ("$ion_1_0 {a: 1}", "Amazon Ion, which is not supported: write the values as JSON, one a line"),
        ("ORCHARD is a word", "no classifier recognises it"),
    ],
)
def test_formats_that_are_not_read_are_refused_by_name(
    workspace: kit.Workspace, content: bytes | str, reason: str
) -> None:
    report = crawl(workspace, {"a.data": content})
    assert [each.reason for each in report.ignored] == [reason]


def test_damaged_files_are_refused_by_name(workspace: kit.Workspace) -> None:
    whole = orc_bytes(a=list(range(1000)))
    report = crawl(
        workspace,
        {
            "a.avro": avro({"a": "int"}, *({"a": n} for n in range(1000)))[:400],
            "b.orc": whole[: len(whole) // 2],
            "c.json.gz": gzip.compress(b'{"a": 1}\n' * 1000)[:40],
        },
    )
    assert [each.reason.split(" (")[0] for each in report.ignored] == [
        "an Avro file that is truncated or damaged",
        "an ORC file that is truncated or damaged",
        "a gzip file that is truncated or damaged",
    ]


@pytest.mark.parametrize(
    ("log", "kind"),
    [("_delta_log/00.json", "Delta Lake"), (".hoodie/hoodie.properties", "Apache Hudi"),
     ("metadata/v1.metadata.json", "Apache Iceberg")],
)  # fmt: skip
def test_tables_of_open_formats_are_left_to_their_logs(workspace: kit.Workspace, log: str, kind: str) -> None:
    report = crawl(workspace, {"orders/a.csv": "id,n\n1,2\n", f"orders/{log}": "{}", "other/b.csv": "id,n\n1,2\n"})
    assert [table.location for table in report.tables] == ["s3://lake/t/other/"]
    reasons = {each.uri: each.reason for each in report.ignored}
    assert reasons["s3://lake/t/orders/a.csv"] == (
        f"part of the {kind} table s3://lake/t/orders/, whose log says which of its files count"
    )


@pytest.mark.parametrize("name", ["a:b", "c,d", "a b", "A>B", "a(b", "\u00a0x"])
def test_an_object_with_a_key_that_no_type_can_hold_is_kept_as_text(workspace: kit.Workspace, name: str) -> None:
    record = {"id": 1, "x": {name: 1, "ok": [2]}}
    crawl(workspace, {"a.json": json.dumps(record) + "\n"})
    assert schema(workspace) == {"id": "bigint", "x": "string"}
    ((_, text),) = rows(workspace)
    assert json.loads(text) == record["x"]


@pytest.mark.parametrize("name", ["ü", "`q`", 'q"x', "a'b", "a.b", "1a", "-", "$x", "select"])
def test_an_object_with_any_other_key_is_a_struct(workspace: kit.Workspace, name: str) -> None:
    crawl(workspace, {"a.json": json.dumps({"x": {name: 1}}) + "\n"})
    assert rows(workspace) == [({name: 1},)]


def test_deep_nesting_ends_in_text(workspace: kit.Workspace) -> None:
    crawl(workspace, {"a.json": '{"a":' * 40 + "1" + "}" * 40 + "\n"})
    assert schema(workspace)["a"].count("struct<") == 8
    assert len(rows(workspace)) == 1


def test_a_parquet_field_that_no_type_can_hold_is_refused_by_name(workspace: kit.Workspace) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [[{"a b": 1}]]}), sink)
    report = crawl(workspace, {"a.parquet": sink.getvalue().to_pybytes()})
    assert [each.reason for each in report.ignored] == [
        "a Parquet file whose column x has a field 'a b', a name that no type can hold"
    ]


def test_keys_that_differ_in_letter_case_alone_are_refused(workspace: kit.Workspace) -> None:
    report = crawl(workspace, {"a.json": '{"b": 1}\n{"A": 1, "a": 2}\n'})
    assert report.ignored[0].reason == "JSON objects with keys that differ in letter case alone: A and a"


def test_line_breaks_inside_of_quoted_fields_are_refused(workspace: kit.Workspace) -> None:
    report = crawl(workspace, {"a.csv": 'id,text\n1,"a\nb"\n2,"c"\n'})
    assert report.ignored[0].reason == (
        "delimited text with line breaks inside of fields, where Athena would begin another row"
    )
