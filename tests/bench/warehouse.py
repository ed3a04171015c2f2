"""The warehouse against plain DuckDB: the 22 queries of TPC-H, interleaved in one run on the same cores.

Prints a table and, as its last line, one JSON object. `--full` adds how cost grows with the data (SF 0.1, 1, 3) and
with the number of slices (1 to 16). Nothing is asserted: the targets stand beside the figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

import kit
from kit.base.settings import Settings
from kit.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
QUERIES = {path.stem: path.read_text() for path in sorted((ROOT / "tests/differential/tpch/redshift").glob("q*.sql"))}
KEYS = {
    "lineitem": "DISTKEY(l_orderkey) SORTKEY(l_shipdate)",
    "orders": "DISTKEY(o_orderkey) SORTKEY(o_orderdate)",
    "part": "DISTKEY(p_partkey)",
    "partsupp": "DISTKEY(ps_partkey)",
}
TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
TYPES = {"VARCHAR": "varchar(200)"}
DISTRIBUTED = {"colocated", "broadcast", "redistributed", "staged"}


def generate(folder: Path, scale: float) -> Path:
    target = folder / f"sf{scale}"
    if not target.exists():
        command = [
            str(Path(sys.executable).parent / "tpchgen-cli"),
            "parquet",
            "-s",
            str(scale),
            "--output-dir",
            str(target),
        ]
        subprocess.run(command, check=True, capture_output=True)
    return target


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def load_plain(files: Path, path: Path) -> tuple[duckdb.DuckDBPyConnection, float]:
    plain = duckdb.connect(str(path))
    took = 0.0
    for name in TABLES:
        once = seconds(lambda: plain.execute(f"CREATE TABLE {name} AS FROM '{files / name}.parquet'").fetchall())  # noqa: B023
        took = once if name == "lineitem" else took
    plain.execute("CHECKPOINT")
    return plain, took


def load_warehouse(files: Path, folder: Path, slices: int) -> tuple[kit.Workspace, float]:
    workspace = kit.open(folder)
    warehouse = workspace.warehouse
    nodes = 2 if slices % 2 == 0 else 1
    warehouse.cluster(nodes, slices // nodes)
    workspace.storage.create_bucket("tpch")
    took = 0.0
    for name in TABLES:
        workspace.storage.upload(files / f"{name}.parquet", f"s3://tpch/{name}/0.parquet")
        described = duckdb.sql(f"DESCRIBE FROM '{files / name}.parquet'").fetchall()
        columns = ", ".join(f"{column} {TYPES.get(kind, kind)} NOT NULL" for column, kind, *_ in described)
        warehouse.sql(f"CREATE TABLE {name} ({columns}) {KEYS.get(name, 'DISTSTYLE ALL')}")
        once = seconds(lambda: warehouse.sql(f"COPY {name} FROM 's3://tpch/{name}/' FORMAT PARQUET"))  # noqa: B023
        took = once if name == "lineitem" else took
    return workspace, took


def plain_text(warehouse: Warehouse, sql: str) -> str:
    """What plain DuckDB runs: the query with Redshift's meaning written out, so that both do the same work."""
    from kit.warehouse.plan.expression import generate as written

    (parsed,) = warehouse._parsed(sql)
    return written(warehouse._queries.compiled(parsed.statement.tree, sql, sql, warehouse.session, {}).bound.tree)


def compare(plain: duckdb.DuckDBPyConnection, warehouse: Warehouse, repeats: int) -> list[dict[str, object]]:
    from kit.sql.redshift import MACROS

    plain.execute(f"SET threads = {Settings().threads}")
    plain.execute("CREATE SCHEMA IF NOT EXISTS public")
    for macro in MACROS:
        plain.execute(macro)
    for name in TABLES:
        plain.execute(f"CREATE OR REPLACE VIEW public.{name} AS FROM main.{name}")
    figures = []
    for name, sql in QUERIES.items():
        first = warehouse.sql(sql).stats
        text = plain_text(warehouse, sql)
        ours, theirs, kept = [], [], []
        for _ in range(repeats):
            theirs.append(seconds(lambda: plain.sql(text).to_arrow_table()))  # noqa: B023
            ours.append(seconds(lambda: kept.append(warehouse.sql(sql).stats)))  # noqa: B023
        figures.append(
            {
                "query": name,
                "tier": first.tier,
                "plain_ms": min(theirs) * 1000,
                "warehouse_ms": min(ours) * 1000,
                "predicted_ms": min(each.predicted_ms for each in kept),
                "planning_ms": first.planning_ms,
                "kept_plan_ms": statistics.median(each.planning_ms for each in kept),
                "moved_bytes": kept[-1].bytes_moved,
            }
        )
    return figures


