"""From a scan to a relation: partitions, then files, then row groups are pruned; what remains becomes DuckDB SQL.

Decides what is read and what it costs, by the metadata alone. Nothing is executed here; the only bytes read are
footers. Each relation is a SELECT that stands in a WITH before the query, so that DuckDB sees through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kit.athena.prune.files import MODIFIED, PATH, SIZE, ObjectSource, list_files
from kit.athena.prune.files import surviving as surviving_files
from kit.athena.prune.footers import Footer, Footers
from kit.athena.prune.partitions import PartitionSource, Slice, select
from kit.athena.prune.row_groups import surviving as surviving_row_groups
from kit.athena.scan import expressions, json_serde, lazy_simple, open_csv, parquet, records
from kit.athena.scan.source import DataFile, Layout, Request, Source, Watch, hive_type, quote
from kit.base.domain import Domain
from kit.base.errors import KitError
from kit.catalog.model import Column, Table
from kit.catalog.types import HiveType, to_duckdb
from kit.sql.relations import Scan

HIDDEN = (Column(PATH, "string"), Column(SIZE, "bigint"), Column(MODIFIED, "timestamp"))

_SOURCES = {
    "textfile": lazy_simple.source,
    "csv": open_csv.source,
    "json": json_serde.source,
    "regex": expressions.regex_source,
    "grok": expressions.grok_source,
    "orc": records.orc_source,
    "avro": records.avro_source,
}
# A relation has at least one column, also where the query counts rows alone.
_NOTHING = '1 AS "1"'
# The only formats whose bytes are not known before they are read: the library tells of them meanwhile.
_MEASURED = {"orc"}
_PREVIEWED_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many there are and how many are read; `total` is None where it is not known."""

    total: int | None
    read: int


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """One relation of a query. `bytes_planned` is what will be billed for it; of `measured_bytes`, at most so many are
    read, and only what was is billed."""

    scan: Scan
    format: str
    location: str
    partitions: Pruned
    files: Pruned
    row_groups: Pruned
    bytes_planned: int
    measured_bytes: int
    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    streams: Mapping[str, object] = field(default_factory=dict)
    data_files: Sequence[DataFile] = ()


@dataclass(frozen=True, slots=True)
class _Group:
    """Files that one source reads, each with the slice it belongs to."""

    layout: Layout
    files: list[DataFile]
    slices: list[Slice]
    variant: parquet.Variant = ()


class Planner:
    """Plans scans of the tables of one catalog. Keeps Parquet footers; safe among threads."""

    def __init__(self, catalog: PartitionSource, storage: ObjectSource, footers: Footers) -> None:
        self._catalog = catalog
        self._storage = storage
        self._footers = footers

    def plan(self, scan: Scan, table: Table, now: datetime, watch: Watch, *, first_rows: int | None = None) -> ScanPlan:
        """The relation of `scan`; with `first_rows` one of at least so many rows, if the table has them.

        Raises the HIVE_ errors of whatever cannot be read.
        """
        slices = select(self._catalog, table, scan.domains, now)
        listed = [(file, each) for each in slices.read for file in list_files(self._storage, each.location)]
        kept = {file.uri for file in surviving_files((file for file, _ in listed), scan.domains)}
        pairs = [(file, each) for file, each in listed if file.uri in kept]
        choice = self._choose(scan, pairs, first_rows)
        relation = _Relation(scan, table, watch)
        parts = [relation.part(number, group) for number, group in enumerate(choice.groups)]
        return ScanPlan(
            scan,
            slices.read[0].layout.format if slices.read else relation.format,
            table.descriptor.location,
            Pruned(slices.total, len(slices.read)),
            Pruned(len(listed), sum(len(group.files) for group in choice.groups)),
            choice.row_groups,
            choice.bytes_planned,
            choice.measured_bytes,
            "\nUNION ALL\n".join(parts) or relation.empty(),
            relation.parameters,
            relation.streams,
            [file for group in choice.groups for file in group.files],
        )

    def _choose(self, scan: Scan, pairs: Sequence[tuple[DataFile, Slice]], first_rows: int | None) -> _Choice:
        choice = _Choice([], Pruned(None, 0), 0, 0)
        by_layout: dict[int, list[tuple[DataFile, Slice]]] = {}
        for file, each in pairs:
            by_layout.setdefault(id(each.layout), []).append((file, each))
        for members in by_layout.values():
            layout = members[0][1].layout
            if layout.format == "parquet":
                # Of several layouts, none knows how many rows the others have.
                enough = first_rows if len(by_layout) == 1 else None
                choice = _joined(choice, self._choose_parquet(scan, layout, members, enough))
                continue
            total = sum(file.size_bytes for file, _ in members)
            measured = total if layout.format in _MEASURED else 0
            group = _Group(layout, [file for file, _ in members], [each for _, each in members])
            choice = _joined(choice, _Choice([group], Pruned(None, 0), total - measured, measured))
        return choice

    def _choose_parquet(
        self, scan: Scan, layout: Layout, members: Sequence[tuple[DataFile, Slice]], first_rows: int | None
    ) -> _Choice:
        columns = _file_columns(scan, layout)
        domains = _typed_domains(scan.domains, layout)
        groups: dict[parquet.Variant, _Group] = {}
        total = read = bytes_planned = rows = 0
        for (file, each), footer in zip(members, self._footers_of(members, first_rows), strict=False):
            if first_rows is not None and rows >= first_rows:
                break
            variant = parquet.variant(file, footer, layout, columns)
            total += footer.row_groups
            surviving = surviving_row_groups(footer, domains)
            if first_rows is not None:
                surviving = _first(surviving, footer, first_rows - rows)
                rows += sum(footer.row_group_rows[index] for index in surviving)
            if not surviving:
                continue
            read += len(surviving)
            bytes_planned += parquet.scanned_bytes(footer, columns, surviving)
            group = groups.setdefault(variant, _Group(layout, [], [], variant))
            group.files.append(file)
            group.slices.append(each)
        return _Choice(list(groups.values()), Pruned(total, read), bytes_planned, 0)

    def _footers_of(self, members: Sequence[tuple[DataFile, Slice]], first_rows: int | None) -> Iterator[Footer]:
        """A preview of a table of many files reads few footers."""
        step = len(members) if first_rows is None else _PREVIEWED_AT_ONCE
        for start in range(0, len(members), step or 1):
            yield from self._footers.of([file for file, _ in members[start : start + step]])


