import base64
import json

import pyarrow as pa
import pytest

from kit.base.clock import ManualClock
from kit.base.ids import Entropy
from kit.delivery.configuration import FunctionTransform
from kit.delivery.records import SCHEMA
from kit.delivery.transform.function import Caller, transform

OPTIONS = FunctionTransform("enrich", retries=2)


def records(*data):
    rows = [
        {"data": each, "partition_key": f"k{place}", "arrival_ms": 1_000 + place, "shard": 0, "index": place + 1}
        for place, each in enumerate(data)
    ]
    return pa.Table.from_pylist(rows, SCHEMA)


def run(function, table, options=OPTIONS, source=None):
    pauses: list[float] = []
    caller = Caller("d", source, ManualClock(), Entropy(1), pauses.append)
    made = transform(table, function, options, lambda shard, index, ms: f"49{index}", caller)
    return made, pauses


def answered(change):
    """A function that answers for each record with what `change` makes of its data."""

    def function(event, context):
        return {
            "records": [{"recordId": r["recordId"], **change(base64.b64decode(r["data"]))} for r in event["records"]]
        }

    return function


def ok(data, **metadata):
    return {"result": "Ok", "data": base64.b64encode(data).decode(), **metadata}


def test_records_are_changed_dropped_and_refused_as_the_function_says():
    answers = {b"a": ok(b"A"), b"b": {"result": "Dropped"}, b"c": {"result": "ProcessingFailed"}}

    made, _ = run(answered(answers.__getitem__), records(b"a", b"b", b"c"))

    assert made.records.column("data").to_pylist() == [b"A"]
    assert made.records.column("arrival_ms").to_pylist() == [1_000]
    assert made.dropped == 1
    (failed,) = made.failed
    assert (failed.code, failed.kind, failed.attempts) == ("Lambda.ProcessingFailedStatus", "processing-failed", 1)
    assert failed.records.column("data").to_pylist() == [b"c"]


def test_the_event_is_lambdas():
    seen = []

    def function(event, context):
        seen.append(event)
        return answered(ok)(event, context)

    run(function, records(b"a", b"b"), source="clicks")

    (event,) = seen
    assert json.loads(json.dumps(event)) == event
    assert event["deliveryStreamArn"].endswith(":deliverystream/d")
    assert event["sourceKinesisStreamArn"].endswith(":stream/clicks")
    first, second = event["records"]
    assert first["recordId"] != second["recordId"]
    assert base64.b64decode(first["data"]) == b"a"
    assert first["approximateArrivalTimestamp"] == 1_000
    assert first["kinesisRecordMetadata"]["partitionKey"] == "k0"
    assert first["kinesisRecordMetadata"]["shardId"] == "shardId-000000000000"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({}, "Lambda.JsonProcessingException"),
        ({"result": "ok", "data": ""}, "Lambda.JsonProcessingException"),
        ({"result": "Ok"}, "Lambda.JsonProcessingException"),
        ({"result": "Ok", "data": "?"}, "Lambda.JsonProcessingException"),
        ({"result": "Ok", "data": 5}, "Lambda.JsonProcessingException"),
        ({"result": "Ok", "data": "", "metadata": {"partitionKeys": 5}}, "Lambda.JsonProcessingException"),
    ],
)
def test_an_answer_that_is_none_fails_its_record(answer, code):
    made, pauses = run(answered(lambda data: answer if data == b"bad" else ok(data)), records(b"a", b"bad"))

    assert made.records.column("data").to_pylist() == [b"a"]
    assert [failed.code for failed in made.failed] == [code]
    assert pauses == []


def test_records_that_do_not_come_back_or_come_back_twice_fail():
    def function(event, context):
        made = answered(ok)(event, context)["records"]
        return {"records": [made[0], made[2], made[2]]}

    made, _ = run(function, records(b"a", b"b", b"c"))

    assert made.records.column("data").to_pylist() == [b"a"]
    by_code = {failed.code: failed.records.column("data").to_pylist() for failed in made.failed}
    assert by_code == {"Lambda.MissingRecordId": [b"b"], "Lambda.DuplicatedRecordId": [b"c"]}


@pytest.mark.parametrize(
    "answer", [None, 5, [], {}, {"records": "x"}, {"records": [5]}, {"records": [{"recordId": "nobody's"}]}]
)
def test_a_call_whose_answer_is_nonsense_is_repeated_and_then_fails_its_records(answer):
    calls = []

    def function(event, context):
        calls.append(event["invocationId"])
        return answer

    made, pauses = run(function, records(b"a", b"b"))

    assert len(set(calls)) == 3
    assert len(pauses) == 2
    (failed,) = made.failed
    assert (failed.code, failed.attempts) == ("Lambda.FunctionError", 3)
    assert failed.records.column("data").to_pylist() == [b"a", b"b"]


def test_a_function_that_raises_once_is_called_again():
    calls = []

    def function(event, context):
        calls.append(1)
        if len(calls) == 1:
            raise TimeoutError("slow")
        return answered(ok)(event, context)

    made, _ = run(function, records(b"a"))

    assert made.records.column("data").to_pylist() == [b"a"]
    assert made.failed == ()


def test_one_call_that_fails_does_not_take_the_others_with_it():
    def function(event, context):
        if any(base64.b64decode(record["data"]).startswith(b"b") for record in event["records"]):
            raise ValueError("no b")
        return answered(ok)(event, context)

    big = 400_000
    made, _ = run(
        function, records(b"a" * big, b"b" * big, b"c" * big), FunctionTransform("f", retries=0, chunk_mb=0.2)
    )

    assert [data[:1] for data in made.records.column("data").to_pylist()] == [b"a", b"c"]
    assert "no b" in made.failed[0].message(0)
    assert made.failed[0].details["lambdaArn"].endswith(":function:f")


def test_partition_keys_of_the_function_stay_with_their_records():
    function = answered(lambda data: ok(data, metadata={"partitionKeys": {"p": data.decode(), "n": 5}}))

    made, _ = run(function, records(b"a", b"b"))

    assert made.lambda_keys == [{"p": "a", "n": "5"}, {"p": "b", "n": "5"}]
