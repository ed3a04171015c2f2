"""Finding the end of a shard after a crash: reads the files, cuts a torn tail, and nothing else.

Called under the shard's lock. What a dead writer left behind what it had published is taken up where it is whole: it
may have been acknowledged, if the page that says so was lost. The first frame that is not whole ends the shard, and
is cut, unless a whole one follows it: that is no torn tail but damage, and raises.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kit.streams.log import frame, segment
from kit.streams.log.disk import Disk
from kit.streams.log.segment import CorruptSegmentError, Identity, Segment
from kit.streams.log.state import Tail
from kit.streams.sequence import FIRST_INDEX


@dataclass(slots=True)
class _Place:
    """How far a scan has come: the segment, the offset in it (None: its begin), and the index of the next frame."""

    segment: int
    offset: int | None
    index: int
    arrival_ms: int
    small: int


def recover(folder: Path, identity: Identity, published: Tail | None, disk: Disk) -> Tail:
    """The tail to go on from, all of it committed; `published` is the last one known, if any."""
    for leftover in folder.glob(f"*{segment.DRAFT_SUFFIX}"):
        disk.remove(leftover)
    place = _newest(folder, identity) if published is None else _from(published)
    if place is None:
        segment.create(folder, identity, FIRST_INDEX, disk, durable=True)
        place = _Place(FIRST_INDEX, None, FIRST_INDEX, 0, 0)
    while _is_sealed(folder, identity, place, disk):
        # The last thing that the dead writer did to this segment was to finish it: the next one is made where it is not
        # there yet. A missing one among others is damage, and the scan says so.
        place = _Place(place.index, None, place.index, place.arrival_ms, 0)
        is_last = all(first <= place.segment for first in segment.first_indexes(folder))
        if is_last and _is_unused(folder / segment.file_name(place.segment)):
            segment.create(folder, identity, place.segment, disk, durable=True)
    assert place.offset is not None
    end, index = place.offset, place.index
    counter = 0 if published is None else published.counter
    return Tail(counter, place.segment, end, index, end, index, place.arrival_ms, place.small)


def _from(published: Tail) -> _Place:
    return _Place(
        published.segment, published.written, published.next_index, published.last_arrival_ms, published.small
    )


def _newest(folder: Path, identity: Identity) -> _Place | None:
    """The begin of the newest segment that anything can be in."""
    firsts = segment.first_indexes(folder)
    while firsts and _is_unused(folder / segment.file_name(firsts[-1])):
        firsts.pop()
    if not firsts:
        return None
    arrival_ms = 0
    if len(firsts) > 1:
        path = folder / segment.file_name(firsts[-2])
        arrival_ms = Segment.open_sealed(path, firsts[-2], identity).last_arrival_ms
    return _Place(firsts[-1], None, firsts[-1], arrival_ms, 0)


def _is_sealed(folder: Path, identity: Identity, place: _Place, disk: Disk) -> bool:
    """Move `place` to the end of its segment, cutting what is torn; whether the segment turns out to be finished."""
    path = folder / segment.file_name(place.segment)
    try:
        view = memoryview(segment.map_file(path))
    except (FileNotFoundError, ValueError) as error:
        raise CorruptSegmentError(path, 0, "the file is gone or empty") from error
    begin = segment.frames_begin(path, view, identity, place.segment)
    end = begin if place.offset is None else place.offset
    if end > len(view):
        raise CorruptSegmentError(path, len(view), f"it is shorter than the {end:,} bytes written")
    for offset, header in segment.walk(view, end, len(view), place.index, checked=True):
        end = offset + header.frame_bytes
        if header.kind == frame.Kind.SEAL:
            if end != len(view):
                raise CorruptSegmentError(path, end, "something follows its seal")
            return True
        place.index += header.records
        place.arrival_ms = header.last_arrival_ms
        place.small += header.records < segment.SMALL_RECORDS
    place.offset = end
    _cut(path, view, end, place.index, disk)
    return False


def _is_unused(path: Path) -> bool:
    """Whether there is no file, or one in which nothing ever was: a power cut can leave a name without content."""
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return True


def _cut(path: Path, view: memoryview, end: int, index: int, disk: Disk) -> None:
    if end == len(view):
        return
    for offset in range(end + frame.ALIGNMENT, len(view), frame.ALIGNMENT):
        header = frame.header_at(view, offset, len(view))
        if header is not None and header.first_index >= index and frame.is_intact(view, offset, header):
            raise CorruptSegmentError(path, end, "a frame is damaged, and whole ones follow it")
    fd = disk.open(path)
    try:
        disk.truncate(fd, end)
    finally:
        os.close(fd)
