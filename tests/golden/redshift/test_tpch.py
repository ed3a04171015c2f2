"""The 22 queries of TPC-H: bound and run with the macros, they answer as plain DuckDB does standard SQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlglot.dialects.duckdb import DuckDB

from kit.sql.redshift import MACROS, bind, parse
from kit.sql.redshift.schema import TableColumn, TableSchema
from kit.sql.redshift.statements import CreateTable, Query
from kit.sql.redshift.types import Kind

QUERIES = Path(__file__).parents[2] / "differential" / "tpch"
TABLES = """
CREATE TABLE region (r_regionkey integer, r_name char(25), r_comment varchar(152));
CREATE TABLE nation (n_nationkey integer, n_name char(25), n_regionkey integer, n_comment varchar(152));
CREATE TABLE supplier (s_suppkey integer, s_name char(25), s_address varchar(40), s_nationkey integer, s_phone char(15),
    s_acctbal decimal(12,2), s_comment varchar(101));
CREATE TABLE customer (c_custkey integer, c_name varchar(25), c_address varchar(40), c_nationkey integer,
    c_phone char(15), c_acctbal decimal(12,2), c_mktsegment char(10), c_comment varchar(117));
CREATE TABLE part (p_partkey integer, p_name varchar(55), p_mfgr char(25), p_brand char(10), p_type varchar(25),
    p_size integer, p_container char(10), p_retailprice decimal(12,2), p_comment varchar(23));
CREATE TABLE partsupp (ps_partkey integer, ps_suppkey integer, ps_availqty integer, ps_supplycost decimal(12,2),
    ps_comment varchar(199));
CREATE TABLE orders (o_orderkey bigint, o_custkey integer, o_orderstatus char(1), o_totalprice decimal(12,2),
    o_orderdate date, o_orderpriority char(15), o_clerk char(15), o_shippriority integer, o_comment varchar(79));
CREATE TABLE lineitem (l_orderkey bigint, l_partkey integer, l_suppkey integer, l_linenumber integer,
    l_quantity decimal(12,2), l_extendedprice decimal(12,2), l_discount decimal(12,2), l_tax decimal(12,2),
    l_returnflag char(1), l_linestatus char(1), l_shipdate date, l_commitdate date, l_receiptdate date,
    l_shipinstruct char(25), l_shipmode char(10), l_comment varchar(44));
"""


class Tables(dict[str, TableSchema]):
    """The eight tables in the schema public."""

    def table(self, schema: str, name: str) -> TableSchema | None:
        return self.get(name) if schema == "public" else None

    def schemas(self) -> list[str]:
        return ["public"]

    def tables(self, schema: str) -> list[str]:
        return list(self) if schema == "public" else []


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[duckdb.DuckDBPyConnection, Tables]]:
    """The rows of scale factor 0.01 twice: in Redshift's types in the schema public, as they are in main."""
    folder = tmp_path_factory.mktemp("tpch")
    generator = Path(sys.executable).parent / "tpchgen-cli"
    command = [str(generator), "parquet", "--scale-factor", "0.01", "--output-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    tables = Tables()
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA public")
        for macro in MACROS:
            connection.execute(macro)
        for parsed in parse(TABLES):
            assert isinstance(parsed.statement, CreateTable)
            name, columns = parsed.statement.table.name, parsed.statement.columns
            tables[name] = TableSchema("public", name, tuple(TableColumn(each.name, each.type) for each in columns))
            listed = ", ".join(f"{each.name} {each.type.duckdb}" for each in columns)
            connection.execute(f"CREATE TABLE public.{name} ({listed})")
            connection.execute(f"INSERT INTO public.{name} FROM '{folder / name}.parquet'")
            connection.execute(f"CREATE TABLE main.{name} AS FROM '{folder / name}.parquet'")
        yield connection, tables


@pytest.mark.parametrize("path", sorted((QUERIES / "redshift").glob("q*.sql")), ids=lambda path: path.stem)
def test_the_answer_is_plain_duckdbs(loaded: tuple[duckdb.DuckDBPyConnection, Tables], path: Path) -> None:
    connection, tables = loaded
    text = path.read_text(encoding="utf-8")
    (parsed,) = parse(text)
    assert isinstance(parsed.statement, Query)

    bound = bind(parsed.statement.tree, text, tables)

    rows = connection.execute(DuckDB().generator(identify=True).generate(bound.tree)).fetchall()
    expected = connection.execute((QUERIES / "trino" / path.name).read_text(encoding="utf-8")).fetchall()
    scales = [column.type.scale if column.type.kind is Kind.NUMERIC else None for column in bound.columns]
    assert len(rows) == len(expected) > 0
    for row, wanted in zip(rows, expected, strict=True):
        assert all(_same(*pair) for pair in zip(row, wanted, scales, strict=True)), (row, wanted)


def _same(value: Any, wanted: Any, scale: int | None) -> bool:
    """Redshift cuts quotients of decimals at the scale of their type; DuckDB makes doubles of them.

    A text that the query groups by comes without its trailing blanks.
    """
    if isinstance(wanted, str):
        return value == wanted.rstrip()
    if scale is None or value is None or wanted is None:
        return value == wanted
    return abs(value - Decimal(wanted)) < Decimal(10) ** -scale + Decimal("1e-9")
