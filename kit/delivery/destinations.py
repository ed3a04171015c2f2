"""Handing a prepared flush over: to storage, to the warehouse through it, to another stream.

Order is what makes it safe: objects first, all of them by renames; then the catalog's partitions; then whatever reads
the objects. Each step may be done twice. Whoever calls moves the positions afterwards.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

import pyarrow as pa

from kit.base.clock import Clock, now_ms
from kit.base.errors import KitError
from kit.catalog.model import Partition
from kit.delivery.configuration import StorageDestination, StreamDestination, WarehouseDestination
from kit.delivery.naming import Naming
from kit.delivery.pipeline import Outgoing, Prepared
from kit.delivery.progress import Counts
from kit.delivery.records import compute

if TYPE_CHECKING:
    from kit.storage import Storage
    from kit.streams import Streams

Copy: TypeAlias = Callable[[str], object]
"""Runs one COPY statement in the warehouse, as a transaction of its own."""


class Landings(Protocol):
    """The catalog, as far as partitions land in it."""

    def add_partitions(
        self, database: str, table: str, partitions: Iterable[Partition], *, if_not_exists: bool = False
    ) -> int: ...


@dataclass(frozen=True, slots=True)
class Reach:
    """What destinations are reached by."""

    storage: Storage
    landings: Landings
    streams: Streams
    copy: Copy
    clock: Clock


class Unsent:
    """What of a flush's records a stream has not taken yet, over all attempts of this process.

    Records that come without a key of their own (`has_keys` is False, or the key is empty) are spread over the shards.
    """

    def __init__(self, records: pa.Table, *, has_keys: bool) -> None:
        places = pa.array(range(records.num_rows), pa.int64()).cast(pa.string())
        own = records.column("partition_key")
        keys = compute.if_else(compute.equal(own, ""), places, own) if has_keys else places
        self.rows = pa.table({"data": records.column("data"), "partition_key": keys})


def to_storage(prepared: Prepared, storage: StorageDestination, reach: Reach) -> Counts:
    """Write all objects, then register their partitions."""
    _write((*prepared.objects, *prepared.errors), reach)
    if storage.register is not None and prepared.partitions:
        reach.landings.add_partitions(*storage.register, prepared.partitions, if_not_exists=True)
    return prepared.counts


def to_warehouse(prepared: Prepared, destination: WarehouseDestination, naming: Naming, reach: Reach) -> Counts:
    """Write the objects and COPY them. Raises while COPY fails; once its time is over, leaves a manifest instead."""
    _write((*prepared.objects, *prepared.errors), reach)
    try:
        for outgoing in prepared.objects:
            reach.copy(copy_statement(destination, outgoing.uri))
    except KitError:
        waited_ms = now_ms(reach.clock) - naming.flush.made_ms
        if waited_ms < destination.retry_seconds * 1000:
            raise
        _write([Outgoing(naming.manifest_uri(), manifest([each.uri for each in prepared.objects]))], reach)
        counts = prepared.counts
        return replace(counts, delivered=0, failed=counts.failed + counts.delivered)
    return prepared.counts


def to_stream(prepared: Prepared, destination: StreamDestination, unsent: Unsent, reach: Reach) -> Counts:
    """Append the records under their partition keys. Raises while the stream does not take all of them."""
    _write(prepared.errors, reach)
    if unsent.rows.num_rows:
        throttled = reach.streams[destination.stream].append(unsent.rows).throttled
        unsent.rows = unsent.rows.take(throttled)
        if len(throttled):
            raise KitError(
                "ProvisionedThroughputExceededException",
                f"The stream {destination.stream} has throttled {len(throttled):,} records.",
                "They are sent again; more shards take more.",
            )
    return prepared.counts


def copy_statement(destination: WarehouseDestination, uri: str) -> str:
    """The COPY that loads one object, as the service words it."""
    columns = f" ({destination.columns})" if destination.columns else ""
    packed = " GZIP" if destination.storage.compression == "GZIP" else ""
    options = f" {destination.options}" if destination.options else ""
    if packed and "gzip" in destination.options.lower():
        packed = ""
    quoted = uri.replace("'", "''")
    return f"COPY {destination.table}{columns} FROM '{quoted}'{packed}{options}"


def manifest(uris: Sequence[str]) -> bytes:
    """What COPY has not loaded, in the form in which COPY takes it."""
    return json.dumps({"entries": [{"url": uri, "mandatory": True} for uri in uris]}).encode()


def _write(objects: Iterable[Outgoing], reach: Reach) -> None:
    listed = list(objects)
    if not listed:
        return
    with reach.storage.staging() as stage:
        for outgoing in listed:
            stage.write(outgoing.uri, io.BytesIO(outgoing.content))
        stage.publish()
