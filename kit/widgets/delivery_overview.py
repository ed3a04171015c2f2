"""Delivery streams as results to look at: which there are, how each is doing, what one is told to do.

Reads and changes nothing. The figures are counts and settings, no times of execution.
"""

from __future__ import annotations

from typing import assert_never

from kit.base import display
from kit.base.result import Result
from kit.delivery import DeliveryStatus, StorageDestination, StreamDestination, WarehouseDestination
from kit.delivery.configuration import Destination, FunctionTransform, SqlTransform, Transform
from kit.widgets.overview import listing
from kit.workspace import Workspace


def deliveries(workspace: Workspace) -> Result:
    """The delivery streams of the workspace, a row each, with what waits, what has become of it, and the last error."""
    statuses = workspace.delivery.list()
    columns = {
        **dict.fromkeys(("delivery stream", "state", "source", "destination"), "string"),
        **dict.fromkeys(("waiting", "delivered", "failed", "dropped", "expired", "objects"), "int64"),
        "error": "string",
    }
    return listing(columns, [_row(status) for status in statuses], [_counted(len(statuses))])


def describe(workspace: Workspace, name: str) -> Result:
    """What a delivery stream is told to do, and how it is doing: a property a row.

    Raises `ResourceNotFoundException`.
    """
    status = workspace.delivery[name].status()
    storage = status.configuration.storage
    counts = status.figures.counts
    told = {
        "state": _state(status),
        "source": status.configuration.source or "direct puts",
        "destination": place_of(status.configuration.destination),
        "error prefix": storage.error_prefix,
        "buffer": f"{storage.buffering.size_mb} MB or {storage.buffering.interval_s} s",
        "transformation": _transformation(storage.transform),
        "partition keys": "" if storage.partitioning is None else storage.partitioning.query or "by the function",
        "format": _format(storage),
        "registers partitions of": "" if storage.register is None else ".".join(storage.register),
        "waiting": f"{display.count(status.waiting_records, 'record')}, {display.size(status.waiting_bytes)}",
        "delivered": f"{display.count(counts.delivered, 'record')} in {display.count(counts.objects, 'object')}",
        "failed": display.count(counts.failed, "record"),
        "dropped": display.count(counts.dropped, "record"),
        "expired unread": display.count(counts.expired, "record"),
        "error": status.error,
    }
    rows: list[tuple[object, ...]] = [(name, value) for name, value in told.items() if value]
    return listing({"property": "string", "value": "string"}, rows, [f"delivery stream {name}"])


def place_of(destination: Destination) -> str:
    """A destination in one word."""
    match destination:
        case StorageDestination(bucket=bucket, prefix=prefix):
            return f"s3://{bucket}/{prefix}"
        case WarehouseDestination(table=table):
            return f"warehouse:{table}"
        case StreamDestination(stream=stream):
            return f"stream:{stream}"
        case _:
            assert_never(destination)


def _row(status: DeliveryStatus) -> tuple[object, ...]:
    counts = status.figures.counts
    return (
        status.name,
        _state(status),
        status.configuration.source or "direct puts",
        place_of(status.configuration.destination),
        status.waiting_records,
        counts.delivered,
        counts.failed,
        counts.dropped,
        counts.expired,
        counts.objects,
        status.error or None,
    )


def _counted(count: int) -> str:
    return display.count(count, "delivery stream")


def _state(status: DeliveryStatus) -> str:
    return "stopped" if status.is_stopped else status.status


def _transformation(transform: Transform | None) -> str:
    match transform:
        case None:
            return ""
        case FunctionTransform(function):
            return f"function {function}"
        case SqlTransform(sql):
            return " ".join(sql.split())
        case _:
            assert_never(transform)


def _format(storage: StorageDestination) -> str:
    conversion = storage.conversion
    if conversion is not None:
        return f"{conversion.format} ({conversion.codec}) by {conversion.database}.{conversion.table}"
    return "" if storage.compression == "UNCOMPRESSED" else storage.compression
