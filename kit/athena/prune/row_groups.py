"""Which row groups of a Parquet file can hold a row that a query asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kit.athena.prune.footers import Bounds, Footer
from kit.base.domain import Domain, OneOf, Scalar, overlaps
from kit.catalog.types import DATE, DOUBLE, FLOAT, INTEGER_BITS, STRING, TIMESTAMP, DecimalType, HiveType, VarcharType

# Timestamps are rounded to milliseconds when they are read, so their bounds may be off by as much.
_ROUNDING = timedelta(milliseconds=1)


def surviving(footer: Footer, domains: Mapping[str, tuple[Domain, HiveType]]) -> list[int]:
    """The indexes of row groups in which every domain may find a row. `domains` by column, with its declared type."""
    kept = list(range(footer.row_groups))
    for column, (domain, kind) in domains.items():
        if column not in footer.fields:
            return []  # all NULL, and NULL is in no domain
        bounds = footer.bounds(column)
        kept = [index for index in kept if _may_hold(bounds[index], domain, kind)]
    return kept


def _may_hold(bounds: Bounds | None, domain: Domain, kind: HiveType) -> bool:
    if bounds is None:
        return domain != OneOf(())
    if bounds.all_null:
        return False
    low, high = _comparable(bounds.low, kind), _comparable(bounds.high, kind)
    if low is None or high is None:
        return True
    if isinstance(low, datetime) and isinstance(high, datetime):
        low, high = low - _ROUNDING, high + _ROUNDING
    return overlaps(domain, low, high)


def _comparable(value: Scalar | None, kind: HiveType) -> Scalar | None:
    """The value as the declared type has it, or None where order in the file and in the query may differ."""
    if isinstance(value, bytes) and (kind == STRING or isinstance(kind, VarcharType)):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None) if kind == TIMESTAMP else None
    if kind in INTEGER_BITS or kind in {FLOAT, DOUBLE, DATE, STRING} or isinstance(kind, (DecimalType, VarcharType)):
        return value
    return None
