import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from kit.base.clock import ManualClock, now
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.streams import Appended, Streams
from kit.streams.produce.columnar import TableSender
from kit.streams.produce.replay import replay

START = datetime(2013, 1, 1, tzinfo=UTC)


@pytest.fixture
def stream(tmp_path, clock):
    streams = Streams(tmp_path / "streams", clock=clock, entropy=Entropy(1), settings=Settings())
    yield streams.create("s", shards=2)
    streams.close()


def events(minutes, key="k"):
    return pa.table(
        {
            "n": range(len(minutes)),
            "key": [f"{key}{position % 7}" for position in range(len(minutes))],
            "at": pa.array([START + timedelta(minutes=minute) for minute in minutes], pa.timestamp("us", "UTC")),
        }
    )


def arrived(stream):
    return [(json.loads(record.data)["n"], record.arrival_time) for record in stream.records()]


def test_without_a_pace_everything_is_sent_at_once_in_the_order_of_time(stream, clock):
    before = now(clock)

    replayed = replay(events([3, 1, 2, 0]), stream.append, clock=clock, key="key", time="at")

    by_shard = {}
    for record in stream:
        by_shard.setdefault(record.shard_id, []).append(json.loads(record.data)["n"])
    assert sorted(n for ns in by_shard.values() for n in ns) == [0, 1, 2, 3]
    assert all(ns == sorted(ns, key=[3, 1, 2, 0].__getitem__) for ns in by_shard.values())
    assert now(clock) == before
    assert (replayed.records, replayed.refused) == (4, 0)
    assert (replayed.first_event, replayed.last_event) == (START, START + timedelta(minutes=3))


def test_a_speedup_keeps_the_distances_of_the_events(stream, clock):
    before = now(clock)

    replayed = replay(events([0, 10, 10, 70]), stream.append, clock=clock, key="key", time="at", speedup=60)

    assert [(n, (at - before).total_seconds()) for n, at in sorted(arrived(stream))] == [
        (0, 0.0),
        (1, 10.0),
        (2, 10.0),
        (3, 70.0),
    ]
    assert replayed.clock_seconds == pytest.approx(70)


def test_a_rate_spreads_the_rows_evenly(stream, clock):
    before = now(clock)

    replay(events([0] * 1_000), stream.append, clock=clock, key="key", rate=500)

    times = [(at - before).total_seconds() for _, at in sorted(arrived(stream))]
    assert all(abs(at - position / 500) <= 0.02 for position, at in enumerate(times))


def test_a_shard_over_its_limits_delays_its_rows_and_loses_none(stream, clock):
    stream.limits(enforced=True)

    replayed = replay(events([0] * 5_000), stream.append, clock=clock, key="key")

    assert replayed.records == 5_000
    assert 0 < replayed.refused <= 4_000
    assert 1 <= replayed.clock_seconds <= 5
    by_key = {}
    for record in stream:
        by_key.setdefault(record.partition_key, []).append(json.loads(record.data)["n"])
    assert all(ns == sorted(ns) for ns in by_key.values())
    assert sum(map(len, by_key.values())) == 5_000


def test_shards_that_are_not_over_their_limits_keep_the_schedule(stream, clock):
    stream.limits(enforced=True)
    before = now(clock)
    keys = ["hot" if n % 10 else f"k{n % 50}" for n in range(6_000)]

    replay(pa.table({"n": range(6_000), "key": keys}), stream.append, clock=clock, key="key", rate=3_000)

    hot_shard = next(record.shard_id for record in stream if record.partition_key == "hot")
    cold = [record.arrival_time for record in stream if record.shard_id != hot_shard]
    assert max(cold) - before < timedelta(seconds=2.1)
    assert max(record.arrival_time for record in stream) - before > timedelta(seconds=4)


def test_a_stream_that_is_resharded_meanwhile_takes_the_rest(stream, clock):
    calls = []

    def append(rows):
        calls.append(rows.num_rows)
        if len(calls) == 2:
            stream.split("shardId-000000000000")
        return stream.append(rows)

    replay(events([0, 1, 2, 3]), append, clock=clock, key="key", time="at", speedup=1)

    assert sorted(n for n, _ in arrived(stream)) == [0, 1, 2, 3]


def test_an_empty_source_is_no_error(stream, clock):
    replayed = replay(events([]), stream.append, clock=clock, key="key", time="at", speedup=1)

    assert (replayed.records, replayed.first_event) == (0, None)


@pytest.mark.parametrize(
    "arguments",
    [
        {"rate": 1, "speedup": 1, "time": "at"},
        {"rate": 0},
        {"speedup": -1, "time": "at"},
        {"speedup": 1},
        {"rate": float("nan")},
    ],
)
def test_a_pace_that_makes_no_sense_is_refused(stream, clock, arguments):
    with pytest.raises(KitError) as caught:
        replay(events([0]), stream.append, clock=clock, **arguments)

    assert caught.value.code == "InvalidArgumentException"
    assert list(stream) == []


def test_progress_is_told(stream, clock):
    told = []

    class Listener:
        def update(self, fraction, message=""):
            told.append(message)

    replay(events([0] * 10), stream.append, clock=clock, key="key", progress=Listener())

    assert told
    assert "records sent" in told[-1]


def test_rows_that_wait_go_before_newer_ones():
    offered = []

    def append(rows):
        numbers = rows["n"].to_pylist()
        offered.append(numbers)
        refused = [position for position, number in enumerate(numbers) if number % 2 and len(offered) < 3]
        return Appended(len(numbers) - len(refused), {}, pa.array(refused, pa.int64()))

    sender = TableSender(append, ManualClock())
    sender.send(pa.table({"n": [0, 1, 2, 3]}))
    sender.send(pa.table({"n": [4, 5]}))
    assert sender.waiting == 3
    sender.drain()

    assert offered == [[0, 1, 2, 3], [1, 3, 4, 5], [1, 3, 5]]
    assert (sender.sent, sender.refused, sender.waiting) == (6, 3, 0)


def test_an_error_in_the_middle_loses_no_row():
    answers = [OSError("disk full"), None]

    def append(rows):
        answer = answers.pop(0)
        if answer:
            raise answer
        return Appended(rows.num_rows, {}, pa.array([], pa.int64()))

    sender = TableSender(append, ManualClock())
    with pytest.raises(OSError, match="disk full"):
        sender.send(pa.table({"n": [0, 1]}))
    assert sender.waiting == 2
    sender.drain()

    assert sender.sent == 2
