"""What goes to the browser for one picture: a few figures as JSON, and each column as one buffer.

Numbers and times are little-endian float64; text is little-endian int32, places in a list of values. Values keep their
place as long as they are shown, so that a colour stays with what it stands for.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute

from kit.base.errors import KitError
from kit.widgets.stream_chart.plan import Column

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

SERIES = 50
"""Values of one column of text that can be shown at a time: more cannot be told apart."""


@dataclass(slots=True)
class Places:
    """The values of the columns of text, each at its place."""

    by_column: dict[str, list[str]] = field(default_factory=dict)

    def settle(self, name: str, present: Sequence[str]) -> list[str]:
        """The list of values with these in it. Raises `TOO_MANY_SERIES`."""
        known = self.by_column.get(name, [])
        new = sorted(set(present) - set(known))
        if len(known) + len(new) > SERIES:
            known = [value for value in known if value in set(present)]
        settled = known + new
        if len(settled) > SERIES:
            raise KitError(
                "TOO_MANY_SERIES",
                f"The column '{name}' has {len(settled)} different values in the window; {SERIES} can be shown.",
                "Colour by a column of fewer values, or let a continuous query pick those to show.",
            )
        self.by_column[name] = settled
        return settled


def pack(table: Any, columns: Sequence[Column], places: Places) -> tuple[list[dict[str, Any]], list[memoryview]]:
    """Descriptions and buffers of the columns of a window."""
    described: list[dict[str, Any]] = []
    buffers: list[memoryview] = []
    for column in columns:
        values = table.column(column.name).combine_chunks()
        about: dict[str, Any] = {"name": column.name, "kind": column.kind}
        if column.kind == "text":
            encoded = _compute.dictionary_encode(values)
            present = encoded.dictionary.to_pylist()
            settled = about["values"] = list(places.settle(column.name, present))
            place = {value: index for index, value in enumerate(settled)}
            moved = pa.array([place[value] for value in present], pa.int32())
            buffers.append(_bytes(moved.take(encoded.indices)))
        else:
            buffers.append(_bytes(values.fill_null(float("nan"))))
        described.append(about)
    return described, buffers


def _bytes(values: Any) -> memoryview:
    assert sys.byteorder == "little"
    width = values.type.bit_width // 8
    buffer = values.buffers()[1]
    if buffer is None or not len(values):
        return memoryview(b"")
    return memoryview(buffer)[values.offset * width : (values.offset + len(values)) * width]
