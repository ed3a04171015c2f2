"""From classified objects to tables: which folder is one, which of its levels are partitions. Pure.

A folder is a table where all data below it are of one kind and its subfolders agree on their keys; else each of its
subfolders is looked at for itself. On the way down, a folder that holds nothing but one named subfolder is passed
through. `key=value` folders are partitions of the folder above, other levels are keys `partition_0`, `partition_1`, …

Differs: Glue makes a table a file of a folder whose files do not fit each other, which Athena then cannot read; here
such files are left out, with the reason.
Differs: Glue keeps objects of one format and of several compressions apart; Athena reads them together, and so they
make one table here.

Source: AWS Glue Developer Guide, How does a crawler determine when to create partitions?
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce

from kit.catalog.classifiers.classifier import Classification, Shape
from kit.catalog.partition_values import split_folder

# A folder of such a name holds a partition, never a table: 2013, 2013-01-31.
_VALUE = re.compile(r"[\d._-]+")


@dataclass(frozen=True, slots=True)
class Classified:
    """An object under the crawled folder: its folders from there on, and what it is."""

    uri: str
    folders: tuple[str, ...]
    size_bytes: int
    compression: str
    classification: Classification


@dataclass(frozen=True, slots=True)
class Ignored:
    """An object that belongs to no table. `is_harmless`: a query of the folder that it lies in does not see it."""

    uri: str
    reason: str
    is_harmless: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A table as the folders show it: where it is below the crawled folder, its shape, and its partitions' folders.

    `keys` are names, empty for a level that is not `key=value`; `partitions` hold the folders below `folders`.
    """

    folders: tuple[str, ...]
    shape: Shape
    keys: tuple[str, ...]
    partitions: tuple[tuple[str, ...], ...]
    objects: tuple[Classified, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Folder:
    path: tuple[str, ...]
    objects: list[Classified] = field(default_factory=list)
    children: dict[str, _Folder] = field(default_factory=dict)
    shape: Shape | None = None

    def all_objects(self) -> Iterator[Classified]:
        yield from self.objects
        for child in self.children.values():
            yield from child.all_objects()


def group(
    objects: Iterable[Classified],
    *,
    table_level: int | None,
    combine_schemas: bool,
    known: Collection[tuple[str, ...]] = (),
) -> tuple[list[Group], list[Ignored]]:
    """The tables, in the order of their folders, and the objects that belong to none.

    `table_level`: how many folders below the crawled one each table is (0: it is the table), instead of finding out.
    `combine_schemas`: data of one format make one table however little their columns have in common.
    `known` are folders that are tables already: a part of their objects is not taken for a table of its own.
    """
    root = _tree(objects)
    _shapes(root, similar_only=not combine_schemas)
    groups: list[Group] = []
    ignored: list[Ignored] = []
    if table_level is None:
        above = {path[:depth] for path in known for depth in range(len(path))}
        _visit(root, _Known(frozenset(known), frozenset(above)), groups, ignored)
    else:
        _visit_level(root, table_level, groups, ignored)
    return groups, ignored


def joined(objects: Sequence[Classified]) -> Shape:
    """The shape of objects that are known to fit each other."""
    shapes = dict.fromkeys(each.classification.shape for each in objects)

    def join(left: Shape, right: Shape) -> Shape:
        both = left.join(right, similar_only=False)
        assert both is not None
        return both

    return reduce(join, shapes)


@dataclass(frozen=True, slots=True)
class _Known:
    """The folders that are tables already, and all folders above them."""

    tables: frozenset[tuple[str, ...]]
    above: frozenset[tuple[str, ...]]


def _tree(objects: Iterable[Classified]) -> _Folder:
    root = _Folder(())
    for each in objects:
        folder = root
        for depth, name in enumerate(each.folders, start=1):
            folder = folder.children.setdefault(name, _Folder(each.folders[:depth]))
        folder.objects.append(each)
    return root


def _shapes(folder: _Folder, *, similar_only: bool) -> None:
    """Give each folder the one shape of all that is below it, or None, from the leaves up."""
    shapes: list[Shape | None] = list(dict.fromkeys(each.classification.shape for each in folder.objects))
    for child in folder.children.values():
        _shapes(child, similar_only=similar_only)
        shapes.append(child.shape)

    def join(left: Shape | None, right: Shape | None) -> Shape | None:
        return None if left is None or right is None else left.join(right, similar_only=similar_only)

    folder.shape = reduce(join, shapes) if shapes else None


def _visit(folder: _Folder, known: _Known, groups: list[Group], ignored: list[Ignored]) -> None:
    while _is_passage(folder, known):
        (folder,) = folder.children.values()
    found = None if folder.path in known.above else _table(folder)
    if found is not None:
        groups.append(found)
        return
    if not folder.objects and not folder.children:
        return
    if folder.path in known.tables:
        reason = f"it does not fit the other new files of its table: {_difference(folder)}"
        ignored.extend(Ignored(each.uri, reason) for each in folder.all_objects())
        return
    if folder.children:
        reason = "it lies beside folders that are tables of their own"
    else:
        reason = f"it does not fit the other files of its folder: {_difference(folder)}"
    ignored.extend(Ignored(each.uri, reason) for each in folder.objects)
    for _, child in sorted(folder.children.items()):
        _visit(child, known, groups, ignored)


def _is_passage(folder: _Folder, known: _Known) -> bool:
    """Whether a folder is nothing but the way to the only one below it."""
    if folder.objects or len(folder.children) != 1 or folder.path in known.tables:
        return False
    return _is_named(next(iter(folder.children)))


def _visit_level(folder: _Folder, level: int, groups: list[Group], ignored: list[Ignored]) -> None:
    if level > 0:
        ignored.extend(Ignored(each.uri, "it lies above the level of the tables") for each in folder.objects)
        for _, child in sorted(folder.children.items()):
            _visit_level(child, level - 1, groups, ignored)
        return
    found = _table(folder)
    if found is not None:
        groups.append(found)
    else:
        reason = f"the folder is to be one table, but its data are of several kinds: {_difference(folder)}"
        ignored.extend(Ignored(each.uri, reason) for each in folder.all_objects())


def _table(folder: _Folder) -> Group | None:
    objects = tuple(folder.all_objects())
    if folder.shape is None or not objects:
        return None
    depth = len(folder.path)
    partitions = sorted({each.folders[depth:] for each in objects})
    keys = {tuple(_key(name) for name in names) for names in partitions}
    if len(keys) == 1:
        (names,) = keys
        return Group(folder.path, folder.shape, names, tuple(partitions) if names else (), objects)
    if any(key for names in keys for key in names):
        return None
    note = "files at several depths below it: one table without partitions"
    return Group(folder.path, folder.shape, (), (), objects, (note,))


def _key(folder: str) -> str:
    found = split_folder(folder)
    return found[0] if found else ""


def _is_named(folder: str) -> bool:
    return "=" not in folder and not _VALUE.fullmatch(folder)


def _difference(folder: _Folder) -> str:
    """The first two shapes that do not go together, shortly."""
    seen: dict[Shape, str] = {}
    for each in folder.all_objects():
        seen.setdefault(each.classification.shape, each.uri.rsplit("/", 1)[-1])
    first, *others = seen
    for other in others:
        if first.join(other, similar_only=True) is None:
            return _contrast(seen[first], first, seen[other], other)
    return f"{len(seen)} schemas that have too little in common"


def _contrast(left_name: str, left: Shape, right_name: str, right: Shape) -> str:
    types = {each.name: each.type for each in right.fields}
    unlike = [each for each in left.fields if each.name in types and types[each.name] != each.type]
    if left.format == right.format and unlike and {each.name for each in left.fields} <= types.keys():
        clash = unlike[0]
        return f"{clash.name} is {clash.type} in {left_name} and {types[clash.name]} in {right_name}"
    return f"{left_name} has {_summary(left)}, {right_name} has {_summary(right)}"


def _summary(shape: Shape) -> str:
    names: Sequence[str] = [each.name for each in shape.fields]
    return f"{shape.format} ({', '.join(names[:4])}{', …' if len(names) > 4 else ''})"
