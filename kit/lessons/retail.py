"""Exercises of `07_retail_etl`: a table derived in the warehouse, and its unloading."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from kit.lessons.exercise import Exercise, NotYetError

if TYPE_CHECKING:
    from kit.workspace import Workspace

_WANTED = """
SELECT product, SUM(CASE status WHEN 'returned' THEN quantity ELSE 0 END) AS returned
FROM orders GROUP BY product ORDER BY product"""
_PREFIX = "s3://retail/returns/"


def _returns(workspace: Workspace) -> str:
    wanted = workspace.warehouse.sql(_WANTED).rows
    found = workspace.warehouse.sql("SELECT product, returned FROM returns_by_product ORDER BY product").rows
    if len(found) != len(wanted):
        raise NotYetError(f"there are {len(found)} rows for {len(wanted)} products.", "GROUP BY product")
    for (product, pieces), (other, have) in zip(wanted, found, strict=True):
        if (product, pieces) != (other, have):
            raise NotYetError(f"of {other} it says {have}; of {product} {pieces} pieces came back.", "SUM(quantity)")
    return f"{len(found)} products, {sum(pieces for _, pieces in found):,} pieces came back."


def _unloaded(workspace: Workspace) -> str:
    objects = [each for each in workspace.storage.iter(_PREFIX) if not each.uri.endswith("manifest")]
    if len(objects) != 1:
        raise NotYetError(f"{len(objects)} objects lie below {_PREFIX}.", "PARALLEL OFF writes one file.")
    packed = workspace.storage.get(objects[0].uri)
    if packed[:2] != b"\x1f\x8b":
        raise NotYetError(f"{objects[0].uri} is not gzipped.", "GZIP")
    head, *lines = gzip.decompress(packed).decode().splitlines()
    if head != "product,returned":
        raise NotYetError(f"its first line is {head!r}.", "CSV HEADER; the columns product and returned")
    wanted = sorted(f"{product},{pieces}" for product, pieces in workspace.warehouse.sql(_WANTED).rows)
    if sorted(lines) != wanted:
        raise NotYetError("its lines are not those of returns_by_product.")
    return f"{objects[0].uri} holds {len(lines)} lines and their header."


EXERCISES = (
    Exercise(
        "07.1",
        "Make a table `returns_by_product` in the warehouse with one row a product: `product` and `returned`, the "
        "pieces that came back.",
        _returns,
    ),
    Exercise("07.2", f"Unload that table as one gzipped CSV file with a header below `{_PREFIX}`.", _unloaded),
)
