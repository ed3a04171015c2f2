"""A workspace with a lake in it, and short ways to put objects and declare tables."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.result import Result
from kit.base.settings import Settings
from kit.catalog import Column, Partition, Table
from kit.catalog.serde import LAZY_SIMPLE, descriptor

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


class LakeHouse:
    """The workspace `ws` with the database `lake`; tables lie below `s3://data/`."""

    def __init__(self, ws: kit.Workspace) -> None:
        self.ws = ws
        self.storage = ws.storage
        self.catalog = ws.catalog
        self.athena = ws.athena
        ws.catalog.create_database("lake")

    def put(self, key: str, data: str | bytes | pa.Table) -> str:
        """An object below `s3://data/`; an Arrow table becomes Parquet."""
        uri = f"s3://data/{key}"
        if isinstance(data, pa.Table):
            sink = pa.BufferOutputStream()
            pq.write_table(data, sink)
            data = sink.getvalue().to_pybytes()
        self.storage.put(uri, data)
        return uri

    def table(
        self,
        name: str,
        columns: Mapping[str, str],
        format_name: str = "parquet",
        *,
        serde: str = "",
        serde_parameters: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
        partitions: Sequence[Partition] = (),
        location: str = "",
    ) -> Table:
        """Declare a table over `s3://data/NAME/`."""
        kept = tuple(Column(each, kind) for each, kind in columns.items())
        held = descriptor(
            format_name,
            kept,
            location or f"s3://data/{name}/",
            serde=serde,
            serde_parameters=serde_parameters or {},
        )
        partition_keys = tuple(Column(each, kind) for each, kind in (keys or {}).items())
        table = Table("lake", name, held, partition_keys, parameters=dict(parameters or {}))
        return self.catalog.create_table(table, partitions)

    def csv(self, name: str, columns: Mapping[str, str], text: str | bytes, **options: Any) -> Table:
        """A table of delimited text with commas, of one object."""
        self.put(f"{name}/{options.pop('object_name', 'part-0.csv')}", text)
        serde_parameters = {"field.delim": ",", **options.pop("serde_parameters", {})}
        serde = options.pop("serde", LAZY_SIMPLE)
        return self.table(name, columns, "textfile", serde=serde, serde_parameters=serde_parameters, **options)

    def sql(self, text: str, **options: Any) -> Result:
        return self.athena.sql(text, **{"database": "lake", **options})

    def rows(self, text: str, **options: Any) -> list[tuple[Any, ...]]:
        return self.sql(text, **options).rows


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def lake(tmp_path: Path, clock: ManualClock) -> Iterator[LakeHouse]:
    with kit.open(tmp_path / "ws", clock=clock, seed=7, settings=Settings(threads=2)) as ws:
        yield LakeHouse(ws)
