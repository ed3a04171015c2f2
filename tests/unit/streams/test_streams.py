import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.streams import Streams
from kit.streams.errors import (
    InternalFailureException,
    ProvisionedThroughputExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from kit.streams.hashing import LAST_HASH_KEY
from kit.streams.log import writer
from kit.streams.log.disk import Disk
from kit.streams.log.segment import CorruptSegmentError

FIRST = "shardId-000000000000"


class SmallDisk(Disk):
    """A disk on which `room` bytes are left, and which counts syncs."""

    def __init__(self) -> None:
        self.room: int | None = None
        self.synced = 0

    def write(self, fd: int, parts: Sequence[Any], offset: int) -> None:
        size = sum(len(bytes(part)) for part in parts)
        if self.room is not None:
            if size > self.room:
                os.pwrite(fd, b"".join(bytes(part) for part in parts)[: self.room], offset)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.room -= size
        super().write(fd, parts, offset)

    def sync(self, fd: int) -> None:
        self.synced += 1
        super().sync(fd)


def data(stream: Any) -> list[bytes]:
    return [record.data for record in stream]


def test_streams_are_made_found_listed_and_deleted(streams: Streams) -> None:
    stream = streams.create("clicks", shards=3)
    streams.create("orders")

    assert (list(streams), len(streams)) == (["clicks", "orders"], 2)
    assert "clicks" in streams
    assert streams["clicks"] is stream
    assert [shard.shard_id for shard in stream.shards()] == [f"shardId-{index:012d}" for index in range(3)]
    streams.delete("clicks")
    assert list(streams) == ["orders"]
    assert "clicks" not in streams
    with pytest.raises(ResourceNotFoundException):
        streams["clicks"]


def test_a_misspelt_name_is_suggested(streams: Streams) -> None:
    streams.create("clicks")

    with pytest.raises(ResourceNotFoundException) as caught:
        streams["clics"]

    assert caught.value.hint == "Did you mean 'clicks'?"


def test_making_a_stream_twice_is_refused_unless_asked_for(streams: Streams) -> None:
    streams.create("clicks").put_record("x", "k")

    with pytest.raises(ResourceInUseException):
        streams.create("clicks")
    assert data(streams.create("clicks", if_not_exists=True)) == [b"x"]


def test_names_that_differ_in_case_are_different_streams(streams: Streams) -> None:
    streams.create("clicks").put_record("small", "k")
    streams.create("Clicks").put_record("great", "k")

    assert (data(streams["clicks"]), data(streams["Clicks"])) == ([b"small"], [b"great"])


def test_a_stream_made_again_is_empty(streams: Streams) -> None:
    streams.create("clicks").put_record("old", "k")
    streams.delete("clicks")

    stream = streams.create("clicks")
    stream.put_record("new", "k")

    assert data(stream) == [b"new"]


def test_deleting_removes_the_files(streams: Streams) -> None:
    streams.create("clicks").put_record("x", "k")
    assert list(streams.folder.glob("clicks*"))

    streams.delete("clicks")

    assert list(streams.folder.glob("clicks*")) == []


def test_what_a_dead_process_left_of_a_deleted_stream_is_swept_up(open_streams: Callable[..., Streams]) -> None:
    left = open_streams().folder / "clicks.abcdefghij0123456789-xyz"
    left.mkdir()

    open_streams()

    assert not left.exists()


def test_data_may_be_bytes_text_or_anything_that_json_can_say(streams: Streams) -> None:
    stream = streams.create("clicks")
    for value in (b"\0\xff", bytearray(b"ab"), memoryview(b"cd"), "grün", {"a": [1, None]}, [1, 2]):
        stream.put_record(value, "k")

    assert data(stream) == [b"\0\xff", b"ab", b"cd", "grün".encode(), b'{"a":[1,null]}', b"[1,2]"]


@pytest.mark.parametrize(
    "record", [("x", "\ud800"), ("\ud800", "k"), ({"a": "\ud800"}, "k")], ids=["key", "data", "json"]
)
def test_text_that_is_none_is_refused(streams: Streams, record: tuple[Any, str]) -> None:
    stream = streams.create("clicks")

    with pytest.raises(KitError, match="surrogate pair"):
        stream.put_record(*record)
    with pytest.raises(KitError, match="surrogate pair"):
        stream.put_records([record])

    assert data(stream) == []


def test_records_may_be_put_as_tuples_or_as_the_apis_dicts(streams: Streams) -> None:
    stream = streams.create("clicks", shards=2)

    results = stream.put_records(
        [("a", "k"), ("b", "k", "0"), {"Data": b"c", "PartitionKey": "k", "ExplicitHashKey": str(LAST_HASH_KEY)}]
    )

    assert [result.shard_id for result in results[1:]] == [FIRST, "shardId-000000000001"]
    assert sorted(data(stream)) == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    "rows",
    [
        pa.table({"data": pa.array([b"a", b"b"], pa.large_binary()), "partition_key": pa.array(["1", "2"])}),
        pa.table({"data": ["a", "b"], "partition_key": pa.array([1, 2])}),
        pa.table({"data": ["a", "b"], "partition_key": pa.array(["1", "2"]).dictionary_encode()}),
        pa.record_batch({"data": ["a", "b"], "partition_key": ["1", "2"], "more": [1, 2]}),
        pa.chunked_array([["a"], ["b"]]).combine_chunks()
        and pa.table({"partition_key": ["1", "2"], "data": ["a", "b"]}),
    ],
    ids=["large", "numbers", "dictionary", "batch", "order"],
)
def test_append_takes_columns_of_any_fitting_type(streams: Streams, rows: Any) -> None:
    stream = streams.create("clicks")

    assert stream.append(rows).records == 2
    assert stream.table()["data"].to_pylist() == [b"a", b"b"]
    assert stream.table()["partition_key"].to_pylist() == ["1", "2"]


