import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.catalog import Catalog, Column, Table
from kit.catalog.serde import descriptor
from kit.storage import Storage


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def storage(tmp_path: Path, clock: ManualClock) -> Iterator[Storage]:
    storage = Storage(tmp_path / "storage", clock=clock)
    yield storage
    storage.close()


@pytest.fixture
def catalog(tmp_path: Path, storage: Storage, clock: ManualClock) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite", storage=storage, clock=clock)
    yield catalog
    catalog.close()


@pytest.fixture
def error_of() -> Callable[[Callable[[], object]], KitError]:
    """The error that a call raises."""

    def raised(call: Callable[[], object]) -> KitError:
        with pytest.raises(KitError) as info:
            call()
        return info.value

    return raised


@pytest.fixture
def flights() -> Table:
    """A partitioned table, as one would declare it."""
    columns = (Column("Carrier", "STRING"), Column("delay", "int", "minutes"))
    keys = (Column("year", "int"), Column("day", "date"), Column("region", "string"))
    return Table("NYC", "Flights", descriptor("parquet", columns, "s3://lake/flights/"), keys)


@pytest.fixture
def put_csv(storage: Storage) -> Callable[..., None]:
    def put(uri: str, *lines: str) -> None:
        text = "\n".join(lines) + "\n"
        storage.put(uri, gzip.compress(text.encode()) if uri.endswith(".gz") else text)

    return put


@pytest.fixture
def put_json(storage: Storage) -> Callable[..., None]:
    def put(uri: str, *records: Any) -> None:
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        storage.put(uri, gzip.compress(text.encode()) if uri.endswith(".gz") else text)

    return put


@pytest.fixture
def put_parquet(storage: Storage) -> Callable[..., None]:
    def put(uri: str, **columns: Any) -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), sink)
        storage.put(uri, sink.getvalue().to_pybytes())

    return put
