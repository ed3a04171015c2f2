"""The requests and answers held against botocore's model of the service."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from kit.base.clock import ManualClock
from kit.streams.api import shapes
from kit.streams.api.operations import OPERATIONS
from kit.streams.api.shapes import NOT_OFFERED, REQUESTS
from kit.streams.errors import EXCEPTIONS

ANSWERED_BELOW_THE_MINIMUM = {"MetricsNameList", "PositiveIntegerObject"}
"""Shapes that have a minimum of 1 for the sake of requests; answers have no metrics, and no records that failed."""


def service_model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("kinesis")


MODEL = service_model()


def test_every_operation_of_the_model_is_offered_or_refused_by_name() -> None:
    assert sorted([*REQUESTS, *NOT_OFFERED]) == sorted(MODEL.operation_names)


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_request_has_the_models_members_and_bounds(name: str) -> None:
    expected = MODEL.operation_model(name).input_shape

    assert differences(REQUESTS[name], expected, name) == []


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_client_has_a_method_of_boto3s_name(name: str, client: Any) -> None:
    method = botocore.xform_name(name)

    assert callable(getattr(client, method))
    assert client.meta.method_to_api_mapping[method] == name


def test_every_error_that_an_offered_operation_may_raise_is_known_or_cannot_happen() -> None:
    modelled = {shape.name for name in REQUESTS for shape in MODEL.operation_model(name).error_shapes}
    cannot = {name for name in modelled if name.startswith("KMS") and name != "KMSNotFoundException"}

    assert modelled - cannot - {"AccessDeniedException"} <= set(EXCEPTIONS)


def differences(mine: shapes.Shape | None, theirs: Shape | None, path: str) -> list[str]:
    """Where the two constrain a request differently."""
    if theirs is None or mine is None:
        return [] if theirs is mine or (isinstance(mine, shapes.Structure) and not mine.members) else [path]
    told = theirs.metadata
    match mine:
        case shapes.Structure(required, members):
            assert isinstance(theirs, StructureShape)
            found = [] if sorted(required) == sorted(theirs.required_members) else [f"{path}: required"]
            if members.keys() != theirs.members.keys():
                return [f"{path}: members {sorted(members.keys() ^ theirs.members.keys())}"]
            return found + [
                each for name in members for each in differences(members[name], theirs.members[name], f"{path}.{name}")
            ]
        case shapes.ListOf(member, least, most):
            assert isinstance(theirs, ListShape)
            inner = differences(member, theirs.member, f"{path}[]")
            return inner + ([] if (least, most) == (told.get("min"), told.get("max")) else [path])
        case shapes.MapOf(key, value, least, most):
            assert isinstance(theirs, MapShape)
            inner = differences(key, theirs.key, f"{path}.key") + differences(value, theirs.value, f"{path}.value")
            return inner + ([] if (least, most) == (told.get("min"), told.get("max")) else [path])
        case shapes.Text(least, most, pattern, options):
            assert isinstance(theirs, StringShape)
            mine_told = (least, most, pattern, list(options))
            theirs_told = (told.get("min"), told.get("max"), told.get("pattern", ""), theirs.enum)
            return [] if mine_told == theirs_told else [f"{path}: {mine_told} is not {theirs_told}"]
        case shapes.Integer(least, most):
            same = theirs.type_name == "integer" and (least, most) == (told.get("min"), told.get("max"))
            return [] if same else [f"{path}: {theirs.type_name} {told}"]
        case shapes.Blob(most):
            return [] if theirs.type_name == "blob" and most == told.get("max") else [path]
        case shapes.Boolean():
            return [] if theirs.type_name == "boolean" else [path]
        case shapes.Timestamp():
            return [] if theirs.type_name == "timestamp" else [path]


def violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """What is wrong with an answer."""
    import re

    told = shape.metadata
    least = 0 if shape.name in ANSWERED_BELOW_THE_MINIMUM else told.get("min", 0)
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield f"{path}: {type(value)}"
            return
        unknown = value.keys() - shape.members.keys()
        missing = set(shape.required_members) - value.keys()
        if unknown or missing:
            yield f"{path}: unknown {sorted(unknown)}, missing {sorted(missing)}"
        for name in value.keys() & shape.members.keys():
            yield from violations(value[name], shape.members[name], f"{path}.{name}")
    elif isinstance(shape, ListShape):
        size = len(value)
        if not isinstance(value, list) or not least <= size <= told.get("max", size):
            yield f"{path}: {value!r}"
        for place, each in enumerate(value):
            yield from violations(each, shape.member, f"{path}[{place}]")
    elif isinstance(shape, StringShape):
        if not isinstance(value, str):
            yield f"{path}: {type(value)}"
            return
        size = len(value)
        if not least <= size <= told.get("max", size):
            yield f"{path}: length {size}"
        if told.get("pattern") and not re.fullmatch(told["pattern"], value):
            yield f"{path}: {value!r} against {told['pattern']}"
        if shape.enum and value not in shape.enum:
            yield f"{path}: {value!r} is none of {shape.enum}"
    else:
        kinds = {
            "integer": lambda: type(value) is int,
            "long": lambda: type(value) is int,
            "boolean": lambda: type(value) is bool,
            "blob": lambda: type(value) is bytes,
            "timestamp": lambda: isinstance(value, datetime) and value.tzinfo is not None,
        }
        if not kinds[shape.type_name]():
            yield f"{path}: {type(value)}"
        elif shape.type_name in {"integer", "long"} and not least <= value <= told.get("max", value):
            yield f"{path}: {value}"


class Checked:
    """The client, each answer of which is held against the model."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.called: set[str] = set()

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = MODEL.operation_model(OPERATIONS[method].name)

        def call(**request: Any) -> dict[str, Any]:
            answer = getattr(self._client, method)(**request)
            self.called.add(operation.name)
            plain = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
            if operation.output_shape is None:
                assert plain == {}
            elif operation.name == "SubscribeToShard":
                assert plain.keys() == {"EventStream"}
            else:
                assert list(violations(plain, operation.output_shape, operation.name)) == []
            return answer

        return call


