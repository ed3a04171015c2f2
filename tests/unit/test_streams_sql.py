"""SQL over what streams hold, through Athena's front end."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def workspace(tmp_path: Path, clock: ManualClock) -> Iterator[Any]:
    with kit.open(tmp_path / "lab", clock=clock, seed=1) as opened:
        yield opened


@pytest.fixture
def stream(workspace: Any, clock: ManualClock) -> Any:
    """Twenty orders, one a second, over two shards."""
    stream = workspace.streams.create("orders", shards=2)
    stream.limits(enforced=False)
    for place in range(20):
        clock.advance(1)
        order = {"id": place, "price": place * 1.5, "paid": place % 2 == 0, "who": {"name": f"n{place}"}}
        stream.put_record(json.dumps(order), f"user-{place % 4}")
    return stream


def rows(workspace: Any, text: str, **options: Any) -> list[tuple[Any, ...]]:
    return workspace.athena.sql(text, **options).rows


def test_a_stream_is_a_table_of_the_database_streams(workspace: Any, stream: Any) -> None:
    found = rows(workspace, "SELECT count(*), sum(id), max(price), count_if(paid) FROM streams.orders")

    assert found == [(20, 190, 28.5, 10)]


def test_columns_of_the_log_are_what_the_log_holds(workspace: Any, stream: Any) -> None:
    found = rows(
        workspace,
        "SELECT partition_key, data, sequence_number, shard_id, arrival_time FROM orders ORDER BY id",
        database="streams",
    )

    held = sorted(stream, key=lambda record: json.loads(record.data)["id"])
    assert found == [
        (one.partition_key, one.data, one.sequence_number, one.shard_id, one.arrival_time.replace(tzinfo=None))
        for one in held
    ]


def test_fields_are_grouped_filtered_and_bound(workspace: Any, stream: Any) -> None:
    found = rows(
        workspace,
        "SELECT partition_key, count(*) FROM streams.orders WHERE id >= :least GROUP BY 1 ORDER BY 1",
        params={"least": 10},
    )

    assert found == [("user-0", 2), ("user-1", 2), ("user-2", 3), ("user-3", 3)]


def test_nested_fields_are_json_text(workspace: Any, stream: Any) -> None:
    found = rows(workspace, "SELECT json_extract_scalar(who, '$.name') FROM streams.orders WHERE id = 3")

    assert found == [("n3",)]


@pytest.mark.parametrize("comparison", [">", ">=", "<", "<=", "="])
def test_conditions_on_time_give_what_they_say(workspace: Any, stream: Any, comparison: str) -> None:
    seventh = datetime(2026, 1, 1) + timedelta(seconds=7)
    text = f"SELECT id FROM streams.orders WHERE arrival_time {comparison} TIMESTAMP '{seventh}' ORDER BY id"

    found = [each for (each,) in rows(workspace, text)]

    times = {place: datetime(2026, 1, 1) + timedelta(seconds=place + 1) for place in range(20)}
    holds = {
        ">": lambda time: time > seventh,
        ">=": lambda time: time >= seventh,
        "<": lambda time: time < seventh,
        "<=": lambda time: time <= seventh,
        "=": lambda time: time == seventh,
    }[comparison]
    assert found == [place for place, time in times.items() if holds(time)]


def test_conditions_on_the_shard_give_what_they_say(workspace: Any, stream: Any) -> None:
    for shard in stream.shards():
        text = f"SELECT count(*) FROM streams.orders WHERE shard_id = '{shard.shard_id}'"
        assert rows(workspace, text) == [(stream.table(shards=[shard.shard_id]).num_rows,)]
    assert rows(workspace, "SELECT count(*) FROM streams.orders WHERE shard_id = 'nothing'") == [(0,)]


def test_a_query_sees_what_is_there_when_it_runs(workspace: Any, stream: Any) -> None:
    text = "SELECT count(*), max(id) FROM streams.orders"
    assert rows(workspace, text) == [(20, 19)]

    stream.put_record({"id": 99}, "k")
    stream.split("shardId-000000000000")
    stream.put_record({"id": 100}, "k")

    assert rows(workspace, text) == [(22, 100)]


def test_records_that_are_no_json_have_null_fields(workspace: Any, stream: Any) -> None:
    stream.put_records([(b"\xff\xfe", "k"), (b"plain text", "k"), (b"[1]", "k"), (b'{"id": null}', "k"), (b"{}", "k")])

    assert rows(workspace, "SELECT count(*), count(id) FROM streams.orders") == [(25, 20)]


def test_a_value_that_does_not_fit_the_samples_type_is_an_error_and_not_a_null(workspace: Any) -> None:
    stream = workspace.streams.create("orders")
    stream.limits(enforced=False)
    usual = ['{"id": 1}'] * 3_000
    stream.append(pa.table({"data": usual, "partition_key": ["k"] * 3_000}))
    stream.put_record({"id": "one"}, "k")
    stream.append(pa.table({"data": usual, "partition_key": ["k"] * 3_000}))

    with pytest.raises(KitError) as caught:
        rows(workspace, "SELECT sum(id) FROM streams.orders")

    assert caught.value.code == "HIVE_BAD_DATA"
    assert "'one' for field id of arn:aws:kinesis" in caught.value.message
    assert rows(workspace, "SELECT count(*) FROM streams.orders") == [(6_001,)]


def test_streams_join_with_each_other(workspace: Any, stream: Any) -> None:
    users = workspace.streams.create("users")
    users.put_records([(json.dumps({"login": f"user-{place}", "city": f"c{place}"}), "k") for place in range(4)])

    found = rows(
        workspace,
        "SELECT u.city, count(*) FROM streams.orders o JOIN streams.users u ON o.partition_key = u.login "
        "GROUP BY 1 ORDER BY 1",
    )

    assert found == [("c0", 5), ("c1", 5), ("c2", 5), ("c3", 5)]


def test_nothing_is_billed_for_reading_a_stream(workspace: Any, stream: Any) -> None:
    result = workspace.athena.sql("SELECT count(*) FROM streams.orders")

    assert (result.stats.bytes_scanned, result.stats.cost_usd) == (0, 0)


def test_a_misspelt_stream_or_field_is_suggested(workspace: Any, stream: Any) -> None:
    with pytest.raises(KitError, match="Did you mean 'orders'") as no_table:
        rows(workspace, "SELECT * FROM streams.ordrs")
    assert no_table.value.code == "TABLE_NOT_FOUND"
    with pytest.raises(KitError, match="prise") as no_column:
        rows(workspace, "SELECT prise FROM streams.orders")
    assert no_column.value.code == "COLUMN_NOT_FOUND"


def test_a_damaged_segment_is_named_by_the_query(workspace: Any, stream: Any) -> None:
    path = max(workspace.path.glob("streams/orders*/*1/*.seg"))
    content = bytearray(path.read_bytes())
    content[content.index(b'"price"')] ^= 1
    path.write_bytes(content)
    workspace.close()

    with kit.open(workspace.path) as again, pytest.raises(KitError) as caught:
        again.athena.sql("SELECT count(*) FROM streams.orders WHERE data IS NOT NULL")

    assert caught.value.code == "InternalFailureException"
    assert path.name in str(caught.value)
