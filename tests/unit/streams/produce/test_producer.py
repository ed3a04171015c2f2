import threading
from collections import defaultdict
from itertools import pairwise

import pyarrow as pa
import pytest

from kit.base.clock import ManualClock, WallClock, now_ms
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.streams import Streams
from kit.streams.aggregate import aggregate, disaggregate
from kit.streams.hashing import hash_key
from kit.streams.produce.options import ProducerOptions
from kit.streams.produce.producer import Producer

THROTTLED = "ProvisionedThroughputExceededException"


def by_key(records):
    grouped = defaultdict(list)
    for key, data in records:
        grouped[key].append(data)
    return grouped


def test_records_of_one_shard_travel_in_one_aggregate(make):
    kinesis, producer = make(shards=1)

    deliveries = [producer.put(f"{index}", f"k{index % 3}") for index in range(10)]
    producer.flush()

    [(_, [entry])] = kinesis.requests
    assert [record.data for record in disaggregate(entry["Data"])] == [b"%d" % index for index in range(10)]
    receipts = [delivery.result() for delivery in deliveries]
    assert {receipt.sequence_number for receipt in receipts} == {kinesis.shards[0].records[0]["SequenceNumber"]}
    assert [receipt.sub_sequence_number for receipt in receipts] == list(range(10))
    assert {receipt.shard_id for receipt in receipts} == {"shardId-000000000000"}


def test_a_lone_record_is_sent_as_it_is(make):
    kinesis, producer = make(shards=1)

    receipt = producer.put(b"data", "key").result()

    [(_, [entry])] = kinesis.requests
    assert entry == {"Data": b"data", "PartitionKey": "key"}
    assert receipt.sub_sequence_number is None


def test_data_that_looks_like_an_aggregate_arrives_as_it_was_put(make):
    kinesis, producer = make(shards=1)
    data = aggregate([])

    producer.put(data, "key")
    producer.flush()

    assert kinesis.delivered() == [("key", data)]


def test_an_aggregate_is_closed_at_its_size(make):
    kinesis, producer = make(shards=1, aggregation_max_bytes=1_000)

    for index in range(100):
        producer.put(b"x" * 90, f"k{index}")
    producer.flush()

    sizes = [len(record["Data"]) for record in kinesis.shards[0].records]
    assert max(sizes) <= 1_000
    assert len(sizes) == 12  # nine of a hundred each
    assert len(kinesis.delivered()) == 100


def test_a_record_too_large_for_an_aggregate_keeps_its_place(make):
    kinesis, producer = make(shards=1, aggregation_max_bytes=1_000)

    for data in (b"first", b"x" * 5_000, b"last"):
        producer.put(data, "key")
    producer.flush()

    assert [data for _, data in kinesis.delivered()] == [b"first", b"x" * 5_000, b"last"]


def test_a_full_request_is_sent_by_put(make):
    kinesis, producer = make(shards=1, aggregation_max_bytes=1_000, linger_ms=60_000)

    for index in range(25):
        producer.put(b"x" * 90, f"k{index}")

    assert len(kinesis.requests) >= 1
    assert producer.metrics.user_records_pending < 25


def test_what_has_lingered_long_enough_is_sent_by_the_next_put(make, clock):
    kinesis, producer = make(shards=1, linger_ms=100)
    producer.put(b"a", "k")
    clock.advance(0.099)
    producer.put(b"b", "k")
    assert kinesis.requests == []

    clock.advance(0.001)
    producer.put(b"c", "k")

    assert [data for _, data in kinesis.delivered()] == [b"a", b"b", b"c"]


def test_the_thread_sends_what_has_lingered(make, failing_kinesis):
    kinesis = failing_kinesis(1, ManualClock())
    sent = threading.Event()
    kinesis.after_call = sent.set
    options = ProducerOptions(linger_ms=5)
    with Producer(kinesis, "s", clock=WallClock(), entropy=Entropy(1), options=options) as producer:
        producer.put(b"a", "k")

        assert sent.wait(10)


