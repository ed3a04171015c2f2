"""The sequence numbers of many records as an Arrow column, at the speed of a table scan.

A number is the shard's base plus the record's index and second, each at its place. The sum is made four decimal digits
at a time, from the right, over whole columns: what exceeds four digits is carried to the next four, and four digits
become text by a look into a table. No number is ever made as a whole, and other threads run meanwhile.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kit.streams import sequence

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

WIDTH = sequence.DIGITS
_LIMB = 10_000
_LIMBS = WIDTH // 4
_LIMBS_OF_INDEX = len(str(1 << sequence.INDEX_SHIFT)) // 4 + 1
_INDEX = tuple((1 << sequence.INDEX_SHIFT) // _LIMB**limb % _LIMB for limb in range(_LIMBS))
_SECOND = tuple((1 << sequence.TIME_SHIFT) // _LIMB**limb % _LIMB for limb in range(_LIMBS))
# As many at once as fit into the processor's own memory.
_BLOCK = 16_384
# A sum of this much, times a limb each, fits into 32 bits, which are added and divided twice as fast as 64.
_NARROW = (1 << 32) // _LIMB - 2


def column(base: int, indexes: npt.NDArray[np.int64], seconds: npt.NDArray[np.int64]) -> Any:
    """The numbers of records of the shard with `base`, by index and second of arrival, as Arrow text."""
    import numpy as np

    text = np.empty((len(indexes), _LIMBS), np.uint32)
    for begin in range(0, len(indexes), _BLOCK):
        end = begin + _BLOCK
        _write(text[begin:end], base, indexes[begin:end], seconds[begin:end])
    offsets = np.arange(0, (len(indexes) + 1) * WIDTH, WIDTH, dtype=np.int32)
    return pa.StringArray.from_buffers(len(indexes), pa.py_buffer(offsets), pa.py_buffer(text))


def _write(
    text: npt.NDArray[np.uint32], base: int, indexes: npt.NDArray[np.int64], seconds: npt.NDArray[np.int64]
) -> None:
    import numpy as np

    first_index, first_s = int(indexes.min()), int(seconds.min())
    # A difference of whole indexes is multiplied by less than a limb in each place, and so is one of seconds.
    spread = int(indexes.max()) - first_index + int(seconds.max()) - first_s
    dtype: Any = np.uint32 if spread < _NARROW else np.uint64
    index = (indexes - first_index).astype(dtype)
    second = (seconds - first_s).astype(dtype)
    is_one_second = int(second.max()) == 0
    first = base + sequence.offset(first_index, first_s)
    total, carry, part = np.empty(len(index), dtype), np.zeros(len(index), dtype), np.empty(len(index), dtype)
    for limb in range(_LIMBS):
        digits = first // _LIMB**limb % _LIMB
        if limb >= _LIMBS_OF_INDEX and not carry.any():
            text[:, _LIMBS - 1 - limb] = _digits()[digits]
            continue
        np.multiply(index, dtype(_INDEX[limb]), out=total)
        np.add(total, dtype(digits), out=total)
        np.add(total, carry, out=total)
        if not is_one_second and _SECOND[limb]:
            np.multiply(second, dtype(_SECOND[limb]), out=part)
            np.add(total, part, out=total)
        np.floor_divide(total, dtype(_LIMB), out=carry)
        np.multiply(carry, dtype(_LIMB), out=part)
        np.subtract(total, part, out=total)
        text[:, _LIMBS - 1 - limb] = _digits().take(total, mode="clip")


@cache
def _digits() -> npt.NDArray[np.uint32]:
    """The text of each number of four digits, as the memory of a machine word."""
    import numpy as np

    return np.frombuffer("".join(f"{number:04d}" for number in range(_LIMB)).encode(), np.uint32)
