"""Records on their way, as Arrow: one row a record, in the order in which their shards had them.

`shard` and `index` say where a record lay in its source; rows that one record was taken apart into share them.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute

# Its functions are made when it is imported, out of sight of type checkers.
compute: Any = pyarrow.compute

SCHEMA = pa.schema(
    [
        ("data", pa.binary()),
        ("partition_key", pa.string()),
        ("arrival_ms", pa.int64()),
        ("shard", pa.int32()),
        ("index", pa.int64()),
    ]
)


def empty() -> pa.Table:
    return SCHEMA.empty_table()


def with_data(records: pa.Table, data: Any) -> pa.Table:
    """The same records with other data."""
    return records.set_column(records.schema.get_field_index("data"), SCHEMA.field("data"), data)


def oldest_ms(records: pa.Table, otherwise: int) -> int:
    """When the first of the records arrived."""
    found = compute.min(records.column("arrival_ms")).as_py()
    return otherwise if found is None else int(found)


def newest_ms(records: pa.Table) -> int:
    """When the last of the records arrived. There must be one."""
    return int(compute.max(records.column("arrival_ms")).as_py())


def flat(column: Any) -> Any:
    """A column as one array."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def total_bytes(data: Any) -> int:
    return int(compute.sum(compute.binary_length(data)).as_py() or 0)
