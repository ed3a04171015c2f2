import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.streams import Streams
from kit.streams.errors import (
    ExpiredIteratorException,
    ExpiredNextTokenException,
    InvalidArgumentException,
    ResourceNotFoundException,
)
from kit.streams.tokens import Place, Tokens

FIRST = "shardId-000000000000"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def stream(streams: Streams, clock: ManualClock) -> Any:
    """Ten records in one shard, one a second, the last one now."""
    stream = streams.create("clicks")
    stream.limits(enforced=False)
    for place in range(10):
        clock.advance(1)
        stream.put_record(str(place), f"key-{place}")
    return stream


def read(stream: Any, kind: str, **asked: Any) -> list[int]:
    page = stream.get_records(stream.get_shard_iterator(FIRST, kind, **asked))
    return [int(record.data) for record in page.records]


def test_the_five_kinds_of_iterators_begin_where_they_say(stream: Any) -> None:
    fourth = next(record for record in stream if record.data == b"4").sequence_number

    assert read(stream, "TRIM_HORIZON") == list(range(10))
    assert read(stream, "LATEST") == []
    assert read(stream, "AT_SEQUENCE_NUMBER", sequence_number=fourth) == [4, 5, 6, 7, 8, 9]
    assert read(stream, "AFTER_SEQUENCE_NUMBER", sequence_number=fourth) == [5, 6, 7, 8, 9]
    assert read(stream, "AT_TIMESTAMP", timestamp=BEGIN + timedelta(seconds=8)) == [7, 8, 9]
    assert read(stream, "AT_TIMESTAMP", timestamp=BEGIN + timedelta(seconds=7.001)) == [7, 8, 9]
    assert read(stream, "AT_TIMESTAMP", timestamp=BEGIN - timedelta(days=9)) == list(range(10))


def test_records_are_as_they_were_put(stream: Any) -> None:
    record = stream.get_records(stream.get_shard_iterator(FIRST)).records[3]

    assert (record.data, record.partition_key, record.shard_id) == (b"3", "key-3", FIRST)
    assert record.arrival_time == BEGIN + timedelta(seconds=4)
    assert len(record.sequence_number) == 56


def test_an_iterator_at_the_tip_gives_what_is_put_later(stream: Any) -> None:
    iterator = stream.get_shard_iterator(FIRST, "LATEST")
    placed = stream.put_record("new", "key")

    page = stream.get_records(iterator)

    assert [record.sequence_number for record in page.records] == [placed.sequence_number]


def test_behind_is_zero_at_the_tip_and_nowhere_else(stream: Any, clock: ManualClock) -> None:
    iterator: Any = stream.get_shard_iterator(FIRST)
    seen = []
    while not seen or seen[-1]:
        page = stream.get_records(iterator, limit=4)
        seen.append(page.millis_behind_latest)
        iterator = page.next_iterator

    assert seen == [6_000, 2_000, 0]
    clock.advance(100)
    assert stream.get_records(iterator).millis_behind_latest == 0


def test_a_closed_shard_ends_with_its_children(stream: Any) -> None:
    children = stream.split(FIRST)

    page = stream.get_records(stream.get_shard_iterator(FIRST), limit=9)
    last = stream.get_records(page.next_iterator)

    assert (len(page.records), page.children) == (9, ())
    assert (len(last.records), last.next_iterator, last.millis_behind_latest) == (1, None, 0)
    assert [child.shard_id for child in last.children] == [child.shard_id for child in children]
    assert [child.parents for child in last.children] == [(FIRST,), (FIRST,)]
    assert [(child.starting_hash_key, child.ending_hash_key) for child in last.children] == [
        (child.starting_hash_key, child.ending_hash_key) for child in children
    ]


def test_the_latest_of_a_closed_shard_is_its_end(stream: Any) -> None:
    stream.split(FIRST)

    page = stream.get_records(stream.get_shard_iterator(FIRST, "LATEST"))

    assert (page.records, page.next_iterator) == ([], None)
    assert len(page.children) == 2


