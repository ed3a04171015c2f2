"""Streams of records to where they are kept, as in Amazon Data Firehose: buffered, transformed, partitioned, converted.

What is acknowledged is delivered at least once, to its destination or, with the reason, to the error prefix.
"""

from kit.delivery.configuration import (
    Buffering,
    Configuration,
    Conversion,
    FunctionTransform,
    Partitioning,
    SqlTransform,
    StorageDestination,
    StreamDestination,
    WarehouseDestination,
)
from kit.delivery.service import Deliveries
from kit.delivery.stream import DeliveryStatus, DeliveryStream, PutRecordResult

__all__ = [
    "Buffering",
    "Configuration",
    "Conversion",
    "Deliveries",
    "DeliveryStatus",
    "DeliveryStream",
    "FunctionTransform",
    "Partitioning",
    "PutRecordResult",
    "SqlTransform",
    "StorageDestination",
    "StreamDestination",
    "WarehouseDestination",
]