def test_append_goes_by_the_explicit_hash_key_where_there_is_one(streams: Streams) -> None:
    stream = streams.create("clicks", shards=2)
    explicit = pa.array(["0", None, str(LAST_HASH_KEY)])

    stream.append(pa.table({"data": ["a", "b", "c"], "partition_key": ["k"] * 3, "explicit_hash_key": explicit}))

    by_shard = {record.data: record.shard_id for record in stream}
    assert (by_shard[b"a"], by_shard[b"c"]) == (FIRST, "shardId-000000000001")
    assert by_shard[b"b"] == stream.put_record("d", "k").shard_id


@pytest.mark.parametrize("rows", [{"data": ["a"]}, {"partition_key": ["k"]}], ids=["no key", "no data"])
def test_append_refuses_a_table_without_its_columns(streams: Streams, rows: Any) -> None:
    with pytest.raises(KitError, match="have no column"):
        streams.create("clicks").append(pa.table(rows))


def test_an_empty_table_is_appended_as_nothing(streams: Streams) -> None:
    rows = pa.table({"data": pa.array([], pa.binary()), "partition_key": pa.array([], pa.string())})

    appended = streams.create("clicks").append(rows)

    assert (appended.records, dict(appended.runs), len(appended.throttled)) == (0, {}, 0)


def test_a_large_table_is_split_by_shard_and_kept_in_order(streams: Streams) -> None:
    stream = streams.create("clicks", shards=5)
    stream.limits(enforced=False)
    keys = [f"user-{place % 1_000}" for place in range(300_000)]

    appended = stream.append(pa.table({"data": [str(place) for place in range(300_000)], "partition_key": keys}))

    assert appended.records == 300_000
    for shard in stream.shards():
        table = stream.table(shards=[shard.shard_id])
        numbers = [int(value) for value in table["data"].to_pylist()]
        assert numbers == sorted(numbers)
        run = appended.runs[shard.shard_id]
        digits = table["sequence_number"]
        assert (run.records, run.first, run.last) == (len(numbers), digits[0].as_py(), digits[-1].as_py())


def test_what_one_user_does_another_one_sees_at_once(open_streams: Callable[..., Streams]) -> None:
    one, other = open_streams(), open_streams()
    one.create("clicks", shards=2)
    other["clicks"].put_record("a", "k", explicit_hash_key=0)

    one["clicks"].split(FIRST)
    placed = other["clicks"].put_record("b", "k", explicit_hash_key=0)

    assert placed.shard_id == "shardId-000000000002"
    assert data(one["clicks"]) == [b"a", b"b"]
    other.delete("clicks")
    with pytest.raises(ResourceNotFoundException):
        one["clicks"].put_record("c", "k")


