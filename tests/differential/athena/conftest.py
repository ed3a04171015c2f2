"""TPC-H at scale 0.01, once as a lake and once for plain DuckDB, over the same files."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

import kit
from kit.base.settings import Settings
from kit.catalog import Column, Table
from kit.catalog.serde import descriptor
from kit.catalog.types import from_arrow

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")


@pytest.fixture(scope="package")
def tpch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of Parquet files, one a table."""
    folder = tmp_path_factory.mktemp("tpch")
    program = Path(sys.executable).with_name("tpchgen-cli")
    command = [str(program), "parquet", "-s", "0.01", "--output-dir", str(folder), "--quiet"]
    subprocess.run(command, check=True, timeout=120)
    return folder


@pytest.fixture(scope="package")
def lake(tpch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[kit.Workspace]:
    """The tables in a workspace, `lineitem` in four objects."""
    with kit.open(tmp_path_factory.mktemp("lake") / "ws", settings=Settings(threads=2)) as ws:
        ws.catalog.create_database("tpch")
        for name in TABLES:
            held = pq.read_table(tpch / f"{name}.parquet")
            pieces = 4 if name == "lineitem" else 1
            size = -(-held.num_rows // pieces)
            for piece in range(pieces):
                with ws.storage.staging() as stage:
                    path = stage.path(f"s3://lake/{name}/{piece}.parquet")
                    pq.write_table(held.slice(piece * size, size), path, row_group_size=5000)
                    stage.publish()
            columns = tuple(Column(field.name, str(from_arrow(field.type))) for field in held.schema)
            ws.catalog.create_table(Table("tpch", name, descriptor("parquet", columns, f"s3://lake/{name}/")))
        yield ws


@pytest.fixture(scope="package")
def plain(lake: kit.Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB without anything of ours, over the lake's own files."""
    with duckdb.connect(config={"threads": 2}) as connection:
        for name in TABLES:
            folder = lake.storage.path(f"s3://lake/{name}/")
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder}/*.parquet')")
        yield connection
