"""Which files a pattern means now, and where in each to read on: rotations, copies and truncations told apart. Pure.

A file is who it is by device and inode. A renaming keeps that, so its rest is read under the new name. A copy is a new
file with an old begin: it is read on where its original was, once the original has been truncated. A file that is
shorter than what was read of it, or begins otherwise, was truncated and is read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from kit.delivery.agent.checkpoints import FINGERPRINT_BYTES, Mark, fingerprint

Identity: TypeAlias = tuple[int, int]
COPY_LOOKS = 20
"""So often a file that begins like a known one is passed over: its original may be about to be truncated."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it is now; `head` is its first bytes, as many as a fingerprint takes."""

    identity: Identity
    path: str
    size: int
    head: bytes

    def begins_as(self, mark: Mark) -> bool:
        """Whether its first bytes are those that the mark remembers."""
        count = mark.fingerprint_bytes
        return len(self.head) >= count and fingerprint(self.head[:count]) == mark.fingerprint

    def mark(self, offset: int) -> Mark:
        return Mark(*self.identity, self.path, offset, fingerprint(self.head), len(self.head))


@dataclass(frozen=True, slots=True)
class Reading:
    """A file to read from an offset on. With `at_end` nothing more is written to it."""

    seen: Seen
    offset: int
    at_end: bool = False


def readings(
    seen: Collection[Seen],
    marks: Mapping[Identity, Mark],
    *,
    is_first_look: bool,
    from_start: bool,
    looks: Callable[[Identity], int],
) -> list[Reading]:
    """Where to read on, oldest names last written first where that can be told; files to pass over are left out.

    `looks` says how often a file has been passed over. At the first look at all, files that are there begin at their
    end unless `from_start`.
    """
    present = {each.identity: each for each in seen}
    intact = {
        identity
        for identity, mark in marks.items()
        if identity in present and present[identity].size >= mark.offset and present[identity].begins_as(mark)
    }
    found: list[Reading] = []
    for each in sorted(seen, key=lambda each: each.path, reverse=True):
        mark = marks.get(each.identity)
        if mark is not None and each.identity in intact:
            found.append(Reading(each, mark.offset, at_end=each.path != mark.path))
        elif mark is not None:
            found.append(Reading(each, 0))
        else:
            origin = _origin(each, marks)
            if origin is not None and (origin.device, origin.inode) not in intact:
                found.append(Reading(each, origin.offset, at_end=True))
            elif origin is None or looks(each.identity) >= COPY_LOOKS:
                found.append(Reading(each, each.size if is_first_look and not from_start else 0))
    # What was rotated away comes before what replaced it.
    return sorted(found, key=lambda reading: not reading.at_end)


def _origin(seen: Seen, marks: Mapping[Identity, Mark]) -> Mark | None:
    """The file of which this one may be a copy: it begins alike, and is long enough to hold what was read of it."""
    alike = [
        mark
        for mark in marks.values()
        if mark.offset > 0 and mark.fingerprint_bytes and seen.size >= mark.offset and seen.begins_as(mark)
    ]
    return max(alike, key=lambda mark: mark.offset, default=None)


__all__ = ["COPY_LOOKS", "FINGERPRINT_BYTES", "Identity", "Reading", "Seen", "readings"]
