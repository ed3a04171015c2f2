"""CREATE, DROP and TRUNCATE: what a statement asks, checked against the catalog, done inside a transaction.

Source: Amazon Redshift Database Developer Guide, "CREATE TABLE", "CREATE TABLE AS", "DROP TABLE", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kit.base.errors import KitError, did_you_mean
from kit.sql.redshift.bound import BoundColumn
from kit.sql.redshift.statements import (
    ColumnDefinition,
    Constraint,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    Drop,
    DropSchema,
    Like,
    SortKey,
    TableAttributes,
    TableName,
)
from kit.sql.redshift.types import Kind, Type
from kit.warehouse.catalog import (
    NO_ORDER,
    PUBLIC,
    SYSTEM_SCHEMAS,
    TEMPORARY,
    Catalog,
    StoredColumn,
    Table,
    View,
    default_encoding,
    own_schema,
)
from kit.warehouse.cluster import Transaction
from kit.warehouse.load.placing import create_parts, drop_parts
from kit.warehouse.order import MAX_INTERLEAVED
from kit.warehouse.plan.distribution import at_rest

MAX_COLUMNS = 1_600
UNSORTABLE = frozenset({Kind.SUPER, Kind.VARBYTE})


def create_table(transaction: Transaction, statement: CreateTable, path: Sequence[str], now_ms: int) -> Table | None:
    """Make an empty table; None where it is there already and IF NOT EXISTS was said."""
    schema = target_schema(transaction.catalog, statement.table, path, temporary=statement.temporary)
    if (schema, statement.table.name) in transaction.catalog.relations:
        if statement.if_not_exists:
            return None
        raise _exists(statement.table)
    definitions, attributes = _with_likes(transaction.catalog, statement, path)
    constraints = [*statement.constraints, *_column_constraints(definitions)]
    columns = [_stored(definition, attributes) for definition in definitions]
    return _create(transaction, schema, statement.table, columns, attributes, constraints, now_ms)


def create_table_as(
    transaction: Transaction, statement: CreateTableAs, answer: Sequence[BoundColumn], path: Sequence[str], now_ms: int
) -> Table:
    """Make the table that a query's answer goes into."""
    schema = target_schema(transaction.catalog, statement.table, path, temporary=statement.temporary)
    if (schema, statement.table.name) in transaction.catalog.relations:
        raise _exists(statement.table)
    names = statement.columns or tuple(column.name for column in answer)
    if len(names) != len(answer):
        raise KitError("42601", f"CREATE TABLE AS specifies {len(names)} column names for {len(answer)} columns")
    columns = [
        _stored(ColumnDefinition(name, _storable(column.type)), statement.attributes)
        for name, column in zip(names, answer, strict=True)
    ]
    return _create(transaction, schema, statement.table, columns, statement.attributes, [], now_ms)


def drop(transaction: Transaction, statement: Drop, path: Sequence[str]) -> None:
    """Drop tables or views; CASCADE takes the views that read them along, RESTRICT is refused."""
    for name in statement.tables:
        found = transaction.catalog.find(name, path)
        if found is None:
            if statement.if_exists:
                continue
            kind = {"TABLE": "Table", "VIEW": "View", "MATERIALIZED VIEW": "Materialized view"}[statement.kind]
            known = transaction.catalog.tables(name.schema or PUBLIC)
            raise KitError("42P01", f'{kind} "{name}" does not exist', did_you_mean(name.name, known))
        actual = kind_of(found)
        if actual != statement.kind.lower():
            raise KitError(
                "42809", f'"{name}" is not a {statement.kind.lower()}', f"Use DROP {actual.upper()} to drop a {actual}."
            )
        _drop(transaction, found, cascade=statement.cascade, together=statement.tables)


def truncate(transaction: Transaction, table: Table) -> None:
    """Remove all rows at once."""
    shape = transaction.catalog.shape
    drop_parts(transaction.cursor, table, shape)
    empty = replace(
        table,
        slice_rows=(0,) * shape.slices,
        sorted_rows=(0,) * shape.slices,
        next_slice=0,
        analyzed_rows=None,
        statistics={},
        ghost_rows=(),
        displaced_rows=(),
        changed_rows=0,
        generation=table.generation + 1,
    )
    create_parts(transaction.cursor, empty, shape)
    transaction.catalog = transaction.catalog.with_relation(empty)


def create_schema(transaction: Transaction, statement: CreateSchema) -> None:
    name = statement.name
    if name in transaction.catalog.schema_names:
        if statement.if_not_exists:
            return
        raise KitError("42P06", f'Schema "{name}" already exists')
    if name.startswith("pg_") or name in SYSTEM_SCHEMAS:
        raise KitError("42939", f'unacceptable schema name "{name}"', 'The prefix "pg_" is reserved.')
    transaction.catalog = transaction.catalog.with_schema(name)