def test_an_iterator_lives_five_minutes(stream: Any, clock: ManualClock) -> None:
    iterator = stream.get_shard_iterator(FIRST)
    clock.advance(300)
    stream.get_records(iterator)

    clock.advance(0.001)
    with pytest.raises(ExpiredIteratorException, match="300000 milliseconds"):
        stream.get_records(iterator)


@settings(max_examples=300)
@given(place=st.integers(0, 111), change=st.integers(1, 255))
def test_an_iterator_that_was_altered_anywhere_is_refused(place: int, change: int) -> None:
    tokens = Tokens(b"secret" * 6)
    good = tokens.iterator(Place("abcdefghij0123456789-xyz", 5, 17), 1_000)  # type: ignore[arg-type]
    raw = bytearray(good.encode())
    raw[place % len(raw)] ^= change

    with pytest.raises(InvalidArgumentException, match="Invalid ShardIterator"):
        tokens.place(raw.decode("latin-1"), 1_000)


@pytest.mark.parametrize("text", ["", "x", "AAAA", "=" * 20, "ü" * 20, "A" * 512])
def test_a_text_that_is_no_iterator_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentException):
        Tokens(b"secret" * 6).place(text, 1_000)


def test_an_iterator_of_another_workspace_is_refused(stream: Any, tmp_path: Any, clock: ManualClock) -> None:
    iterator = stream.get_shard_iterator(FIRST)
    other = Tokens(b"another secret of 32 bytes length")

    with pytest.raises(InvalidArgumentException):
        other.place(iterator, 0)


def test_a_token_is_not_good_for_something_else(stream: Any) -> None:
    tokens = Tokens(b"secret" * 6)

    with pytest.raises(InvalidArgumentException):
        tokens.place(tokens.page("content", 0), 0)
    with pytest.raises(InvalidArgumentException):
        tokens.page_content(stream.get_shard_iterator(FIRST), 0)


def test_a_pagination_token_lives_five_minutes() -> None:
    tokens = Tokens(b"secret" * 6)
    token = tokens.page("content", 1_000)

    assert tokens.page_content(token, 301_000) == "content"
    with pytest.raises(ExpiredNextTokenException):
        tokens.page_content(token, 301_001)


def test_an_iterator_of_another_stream_is_refused(streams: Streams, stream: Any) -> None:
    other = streams.create("other")

    with pytest.raises(InvalidArgumentException, match="not one of stream clicks"):
        stream.get_records(other.get_shard_iterator(FIRST))


def test_an_iterator_of_a_deleted_stream_finds_nothing(streams: Streams, stream: Any, client: Any) -> None:
    iterator = stream.get_shard_iterator(FIRST)
    streams.delete("clicks")

    with pytest.raises(ResourceNotFoundException):
        stream.get_records(iterator)
    streams.create("clicks")
    with pytest.raises(ResourceNotFoundException):
        client.get_records(ShardIterator=iterator)


def test_the_secret_is_private_and_stays(open_streams: Callable[..., Streams]) -> None:
    one = open_streams()
    stream = one.create("clicks")
    iterator = stream.get_shard_iterator(FIRST)
    secret = one.folder / "secret"

    assert secret.stat().st_mode & 0o777 == 0o600
    assert len(secret.read_bytes()) == 32
    assert secret.read_bytes() not in base64.urlsafe_b64decode(iterator)
    assert open_streams()["clicks"].get_records(iterator).records == []


def test_records_expire_one_by_one(stream: Any, clock: ManualClock) -> None:
    clock.advance(24 * 3_600 - 9)
    assert read(stream, "TRIM_HORIZON") == list(range(1, 10))
    clock.advance(3)
    assert read(stream, "TRIM_HORIZON") == list(range(4, 10))
    assert [int(data) for data in stream.table()["data"].to_pylist()] == list(range(4, 10))
    assert [int(record.data) for record in stream] == list(range(4, 10))


