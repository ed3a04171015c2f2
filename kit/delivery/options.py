"""The options of `ws.delivery.create`, as they are written in a notebook, made into a configuration. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from kit.base.errors import did_you_mean
from kit.delivery import limits
from kit.delivery.configuration import (
    Buffering,
    Configuration,
    Conversion,
    Destination,
    FunctionTransform,
    OutputFormat,
    Partitioning,
    SqlTransform,
    StorageDestination,
    StreamDestination,
    Transform,
    WarehouseDestination,
)
from kit.delivery.errors import InvalidArgumentException
from kit.delivery.transform.function import Function

STAGING_BUCKET = "delivery"
DEFAULT_ERROR_PREFIX = "errors/!{firehose:error-output-type}/"
Transformation: TypeAlias = Function | str | Transform

OPTIONS = (
    "backup",
    "buffer_mb",
    "buffer_seconds",
    "codec",
    "columns",
    "compression",
    "copy_columns",
    "copy_options",
    "delimiter",
    "error_prefix",
    "extension",
    "format",
    "partition_by",
    "register",
    "retries",
    "retry_seconds",
    "schema",
    "staging",
    "time_zone",
    "transform",
)
_COLUMNAR_FORMATS: Mapping[str, OutputFormat] = {"parquet": "PARQUET", "orc": "ORC"}


def configuration(name: str, to: str, source: str | None, given: Mapping[str, Any]) -> Configuration:
    """What the options ask for. Raises `InvalidArgumentException` for an option that there is not."""
    for option in given:
        if option not in OPTIONS:
            raise InvalidArgumentException(
                f"A delivery stream has no option '{option}'.", did_you_mean(option, OPTIONS) or ", ".join(OPTIONS)
            )
    return Configuration(destination=_destination(name, to, given), source=source)


def function_name(function: Callable[..., Any]) -> str:
    """What a function is registered under."""
    return str(getattr(function, "__name__", "function")).strip("<>") or "function"


def _destination(name: str, to: str, given: Mapping[str, Any]) -> Destination:
    kind, colon, rest = to.partition(":")
    if kind == "s3" and colon:
        return _storage(to, given)
    staged = given.get("staging") or f"s3://{STAGING_BUCKET}/{name}/"
    if kind == "warehouse" and rest:
        return WarehouseDestination(
            storage=_storage(staged, given),
            table=rest,
            columns=given.get("copy_columns", ""),
            options=given.get("copy_options", ""),
            retry_seconds=given.get("retry_seconds", limits.DEFAULT_COPY_RETRY_SECONDS),
        )
    if kind == "stream" and rest:
        return StreamDestination(storage=_storage(staged, given), stream=rest)
    raise InvalidArgumentException(f"'{to}' is no destination.", "s3://bucket/prefix, warehouse:table or stream:name.")


def _storage(uri: str, given: Mapping[str, Any]) -> StorageDestination:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise InvalidArgumentException(f"'{uri}' is no place in storage.", "s3://bucket/prefix")
    partitioning = _partitioning(given.get("partition_by"))
    conversion = _conversion(given)
    is_columnar = partitioning is not None or conversion is not None
    least = limits.DEFAULT_COLUMNAR_BUFFER_MB if is_columnar else limits.DEFAULT_BUFFER_MB
    error_prefix = given.get("error_prefix")
    if error_prefix is None:
        error_prefix = DEFAULT_ERROR_PREFIX if "!{" in prefix or is_columnar else ""
    return StorageDestination(
        bucket=bucket,
        prefix=prefix,
        error_prefix=error_prefix,
        buffering=Buffering(
            given.get("buffer_mb") or least,
            limits.DEFAULT_BUFFER_SECONDS if given.get("buffer_seconds") is None else given["buffer_seconds"],
        ),
        compression=given.get("compression", "UNCOMPRESSED"),
        extension=given.get("extension", ""),
        delimiter=given.get("delimiter", ""),
        time_zone=given.get("time_zone", "UTC"),
        transform=_transform(given.get("transform"), given),
        partitioning=partitioning,
        conversion=conversion,
        register=_table(given.get("register") or None),
        backup=given.get("backup"),
    )


def _partitioning(given: str | Mapping[str, str] | None) -> Partitioning | None:
    """A JQ expression, or JQ paths by the names of the keys; an empty one where only a function gives keys."""
    match given:
        case None:
            return None
        case str():
            return Partitioning(given)
        case _:
            return Partitioning("{" + ", ".join(f"{name}: {path}" for name, path in given.items()) + "}")


def _conversion(given: Mapping[str, Any]) -> Conversion | None:
    schema = _table(given.get("schema"))
    if schema is None:
        if "format" in given or "codec" in given:
            raise InvalidArgumentException("A format needs a schema.", "schema='database.table'")
        return None
    wanted = str(given.get("format", "parquet")).lower()
    if wanted not in _COLUMNAR_FORMATS:
        raise InvalidArgumentException(f"The format '{wanted}' is not known.", "parquet or orc.")
    return Conversion(*schema, format=_COLUMNAR_FORMATS[wanted], codec=str(given.get("codec", "SNAPPY")).upper())


def _transform(given: Transformation | None, options: Mapping[str, Any]) -> Transform | None:
    match given:
        case None:
            return None
        case FunctionTransform() | SqlTransform():
            return given
        case str():
            columns = options.get("columns") or {}
            return SqlTransform(given, tuple((str(name), str(kind)) for name, kind in columns.items()))
        case _:
            retries = options.get("retries", limits.DEFAULT_INVOCATION_RETRIES)
            return FunctionTransform(function_name(given), retries)


def _table(given: str | tuple[str, str] | None) -> tuple[str, str] | None:
    if given is None:
        return None
    database, dot, table = given.partition(".") if isinstance(given, str) else (given[0], ".", given[1])
    if not dot or not database or not table:
        raise InvalidArgumentException(f"'{given}' names no table of the catalog.", "database.table")
    return database.lower(), table.lower()
