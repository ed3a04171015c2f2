"""Loading, unloading and changing rows, each against the plain DuckDB statement on a table without slices.

The table is TPC-H's lineitem. Prints a table and, as the last line, one JSON object with every ratio.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

import kit
from kit.base.settings import Settings

FILES = 8
COLUMNS = {
    "l_orderkey": "bigint",
    "l_partkey": "bigint",
    "l_suppkey": "bigint",
    "l_linenumber": "integer",
    "l_quantity": "decimal(15,2)",
    "l_extendedprice": "decimal(15,2)",
    "l_discount": "decimal(15,2)",
    "l_tax": "decimal(15,2)",
    "l_returnflag": "varchar(1)",
    "l_linestatus": "varchar(1)",
    "l_shipdate": "date",
    "l_commitdate": "date",
    "l_receiptdate": "date",
    "l_shipinstruct": "varchar(25)",
    "l_shipmode": "varchar(10)",
    "l_comment": "varchar(44)",
}
TYPED = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
CSV = "header = false, columns = {" + ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items()) + "}"
TARGET = 2.5


@dataclass(frozen=True)
class Case:
    """What is measured: the same work by the warehouse and by plain DuckDB; `before` prepares both, unmeasured."""

    name: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    before: Callable[[], object] = lambda: None


class Bench:
    def __init__(self, folder: Path, scale: float, slices: int) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.plain = duckdb.connect(str(folder / "plain.duckdb"))
        self.plain.execute(f"SET threads = {Settings().threads}")
        self._generate(scale)
        self.workspace = kit.open(folder / "lab")
        self.warehouse = self.workspace.warehouse
        self.warehouse.cluster(slices // 2, 2)
        for kind in ("csv", "parquet"):
            self.workspace.storage.upload(self.files / kind, f"s3://lake/{kind}/")
        self.rows = 0

    def cases(self) -> Iterator[Case]:
        yield from self._loading()
        yield from self._unloading()
        yield from self._changing()
        yield self._merging()
        yield self._vacuuming()

    def close(self) -> None:
        self.workspace.close()
        self.plain.close()

    def _generate(self, scale: float) -> None:
        """Lineitem as even files: gzipped CSV and Parquet."""
        command = [str(Path(sys.executable).parent / "tpchgen-cli"), "parquet", "-s", str(scale)]
        subprocess.run([*command, "-T", "lineitem", "--output-dir", str(self.folder)], check=True, capture_output=True)
        source = self.folder / "lineitem.parquet"
        (total,) = self.plain.execute(f"SELECT count(*) FROM '{source}'").fetchone()
        for kind, options in (("csv", "FORMAT csv, HEADER false, COMPRESSION gzip"), ("parquet", "FORMAT parquet")):
            (self.files / kind).mkdir(parents=True)
            for number in range(FILES):
                low, high = total * number // FILES, total * (number + 1) // FILES
                target = self.files / kind / f"{number}.{kind}"
                self.plain.execute(
                    f"COPY (SELECT * EXCLUDE (file_row_number) FROM read_parquet('{source}', file_row_number = true) "
                    f"WHERE file_row_number BETWEEN {low} AND {high - 1}) TO '{target}' ({options})"
                )

    def _loading(self) -> Iterator[Case]:
        for kind, said in (("csv", "CSV GZIP"), ("parquet", "FORMAT PARQUET")):
            reader = f"read_csv('{self.files}/csv/*.csv', compression = 'gzip', auto_detect = false, {CSV})"
            if kind == "parquet":
                reader = f"read_parquet('{self.files}/parquet/*.parquet')"
            for keys in ("DISTKEY(l_orderkey) SORTKEY(l_shipdate)", "DISTKEY(l_shipmode)"):
                text = " by text" if "shipmode" in keys else ""
                order = "" if text else " ORDER BY l_shipdate"

                def ours(kind: str = kind, said: str = said) -> object:
                    return self.warehouse.sql(f"COPY lineitem FROM 's3://lake/{kind}/' {said}")

                def theirs(reader: str = reader, order: str = order) -> object:
                    listed = ", ".join(COLUMNS)
                    return self.plain.execute(f"INSERT INTO lineitem SELECT {listed} FROM {reader}{order}").fetchall()

                def before(keys: str = keys) -> None:
                    self._emptied(keys)

                yield Case(f"COPY {said}{text}", ours, theirs, before)

    def _unloading(self) -> Iterator[Case]:
        target = self.folder / "out"
        for said, options in (
            ("CSV", "FORMAT csv, HEADER false"),
            ("CSV GZIP", "FORMAT csv, HEADER false, COMPRESSION gzip"),
            ("PARQUET", "FORMAT parquet"),
        ):

            def ours(said: str = said) -> object:
                return self.warehouse.sql(f"UNLOAD ('SELECT * FROM lineitem') TO 's3://out/now/' {said} CLEANPATH")

            def theirs(options: str = options) -> object:
                return self.plain.execute(f"COPY lineitem TO '{target}' ({options})").fetchall()

            yield Case(f"UNLOAD {said}", ours, theirs)

    def _changing(self) -> Iterator[Case]:
        for percent in (1, 50):
            where = f"l_orderkey % {100 // percent} = 0"
            statements = {
                "UPDATE": f"UPDATE lineitem SET l_quantity = l_quantity + 1, l_shipmode = 'MAIL' WHERE {where}",
                "DELETE": f"DELETE FROM lineitem WHERE {where}",
            }
            for name, text in statements.items():

                def ours(text: str = text) -> object:
                    return self.warehouse.sql(text)

                def theirs(text: str = text) -> object:
                    return self.plain.execute(text).fetchall()

                yield Case(f"{name} {percent} %", ours, theirs, self._filled)

    def _merging(self) -> Case:
        """A hundred thousand rows into a million, half of them there already."""
        merge = (
            "MERGE INTO target USING source ON target.k = source.k WHEN MATCHED THEN UPDATE SET v = source.v "
            "WHEN NOT MATCHED THEN INSERT (k, v, w) VALUES (source.k, source.v, source.w)"
        )
        rows = "SELECT {} AS k, range % 1000 AS v, 'text ' || range AS w FROM range({})"
        for name, key, count in (("target", "range", 1_000_000), ("source", "range * 2 + 900000", 100_000)):
            self.plain.execute(f"CREATE TABLE first_{name} AS {rows.format(key, count)}")
            with self.workspace.storage.staging() as stage:
                path = stage.path(f"s3://lake/{name}/rows.parquet")
                self.plain.execute(f"COPY first_{name} TO '{path}' (FORMAT parquet)")
                stage.publish()

        def before() -> None:
            for name, keys in (("target", "DISTKEY(k) SORTKEY(k)"), ("source", "DISTKEY(k)")):
                self.plain.execute(f"CREATE OR REPLACE TABLE {name} AS FROM first_{name}")
                self.warehouse.sql(
                    f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (k bigint, v bigint, w varchar(20)) {keys}"
                )
                self.warehouse.sql(f"COPY {name} FROM 's3://lake/{name}/' FORMAT PARQUET")
            self.plain.execute("CHECKPOINT")

        return Case(
            "MERGE 100 k into 1 M",
            lambda: self.warehouse.sql(merge),
            lambda: self.plain.execute(merge).fetchall(),
            before,
        )

    def _vacuuming(self) -> Case:
        """Sorting a table anew, a third of whose rows came late."""

        def before() -> None:
            self._filled()
            self.warehouse.sql("INSERT INTO lineitem SELECT * FROM lineitem WHERE l_orderkey % 2 = 0")
            self.plain.execute("INSERT INTO lineitem SELECT * FROM lineitem WHERE l_orderkey % 2 = 0")
            self.plain.execute("CHECKPOINT")

        anew = "CREATE OR REPLACE TABLE lineitem AS SELECT * FROM lineitem ORDER BY l_shipdate"
        return Case(
            "VACUUM FULL",
            lambda: self.warehouse.sql("VACUUM FULL lineitem TO 100 PERCENT"),
            lambda: self.plain.execute(anew).fetchall(),
            before,
        )

    def _filled(self) -> None:
        self._emptied("DISTKEY(l_orderkey) SORTKEY(l_shipdate)")
        self.warehouse.sql("COPY lineitem FROM 's3://lake/parquet/' FORMAT PARQUET")
        listed = ", ".join(COLUMNS)
        self.plain.execute(f"INSERT INTO lineitem SELECT {listed} FROM read_parquet('{self.files}/parquet/*.parquet')")
        self.plain.execute("CHECKPOINT")

    def _emptied(self, keys: str) -> None:
        self.warehouse.sql(f"DROP TABLE IF EXISTS lineitem; CREATE TABLE lineitem ({TYPED}) {keys}")
        self.plain.execute(f"CREATE OR REPLACE TABLE lineitem ({TYPED})")
        self.plain.execute("CHECKPOINT")


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="a word that the statements measured begin with")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    report: dict[str, object] = {"benchmark": "warehouse_load", "scale": given.scale, "slices": given.slices}
    try:
        bench = Bench(folder, given.scale, given.slices)
        print(f"lineitem at SF {given.scale:g}, {given.slices} slices, best of {given.repeats}, ms")
        print(f"{'statement':28} {'plain':>9} {'warehouse':>10} {'ratio':>6}   target at most {TARGET}")
        ratios = {}
        for case in bench.cases():
            if not case.name.startswith(given.only):
                continue
            ours, theirs = [], []
            for _ in range(given.repeats):
                case.before()
                theirs.append(seconds(case.theirs))
                ours.append(seconds(case.ours))
            ratios[case.name] = min(ours) / min(theirs)
            print(f"{case.name:28} {min(theirs) * 1e3:9.0f} {min(ours) * 1e3:10.0f} {ratios[case.name]:6.2f}")
        report["ratios"] = {name: round(ratio, 3) for name, ratio in ratios.items()}
        report["worst_ratio"] = round(max(ratios.values()), 3)
        bench.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
