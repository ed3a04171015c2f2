"""Writers killed with SIGKILL at random moments, and writers that share a stream: nothing acknowledged is lost."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kit
from kit.base.ids import Entropy
from kit.streams.log import writer

WRITER = Path(__file__).with_name("streams_writer.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 16_384)
    monkeypatch.setattr(writer, "SMALL_FRAMES", 64)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Any]:
    with kit.open(tmp_path / "lab") as opened:
        yield opened


class Writing:
    """A writer in its own process."""

    def __init__(self, workspace: Any, stream: str, name: str, seed: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, WRITER, workspace.path, stream, name, str(seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.last = -1

    def wait_for(self, puts: int) -> None:
        """Return after so many acknowledgements."""
        assert self.process.stdout is not None
        for _ in range(puts):
            self.last = int(self.process.stdout.readline())

    def kill(self) -> int:
        """End it as hard as can be; the last number that it said is acknowledged, -1 for none."""
        self.process.kill()
        out, err = self.process.communicate()
        assert "Traceback" not in err, err
        # Whatever stands behind the last line break was being written when the end came.
        lines = out.split("\n")[:-1]
        return int(lines[-1]) if lines else self.last


def kept(stream: Any) -> dict[str, list[int]]:
    """The numbers that the stream holds, by key, in the order of iteration; shards are checked on the way."""
    found: dict[str, list[int]] = {}
    last: dict[str, int] = {}
    for record in stream:
        found.setdefault(record.partition_key, []).append(int(record.data))
        assert int(record.sequence_number) > last.get(record.shard_id, 0)
        last[record.shard_id] = int(record.sequence_number)
    return found


def check(stream: Any, acknowledged: dict[str, int]) -> None:
    """Every acknowledged record is there once, in its key's order; of the others none is there twice."""
    found = kept(stream)
    for name, last in acknowledged.items():
        for rest in range(3):
            numbers = found.get(f"{name}-{rest}", [])
            assert numbers == sorted(set(numbers)), f"{name}-{rest}"
            wanted = range(rest, last + 1, 3)
            assert numbers[: len(wanted)] == list(wanted), f"{name}-{rest}"


@pytest.mark.parametrize("durability", ["os", "fsync"])
def test_a_writer_killed_at_any_moment_loses_nothing_acknowledged(workspace: Any, durability: Any, soak: bool) -> None:
    stream = workspace.streams.create("clicks", shards=2, durability=durability)
    stream.limits(enforced=False)
    acknowledged: dict[str, int] = {}
    chance = Entropy(7)

    for attempt in range(110 if soak else 10):
        writing = Writing(workspace, "clicks", f"w{attempt}", seed=attempt)
        writing.wait_for(chance.below(60))
        # Spin for a moment of random length, so that the end comes anywhere inside an operation.
        for _ in range(chance.below(20_000)):
            pass
        acknowledged[f"w{attempt}"] = writing.kill()
        if attempt % 5 == 0:
            check(stream, acknowledged)

    check(stream, acknowledged)
    assert sum(last + 1 for last in acknowledged.values()) > 1_000


def test_writers_in_several_processes_share_a_stream_while_one_is_killed_now_and_then(
    workspace: Any, soak: bool
) -> None:
    stream = workspace.streams.create("clicks", shards=2)
    stream.limits(enforced=False)
    acknowledged: dict[str, int] = {}
    chance = Entropy(11)

    for turn in range(20 if soak else 3):
        names = [f"t{turn}w{place}" for place in range(3)]
        writings = [Writing(workspace, "clicks", name, seed=31 * turn + place) for place, name in enumerate(names)]
        for writing in writings:
            writing.wait_for(5 + chance.below(40))
        for name, writing in zip(names, writings, strict=True):
            acknowledged[name] = writing.kill()
        check(stream, acknowledged)

    assert len(stream.shards()) > 2


def iterator_at_the_begin(client: Any, shard: str) -> str:
    return client.get_shard_iterator(StreamName="clicks", ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]


def test_a_reader_that_follows_sees_each_record_once_and_in_order_while_writers_work(workspace: Any) -> None:
    stream = workspace.streams.create("clicks", shards=1)
    stream.limits(enforced=False)
    writings = [Writing(workspace, "clicks", f"w{place}", seed=place) for place in range(2)]
    client = workspace.streams.client()
    seen: dict[str, list[int]] = {}
    iterators = {"shardId-000000000000": iterator_at_the_begin(client, "shardId-000000000000")}
    done: set[str] = set()

    while sum(map(len, seen.values())) < 20_000:
        for shard in list(iterators):
            answer = client.get_records(ShardIterator=iterators.pop(shard), Limit=500)
            for record in answer["Records"]:
                seen.setdefault(record["PartitionKey"], []).append(int(record["Data"]))
            if "NextShardIterator" in answer:
                iterators[shard] = answer["NextShardIterator"]
                continue
            done.add(shard)
            for child in answer["ChildShards"]:
                if done.issuperset(child["ParentShards"]):
                    iterators[child["ShardId"]] = iterator_at_the_begin(client, child["ShardId"])
    acknowledged = {f"w{place}": writing.kill() for place, writing in enumerate(writings)}

    check(stream, acknowledged)
    held = kept(stream)
    for key, numbers in seen.items():
        assert numbers == held[key][: len(numbers)]
