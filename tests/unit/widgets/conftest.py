"""A workspace with a little of everything that can be walked through."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import kit
from kit.base.clock import ManualClock
from kit.workspace import Workspace


@pytest.fixture
def furnished(tmp_path: Path) -> Iterator[Workspace]:
    """A partitioned table of two versions, a query that read it, a stream with a record, a table of the warehouse."""
    workspace = kit.open(tmp_path / "ws", clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), seed=1)
    for month in (1, 2):
        lines = "\n".join(
            json.dumps({"origin": o, "delay": month * 10 + n}) for n, o in enumerate(("EWR", "JFK", "JFK"))
        )
        workspace.storage.put(f"s3://lake/flights/month={month}/part.json", lines.encode())
    workspace.catalog.crawl("s3://lake/flights/", database="nyc")
    workspace.storage.put("s3://lake/flights/month=2/more.json", b'{"origin": "LGA", "delay": 1, "carrier": "UA"}\n')
    workspace.catalog.crawl("s3://lake/flights/", database="nyc")
    workspace.athena.sql("SELECT count(*) FROM flights", database="nyc")
    workspace.streams.create("clicks", shards=2).put_record({"page": "/"}, "ada")
    workspace.warehouse.sql("CREATE TABLE sales (id int, region varchar(9)) DISTKEY(id) SORTKEY(region)")
    workspace.warehouse.sql("INSERT INTO sales VALUES (1, 'north'), (2, 'south')")
    yield workspace
    workspace.close()
