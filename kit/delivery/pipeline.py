"""From records to the objects of one flush: transformed, partitioned, converted, joined. Writes nothing.

Every record that comes in is in an object that goes out: under the prefix, or under the error prefix with the reason.
Only what a transformation drops is in none, and that is counted. What cannot be decided record by record (a table that
is gone, an engine without memory) raises, and the flush is tried again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, assert_never, get_args

import pyarrow as pa

from kit.base.clock import Clock, now_ms
from kit.base.errors import KitError
from kit.catalog.model import Partition, Table
from kit.delivery import records
from kit.delivery.compression import compress
from kit.delivery.configuration import Conversion, FunctionTransform, SqlTransform, StorageDestination
from kit.delivery.conversion.documents import texts
from kit.delivery.conversion.files import encoded
from kit.delivery.conversion.rows import Rules, typed_rows
from kit.delivery.engine import Engine
from kit.delivery.failures import Failed, Numbers, documents, table_details
from kit.delivery.landing import fits, partition_of
from kit.delivery.limits import ACTIVE_PARTITIONS
from kit.delivery.naming import Naming
from kit.delivery.partitioning import KeyQuery
from kit.delivery.prefix import FailureKind, Prefix
from kit.delivery.progress import Counts
from kit.delivery.transform.function import Caller, Function
from kit.delivery.transform.function import transform as by_function
from kit.delivery.transform.outcome import Transformed
from kit.storage.keys import parse_object

EXTRACTION_FAILED = "DynamicPartitioning.MetadataExtractionFailed"
TOO_MANY_PARTITIONS = "DynamicPartitioning.ActivePartitionsLimitExceeded"
INVALID_KEY = "DynamicPartitioning.InvalidS3Key"
MALFORMED = "DataFormatConversion.MalformedData"


class Tables(Protocol):
    """The catalog, as a delivery needs it."""

    def table(self, database: str, name: str) -> Table: ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An object to be written; `content` is bytes or a buffer."""

    uri: str
    content: Any


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a flush comes to. `records` are those that go on, for a destination that takes records; `objects` holds
    theirs, `errors` those of the failed and the backup."""

    records: pa.Table
    objects: tuple[Outgoing, ...]
    errors: tuple[Outgoing, ...]
    partitions: tuple[Partition, ...]
    counts: Counts


@dataclass(frozen=True, slots=True)
class Tools:
    """What the pipeline works with."""

    engine: Engine
    tables: Tables
    clock: Clock
    function: Function | None
    caller: Caller


@dataclass(frozen=True, slots=True)
class _Group:
    """Records of one object: rows of the table, and where they go."""

    rows: Any
    query_keys: Mapping[str, str]
    lambda_keys: Mapping[str, str]


def prepare(table: pa.Table, naming: Naming, numbers: Numbers, tools: Tools, *, as_objects: bool = True) -> Prepared:
    """Carry everything out that stands between the records and their destination."""
    storage = naming.storage
    transformed = _transformed(table, storage, numbers, tools)
    failed = list(transformed.failed)
    going_on = transformed.records
    objects: list[Outgoing] = []
    partitions: dict[tuple[str | None, ...], Partition] = {}
    if as_objects and going_on.num_rows:
        groups = _groups(going_on, transformed.lambda_keys, storage, tools, failed)
        objects, partitions = _objects(going_on, groups, naming, tools, failed)
    errors = _errors(failed, naming, numbers)
    if storage.backup is not None and table.num_rows:
        oldest_ms = records.oldest_ms(table, naming.flush.oldest_ms)
        errors.append(Outgoing(naming.backup_uri(oldest_ms), _joined(table.column("data"), storage.delimiter)))
    failures = sum(each.records.num_rows for each in failed)
    late = failures - sum(each.records.num_rows for each in transformed.failed)
    counts = Counts(
        delivered=going_on.num_rows - late,
        failed=failures,
        dropped=transformed.dropped,
        objects=len(objects),
        bytes=sum(len(memoryview(each.content)) for each in objects),
        partitions=len(partitions),
    )
    return Prepared(going_on, tuple(objects), tuple(errors), tuple(partitions.values()), counts)


def _transformed(table: pa.Table, storage: StorageDestination, numbers: Numbers, tools: Tools) -> Transformed:
    match storage.transform:
        case None:
            return Transformed(table)
        case FunctionTransform() as options:
            if tools.function is None:
                raise KitError(
                    "ResourceNotFoundException",
                    f"Function not found: {options.function}.",
                    f"ws.delivery.functions['{options.function}'] = … gives this process the function.",
                )
            return by_function(table, tools.function, options, numbers, tools.caller)
        case SqlTransform() as options:
            from kit.delivery.transform.statement import transform as by_sql

            return by_sql(table, options, tools.engine, tools.clock)
        case _:
            assert_never(storage.transform)


def _groups(
    table: pa.Table,
    lambda_keys: Sequence[Mapping[str, str]],
    storage: StorageDestination,
    tools: Tools,
    failed: list[Failed],
) -> list[_Group]:
    """The records by their partition keys, in the order in which these appear."""
    if storage.partitioning is None:
        return [_Group(pa.array(range(table.num_rows), pa.int64()), {}, {})]
    prefix = Prefix.parse(storage.prefix)
    asked = sorted(prefix.keys("partitionKeyFromQuery")), sorted(prefix.keys("partitionKeyFromLambda"))
    columns: list[Any] = []
    reasons: list[str | None] = [None] * table.num_rows
    if asked[0]:
        found = KeyQuery(storage.partitioning.query, tools.engine).keys(records.flat(table.column("data")), asked[0])
        reasons = found.reasons
        columns += [found.values[name] for name in asked[0]]
    for name in asked[1]:
        values = [keys.get(name) for keys in lambda_keys] if lambda_keys else [None] * table.num_rows
        reasons = [
            reason or (None if value else f"partitionKeys of the Lambda response have no value for {name}")
            for reason, value in zip(reasons, values, strict=True)
        ]
        columns.append(values)
    by_keys: dict[tuple[str, ...], list[int]] = {}
    beyond: list[int] = []
    for row, keys in enumerate(zip(*columns, strict=True)):
        if reasons[row] is not None:
            continue
        rows = by_keys.get(keys)
        if rows is not None:
            rows.append(row)
        elif len(by_keys) < ACTIVE_PARTITIONS:
            by_keys[keys] = [row]
        else:
            beyond.append(row)
    bad = [row for row, reason in enumerate(reasons) if reason is not None]
    _fail(failed, table, bad, EXTRACTION_FAILED, [str(reasons[row]) for row in bad], tools)
    message = f"The limit of {ACTIVE_PARTITIONS} active partitions is exceeded"
    _fail(failed, table, beyond, TOO_MANY_PARTITIONS, [message] * len(beyond), tools)
    width = len(asked[0])
    return [
        _Group(
            pa.array(rows, pa.int64()),
            dict(zip(asked[0], keys[:width], strict=True)),
            dict(zip(asked[1], keys[width:], strict=True)),
        )
        for keys, rows in by_keys.items()
    ]


def _objects(
    table: pa.Table, groups: Sequence[_Group], naming: Naming, tools: Tools, failed: list[Failed]
) -> tuple[list[Outgoing], dict[tuple[str | None, ...], Partition]]:
    storage = naming.storage
    landing = None if storage.register is None else tools.tables.table(*storage.register)
    uris: list[str] = []
    parts: list[pa.Table] = []
    for group in groups:
        part = table if len(group.rows) == table.num_rows else table.take(group.rows)
        uri = naming.object_uri(records.oldest_ms(part, naming.flush.oldest_ms), group.query_keys, group.lambda_keys)
        reason = _unwritable(uri, landing)
        if reason is None:
            uris.append(uri)
            parts.append(part)
        else:
            _fail(failed, part, range(part.num_rows), INVALID_KEY, [reason] * part.num_rows, tools)
    objects: list[Outgoing] = []
    partitions: dict[tuple[str | None, ...], Partition] = {}
    for uri, content in zip(uris, _contents(parts, uris, storage, tools, failed), strict=True):
        if content is None:
            continue
        objects.append(Outgoing(uri, content))
        if landing is not None and landing.partition_keys:
            partition = partition_of(landing, uri)
            partitions[partition.values] = partition
    return objects, partitions


def _unwritable(uri: str, landing: Table | None) -> str | None:
    """Why no object can be there; partition keys come from records, and may be anything."""
    try:
        parse_object(uri)
    except KitError as error:
        return error.message
    return fits(landing, uri) if landing is not None and landing.partition_keys else None


def _contents(
    parts: Sequence[pa.Table], uris: Sequence[str], storage: StorageDestination, tools: Tools, failed: list[Failed]
) -> Iterator[Any | None]:
    """What the objects hold; None for one of which no record fits."""
    if storage.conversion is not None:
        yield from _converted(parts, storage.conversion, tools, failed)
        return
    for part, uri in zip(parts, uris, strict=True):
        content = _joined(part.column("data"), storage.delimiter)
        if storage.compression != "UNCOMPRESSED":
            name = uri.rpartition("/")[2].removesuffix(".zip")
            content = compress(memoryview(content).tobytes(), storage.compression, name)
        yield content


def _converted(
    parts: Sequence[pa.Table], conversion: Conversion, tools: Tools, failed: list[Failed]
) -> Iterator[Any | None]:
    """Files of the parts, all of which are typed at once: their rows come out in order, part by part."""
    if not parts:
        return
    whole = pa.concat_tables(parts)
    schema = tools.tables.table(conversion.database, conversion.table)
    rules = Rules(conversion.case_insensitive, conversion.dots_to_underscores, dict(conversion.key_of_column))
    rows = typed_rows(texts(whole), schema.descriptor.columns, rules, tools.engine)
    if rows.rejected:
        places = sorted(rows.rejected)
        failed.append(
            Failed(
                "format-conversion-failed",
                whole.take(pa.array(places, pa.int64())),
                MALFORMED,
                tuple(f"Data does not match the schema. {rows.rejected[place]}." for place in places),
                1,
                now_ms(tools.clock),
                table_details(schema.database, schema.name, schema.version),
            )
        )
    begin = record = 0
    for part in parts:
        record += part.num_rows
        end = bisect_left(range(rows.table.num_rows), record, begin, key=lambda row: rows.parents[row].as_py())
        yield encoded(rows.table.slice(begin, end - begin), conversion) if end > begin else None
        begin = end


def _errors(failed: Sequence[Failed], naming: Naming, numbers: Numbers) -> list[Outgoing]:
    """An object for each kind of failure."""
    found: list[Outgoing] = []
    for kind in get_args(FailureKind):
        alike = [each for each in failed if each.kind == kind]
        if alike:
            oldest_ms = min(records.oldest_ms(each.records, naming.flush.oldest_ms) for each in alike)
            found.append(Outgoing(naming.error_uri(kind, oldest_ms), documents(alike, numbers)))
    return found


def _fail(
    failed: list[Failed], table: pa.Table, rows: Sequence[int], code: str, messages: Sequence[str], tools: Tools
) -> None:
    if rows:
        taken = table.take(pa.array(rows, pa.int64()))
        failed.append(Failed("processing-failed", taken, code, tuple(messages), 1, now_ms(tools.clock)))


def _joined(data: Any, delimiter: str) -> Any:
    """The records' data one after the other, each with the delimiter behind it, as a buffer without a copy."""
    array = records.flat(data)
    if delimiter:
        array = records.compute.binary_join_element_wise(array, pa.scalar(delimiter.encode()), pa.scalar(b""))
    _, offsets, content = array.buffers()
    if content is None:
        return b""
    bounds = memoryview(offsets).cast("i")
    begin, end = bounds[array.offset], bounds[array.offset + len(array)]
    return content.slice(begin, end - begin)
