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
from kit.warehouse.plan.facts import Tables
from kit.warehouse.plan.planner import Plan, plan
from kit.warehouse.plan.trees import QueryTree
from kit.warehouse.session import Session
from kit.warehouse.stats import WarehouseStats
from kit.warehouse.system.provide import user_tables
from kit.warehouse.system.schemas import AllTables
from kit.warehouse.system.service import filler
from kit.warehouse.transact.transaction import Transaction

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
        inside: Transaction | None = None,
    ) -> Compiled:
        """Bind and plan a query, or find the plan of the same text under the same catalog and settings.

        `inside`: against the catalog of this transaction. What only it can see is not kept.
        """
        clock = Stopwatch()
        catalog = self._cluster.catalog if inside is None else inside.catalog
        key = (text, catalog.version, session.key(), kinds_of(values), wide)
        if inside is not None and inside.is_changed:
            query = bound(tree, catalog, script, session, values, wide=wide)
            return Compiled(query, plan(query.tree, AllTables(catalog), catalog.shape), catalog.version, clock.ms)
        known = self._plans.get(key)
        if known is not None:
            return Compiled(known.bound, known.plan, known.version, clock.ms, is_cached=True)
        query = bound(tree, catalog, script, session, values, wide=wide)
        made = Compiled(query, plan(query.tree, AllTables(catalog), catalog.shape), catalog.version, clock.ms)
        self._plans.put(key, made)
        return made

    def planned(
        self, query: BoundQuery, catalog: Catalog, *, tables: Tables | None = None, leader_reason: str = ""
    ) -> Compiled:
        """The plan of a query that is bound already. `tables`: the catalog's, as this query needs them."""
        clock = Stopwatch()
        made = plan(query.tree, tables or AllTables(catalog), catalog.shape, leader_reason=leader_reason)
        return Compiled(query, made, catalog.version, clock.ms)

    def run(
        self,
        compiled: Compiled,
        values: Mapping[str, Any],
        session: Session,
        cancellation: Cancellation,
        limit_bytes: int,
        unit: Transaction,
    ) -> Answer:
        """Run a query in a transaction that has begun, or outside of any."""
        parameters = current_values(compiled.bound, values, session, self._cluster.clock)
        tables = user_tables(compiled.bound.tables)
        inside = unit if unit.has_begun else None
        fill = filler(self._cluster, compiled.bound.tables, compiled.plan, session, inside)
        if inside is not None:
            inside.read(tables, cancellation.check)
        elif self._cluster.locks.blocks_readers():
            self._cluster.wait_for_writers(unit, tables, cancellation.check)
        answer = run(
            self._cluster, compiled.plan, compiled.version, parameters, cancellation, limit_bytes, fill, inside
        )
        if inside is None:
            self._cluster.note_read(unit, tables, compiled.version)
        return answer

    def run_into(
        self,
        compiled: Compiled,
        values: Mapping[str, Any],
        session: Session,
        cancellation: Cancellation,
        consume: Consume[T],
        inside: Transaction | None = None,
        runs: list[Run] | None = None,
    ) -> T:
        """Run a query that another statement needs, and hand its last step over to that statement.

        What was measured is added to `runs`.

        `inside`: in this transaction, which it was compiled for; its rows are then on the transaction's connection.
        """
        parameters = current_values(compiled.bound, values, session, self._cluster.clock)
        if inside is not None:
            inside.read(user_tables(compiled.bound.tables), cancellation.check)
        fill = filler(self._cluster, compiled.bound.tables, compiled.plan, session, inside)
        consumed, fragments, moved = run_into(
            self._cluster, compiled.plan, compiled.version, parameters, cancellation, consume, fill, inside
        )
        if runs is not None:
            runs.append(Run(compiled.plan, fragments, moved, compiled.planning_ms, compiled.is_cached))
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
        unit: Transaction,
    ) -> Result:
        """The rows of a query. Plans again where the catalog changed between planning and running.

        In a block, `unit` is its transaction, which cannot go on after an overflow: there products are wide at once.
        """
        clock = Stopwatch()
        limit_bytes = session.result_bytes or self._cluster.settings.result_bytes
        inside = unit if unit.has_begun else None
        wide = inside is not None
        for _ in range(_ATTEMPTS):
            compiled = self.compiled(tree, text, script, session, values, wide=wide, inside=inside)
            try:
                answer = self.run(compiled, values, session, cancellation, limit_bytes, unit)
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