def test_unaggregated_records_go_500_to_a_request(make):
    kinesis, producer = make(shards=1, aggregation_max_count=1)

    for index in range(1_200):
        producer.put(b"x", f"k{index}")
    producer.flush()

    assert [len(entries) for _, entries in kinesis.requests] == [500, 500, 200]


def test_a_request_never_holds_one_key_twice(make):
    kinesis, producer = make(shards=1, aggregation_max_count=1)

    for index in range(20):
        producer.put(b"%d" % index, f"k{index % 2}")
    producer.flush()

    assert all(len({entry["PartitionKey"] for entry in entries}) == len(entries) for _, entries in kinesis.requests)
    assert by_key(kinesis.delivered())["k0"] == [b"%d" % index for index in range(0, 20, 2)]


def test_a_partial_failure_lets_no_later_record_of_the_key_overtake(make):
    kinesis, producer = make(shards=1, aggregation_max_count=1)
    failures = iter([True])
    kinesis.fate = lambda position, entry: THROTTLED if entry["PartitionKey"] == "a" and next(failures, False) else None

    for data, key in [("a1", "a"), ("b1", "b"), ("a2", "a"), ("b2", "b")]:
        producer.put(data, key)
    producer.flush()

    assert by_key(kinesis.delivered()) == {"a": [b"a1", b"a2"], "b": [b"b1", b"b2"]}
    assert kinesis.delivered()[0] == ("b", b"b1")


def test_refused_records_are_sent_again_after_a_growing_jittered_wait(make, clock):
    kinesis, producer = make(shards=1)
    refusals = iter([THROTTLED, "InternalFailure", THROTTLED, THROTTLED])
    kinesis.fate = lambda position, entry: next(refusals, None)
    started = now_ms(clock)

    delivery = producer.put(b"a", "k")
    metrics = producer.flush()

    times = [at - started for at, _ in kinesis.requests]
    waits = [later - earlier for earlier, later in pairwise(times)]
    bounds = [50, 100, 200, 400]
    assert all(0 < wait <= bound + 1 for wait, bound in zip(waits, bounds, strict=True))
    assert delivery.result().attempts == 5
    assert metrics.errors == {THROTTLED: 3, "InternalFailure": 1}
    assert metrics.retries == 4
    assert metrics.buffering_max_ms == sum(waits)


def test_one_shard_in_back_off_does_not_hold_the_others(make):
    kinesis, producer = make(shards=2)
    blocked = {0}
    first = [producer.put(b"x", f"k{index}") for index in range(20)]
    shard_of = {delivery.partition_key: delivery.hash_key > kinesis.shards[0].last for delivery in first}
    kinesis.fate = lambda position, entry: THROTTLED if shard_of[entry["PartitionKey"]] in blocked else None

    with producer._sending:
        producer._pump(flush=True)

    assert {delivery.done() for delivery in first if shard_of[delivery.partition_key]} == {True}
    assert {delivery.done() for delivery in first if not shard_of[delivery.partition_key]} == {False}
    kinesis.fate = lambda position, entry: None
    producer.flush()
    assert all(delivery.done() for delivery in first)


def test_a_request_that_fails_as_a_whole_is_repeated(make):
    kinesis, producer = make(shards=1)
    refusals = [KitError(THROTTLED, "Slow down.")]

    def refuse_once():
        if refusals:
            raise refusals.pop()

    kinesis.before_call = refuse_once
    producer.put(b"a", "k")
    producer.flush()

    assert kinesis.delivered() == [("k", b"a")]


def test_a_failure_of_boto3s_kind_is_read_by_its_answer(make):
    class ClientError(Exception):
        def __init__(self, code):
            self.response = {"Error": {"Code": code}}

    kinesis, producer = make(shards=1)
    failures = [ClientError("ResourceNotFoundException"), ClientError(THROTTLED)]
    kinesis.before_call = lambda: (_ for _ in ()).throw(failures.pop()) if failures else None
    delivery = producer.put(b"a", "k")

    with pytest.raises(KitError) as caught:
        delivery.result()

    assert caught.value.code == "ResourceNotFoundException"
    assert len(kinesis.requests) == 2


