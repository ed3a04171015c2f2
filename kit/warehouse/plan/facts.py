"""What the planner is told about the cluster and its tables. Values and one Protocol; the catalog fulfils it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

# More than any cluster has slices, and a power of two.
PLACES = 1_024
EffectiveStyle: TypeAlias = Literal["EVEN", "KEY", "ALL"]


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """`type` is DuckDB's. `distinct` is None where ANALYZE has not seen the column.

    `low` and `high` are known for numbers (as they are), dates and timestamps (days since 1970).
    """

    name: str
    type: str
    width_bytes: int
    nullable: bool = True
    distinct: float | None = None
    null_fraction: float = 0.0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class TableFacts:
    """`relation` is the name of its part in a slice's schema. `rows` are those of the whole table.

    `place` names a column that says where a row lies, its number in its part times `PLACES` and its slice; None where
    nobody asks. One that `is_system` has no parts: its rows are put into the exchange, under `relation`, before a query
    runs.
    """

    schema: str
    name: str
    relation: str
    style: EffectiveStyle
    columns: Mapping[str, ColumnFacts]
    rows: float
    distkey: str | None = None
    sortkey: tuple[str, ...] = ()
    unsorted_fraction: float = 0.0
    analyzed: bool = True
    is_system: bool = False
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """Nodes and slices of a cluster; slices are numbered from 0, node by node."""

    nodes: int
    slices_per_node: int

    @property
    def slices(self) -> int:
        return self.nodes * self.slices_per_node

    def node_of(self, number: int) -> int:
        return number // self.slices_per_node

    def first_slices(self) -> tuple[int, ...]:
        """The first slice of each node: where a table of DISTSTYLE ALL has its copies."""
        return tuple(node * self.slices_per_node for node in range(self.nodes))


class Tables(Protocol):
    def facts(self, schema: str, name: str) -> TableFacts: ...


@dataclass(frozen=True, slots=True)
class Knobs:
    """Where one technique gives way to another; rows, unless said otherwise.

    `leader_groups`: groups up to which a final aggregate runs on the leader instead of being redistributed.
    """

    leader_groups: int = 256
    stage_rows: float = 30_000.0
    settings: Mapping[str, str] = field(default_factory=dict)
