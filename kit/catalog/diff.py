"""What is different between two versions of a table, in the terms of whoever queries it. Pure.

Figures that a crawler keeps (counts, sizes) are no difference; structs are compared field by field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from kit.catalog.model import Table
from kit.catalog.types import ArrayType, HiveType, MapType, StructType, parse

HEADER_LINES = "skip.header.line.count"
# Properties that repeat the columns.
_FOLLOWING = frozenset({"paths", "avro.schema.literal"})


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column, or a part of one (`at.lat`, `tags[]`): `old` or `new` type is empty where it is not there."""

    name: str
    old: str
    new: str

    def __str__(self) -> str:
        if not self.old:
            return f"{self.name} {self.new} added"
        return f"{self.name}: {self.old} → {self.new}" if self.new else f"{self.name} removed"


@dataclass(frozen=True, slots=True)
class TableDiff:
    """`reading` says what became different in how bytes become rows, `location` holds the old and the new one."""

    table: str
    old_version: int
    new_version: int
    columns: tuple[ColumnChange, ...]
    is_reordered: bool
    reading: tuple[str, ...]
    location: tuple[str, str] | None

    def __bool__(self) -> bool:
        return bool(self.lines())

    def lines(self) -> tuple[str, ...]:
        """A line a difference: columns added, removed, changed, then the rest."""
        lines = [str(change) for change in self.columns]
        if self.is_reordered:
            lines.append("columns reordered")
        if self.reading:
            lines.append(f"read in another way: {', '.join(self.reading)}")
        if self.location is not None:
            lines.append(f"location: {self.location[0]} → {self.location[1]}")
        return tuple(lines)

    def __repr__(self) -> str:
        heading = f"{self.table}, version {self.old_version} → {self.new_version}"
        return "\n".join([heading, *(f"  {line}" for line in self.lines() or ("no difference",))])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(line)}</li>" for line in self.lines() or ("no difference",))
        heading = f"{escape(self.table)}, version {self.old_version} → {self.new_version}"
        return f'<div class="boathouse"><b>{heading}</b><ul>{items}</ul></div>'


def diff(old: Table, new: Table) -> TableDiff:
    """What a query sees of a change from `old` to `new`."""
    before = {column.name: column.type for column in old.columns}
    after = {column.name: column.type for column in new.columns}
    columns = (
        *(ColumnChange(name, "", kind) for name, kind in after.items() if name not in before),
        *(ColumnChange(name, kind, "") for name, kind in before.items() if name not in after),
        *(
            change
            for name, kind in after.items()
            if before.get(name, kind) != kind
            for change in _changes(name, parse(before[name]), parse(kind))
        ),
    )
    places = (old.descriptor.location, new.descriptor.location)
    return TableDiff(
        f"{new.database}.{new.name}",
        old.version,
        new.version,
        columns,
        is_reordered=not columns and list(before) != list(after),
        reading=tuple(_reading(old, new)),
        location=places if places[0].rstrip("/") != places[1].rstrip("/") else None,
    )


def _changes(path: str, old: HiveType, new: HiveType) -> Iterator[ColumnChange]:
    match (old, new):
        case (StructType(before), StructType(after)):
            held = {field.name.lower(): field.type for field in before}
            names = {field.name.lower() for field in after}
            for field in after:
                kind = held.get(field.name.lower())
                if kind is None:
                    yield ColumnChange(f"{path}.{field.name}", "", str(field.type))
                elif kind != field.type:
                    yield from _changes(f"{path}.{field.name}", kind, field.type)
            yield from (
                ColumnChange(f"{path}.{field.name}", str(field.type), "")
                for field in before
                if field.name.lower() not in names
            )
        case (ArrayType(a), ArrayType(b)):
            yield from _changes(f"{path}[]", a, b)
        case (MapType(key, a), MapType(other, b)) if key == other:
            yield from _changes(f"{path}[]", a, b)
        case _:
            yield ColumnChange(path, str(old), str(new))


def _reading(old: Table, new: Table) -> Iterator[str]:
    before, after = old.descriptor, new.descriptor
    if before.serde.library != after.serde.library:
        yield after.serde.library.rsplit(".", 1)[-1]
    yield from (
        f"{name}={value!r}" if value is not None else f"{name} not set"
        for name, value in _changed(before.serde.parameters, after.serde.parameters)
    )
    header = new.parameters.get(HEADER_LINES)
    if old.parameters.get(HEADER_LINES) != header:
        yield "without a header" if header is None else "with a header" if header == "1" else f"{header} header lines"
    formats = (before.input_format, before.output_format)
    if before.serde.library == after.serde.library and formats != (after.input_format, after.output_format):
        yield "another input or output format"
    if (before.bucket_columns, before.number_of_buckets) != (after.bucket_columns, after.number_of_buckets):
        yield "buckets"
    if old.view_text != new.view_text:
        yield "the view's query"


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    return (
        (name, new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name) and name not in _FOLLOWING
    )
