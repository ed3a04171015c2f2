"""The catalog browser on a catalog of ten thousand tables and a million partitions.

    python tests/bench/browser.py [--tables 10000] [--partitions 1000000] [--rounds 5]

Times are wall time in milliseconds, the median of the rounds, in a process that has the catalog open. The last line is
JSON.
"""

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable

import kit
from kit.catalog.encoding import encode_table
from kit.catalog.model import Column, Partition, SerDe, StorageDescriptor, Table
from kit.widgets.catalog_browser import still
from kit.widgets.catalog_browser.details import details
from kit.widgets.catalog_browser.index import Index, state_of
from kit.widgets.catalog_browser.tree import children
from kit.workspace import Workspace

KEYS = (Column("day", "int"), Column("hour", "int"))
SERDE = SerDe("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")


def table(name: str, keys: tuple[Column, ...] = ()) -> Table:
    columns = tuple(Column(f"c{place}", "bigint") for place in range(8))
    return Table("wide", name, StorageDescriptor(columns, f"s3://lake/{name}/", SERDE), keys)


def furnish(workspace: Workspace, tables: int, partitions: int) -> None:
    workspace.catalog.create_database("wide")
    # In one transaction: a commit for each table would take minutes on a slow disk, and is not what is measured here.
    body = encode_table(table("any"))
    with sqlite3.connect(workspace.path / "catalog.sqlite") as connection:
        for number in range(tables - 1):
            values = ("wide", f"t{number:05d}", 1, 0)
            made = connection.execute(
                "INSERT INTO catalog_table (database, name, version, created_ns) VALUES (?, ?, ?, ?)", values
            )
            connection.execute("INSERT INTO table_version VALUES (?, 1, ?, 0)", (made.lastrowid, body))
    connection.close()
    workspace.catalog.create_table(table("big", KEYS))
    for begin in range(0, partitions, 100_000):
        workspace.catalog.add_partitions(
            "wide",
            "big",
            (
                Partition(
                    (str(number // 24), str(number % 24)), f"s3://lake/big/day={number // 24}/hour={number % 24}/"
                )
                for number in range(begin, min(begin + 100_000, partitions))
            ),
        )


def median_ms(rounds: int, call: Callable[[], object]) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--partitions", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, kit.open(folder) as workspace:
        furnish(workspace, options.tables, options.partitions)
        big = ("lake", "wide", "big")
        first_search = median_ms(1, lambda: Index(workspace).search("t0012 c3"))
        index = Index(workspace)
        index.search("big")
        figures = {
            "browser_open_ms": median_ms(options.rounds, lambda: children(workspace, ())),
            "browser_still_ms": median_ms(options.rounds, lambda: still.page(workspace)),
            "browser_tables_ms": median_ms(options.rounds, lambda: children(workspace, ("lake", "wide"))),
            "browser_table_ms": median_ms(options.rounds, lambda: children(workspace, big)),
            "browser_details_ms": median_ms(options.rounds, lambda: details(workspace, big)),
            "browser_partitions_ms": median_ms(options.rounds, lambda: children(workspace, (*big, "partitions"))),
            "browser_last_partitions_ms": median_ms(
                options.rounds, lambda: children(workspace, (*big, "partitions"), options.partitions - 100)
            ),
            "browser_first_search_ms": first_search,
            "browser_search_ms": median_ms(options.rounds, lambda: index.search("t0012 c3")),
            "browser_watch_ms": median_ms(options.rounds, lambda: state_of(workspace)),
        }
        for name, ms in figures.items():
            print(f"{name:<28}{ms:>10.2f}")
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
