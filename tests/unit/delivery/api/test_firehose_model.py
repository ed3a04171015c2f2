"""Requests and answers held against botocore's model of Firehose."""

from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from kit.delivery.api import shapes
from kit.delivery.api.operations import OPERATIONS
from kit.delivery.api.shapes import NOT_OFFERED, NOT_OFFERED_MEMBERS, REQUESTS
from kit.delivery.errors import EXCEPTIONS
from kit.streams.api.shapes import Blob, Boolean, Integer, ListOf, MapOf, Structure, Text

MODEL = botocore.session.get_session().get_service_model("firehose")
ROLE = "arn:aws:iam::000000000000:role/any"
S3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::lake"}


@pytest.fixture
def client(deliveries: Any) -> Any:
    return deliveries.client()


def test_every_operation_of_the_model_is_offered_or_refused_by_name(client: Any) -> None:
    assert sorted([*REQUESTS, *NOT_OFFERED]) == sorted(MODEL.operation_names)
    with pytest.raises(ClientError, match="StartDeliveryStreamEncryption is not offered"):
        client.start_delivery_stream_encryption(DeliveryStreamName="d")


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_request_has_the_models_members_and_bounds(name: str) -> None:
    expected = MODEL.operation_model(name).input_shape

    assert differences(REQUESTS[name], expected, name) == []
    assert callable(OPERATIONS[botocore.xform_name(name)].carry_out)


def test_every_error_that_an_offered_operation_may_raise_is_known() -> None:
    modelled = {shape.name for name in REQUESTS for shape in MODEL.operation_model(name).error_shapes}

    assert modelled <= set(EXCEPTIONS)


def differences(mine: shapes.Structure | Any, theirs: Shape, path: str) -> list[str]:
    """Where the two constrain a request differently."""
    told = theirs.metadata
    match mine:
        case Structure(required, members):
            assert isinstance(theirs, StructureShape)
            left_out = NOT_OFFERED_MEMBERS.get(path, NOT_OFFERED_MEMBERS.get(theirs.name, ()))
            if {*members, *left_out} != theirs.members.keys() or sorted(required) != sorted(theirs.required_members):
                return [f"{path}: members"]
            return [
                each for name in members for each in differences(members[name], theirs.members[name], f"{path}.{name}")
            ]
        case ListOf(member, least, most):
            assert isinstance(theirs, ListShape)
            inner = differences(member, theirs.member, f"{path}[]")
            return inner + ([] if (least, most) == (told.get("min"), told.get("max")) else [path])
        case MapOf(key, value, least, most):
            assert isinstance(theirs, MapShape)
            inner = differences(key, theirs.key, path) + differences(value, theirs.value, path)
            return inner + ([] if (least, most) == (told.get("min"), told.get("max")) else [path])
        case Text(least, most, pattern, options):
            assert isinstance(theirs, StringShape)
            # Python's expressions have no classes of Unicode.
            expected = "" if r"\p{" in told.get("pattern", "") else told.get("pattern", "")
            same = (least, most, pattern, list(options)) == (told.get("min"), told.get("max"), expected, theirs.enum)
            return [] if same else [path]
        case Integer(least, most):
            same = theirs.type_name == "integer" and (least, most) == (told.get("min"), told.get("max"))
            return [] if same else [path]
        case Blob(most):
            return [] if theirs.type_name == "blob" and most == told.get("max") else [path]
        case Boolean():
            return [] if theirs.type_name == "boolean" else [path]
        case _:
            return [path]


def checked(client: Any, method: str, **request: Any) -> Any:
    """Call, with the request and the answer held against the model as botocore does."""
    from botocore.validate import ParamValidator

    name = OPERATIONS[method].name
    operation = MODEL.operation_model(name)
    report = ParamValidator().validate(request, operation.input_shape)
    assert not report.has_errors(), report.generate_report()
    answer = getattr(client, method)(**request)
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    report = ParamValidator().validate(answer, operation.output_shape)
    assert not report.has_errors(), report.generate_report()
    assert answer.keys() <= operation.output_shape.members.keys()
    return answer


