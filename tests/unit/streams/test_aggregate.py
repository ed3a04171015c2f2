import hashlib

import pytest
from aws_kinesis_agg.aggregator import RecordAggregator
from aws_kinesis_agg.deaggregator import deaggregate_records, iter_deaggregate_records
from aws_kinesis_agg.messages_pb2 import AggregatedRecord
from hypothesis import given
from hypothesis import strategies as st

from kit.streams.aggregate import FRAME_BYTES, MAGIC, AggregateBuilder, UserRecord, aggregate, disaggregate

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)
HASH_KEYS = st.one_of(st.none(), st.integers(0, 2**128 - 1).map(str))
RECORDS = st.lists(st.builds(UserRecord, KEYS, st.binary(max_size=300), HASH_KEYS), max_size=40)


@given(RECORDS)
def test_what_is_written_is_read_back(records):
    assert disaggregate(aggregate(records)) == records


@given(RECORDS.filter(bool))
def test_the_reference_reader_reads_what_is_written(records):
    carrier = {
        "SequenceNumber": "1",
        "PartitionKey": "a",
        "ApproximateArrivalTimestamp": 0,
        "Data": aggregate(records),
    }

    read = [user["kinesis"] for user in iter_deaggregate_records([carrier], data_format="Boto3")]

    assert [user["partitionKey"] for user in read] == [record.partition_key for record in records]
    assert [user["subSequenceNumber"] for user in read] == list(range(len(records)))
    message = AggregatedRecord()
    message.ParseFromString(carrier["Data"][len(MAGIC) : -16])
    assert [record.data for record in message.records] == [record.data for record in records]
    assert [
        message.explicit_hash_key_table[record.explicit_hash_key_index]
        if record.HasField("explicit_hash_key_index")
        else None
        for record in message.records
    ] == [record.explicit_hash_key for record in records]


@given(RECORDS.filter(bool))
def test_what_the_reference_writer_writes_is_read(records):
    aggregator = RecordAggregator()
    for record in records:
        assert aggregator.add_user_record(record.partition_key, record.data, record.explicit_hash_key) is None
    _, _, data = aggregator.clear_and_get().get_contents()

    assert disaggregate(data) == records


@given(RECORDS)
def test_a_builder_knows_its_exact_size(records):
    builder = AggregateBuilder()
    for record in records:
        assert builder.add(*record, limit_bytes=1 << 30)

    assert builder.count == len(records)
    assert len(builder.to_bytes()) == builder.size_bytes


@given(RECORDS.filter(lambda records: len(records) > 1))
def test_a_record_that_does_not_fit_leaves_the_builder_as_it_was(records):
    whole = len(aggregate(records))
    builder = AggregateBuilder()
    for record in records[:-1]:
        builder.add(*record, limit_bytes=whole)
    before = builder.to_bytes()

    assert not builder.add(*records[-1], limit_bytes=whole - 1)
    assert (builder.to_bytes(), builder.count) == (before, len(records) - 1)
    assert builder.add(*records[-1], limit_bytes=whole)
    assert disaggregate(builder.to_bytes()) == records


@given(st.binary(max_size=200))
def test_arbitrary_bytes_behind_the_magic_and_a_right_digest_never_raise(message):
    data = MAGIC + message + hashlib.md5(message).digest()
    oracle = AggregatedRecord()
    try:
        oracle.ParseFromString(message)
        well_formed = all(
            record.partition_key_index < len(oracle.partition_key_table)
            and (
                not record.HasField("explicit_hash_key_index")
                or record.explicit_hash_key_index < len(oracle.explicit_hash_key_table)
            )
            for record in oracle.records
        )
    except Exception:
        well_formed = False

    read = disaggregate(data)

    if read is not None:
        assert well_formed
        assert [record.data for record in read] == [record.data for record in oracle.records]


def test_every_flipped_bit_makes_an_aggregate_plain_data():
    data = aggregate([UserRecord("a", b"one"), UserRecord("b", b"two", "7")])

    for position in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[position // 8] ^= 1 << position % 8
        assert disaggregate(bytes(damaged)) is None


@pytest.mark.parametrize("data", [b"", b"plain", MAGIC, MAGIC + b"x" * (FRAME_BYTES - 5), b"x" + MAGIC])
def test_what_is_no_aggregate_is_none(data):
    assert disaggregate(data) is None


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"\x0a\x01a\x1a\x04\x08\x01\x1a\x00", "the key's index is outside of the table"),
        (b"\x0a\x01a\x1a\x06\x08\x00\x10\x00\x1a\x00", "the hash key's index is outside of the table"),
        (b"\x0a\x01a\x1a\x02\x08\x00", "a record without data"),
        (b"\x0a\x01a\x1a\x7f\x08\x00\x1a\x00", "a length past the end"),
        (b"\x0a\x01\xff\x1a\x04\x08\x00\x1a\x00", "a key that is not UTF-8"),
        (b"\x08\x01", "a table of the wrong wire type"),
        (b"\xff" * 11, "an endless varint"),
        (b"\x0b", "a group"),
    ],
)
def test_a_malformed_message_with_a_right_digest_is_plain_data(message, why):
    assert disaggregate(MAGIC + message + hashlib.md5(message).digest()) is None, why


def test_tags_and_unknown_fields_are_passed_over():
    message = AggregatedRecord()
    message.partition_key_table.append("a")
    record = message.records.add(partition_key_index=0, data=b"x")
    record.tags.add(key="k", value="v")
    body = message.SerializeToString() + b"\x20\x05" + b"\x29" + bytes(8) + b"\x35" + bytes(4)

    assert disaggregate(MAGIC + body + hashlib.md5(body).digest()) == [UserRecord("a", b"x")]


def test_tables_may_follow_the_records_that_point_into_them():
    body = b"\x1a\x05\x08\x00\x1a\x01x" + b"\x0a\x01a"

    assert disaggregate(MAGIC + body + hashlib.md5(body).digest()) == [UserRecord("a", b"x")]


def test_the_event_of_a_function_is_read_by_the_reference_reader():
    import base64

    data = aggregate([UserRecord("a", b"one"), UserRecord("b", b"two")])
    event = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "sequenceNumber": "5",
            "partitionKey": "a",
            "approximateArrivalTimestamp": 1.0,
            "data": base64.b64encode(data).decode(),
        }
    }

    assert [base64.b64decode(user["kinesis"]["data"]) for user in deaggregate_records([event])] == [b"one", b"two"]
