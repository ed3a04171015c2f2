"""The warehouse as its users see it: SQL in, a `Result` out; more sessions beside the first; a cluster to be reshaped.

The cluster's file may be open in this process or in another of the user's: sessions are the same either way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from kit.base.clock import Clock
from kit.base.ids import Entropy
from kit.base.progress import Progress
from kit.base.result import Result
from kit.base.settings import Settings
from kit.sql.redshift.statements import ParsedStatement
from kit.storage import Storage
from kit.warehouse.access import Access
from kit.warehouse.client import Client
from kit.warehouse.cluster import Cluster
from kit.warehouse.engine import Engine, open_engine
from kit.warehouse.manage.design import TableDesign
from kit.warehouse.manage.shape import ClusterInfo
from kit.warehouse.naming import Names, of_catalog, of_rows
from kit.warehouse.query import Queries
from kit.warehouse.remote import RemoteClient
from kit.warehouse.session import Session
from kit.warehouse.stats import WarehouseStats

DEFAULT_CLUSTER = "default"
AnyClient: TypeAlias = Client | RemoteClient


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which process has the cluster's file open; `others` are the processes that reach it there, if it is this one."""

    pid: int
    is_here: bool
    others: int

    def __str__(self) -> str:
        if not self.is_here:
            return f"owned by process {self.pid}; this one asks it, and takes over when it ends"
        served = f", which serves {self.others} other{'s' if self.others > 1 else ''}" if self.others else ""
        return f"owned by this process ({self.pid}){served}"


class Warehouse:
    """A leader and its slices in one folder. Its own calls share one session; `connect` opens others."""

    def __init__(self, folder: Path, *, storage: Storage, clock: Clock, entropy: Entropy, settings: Settings) -> None:
        self.settings = settings
        cluster = folder / DEFAULT_CLUSTER
        self._access = Access(
            cluster,
            partial(open_engine, cluster, storage=storage, clock=clock, entropy=entropy, settings=settings),
            entropy,
        )
        self._clients: list[AnyClient] = []
        self._own = self.connect()
        self._pid = os.getpid()
        self._is_closed = False

    @property
    def session(self) -> Session:
        """The settings and the open block of the warehouse's own session."""
        return self._client.session

    def connect(self) -> AnyClient:
        """Another session of the same cluster, with its own transactions, settings and temporary tables; close it."""
        reached = self._access.reach()
        client: AnyClient
        if isinstance(reached, Engine):
            client = reached.connect({})
        else:
            client = RemoteClient(self._access, reached, self.settings)
        self._clients = [each for each in self._clients if not each.is_closed]
        self._clients.append(client)
        return client

    def sql(self, text: str, params: Mapping[str, Any] | None = None, progress: Progress | None = None) -> Result:
        """Run a script of one or more statements; the answer is that of the last.

        `params` are values for `:name` in the text. A statement that fails ends the script; what ran before it stays,
        unless it was in the same transaction block, which then waits for its ROLLBACK. `progress` is told on the
        caller's thread while it waits.
        """
        return self._client.sql(text, params, progress)

    def cluster(self, nodes: int | None = None, slices_per_node: int | None = None) -> ClusterInfo:
        """The cluster's shape and what its slices hold; with arguments, changed first, which moves every row."""
        return self._client.cluster(nodes, slices_per_node)

    def design(self, table: str) -> TableDesign:
        """Rows, skew, order and size of a table, slice by slice; `table` may be `schema.table`."""
        return self._client.design(table)

    def tables(self) -> list[str]:
        """Tables and views that a query can name, those outside of the search path with their schema."""
        return self._client.tables()

    def names(self) -> Names:
        """What can be named in a statement, for completion; asked of the owner where that is another process."""
        path = self.session.path
        if isinstance(self._client, Client):
            return of_catalog(self._client.catalog, path)
        # In a session of its own: completion is not what the user's session did last, nor in its transaction.
        with self.connect() as aside:
            asked = "SELECT table_schema, table_name, column_name, data_type FROM svv_columns ORDER BY ordinal_position"
            return of_rows(aside.sql(asked).rows, path)

    def ownership(self) -> Ownership:
        """Which process owns the cluster, as far as is known without asking."""
        engine = self._access.engine
        if engine is not None:
            server = engine.cluster.owner.server
            return Ownership(os.getpid(), is_here=True, others=server.clients if server is not None else 0)
        assert isinstance(self._client, RemoteClient)
        return Ownership(self._client.owner, is_here=False, others=0)

    def cancel(self) -> None:
        """Cancel every statement that runs now, in whichever session of this warehouse."""
        for client in list(self._clients):
            client.cancel()

    def close(self) -> None:
        """End every session, which rolls back what is open, and close the cluster's file; it may be opened again."""
        if self._is_closed:
            return
        self._is_closed = True
        for client in list(self._clients):
            client.close()
        self._access.close()

    @property
    def _client(self) -> AnyClient:
        """The warehouse's own session; in a forked child another than the parent's."""
        if self._pid != os.getpid():
            self._clients = []
            self._own = self.connect()
            self._pid = os.getpid()
        return self._own

    @property
    def _engine(self) -> Engine:
        engine = self._access.engine
        assert engine is not None, "another process owns the cluster"
        return engine

    @property
    def _cluster(self) -> Cluster:
        return self._engine.cluster

    @property
    def _queries(self) -> Queries:
        return self._engine.queries

    def _parsed(self, text: str) -> tuple[ParsedStatement, ...]:
        return self._engine.scripts.parsed(text, keep_case=self.session.keeps_case)


__all__ = ["Client", "Ownership", "Warehouse", "WarehouseStats"]
