"""What stands in the way of a table: objects in its folders that a query would read and that are no rows of it. Pure.

A query of a table reads every visible object below its location, or below those of its partitions. So a folder that
holds what cannot be read is no table, and a partition's folder no partition, until that has been moved out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kit.catalog.crawler.grouping import Group, Ignored, joined

Folders = tuple[str, ...]


def without_intruded(
    root: str, groups: Iterable[Group], ignored: Iterable[Ignored]
) -> tuple[list[Group], list[Ignored]]:
    """The groups that can be read, less the partitions that cannot, and the objects that go with what is left out.

    `root` is the URI that the folders of the groups are below, ending in a slash.
    """
    intruders = _by_folder(root, ignored)
    kept: list[Group] = []
    left_out: list[Ignored] = []
    for group in groups:
        depth = len(group.folders)
        bad = {
            folders: intruder
            for folders in group.partitions or ((),)
            if (intruder := intruders.get((*group.folders, *folders)))
        }
        left_out += [
            Ignored(each.uri, f"a query of its folder would fail on {_name(intruder.uri)}")
            for each in group.objects
            if (intruder := bad.get(each.folders[depth:] if group.partitions else ()))
        ]
        remaining = tuple(folders for folders in group.partitions if folders not in bad)
        if not bad:
            kept.append(group)
        elif remaining:
            objects = tuple(each for each in group.objects if each.folders[depth:] not in bad)
            kept.append(replace(group, partitions=remaining, objects=objects, shape=joined(objects)))
    return kept, left_out


def _by_folder(root: str, ignored: Iterable[Ignored]) -> dict[Folders, Ignored]:
    """The first object that is in the way in each folder, those above it included."""
    found: dict[Folders, Ignored] = {}
    for each in ignored:
        if not each.is_harmless:
            folders = tuple(each.uri[len(root) :].split("/")[:-1])
            for depth in range(len(folders) + 1):
                found.setdefault(folders[:depth], each)
    return found


def _name(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]