def total_ms(warehouse: Warehouse, repeats: int) -> float:
    for sql in QUERIES.values():
        warehouse.sql(sql)
    return 1000 * sum(min(seconds(lambda: warehouse.sql(sql)) for _ in range(repeats)) for sql in QUERIES.values())  # noqa: B023


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--files", type=Path, help="where generated files are kept from one run to the next")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = generate(given.files or folder, given.scale)
        plain, ctas = load_plain(files, folder / "plain.duckdb")
        workspace, copied = load_warehouse(files, folder / "lab", given.slices)
        figures = compare(plain, workspace.warehouse, given.repeats)
        workspace.close()
        plain.close()
        report = summary(figures, ctas, copied, given)
        if given.full:
            report |= growth(folder, given)
    print(json.dumps(report))


def summary(
    figures: list[dict[str, object]], ctas: float, copied: float, given: argparse.Namespace
) -> dict[str, object]:
    print(f"TPC-H SF {given.scale:g}, {given.slices} slices, {Settings().threads} cores; best of {given.repeats}, ms")
    print(f"{'query':6} {'tier':14} {'plain':>8} {'warehouse':>10} {'ratio':>6} {'real slices':>12} {'planning':>9}")
    ratios = []
    for each in figures:
        ratio = each["warehouse_ms"] / each["plain_ms"]
        ratios.append(ratio)
        print(
            f"{each['query']:6} {each['tier']:14} {each['plain_ms']:8.1f} {each['warehouse_ms']:10.1f} {ratio:6.2f} "
            f"{each['predicted_ms']:12.1f} {each['planning_ms']:9.2f}"
        )
    report = {
        "benchmark": "warehouse",
        "scale": given.scale,
        "slices": given.slices,
        "total_ratio": sum(each["warehouse_ms"] for each in figures) / sum(each["plain_ms"] for each in figures),
        "geometric_mean_ratio": statistics.geometric_mean(ratios),
        "worst_ratio": max(ratios),
        "distributed": sum(each["tier"] in DISTRIBUTED for each in figures),
        "planning_median_ms": statistics.median(each["planning_ms"] for each in figures),
        "kept_plan_median_ms": statistics.median(each["kept_plan_ms"] for each in figures),
        "copy_over_ctas": copied / ctas,
    }
    targets = {
        "total_ratio": 1.3,
        "geometric_mean_ratio": 1.5,
        "worst_ratio": 4,
        "distributed": 18,
        "planning_median_ms": 10,
        "kept_plan_median_ms": 1,
        "copy_over_ctas": 2,
    }
    for name, target in targets.items():
        print(f"{name:24} {report[name]:8.2f}   target {'at least' if name == 'distributed' else 'at most'} {target}")
    return report


def growth(folder: Path, given: argparse.Namespace) -> dict[str, object]:
    """Totals of the 22 queries by scale at four slices, and by slices at the smallest scale."""
    by_scale: dict[str, float] = {}
    for scale in (0.1, 1.0, 3.0):
        files = generate(given.files or folder, scale)
        workspace, _ = load_warehouse(files, folder / f"scale{scale}", 4)
        by_scale[f"{scale:g}"] = total_ms(workspace.warehouse, 2)
        workspace.close()
        print(f"SF {scale:<4g} 4 slices: {by_scale[f'{scale:g}']:10.0f} ms")
    by_slices: dict[str, float] = {}
    files = generate(given.files or folder, 0.1)
    for slices in (1, 2, 4, 8, 16):
        workspace, _ = load_warehouse(files, folder / f"slices{slices}", slices)
        by_slices[str(slices)] = total_ms(workspace.warehouse, 2)
        workspace.close()
        print(f"SF 0.1 {slices:2} slices: {by_slices[str(slices)]:10.0f} ms")
    return {"total_ms_by_scale": by_scale, "total_ms_by_slices": by_slices}


if __name__ == "__main__":
    main()
