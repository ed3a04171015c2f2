"""How fast the catalog is with 100,000 partitions, and storage and crawler with 10,000 objects.

Prints a table and, as the last line, one JSON object of the figures (milliseconds; medians where repeated).
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kit.base.clock import WallClock
from kit.base.domain import Between, OneOf
from kit.catalog import Catalog, Column, Partition, Table
from kit.catalog.serde import descriptor
from kit.storage import Storage

REPEATS = 21


def once(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def median(call: Callable[[], object]) -> float:
    return statistics.median(once(call) for _ in range(REPEATS))


def partitions(count: int) -> list[Partition]:
    """Spread over 10 years, 10 regions and as many days as it takes."""
    rows = []
    for number in range(count):
        year, region, day = number % 10, number // 10 % 10, date(2000, 1, 1) + timedelta(days=number // 100)
        values = (str(2010 + year), f"r{region}", str(day))
        rows.append(Partition(values, f"s3://lake/t/year={values[0]}/region={values[1]}/day={values[2]}/"))
    return rows


def catalog_figures(folder: Path, count: int) -> dict[str, float]:
    clock = WallClock()
    storage = Storage(folder / "storage", clock=clock)
    catalog = Catalog(folder / "catalog.sqlite", storage=storage, clock=clock)
    catalog.create_database("nyc")
    keys = (Column("year", "int"), Column("region", "string"), Column("day", "date"))
    catalog.create_table(Table("nyc", "t", descriptor("parquet", (Column("a", "int"),), "s3://lake/t/"), keys))
    rows = partitions(count)
    middle = date.fromisoformat(rows[count // 2].values[2] or "")

    def look_up(**domains: OneOf | Between) -> Callable[[], object]:
        return lambda: catalog.partitions("nyc", "t", domains)

    week = Between(middle, middle + timedelta(days=6))
    figures = {
        "insert_all": once(lambda: catalog.add_partitions("nyc", "t", rows)),
        "one_by_all_keys": median(look_up(year=OneOf((2013,)), region=OneOf(("r4",)), day=OneOf((middle,)))),
        "equality_on_last_key": median(look_up(day=OneOf((middle,)))),
        "range_of_a_week": median(look_up(day=week)),
        "equality_and_range": median(look_up(year=OneOf((2013,)), day=week)),
        "two_ranges": median(look_up(year=Between(2013, 2018), day=week)),
        "two_equalities_1_percent": median(look_up(year=OneOf((2013,)), region=OneOf(("r4",)))),
        "none": median(look_up(year=OneOf((1999,)))),
        "count_all": median(lambda: catalog.partition_count("nyc", "t")),
        "generation": median(catalog.generation),
        "table": median(lambda: catalog.table("nyc", "t")),
        "all": once(lambda: catalog.partitions("nyc", "t")),
    }
    catalog.close()
    storage.close()
    return {f"partitions_{name}_ms": figure for name, figure in figures.items()}


def object_figures(folder: Path, count: int) -> dict[str, float]:
    clock = WallClock()
    storage = Storage(folder / "storage", clock=clock)
    catalog = Catalog(folder / "catalog.sqlite", storage=storage, clock=clock)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({f"c{column}": list(range(100)) for column in range(10)}), sink)
    parquet = sink.getvalue().to_pybytes()
    text = b"id,name,ratio\n" + b"".join(b"%d,row,%d.5\n" % (row, row) for row in range(100))
    for number in range(count // 2):
        for table, suffix, content in (("flights", "parquet", parquet), ("people", "csv", text)):
            path = storage.root / "lake" / table / f"k={number % 100}" / f"{number}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    figures = {
        "iterate": once(lambda: sum(1 for _ in storage.iter("s3://lake/"))),
        "page_of_1000": median(lambda: storage.list("s3://lake/")),
        "folders": median(lambda: storage.list("s3://lake/flights/", delimiter="/")),
        "head": median(lambda: storage.head("s3://lake/people/k=7/7.csv")),
        "put_4_kb": median(lambda: storage.put("s3://other/a/b/c", b"x" * 4096)),
        "get_4_kb": median(lambda: storage.get("s3://other/a/b/c")),
        "crawl_first": once(lambda: catalog.crawl("s3://lake/", database="nyc")),
        "crawl_again": once(lambda: catalog.crawl("s3://lake/", database="nyc")),
    }
    catalog.close()
    storage.close()
    return {f"objects_{name}_ms": figure for name, figure in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partitions", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        figures = catalog_figures(Path(first), options.partitions) | object_figures(Path(second), options.objects)
    print(f"{options.partitions:,} partitions, {options.objects:,} objects")
    for name, figure in figures.items():
        print(f"  {name:<42} {figure:>12,.3f}")
    counts = {"partitions": options.partitions, "objects": options.objects}
    print(json.dumps({"benchmark": "catalog", **counts, **{name: round(value, 3) for name, value in figures.items()}}))


if __name__ == "__main__":
    main()
