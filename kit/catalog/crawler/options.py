"""What can be told to a crawl. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kit.base.errors import KitError
from kit.catalog.classifiers import Classifier

UpdateBehavior = Literal["UPDATE_IN_DATABASE", "LOG"]
DeleteBehavior = Literal["DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE", "LOG"]
MAX_SAMPLE_SIZE = 249


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlOptions:
    """How to crawl.

    `table_prefix` begins the name of every table; `name` is that of the only table. `classifiers` are asked before the
    built-in ones. `table_level` counts folders below the URI at which tables are, instead of finding out.
    `combine_schemas` makes one table of data in one format, whatever their columns. With `update_behavior` LOG, tables
    that exist keep their schema; partitions are added. `delete_behavior` is for partitions, and a crawler's own tables,
    whose data are gone. `exclusions` are glob patterns of keys below the URI. `sample_size` is how many objects of each
    folder are read (1 to 249); the others are taken to be like them. With more tables than `table_threshold` nothing
    is written. `crawler` is the name under which a crawler signs its tables.
    """

    table_prefix: str = ""
    name: str | None = None
    classifiers: tuple[Classifier, ...] = ()
    table_level: int | None = None
    combine_schemas: bool = False
    update_behavior: UpdateBehavior = "UPDATE_IN_DATABASE"
    delete_behavior: DeleteBehavior = "LOG"
    exclusions: tuple[str, ...] = ()
    sample_size: int | None = None
    table_threshold: int | None = None
    crawler: str = ""

    def __post_init__(self) -> None:
        _require(self.update_behavior in {"UPDATE_IN_DATABASE", "LOG"}, "update_behavior", self.update_behavior)
        _require(
            self.delete_behavior in {"DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE", "LOG"},
            "delete_behavior",
            self.delete_behavior,
        )
        _require(self.sample_size is None or 1 <= self.sample_size <= MAX_SAMPLE_SIZE, "sample_size", self.sample_size)
        _require(self.table_level is None or self.table_level >= 0, "table_level", self.table_level)
        _require(self.table_threshold is None or self.table_threshold >= 1, "table_threshold", self.table_threshold)


def _require(holds: bool, name: str, value: object) -> None:
    if not holds:
        raise KitError(
            "InvalidInputException",
            f"{value!r} is not a value for {name}.",
            "update_behavior: UPDATE_IN_DATABASE or LOG; delete_behavior: DEPRECATE_IN_DATABASE, DELETE_FROM_DATABASE "
            f"or LOG; sample_size: 1 to {MAX_SAMPLE_SIZE}; levels from 0, thresholds from 1.",
        )