def test_a_failure_for_good_reaches_the_future_and_else_flush(make):
    kinesis, producer = make(shards=1)

    def refuse():
        raise KitError("ResourceNotFoundException", "Stream s not found.")

    kinesis.before_call = refuse
    told = producer.put(b"a", "k")
    with pytest.raises(KitError, match="not found"):
        told.result()
    producer.put(b"b", "k")

    with pytest.raises(KitError) as caught:
        producer.flush()

    assert caught.value.code == "RecordsNotDelivered"
    assert "1 records" in caught.value.message
    assert producer.metrics.user_records_failed == 2
    producer.flush()


def test_callbacks_hear_of_every_record_once_and_of_failures_instead_of_flush(make):
    kinesis, producer = make(shards=1)
    heard = []
    producer.put(b"good", "k", on_settled=heard.append)
    producer.flush()

    def refuse():
        raise KitError("ResourceNotFoundException", "Stream s not found.")

    kinesis.before_call = refuse
    producer.put(b"bad", "k", on_settled=heard.append)
    producer.flush()

    assert [(delivery.data, delivery.error is None) for delivery in heard] == [(b"good", True), (b"bad", False)]


def test_an_error_of_a_callback_surfaces_and_the_others_are_still_called(make):
    _, producer = make(shards=1)
    heard = []

    def fail(delivery):
        raise ZeroDivisionError

    producer.put(b"a", "k", on_settled=fail)
    producer.put(b"b", "k", on_settled=heard.append)

    with pytest.raises(ZeroDivisionError):
        producer.flush()
    assert [delivery.data for delivery in heard] == [b"b"]


def test_an_error_on_the_thread_reaches_the_next_call(failing_kinesis):
    kinesis = failing_kinesis(1, ManualClock())
    called = threading.Event()

    def fail(delivery):
        called.set()
        raise ZeroDivisionError

    producer = Producer(kinesis, "s", clock=WallClock(), entropy=Entropy(1), options=ProducerOptions(linger_ms=1))
    producer.put(b"a", "k", on_settled=fail)
    assert called.wait(10)

    with pytest.raises(ZeroDivisionError):
        producer.close()


def test_a_callback_may_close_the_producer(failing_kinesis):
    kinesis = failing_kinesis(1, ManualClock())
    options = ProducerOptions(linger_ms=1)
    producer = Producer(kinesis, "s", clock=WallClock(), entropy=Entropy(1), options=options)
    closed = threading.Event()

    def close(delivery):
        producer.close()
        closed.set()

    producer.put(b"a", "k", on_settled=close)
    producer.flush()

    assert closed.wait(10)
    assert kinesis.delivered() == [("k", b"a")]


def test_anything_but_bytes_and_text_is_put_as_json(make):
    kinesis, producer = make()

    producer.put({"a": ["é", 1]}, "k").result()

    assert kinesis.delivered() == [("k", '{"a":["é",1]}'.encode())]


def test_a_shard_in_back_off_does_not_make_the_others_requests_small(make):
    kinesis, producer = make(shards=2, aggregation_max_count=1, linger_ms=60_000)
    blocked = "shardId-000000000000"
    kinesis.fate = lambda position, entry: THROTTLED if shard_of(kinesis, entry["PartitionKey"]) == blocked else None
    for number in range(4_000):
        producer.put(b"x", f"k{number}")

    sizes = [sum(shard_of(kinesis, e["PartitionKey"]) != blocked for e in entries) for _, entries in kinesis.requests]

    assert min(size for size in sizes if size) >= 200
    kinesis.fate = lambda position, entry: None


def shard_of(kinesis, key):
    return next(shard.id for shard in kinesis.shards if shard.first <= hash_key(key) <= shard.last)


def test_a_callback_may_put(make):
    kinesis, producer = make(shards=1)
    producer.put(b"a", "k", on_settled=lambda delivery: producer.put(b"b", "k"))

    producer.flush()

    assert [data for _, data in kinesis.delivered()] == [b"a", b"b"]


