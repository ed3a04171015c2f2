"""What a delivery stream is told to do, as values; and whether that makes sense. Pure.

A destination holds everything that happens on the way to it, as in the service: buffering, transformation, partitions,
conversion. `checked` is the one gate: what it lets pass can be carried out.

Source: Amazon Data Firehose API Reference, read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, available_timezones

from kit.base.errors import did_you_mean
from kit.delivery import limits
from kit.delivery.errors import InvalidArgumentException
from kit.delivery.prefix import Prefix, check_error_prefix, check_prefix

Compression: TypeAlias = Literal["UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"]
OutputFormat: TypeAlias = Literal["PARQUET", "ORC"]

COMPRESSIONS: tuple[str, ...] = get_args(Compression)
CODECS = {"PARQUET": ("SNAPPY", "GZIP", "UNCOMPRESSED"), "ORC": ("SNAPPY", "ZLIB", "NONE")}
_EXTENSION = re.compile(r"\.[0-9a-z!\-_.*'()]+")


@dataclass(frozen=True, slots=True)
class Buffering:
    """Deliver once so much is waiting, or the oldest record has waited so long; 0 seconds is at once."""

    size_mb: int = limits.DEFAULT_BUFFER_MB
    interval_s: int = limits.DEFAULT_BUFFER_SECONDS


@dataclass(frozen=True, slots=True)
class FunctionTransform:
    """Call a function, by the name that it is registered under, with chunks of `chunk_mb` in Lambda's event."""

    function: str
    retries: int = limits.DEFAULT_INVOCATION_RETRIES
    chunk_mb: float = limits.DEFAULT_INVOCATION_MB


@dataclass(frozen=True, slots=True)
class SqlTransform:
    """Ask the batch in Athena's SQL, as the table `records`: each row of the answer becomes a record of JSON.

    `columns` are (name, Hive type) of the fields that are taken out of the records' JSON, beside `data` and
    `arrival_time`. Goes beyond the service.
    """

    sql: str
    columns: tuple[tuple[str, str], ...] = ()


Transform: TypeAlias = FunctionTransform | SqlTransform


@dataclass(frozen=True, slots=True)
class Partitioning:
    """Dynamic partitioning; `query` is the JQ expression whose keys `partitionKeyFromQuery` names, or empty."""

    query: str = ""
    retry_seconds: int = 300


@dataclass(frozen=True, slots=True)
class Conversion:
    """JSON to columns, by the schema of a table of the catalog."""

    database: str
    table: str
    format: OutputFormat = "PARQUET"
    codec: str = "SNAPPY"
    case_insensitive: bool = True
    dots_to_underscores: bool = False
    key_of_column: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDestination:
    """Objects under a prefix of a bucket.

    `register` names the catalog's table (database, table) whose partitions are added as they land. `backup` is a prefix
    in the same bucket for the records as they came.
    """

    bucket: str
    prefix: str = ""
    error_prefix: str = ""
    buffering: Buffering = field(default_factory=Buffering)
    compression: str = "UNCOMPRESSED"
    extension: str = ""
    delimiter: str = ""
    time_zone: str = "UTC"
    transform: Transform | None = None
    partitioning: Partitioning | None = None
    conversion: Conversion | None = None
    register: tuple[str, str] | None = None
    backup: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseDestination:
    """A table of the warehouse, through objects in storage and COPY."""

    storage: StorageDestination
    table: str
    columns: str = ""
    options: str = ""
    retry_seconds: int = limits.DEFAULT_COPY_RETRY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDestination:
    """Another stream of the workspace; records that fail on the way go to `storage`. Goes beyond the service."""

    storage: StorageDestination
    stream: str


Destination: TypeAlias = StorageDestination | WarehouseDestination | StreamDestination


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """`source` is the stream that is read, None for direct puts."""

    destination: Destination
    source: str | None = None

    @property
    def storage(self) -> StorageDestination:
        """Where objects go: the destination, or what stands beside it."""
        return storage_of(self.destination)


def storage_of(destination: Destination) -> StorageDestination:
    return destination if isinstance(destination, StorageDestination) else destination.storage


