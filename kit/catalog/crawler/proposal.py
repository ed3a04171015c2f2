"""From a group of objects to the table that the catalog should have, and what that changes of the one it has. Pure.

What a user set stays: comments, description, parameters that no crawler sets, and the types of partition keys as long
as every value fits them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import md5
from typing import assert_never

from kit.base.display import count
from kit.catalog.classifiers.schema import columns_of
from kit.catalog.classifiers.text_types import fits_all, type_of_key
from kit.catalog.crawler.grouping import Group
from kit.catalog.crawler.options import UpdateBehavior
from kit.catalog.diff import diff
from kit.catalog.model import Column, Partition, Table
from kit.catalog.names import MAX_NAME_CHARACTERS
from kit.catalog.partition_values import split_folder
from kit.catalog.types import STRING, parse

Values = tuple[str | None, ...]

UPDATED_BY = "UPDATED_BY_CRAWLER"
DEPRECATED_BY = "DEPRECATED_BY_CRAWLER"
"""The table and partition parameter that says when (in milliseconds) a crawler found the data gone."""

# The parameters that belong to the crawler: it sets them anew, and removes those that no longer hold.
_OWN_PARAMETERS = frozenset(
    {
        "classification",
        "compressionType",
        "typeOfData",
        "delimiter",
        "columnsOrdered",
        "areColumnsQuoted",
        "skip.header.line.count",
        "recordCount",
        "averageRecordSize",
        "sizeKey",
        "objectCount",
    }
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The table as the data show it, and where its partitions are. `notes` are for the report."""

    table: Table
    partitions: Mapping[Values, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to one table. `table` is None where it stays as it is; `new_version` unless only figures differ.

    `is_foreign`: the data there are not the table's, whose partitions stay as they are.
    """

    table: Table | None
    new_version: bool
    added: tuple[Partition, ...]
    differences: tuple[str, ...]
    notes: tuple[str, ...]
    is_foreign: bool = False


def table_name(prefix: str, folder: str) -> str:
    """The name of a folder as that of a table: `Year=2013` becomes `year_2013`."""
    return (prefix + re.sub(r"[^0-9a-z_]", "_", folder.lower())).lower()[:MAX_NAME_CHARACTERS]


def distinct_name(name: str, location: str) -> str:
    """The name with a hash of the location behind it, as Glue makes names that are taken."""
    return f"{name[: MAX_NAME_CHARACTERS - 33]}_{md5(location.encode()).hexdigest()}"


def propose(group: Group, database: str, name: str, location: str, crawler: str) -> Proposal:
    """The table for a group; `location` is its folder's URI, ending in a slash. A crawler with a name signs it."""
    shape = group.shape
    notes = [*shape.notes(), *group.notes]
    notes += dict.fromkeys(note for each in group.objects for note in each.classification.notes)
    columns = columns_of(shape.fields)
    keys = _key_names(group.keys, () if not shape.is_positional else [column.name for column in columns])
    hidden = [column.name for column in columns if column.name in keys]
    if hidden:
        columns = tuple(column for column in columns if column.name not in hidden)
        notes.append(f"hidden behind partition keys of the same name: {', '.join(hidden)}")
    partitions = {_values(folders): _location(location, folders) for folders in group.partitions}
    compression = {each.compression for each in group.objects}
    signature = {UPDATED_BY: crawler} if crawler else {}
    table = Table(
        database,
        name,
        shape.descriptor(columns, location, compressed=compression != {"none"}),
        tuple(
            Column(key, str(type_of_key(values[position] for values in partitions) if group.keys[position] else STRING))
            for position, key in enumerate(keys)
        ),
        parameters={
            **shape.parameters(),
            **_figures(group),
            "compressionType": "/".join(sorted(compression)),
            **signature,
        },
    )
    return Proposal(table, partitions, tuple(notes))


def compare(
    current: Table | None, existing: Mapping[Values, Partition], proposal: Proposal, update_behavior: UpdateBehavior
) -> Change:
    """What the proposal changes of the catalog's table and of its partitions."""
    added = tuple(
        Partition(values, location) for values, location in proposal.partitions.items() if values not in existing
    )
    if current is None:
        return Change(proposal.table, new_version=True, added=added, differences=(), notes=proposal.notes)
    names = [key.name for key in current.partition_keys]
    if existing and names != [key.name for key in proposal.table.partition_keys]:
        folders = "/".join(key.name for key in proposal.table.partition_keys) or "no keys"
        note = f"left alone: it has partitions by {'/'.join(names)}, the folders show {folders}"
        return Change(None, new_version=False, added=(), differences=(), notes=(note,), is_foreign=True)
    table = _revised(current, list(existing), proposal)
    found = diff(current, table)
    match update_behavior:
        case "UPDATE_IN_DATABASE":
            changed = table if table != current else None
            return Change(changed, bool(found), added, found.lines(), proposal.notes)
        case "LOG":
            differences = tuple(f"not applied: {line}" for line in found.lines())
            clash = found.reading or any(change.old and change.new for change in found.columns)
            if not clash or not added:
                return Change(None, new_version=False, added=added, differences=differences, notes=proposal.notes)
            note = f"{count(len(added), 'new partition')} left out: queries would not read them as the table says"
            return Change(None, new_version=False, added=(), differences=differences, notes=(*proposal.notes, note))
        case _:
            assert_never(update_behavior)


def _revised(current: Table, existing: Sequence[Values], proposal: Proposal) -> Table:
    """The current table with all that the crawler decides taken from the proposal."""
    found = proposal.table
    comments = {column.name: column.comment for column in current.columns}
    kept = {name: value for name, value in current.parameters.items() if name not in {*_OWN_PARAMETERS, DEPRECATED_BY}}
    all_values = [*existing, *proposal.partitions]
    types = {key.name: key.type for key in current.partition_keys}
    keys = tuple(
        _key(key.name, comments, types.get(key.name), [values[position] for values in all_values], key.type)
        for position, key in enumerate(found.partition_keys)
    )
    columns = tuple(
        Column(column.name, column.type, comments.get(column.name, "")) for column in found.descriptor.columns
    )
    old = current.descriptor
    serde = found.descriptor.serde
    if serde.library == old.serde.library:
        serde = replace(serde, parameters={**old.serde.parameters, **serde.parameters})
    descriptor = replace(
        found.descriptor, columns=columns, location=old.location, serde=serde, parameters=old.parameters
    )
    return replace(current, descriptor=descriptor, partition_keys=keys, parameters={**kept, **found.parameters})


def _key(
    name: str, comments: Mapping[str, str], declared: str | None, values: Sequence[str | None], found: str
) -> Column:
    if declared is not None and fits_all(values, parse(declared)):
        return Column(name, declared, comments.get(name, ""))
    if declared is not None and found != str(STRING):
        found = str(type_of_key(values))  # the catalog's partitions have their say too
    return Column(name, found, comments.get(name, ""))


def _key_names(keys: Sequence[str], taken: Collection[str]) -> list[str]:
    """Names for the levels: that of `key=value`, unless a column that cannot be hidden has it, else `partition_N`."""
    names: list[str] = []
    unnamed = 0
    for key in keys:
        if key and key not in taken and key not in names:
            names.append(key)
        else:
            names.append(f"partition_{unnamed}")
            unnamed += 1
    return names


def _values(folders: Sequence[str]) -> Values:
    return tuple(found[1] if (found := split_folder(folder)) else folder for folder in folders)


def _location(location: str, folders: Sequence[str]) -> str:
    return location + "".join(f"{folder}/" for folder in folders)


def _figures(group: Group) -> dict[str, str]:
    records = sum(each.classification.records for each in group.objects)
    content_bytes = sum(each.classification.record_bytes * each.classification.records for each in group.objects)
    return {
        "typeOfData": "file",
        "recordCount": str(records),
        "averageRecordSize": str(round(content_bytes / records) if records else 0),
        "sizeKey": str(sum(each.size_bytes for each in group.objects)),
        "objectCount": str(len(group.objects)),
    }
