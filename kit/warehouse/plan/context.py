"""What one planning run knows beside the plan itself: the cluster, the columns' statistics, the plans of subqueries."""

from __future__ import annotations

from dataclasses import dataclass, field

from kit.warehouse.plan.distribution import MAX_SLICES
from kit.warehouse.plan.facts import ColumnFacts, Knobs, Shape, Tables
from kit.warehouse.plan.nodes import Column, Node, Placed

UNKNOWN_DISTINCT_FRACTION = 0.1


@dataclass(slots=True)
class Context:
    """Made for one query and thrown away with it."""

    shape: Shape
    tables: Tables
    knobs: Knobs = field(default_factory=Knobs)
    columns: dict[str, Column] = field(default_factory=dict)
    facts: dict[str, ColumnFacts] = field(default_factory=dict)
    subqueries: dict[int, Node] = field(default_factory=dict)
    placed: dict[int, Placed] = field(default_factory=dict)
    _rows: dict[int, tuple[Node, float]] = field(default_factory=dict)

    @property
    def slices(self) -> int:
        assert self.shape.slices <= MAX_SLICES
        return self.shape.slices

    def column(self, wanted: str, kind: str, width_bytes: int | None = None) -> Column:
        """A new column whose id is `wanted`, or like it where that is taken."""
        identifier = wanted
        number = 2
        while identifier in self.columns:
            identifier = f"{wanted}#{number}"
            number += 1
        made = Column(identifier, kind, width_bytes if width_bytes is not None else width_of(kind))
        self.columns[identifier] = made
        return made

    def subquery(self, node: Node) -> int:
        """Remember a plan that expressions ask for, under a number."""
        number = len(self.subqueries)
        self.subqueries[number] = node
        return number

    def rows(self, node: Node) -> float:
        """Estimated rows of a logical node, at least one."""
        known = self._rows.get(id(node))
        if known is None:
            known = (node, max(1.0, node.op.rows(node, self)))
            self._rows[id(node)] = known
        return known[1]

    def distinct(self, identifier: str, rows: float) -> float:
        """Estimated distinct values of a column among `rows` rows."""
        known = self.facts.get(identifier)
        if known is None or known.distinct is None:
            return max(1.0, rows * UNKNOWN_DISTINCT_FRACTION)
        return max(1.0, min(known.distinct, rows))


def width_of(kind: str) -> int:
    """Bytes that a value of a DuckDB type takes; what varies in length is taken as 16."""
    name = kind.upper().partition("(")[0]
    return _WIDTHS.get(name, 16)


_WIDTHS = {
    "BOOLEAN": 1,
    "TINYINT": 1,
    "UTINYINT": 1,
    "SMALLINT": 2,
    "INTEGER": 4,
    "INT": 4,
    "FLOAT": 4,
    "REAL": 4,
    "DATE": 4,
    "BIGINT": 8,
    "DOUBLE": 8,
    "TIMESTAMP": 8,
    "TIMESTAMPTZ": 8,
    "TIME": 8,
}
