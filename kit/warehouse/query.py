"""Queries: text that was bound, planned and cached, run on the cluster, its rows as a `Result`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa

from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.result import Result
from kit.sql.redshift.bound import BoundQuery
from kit.sql.redshift.runtime import wants_wide
from kit.warehouse.binding import bound, current_values, kinds_of
from kit.warehouse.catalog import Catalog
from kit.warehouse.cluster import Cluster
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.execute.leader import Answer, Consume, StalePlan, run, run_into
from kit.warehouse.execute.measures import Run
from kit.warehouse.manage.plan_cache import PlanCache
from kit.warehouse.plan.planner import Plan, plan
from kit.warehouse.plan.trees import QueryTree
from kit.warehouse.session import Session
from kit.warehouse.stats import WarehouseStats

T = TypeVar("T")

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query that is ready to run, and the catalog's version that it was compiled against."""

    bound: BoundQuery
    plan: Plan
    version: int
    planning_ms: float
    is_cached: bool = False


class Queries:
    """Compiles and runs queries of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._plans: PlanCache[Compiled] = PlanCache()

    def compiled(
        self,
        tree: QueryTree,
        text: str,
        script: str,
        session: Session,
        values: Mapping[str, Any],
        *,
        wide: bool = False,
    ) -> Compiled:
        """Bind and plan a query, or find the plan of the same text under the same catalog and settings."""
        clock = Stopwatch()
        catalog = self._cluster.catalog
        key = (text, catalog.version, session.key(), kinds_of(values), wide)
        known = self._plans.get(key)
        if known is not None:
            return Compiled(known.bound, known.plan, known.version, clock.ms, is_cached=True)
        query = bound(tree, catalog, script, session, values, wide=wide)
        made = Compiled(query, plan(query.tree, catalog, catalog.shape), catalog.version, clock.ms)
        self._plans.put(key, made)
        return made

    def planned(self, query: BoundQuery, catalog: Catalog) -> Compiled:
        """The plan of a query that is bound already."""
        clock = Stopwatch()
        return Compiled(query, plan(query.tree, catalog, catalog.shape), catalog.version, clock.ms)

    def run(
        self,
        compiled: Compiled,
        values: Mapping[str, Any],
        session: Session,
        cancellation: Cancellation,
        limit_bytes: int,
    ) -> Answer:
        parameters = current_values(compiled.bound, values, session, self._cluster.clock)
        return run(self._cluster, compiled.plan, compiled.version, parameters, cancellation, limit_bytes)

    def run_into(
        self,
        compiled: Compiled,
        values: Mapping[str, Any],
        session: Session,
        cancellation: Cancellation,
        consume: Consume[T],
    ) -> T:
        """Run a query that another statement needs, and hand its last step over to that statement."""
        parameters = current_values(compiled.bound, values, session, self._cluster.clock)
        consumed, _, _ = run_into(self._cluster, compiled.plan, compiled.version, parameters, cancellation, consume)
        return consumed

    def result(
        self,
        tree: QueryTree,
        text: str,
        script: str,
        session: Session,
        values: Mapping[str, Any],
        cancellation: Cancellation,
        query_id: int,
    ) -> Result:
        """The rows of a query. Plans again where the catalog changed between planning and running."""
        clock = Stopwatch()
        wide = False
        for _ in range(_ATTEMPTS):
            compiled = self.compiled(tree, text, script, session, values, wide=wide)
            try:
                answer = self.run(compiled, values, session, cancellation, self._cluster.settings.result_bytes)
            except StalePlan:
                continue
            except KitError as error:
                if wide or not compiled.bound.narrow or not _overflowed(error):
                    raise
                wide = True
                continue
            return _result(compiled, answer, clock, query_id, self._cluster.settings.page_rows)
        raise AssertionError("the catalog changed faster than a query could be planned")


def _overflowed(error: KitError) -> bool:
    """Whether a product of decimals was too large for 64 bits: in 128 it may be an answer."""
    return error.__cause__ is not None and wants_wide(str(error.__cause__))


def _result(compiled: Compiled, answer: Answer, clock: Stopwatch, query_id: int, page_rows: int) -> Result:
    names = [column.name for column in compiled.bound.columns]
    schema = pa.schema([pa.field(name, kind) for name, kind in zip(names, answer.schema.types, strict=True)])
    held = [_renamed(batch, schema) for batch in answer.held]
    measured = Run(compiled.plan, answer.fragments, answer.moved, compiled.planning_ms, compiled.is_cached)
    stats = WarehouseStats(
        ms=clock.ms,
        rows=sum(batch.num_rows for batch in held) if answer.rest is None else None,
        query_id=query_id,
        planning_ms=compiled.planning_ms,
        is_cached_plan=compiled.is_cached,
        run=measured,
    )
    rest = (_renamed(batch, schema) for batch in answer.rest) if answer.rest is not None else None
    close = answer.close if answer.rest is not None else None
    return Result(schema, held, stats=stats, rest=rest, close=close, page_rows=page_rows)


def _renamed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(batch.columns, schema=schema)