def test_records_expire_after_their_time_to_live(make, clock):
    kinesis, producer = make(shards=1, record_ttl_ms=1_000)
    kinesis.fate = lambda position, entry: THROTTLED
    delivery = producer.put(b"a", "k")

    with pytest.raises(KitError) as caught:
        delivery.result()

    assert caught.value.code == "Expired"
    assert THROTTLED in caught.value.message
    assert producer.metrics.user_records_expired == 1


def test_without_a_time_to_live_a_record_is_tried_until_it_is_taken(make, clock):
    kinesis, producer = make(shards=1, record_ttl_ms=None)
    until = now_ms(clock) + 3_600_000
    kinesis.fate = lambda position, entry: THROTTLED if now_ms(clock) < until else None

    receipt = producer.put(b"a", "k").result()

    assert receipt.attempts > 1_000
    assert now_ms(clock) >= until


def test_put_blocks_while_the_buffer_is_full(make, clock):
    mebibyte = 1 << 20
    kinesis, producer = make(shards=1, buffer_bytes=2 * mebibyte)
    until = now_ms(clock) + 5_000
    kinesis.fate = lambda position, entry: THROTTLED if now_ms(clock) < until else None

    for index in range(8):
        producer.put(bytes([index]) * (mebibyte // 2), f"k{index}")
        assert producer._buffer.held_bytes <= 2 * mebibyte

    assert now_ms(clock) >= until
    producer.flush()
    assert len(kinesis.delivered()) == 8


def test_a_split_while_producing_neither_loses_nor_doubles_for_a_consumer(make):
    kinesis, producer = make(shards=1)
    expected = [(f"k{index % 17}", b"%d" % index) for index in range(400)]
    for key, data in expected[:200]:
        producer.put(data, key)
    kinesis.split(0)
    for key, data in expected[200:]:
        producer.put(data, key)

    producer.flush()

    assert by_key(kinesis.delivered()) == by_key(expected)
    assert kinesis.listings == 2
    assert producer.metrics.retries > 0


def test_a_merge_while_producing_keeps_everything(make):
    kinesis, producer = make(shards=4)
    expected = [(f"k{index % 17}", b"%d" % index) for index in range(400)]
    for key, data in expected[:200]:
        producer.put(data, key)
    kinesis.merge(1)
    for key, data in expected[200:]:
        producer.put(data, key)

    producer.flush()

    assert by_key(kinesis.delivered()) == by_key(expected)
    assert producer.metrics.retries == 0


def test_an_explicit_hash_key_chooses_the_shard(make):
    kinesis, producer = make(shards=2)

    receipts = [producer.put(b"x", "same", explicit_hash_key=key).result() for key in ("0", str(2**128 - 1))]

    assert [receipt.shard_id for receipt in receipts] == [shard.id for shard in kinesis.shards]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"partition_key": ""}, "ValidationException"),
        ({"partition_key": "k" * 257}, "ValidationException"),
        ({"partition_key": "\ud800"}, "ValidationException"),
        ({"partition_key": "k", "explicit_hash_key": str(2**128)}, "InvalidArgumentException"),
        ({"partition_key": "k", "explicit_hash_key": "01"}, "InvalidArgumentException"),
        ({"partition_key": "k", "explicit_hash_key": "-1"}, "InvalidArgumentException"),
        ({"partition_key": "k", "explicit_hash_key": ""}, "InvalidArgumentException"),
        ({"partition_key": "k", "data": b"x" * (1 << 20)}, "InvalidArgumentException"),
    ],
)
def test_a_record_that_the_stream_would_refuse_is_refused_at_once(make, arguments, code):
    kinesis, producer = make()

    with pytest.raises(KitError) as caught:
        producer.put(**({"data": b"x"} | arguments))

    assert caught.value.code == code
    producer.flush()
    assert kinesis.requests == []


