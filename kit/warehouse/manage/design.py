"""How well a table's design suits its rows: where they are, how evenly, in what order, how large."""

from __future__ import annotations

from dataclasses import dataclass

from kit.warehouse.catalog import Table
from kit.warehouse.plan.facts import Shape


@dataclass(frozen=True, slots=True)
class SlicePart:
    """A table's rows on one slice. `sorted_percent` are those in sort-key order."""

    slice: int
    node: int
    rows: int
    sorted_percent: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class TableDesign:
    """`skew_rows` is the fullest slice's rows over the emptiest's, as in SVV_TABLE_INFO; 1 is even."""

    schema: str
    name: str
    diststyle: str
    sortkey: str
    rows: int
    skew_rows: float
    unsorted_percent: float
    stats_off: float
    encodings: tuple[tuple[str, str], ...]
    parts: tuple[SlicePart, ...]

    def __str__(self) -> str:
        head = f"{self.schema}.{self.name}: {self.diststyle}, {self.sortkey or 'no sort key'}, {self.rows:,} rows"
        order = f"{self.unsorted_percent:.0f} % unsorted"
        skew = f"skew {self.skew_rows:.2f}" if all(part.rows for part in self.parts) else "empty slices"
        measures = f"{skew}, {order}, statistics {self.stats_off:.0f} % off"
        most = max((part.rows for part in self.parts), default=0) or 1
        bars = [f"slice {part.slice:>3} {'█' * round(30 * part.rows / most):<30} {part.rows:,}" for part in self.parts]
        return "\n".join([head, measures, *bars])


def design_of(table: Table, shape: Shape) -> TableDesign:
    """What the catalog knows of a table's rows, slice by slice."""
    parts = []
    for number in table.places(shape):
        rows = table.slice_rows[number]
        in_order = 100.0 * table.sorted_rows[number] / rows if rows and table.sortkey.columns else 100.0
        size = round(rows * table.width_bytes)
        parts.append(SlicePart(number, shape.node_of(number), rows, in_order, size))
    counts = [part.rows for part in parts]
    return TableDesign(
        table.schema,
        table.name,
        described_style(table),
        described_order(table),
        table.rows,
        max(counts) / max(1, min(counts)) if any(counts) else 1.0,
        100 * table.unsorted_fraction,
        table.stats_off,
        tuple((column.name, column.encode) for column in table.columns),
        tuple(parts),
    )


def described_style(table: Table) -> str:
    """The distribution style as SVV_TABLE_INFO writes it: `KEY(k)`, `AUTO(ALL)`."""
    key = f"({table.distkey})" if table.effective == "KEY" else ""
    return f"AUTO({table.effective}{key})" if table.style == "AUTO" else f"{table.effective}{key}"


def described_order(table: Table) -> str:
    """The sort key in words; empty where there is none."""
    if table.sortkey.style == "AUTO":
        return "AUTO(SORTKEY)"
    if not table.sortkey.columns:
        return ""
    return f"{table.sortkey.style} SORTKEY({', '.join(table.sortkey.columns)})"
