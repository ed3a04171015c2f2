"""The 22 queries of TPC-H in Redshift's dialect: the same answers as plain DuckDB over the same rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

QUERIES = sorted((Path(__file__).parents[1] / "tpch" / "redshift").glob("q*.sql"))
TABLES = {
    "region": "r_regionkey integer, r_name varchar(25), r_comment varchar(152)",
    "nation": "n_nationkey integer, n_name varchar(25), n_regionkey integer, n_comment varchar(152)",
    "supplier": "s_suppkey integer, s_name varchar(25), s_address varchar(40), s_nationkey integer, "
    "s_phone varchar(15), s_acctbal numeric(15,2), s_comment varchar(101)",
    "customer": "c_custkey integer, c_name varchar(25), c_address varchar(40), c_nationkey integer, "
    "c_phone varchar(15), c_acctbal numeric(15,2), c_mktsegment varchar(10), c_comment varchar(117)",
    "part": "p_partkey integer, p_name varchar(55), p_mfgr varchar(25), p_brand varchar(10), p_type varchar(25), "
    "p_size integer, p_container varchar(10), p_retailprice numeric(15,2), p_comment varchar(23)",
    "partsupp": "ps_partkey integer, ps_suppkey integer, ps_availqty integer, ps_supplycost numeric(15,2), "
    "ps_comment varchar(199)",
    "orders": "o_orderkey bigint, o_custkey integer, o_orderstatus varchar(1), o_totalprice numeric(15,2), "
    "o_orderdate date, o_orderpriority varchar(15), o_clerk varchar(15), o_shippriority integer, o_comment varchar(79)",
    "lineitem": "l_orderkey bigint, l_partkey integer, l_suppkey integer, l_linenumber integer, "
    "l_quantity numeric(15,2), l_extendedprice numeric(15,2), l_discount numeric(15,2), l_tax numeric(15,2), "
    "l_returnflag varchar(1), l_linestatus varchar(1), l_shipdate date, l_commitdate date, l_receiptdate date, "
    "l_shipinstruct varchar(25), l_shipmode varchar(10), l_comment varchar(44)",
}
TUNED = {
    "lineitem": "DISTKEY(l_orderkey) SORTKEY(l_shipdate)",
    "orders": "DISTKEY(o_orderkey) SORTKEY(o_orderdate)",
    "part": "DISTKEY(p_partkey)",
    "partsupp": "DISTKEY(ps_partkey)",
}
UNTUNED = {
    "lineitem": "DISTSTYLE EVEN INTERLEAVED SORTKEY(l_partkey, l_shipdate)",
    "orders": "DISTKEY(o_custkey)",
    "part": "DISTSTYLE EVEN",
    "partsupp": "DISTKEY(ps_suppkey)",
    "customer": "DISTKEY(c_nationkey)",
    "supplier": "DISTSTYLE EVEN",
}
DESIGNS = {"tuned": (TUNED, "DISTSTYLE ALL"), "untuned": (UNTUNED, "DISTSTYLE AUTO")}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tpch")
    generator = Path(sys.executable).parent / "tpchgen-cli"
    command = [str(generator), "parquet", "--scale-factor", "0.01", "--output-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(
    scope="module", params=[(1, 1, "tuned"), (1, 2, "untuned"), (2, 2, "tuned"), (1, 7, "untuned")], ids=str
)
def loaded(request: pytest.FixtureRequest, twins: Callable[[int, int], Any], files: Path) -> Any:
    """Twins that hold the eight tables, loaded by COPY, under one of the designs."""
    nodes, slices_per_node, design = request.param
    attributes, otherwise = DESIGNS[design]
    pair = twins(nodes, slices_per_node)
    storage = pair.storage
    storage.create_bucket("tpch")
    for name, columns in TABLES.items():
        storage.upload(files / f"{name}.parquet", f"s3://tpch/{name}/part-0.parquet")
        pair.warehouse.sql(f"CREATE TABLE {name} ({columns}) {attributes.get(name, otherwise)}")
        pair.warehouse.sql(f"COPY {name} FROM 's3://tpch/{name}/' FORMAT PARQUET")
        pair.plain.execute(f"CREATE TABLE public.{name} ({columns})")
        pair.plain.execute(f"INSERT INTO public.{name} SELECT * FROM '{files / name}.parquet'")
    return pair


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_query_answers_as_plain_duckdb(loaded: Any, path: Path) -> None:
    loaded.check(path.read_text())


def test_every_query_is_distributed(loaded: Any) -> None:
    tiers = {path.stem: loaded.warehouse.sql(path.read_text()).stats.tier for path in QUERIES}

    assert len(tiers) == 22
    assert [name for name, tier in tiers.items() if tier in {"leader", "leader_views"}] == []