def test_a_shard_closed_between_the_look_and_the_put_takes_nothing_more(
    open_streams: Callable[..., Streams], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = open_streams(), open_streams()
    stream = one.create("clicks")
    stream.limits(enforced=False)
    stale = one.control.find("clicks")
    other["clicks"].split(FIRST)
    looks = iter([stale] * 3)
    usable = one.control.usable
    monkeypatch.setattr(one.control, "usable", lambda name: next(looks, None) or usable(name))

    assert stream.put_record("a", "k", explicit_hash_key=0).shard_id == "shardId-000000000001"
    looks = iter([stale] * 3)
    assert {result.shard_id for result in stream.put_records([("b", "k", "0"), ("c", "k", "0")])} == {
        "shardId-000000000001"
    }
    looks = iter([stale] * 3)
    rows = pa.table({"data": ["d", "e"], "partition_key": ["k"] * 2, "explicit_hash_key": ["0", str(LAST_HASH_KEY)]})
    assert set(stream.append(rows).runs) == {"shardId-000000000001", "shardId-000000000002"}
    assert stream.table(shards=[FIRST]).num_rows == 0
    assert stream.table().num_rows == 5


def test_a_resharding_that_dies_before_its_change_leaves_the_shard_open(
    open_streams: Callable[..., Streams], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = open_streams(), open_streams()
    one.create("clicks")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kit.streams.control.write_shards", die)
    with pytest.raises(KeyboardInterrupt):
        one["clicks"].split(FIRST)
    monkeypatch.undo()

    assert other["clicks"].put_record("a", "k").shard_id == FIRST
    assert [shard.is_open for shard in one["clicks"].shards()] == [True]
    assert one["clicks"].split(FIRST)


def test_a_change_whose_writer_died_before_saying_so_is_seen(
    open_streams: Callable[..., Streams], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = open_streams(), open_streams()
    one.create("clicks")
    assert other["clicks"].put_record("a", "k", explicit_hash_key=0).shard_id == FIRST
    page = bytearray((one.folder / "generation").read_bytes())

    one["clicks"].split(FIRST)
    # As if the process had ended after the transaction, before it said that the change is complete.
    page[0] |= 1
    with (one.folder / "generation").open("r+b") as file:
        file.write(page)

    assert other["clicks"].put_record("b", "k", explicit_hash_key=0).shard_id == "shardId-000000000001"


def test_a_full_disk_fails_what_is_put_and_nothing_else(open_streams: Callable[..., Streams]) -> None:
    disk = SmallDisk()
    streams = open_streams(disk=disk)
    stream = streams.create("clicks", shards=2)
    stream.limits(enforced=False)
    stream.put_records([(str(place), str(place)) for place in range(20)])
    before = sorted(data(stream))
    disk.room = 100

    with pytest.raises(InternalFailureException, match="No space left") as caught:
        stream.put_record("x" * 200, "k")
    assert "Free some space" in caught.value.hint
    results = stream.put_records([("x" * 200, str(place)) for place in range(10)])
    assert {result.error_code for result in results} == {"InternalFailure"}
    with pytest.raises(InternalFailureException):
        stream.append(pa.table({"data": ["x"] * 1_000, "partition_key": ["k"] * 1_000}))

    assert sorted(data(stream)) == before
    disk.room = None
    stream.put_record("after", "k")
    assert sorted(data(open_streams()["clicks"])) == sorted([*before, b"after"])


def test_a_disk_that_fills_up_for_one_shard_fails_its_records_only(open_streams: Callable[..., Streams]) -> None:
    disk = SmallDisk()
    stream = open_streams(disk=disk).create("clicks", shards=2)
    stream.put_records([("x", "k", "0"), ("x", "k", str(LAST_HASH_KEY))])
    disk.room = 300

    results = stream.put_records([("small", "k", "0"), ("x" * 500, "k", str(LAST_HASH_KEY)), ("tiny", "k", "0")])

    assert [result.error_code for result in results] == [None, "InternalFailure", None]


def test_a_corrupt_segment_is_named(streams: Streams, open_streams: Callable[..., Streams]) -> None:
    stream = streams.create("clicks")
    stream.put_record("x" * 100, "k")
    stream.put_record("y" * 100, "k")
    (path,) = streams.folder.glob("clicks*/*/*.seg")
    content = bytearray(path.read_bytes())
    content[content.index(b"x" * 100)] ^= 1
    path.write_bytes(content)

    with pytest.raises(CorruptSegmentError, match=str(path)) as caught:
        open_streams()["clicks"].table()

    assert caught.value.code == "InternalFailureException"


def test_fsync_syncs_before_it_acknowledges_and_os_does_not(open_streams: Callable[..., Streams]) -> None:
    disk = SmallDisk()
    streams = open_streams(disk=disk)
    safe, fast = streams.create("safe", durability="fsync"), streams.create("fast")
    safe.put_record("x", "k")
    fast.put_record("x", "k")
    before = disk.synced

    fast.put_record("y", "k")
    assert disk.synced == before
    safe.put_record("y", "k")
    assert disk.synced == before + 1
    safe.put_records([(str(place), str(place)) for place in range(100)])
    assert disk.synced == before + 2


def test_injected_throttling_hits_the_share_asked_for(streams: Streams) -> None:
    stream = streams.create("clicks")
    stream.limits(enforced=False)
    stream.inject(throttle=0.3, seed=5)

    results = [result for _ in range(10) for result in stream.put_records([("x", "k")] * 500)]

    codes = [result.error_code for result in results]
    assert 1_300 < codes.count("ProvisionedThroughputExceededException") < 1_700
    assert stream.table().num_rows == codes.count(None)


def test_injection_is_repeatable_under_a_seed(streams: Streams) -> None:
    stream = streams.create("clicks")

    def outcome() -> list[str | None]:
        stream.inject(throttle=0.2, failure=0.2, seed=9)
        return [result.error_code for result in stream.put_records([("x", "k")] * 50)]

    assert outcome() == outcome()
    assert {None, "InternalFailure", "ProvisionedThroughputExceededException"} == set(outcome())


def test_injected_faults_hit_single_puts_and_reads_and_end(streams: Streams) -> None:
    stream = streams.create("clicks")
    iterator = stream.get_shard_iterator(FIRST)
    stream.inject(throttle=1.0)

    with pytest.raises(ProvisionedThroughputExceededException, match="injected"):
        stream.put_record("x", "k")
    with pytest.raises(ProvisionedThroughputExceededException, match="injected"):
        stream.get_records(iterator)
    stream.inject(failure=1.0)
    with pytest.raises(InternalFailureException, match="injected"):
        stream.put_record("x", "k")

    stream.inject()
    stream.put_record("x", "k")
    assert len(stream.get_records(iterator).records) == 1


def test_injected_delay_passes_on_the_workspaces_clock(streams: Streams, clock: ManualClock) -> None:
    stream = streams.create("clicks")
    before = clock.now_ns()

    stream.inject(delay_ms=50)
    stream.put_record("x", "k")
    stream.put_records([("x", "k")] * 10)

    assert clock.now_ns() - before == 100_000_000


@pytest.mark.parametrize(
    "wrong", [{"throttle": 1.1}, {"failure": -0.1}, {"delay_ms": -1}, {"throttle": 0.6, "failure": 0.6}]
)
def test_shares_that_are_none_are_refused(streams: Streams, wrong: dict[str, float]) -> None:
    with pytest.raises(KitError, match="Shares to inject"):
        streams.create("clicks").inject(**wrong)


def test_children_cover_their_parents_range(streams: Streams) -> None:
    stream = streams.create("clicks")

    first, second = stream.split(FIRST)
    child = stream.merge(second.shard_id, first.shard_id)

    assert (first.starting_hash_key, second.ending_hash_key) == (0, LAST_HASH_KEY)
    assert first.ending_hash_key + 1 == second.starting_hash_key == 1 << 127
    assert (child.starting_hash_key, child.ending_hash_key) == (0, LAST_HASH_KEY)
    assert (child.parent_id, child.adjacent_parent_id) == (second.shard_id, first.shard_id)
    closed = [shard for shard in stream.shards() if not shard.is_open]
    assert len(closed) == 3
    assert all(int(shard.starting_sequence_number) < int(shard.ending_sequence_number or 0) for shard in closed)


def test_a_stream_that_distributes_by_itself_ignores_keys(streams: Streams) -> None:
    stream = streams.create("clicks", mode="ON_DEMAND")
    client = streams.client()
    client.update_stream_record_distribution_strategy(StreamARN=stream.arn, RecordDistributionStrategy="AUTO")

    placed = [client.put_record(StreamName="clicks", Data=b"x")["ShardId"] for _ in range(100)]
    stream.append(pa.table({"data": ["y"] * 100, "partition_key": ["same"] * 100}))

    assert len(set(placed)) == 4
    assert {record.shard_id for record in stream if record.data == b"y"} == set(placed)
    iterator = client.get_shard_iterator(StreamName="clicks", ShardId=placed[0], ShardIteratorType="TRIM_HORIZON")
    records = client.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert [record for record in records if record["Data"] == b"x" and "PartitionKey" in record] == []


def test_metadata_that_cannot_be_used_is_an_internal_failure(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("kit.streams.control.insert_stream", fail)

    with pytest.raises(InternalFailureException, match="disk is full"):
        streams.create("clicks")
    assert list(streams) == []


def test_the_folder_and_its_files_are_private(streams: Streams) -> None:
    streams.create("clicks").put_record("x", "k")

    for path in [streams.folder, *streams.folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_nothing_is_held_open_once_closed(open_streams: Callable[..., Streams]) -> None:
    def held(folder: Path) -> list[str]:
        fds = Path("/proc/self/fd")
        return [
            target for fd in fds.iterdir() if fd.exists() and (target := str(fd.readlink())).startswith(str(folder))
        ]

    streams = open_streams()
    stream = streams.create("clicks", shards=3, durability="fsync")
    stream.put_records([(str(place), str(place)) for place in range(50)])
    stream.table()
    assert held(streams.folder)

    streams.close()

    assert held(streams.folder) == []


def test_injected_throttling_refuses_a_shards_part_of_a_table_as_a_whole(streams: Streams) -> None:
    stream = streams.create("clicks", shards=8)
    stream.limits(enforced=False)
    stream.inject(throttle=0.5, seed=3)
    keys = [f"user-{place}" for place in range(4_000)]

    appended = stream.append(pa.table({"data": keys, "partition_key": keys}))

    stored = {record.partition_key for record in stream}
    refused = {keys[place] for place in appended.throttled.to_pylist()}
    assert stored | refused == set(keys)
    assert stored & refused == set()
    assert 1 <= len(appended.runs) <= 7


def test_a_forked_process_puts_beside_its_parent(streams: Streams) -> None:
    stream = streams.create("clicks", shards=2)
    stream.limits(enforced=False)
    stream.put_records([(f"before {place}", str(place)) for place in range(20)])
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for place in range(200):
                stream.put_record(f"child {place}", str(place))
            status = 0
        finally:
            os._exit(status)
    for place in range(200):
        stream.put_record(f"parent {place}", str(place))
    assert os.waitpid(child, 0)[1] == 0

    found = data(stream)

    assert len(found) == len(set(found)) == 420
    for who in (b"child", b"parent"):
        for shard in stream.shards():
            held = [record for record in stream if record.shard_id == shard.shard_id and record.data.startswith(who)]
            numbers = [int(record.data.split()[1]) for record in held]
            assert numbers == sorted(numbers)


def test_threads_put_at_once(streams: Streams, open_streams: Callable[..., Streams], monkeypatch: Any) -> None:
    monkeypatch.setattr(writer, "SMALL_FRAMES", 64)
    monkeypatch.setattr(writer, "WORTH_COMPACTING", 8)
    streams.create("clicks", shards=2, durability="fsync").limits(enforced=False)
    users = [streams, open_streams()]

    def put(name: int) -> None:
        stream = users[name % 2]["clicks"]
        for place in range(60):
            stream.put_record(f"{name} {place}", str(name))
            stream.put_records([(f"{name} {place} {each}", str(name)) for each in range(3)])

    threads = [threading.Thread(target=put, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = data(users[1]["clicks"])
    assert len(found) == len(set(found)) == 6 * 60 * 4
    for name in range(6):
        mine = [each for each in found if each.startswith(b"%d " % name)]
        assert mine == sorted(mine, key=lambda each: [int(part) for part in each.split()])
