"""The two trees of the planner and what every operator can say of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from kit.warehouse.plan.distribution import Distribution, retained

if TYPE_CHECKING:
    from kit.warehouse.plan.context import Context
    from kit.warehouse.plan.relation import Relation


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a plan; `id` is unique in it, `type` is DuckDB's name."""

    id: str
    type: str
    width_bytes: int = 8


class Step(Protocol):
    """What a placed node does."""

    def render(self, placed: Placed, inputs: Sequence[Relation], /) -> Relation:
        """Its SQL over that of its inputs."""
        ...


class Operator(Step, Protocol):
    """What a logical node computes. A new one is a module of its own and a line where the builder makes it."""

    def rows(self, node: Node, context: Context, /) -> float:
        """How many rows come out, by estimate."""
        ...

    def reads(self) -> frozenset[str]:
        """The columns of its inputs that it needs besides those it hands on."""
        ...

    def prune(self, node: Node, wanted: frozenset[str], /) -> Node:
        """The same without the output columns that are not wanted."""
        ...

    def place(self, node: Node, inputs: tuple[Placed, ...], context: Context, /) -> Placed:
        """Decide where it runs, with exchanges put under it where rows have to move."""
        ...


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the logical plan. `columns` are its output, in no promised order."""

    op: Operator
    inputs: tuple[Node, ...]
    columns: tuple[Column, ...]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(column.id for column in self.columns)


@dataclass(frozen=True, slots=True)
class Placed:
    """A node of the distributed plan. `rows` are those of the whole cluster (of one copy, where replicated)."""

    op: Step
    inputs: tuple[Placed, ...]
    columns: tuple[Column, ...]
    distribution: Distribution
    rows: float
    cost: float = 0.0

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(column.id for column in self.columns)

    @property
    def width_bytes(self) -> int:
        return sum(column.width_bytes for column in self.columns)


def keep(columns: Sequence[Column], wanted: frozenset[str]) -> tuple[Column, ...]:
    """Those columns that are wanted, in their order."""
    return tuple(column for column in columns if column.id in wanted)


def narrowed(placed: Placed, wanted: frozenset[str]) -> Placed:
    """The same with only the wanted columns, which is less to move."""
    columns = keep(placed.columns, wanted)
    if len(columns) == len(placed.columns):
        return placed
    return replace(
        placed, columns=columns, distribution=retained(placed.distribution, frozenset(c.id for c in columns))
    )
