"""What the leader knows: schemas, tables with their distribution, order, encodings and statistics, views.

Values only: a change makes another `Catalog`, which becomes the current one when the transaction that wrote it commits.
Row counts and statistics serve estimates and displays; no answer depends on them.

Source: Amazon Redshift Database Developer Guide, "Working with automatic table optimization" and "Columnar storage",
read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from kit.base.errors import KitError, did_you_mean
from kit.sql.redshift.schema import TableColumn, TableSchema
from kit.sql.redshift.statements import Constraint, DistStyle, Identity, SortKey, TableName
from kit.sql.redshift.types import Kind, Type
from kit.warehouse.plan.facts import ColumnFacts, EffectiveStyle, Shape, TableFacts

PUBLIC = "public"
TEMPORARY = "pg_temp"
DATABASE = "dev"
SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_internal"})
DEFAULT_SHAPE = Shape(2, 2)
NO_ORDER = SortKey("NONE")
# Bytes below which DISTSTYLE AUTO keeps a table on every node.
AUTO_ALL_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """What ANALYZE found; `low` and `high` as in `ColumnFacts`."""

    distinct: float
    null_fraction: float
    width_bytes: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column of a table. `encode` is what was said, or Redshift's default for the type.

    `has_trailing_blanks` False promises that no stored VARCHAR value ends in a blank.
    """

    name: str
    type: Type
    nullable: bool = True
    default_text: str = ""
    encode: str = "RAW"
    has_trailing_blanks: bool = False
    identity: Identity | None = None

    def schema(self) -> TableColumn:
        """The column as the binder sees it."""
        return TableColumn(
            self.name,
            self.type,
            self.has_trailing_blanks,
            default=self.default_text,
            is_identity=self.identity is not None,
            identity_by_default=self.identity is not None and self.identity.by_default,
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a table had come when it was read; two marks are equal only where no row has changed in between.

    `slice_rows` alone may grow while the rest stays the same: then rows were added behind those that were there.
    """

    schema: str
    name: str
    id: int
    generation: int
    slice_rows: tuple[int, ...]
    ghosts: int
    inserted: int


@dataclass(frozen=True, slots=True)
class Materialized:
    """The query of a materialised view, and what its tables were like when it was last refreshed."""

    text: str
    path: tuple[str, ...]
    reads: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...] = ()
    xid: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """`style` is what was declared, `effective` where the rows are. `slice_rows` counts them, one number a slice.

    `sorted_rows` are those in sort-key order, which each part begins with; the rest were appended later. Of them
    `displaced_rows` were updated, which moves a row to the unsorted region. `ghost_rows` were deleted, or replaced by
    an update, and not vacuumed yet. `changed_rows` counts what was inserted, updated and deleted since ANALYZE.
    `is_measured` tells ANALYZE's statistics from those that loading gathers in passing.
    `next_slice` is where an EVEN table goes on, `next_identity` the number of the next row that gets one. The parts'
    `generation` grows when they are written anew.
    """

    id: int
    schema: str
    name: str
    columns: tuple[StoredColumn, ...]
    style: DistStyle = "AUTO"
    effective: EffectiveStyle = "EVEN"
    distkey: str | None = None
    sortkey: SortKey = NO_ORDER
    constraints: tuple[Constraint, ...] = ()
    backup: bool = True
    created_ms: int = 0
    slice_rows: tuple[int, ...] = ()
    sorted_rows: tuple[int, ...] = ()
    next_slice: int = 0
    analyzed_rows: int | None = None
    analyzed_ms: int | None = None
    is_measured: bool = False
    statistics: Mapping[str, ColumnStatistics] = field(default_factory=dict)
    ghost_rows: tuple[int, ...] = ()
    displaced_rows: tuple[int, ...] = ()
    changed_rows: int = 0
    changed_ms: int | None = None
    vacuumed_ms: int | None = None
    next_identity: int = 0
    generation: int = 0
    materialized: Materialized | None = None

    @property
    def relation(self) -> str:
        """The name of its part in each slice's schema."""
        return f"t{self.id}" if not self.generation else f"t{self.id}_{self.generation}"

    @property
    def ghosts(self) -> int:
        """Ghost rows of the whole table, copies not counted."""
        return max(self.ghost_rows, default=0) if self.effective == "ALL" else sum(self.ghost_rows)

    @property
    def mark(self) -> Mark:
        ghosts = sum(self.ghost_rows)
        return Mark(self.schema, self.name, self.id, self.generation, self.slice_rows, ghosts, self.next_identity)

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        """What a materialised view reads; a table reads nothing."""
        return self.materialized.reads if self.materialized is not None else ()

    @property
    def is_temporary(self) -> bool:
        return self.schema.startswith(TEMPORARY)

    @property
    def rows(self) -> int:
        """Rows of the whole table, copies not counted."""
        if self.effective == "ALL":
            return max(self.slice_rows, default=0)
        return sum(self.slice_rows)

    @property
    def width_bytes(self) -> float:
        """Bytes of a row, by statistics where there are any."""
        return sum(
            known.width_bytes if (known := self.statistics.get(column.name)) is not None else assumed_width(column.type)
            for column in self.columns
        )

    @property
    def stats_off(self) -> float:
        """How far the statistics are behind, in percent; 0 is current, 100 is none."""
        if self.analyzed_rows is None:
            return 100.0 if self.rows else 0.0
        changed = max(self.changed_rows, abs(self.rows - self.analyzed_rows))
        return min(100.0, changed / max(self.analyzed_rows, 1) * 100)

    @property
    def unsorted_fraction(self) -> float:
        if not self.sortkey.columns or not self.rows:
            return 0.0
        in_order = sum(self.sorted_rows) - sum(self.displaced_rows)
        return 1 - in_order / max(1, sum(self.slice_rows))

    def column(self, name: str) -> StoredColumn | None:
        return next((column for column in self.columns if column.name == name), None)

    def same_parts(self, other: Table) -> bool:
        """Whether both describe the same parts on the slices; what they hold may differ."""
        return (
            self.relation == other.relation
            and [(column.name, column.type) for column in self.columns]
            == [(column.name, column.type) for column in other.columns]
            and (self.effective, self.distkey, self.sortkey) == (other.effective, other.distkey, other.sortkey)
        )

    def places(self, shape: Shape) -> tuple[int, ...]:
        """The slices that hold rows of it: all, or the first of each node."""
        return shape.first_slices() if self.effective == "ALL" else tuple(range(shape.slices))


@dataclass(frozen=True, slots=True)
class View:
    """`path` is the search path that its unqualified names were resolved with. `reads` are the tables it needs.

    A late-binding view needs none: its names are looked up when it is read.
    """

    schema: str
    name: str
    text: str
    columns: tuple[TableColumn, ...]
    path: tuple[str, ...] = (PUBLIC,)
    late_binding: bool = False
    reads: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Catalog:
    """One state of the leader's knowledge. `version` grows with each change; compiled plans are kept by it."""

    version: int = 0
    shape: Shape = DEFAULT_SHAPE
    schema_names: frozenset[str] = frozenset({PUBLIC})
    relations: Mapping[tuple[str, str], Table | View] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)

    # What the binder asks (`kit.sql.redshift.schema.Schemas`).

    def table(self, schema: str, name: str) -> TableSchema | None:
        found = self.relations.get((schema, name))
        match found:
            case None:
                return None
            case Table():
                return TableSchema(schema, name, tuple(column.schema() for column in found.columns))
            case View():
                names = tuple(column.name for column in found.columns)
                return TableSchema(schema, name, found.columns, found.text, names, found.path)

    def schemas(self) -> Sequence[str]:
        return sorted({*self.schema_names, TEMPORARY, *(schema for schema, _ in self.relations)})

    def tables(self, schema: str) -> Sequence[str]:
        return sorted(name for own, name in self.relations if own == schema)

    # What the planner asks (`kit.warehouse.plan.facts.Tables`).

    def facts(self, schema: str, name: str) -> TableFacts:
        table = self._facts.get((schema, name))
        if table is None:
            found = self.relations[schema, name]
            assert isinstance(found, Table)
            table = self._facts[schema, name] = table_facts(found)
        return table

    @cached_property
    def _facts(self) -> dict[tuple[str, str], TableFacts]:
        return {}

    def find(self, name: TableName, path: Sequence[str]) -> Table | View | None:
        """The relation that a name means under a search path."""
        if name.database is not None and name.database != DATABASE:
            raise KitError("0A000", f'cross-database references are not supported: "{name}"').at(
                str(name), name.line, name.column
            )
        for schema in [own_schema(name.schema, path)] if name.schema is not None else path:
            found = self.relations.get((schema, name.name))
            if found is not None:
                return found
        return None

    def table_named(self, name: TableName, path: Sequence[str]) -> Table:
        """The table that a statement means; raises 42P01 where there is none, 42809 where it is a view."""
        found = self.find(name, path)
        if found is None:
            known = [own for schema, own in self.relations if name.schema in {None, schema}]
            raise KitError("42P01", f'Relation "{name}" does not exist', did_you_mean(name.name, known))
        if isinstance(found, View):
            raise KitError("42809", f'"{name}" is a view', "Name the table that it reads.")
        return found

    def with_relation(self, relation: Table | View) -> Catalog:
        """The same with a relation added or replaced."""
        return self._changed(relations={**self.relations, (relation.schema, relation.name): relation})

    def without(self, relation: Table | View) -> Catalog:
        key = (relation.schema, relation.name)
        return self._changed(relations={each: kept for each, kept in self.relations.items() if each != key})

    def with_schema(self, name: str) -> Catalog:
        return self._changed(schema_names=self.schema_names | {name})

    def without_schema(self, name: str) -> Catalog:
        kept = {key: relation for key, relation in self.relations.items() if key[0] != name}
        return self._changed(schema_names=self.schema_names - {name}, relations=kept)

    def with_shape(self, shape: Shape, tables: Sequence[Table]) -> Catalog:
        relations = {**self.relations, **{(table.schema, table.name): table for table in tables}}
        return self._changed(shape=shape, relations=relations)

    def with_comment(self, target: str, text: str | None) -> Catalog:
        kept = {key: value for key, value in self.comments.items() if key != target}
        return self._changed(comments=kept if text is None else {**kept, target: text})

    def dependents(self, relation: Table | View) -> list[Table | View]:
        """The views, materialised ones among them, that cannot do without a relation."""
        key = (relation.schema, relation.name)
        return [each for each in self.relations.values() if key in each.reads]

    def _changed(
        self,
        *,
        shape: Shape | None = None,
        schema_names: frozenset[str] | None = None,
        relations: Mapping[tuple[str, str], Table | View] | None = None,
        comments: Mapping[str, str] | None = None,
    ) -> Catalog:
        return Catalog(
            self.version + 1,
            shape or self.shape,
            schema_names if schema_names is not None else self.schema_names,
            relations if relations is not None else self.relations,
            comments if comments is not None else self.comments,
        )


