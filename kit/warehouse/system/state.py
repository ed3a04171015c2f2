"""What system tables are made of: one view of the cluster, taken when a query that reads them begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from kit.warehouse.catalog import Catalog, Table, View
from kit.warehouse.plan.facts import Shape
from kit.warehouse.system.blocks import Block
from kit.warehouse.system.events import TEXT_ONLY, Statement, Work
from kit.warehouse.system.recording import Attached, Recorder, Running

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock on a table, or one that is waited for; `is_granted` tells which."""

    table: int
    xid: int
    pid: int
    start_us: int
    mode: str
    is_granted: bool = True


@dataclass(frozen=True)
class State:
    """`path` is the asking session's search path. `blocks` and `locks` are looked up when a table asks for them."""

    catalog: Catalog
    recorder: Recorder
    path: tuple[str, ...]
    now_us: int
    capacity_bytes: int
    read_blocks: Callable[[], Sequence[Block]]
    read_locks: Callable[[], Sequence[HeldLock]] = tuple

    @property
    def shape(self) -> Shape:
        return self.catalog.shape

    @cached_property
    def tables(self) -> Sequence[Table]:
        """User tables by id."""
        found = [each for each in self.catalog.relations.values() if isinstance(each, Table)]
        return sorted(found, key=lambda each: each.id)

    @cached_property
    def views(self) -> Sequence[View]:
        return [each for each in self.catalog.relations.values() if isinstance(each, View)]

    @cached_property
    def by_id(self) -> Mapping[int, Table]:
        return {each.id: each for each in self.tables}

    @cached_property
    def blocks(self) -> Sequence[Block]:
        return self.read_blocks()

    @cached_property
    def locks(self) -> Sequence[HeldLock]:
        return self.read_locks()

    @cached_property
    def statements(self) -> Sequence[Statement]:
        """Every statement that has ended."""
        return self.recorder.journal.records(Statement)

    @cached_property
    def queries(self) -> Sequence[Statement]:
        """Those that are queries, as against DDL and settings."""
        return [each for each in self.statements if each.kind not in TEXT_ONLY]

    @cached_property
    def by_query(self) -> Mapping[int, Statement]:
        return {each.query: each for each in self.statements}

    @cached_property
    def work(self) -> Sequence[Work]:
        return self.records(Work)

    @cached_property
    def running(self) -> Sequence[Running]:
        return self.recorder.running()

    @cached_property
    def sessions(self) -> Sequence[Attached]:
        return self.recorder.sessions()

    def records(self, kind: type[R]) -> Sequence[R]:
        """The journal's records of a kind, oldest first."""
        return self.recorder.journal.records(kind)
