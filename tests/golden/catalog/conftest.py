"""A lake as lakes are: seventy objects in every format, of which some fit together and some are good for nothing."""

import bz2
import gzip
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

import kit
from kit.base.clock import ManualClock

ACCESS = '203.0.113.7 - - [10/Oct/2000:13:55:36 -0700] "GET /{} HTTP/1.1" 200 2326 "-" "curl/8"\n'
SYSLOG = "Jan 31 10:00:{:02} host1 sshd[47{}]: Accepted publickey\n"


def parquet(**columns: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def orc_file(**columns: Any) -> bytes:
    sink = io.BytesIO()
    orc.write_table(pa.table(columns), sink)
    return sink.getvalue()


def avro(fields: dict[str, object], *records: dict[str, object]) -> bytes:
    sink = io.BytesIO()
    members = [{"name": name, "type": kind} for name, kind in fields.items()]
    fastavro.writer(sink, {"type": "record", "name": "row", "fields": members}, records, codec="deflate")
    return sink.getvalue()


def lines(*records: object) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def messy_objects() -> dict[str, bytes | str]:
    """What is put, by key."""
    noise = random.Random(7).randbytes(2_000)
    png = b"\x89PNG\r\n\x1a\n\x00" + noise
    whole = parquet(a=list(range(1000)))
    return {
        # Tables, some with schemas that grew
        "flights/year=2013/month=1/a.parquet": parquet(delay=pa.array([1, None], pa.int32()), origin=["JFK", "EWR"]),
        "flights/year=2013/month=2/a.parquet": parquet(delay=pa.array([3], pa.int64()), origin=["LGA"], tail=["N1"]),
        "flights/year=2013/month=12/a.parquet": parquet(delay=pa.array([4], pa.int16()), origin=["LGA"]),
        "flights/year=2013/month=12/_SUCCESS": b"",
        "airports/airports.csv.gz": gzip.compress("faa;name;lat\nZRH;Zürich;47.45\nJFK;Kennedy;40.6\n".encode()),
        "orders/2024/01/a.json": lines({"id": 1, "lines": [{"sku": "a", "qty": 2}]}, {"id": 2, "lines": []}),
        "orders/2024/02/b.json": lines({"id": 3, "lines": [{"sku": "b", "price": 1.5}], "note": None}),
        "orders/2024/02/c.json.bz2": bz2.compress(
            lines({"id": 4, "lines": None, "note": "x", "customer": {"name": "Zoë", "age": 7}})
        ),
        "clicks/dt=2024-01-01/x.jsonl.zst": pa.compress(lines({"page": "/", "ms": 1}), "zstd", asbytes=True),
        "clicks/dt=2024-01-02/y.jsonl": lines({"page": "/a", "ms": 2.5}, {"page": None}),
        "clicks/dt=__HIVE_DEFAULT_PARTITION__/z.jsonl": lines({"page": "/b", "ms": 3}),
        "logs/web/access.log": ACCESS.format("a") * 3,
        "logs/web/access.log.1.gz": gzip.compress((ACCESS.format("b") * 2).encode()),
        "logs/sys/messages": "".join(SYSLOG.format(second, second) for second in range(5)),
        "logs/iis/u_ex.log": "#Version: 1.0\n#Fields: date cs-method sc-status\n2024-01-01 GET 200\n",
        "logs/proxy/access.log": "1286536309.450 138 192.168.0.68 TCP_MISS/200 571 GET http://a.org/ - DIRECT/- -\n",
        "measures/a.orc": orc_file(at=pa.array([1], pa.int32()), value=pa.array([1.5], pa.float32())),
        "measures/b.orc": orc_file(at=[2**40], value=[2.5], unit=["K"]),
        "users/u.avro": avro(
            {"id": "long", "name": ["null", "string"]}, {"id": 1, "name": "Ann"}, {"id": 2, "name": None}
        ),
        "Größen/größe=klein/д.csv": "id,name\n1,ä\n",
        "Größen/größe=sehr%20groß/д.csv": "id,name\n2,ö\n",
        "tabs/a.tsv": "id\tname\n1\ta\n2\tb\n",
        "pipes/a.txt": "1|a|2013-01-01\n2|b|2013-01-02\n",
        "control/a": "1\x01a,b\n2\x01c|d\n",
        "quoted/q.csv": 'id,name\n1,"Smith, ""A"""\n2,"B"\n',
        "ragged/r.csv": "id,name,n\n" + "1,a,2\n" * 8 + "1,a\n1,a,2,3\n",
        "grown/a.csv": "id,name\n1,a\n",
        "grown/b.csv": "id,name,ratio\n2,b,1.5\n",
        "drift/2023/a.json": lines({"id": 1}),
        "drift/2024/b.json": lines({"id": "two"}),
        "cases/K=1/a.csv": "id,n\n1,2\n",
        "cases/k=2/b.csv": "id,n\n3,4\n",
        "numbers/a.csv": "zip,n,x,ok,d,at\n00501,-7,1e3,true,2013-01-31,2013-01-31 10:00:00\n",
        "bom/a.csv": "\ufeffid,n\r\n1,2\r\n",
        # Folders that are no table, or only in part
        "split/day=1/a.parquet": parquet(n=[1]),
        "split/day=2/a.parquet": parquet(n=[1.5]),
        "spoiled/data.csv": "id,n\n1,2\n",
        "spoiled/photo.jpg": png,
        "partly/k=1/a.csv": "id,n\n1,2\n",
        "partly/k=2/a.csv": "id,n\n3,4\n",
        "partly/k=2/photo.jpg": png,
        "partly/README.md": "Lies beside the partitions, in nobody's way.\nNo table has it.\n",
        "mixed/a.csv": "id,n\n1,2\n",
        "mixed/b.json": lines({"id": 1}),
        "uneven/region=a/day=1/x.csv": "id,n\n1,2\n",
        "uneven/region=b/x.csv": "name,n\nx,4\n",
        "delta/_delta_log/00.json": "{}\n",
        "delta/part-0.parquet": parquet(a=[1]),
        # What is no data
        "empty/nothing.csv": b"",
        "empty/nothing.csv.gz": gzip.compress(b""),
        "garbage/noise.bin": noise,
        "garbage/image.png": png,
        "broken/cut.parquet": whole[: len(whole) // 2],
        "broken/cut.csv.gz": gzip.compress(b"id,n\n1,2\n" * 100)[:30],
        "documents/books.xml": "<books><b id='1'><t>x</t></b><b id='2'><t>y</t></b></books>",
        "documents/page.html": "<!DOCTYPE html><html><body>x</body></html>",
        "arrays/array.json": '[{"a": 1}, {"a": 2}]',
        "arrays/pretty.json": '{\n  "a": 1\n}\n',
        "foreign/a.bson": b"\x16\x00\x00\x00\x02hello\x00\x06\x00\x00\x00world\x00\x00",
        "foreign/a.ion": b"\xe0\x01\x00\xea\x21\x01",
        "packed/a.zip": b"PK\x03\x04....",
        "packed/b.csv": gzip.compress(b"id,n\n1,2\n"),
        "encodings/latin.csv": "id,name\n1,Zürich\n".encode("latin-1"),
        "encodings/utf16.csv": "id,name\n1,a\n".encode("utf-16"),
        "prose/notes.txt": "Just a few words\nwithout any shape; yes\nthat is it.\n",
        "_temporary/0/a.csv": "id,n\n1,2\n",
        "tabs/.a.tsv.crc": b"crc",
        "scratch/a.tmp": "id,n\n1,2\n",
    }


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def workspace(tmp_path: Path, clock: ManualClock) -> Iterator[kit.Workspace]:
    with kit.open(tmp_path / "workspace", clock=clock, seed=1) as workspace:
        for key, content in messy_objects().items():
            workspace.storage.put(f"s3://lake/{key}", content)
        yield workspace
