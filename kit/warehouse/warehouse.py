"""The warehouse as its users see it: SQL in, a `Result` out; more sessions beside the first; a cluster to be reshaped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kit.base.clock import Clock
from kit.base.ids import Entropy
from kit.base.result import Result
from kit.base.settings import Settings
from kit.sql.redshift.statements import ParsedStatement, TableName
from kit.storage import Storage
from kit.warehouse.catalog import TEMPORARY
from kit.warehouse.client import Client, Scripts
from kit.warehouse.cluster import open_cluster
from kit.warehouse.commands import Commands
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.manage.design import TableDesign, design_of
from kit.warehouse.manage.shape import ClusterInfo, described, reshape
from kit.warehouse.plan.facts import Shape
from kit.warehouse.query import Queries
from kit.warehouse.session import Session
from kit.warehouse.stats import WarehouseStats

DEFAULT_CLUSTER = "default"


class Warehouse:
    """A leader and its slices in one folder. Its own calls share one session; `connect` opens others."""

    def __init__(self, folder: Path, *, storage: Storage, clock: Clock, entropy: Entropy, settings: Settings) -> None:
        del entropy
        self.settings = settings
        self._cluster = open_cluster(folder / DEFAULT_CLUSTER, clock=clock, settings=settings)
        self._queries = Queries(self._cluster)
        self._commands = Commands(self._cluster, self._queries, storage)
        self._scripts = Scripts()
        self._clients: list[Client] = []
        self._client = self.connect()
        self._is_closed = False

    @property
    def session(self) -> Session:
        """The settings and the open block of the warehouse's own session."""
        return self._client.session

    def connect(self) -> Client:
        """Another session of the same cluster, with its own transactions, settings and temporary tables; close it."""
        pid = self._cluster.new_pid()
        temporary = TEMPORARY if not self._clients else f"{TEMPORARY}_{pid}"
        client = Client(self._cluster, self._commands, self._scripts, Session(pid=pid, temporary=temporary))
        self._clients = [each for each in self._clients if not each.is_closed]
        self._clients.append(client)
        return client

    def sql(self, text: str, params: Mapping[str, Any] | None = None) -> Result:
        """Run a script of one or more statements; the answer is that of the last.

        `params` are values for `:name` in the text. A statement that fails ends the script; what ran before it stays,
        unless it was in the same transaction block, which then waits for its ROLLBACK.
        """
        return self._client.sql(text, params)

    def cluster(self, nodes: int | None = None, slices_per_node: int | None = None) -> ClusterInfo:
        """The cluster's shape and what its slices hold; with arguments, changed first, which moves every row."""
        if nodes is not None or slices_per_node is not None:
            old = self._cluster.shape
            wanted = Shape(nodes or old.nodes, slices_per_node or old.slices_per_node)

            def change(cancellation: Cancellation) -> None:
                reshape(self._cluster, wanted, cancellation)

            self._client.interruptibly(change)
        return described(self._cluster)

    def design(self, table: str) -> TableDesign:
        """Rows, skew, order and size of a table, slice by slice; `table` may be `schema.table`."""
        schema, _, name = table.rpartition(".")
        found = self._client.catalog.table_named(TableName(name, schema or None), self.session.path)
        return design_of(found, self._cluster.shape)

    def tables(self) -> list[str]:
        """Tables and views that a query can name, those outside of the search path with their schema."""
        path = self.session.path
        names = self._client.catalog.relations
        return sorted(name if schema in path else f"{schema}.{name}" for schema, name in names)

    def cancel(self) -> None:
        """Cancel every statement that runs now, in whichever session."""
        for client in list(self._clients):
            client.cancel()

    def close(self) -> None:
        """End every session, which rolls back what is open, and close the cluster's file; it may be opened again."""
        if self._is_closed:
            return
        self._is_closed = True
        for client in list(self._clients):
            client.close()
        self._cluster.close()

    def _parsed(self, text: str) -> tuple[ParsedStatement, ...]:
        return self._scripts.parsed(text, keep_case=self.session.keeps_case)


__all__ = ["Client", "Warehouse", "WarehouseStats"]
