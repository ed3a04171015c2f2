"""What a COPY or an UNLOAD cost, for the line under its result and for whoever asks further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kit.base import display
from kit.base.result import Stats
from kit.warehouse.load.records import LoadCommit, LoadError, UnloadedFile
from kit.warehouse.stats import WarehouseStats


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStats(WarehouseStats):
    """`files` are in the order of their names; `errors` the rows that were left out, as far as they are kept.

    `read_ms` and `place_ms` are the two phases: slices reading their files, rows going to where they belong.
    """

    files: Sequence[LoadCommit] = ()
    errors: Sequence[LoadError] = ()
    error_count: int = 0
    read_ms: float = 0.0
    place_ms: float = 0.0
    slices: int = 0

    @property
    def slice_ms(self) -> Mapping[int, float]:
        """How long each slice read, by its number; a slice without a file took no time."""
        total = dict.fromkeys(range(self.slices), 0.0)
        for each in self.files:
            total[each.slice] += each.ms
        return total

    @property
    def skew(self) -> float:
        """The slowest slice's time over the mean; 1 is even."""
        return _skew(self.slice_ms)

    @property
    def predicted_ms(self) -> float:
        """How long it would take with a core for each slice."""
        return max(self.slice_ms.values(), default=0.0) + self.place_ms

    def parts(self) -> list[str]:
        shown = [*Stats.parts(self), display.count(len({each.filename for each in self.files}), "file")]
        shown.append(f"{display.size(sum(each.size_bytes for each in self.files))} read")
        if self.error_count:
            shown.append(f"{display.count(self.error_count, 'bad row')}")
        if self.slices > 1 and self.files:
            slowest = display.duration(max(self.slice_ms.values()))
            shown.append(f"slowest slice {slowest}, skew {self.skew:.2f}")
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class UnloadStats(WarehouseStats):
    """`written` are the files, in the order of their names."""

    written: Sequence[UnloadedFile] = ()

    def parts(self) -> list[str]:
        shown = [*Stats.parts(self), display.count(len(self.written), "file")]
        return [*shown, f"{display.size(sum(each.size_bytes for each in self.written))} written"]


def _skew(slice_ms: Mapping[int, float]) -> float:
    mean = sum(slice_ms.values()) / len(slice_ms) if slice_ms else 0.0
    return max(slice_ms.values()) / mean if mean > 0 else 1.0
