"""Finding the end of a shard after a crash: reads the files, cuts a torn tail, and nothing else.

Called under the shard's lock. What a dead writer left behind what it had published is taken up where it is whole: it
may have been acknowledged, if the page that says so was lost. The first frame that is not whole ends the shard, and
is cut, unless a whole one follows it: that is no torn tail but damage, and raises.
"""

from __future__ import annotations

import os
from pathlib import Path

from kit.streams.log import frame, segment
from kit.streams.log.disk import Disk
from kit.streams.log.segment import CorruptSegmentError, Identity
from kit.streams.log.state import Tail
from kit.streams.sequence import FIRST_INDEX


def recover(folder: Path, identity: Identity, published: Tail | None, disk: Disk) -> Tail:
    """The tail to go on from, all of it committed; `published` is the last one known, if any."""
    for leftover in folder.glob(f"*{segment.DRAFT_SUFFIX}"):
        disk.remove(leftover)
    firsts = segment.first_indexes(folder)
    if published is None:
        counter, arrival_ms = 0, 0
        first = _last_begun(folder, firsts)
        if first is None:
            size = segment.create(folder, identity, FIRST_INDEX, disk, durable=True)
            return Tail(counter, FIRST_INDEX, size, FIRST_INDEX, size, FIRST_INDEX, arrival_ms, 0)
        offset, index, small = None, first, 0
        arrival_ms = _arrival_before(folder, identity, firsts, first)
    else:
        counter, first, small, arrival_ms = (
            published.counter,
            published.segment,
            published.small,
            published.last_arrival_ms,
        )
        offset, index = published.written, published.next_index
        if first not in firsts:
            raise CorruptSegmentError(folder / segment.file_name(first), 0, "the file is gone")
    while True:
        path = folder / segment.file_name(first)
        try:
            view = memoryview(segment.map_file(path))
        except (FileNotFoundError, ValueError) as error:
            raise CorruptSegmentError(path, 0, "the file is gone or empty") from error
        begin = segment.frames_begin(path, view, identity, first)
        if offset is not None and offset > len(view):
            raise CorruptSegmentError(path, len(view), f"it is shorter than the {offset:,} bytes written")
        end = begin if offset is None else offset
        sealed = False
        for place, header in segment.walk(view, end, len(view), index, checked=True):
            end = place + header.frame_bytes
            if header.kind == frame.Kind.SEAL:
                sealed = True
                break
            index += header.records
            arrival_ms = header.last_arrival_ms
            small += header.records < segment.SMALL_RECORDS
        if not sealed:
            _cut(path, view, end, index, disk)
            return Tail(counter, first, end, index, end, index, arrival_ms, small)
        if end != len(view):
            raise CorruptSegmentError(path, end, "something follows its seal")
        first, offset, small = index, None, 0
        if any(other > first for other in firsts) or not _is_unused(folder / segment.file_name(first)):
            continue
        segment.create(folder, identity, first, disk, durable=True)


def _last_begun(folder: Path, firsts: list[int]) -> int | None:
    """The newest segment that anything can be in."""
    while firsts and _is_unused(folder / segment.file_name(firsts[-1])):
        firsts.pop()
    return firsts[-1] if firsts else None


def _is_unused(path: Path) -> bool:
    """Whether there is no file, or one in which nothing ever was: a power cut can leave a name without content."""
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return True


def _arrival_before(folder: Path, identity: Identity, firsts: list[int], first: int) -> int:
    earlier = [other for other in firsts if other < first]
    if not earlier:
        return 0
    path = folder / segment.file_name(earlier[-1])
    return segment.Segment.open_sealed(path, earlier[-1], identity).last_arrival_ms


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
