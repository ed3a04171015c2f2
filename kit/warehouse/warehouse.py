"""The warehouse as its users see it: SQL in, a `Result` out; a cluster whose shape can be changed.

Statements run one after the other as they stand in a script. Each query runs on a thread of its own, so that Ctrl-C,
a timeout and the display of progress reach it at once.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from kit.base.clock import Clock, Stopwatch
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.result import Result
from kit.base.running import run_interruptibly
from kit.base.settings import Settings
from kit.sql.redshift import parse
from kit.sql.redshift.statements import ParsedStatement, TableName
from kit.storage import Storage
from kit.warehouse.cluster import open_cluster
from kit.warehouse.commands import Call, Commands
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.manage.design import TableDesign, design_of
from kit.warehouse.manage.plan_cache import PlanCache
from kit.warehouse.manage.shape import ClusterInfo, described, reshape
from kit.warehouse.plan.facts import Shape
from kit.warehouse.query import Queries
from kit.warehouse.session import Session
from kit.warehouse.stats import WarehouseStats

T = TypeVar("T")

DEFAULT_CLUSTER = "default"


class Warehouse:
    """A leader and its slices in one folder. Threads may share it; they share one session."""

    def __init__(self, folder: Path, *, storage: Storage, clock: Clock, entropy: Entropy, settings: Settings) -> None:
        del entropy
        self.settings = settings
        self.session = Session()
        self._cluster = open_cluster(folder / DEFAULT_CLUSTER, clock=clock, settings=settings)
        self._queries = Queries(self._cluster)
        self._commands = Commands(self._cluster, self._queries, storage)
        self._scripts: PlanCache[tuple[ParsedStatement, ...]] = PlanCache()
        self._ids = itertools.count(1)
        self._running: set[Cancellation] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def sql(self, text: str, params: Mapping[str, Any] | None = None) -> Result:
        """Run a script of one or more statements; the answer is that of the last.

        `params` are values for `:name` in the text. A statement that fails ends the script; what ran before it stays.
        """
        statements = self._parsed(text)
        if not statements:
            raise KitError("42601", "The statement is empty.", "Write a statement, for example SELECT 1.")
        result: Result | None = None
        for statement in statements:
            if result is not None:
                result.close()
            result = self._run(statement, text, params or {})
        assert result is not None
        return result

    def cluster(self, nodes: int | None = None, slices_per_node: int | None = None) -> ClusterInfo:
        """The cluster's shape and what its slices hold; with arguments, changed first, which moves every row."""
        if nodes is not None or slices_per_node is not None:
            old = self._cluster.shape
            wanted = Shape(nodes or old.nodes, slices_per_node or old.slices_per_node)

            def change(cancellation: Cancellation) -> None:
                reshape(self._cluster, wanted, cancellation)

            self._interruptibly(change)
        return described(self._cluster)

    def design(self, table: str) -> TableDesign:
        """Rows, skew, order and size of a table, slice by slice; `table` may be `schema.table`."""
        schema, _, name = table.rpartition(".")
        found = self._cluster.catalog.table_named(TableName(name, schema or None), self.session.path)
        return design_of(found, self._cluster.shape)

    def tables(self) -> list[str]:
        """Tables and views that a query can name, those outside of the search path with their schema."""
        path = self.session.path
        names = self._cluster.catalog.relations
        return sorted(name if schema in path else f"{schema}.{name}" for schema, name in names)

    def cancel(self) -> None:
        """Cancel every statement that runs now."""
        with self._lock:
            running = list(self._running)
        for each in running:
            each.cancel()

    def close(self) -> None:
        """Cancel what runs and close the cluster's file; it may be opened again."""
        self.cancel()
        if not self._is_closed:
            self._is_closed = True
            self._cluster.close()

    def _parsed(self, text: str) -> tuple[ParsedStatement, ...]:
        key = (text, self.session.keeps_case)
        known = self._scripts.get(key)
        if known is None:
            known = tuple(parse(text, keep_case=self.session.keeps_case))
            self._scripts.put(key, known)
        return known

    def _run(self, statement: ParsedStatement, script: str, values: Mapping[str, Any]) -> Result:
        asked = {name: values[name] for name in statement.parameters if name in values}

        def call(cancellation: Cancellation) -> Result:
            query_id = next(self._ids)
            return self._commands.run(Call(statement, script, self.session, asked, cancellation, query_id, Stopwatch()))

        return self._interruptibly(call)

    def _interruptibly(self, call: Callable[[Cancellation], T]) -> T:
        cancellation = Cancellation()
        clock = Stopwatch()
        limit_ms = self.session.statement_timeout_ms

        def poll() -> None:
            if limit_ms and clock.ms > limit_ms:
                raise KitError(
                    "57014",
                    "Query cancelled: it ran longer than statement_timeout",
                    f"The limit is {limit_ms} ms; SET statement_timeout TO 0 lifts it.",
                )

        with self._lock:
            self._running.add(cancellation)
        try:
            return run_interruptibly(
                lambda: call(cancellation), cancel=cancellation.cancel, poll=poll, name="boathouse-leader"
            )
        finally:
            with self._lock:
                self._running.discard(cancellation)


__all__ = ["Warehouse", "WarehouseStats"]