def _first(row_groups: Sequence[int], footer: Footer, rows: int) -> list[int]:
    """The first row groups that hold so many rows together."""
    taken: list[int] = []
    for index in row_groups:
        if rows <= 0:
            break
        taken.append(index)
        rows -= footer.row_group_rows[index]
    return taken


@dataclass(frozen=True, slots=True)
class _Choice:
    groups: list[_Group]
    row_groups: Pruned
    bytes_planned: int
    measured_bytes: int


def _joined(left: _Choice, right: _Choice) -> _Choice:
    total: int | None = (left.row_groups.total or 0) + (right.row_groups.total or 0)
    if left.row_groups.total is None and right.row_groups.total is None:
        total = None
    return _Choice(
        left.groups + right.groups,
        Pruned(total, left.row_groups.read + right.row_groups.read),
        left.bytes_planned + right.bytes_planned,
        left.measured_bytes + right.measured_bytes,
    )


class _Relation:
    """Puts together the SELECTs of one scan, and collects what they need."""

    def __init__(self, scan: Scan, table: Table, watch: Watch) -> None:
        self._scan = scan
        self._watch = watch
        self._kinds: dict[str, HiveType] = {
            column.name: hive_type(column.type) for column in (*table.columns, *HIDDEN) if column.name in scan.columns
        }
        self._keys = [key.name for key in table.partition_keys]
        self.format = ""
        self.parameters: dict[str, Any] = {}
        self.streams: dict[str, object] = {}

    def part(self, number: int, group: _Group) -> str:
        """The SELECT over one group of files."""
        name = f"{self._scan.relation}_{number}"
        columns = _file_columns(self._scan, group.layout)
        request = Request(name, group.layout, group.files, columns, self._watch, self._scan.domains)
        source = parquet.source(request, group.variant) if group.layout.format == "parquet" else _source(request)
        self.parameters.update(source.parameters)
        self.streams.update(source.streams)
        picked = ", ".join(
            f"{self._column(column, name, group, source)} AS {quote(column)}" for column in self._scan.columns
        )
        sql = f"SELECT {picked or _NOTHING} FROM {source.from_clause}"
        if f"${name}_uris" in sql:
            self.parameters[f"{name}_uris"] = [file.uri for file in group.files]
        return sql

    def empty(self) -> str:
        """A relation without rows."""
        picked = ", ".join(f"CAST(NULL AS {to_duckdb(kind)}) AS {quote(name)}" for name, kind in self._kinds.items())
        return f"SELECT {picked or _NOTHING} WHERE false"

    def _column(self, column: str, name: str, group: _Group, source: Source) -> str:
        kind = to_duckdb(self._kinds[column])
        if column in source.columns:
            expression = source.columns[column]
            held = hive_type(group.layout.type_of(column))
            return expression if held == self._kinds[column] else f"CAST({expression} AS {kind})"
        if column in self._keys:
            position = self._keys.index(column)
            texts: list[str | None] = [_text(each.values[position]) for each in group.slices]
        elif column == PATH:
            texts = [file.uri for file in group.files]
        elif column == SIZE:
            texts = [str(file.size_bytes) for file in group.files]
        elif column == MODIFIED:
            texts = [
                _text(file.modified.replace(tzinfo=None, microsecond=file.modified.microsecond // 1000 * 1000))
                for file in group.files
            ]
        else:
            return f"CAST(NULL AS {kind})"  # a partition that was made before the table had the column
        return self._constant(f"{name}_c{self._scan.columns.index(column)}", texts, kind, source.file)

    def _constant(self, parameter: str, texts: list[str | None], kind: str, file: str) -> str:
        """A value a file. DuckDB opens only those files whose constants pass the query's conditions."""
        if len(set(texts)) == 1:
            self.parameters[parameter] = texts[0]
            return f"CAST(${parameter} AS {kind})"
        self.parameters[parameter] = texts
        return f"CAST(CAST(${parameter} AS VARCHAR[]) AS {kind}[])[{file} + 1]"


def _source(request: Request) -> Source:
    source = _SOURCES.get(request.layout.format)
    if source is None:
        raise KitError(
            "HIVE_UNSUPPORTED_FORMAT", f"Tables of the format {request.layout.format} cannot be read.", "Use Parquet."
        )
    return source(request)


def _file_columns(scan: Scan, layout: Layout) -> list[str]:
    held = {column.name for column in layout.columns}
    return [name for name in scan.columns if name in held]


def _typed_domains(domains: Mapping[str, Domain], layout: Layout) -> dict[str, tuple[Domain, HiveType]]:
    return {
        column.name: (domains[column.name], hive_type(column.type))
        for column in layout.columns
        if column.name in domains
    }


def _text(value: object) -> str | None:
    """A value as text that DuckDB casts back to it."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return "".join(f"\\x{byte:02X}" for byte in value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value)
