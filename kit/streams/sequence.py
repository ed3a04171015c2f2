"""Sequence numbers: 56 decimal digits that strictly increase in a shard, whatever the clock does.

Hexadecimal layout, from the top: `2`, nine digits of the second in which the shard was made, one of the shard's index,
sixteen of the record's index, `00`, nine of the second of arrival, eight of the shard's index, `2`. The record's index
stands above the time, so a clock that jumps back does not turn the order; and a log that knows shard, index and
arrival of a record knows its number, so the digits are stored nowhere.

Source: observed layout of Kinesis sequence numbers as documented by kinesalite, read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass

DIGITS = 56
INDEX_SHIFT = 80

_VERSION_TOP = 2 << 184
_VERSION_BOTTOM = 2
_CREATED_SHIFT = 148
_NIBBLE_SHIFT = 144
TIME_SHIFT = 36
_SHARD_SHIFT = 4

FIRST_INDEX = 1
LAST_INDEX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Position:
    """What a sequence number says: the shard, by index and second of creation, the record's index and second."""

    shard: int
    created_s: int
    index: int
    arrival_s: int


def encode(position: Position) -> str:
    """The 56 digits."""
    return str(shard_base(position.shard, position.created_s) + offset(position.index, position.arrival_s))


def shard_base(shard: int, created_s: int) -> int:
    """The part of the number that all records of a shard share."""
    return (
        _VERSION_TOP
        | created_s << _CREATED_SHIFT
        | (shard & 15) << _NIBBLE_SHIFT
        | shard << _SHARD_SHIFT
        | _VERSION_BOTTOM
    )


def offset(index: int, arrival_s: int) -> int:
    """The part of the number that is a record's own; adds to `shard_base`."""
    return index << INDEX_SHIFT | arrival_s << TIME_SHIFT


def decode(text: str) -> Position | None:
    """What the digits say, or None where they are no number of this layout."""
    if not (text.isascii() and text.isdigit()) or len(text) != DIGITS:
        return None
    number = int(text)
    created_s = number >> _CREATED_SHIFT & (1 << 36) - 1
    shard = number >> _SHARD_SHIFT & (1 << 32) - 1
    index = number >> INDEX_SHIFT & (1 << 64) - 1
    arrival_s = number >> TIME_SHIFT & (1 << 36) - 1
    well_formed = number == shard_base(shard, created_s) + offset(index, arrival_s)
    return Position(shard, created_s, index, arrival_s) if well_formed else None