def test_a_record_of_exactly_the_limit_is_taken(make):
    kinesis, producer = make()

    producer.put(b"x" * ((1 << 20) - 3), "key").result()

    assert len(kinesis.delivered()) == 1


def test_a_closed_producer_has_sent_everything_and_takes_no_more(make):
    kinesis, producer = make()
    with producer:
        producer.put(b"a", "k")

    assert kinesis.delivered() == [("k", b"a")]
    with pytest.raises(KitError) as caught:
        producer.put(b"b", "k")
    assert caught.value.code == "ProducerClosed"


def test_an_error_of_the_body_is_not_hidden_by_one_of_closing(make):
    kinesis, producer = make()

    def refuse():
        raise KitError("ResourceNotFoundException", "Stream s not found.")

    kinesis.before_call = refuse
    producer.put(b"a", "k")
    with pytest.raises(ZeroDivisionError) as caught, producer:
        raise ZeroDivisionError

    assert "not found" in caught.value.__notes__[0]


def test_an_interrupted_request_is_sent_again(make):
    kinesis, producer = make(shards=1)
    interrupts = [KeyboardInterrupt()]

    def interrupt():
        if interrupts:
            raise interrupts.pop()

    kinesis.before_call = interrupt
    producer.put(b"a", "k")

    with pytest.raises(KeyboardInterrupt):
        producer.flush()
    producer.flush()

    assert kinesis.delivered() == [("k", b"a")]


def test_threads_share_a_producer_and_each_keeps_its_order(failing_kinesis):
    kinesis = failing_kinesis(3, ManualClock())
    turn = iter(range(1 << 30))
    kinesis.fate = lambda position, entry: THROTTLED if next(turn) % 7 == 0 else None
    producer = Producer(
        kinesis,
        "s",
        clock=WallClock(),
        entropy=Entropy(1),
        options=ProducerOptions(aggregation_max_bytes=2_000, linger_ms=1),
    )

    def produce(name):
        for index in range(2_000):
            producer.put(b"%d" % index, f"{name}-{index % 5}")

    threads = [threading.Thread(target=produce, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    producer.close()

    delivered = by_key(kinesis.delivered())
    assert delivered == {
        f"{name}-{rest}": [b"%d" % index for index in range(rest, 2_000, 5)] for name in "abcd" for rest in range(5)
    }


def test_a_table_goes_in_behind_what_was_put_before(tmp_path, clock):
    streams = Streams(tmp_path / "streams", clock=clock, entropy=Entropy(1), settings=Settings())
    stream = streams.create("s")
    rows = pa.table({"partition_key": ["k"] * 3_000, "data": [b"%d" % number for number in range(1, 3_001)]})
    with Producer(
        streams.client(), "s", clock=clock, entropy=Entropy(1), background=False, append=stream.append
    ) as producer:
        producer.put(b"0", "k")
        assert producer.put_table(rows) == 3_000
        producer.put(b"3001", "k")
    stored = [int(record.data) for record in stream]

    assert stored == list(range(3_002))
    metrics = producer.metrics
    assert (metrics.user_records_put, metrics.kinesis_records_put) == (3_002, 3_002)
    assert metrics.retries == 2_001  # all that the second has no budget for
    streams.close()


def test_a_table_through_a_client_alone_is_put_row_by_row(make):
    kinesis, producer = make(shards=1)

    producer.put_table(pa.table({"partition_key": ["a", "b"], "data": [b"1", b"2"]}))
    producer.flush()

    assert kinesis.delivered() == [("a", b"1"), ("b", b"2")]


@pytest.mark.parametrize(
    "options",
    [
        {"aggregation_max_count": 0},
        {"aggregation_max_bytes": 63},
        {"aggregation_max_bytes": (1 << 20) + 1},
        {"request_max_records": 501},
        {"request_max_bytes": (10 << 20) + 1},
        {"linger_ms": -1},
        {"record_ttl_ms": 0},
        {"buffer_bytes": 10},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(KitError) as caught:
        ProducerOptions(**options)

    assert next(iter(options)) in caught.value.message