def is_stale(table: Table, catalog: Catalog) -> bool:
    """Whether a table that a materialised view reads has changed since it was refreshed, or is gone."""
    assert table.materialized is not None
    for mark in table.materialized.marks:
        found = catalog.relations.get((mark.schema, mark.name))
        if not isinstance(found, Table) or found.mark != mark:
            return True
    return False


def merged(base: Catalog, own: Catalog, current: Catalog) -> Catalog:
    """The current catalog with what was changed between `base` and `own`, as the commit after it.

    Raises 40001 where both changed the same: table locks keep that from happening to rows, not to names.
    """
    if current is base:
        return replace(own, version=current.version + 1)
    if own.shape != base.shape or (current.shape != base.shape and own.relations is not base.relations):
        raise _changed_by_both("The cluster")
    relations = dict(current.relations)
    for key in {*base.relations, *own.relations}:
        before, after = base.relations.get(key), own.relations.get(key)
        if before is after:
            continue
        if current.relations.get(key) is not before:
            raise _changed_by_both(f"Relation {'.'.join(key)}")
        if after is None:
            del relations[key]
        else:
            relations[key] = after
    added, removed = own.schema_names - base.schema_names, base.schema_names - own.schema_names
    comments = {key: text for key, text in current.comments.items() if key in own.comments or key not in base.comments}
    comments |= {key: text for key, text in own.comments.items() if base.comments.get(key) != text}
    schemas = (current.schema_names | added) - removed
    homeless = next((key for key in relations if key[0] not in schemas and not key[0].startswith(TEMPORARY)), None)
    if homeless is not None:
        raise _changed_by_both(f"Schema {homeless[0]}")
    return Catalog(current.version + 1, current.shape, schemas, relations, comments)


