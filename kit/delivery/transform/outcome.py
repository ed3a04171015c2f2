"""What a transformation makes of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from kit.delivery.failures import Failed


@dataclass(frozen=True, slots=True)
class Transformed:
    """`records` go on; `lambda_keys` has the partition keys that a function gave, one mapping a record, or is empty
    where none did. Every record that went in is in `records`, in `failed` or counted by `dropped`."""

    records: pa.Table
    failed: tuple[Failed, ...] = ()
    dropped: int = 0
    lambda_keys: Sequence[Mapping[str, str]] = field(default_factory=tuple)