def checked(configuration: Configuration) -> Configuration:
    """The configuration, its defaults settled. Raises `InvalidArgumentException` for what contradicts itself."""
    destination = configuration.destination
    storage = _checked_storage(configuration.storage)
    match destination:
        case StorageDestination():
            return replace(configuration, destination=storage)
        case WarehouseDestination():
            _bounded("RetryOptions.DurationInSeconds", destination.retry_seconds, limits.RETRY_SECONDS)
            if storage.partitioning is not None or storage.conversion is not None:
                raise InvalidArgumentException(
                    "A warehouse destination takes neither dynamic partitioning nor data format conversion.",
                    "Deliver to storage, and COPY from there; or transform the records to what COPY reads.",
                )
            if storage.compression not in {"UNCOMPRESSED", "GZIP"}:
                raise InvalidArgumentException(
                    f"COPY does not read {storage.compression}.", "UNCOMPRESSED or GZIP for a warehouse."
                )
        case StreamDestination():
            if storage.partitioning is not None or storage.conversion is not None or storage.delimiter:
                raise InvalidArgumentException(
                    "A stream takes records as they are: no partitions, formats, delimiters."
                )
            if destination.stream == configuration.source:
                raise InvalidArgumentException("A delivery stream cannot deliver into its own source.")
    return replace(configuration, destination=replace(destination, storage=storage))


def _checked_storage(storage: StorageDestination) -> StorageDestination:
    is_columnar = storage.conversion is not None or storage.partitioning is not None
    _bounded("BufferingHints.SizeInMBs", storage.buffering.size_mb, limits.BUFFER_MB)
    _bounded("BufferingHints.IntervalInSeconds", storage.buffering.interval_s, limits.BUFFER_SECONDS)
    if is_columnar and storage.buffering.size_mb < limits.COLUMNAR_BUFFER_MB:
        raise InvalidArgumentException(
            f"BufferingHints.SizeInMBs must be at least {limits.COLUMNAR_BUFFER_MB} when data format conversion or "
            "dynamic partitioning is enabled.",
            "The interval, or a flush by hand, delivers earlier.",
        )
    _one_of("CompressionFormat", storage.compression, COMPRESSIONS)
    if storage.extension and not _EXTENSION.fullmatch(storage.extension):
        raise InvalidArgumentException(
            f"'{storage.extension}' is no FileExtension.", "It begins with a dot, in lower case: .json.gz"
        )
    if storage.time_zone not in available_timezones():
        hint = did_you_mean(storage.time_zone, available_timezones())
        raise InvalidArgumentException(f"CustomTimeZone '{storage.time_zone}' is not known.", hint)
    ZoneInfo(storage.time_zone)
    _check_prefixes(storage)
    _check_transform(storage.transform)
    if storage.conversion is not None:
        _check_conversion(storage, storage.conversion)
    return storage


def _check_prefixes(storage: StorageDestination) -> None:
    main = Prefix.parse(storage.prefix)
    check_prefix(main)
    check_error_prefix(Prefix.parse(storage.error_prefix), main)
    asked = main.keys("partitionKeyFromQuery"), main.keys("partitionKeyFromLambda")
    if storage.partitioning is None:
        if any(asked):
            raise InvalidArgumentException("Partition keys in the Prefix need dynamic partitioning to be enabled.")
        return
    if not any(asked):
        raise InvalidArgumentException(
            "Dynamic partitioning needs partition keys in the Prefix.",
            "For example user=!{partitionKeyFromQuery:user}/",
        )
    if asked[0] and not storage.partitioning.query:
        raise InvalidArgumentException("!{partitionKeyFromQuery:…} needs a MetadataExtractionQuery.", "{user: .user}")
    if asked[1] and not isinstance(storage.transform, FunctionTransform):
        raise InvalidArgumentException("!{partitionKeyFromLambda:…} needs a transformation by a function.")
    if not storage.error_prefix:
        raise InvalidArgumentException("ErrorOutputPrefix cannot be null or empty with dynamic partitioning.")


def _check_transform(transform: Transform | None) -> None:
    if isinstance(transform, FunctionTransform):
        _bounded("NumberOfRetries", transform.retries, limits.INVOCATION_RETRIES)
        low, high = limits.INVOCATION_MB
        if not low <= transform.chunk_mb <= high:
            raise InvalidArgumentException(f"BufferSizeInMBs is from {low} to {high}, not {transform.chunk_mb}.")


def _check_conversion(storage: StorageDestination, conversion: Conversion) -> None:
    if storage.compression != "UNCOMPRESSED":
        raise InvalidArgumentException(
            "CompressionFormat must be UNCOMPRESSED when data format conversion is enabled.",
            "Parquet and ORC compress by themselves: codec='GZIP'.",
        )
    if storage.delimiter:
        raise InvalidArgumentException("A delimiter has no place in Parquet or ORC.")
    _one_of("OutputFormat", conversion.format, tuple(CODECS))
    _one_of("Compression", conversion.codec, CODECS[conversion.format])


def _bounded(name: str, value: int, bounds: tuple[int, int]) -> None:
    low, high = bounds
    if not low <= value <= high:
        raise InvalidArgumentException(f"{name} is from {low} to {high}, not {value}.")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidArgumentException(
            f"{name} '{value}' is not known.", did_you_mean(value, known) or f"One of {', '.join(known)}."
        )
