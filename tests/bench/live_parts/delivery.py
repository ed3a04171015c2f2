"""Records a second from a stream, and from direct puts, into the lake.

A million records of about 100 bytes of JSON in a log of four shards. Parquet is typed by a table of the catalog, its
partition registered; `JSON lines` is the same records joined and compressed. `direct puts` counts the puts, in batches
of 500, and the delivery. `cpu` is the processor time that a million records take, over all threads.
"""

import json
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa

import kit
from kit.catalog.model import Column, Table
from kit.catalog.serde import descriptor

RECORDS = 1_000_000
PUTS = 100_000
RUNS = 3
COLUMNS = (
    Column("usr", "string"),
    Column("n", "bigint"),
    Column("price", "double"),
    Column("page", "string"),
    Column("at", "timestamp"),
)


def measure(options: Namespace) -> dict[str, Any]:
    """The section's figures."""
    del options
    with tempfile.TemporaryDirectory() as folder, kit.open(Path(folder) / "ws") as ws:
        ws.catalog.create_database("lake")
        described = descriptor("parquet", COLUMNS, "s3://lake/clicks/")
        ws.catalog.create_table(Table("lake", "clicks", described, (Column("day", "string"),)))
        stream = ws.streams.create("clicks", 4)
        stream.limits(enforced=False)
        documents = [document(place) for place in range(RECORDS)]
        stream.append(pa.table({"data": documents, "partition_key": [f"u{place % 1000}" for place in range(RECORDS)]}))
        ways = {
            "stream to Parquet": {"schema": "lake.clicks"},
            "stream to Parquet, two partitions": {"schema": "lake.clicks", "partition_by": {"ok": ".ok"}},
            "stream to JSON lines, gzip": {"delimiter": "\n", "compression": "GZIP", "buffer_mb": 128},
        }
        print(f"{'way':40}{'records/s':>12}{'cpu s':>8}")
        rates: dict[str, float] = {}
        for way, given in ways.items():
            runs = [delivered(ws, f"d{len(rates)}-{run}", given) for run in range(RUNS)]
            rates[way] = median(rate for rate, _ in runs)
            print(f"{way:40}{rates[way]:12,.0f}{median(cpu for _, cpu in runs):8.2f}")
        rates["direct puts"] = put(ws, documents[:PUTS])
        print(f"{'direct puts to JSON lines':40}{rates['direct puts']:12,.0f}")
        return {
            "delivery_records_per_s": round(rates["stream to Parquet"]),
            "delivery_partitioned_records_per_s": round(rates["stream to Parquet, two partitions"]),
            "delivery_json_lines_records_per_s": round(rates["stream to JSON lines, gzip"]),
            "delivery_direct_put_records_per_s": round(rates["direct puts"]),
        }


def document(place: int) -> str:
    return json.dumps(
        {
            "usr": f"u{place % 1000}",
            "n": place,
            "price": place * 0.25,
            "page": f"/p/{place % 50}",
            "at": "2026-01-02 03:04:05",
            "ok": "yes" if place % 2 else "no",
        }
    )


def delivered(ws: Any, name: str, given: dict[str, Any]) -> tuple[float, float]:
    """Records a second, and processor seconds for all of them, through a delivery stream of its own."""
    prefix = "s3://lake/clicks/day=!{timestamp:yyyy-MM-dd}/"
    if "partition_by" in given:
        prefix += "!{partitionKeyFromQuery:ok}/"
    stream = ws.delivery.create(name, prefix, source="clicks", start="TRIM_HORIZON", buffer_seconds=900, **given)
    began, cpu = time.perf_counter(), time.process_time()
    stream.flush()
    spent, cpu = time.perf_counter() - began, time.process_time() - cpu
    counts = stream.status().figures.counts
    assert (counts.delivered, counts.failed, counts.expired) == (RECORDS, 0, 0)
    ws.delivery.delete(name)
    return RECORDS / spent, cpu


def put(ws: Any, documents: list[str]) -> float:
    stream = ws.delivery.create("puts", "s3://lake/puts/", delimiter="\n", buffer_seconds=900)
    began = time.perf_counter()
    for begin in range(0, len(documents), 500):
        assert all(result.error_code is None for result in stream.put_record_batch(documents[begin : begin + 500]))
    stream.flush()
    return len(documents) / (time.perf_counter() - began)