def drop_schema(transaction: Transaction, statement: DropSchema) -> None:
    for name in statement.names:
        if name not in transaction.catalog.schema_names:
            if statement.if_exists:
                continue
            known = transaction.catalog.schemas()
            raise KitError("3F000", f'schema "{name}" does not exist', did_you_mean(name, known))
        held = [each for key, each in transaction.catalog.relations.items() if key[0] == name]
        if held and not statement.cascade:
            raise KitError(
                "2BP01",
                f"cannot drop schema {name} because other objects depend on it",
                "Use DROP ... CASCADE to drop the dependent objects too.",
            )
        for each in held:
            if (each.schema, each.name) in transaction.catalog.relations:
                _drop(transaction, each, cascade=True)
        transaction.catalog = transaction.catalog.without_schema(name)


def target_schema(catalog: Catalog, name: TableName, path: Sequence[str], *, temporary: bool = False) -> str:
    """The schema that a new relation goes into."""
    if temporary:
        if name.schema not in {None, TEMPORARY}:
            raise KitError("42P16", "cannot create temporary relation in non-temporary schema")
        return own_schema(TEMPORARY, path)
    schema = name.schema or next((each for each in path if each in catalog.schema_names), PUBLIC)
    if schema not in catalog.schema_names:
        raise KitError("3F000", f'schema "{schema}" does not exist', did_you_mean(schema, catalog.schema_names))
    return schema


def _create(
    transaction: Transaction,
    schema: str,
    name: TableName,
    columns: Sequence[StoredColumn],
    attributes: TableAttributes,
    constraints: Sequence[Constraint],
    now_ms: int,
) -> Table:
    _check_columns(columns)
    sortkey = attributes.sortkey or NO_ORDER
    _check_keys(columns, attributes, sortkey, constraints)
    style = attributes.diststyle or ("KEY" if attributes.distkey is not None else "AUTO")
    catalog = transaction.catalog
    shape = catalog.shape
    table = Table(
        id=transaction.new_id(),
        schema=schema,
        name=name.name,
        columns=tuple(columns),
        style=style,
        effective="ALL" if style == "AUTO" else style,
        distkey=attributes.distkey,
        sortkey=sortkey,
        constraints=tuple(constraints),
        backup=attributes.backup,
        created_ms=now_ms,
        slice_rows=(0,) * shape.slices,
        sorted_rows=(0,) * shape.slices,
    )
    create_parts(transaction.cursor, table, shape)
    transaction.catalog = catalog.with_relation(table)
    return table


def kind_of(relation: Table | View) -> str:
    """What a relation is, as messages call it."""
    if isinstance(relation, View):
        return "view"
    return "materialized view" if relation.materialized is not None else "table"


def drop_relation(transaction: Transaction, relation: Table | View) -> None:
    """Drop a relation, and all that depends on it."""
    _drop(transaction, relation, cascade=True)


def _drop(transaction: Transaction, found: Table | View, *, cascade: bool, together: Sequence[TableName] = ()) -> None:
    """`together` are relations that the same statement drops: what depends on one of them may be another."""
    dropped = {name.name for name in together}
    dependents = transaction.catalog.dependents(found)
    referring = [each for each in referring_to(transaction.catalog, found) if each.name not in dropped]
    if not cascade and (dependents or referring):
        others = [f"{kind_of(each)} {each.name}" for each in dependents]
        others += [f"constraint of table {each.name}" for each in referring]
        raise KitError(
            "2BP01",
            f"cannot drop {kind_of(found)} {found.name} because other objects depend on it",
            f"{', '.join(others)} depends on {kind_of(found)} {found.name}. "
            "Use DROP ... CASCADE to drop the dependent objects too.",
        )
    for each in dependents:
        if (each.schema, each.name) in transaction.catalog.relations:
            _drop(transaction, each, cascade=True)
    for each in referring:
        kept = tuple(own for own in each.constraints if not refers_to(each, own, found))
        transaction.catalog = transaction.catalog.with_relation(replace(each, constraints=kept))
    if isinstance(found, Table):
        drop_parts(transaction.cursor, found, transaction.catalog.shape)
    transaction.catalog = without_comments(transaction.catalog.without(found), found)


def referring_to(catalog: Catalog, relation: Table | View) -> list[Table]:
    """The tables with a foreign key to a table."""
    return [
        each
        for each in catalog.relations.values()
        if isinstance(each, Table) and each is not relation
        if any(refers_to(each, own, relation) for own in each.constraints)
    ]


def refers_to(table: Table, constraint: Constraint, relation: Table | View) -> bool:
    """Whether a constraint of a table is a foreign key to a relation; a bare name means the table's own schema."""
    if constraint.references is None:
        return False
    name = constraint.references.table
    return (name.schema or table.schema, name.name) == (relation.schema, relation.name)


