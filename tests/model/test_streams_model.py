"""Random operations on a stream, through two users of one folder, against plain lists.

The model knows shards as ranges with lists of records; nothing of files, frames, locks or caches. After every step both
users must see exactly what the model holds.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kit.base.clock import ManualClock
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.streams import Streams
from kit.streams.errors import (
    InvalidArgumentException,
    LimitExceededException,
)
from kit.streams.hashing import LAST_HASH_KEY, hash_key
from kit.streams.log import writer

HOUR = 3_600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAME = "clicks"
KEYS = st.text("abcdefgh", min_size=1, max_size=2)
DATA = st.binary(max_size=40)
HASH_KEYS = st.one_of(st.none(), st.integers(0, LAST_HASH_KEY))
ROWS = st.lists(st.tuples(DATA, KEYS), min_size=1, max_size=30)
WHO = st.sampled_from(["first", "second"])


@dataclass
class ModelRecord:
    data: bytes
    key: str
    number: str
    arrival_ms: int


@dataclass
class ModelShard:
    low: int
    high: int
    created_s: int
    parents: tuple[int, ...] = ()
    closed_ms: int | None = None
    records: list[ModelRecord] = field(default_factory=list)
    expired: int = 0

    @property
    def last_arrival_ms(self) -> int:
        return self.records[-1].arrival_ms if self.records else 0


class StreamMachine(RuleBasedStateMachine):
    """One stream, two users of it, and what it must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.users = {who: self.opened() for who in ("first", "second")}
        self.shards: dict[int, ModelShard] = {}
        self.retention_hours = 24
        self.floor_ms = 0
        self.next_index = 0
        self.scalings: list[int] = []

    def opened(self) -> Streams:
        return Streams(self.folder, clock=self.clock, entropy=Entropy(1), settings=Settings())

    def teardown(self) -> None:
        for user in self.users.values():
            user.close()
        shutil.rmtree(self.folder)

    @property
    def now_ms(self) -> int:
        return self.clock.now_ns() // 1_000_000

    def open_shards(self) -> list[int]:
        return [index for index, shard in self.shards.items() if shard.closed_ms is None]

    def horizon_ms(self) -> int:
        return max(self.floor_ms, self.now_ms - self.retention_hours * HOUR * 1_000)

    @initialize(shards=st.integers(1, 4), durability=st.sampled_from(["os", "fsync"]))
    def create(self, shards: int, durability: Any) -> None:
        stream = self.users["first"].create(NAME, shards, durability=durability)
        stream.limits(enforced=False)
        for shard in stream.shards():
            self.shards[shard.index] = ModelShard(shard.starting_hash_key, shard.ending_hash_key, self.now_ms // 1_000)
        self.next_index = shards

    @rule(who=WHO, data=DATA, key=KEYS, explicit=HASH_KEYS)
    def put_one(self, who: str, data: bytes, key: str, explicit: int | None) -> None:
        placed = self.users[who][NAME].put_record(data, key, explicit_hash_key=explicit)
        self.note(data, key, explicit, placed)

    @rule(who=WHO, rows=ROWS, explicit=HASH_KEYS)
    def put_many(self, who: str, rows: list[tuple[bytes, str]], explicit: int | None) -> None:
        entries = [{"Data": data, "PartitionKey": key} for data, key in rows]
        if explicit is not None:
            entries[0]["ExplicitHashKey"] = str(explicit)
        placed = self.users[who][NAME].put_records(entries)
        for place, ((data, key), result) in enumerate(zip(rows, placed, strict=True)):
            self.note(data, key, explicit if place == 0 else None, result)

    @rule(who=WHO, rows=ROWS)
    def append(self, who: str, rows: list[tuple[bytes, str]]) -> None:
        data, keys = zip(*rows, strict=True)
        stream = self.users[who][NAME]
        appended = stream.append(pa.table({"data": list(data), "partition_key": list(keys)}))
        assert appended.records == len(rows)
        for shard_id, run in appended.runs.items():
            shard = next(shard for shard in stream.shards() if shard.shard_id == shard_id)
            model = self.shards[shard.index]
            mine = [(one, key) for one, key in rows if model.low <= hash_key(key) <= model.high]
            assert run.records == len(mine)
            held = stream.table(shards=[shard_id]).slice(len(model.records) - model.expired)
            numbers = held["sequence_number"].to_pylist()
            assert (numbers[0], numbers[-1]) == (run.first, run.last)
            for (one, key), number in zip(mine, numbers, strict=True):
                self.remember(shard.index, one, key, number)

    @rule(who=WHO, data=st.data())
    def split(self, who: str, data: Any) -> None:
        index = data.draw(st.sampled_from(self.open_shards()))
        shard = self.shards[index]
        if shard.low == shard.high:
            return
        key = data.draw(st.integers(shard.low + 1, shard.high))
        first, second = self.users[who][NAME].split(f"shardId-{index:012d}", key)
        self.close(index)
        assert (first.starting_hash_key, first.ending_hash_key) == (shard.low, key - 1)
        assert (second.starting_hash_key, second.ending_hash_key) == (key, shard.high)
        self.made(first.index, shard.low, key - 1, (index,))
        self.made(second.index, key, shard.high, (index,))

    @rule(who=WHO, data=st.data())
    def merge(self, who: str, data: Any) -> None:
        one, other = (data.draw(st.sampled_from(self.open_shards())) for _ in range(2))
        low, high = sorted((one, other), key=lambda index: self.shards[index].low)
        stream = self.users[who][NAME]
        ids = [f"shardId-{index:012d}" for index in (one, other)]
        if self.shards[low].high + 1 != self.shards[high].low:
            with pytest.raises(InvalidArgumentException, match="not an adjacent pair"):
                stream.merge(*ids)
            return
        child = stream.merge(*ids)
        self.close(one)
        self.close(other)
        self.made(child.index, self.shards[low].low, self.shards[high].high, (one, other))

    @rule(who=WHO, wanted=st.integers(1, 8))
    def scale(self, who: str, wanted: int) -> None:
        client = self.users[who].client()
        count = len(self.open_shards())
        recent = [at_ms for at_ms in self.scalings if at_ms > self.now_ms - 24 * HOUR * 1_000]
        request = {"StreamName": NAME, "TargetShardCount": wanted, "ScalingType": "UNIFORM_SCALING"}
        if len(recent) >= 10 or wanted > 2 * count or wanted < (count + 1) // 2:
            with pytest.raises(LimitExceededException):
                client.update_shard_count(**request)
            return
        client.update_shard_count(**request)
        self.scalings.append(self.now_ms)
        known = set(self.shards)
        width = (LAST_HASH_KEY + 1) // wanted
        described = self.users[who][NAME].shards()
        for shard in described:
            if shard.index not in known:
                parents = tuple(
                    int(parent[-12:]) for parent in (shard.parent_id, shard.adjacent_parent_id) if parent is not None
                )
                self.made(shard.index, shard.starting_hash_key, shard.ending_hash_key, parents)
            if not shard.is_open and self.shards[shard.index].closed_ms is None:
                self.close(shard.index)
        starts = sorted(shard.starting_hash_key for shard in described if shard.is_open)
        assert starts == [place * width for place in range(wanted)]

    @rule(who=WHO, hours=st.integers(24, 100))
    def set_retention(self, who: str, hours: int) -> None:
        client = self.users[who].client()
        change = (
            client.increase_stream_retention_period
            if hours >= self.retention_hours
            else client.decrease_stream_retention_period
        )
        change(StreamName=NAME, RetentionPeriodHours=hours)
        self.floor_ms = self.horizon_ms()
        self.retention_hours = hours

    @rule(seconds=st.one_of(st.floats(0.001, 5), st.integers(1, 30 * HOUR)))
    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.integers(1, 5 * HOUR))
    def move_the_clock_back(self, seconds: int) -> None:
        self.clock.advance(-seconds)

    @rule(who=WHO)
    def restart(self, who: str) -> None:
        self.users[who].close()
        self.users[who] = self.opened()

    @rule(who=WHO, data=st.data(), limit=st.integers(1, 40))
    def read_with_an_iterator(self, who: str, data: Any, limit: int) -> None:
        index = data.draw(st.sampled_from(sorted(self.shards)))
        shard = self.shards[index]
        held = shard.records[shard.expired :]
        kinds = ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
        kind = data.draw(st.sampled_from([*kinds, "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"] if held else kinds))
        asked: dict[str, Any] = {}
        match kind:
            case "TRIM_HORIZON":
                expected = held
            case "LATEST":
                expected = []
            case "AT_TIMESTAMP":
                time_ms = data.draw(st.integers(self.now_ms - 30 * HOUR * 1_000, self.now_ms))
                asked["timestamp"] = EPOCH + timedelta(milliseconds=time_ms)
                expected = [record for record in held if record.arrival_ms >= time_ms]
            case _:
                place = data.draw(st.integers(0, len(held) - 1))
                asked["sequence_number"] = held[place].number
                expected = held[place + (kind == "AFTER_SEQUENCE_NUMBER") :]
        stream = self.users[who][NAME]
        iterator: str | None = stream.get_shard_iterator(f"shardId-{index:012d}", kind, **asked)
        found: list[Any] = []
        while iterator is not None:
            page = stream.get_records(iterator, limit)
            found += page.records
            iterator = page.next_iterator
            if page.millis_behind_latest == 0:
                break
            assert iterator is not None
        assert [(one.data, one.partition_key, one.sequence_number) for one in found] == [
            (one.data, one.key, one.number) for one in expected
        ]
        assert (iterator is None) == (shard.closed_ms is not None)
        if iterator is None:
            children = {int(child.shard_id[-12:]) for child in page.children}
            assert children == {child for child, each in self.shards.items() if index in each.parents}

    @precondition(lambda self: any(shard.closed_ms is not None for shard in self.shards.values()))
    @rule(who=WHO, data=st.data())
    def split_a_closed_shard(self, who: str, data: Any) -> None:
        closed = [index for index, shard in self.shards.items() if shard.closed_ms is not None]
        index = data.draw(st.sampled_from(closed))
        with pytest.raises(InvalidArgumentException, match="already been merged or split"):
            self.users[who][NAME].split(f"shardId-{index:012d}")

    @invariant()
    def both_users_see_what_the_model_holds(self) -> None:
        if not self.shards:
            return
        self.expire()
        expected = [
            (f"shardId-{index:012d}", record.data, record.key, record.number, record.arrival_ms)
            for index, shard in sorted(self.shards.items())
            for record in shard.records[shard.expired :]
        ]
        for user in self.users.values():
            table = user[NAME].table()
            arrivals = table["arrival_time"].cast(pa.int64()).to_pylist()
            columns = ("shard_id", "data", "partition_key", "sequence_number")
            found = list(zip(*(table[name].to_pylist() for name in columns), arrivals, strict=True))
            assert found == expected
            assert {shard.index for shard in user[NAME].shards()} == set(self.shards)

    @invariant()
    def iteration_keeps_shards_in_order_and_parents_before_children(self) -> None:
        if not self.shards:
            return
        seen: dict[int, list[str]] = {}
        for record in self.users["first"][NAME]:
            index = int(record.shard_id[-12:])
            seen.setdefault(index, []).append(record.sequence_number)
            for child, shard in self.shards.items():
                assert not (index in shard.parents and child in seen)
        assert all(numbers == sorted(numbers, key=int) for numbers in seen.values())

    @invariant()
    def sequence_numbers_of_a_key_increase_also_across_resharding(self) -> None:
        latest: dict[str, int] = {}
        for _, shard in sorted(self.shards.items()):
            for record in shard.records[shard.expired :]:
                if shard.low <= hash_key(record.key) <= shard.high:
                    assert int(record.number) > latest.get(record.key, 0)
                    latest[record.key] = int(record.number)

    def note(self, data: bytes, key: str, explicit: int | None, placed: Any) -> None:
        assert placed.error_code is None
        index = int(placed.shard_id[-12:])
        target = hash_key(key) if explicit is None else explicit
        assert self.shards[index].closed_ms is None
        assert self.shards[index].low <= target <= self.shards[index].high
        self.remember(index, data, key, placed.sequence_number)

    def remember(self, index: int, data: bytes, key: str, number: str) -> None:
        shard = self.shards[index]
        assert len(number) == 56
        assert not shard.records or int(number) > int(shard.records[-1].number)
        shard.records.append(ModelRecord(data, key, number, max(self.now_ms, shard.last_arrival_ms)))

    def close(self, index: int) -> None:
        shard = self.shards[index]
        shard.closed_ms = max(self.now_ms, shard.last_arrival_ms, shard.created_s * 1_000)

    def made(self, index: int, low: int, high: int, parents: tuple[int, ...]) -> None:
        assert index == self.next_index
        self.next_index += 1
        created_s = max(self.now_ms // 1_000, *(self.shards[parent].created_s + 1 for parent in parents))
        self.shards[index] = ModelShard(low, high, created_s, parents)

    def expire(self) -> None:
        horizon_ms = self.horizon_ms()
        for index, shard in list(self.shards.items()):
            if shard.closed_ms is not None and shard.closed_ms <= horizon_ms:
                del self.shards[index]
            while shard.expired < len(shard.records) and shard.records[shard.expired].arrival_ms <= horizon_ms:
                shard.expired += 1


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 4_096)
    monkeypatch.setattr(writer, "SMALL_FRAMES", 12)
    monkeypatch.setattr(writer, "WORTH_COMPACTING", 4)


TestStream = StreamMachine.TestCase
TestStream.settings = settings(stateful_step_count=40)
