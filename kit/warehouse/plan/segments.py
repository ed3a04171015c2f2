"""Cut a placed plan at its exchanges: what lies between two of them is one segment, one SQL statement a slice.

A segment is numbered after those that it reads; its stage is one more than the latest of theirs, and segments of one
stage may run at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, assert_never

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.distribute import distribute
from kit.warehouse.plan.distribution import Hashed, Replicated, Single
from kit.warehouse.plan.expression import EXCHANGE_DATABASE, OWN_SLICE, marker_sql, quote
from kit.warehouse.plan.nodes import Column, Placed
from kit.warehouse.plan.operators.exchange import Exchange, ExchangeKind, broadcast, destination
from kit.warehouse.plan.operators.scan import Scan
from kit.warehouse.plan.operators.sort import Sort
from kit.warehouse.plan.relation import Relation, ids

Site: TypeAlias = Literal["slices", "one slice", "leader"]
DESTINATION = "destination"
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_PARAMETER = re.compile(r"\$([A-Za-z_]\w*)")
_MARKER = re.compile(r'"@subquery (\d+)"')


@dataclass(frozen=True, slots=True)
class Segment:
    """`sql` is a template (`template.py`) of a SELECT. `root` is the plan of the segment, with `Received` for inputs.

    `exchange` says what becomes of its rows; None is the answer, which the leader's segment returns.
    """

    number: int
    stage: int
    site: Site
    sql: str
    root: Placed
    columns: tuple[Column, ...]
    exchange: ExchangeKind | None
    reads: tuple[int, ...]
    reads_tables: bool
    parameters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Received:
    """The rows that another segment sent here."""

    segment: int
    kind: ExchangeKind
    producers: int

    def render(self, placed: Placed, _inputs: Sequence[Relation]) -> Relation:
        columns = ", ".join(ids(placed.columns)) or "*"
        return Relation(self.source(columns))

    def source(self, columns: str) -> str:
        """SQL that stands in FROM and reads what has come for this slice, or for the leader."""
        match self.kind:
            case "keep" if self.producers > 1:
                return exchange_table(self.segment, OWN_SLICE)
            case "redistribute":
                own = f" WHERE {quote(DESTINATION)} = {OWN_SLICE}"
            case "gather" | "broadcast" | "keep":
                own = ""
            case _:
                assert_never(self.kind)
        if self.producers == 1 and not own:
            return exchange_table(self.segment, "0")
        parts = [
            f"SELECT {columns} FROM {exchange_table(self.segment, str(number))}{own}"
            for number in range(self.producers)
        ]
        return f"({' UNION ALL '.join(parts)})"


def exchange_table(segment: int, producer: str) -> str:
    """The table that a producer's rows of a segment are in."""
    return f'"{EXCHANGE_DATABASE}"."segment{segment}_{producer}"'


@dataclass(slots=True)
class Cutter:
    """Collects the segments of one plan."""

    context: Context
    segments: list[Segment] = field(default_factory=list)
    subplans: dict[int, Placed] = field(default_factory=dict)
    _received: dict[int, tuple[Placed, Received]] = field(default_factory=dict)
    _asked: dict[int, Received] = field(default_factory=dict)

    def answer(self, placed: Placed, outputs: Sequence[str]) -> None:
        """Cut a whole plan, whose rows are on the leader; `outputs` are the ids of the answer's columns."""
        root = self._cut(placed)
        items = [quote(each) for each in outputs]
        if isinstance(root.op, Sort):
            # The order has to be that of the outermost SELECT: one of a subquery promises nothing.
            sql = _rendered(root.inputs[0]).select(items, root.op.tail)
        else:
            sql = _rendered(root).select(items)
        self._add(root, sql, None, root.columns)

    def _cut(self, placed: Placed) -> Placed:
        """The plan with every exchange in it replaced by what is received from it."""
        if isinstance(placed.op, Exchange):
            return replace(placed, op=self._sent(placed), inputs=())
        return replace(placed, inputs=tuple(self._cut(each) for each in placed.inputs))

    def _sent(self, placed: Placed) -> Received:
        known = self._received.get(id(placed))
        if known is not None:
            return known[1]
        op = placed.op
        assert isinstance(op, Exchange)
        root = self._cut(placed.inputs[0])
        items = ids(placed.columns)
        if isinstance(op.target, Hashed) and op.kind == "redistribute":
            items.append(f"{destination(op.target, self.context.slices)} AS {quote(DESTINATION)}")
        if isinstance(root.op, Sort):
            sql = _rendered(root.inputs[0]).select(items, root.op.tail)
        else:
            sql = _rendered(root).select(items)
        segment = self._add(root, sql, op.kind, placed.columns)
        received = Received(segment.number, op.kind, self.context.slices if segment.site == "slices" else 1)
        self._received[id(placed)] = (placed, received)
        return received

    def _add(self, root: Placed, sql: str, exchange: ExchangeKind | None, columns: tuple[Column, ...]) -> Segment:
        sql = self._answered(sql)
        reads = tuple(sorted({int(found) for found in re.findall(r'"segment(\d+)_', sql)}))
        stage = max((self.segments[number].stage + 1 for number in reads), default=0)
        segment = Segment(
            len(self.segments),
            stage,
            _site(root),
            sql,
            root,
            columns,
            exchange,
            reads,
            '"slice' in sql,
            _parameters(sql),
        )
        self.segments.append(segment)
        return segment

    def _answered(self, sql: str) -> str:
        """Put the results of subqueries where expressions ask for them."""
        for number in sorted({int(found) for found in _MARKER.findall(sql)}):
            received = self._asked.get(number)
            if received is None:
                plan = broadcast(_only_once(distribute(self.context.subqueries[number], self.context)))
                self.subplans[number] = plan
                received = self._asked[number] = self._sent(plan)
            sql = sql.replace(marker_sql(number), received.source("*"))
        return sql


def _parameters(sql: str) -> frozenset[str]:
    """The names of the values that a statement asks for; what is quoted asks for none."""
    return frozenset(_PARAMETER.findall(_QUOTED.sub("", sql)))


def _only_once(placed: Placed) -> Placed:
    """A plan whose rows every slice has is run on one of them, whose answer all then share."""
    if isinstance(placed.distribution, Replicated):
        return replace(placed, distribution=Single())
    return placed


def _site(root: Placed) -> Site:
    if isinstance(root.distribution, Single):
        return "leader" if not _scans(root) else "one slice"
    return "one slice" if isinstance(root.distribution, Replicated) else "slices"


def _scans(placed: Placed) -> bool:
    return isinstance(placed.op, Scan) or any(_scans(each) for each in placed.inputs)


def _rendered(placed: Placed) -> Relation:
    return placed.op.render(placed, [_rendered(each) for each in placed.inputs])
