from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.streams import Streams
from kit.streams.tables import StreamTables, fields

LOG = [
    ("partition_key", "string"),
    ("data", "binary"),
    ("sequence_number", "string"),
    ("shard_id", "string"),
    ("arrival_time", "timestamp"),
]


@pytest.fixture
def tables(streams: Streams) -> StreamTables:
    return StreamTables(lambda: streams)


def typed(*documents: str) -> dict[str, str]:
    return {column.name: column.type for column in fields(document.encode() for document in documents)}


def test_fields_are_typed_by_what_the_documents_hold() -> None:
    found = typed(
        '{"user": 1, "price": 2, "ok": true, "name": "a", "tags": [1], "place": {"x": 1}, "gone": null, "big": 1}',
        '{"user": 2, "price": 2.5, "ok": false, "name": null, "late": 3, "mixed": 1, "big": 99999999999999999999}',
        '{"mixed": "x"}',
    )

    assert found == {
        "user": "bigint",
        "price": "double",
        "ok": "boolean",
        "name": "string",
        "tags": "string",
        "place": "string",
        "gone": "string",
        "big": "string",
        "late": "bigint",
        "mixed": "string",
    }


def test_documents_that_are_no_objects_have_no_fields() -> None:
    assert typed("", "not json", "[1, 2]", "7", '"text"', "{", '{"a": 1') == {}
    assert fields([b"\xff\xfe"]) == ()


def test_names_are_lower_case_and_do_not_hide_the_logs_columns() -> None:
    (user, data, key) = fields([b'{"User": 1, "data": 2, "Partition_Key": 3, "USER": 4, "": 5}'])

    assert (user.name, user.json_key) == ("user", "User")
    assert (data.name, data.json_key) == ("data_data", "data")
    assert (key.name, key.json_key) == ("data_partition_key", "Partition_Key")


def test_a_stream_is_a_table_of_the_logs_columns_and_its_fields(streams: Streams, tables: StreamTables) -> None:
    streams.create("clicks").put_record({"user": 1}, "k")

    table = tables.find("clicks")

    assert table is not None
    assert [(column.name, column.type) for column in table.columns] == [*LOG, ("user", "bigint")]
    assert table.location == "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
    assert tables.names() == ["clicks"]


def test_an_empty_stream_is_a_table_without_fields(streams: Streams, tables: StreamTables) -> None:
    streams.create("clicks", shards=3)

    table = tables.find("clicks")

    assert table is not None
    assert [(column.name, column.type) for column in table.columns] == LOG
    assert list(tables.rows("clicks", ["data"])) == []


def test_old_and_new_records_of_every_shard_are_in_the_sample(streams: Streams, tables: StreamTables) -> None:
    stream = streams.create("clicks", shards=2)
    stream.limits(enforced=False)
    last = str((1 << 128) - 1)
    stream.put_record({"old": 1}, "k", explicit_hash_key=last)
    stream.append(pa.table({"data": ['{"usual": 1}'] * 5_000, "partition_key": [str(place) for place in range(5_000)]}))
    stream.put_record({"new": 1}, "k", explicit_hash_key=0)

    table = tables.find("clicks")

    assert table is not None
    assert {column.name for column in table.columns} >= {"old", "usual", "new"}


def test_a_table_is_found_in_any_letter_case_unless_two_differ_in_that_alone(
    streams: Streams, tables: StreamTables
) -> None:
    streams.create("Clicks")
    found = tables.find("clicks")
    assert found is not None
    assert found.name == "Clicks"
    assert tables.find("other") is None

    streams.create("clicks")
    with pytest.raises(KitError) as caught:
        tables.find("clicks")
    assert caught.value.code == "AMBIGUOUS_NAME"


def test_rows_have_the_columns_asked_for_and_nothing_else(streams: Streams, tables: StreamTables) -> None:
    streams.create("clicks", shards=2).put_records([(str(place), str(place)) for place in range(10)])

    (*batches,) = tables.rows("clicks", ["shard_id", "arrival_time"])

    assert all(batch.schema == tables.schema(["shard_id", "arrival_time"]) for batch in batches)
    assert batches[0].schema.types == [pa.string(), pa.timestamp("ms")]
    assert sum(batch.num_rows for batch in batches) == 10


def test_rows_are_bounded_by_time_and_shard(streams: Streams, tables: StreamTables, clock: ManualClock) -> None:
    stream = streams.create("clicks", shards=2)
    for place in range(6):
        clock.advance(1)
        stream.put_record(str(place), "k", explicit_hash_key=str((place % 2) << 127))
    begin = datetime(2026, 1, 1)

    def data(**bounds: Any) -> set[bytes]:
        held = tables.rows("clicks", ["data"], **bounds)
        return {value for batch in held for value in batch.column("data").to_pylist()}

    assert data(start=begin + timedelta(seconds=3)) == {b"2", b"3", b"4", b"5"}
    assert data(end=begin + timedelta(seconds=3)) == {b"0", b"1"}
    assert data(shards=["shardId-000000000001", "shardId-000000000099"]) == {b"1", b"3", b"5"}
    assert data(shards=[]) == set()


def test_streams_are_opened_when_they_are_named(open_streams: Callable[..., Streams]) -> None:
    asked: list[Streams] = []

    def opened() -> Streams:
        asked.append(open_streams())
        return asked[-1]

    tables = StreamTables(opened)
    assert (tables.database, asked) == ("streams", [])
    tables.names()
    assert len(asked) == 1