def without_comments(catalog: Catalog, relation: Table | View) -> Catalog:
    """The catalog without what was said of a relation and its columns."""
    own = f"{relation.schema}.{relation.name}"
    for target in catalog.comments:
        if target in {f"TABLE {own}", f"VIEW {own}"} or target.startswith(f"COLUMN {own}."):
            catalog = catalog.with_comment(target, None)
    return catalog


def _with_likes(
    catalog: Catalog, statement: CreateTable, path: Sequence[str]
) -> tuple[list[ColumnDefinition], TableAttributes]:
    """The columns with those of LIKE tables in their places; distribution and order come from a LIKE table too."""
    definitions = list(statement.columns)
    attributes = statement.attributes
    for like in sorted(statement.likes, key=lambda each: each.position, reverse=True):
        parent = catalog.table_named(like.table, path)
        definitions[like.position : like.position] = [_definition(column, like) for column in parent.columns]
        if attributes.diststyle is None and attributes.distkey is None:
            attributes = replace(attributes, diststyle=parent.style, distkey=parent.distkey)
        if attributes.sortkey is None:
            attributes = replace(attributes, sortkey=parent.sortkey)
    return definitions, attributes


def _definition(column: StoredColumn, like: Like) -> ColumnDefinition:
    default = column.default_text if like.including_defaults else ""
    return ColumnDefinition(column.name, column.type, column.nullable, default_text=default, encode=column.encode)


def _stored(definition: ColumnDefinition, attributes: TableAttributes) -> StoredColumn:
    is_sortkey = attributes.sortkey is not None and definition.name in attributes.sortkey.columns
    if definition.identity is not None and definition.type.kind not in {Kind.INTEGER, Kind.BIGINT}:
        raise KitError("42804", "identity column must be of type INT or BIGINT", f'"{definition.name}" is not.')
    return StoredColumn(
        definition.name,
        definition.type,
        definition.nullable,
        definition.default_text,
        definition.encode or default_encoding(definition.type, is_sortkey=is_sortkey),
        identity=definition.identity,
    )


def _storable(kind: Type) -> Type:
    """A literal without a type of its own is stored as text."""
    return Type(Kind.VARCHAR, 256) if kind.kind is Kind.UNKNOWN else kind


def _column_constraints(definitions: Sequence[ColumnDefinition]) -> list[Constraint]:
    found: list[Constraint] = []
    for each in definitions:
        if each.is_primary_key:
            found.append(Constraint("PRIMARY KEY", (each.name,)))
        if each.is_unique:
            found.append(Constraint("UNIQUE", (each.name,)))
        if each.references is not None:
            found.append(Constraint("FOREIGN KEY", (each.name,), references=each.references))
    return found


def _check_columns(columns: Sequence[StoredColumn]) -> None:
    if not columns:
        raise KitError("42601", "a table must have at least one column")
    if len(columns) > MAX_COLUMNS:
        raise KitError("54011", f"tables can have at most {MAX_COLUMNS} columns")
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise KitError("42701", f'Column name "{column.name}" is duplicated')
        seen.add(column.name)


def _check_keys(
    columns: Sequence[StoredColumn], attributes: TableAttributes, sortkey: SortKey, constraints: Sequence[Constraint]
) -> None:
    known = {column.name: column for column in columns}
    named = [attributes.distkey] if attributes.distkey is not None else []
    keys = [*named, *sortkey.columns, *(name for each in constraints for name in each.columns)]
    for name in keys:
        if name not in known:
            raise KitError("42703", f'column "{name}" named in key does not exist', did_you_mean(name, known))
    if attributes.diststyle == "KEY" and attributes.distkey is None:
        raise KitError("42601", "DISTSTYLE KEY requires a DISTKEY column")
    if attributes.distkey is not None and attributes.diststyle not in {None, "KEY"}:
        raise KitError("42601", f"DISTKEY is not allowed with DISTSTYLE {attributes.diststyle}")
    if attributes.distkey is not None and at_rest(known[attributes.distkey].type.duckdb) is None:
        raise KitError("0A000", f"type {known[attributes.distkey].type} cannot be a distribution key")
    for name in sortkey.columns:
        if known[name].type.kind in UNSORTABLE:
            raise KitError("0A000", f"type {known[name].type} cannot be a sort key")
    if sortkey.style == "INTERLEAVED" and len(sortkey.columns) > MAX_INTERLEAVED:
        raise KitError("54011", f"an interleaved sort key can have at most {MAX_INTERLEAVED} columns")
    if len({*sortkey.columns}) != len(sortkey.columns):
        raise KitError("42701", "a column appears twice in the sort key")


def _exists(name: TableName) -> KitError:
    return KitError("42P07", f'Relation "{name.name}" already exists', "Drop it first, or use IF NOT EXISTS.")
