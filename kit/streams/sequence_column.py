"""The sequence numbers of many records as an Arrow column, at the speed of a table scan.

The numbers of neighbouring records of one second differ by a constant, in their lower 32 digits, and a block of those,
written one after the other, is itself one long number: its field `i` is `first + i * step`. So a block of numbers takes
one addition and one conversion to decimal text, which `decimal` does in time proportional to the length; then the upper
24 digits, equal in all, are woven in, eight digits a move. Converting the numbers one by one takes four times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute

from kit.streams import sequence

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

WIDTH = sequence.DIGITS
_STEP = 1 << sequence.INDEX_SHIFT
_SIZES = (4_096, 256)
_LOW = 32
_LOW_END = 10**_LOW
_WORD = 8


class _Block:
    """As many consecutive numbers at once as `size`."""

    def __init__(self, size: int) -> None:
        self.size = size
        # Any result that would have to be rounded raises: there is no field too few or too many.
        self._context = Context(
            prec=size * _LOW, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation, Overflow]
        )
        self._ones = self._number(1 for _ in range(size))
        self._steps = self._number(place * _STEP for place in range(size))
        self._stride = self._context.multiply(self._ones, Decimal(size * _STEP))

    def texts(self, first: int, count: int) -> Iterator[Any]:
        """The digits of `count` numbers from `first` on, a block at a time; `count` is a multiple of the size."""
        high, low = divmod(first, _LOW_END)
        if low + count * _STEP >= _LOW_END:
            # The upper digits change on the way, as they do once in eighty million records.
            for place in range(0, count, self.size):
                yield _one_by_one(first + place * _STEP, self.size)
            return
        blank = (str(high) + "0" * _LOW).encode() * self.size
        block = self._context.fma(self._ones, Decimal(low), self._steps)
        for left in range(count, 0, -self.size):
            yield self._woven(blank, str(block).encode().rjust(self.size * _LOW, b"0"))
            if left > self.size:
                block = self._context.add(block, self._stride)

    def _woven(self, blank: bytes, lows: bytes) -> bytearray:
        text = bytearray(blank)
        words, low_words = memoryview(text).cast("Q"), memoryview(lows).cast("Q")
        width, low_width = WIDTH // _WORD, _LOW // _WORD
        for word in range(low_width):
            words[width - low_width + word :: width] = low_words[word::low_width]
        return text

    def _number(self, fields: Iterator[int]) -> Decimal:
        return self._context.create_decimal("".join(f"{field:0{_LOW}d}" for field in fields))


def column(base: int, runs: Iterable[tuple[int, int, int]]) -> Any:
    """The numbers of a shard with `base` as a chunked array of text: runs of first index, second of arrival, count."""
    chunks: list[Any] = []
    short: list[bytes] = []
    for first_index, arrival_s, count in joined(runs):
        for text in _texts(base + sequence.offset(first_index, arrival_s), count):
            if len(text) >= _SIZES[-1] * WIDTH:
                chunks += _arrays(short)
                chunks.append(_array(text))
                short = []
            else:
                short.append(text)
    return pa.chunked_array([*chunks, *_arrays(short)], pa.string())


def runs_of(first_index: int, arrivals_ms: Any) -> list[tuple[int, int, int]]:
    """Arrival times of neighbouring records, as an Arrow array of integers, as runs of one second."""
    if len(arrivals_ms) == 0:
        return []
    first, last = arrivals_ms[0].as_py() // 1000, arrivals_ms[-1].as_py() // 1000
    if first == last:
        return [(first_index, first, len(arrivals_ms))]
    seconds = _compute.run_end_encode(_compute.divide(arrivals_ms, 1000))
    found: list[tuple[int, int, int]] = []
    begin = 0
    for second, end in zip(seconds.values.to_pylist(), seconds.run_ends.to_pylist(), strict=True):
        found.append((first_index + begin, second, end - begin))
        begin = end
    return found


def joined(runs: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Runs that follow each other within a second as one, so that short ones cost no more than long ones."""
    held: tuple[int, int, int] | None = None
    for first_index, arrival_s, count in runs:
        if held is not None and (held[0] + held[2], held[1]) == (first_index, arrival_s):
            held = (held[0], held[1], held[2] + count)
            continue
        if held is not None:
            yield held
        held = (first_index, arrival_s, count)
    if held is not None:
        yield held


def _texts(first: int, count: int) -> Iterator[Any]:
    for size in _SIZES:
        whole = count // size * size
        if whole:
            yield from _block(size).texts(first, whole)
            first += whole * _STEP
            count -= whole
    if count:
        yield _one_by_one(first, count)


def _one_by_one(first: int, count: int) -> bytes:
    return "".join(map(str, range(first, first + count * _STEP, _STEP))).encode()


def _arrays(texts: list[bytes]) -> Iterator[Any]:
    """Short texts as few arrays."""
    text = b"".join(texts)
    size = _SIZES[0] * WIDTH
    for begin in range(0, len(text), size):
        yield _array(text[begin : begin + size])


def _array(text: Any) -> Any:
    return pa.StringArray.from_buffers(len(text) // WIDTH, _offsets(), pa.py_buffer(text))


@cache
def _block(size: int) -> _Block:
    return _Block(size)


@cache
def _offsets() -> Any:
    return pa.array(range(0, (_SIZES[0] + 1) * WIDTH, WIDTH), pa.int32()).buffers()[1]
