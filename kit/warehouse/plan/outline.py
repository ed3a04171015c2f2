"""What of a plan is left when it has run elsewhere: enough to show its run, and small enough to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kit.warehouse.plan.facts import Shape
from kit.warehouse.plan.operators.exchange import ExchangeKind
from kit.warehouse.plan.operators.scan import Scan
from kit.warehouse.plan.planner import Plan, Tier, walk
from kit.warehouse.plan.segments import Site


@dataclass(frozen=True, slots=True)
class SegmentOutline:
    """A segment without its operators; see `Segment`."""

    number: int
    stage: int
    site: Site
    sql: str
    exchange: ExchangeKind | None
    reads: tuple[int, ...]
    reads_tables: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan without its tree; `names` are those of the tables by their relations."""

    segments: tuple[SegmentOutline, ...]
    tier: Tier
    reasons: tuple[str, ...]
    shape: Shape
    names: Mapping[str, str]


def outline(plan: Plan | Outline) -> Outline:
    """A plan's outline; that of an outline is itself."""
    if isinstance(plan, Outline):
        return plan
    segments = [
        SegmentOutline(each.number, each.stage, each.site, each.sql, each.exchange, each.reads, each.reads_tables)
        for each in plan.segments
    ]
    return Outline(tuple(segments), plan.tier, plan.reasons, plan.shape, relation_names(plan))


def relation_names(plan: Plan | Outline) -> Mapping[str, str]:
    """What a slice's relations hold: the names of tables by those of their parts."""
    if isinstance(plan, Outline):
        return plan.names
    roots = (plan.root, *(each for _, each in plan.subplans))
    return {
        node.op.table.relation: node.op.table.name for root in roots for node in walk(root) if isinstance(node.op, Scan)
    }
