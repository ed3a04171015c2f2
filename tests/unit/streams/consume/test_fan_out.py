"""Against the real streams, on the machine's clock: a subscription pushes as time passes."""

import threading

import pytest

from kit.base.clock import ManualClock, WallClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.streams import Streams
from kit.streams.consume.consumer import Consumer
from kit.streams.consume.options import ConsumerOptions


@pytest.fixture
def streams(tmp_path):
    streams = Streams(tmp_path / "streams", clock=WallClock(), entropy=Entropy(1), settings=Settings())
    yield streams
    streams.close()


def consumer(streams, tmp_path, on_records, *, client=None, **options):
    return Consumer(
        client or streams.client(),
        "s",
        "app",
        on_records,
        leases=tmp_path / "app.sqlite",
        clock=streams.clock,
        entropy=Entropy(1),
        options=ConsumerOptions(**{"fan_out": "fast"} | options),
    )


def test_records_are_pushed_in_order_and_children_follow_their_parent(streams, tmp_path):
    stream = streams.create("s")
    for number in range(50):
        stream.put_record(str(number), "k")
    stream.split("shardId-000000000000")
    for number in range(50, 100):
        stream.put_record(str(number), "k")
    seen, complete = [], threading.Event()

    def note(records):
        seen.extend(int(record.data) for record in records)
        if len(seen) == 100:
            complete.set()

    with consumer(streams, tmp_path, note) as worker:
        worker.start()
        assert complete.wait(30)

    assert seen == list(range(100))
    described = streams.client().describe_stream_consumer(StreamARN=stream.arn, ConsumerName="fast")
    assert described["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"


def test_a_later_run_resumes_behind_the_checkpoint(streams, tmp_path):
    stream = streams.create("s")
    seen = []
    for number, name in enumerate(["fast", "faster"]):  # the same one again would have to wait for five seconds
        stream.put_record(str(number), "k")
        with consumer(streams, tmp_path, seen.extend, fan_out=name) as worker:
            worker.run(until=lambda number=number: len(seen) == number + 1)

    assert [record.data for record in seen] == [b"0", b"1"]


def test_an_error_of_the_subscription_reaches_whoever_runs_the_consumer(streams, tmp_path):
    streams.create("s")
    client = streams.client()

    class Refusing:
        def __getattr__(self, name):
            return getattr(client, name)

        def subscribe_to_shard(self, **parameters):
            raise KitError("KMSNotFoundException", "No such key.")

    worker = consumer(streams, tmp_path, lambda records: None, client=Refusing())
    with pytest.raises(KitError) as caught:
        worker.run()

    worker.close()
    assert caught.value.code == "KMSNotFoundException"


def test_a_clock_that_is_moved_by_hand_cannot_push(tmp_path):
    streams = Streams(tmp_path / "streams", clock=ManualClock(), entropy=Entropy(1), settings=Settings())
    streams.create("s")
    worker = consumer(streams, tmp_path, lambda records: None)

    with pytest.raises(KitError, match="a clock that passes by itself"):
        worker.run(until="tip")

    assert all(lease.owner is None for lease in worker.leases().values())
    worker.close()
    streams.close()


def test_no_thread_follows_a_subscription_after_the_end(streams, tmp_path):
    streams.create("s", shards=3)
    with consumer(streams, tmp_path, lambda records: None) as worker:
        worker.run(until="tip")

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("boathouse-fan-out")]