def _changed_by_both(what: str) -> KitError:
    return KitError(
        "40001",
        f"1018: {what} was changed by a transaction that committed meanwhile",
        "Run this transaction again.",
    )


def table_facts(table: Table) -> TableFacts:
    """A table as the planner sees it."""
    columns: dict[str, ColumnFacts] = {}
    for column in table.columns:
        known = table.statistics.get(column.name)
        width = round(known.width_bytes) if known is not None else assumed_width(column.type)
        columns[column.name] = ColumnFacts(
            column.name,
            column.type.duckdb,
            max(1, width),
            column.nullable,
            known.distinct if known is not None else None,
            known.null_fraction if known is not None else 0.0,
            known.low if known is not None else None,
            known.high if known is not None else None,
        )
    return TableFacts(
        table.schema,
        table.name,
        table.relation,
        table.effective,
        columns,
        float(max(1, table.rows)),
        table.distkey if table.effective == "KEY" else None,
        table.sortkey.columns,
        table.unsorted_fraction,
        table.analyzed_rows is not None,
    )


def own_schema(name: str, path: Sequence[str]) -> str:
    """The schema that a name means: `pg_temp` is the session's own, which its path begins with."""
    return path[0] if name == TEMPORARY and path[0].startswith(TEMPORARY) else name


def assumed_width(kind: Type) -> int:
    """Bytes of a value before ANALYZE has seen any: half of what a VARCHAR may take, up to 32."""
    match kind.kind:
        case Kind.BOOLEAN:
            return 1
        case Kind.SMALLINT:
            return 2
        case Kind.INTEGER | Kind.REAL | Kind.DATE:
            return 4
        case Kind.CHAR | Kind.VARCHAR | Kind.VARBYTE:
            return max(1, min(32, kind.size // 2))
        case Kind.NUMERIC:
            return 8 if kind.size <= 19 else 16
        case Kind.SUPER:
            return 64
        case _:
            return 8


def default_encoding(kind: Type, *, is_sortkey: bool) -> str:
    """Redshift's choice where ENCODE says nothing.

    Source: Amazon Redshift Database Developer Guide, "CREATE TABLE", ENCODE, read 2026-11.
    """
    if is_sortkey or kind.kind in {Kind.BOOLEAN, Kind.REAL, Kind.DOUBLE}:
        return "RAW"
    if kind.is_text or kind.kind in {Kind.VARBYTE, Kind.SUPER}:
        return "LZO"
    return "AZ64"
