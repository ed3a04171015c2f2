"""A session of a cluster that another process owns: the same calls, the same answers, the same errors.

It keeps what it would need to begin anew: its settings. When the owner goes, the next call finds another one, or makes
this process the owner; from then on the session is an ordinary one of this process. What a call that was under way may
do then is decided in `sharing/recovery.py`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.progress import Progress
from kit.base.result import Result, drain
from kit.base.settings import Settings
from kit.sql.parameters import placeholders
from kit.warehouse.access import Access
from kit.warehouse.client import Client, Scripts
from kit.warehouse.engine import Engine
from kit.warehouse.manage.design import TableDesign
from kit.warehouse.manage.shape import ClusterInfo
from kit.warehouse.session import Session
from kit.warehouse.sharing.frames import ConnectionLost
from kit.warehouse.sharing.link import Link, Reply
from kit.warehouse.sharing.recovery import Interrupted, after_loss, rows_lost

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call that can be made of either kind of owner. `text` is its script, empty where it has none."""

    operation: str
    arguments: Mapping[str, Any]
    here: Callable[[Client], Any]
    text: str = ""
    progress: Progress | None = None


class RemoteClient:
    """A session of another process's cluster. Threads may share it."""

    def __init__(self, access: Access, link: Link, settings: Settings) -> None:
        self._access = access
        self._settings = settings
        self._lock = threading.Lock()
        self._reached: Link | Client = link
        self._session = Session()
        self._sent: Mapping[str, str] = {}
        self._is_closed = False

    @property
    def session(self) -> Session:
        """Its settings; the block is the owner's, see `in_transaction`."""
        return self._reached.session if isinstance(self._reached, Client) else self._session

    @property
    def pid(self) -> int:
        return self.session.pid

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    @property
    def in_transaction(self) -> bool:
        """Whether a block is open, or has failed and waits for its ROLLBACK."""
        reached = self._reached
        if isinstance(reached, Client):
            return reached.in_transaction
        return not reached.is_lost and bool(reached.state.get("in_transaction"))

    @property
    def owner(self) -> int:
        """The process that owns the cluster, as far as this session knows."""
        return self._reached.owner.pid if isinstance(self._reached, Link) else os.getpid()

    def sql(self, text: str, params: Mapping[str, Any] | None = None, progress: Progress | None = None) -> Result:
        """Run a script of one or more statements; the answer is that of the last. See `Client.sql`."""
        given = params or {}
        asked = {each.name: given[each.name] for each in placeholders(text) if each.name in given}
        call = _Asked(
            "sql", {"text": text, "params": asked}, lambda client: client.sql(text, params, progress), text, progress
        )
        result: Result = self._call(call)
        return result

    def cluster(self, nodes: int | None = None, slices_per_node: int | None = None) -> ClusterInfo:
        """The cluster's shape; with arguments, changed first. See `Client.cluster`."""
        arguments = {"nodes": nodes, "slices_per_node": slices_per_node}
        info: ClusterInfo = self._call(
            _Asked("cluster", arguments, lambda client: client.cluster(nodes, slices_per_node))
        )
        return info

    def design(self, table: str) -> TableDesign:
        """A table's rows, skew, order and size. See `Client.design`."""
        found: TableDesign = self._call(_Asked("design", {"table": table}, lambda client: client.design(table)))
        return found

    def tables(self) -> list[str]:
        """Tables and views that a query can name. See `Client.tables`."""
        names: list[str] = self._call(_Asked("tables", {}, lambda client: client.tables()))
        return names

    def cancel(self) -> None:
        """Cancel every statement of the session that runs now. Any thread may ask for it."""
        try:
            self._reached.cancel()
        except ConnectionLost:
            # What ran there runs no more.
            return

    def close(self) -> None:
        """Cancel what runs, roll back what is open, drop the temporary tables. A second call does nothing."""
        with self._lock:
            self._is_closed = True
            self._reached.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, call: _Asked) -> Any:
        repeats = 0
        while True:
            reached = self._reach()
            if isinstance(reached, Client):
                return call.here(reached)
            before = reached.state
            try:
                return self._ask(reached, call)
            except ConnectionLost:
                reached.state = {}  # told of here, and not again by the next call
                error = after_loss(self._interrupted(reached, before, call, repeats))
                if error is not None:
                    raise error from None
                repeats += 1

    def _reach(self) -> Link | Client:
        """Whoever owns the cluster now. A block or temporary tables that went with the last owner are told of once."""
        with self._lock:
            if self._is_closed:
                raise KitError("08003", "connection does not exist", "The session is closed: connect again.")
            reached = self._reached
            if isinstance(reached, Client) or not reached.is_lost:
                return reached
            found = self._access.reach()
            if isinstance(found, Engine):
                self._reached = found.connect(self._session.values)
            else:
                self._reached = found
                self._sent = dict[str, str]()
            error = after_loss(_idle(reached))
            if error is not None:
                raise error
            return self._reached

    def _ask(self, link: Link, call: _Asked) -> Any:
        watch = Stopwatch()
        arguments = dict(call.arguments)
        settings = dict(self._session.values)
        if settings != self._sent:
            arguments["settings"] = settings
        try:
            reply = link.ask(call.operation, arguments, call.progress)
        finally:
            self._learn(link)
        if "stats" in reply.told:
            return self._result(link, reply, watch)
        return reply.told["value"]["value"]

    def _learn(self, link: Link) -> None:
        """Take over what the owner says of the session."""
        if "settings" in link.state:
            self._sent = link.state["settings"]
            self._session.values = dict(self._sent)
            self._session.pid = int(link.state["pid"])

    def _result(self, link: Link, reply: Reply, watch: Stopwatch) -> Result:
        stats, page_rows = reply.told["stats"], reply.told["page_rows"]
        if reply.batches is None or reply.schema is None:
            return Result.of_message(reply.told["message"], stats=stats)
        if reply.is_whole:
            return Result(reply.schema, list(reply.batches), stats=stats, page_rows=page_rows)
        held, rest = drain(reply.batches, self._settings.result_bytes)
        if rest is None:
            stats = replace(stats, ms=watch.ms, rows=sum(batch.num_rows for batch in held))
            return Result(reply.schema, held, stats=stats, page_rows=page_rows)
        return Result(
            reply.schema,
            held,
            stats=stats,
            rest=_rest(rest, link.owner.pid),
            close=lambda: link.drop_now(reply.call),
            page_rows=page_rows,
        )

    def _interrupted(self, link: Link, before: Mapping[str, Any], call: _Asked, repeats: int) -> Interrupted:
        in_transaction = bool(before.get("in_transaction"))
        may_commit = _may_commit(call, in_transaction=in_transaction, keep_case=self._session.keeps_case)
        return Interrupted(link.owner.pid, may_commit, in_transaction, bool(before.get("has_temporary")), repeats)


def _idle(link: Link) -> Interrupted:
    """What a session had open between two calls when its owner went."""
    state = link.state
    return Interrupted(
        link.owner.pid,
        may_commit=False,
        in_transaction=bool(state.get("in_transaction")),
        has_temporary=bool(state.get("has_temporary")),
    )


def _rest(batches: Iterator[pa.RecordBatch], owner: int) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except ConnectionLost:
        raise rows_lost(owner) from None


def _may_commit(call: _Asked, *, in_transaction: bool, keep_case: bool) -> bool:
    """Whether the call may have made something last before its owner went."""
    from kit.sql.redshift import statements as s

    if call.operation == "cluster":
        return any(value is not None for value in call.arguments.values())
    if not call.text:
        return False
    try:
        parsed = [each.statement for each in Scripts().parsed(call.text, keep_case=keep_case)]
    except KitError:
        return False
    if in_transaction:
        return any(isinstance(each, s.Commit | s.Truncate) for each in parsed)
    reads = (s.Explain, s.Show, s.ShowObject, s.ShowList, s.Set, s.Reset, s.Begin, s.Rollback, s.Accepted)
    return not all(isinstance(each, reads) or (isinstance(each, s.Query) and each.into is None) for each in parsed)
