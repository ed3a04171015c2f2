"""Reading a shard: from an index on, by rows or by batches, and finding the index for a time. Takes no lock to read.

A reader sees what is committed. It keeps the active segment mapped, and of the sealed ones only those that it read
last, so its memory does not grow with the log. What is trimmed away under it is no error: it goes on behind.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from kit.streams.log import segment
from kit.streams.log.pieces import Piece, pieces
from kit.streams.log.segment import CorruptSegmentError, Identity, Segment
from kit.streams.log.state import ShardState, Tail

KEPT_SEGMENTS = 4
_PEEKS = 64


class Rows(NamedTuple):
    """Records one after the other, column by column; the first one's index is `first_index`."""

    first_index: int
    keys: list[str]
    data: list[bytes]
    arrivals_ms: list[int]


class Reader:
    """Reads one shard. Safe among threads."""

    def __init__(self, folder: Path, identity: Identity, state: ShardState, recover: Callable[[], Tail]) -> None:
        self._folder = folder
        self._identity = identity
        self._state = state
        self._recover = recover
        self._lock = threading.Lock()
        self._firsts: list[int] = []
        self._active: Segment | None = None
        self._sealed: OrderedDict[int, Segment] = OrderedDict()
        self._is_checked = False

    def tail(self) -> Tail:
        """Where the shard ends for readers. Takes the lock only where the page is damaged or older than the files."""
        for _ in range(_PEEKS):
            tail = self._state.tail()
            if tail is not None:
                break
        else:
            tail = self._recover()
        if not self._is_checked:
            path = self._folder / segment.file_name(tail.segment)
            if not path.exists() or path.stat().st_size != tail.written:
                tail = self._recover()
            self._is_checked = True
        return tail

    def first_index(self) -> int:
        """The oldest index that is on disk and has not been seen expired."""
        tail = self.tail()
        while True:
            try:
                return max(self._known(tail)[0], self._state.horizon)
            except FileNotFoundError:
                tail = self._newer(tail)

    def rows(self, index: int, limit: int, limit_bytes: int) -> Rows:
        """Up to `limit` committed records from `index` on, of `limit_bytes` in keys and data; at least one if any is
        left. They begin later where what was asked for has been trimmed away."""
        found = Rows(index, [], [], [])
        size = 0
        for piece in self._pieces(index, self.tail()):
            held = len(found.keys)
            first = max(index, piece.first_index)
            if first != found.first_index + held:
                if held:
                    break
                found = found._replace(first_index=first)
            for key, data, arrival_ms in piece.records(first, limit - held):
                size += len(key) + len(data)
                if size > limit_bytes and found.keys:
                    return found
                found.keys.append(key)
                found.data.append(data)
                found.arrivals_ms.append(arrival_ms)
            index = piece.end_index
            if len(found.keys) >= limit:
                break
        return found

    def batches(self, index: int, end: int) -> Iterator[tuple[int, Any]]:
        """The committed records from `index` up to `end` as batches of `frame.SCHEMA`, each with its first index."""
        for piece in self._pieces(index, self.tail()):
            first = max(index, piece.first_index)
            if first >= end:
                return
            yield first, piece.as_batch().slice(first - piece.first_index, end - first)

    def index_at(self, arrival_ms: int) -> int:
        """The first index that arrived at this time or later; the end of the shard where none has."""
        tail = self.tail()
        while True:
            try:
                return self._index_at(tail, arrival_ms)
            except FileNotFoundError:
                tail = self._newer(tail)

    def close(self) -> None:
        with self._lock:
            self._active = None
            self._sealed.clear()

    def _index_at(self, tail: Tail, arrival_ms: int) -> int:
        firsts = self._known(tail)
        low = bisect_left(firsts, True, key=lambda first: self._arrives_by(first, tail, arrival_ms))
        if low == len(firsts):
            return tail.committed_index
        holding = self._segment(firsts[low], tail)
        table = holding.table
        if not len(table):
            return tail.committed_index
        position = bisect_left(table.last_arrivals_ms, arrival_ms, 0, len(table))
        first = table.first_indexes[position]
        if table.first_arrivals_ms[position] >= arrival_ms:
            return first
        arrivals = holding.batch(position).column("arrival_time").cast(pa.int64()).to_pylist()
        return first + bisect_left(arrivals, arrival_ms)

    def _arrives_by(self, first: int, tail: Tail, arrival_ms: int) -> bool:
        """Whether the segment's last record arrived at `arrival_ms` or later: first false, then true, by segments.

        So the active segment answers yes while nothing is in it: what will be arrives later still.
        """
        table = self._segment(first, tail).table
        return not len(table) or table.last_arrivals_ms[len(table) - 1] >= arrival_ms

    def _pieces(self, index: int, tail: Tail) -> Iterator[Piece]:
        """What holds the records from `index` to the end: one frame of many records, or a run of single ones."""
        while index < tail.committed_index:
            try:
                firsts = self._known(tail)
                index = max(index, firsts[0])
                holding = self._segment(firsts[bisect_right(firsts, index) - 1], tail)
            except FileNotFoundError:
                tail = self._newer(tail)
                continue
            before = index
            for piece in pieces(holding, holding.table.holding(index)):
                yield piece
                index = piece.end_index
            if index == before:
                raise CorruptSegmentError(holding.path, 0, f"it does not hold the record at {index:,}")

    def _known(self, tail: Tail) -> list[int]:
        with self._lock:
            if not self._firsts or self._firsts[-1] != tail.segment:
                # A segment younger than `tail` may be there already; its records are not for this reader yet.
                self._firsts = [first for first in segment.first_indexes(self._folder) if first <= tail.segment]
                if not self._firsts:
                    raise FileNotFoundError(self._folder)
            return self._firsts

    def _newer(self, tail: Tail) -> Tail:
        """The tail as it is now, after a file was gone: segments may have been trimmed, but not the active one."""
        with self._lock:
            self._firsts = []
        now = self.tail()
        path = self._folder / segment.file_name(now.segment)
        if now.segment == tail.segment and not path.exists():
            raise CorruptSegmentError(path, 0, "the file is gone")
        return now

    def _segment(self, first: int, tail: Tail) -> Segment:
        path = self._folder / segment.file_name(first)
        with self._lock:
            if first == tail.segment:
                return self._extended(path, tail)
            held = self._sealed.get(first)
            if held is None:
                held = self._sealed[first] = Segment.open_sealed(path, first, self._identity)
                while len(self._sealed) > KEPT_SEGMENTS:
                    self._sealed.popitem(last=False)
            else:
                self._sealed.move_to_end(first)
            return held

    def _extended(self, path: Path, tail: Tail) -> Segment:
        if self._active is None or self._active.first_index != tail.segment:
            self._active = Segment.open_active(path, tail.segment, self._identity)
        try:
            self._active.extend(tail.committed)
        except CorruptSegmentError:
            self._active = None
            # The segment may have been finished and rewritten since `tail` was read.
            now = self._state.tail()
            if now is None or now.segment == tail.segment:
                raise
            return Segment.open_sealed(path, tail.segment, self._identity)
        else:
            return self._active