def test_a_delivery_stream_lives_through_the_client(client: Any, workspace: Any, objects: Any) -> None:
    made = checked(
        client,
        "create_delivery_stream",
        DeliveryStreamName="d",
        DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration={
            **S3,
            "Prefix": "raw/",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
            "CompressionFormat": "UNCOMPRESSED",
            "ProcessingConfiguration": {
                "Enabled": True,
                "Processors": [
                    {
                        "Type": "AppendDelimiterToRecord",
                        "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
                    }
                ],
            },
        },
        Tags=[{"Key": "team", "Value": "data"}],
    )
    assert made["DeliveryStreamARN"].endswith(":deliverystream/d")

    assert checked(client, "put_record", DeliveryStreamName="d", Record={"Data": b"one"})["RecordId"]
    answer = checked(client, "put_record_batch", DeliveryStreamName="d", Records=[{"Data": b"2"}, {"Data": "3"}])
    assert answer["FailedPutCount"] == 0
    assert len({each["RecordId"] for each in answer["RequestResponses"]}) == 2

    described = checked(client, "describe_delivery_stream", DeliveryStreamName="d")["DeliveryStreamDescription"]
    assert described["DeliveryStreamStatus"] == "ACTIVE"
    assert described["VersionId"] == "1"
    (destination,) = described["Destinations"]
    hints = destination["ExtendedS3DestinationDescription"]["BufferingHints"]
    assert hints == {"SizeInMBs": 1, "IntervalInSeconds": 0}

    checked(
        client,
        "update_destination",
        DeliveryStreamName="d",
        CurrentDeliveryStreamVersionId="1",
        DestinationId=destination["DestinationId"],
        ExtendedS3DestinationUpdate={"Prefix": "new/"},
    )
    with pytest.raises(client.exceptions.ConcurrentModificationException):
        client.update_destination(
            DeliveryStreamName="d",
            CurrentDeliveryStreamVersionId="1",
            DestinationId=destination["DestinationId"],
            ExtendedS3DestinationUpdate={"Prefix": "other/"},
        )

    assert checked(client, "list_delivery_streams", Limit=1)["DeliveryStreamNames"] == ["d"]
    assert (
        checked(client, "list_delivery_streams", DeliveryStreamType="KinesisStreamAsSource")["DeliveryStreamNames"]
        == []
    )
    checked(client, "tag_delivery_stream", DeliveryStreamName="d", Tags=[{"Key": "stage"}])
    tags = checked(client, "list_tags_for_delivery_stream", DeliveryStreamName="d")["Tags"]
    assert tags == [{"Key": "stage", "Value": ""}, {"Key": "team", "Value": "data"}]
    checked(client, "untag_delivery_stream", DeliveryStreamName="d", TagKeys=["team", "stage"])
    checked(client, "delete_delivery_stream", DeliveryStreamName="d")
    ((key, content),) = objects("s3://lake/").items()
    assert key.startswith("new/")
    assert content == b"one\n2\n3\n"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_delivery_stream(DeliveryStreamName="d")