def test_a_raised_retention_brings_nothing_back(stream: Any, clock: ManualClock, client: Any) -> None:
    clock.advance(24 * 3_600 - 5)

    client.increase_stream_retention_period(StreamName="clicks", RetentionPeriodHours=48)

    assert read(stream, "TRIM_HORIZON") == list(range(5, 10))
    clock.advance(20 * 3_600)
    assert read(stream, "TRIM_HORIZON") == list(range(5, 10))


def test_a_lowered_retention_takes_effect_at_once(streams: Streams, clock: ManualClock, client: Any) -> None:
    stream = streams.create("clicks", retention_hours=72)
    stream.put_record("old", "k")
    clock.advance(30 * 3_600)
    stream.put_record("new", "k")

    client.decrease_stream_retention_period(StreamName="clicks", RetentionPeriodHours=24)

    assert [record.data for record in stream] == [b"new"]


def test_what_has_expired_stays_so_when_the_clock_is_moved_back(stream: Any, clock: ManualClock) -> None:
    clock.advance(24 * 3_600 - 5)
    assert len(read(stream, "TRIM_HORIZON")) == 5

    clock.advance(-3_600)

    assert len(read(stream, "TRIM_HORIZON")) == 5


def test_an_iterator_at_what_expires_meanwhile_goes_on_behind_it(stream: Any, clock: ManualClock) -> None:
    clock.advance(24 * 3_600 - 12)
    iterator = stream.get_shard_iterator(FIRST)
    clock.advance(8)

    assert [int(record.data) for record in stream.get_records(iterator).records] == list(range(6, 10))


def test_a_closed_shard_is_gone_once_all_it_held_has_expired(stream: Any, clock: ManualClock) -> None:
    stream.split(FIRST)
    clock.advance(24 * 3_600 + 1)

    assert FIRST not in {shard.shard_id for shard in stream.shards()}
    with pytest.raises(ResourceNotFoundException):
        stream.get_shard_iterator(FIRST)
    assert stream.shards()[0].parent_id == FIRST


def test_a_table_has_the_columns_of_the_log(stream: Any) -> None:
    table = stream.table()

    assert table.schema.names == ["partition_key", "data", "sequence_number", "shard_id", "arrival_time"]
    assert table.schema.field("arrival_time").type == pa.timestamp("ms", "UTC")
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (record.partition_key, record.data, record.sequence_number, record.shard_id, record.arrival_time)
        for record in stream
    ]


def test_a_table_may_begin_and_end_at_a_time(stream: Any) -> None:
    def held(**bounds: Any) -> list[int]:
        return [int(data) for data in stream.table(**bounds)["data"].to_pylist()]

    assert held(start=BEGIN + timedelta(seconds=8)) == [7, 8, 9]
    assert held(end=BEGIN + timedelta(seconds=4)) == [0, 1, 2]
    assert held(start=BEGIN + timedelta(seconds=3), end=BEGIN + timedelta(seconds=5)) == [2, 3]
    assert held(start="LATEST") == []


def test_a_table_may_begin_behind_positions(stream: Any) -> None:
    numbers = stream.table()["sequence_number"].to_pylist()

    rest = stream.table(start={FIRST: numbers[6]})

    assert [int(data) for data in rest["data"].to_pylist()] == [7, 8, 9]


def test_columns_that_are_not_wanted_are_left_out(stream: Any) -> None:
    assert stream.table(columns=["data"]).schema.names == ["data"]
    assert [batch.schema.names for batch in stream.batches(columns=["shard_id", "data"])] == [["shard_id", "data"]]


@pytest.mark.parametrize(
    "wrong",
    [{"start": "EARLIEST"}, {"shards": ["shardId-000000000007"]}, {"columns": ["dta"]}, {"start": {FIRST: "17"}}],
    ids=["start", "shard", "column", "position"],
)
def test_what_a_table_cannot_be_made_of_is_refused(stream: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(KitError):
        stream.table(**wrong)


def test_batches_give_the_rows_of_the_table(stream: Any) -> None:
    stream.append(pa.table({"data": ["x"] * 20_000, "partition_key": [str(place) for place in range(20_000)]}))

    assert pa.Table.from_batches(stream.batches()).to_pylist() == stream.table().to_pylist()
