"""Delivery streams as DescribeDeliveryStream tells of them. Pure.

Destinations that the service does not have (a stream) are told as the storage that stands beside them.
"""

from __future__ import annotations

from typing import Any

from kit.base.clock import instant
from kit.delivery.configuration import (
    Conversion,
    FunctionTransform,
    StorageDestination,
    StreamDestination,
    WarehouseDestination,
)
from kit.delivery.names import DESTINATION_ID, ROLE, bucket_arn, delivery_arn, function_arn
from kit.delivery.store import Kept
from kit.streams.names import ACCOUNT, REGION, stream_arn

Answer = dict[str, Any]

_CLUSTER = f"jdbc:redshift://default.000000000000.{REGION}.redshift.amazonaws.com:5439/dev"


def described(kept: Kept) -> Answer:
    """The `DeliveryStreamDescription`."""
    source = kept.configuration.source
    answer: Answer = {
        "DeliveryStreamName": kept.name,
        "DeliveryStreamARN": delivery_arn(kept.name),
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "DeliveryStreamType": "DirectPut" if source is None else "KinesisStreamAsSource",
        "VersionId": str(kept.version),
        "CreateTimestamp": instant(kept.created_ms * 1_000_000),
        "Destinations": [{"DestinationId": DESTINATION_ID, **_destination(kept)}],
        "HasMoreDestinations": False,
    }
    if kept.updated_ms != kept.created_ms:
        answer["LastUpdateTimestamp"] = instant(kept.updated_ms * 1_000_000)
    if source is not None:
        answer["Source"] = {
            "KinesisStreamSourceDescription": {
                "KinesisStreamARN": stream_arn(source),
                "RoleARN": ROLE,
                "DeliveryStartTimestamp": instant(kept.created_ms * 1_000_000),
            }
        }
    return answer


def _destination(kept: Kept) -> Answer:
    match kept.configuration.destination:
        case WarehouseDestination() as warehouse:
            return {"RedshiftDestinationDescription": _redshift(warehouse)}
        case StorageDestination() as storage:
            return {"S3DestinationDescription": _s3(storage), "ExtendedS3DestinationDescription": _extended(storage)}
        case StreamDestination(storage=storage):
            return {"S3DestinationDescription": _s3(storage), "ExtendedS3DestinationDescription": _extended(storage)}


def _redshift(warehouse: WarehouseDestination) -> Answer:
    return {
        "RoleARN": ROLE,
        "ClusterJDBCURL": _CLUSTER,
        "CopyCommand": {
            "DataTableName": warehouse.table,
            "DataTableColumns": warehouse.columns,
            "CopyOptions": warehouse.options,
        },
        "Username": "boathouse",
        "RetryOptions": {"DurationInSeconds": warehouse.retry_seconds},
        "S3DestinationDescription": _s3(warehouse.storage),
        "ProcessingConfiguration": _processing(warehouse.storage),
        "S3BackupMode": "Disabled",
        "CloudWatchLoggingOptions": {"Enabled": False},
    }


def _s3(storage: StorageDestination) -> Answer:
    return {
        "RoleARN": ROLE,
        "BucketARN": bucket_arn(storage.bucket),
        "Prefix": storage.prefix,
        "ErrorOutputPrefix": storage.error_prefix,
        "BufferingHints": {
            "SizeInMBs": storage.buffering.size_mb,
            "IntervalInSeconds": storage.buffering.interval_s,
        },
        "CompressionFormat": storage.compression,
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }


def _extended(storage: StorageDestination) -> Answer:
    answer = {
        **_s3(storage),
        "ProcessingConfiguration": _processing(storage),
        "S3BackupMode": "Disabled" if storage.backup is None else "Enabled",
        "DataFormatConversionConfiguration": (
            {"Enabled": False} if storage.conversion is None else _conversion(storage.conversion)
        ),
        "DynamicPartitioningConfiguration": {"Enabled": False},
        "CustomTimeZone": storage.time_zone,
    }
    if storage.extension:
        answer["FileExtension"] = storage.extension
    if storage.backup is not None:
        answer["S3BackupDescription"] = {**_s3(storage), "Prefix": storage.backup}
    if storage.partitioning is not None:
        retry = {"DurationInSeconds": storage.partitioning.retry_seconds}
        answer["DynamicPartitioningConfiguration"] = {"Enabled": True, "RetryOptions": retry}
    return answer


def _processing(storage: StorageDestination) -> Answer:
    processors: list[Answer] = []
    match storage.transform:
        case FunctionTransform(function, retries, chunk_mb):
            told = {"LambdaArn": function_arn(function), "NumberOfRetries": retries, "BufferSizeInMBs": chunk_mb}
            processors.append(_processor("Lambda", told))
        case _:
            pass
    if storage.partitioning is not None and storage.partitioning.query:
        told = {"MetadataExtractionQuery": storage.partitioning.query, "JsonParsingEngine": "JQ-1.6"}
        processors.append(_processor("MetadataExtraction", told))
    if storage.delimiter:
        shown = storage.delimiter.encode("unicode_escape").decode()
        processors.append(_processor("AppendDelimiterToRecord", {"Delimiter": shown}))
    return {"Enabled": bool(processors), "Processors": processors}


def _processor(kind: str, parameters: Answer) -> Answer:
    return {
        "Type": kind,
        "Parameters": [{"ParameterName": name, "ParameterValue": str(value)} for name, value in parameters.items()],
    }


def _conversion(conversion: Conversion) -> Answer:
    serde = "OrcSerDe" if conversion.format == "ORC" else "ParquetSerDe"
    return {
        "SchemaConfiguration": {
            "RoleARN": ROLE,
            "CatalogId": ACCOUNT,
            "DatabaseName": conversion.database,
            "TableName": conversion.table,
            "Region": REGION,
            "VersionId": "LATEST",
        },
        "InputFormatConfiguration": {
            "Deserializer": {
                "OpenXJsonSerDe": {
                    "CaseInsensitive": conversion.case_insensitive,
                    "ConvertDotsInJsonKeysToUnderscores": conversion.dots_to_underscores,
                    "ColumnToJsonKeyMappings": dict(conversion.key_of_column),
                }
            }
        },
        "OutputFormatConfiguration": {"Serializer": {serde: {"Compression": conversion.codec}}},
        "Enabled": True,
    }