def test_everything_that_a_destination_can_be_told_comes_back_in_its_description(
    client: Any, workspace: Any, clicks: Any
) -> None:
    workspace.streams.create("clicks", 1)
    conversion = {
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "lake", "TableName": "clicks", "Region": "us-east-1"},
        "InputFormatConfiguration": {
            "Deserializer": {"OpenXJsonSerDe": {"CaseInsensitive": False, "ColumnToJsonKeyMappings": {"n": "number"}}}
        },
        "OutputFormatConfiguration": {"Serializer": {"OrcSerDe": {"Compression": "ZLIB"}}},
        "Enabled": True,
    }
    parameters = {
        "MetadataExtractionQuery": "{u: .user}",
        "JsonParsingEngine": "JQ-1.6",
    }
    processors = [
        {
            "Type": "MetadataExtraction",
            "Parameters": [{"ParameterName": k, "ParameterValue": v} for k, v in parameters.items()],
        },
        {
            "Type": "Lambda",
            "Parameters": [
                {
                    "ParameterName": "LambdaArn",
                    "ParameterValue": "arn:aws:lambda:us-east-1:000000000000:function:enrich:$LATEST",
                },
                {"ParameterName": "NumberOfRetries", "ParameterValue": "1"},
            ],
        },
    ]

    checked(
        client,
        "create_delivery_stream",
        DeliveryStreamName="d",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": workspace.streams["clicks"].arn,
            "RoleARN": ROLE,
        },
        ExtendedS3DestinationConfiguration={
            **S3,
            "Prefix": "u=!{partitionKeyFromQuery:u}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "DataFormatConversionConfiguration": conversion,
            "DynamicPartitioningConfiguration": {"Enabled": True, "RetryOptions": {"DurationInSeconds": 10}},
            "ProcessingConfiguration": {"Enabled": True, "Processors": processors},
            "CustomTimeZone": "Asia/Tokyo",
            "S3BackupMode": "Enabled",
            "S3BackupConfiguration": {**S3, "Prefix": "backup/"},
        },
    )

    told = checked(client, "describe_delivery_stream", DeliveryStreamName="d")["DeliveryStreamDescription"]
    extended = told["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert told["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"].endswith("stream/clicks")
    assert extended["DynamicPartitioningConfiguration"] == {"Enabled": True, "RetryOptions": {"DurationInSeconds": 10}}
    assert extended["BufferingHints"] == {"SizeInMBs": 128, "IntervalInSeconds": 300}
    kinds = {each["Type"]: each["Parameters"] for each in extended["ProcessingConfiguration"]["Processors"]}
    assert {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{u: .user}"} in kinds["MetadataExtraction"]
    assert {"ParameterName": "NumberOfRetries", "ParameterValue": "1"} in kinds["Lambda"]
    described = extended["DataFormatConversionConfiguration"]
    assert described["OutputFormatConfiguration"] == conversion["OutputFormatConfiguration"]
    assert described["InputFormatConfiguration"]["Deserializer"]["OpenXJsonSerDe"]["ColumnToJsonKeyMappings"] == {
        "n": "number"
    }
    assert extended["S3BackupDescription"]["Prefix"] == "backup/"
    assert extended["CustomTimeZone"] == "Asia/Tokyo"


def test_a_redshift_destination_is_the_warehouse(client: Any, copied: list[str], deliveries: Any) -> None:
    checked(
        client,
        "create_delivery_stream",
        DeliveryStreamName="d",
        RedshiftDestinationConfiguration={
            "RoleARN": ROLE,
            "ClusterJDBCURL": "jdbc:redshift://a.b.us-east-1.redshift.amazonaws.com:5439/dev",
            "CopyCommand": {"DataTableName": "t", "CopyOptions": "CSV"},
            "Username": "me",
            "Password": "secret",
            "S3Configuration": {**S3, "Prefix": "staged/"},
        },
    )
    client.put_record(DeliveryStreamName="d", Record={"Data": b"1\n"})
    deliveries["d"].flush()

    assert len(copied) == 1
    assert copied[0].startswith("COPY t FROM 's3://lake/staged/")
    told = checked(client, "describe_delivery_stream", DeliveryStreamName="d")["DeliveryStreamDescription"]
    assert told["Destinations"][0]["RedshiftDestinationDescription"]["CopyCommand"]["CopyOptions"] == "CSV"


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        ({}, "ValidationException", "deliveryStreamName"),
        ({"DeliveryStreamName": "a b"}, "ValidationException", "regular expression"),
        ({"DeliveryStreamName": "d"}, "InvalidArgumentException", "Exactly one destination"),
        ({"DeliveryStreamName": "d", "SplunkDestinationConfiguration": {}}, "InvalidArgumentException", "Splunk"),
        ({"DeliveryStreamName": "d", "ExtendedS3DestinationConfiguration": {}}, "ValidationException", "bucketARN"),
        (
            {
                "DeliveryStreamName": "d",
                "ExtendedS3DestinationConfiguration": {**S3, "BufferingHints": {"SizeInMBs": 129}},
            },
            "ValidationException",
            "less than or equal to 128",
        ),
        (
            {"DeliveryStreamName": "d", "DeliveryStreamType": "MSKAsSource", "ExtendedS3DestinationConfiguration": S3},
            "InvalidArgumentException",
            "MSKAsSource is not offered",
        ),
        (
            {
                "DeliveryStreamName": "d",
                "ExtendedS3DestinationConfiguration": {
                    **S3,
                    "ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Decompression"}]},
                },
            },
            "InvalidArgumentException",
            "Decompression is not offered",
        ),
    ],
)
def test_a_bad_request_is_refused_as_the_service_does(client: Any, request_: Any, code: str, said: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.create_delivery_stream(**request_)

    assert caught.value.response["Error"]["Code"] == code
    assert said in caught.value.response["Error"]["Message"]