def test_the_answers_of_all_operations_are_the_models(client: Any, clock: ManualClock) -> None:
    api = Checked(client)
    api.create_stream(StreamName="clicks", ShardCount=2, Tags={"team": "data"})
    api.create_stream(StreamName="other", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    api.list_streams(Limit=1)
    arn = api.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]
    other = api.describe_stream(StreamName="other")["StreamDescription"]["StreamARN"]

    api.put_record(StreamName="clicks", Data=b"one", PartitionKey="key")
    api.put_records(StreamARN=arn, Records=[{"Data": b"%d" % place, "PartitionKey": str(place)} for place in range(20)])
    clock.advance(1)
    for shard in api.list_shards(StreamName="clicks")["Shards"]:
        request = {"StreamName": "clicks", "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = api.get_shard_iterator(**request)["ShardIterator"]
        assert api.get_records(ShardIterator=iterator, Limit=5)["Records"]

    consumer = api.register_stream_consumer(StreamARN=arn, ConsumerName="reader", Tags={"a": "b"})["Consumer"]
    api.describe_stream_consumer(StreamARN=arn, ConsumerName="reader")
    api.describe_stream_consumer(ConsumerARN=consumer["ConsumerARN"])
    api.list_stream_consumers(StreamARN=arn)
    events = api.subscribe_to_shard(
        ConsumerARN=consumer["ConsumerARN"],
        ShardId="shardId-000000000001",
        StartingPosition={"Type": "TRIM_HORIZON"},
    )["EventStream"]
    event = next(iter(events))
    assert event["SubscribeToShardEvent"]["Records"]
    shape = MODEL.shape_for("SubscribeToShardEventStream")
    assert list(violations(event, shape, "event")) == []

    middle = str(1 << 126)
    api.split_shard(StreamName="clicks", ShardToSplit="shardId-000000000000", NewStartingHashKey=middle)
    api.merge_shards(
        StreamName="clicks", ShardToMerge="shardId-000000000002", AdjacentShardToMerge="shardId-000000000003"
    )
    answer = api.update_shard_count(StreamName="clicks", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (2, 4)
    api.describe_stream(StreamName="clicks", Limit=3)
    for kind in ("AT_LATEST", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON"):
        assert api.list_shards(StreamName="clicks", ShardFilter={"Type": kind}, MaxResults=1)["Shards"]
    clock.advance(1)
    iterator = api.get_shard_iterator(
        StreamName="clicks", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert api.get_records(ShardIterator=iterator)["ChildShards"]

    api.increase_stream_retention_period(StreamName="clicks", RetentionPeriodHours=48)
    api.decrease_stream_retention_period(StreamARN=arn, RetentionPeriodHours=24)
    api.enable_enhanced_monitoring(StreamName="clicks", ShardLevelMetrics=["ALL"])
    api.disable_enhanced_monitoring(StreamName="clicks", ShardLevelMetrics=["IncomingBytes"])
    api.add_tags_to_stream(StreamName="clicks", Tags={"stage": "test"})
    api.list_tags_for_stream(StreamName="clicks", Limit=1)
    api.remove_tags_from_stream(StreamName="clicks", TagKeys=["stage"])
    api.tag_resource(ResourceARN=consumer["ConsumerARN"], Tags={"c": "d"})
    api.list_tags_for_resource(ResourceARN=arn)
    api.untag_resource(ResourceARN=arn, TagKeys=["team"])
    api.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2_048)
    api.update_stream_record_distribution_strategy(StreamARN=other, RecordDistributionStrategy="AUTO")
    api.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    api.describe_limits()
    api.describe_account_settings()
    api.deregister_stream_consumer(ConsumerARN=consumer["ConsumerARN"])
    api.delete_stream(StreamName="clicks")

    always_refused = {"StartStreamEncryption", "StopStreamEncryption", "UpdateStreamWarmThroughput"}
    assert set(REQUESTS) - api.called == always_refused


def test_a_request_that_botocore_would_send_is_taken(client: Any) -> None:
    """botocore's own validator agrees with ours on what it checks: members, types and lower bounds."""
    from botocore.validate import ParamValidator

    from kit.streams.api.validation import validate
    from kit.streams.errors import ValidationException

    now = datetime(2026, 1, 1, tzinfo=UTC)
    requests: list[tuple[str, dict[str, Any]]] = [
        ("PutRecord", {"StreamName": "a", "Data": b"", "PartitionKey": "k"}),
        ("PutRecord", {"StreamName": "a", "Data": "text", "PartitionKey": "k"}),
        ("PutRecord", {"StreamName": "a", "Data": b"", "PartitionKey": ""}),
        ("PutRecord", {"StreamName": "a", "PartitionKey": "k"}),
        ("PutRecord", {"StreamName": "", "Data": b"", "PartitionKey": "k"}),
        ("PutRecord", {"StreamName": 7, "Data": b"", "PartitionKey": "k"}),
        ("PutRecord", {"StreamName": "a", "Data": b"", "PartitionKey": "k", "Unknown": 1}),
        ("PutRecord", {"StreamName": "a", "Data": 5, "PartitionKey": "k"}),
        ("PutRecords", {"StreamName": "a", "Records": []}),
        ("PutRecords", {"StreamName": "a", "Records": [{"Data": b""}]}),
        ("PutRecords", {"StreamName": "a", "Records": [{"PartitionKey": "k"}]}),
        ("PutRecords", {"StreamName": "a", "Records": "text"}),
        ("GetRecords", {"ShardIterator": "x", "Limit": 0}),
        ("GetRecords", {"ShardIterator": "x", "Limit": 1}),
        ("GetRecords", {"ShardIterator": "x", "Limit": "1"}),
        ("GetShardIterator", {"StreamName": "a", "ShardId": "0", "ShardIteratorType": "LATEST", "Timestamp": now}),
        ("GetShardIterator", {"StreamName": "a", "ShardId": "0", "ShardIteratorType": "LATEST", "Timestamp": 1.5}),
        ("CreateStream", {"StreamName": "a", "ShardCount": 0}),
        ("CreateStream", {"StreamName": "a", "Tags": {"": "x"}}),
        ("CreateStream", {"StreamName": "a", "StreamModeDetails": {}}),
        ("DeleteStream", {"EnforceConsumerDeletion": "yes"}),
        ("ListShards", {"ShardFilter": {"Type": "AT_LATEST"}, "StreamCreationTimestamp": now - timedelta(1)}),
        ("RemoveTagsFromStream", {"TagKeys": []}),
    ]
    for name, request in requests:
        theirs = ParamValidator().validate(request, MODEL.operation_model(name).input_shape).has_errors()
        try:
            validate(request, REQUESTS[name])
            mine = False
        except ValidationException:
            mine = True
        assert mine == theirs, (name, request)
