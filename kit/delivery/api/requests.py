"""Destinations as requests give them, made into configurations. Pure.

Source: Amazon Data Firehose API Reference, ExtendedS3DestinationConfiguration and its members, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kit.base.errors import did_you_mean
from kit.delivery import limits
from kit.delivery.configuration import (
    CODECS,
    Buffering,
    Configuration,
    Conversion,
    Destination,
    FunctionTransform,
    OutputFormat,
    Partitioning,
    StorageDestination,
    StreamDestination,
    WarehouseDestination,
)
from kit.delivery.errors import InvalidArgumentException, InvalidKMSResourceException
from kit.delivery.names import bucket_of_arn, function_of_arn
from kit.streams.names import stream_of_arn

Request = Mapping[str, Any]

_DESTINATIONS = (
    "S3DestinationConfiguration",
    "ExtendedS3DestinationConfiguration",
    "RedshiftDestinationConfiguration",
)
_DELIMITERS = {"\\n": "\n", "\\t": "\t", "\\r\\n": "\r\n"}
_PROCESSORS = ("RecordDeAggregation", "Lambda", "MetadataExtraction", "AppendDelimiterToRecord")


def created(request: Request) -> Configuration:
    """What CreateDeliveryStream asks for. Raises `InvalidArgumentException`."""
    given = [name for name in _DESTINATIONS if request.get(name) is not None]
    if len(given) != 1:
        raise InvalidArgumentException("Exactly one destination configuration must be specified.")
    if request.get("DeliveryStreamEncryptionConfigurationInput") is not None:
        raise InvalidKMSResourceException("Server-side encryption is not offered by Boathouse.", "Leave it out.")
    source = _source(request)
    storage = StorageDestination(bucket="")
    if given[0] == "RedshiftDestinationConfiguration":
        empty = WarehouseDestination(storage=storage, table="")
        return Configuration(destination=_warehouse(empty, request[given[0]], "S3Configuration"), source=source)
    return Configuration(destination=_storage(storage, request[given[0]]), source=source)


def updated(current: Destination, request: Request) -> Destination:
    """What UpdateDestination makes of a destination. Raises `InvalidArgumentException` where it is of another kind."""
    update = request.get("ExtendedS3DestinationUpdate") or request.get("S3DestinationUpdate")
    match current:
        case StorageDestination() if update is not None:
            return _storage(current, update)
        case WarehouseDestination() if request.get("RedshiftDestinationUpdate") is not None:
            return _warehouse(current, request["RedshiftDestinationUpdate"], "S3Update")
        case StreamDestination():
            raise InvalidArgumentException("The API knows no streams as destinations.", "ws.delivery[name].update(…)")
        case _:
            raise InvalidArgumentException("The update is not for the destination that the delivery stream has.")


def _source(request: Request) -> str | None:
    kind = request.get("DeliveryStreamType", "DirectPut")
    given = request.get("KinesisStreamSourceConfiguration")
    if kind not in {"DirectPut", "KinesisStreamAsSource"}:
        raise InvalidArgumentException(f"{kind} is not offered by Boathouse.", "DirectPut or KinesisStreamAsSource.")
    if (kind == "KinesisStreamAsSource") != (given is not None):
        raise InvalidArgumentException(
            "KinesisStreamSourceConfiguration and the DeliveryStreamType KinesisStreamAsSource need each other."
        )
    if given is None:
        return None
    name = stream_of_arn(given["KinesisStreamARN"])
    if name is None:
        raise InvalidArgumentException(f"{given['KinesisStreamARN']} is no stream of this workspace.")
    return name


def _warehouse(current: WarehouseDestination, given: Request, s3: str) -> WarehouseDestination:
    copy = given.get("CopyCommand") or {}
    storage = current.storage
    if given.get(s3) is not None:
        storage = _storage(storage, given[s3])
    if given.get("ProcessingConfiguration") is not None:
        storage = _processed(storage, given["ProcessingConfiguration"])
    if given.get("S3BackupMode") == "Enabled":
        raise InvalidArgumentException("S3BackupMode of a warehouse is not offered by Boathouse.", "backup=… does it.")
    retry = (given.get("RetryOptions") or {}).get("DurationInSeconds", current.retry_seconds)
    return replace(
        current,
        storage=storage,
        table=copy.get("DataTableName", current.table),
        columns=copy.get("DataTableColumns", current.columns),
        options=copy.get("CopyOptions", current.options),
        retry_seconds=retry,
    )


def _storage(current: StorageDestination, given: Request) -> StorageDestination:
    encryption = given.get("EncryptionConfiguration") or {}
    if encryption.get("KMSEncryptionConfig") is not None:
        raise InvalidKMSResourceException("Encryption by a key is not offered by Boathouse.", "NoEncryptionConfig")
    bucket = current.bucket
    if given.get("BucketARN") is not None:
        bucket = bucket_of_arn(given["BucketARN"]) or ""
    storage = replace(
        current,
        bucket=bucket,
        prefix=given.get("Prefix", current.prefix),
        error_prefix=given.get("ErrorOutputPrefix", current.error_prefix),
        compression=given.get("CompressionFormat", current.compression),
        extension=given.get("FileExtension", current.extension),
        time_zone=given.get("CustomTimeZone") or current.time_zone,
    )
    if given.get("ProcessingConfiguration") is not None:
        storage = _processed(storage, given["ProcessingConfiguration"])
    if given.get("DataFormatConversionConfiguration") is not None:
        storage = replace(storage, conversion=_conversion(given["DataFormatConversionConfiguration"]))
    storage = replace(storage, partitioning=_partitioning(storage.partitioning, given))
    if given.get("S3BackupMode") is not None:
        storage = _backed_up(storage, given)
    hints = given.get("BufferingHints")
    is_columnar = storage.partitioning is not None or storage.conversion is not None
    size_mb = limits.DEFAULT_COLUMNAR_BUFFER_MB if is_columnar else storage.buffering.size_mb
    if hints is not None:
        return replace(
            storage,
            buffering=Buffering(
                hints.get("SizeInMBs", size_mb), hints.get("IntervalInSeconds", storage.buffering.interval_s)
            ),
        )
    return replace(storage, buffering=replace(storage.buffering, size_mb=max(size_mb, storage.buffering.size_mb)))


def _processed(storage: StorageDestination, given: Request) -> StorageDestination:
    if not given.get("Enabled"):
        return replace(storage, transform=None, delimiter="")
    found: dict[str, dict[str, str]] = {}
    for processor in given.get("Processors") or []:
        kind = processor["Type"]
        if kind not in _PROCESSORS:
            raise InvalidArgumentException(
                f"The processor {kind} is not offered by Boathouse.", f"Offered are {', '.join(_PROCESSORS)}."
            )
        parameters = processor.get("Parameters") or []
        found[kind] = {each["ParameterName"]: each["ParameterValue"] for each in parameters}
    delimiter = ""
    if "AppendDelimiterToRecord" in found:
        asked = found["AppendDelimiterToRecord"].get("Delimiter", "\\n")
        delimiter = _DELIMITERS.get(asked, asked)
    transform = None
    if "Lambda" in found:
        transform = _function(found["Lambda"])
    return replace(storage, transform=transform, delimiter=delimiter)


def _function(parameters: Mapping[str, str]) -> FunctionTransform:
    arn = parameters.get("LambdaArn", "")
    name = function_of_arn(arn)
    if name is None:
        raise InvalidArgumentException(
            f"'{arn}' is no LambdaArn.", "arn:aws:lambda:us-east-1:000000000000:function:name"
        )
    try:
        return FunctionTransform(
            name,
            int(parameters.get("NumberOfRetries", limits.DEFAULT_INVOCATION_RETRIES)),
            float(parameters.get("BufferSizeInMBs", limits.DEFAULT_INVOCATION_MB)),
        )
    except ValueError as error:
        raise InvalidArgumentException(f"A parameter of the Lambda processor is no number: {error}.") from error


def _query(given: Request) -> str:
    """The MetadataExtractionQuery of a request, or nothing."""
    for processor in (given.get("ProcessingConfiguration") or {}).get("Processors") or []:
        if processor["Type"] == "MetadataExtraction":
            parameters = {each["ParameterName"]: each["ParameterValue"] for each in processor.get("Parameters") or []}
            if parameters.get("JsonParsingEngine", "JQ-1.6") != "JQ-1.6":
                raise InvalidArgumentException("JsonParsingEngine must be JQ-1.6.")
            return parameters.get("MetadataExtractionQuery", "")
    return ""


def _partitioning(current: Partitioning | None, given: Request) -> Partitioning | None:
    told, query = given.get("DynamicPartitioningConfiguration"), _query(given)
    if told is not None:
        if not told.get("Enabled"):
            return None
        retry_seconds = (told.get("RetryOptions") or {}).get("DurationInSeconds", Partitioning().retry_seconds)
        current = replace(current or Partitioning(), retry_seconds=retry_seconds)
    return current if current is None or not query else replace(current, query=query)


def _backed_up(storage: StorageDestination, given: Request) -> StorageDestination:
    if given["S3BackupMode"] == "Disabled":
        return replace(storage, backup=None)
    told = given.get("S3BackupConfiguration") or given.get("S3BackupUpdate")
    if told is None:
        raise InvalidArgumentException("S3BackupMode Enabled needs an S3BackupConfiguration.")
    if "BucketARN" in told and bucket_of_arn(told["BucketARN"]) != storage.bucket:
        raise InvalidArgumentException("A backup in another bucket is not offered by Boathouse.", "The same bucket.")
    return replace(storage, backup=told.get("Prefix", ""))


def _conversion(given: Request) -> Conversion | None:
    if not given.get("Enabled", True):
        return None
    schema = given.get("SchemaConfiguration") or {}
    database, table = schema.get("DatabaseName"), schema.get("TableName")
    if not database or not table:
        raise InvalidArgumentException("SchemaConfiguration needs DatabaseName and TableName.")
    if schema.get("VersionId", "LATEST") != "LATEST":
        raise InvalidArgumentException("Only the LATEST version of a table is a schema in Boathouse.")
    reader = (given.get("InputFormatConfiguration") or {}).get("Deserializer") or {}
    if reader.get("HiveJsonSerDe") is not None:
        raise InvalidArgumentException("HiveJsonSerDe is not offered by Boathouse.", "OpenXJsonSerDe reads JSON, too.")
    openx = reader.get("OpenXJsonSerDe") or {}
    writer = (given.get("OutputFormatConfiguration") or {}).get("Serializer") or {}
    name: OutputFormat = "ORC" if writer.get("OrcSerDe") is not None else "PARQUET"
    options = writer.get("OrcSerDe") or writer.get("ParquetSerDe") or {}
    codec = options.get("Compression", CODECS[name][0])
    if codec not in CODECS[name]:
        raise InvalidArgumentException(f"{codec} is no compression of {name}.", did_you_mean(codec, CODECS[name]))
    return Conversion(
        database.lower(),
        table.lower(),
        name,
        codec,
        openx.get("CaseInsensitive", True),
        openx.get("ConvertDotsInJsonKeysToUnderscores", False),
        tuple((column.lower(), key) for column, key in (openx.get("ColumnToJsonKeyMappings") or {}).items()),
    )
