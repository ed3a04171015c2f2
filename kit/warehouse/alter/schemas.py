"""ALTER SCHEMA: its owner and quota are accepted; another name is refused where something is bound to the old one."""

from __future__ import annotations

from dataclasses import replace

from kit.base.errors import KitError, did_you_mean
from kit.sql.redshift.statements import AlterSchema
from kit.warehouse.catalog import PUBLIC, Table
from kit.warehouse.cluster import Transaction


def alter_schema(transaction: Transaction, statement: AlterSchema) -> str:
    """Do it; the completion tag."""
    catalog = transaction.catalog
    name, new_name = statement.name, statement.new_name
    if name not in catalog.schema_names:
        raise KitError("3F000", f'schema "{name}" does not exist', did_you_mean(name, catalog.schema_names))
    if new_name is None:
        return "ALTER SCHEMA"
    if new_name in catalog.schema_names:
        raise KitError("42P06", f'Schema "{new_name}" already exists')
    if name == PUBLIC:
        raise KitError("0A000", f'schema "{PUBLIC}" cannot be renamed')
    held = [each for key, each in catalog.relations.items() if key[0] == name]
    for each in held:
        bound = catalog.dependents(each)
        if bound or not isinstance(each, Table) or each.materialized is not None:
            blocking = bound[0] if bound else each
            raise KitError(
                "0A000",
                f'cannot rename schema "{name}" because view {blocking.name} is bound to it',
                "Drop the view first and create it anew.",
            )
    catalog = catalog.with_schema(new_name)
    for each in held:
        catalog = catalog.without(each).with_relation(replace(each, schema=new_name))
    for target, text in list(catalog.comments.items()):
        kind, _, rest = target.partition(" ")
        if rest.startswith(f"{name}."):
            moved = f"{kind} {new_name}.{rest.removeprefix(f'{name}.')}"
            catalog = catalog.with_comment(target, None).with_comment(moved, text)
    transaction.catalog = catalog.without_schema(name)
    return "ALTER SCHEMA"
