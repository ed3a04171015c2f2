"""The owner's side of a cluster: its file, its sessions, and the door for other processes.

One in a process for each cluster, whoever has opened it. Other processes are served from when it is opened until it is
closed; each of them has a session like those of this process.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kit.base.clock import Clock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.progress import Progress
from kit.base.result import Result
from kit.base.settings import Settings
from kit.storage import Storage
from kit.warehouse.catalog import TEMPORARY
from kit.warehouse.client import Client, Scripts
from kit.warehouse.cluster import Cluster, open_cluster
from kit.warehouse.commands import Commands
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.query import Queries
from kit.warehouse.session import Session

# What the owner holds of an answer to another process; the rest stays with the engine until it is asked for.
GUEST_RESULT_BYTES: Final = 4 << 20

_OPENING = threading.Lock()
_OPEN: weakref.WeakValueDictionary[Path, Engine] = weakref.WeakValueDictionary()


def open_engine(folder: Path, *, storage: Storage, clock: Clock, entropy: Entropy, settings: Settings) -> Engine:
    """The engine of the cluster in a folder; every opening is to be closed. Raises `Taken` where another owns it."""
    with _OPENING:
        cluster = open_cluster(folder, clock=clock, settings=settings)
        engine = _OPEN.get(folder)
        if engine is None or engine.cluster is not cluster:
            engine = _OPEN[folder] = Engine(cluster, storage)
            found = weakref.ref(engine)
            # The door must not keep what is behind it: a workspace that nobody holds any more is closed.
            cluster.owner.serve(lambda: _guest(found), clock=clock, entropy=entropy)
        return engine


def _forsake() -> None:
    """In a forked child: the parent's engines are not to be used, nor to be closed; what it opens it opens anew."""
    _OPEN.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forsake)


class Engine:
    """What all sessions of a cluster share: the cluster, compiled plans, parsed scripts."""

    def __init__(self, cluster: Cluster, storage: Storage) -> None:
        self.cluster = cluster
        self.queries = Queries(cluster)
        self.scripts = Scripts()
        self._commands = Commands(cluster, self.queries, storage)
        self._lock = threading.Lock()
        self._clients: list[Client] = []

    def connect(self, values: Mapping[str, str], result_bytes: int = 0) -> Client:
        """A session with these settings. `result_bytes` is what it holds of an answer; 0 is the cluster's setting."""
        with self._lock:
            self._clients = [each for each in self._clients if not each.is_closed]
            pid = self.cluster.new_pid()
            taken = {each.session.temporary for each in self._clients}
            temporary = f"{TEMPORARY}_{pid}" if TEMPORARY in taken else TEMPORARY
            session = Session(dict(values), pid=pid, temporary=temporary, result_bytes=result_bytes)
            client = Client(self.cluster, self._commands, self.scripts, session)
            self._clients.append(client)
            return client

    def close(self) -> None:
        """Close one opening; with the last, other processes are parted with and the file is closed."""
        self.cluster.close()


class Guest:
    """The session of a client in another process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._client = engine.connect({}, GUEST_RESULT_BYTES)

    def perform(
        self, operation: str, arguments: Mapping[str, Any], cancellation: Cancellation, progress: Progress
    ) -> Result | Mapping[str, Any]:
        """Run one of the operations that a client asks for. Settings that it has changed come with the call."""
        if "settings" in arguments:
            self._client.session.values = dict(arguments["settings"])
        match operation:
            case "sql":
                return self._client.sql(arguments["text"], arguments["params"], progress, cancellation)
            case "cluster":
                return {"value": self._client.cluster(arguments["nodes"], arguments["slices_per_node"], cancellation)}
            case "design":
                return {"value": self._client.design(arguments["table"])}
            case "tables":
                return {"value": self._client.tables()}
            case _:
                raise KitError("0A000", f"The owner of the warehouse knows no operation '{operation}'.")

    def state(self) -> Mapping[str, Any]:
        session = self._client.session
        return {
            "pid": session.pid,
            "settings": dict(session.values),
            "in_transaction": self._client.in_transaction,
            "has_temporary": self._client.has_temporary,
        }

    def close(self) -> None:
        self._client.close()


def _guest(found: weakref.ref[Engine]) -> Guest:
    engine = found()
    if engine is None:
        raise KitError("57P01", "The owner of the warehouse is closing it.")
    return Guest(engine)
