"""Bytes of a file cut into records: lines, or what stands between two lines that match a pattern. Pure.

A record is complete once its end is known: a line by its line break, a record of several lines by the begin of the
next. Offsets are where the next record begins, so that whoever comes back reads on exactly there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """A record and the offset behind it, counted from the begin of the bytes."""

    data: bytes
    end: int


def records(content: bytes, start_pattern: str | None, *, at_end: bool) -> list[Cut]:
    """The records that are complete; with `at_end` the file gets no more, so the rest is one as well."""
    if start_pattern is None:
        return _lines(content, at_end=at_end)
    begins = re.compile(start_pattern.encode())
    found: list[Cut] = []
    start = 0
    for line in _lines(content, at_end=True):
        begin = line.end - len(line.data)
        if begin > start and begins.match(line.data):
            found.append(Cut(content[start:begin], begin))
            start = begin
    if at_end and start < len(content):
        found.append(Cut(content[start:], len(content)))
    return found


def shortened(data: bytes, limit_bytes: int, terminator: bytes) -> bytes:
    """A record that is too large, cut to the limit with the terminator behind it."""
    return data if len(data) <= limit_bytes else data[: limit_bytes - len(terminator)] + terminator


def _lines(content: bytes, *, at_end: bool) -> list[Cut]:
    found: list[Cut] = []
    begin = 0
    while (end := content.find(b"\n", begin)) >= 0:
        found.append(Cut(content[begin : end + 1], end + 1))
        begin = end + 1
    if at_end and begin < len(content):
        found.append(Cut(content[begin:], len(content)))
    return found
