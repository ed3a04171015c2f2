"""The order of rows inside a slice, as SQL. Pure.

A compound sort key is an ORDER BY. An interleaved one gives every column the same weight: each value is replaced by its
rank among the rows that are loaded, and the ranks' bits are interleaved to a place on the Z-order curve.

Source: Amazon Redshift Database Developer Guide, "Sort keys", read 2026-11.
"""

from __future__ import annotations

from kit.sql.redshift.statements import SortKey
from kit.warehouse.plan.expression import quote

MAX_INTERLEAVED = 8
_CURVE_BITS = 48


def ordered(source: str, columns: str, key: SortKey, where: str) -> str:
    """A SELECT of `columns` from the relation `source` in the order of a sort key."""
    if not key.columns:
        return f"SELECT {columns} FROM {source} WHERE {where}"
    if key.style != "INTERLEAVED" or len(key.columns) == 1:
        terms = ", ".join(f"{quote(column)} ASC NULLS LAST" for column in key.columns)
        return f"SELECT {columns} FROM {source} WHERE {where} ORDER BY {terms}"
    bits = min(_CURVE_BITS // len(key.columns), 16)
    ranks = ", ".join(
        f"CAST((rank() OVER (ORDER BY {quote(column)} ASC NULLS LAST) - 1) * {1 << bits} // count(*) OVER () AS BIGINT)"
        f' AS "\ue003rank{index}"'
        for index, column in enumerate(key.columns)
    )
    return (
        f"SELECT {columns} FROM (SELECT *, {ranks} FROM {source} WHERE {where}) "
        f"ORDER BY {_interleaved(len(key.columns), bits)}"
    )


def _interleaved(count: int, bits: int) -> str:
    """SQL of the place on the curve: bit `j` of rank `i` becomes bit `j * count + i`."""
    return " + ".join(
        f'((("\ue003rank{index}" >> {bit}) & 1) << {bit * count + index})'
        for bit in range(bits)
        for index in range(count)
    )
