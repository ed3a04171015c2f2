"""The history of query executions, shared by all processes of a workspace, bounded in number and age.

An execution whose process has died is not left RUNNING: whoever reads it finds it FAILED.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from kit.athena.execution import TRANSITIONS, Execution, check_transition
from kit.athena.store import Store
from kit.base.clock import Clock, instant
from kit.base.errors import KitError
from kit.base.ids import QueryId

MAX_EXECUTIONS = 10_000
MAX_AGE_NS = 45 * 24 * 3600 * 1_000_000_000
_TRIM_EVERY = 100
_COLUMNS = "id, workgroup, state, session, submitted_ns, completed_ns, body"
_IN_COLUMNS = {"id", "workgroup", "state", "session", "submitted", "completed"}
_IN_BODY = [field.name for field in fields(Execution) if field.name not in _IN_COLUMNS]
_ORPHANED = "The process that ran the query has ended."


class History:
    """`is_alive` tells whether the process of a session still runs."""

    def __init__(self, store: Store, clock: Clock, is_alive: Callable[[str], bool]) -> None:
        self._store = store
        self._clock = clock
        self._is_alive = is_alive
        self._added = 0

    def add(self, execution: Execution, now_ns: int) -> None:
        with self._store.writing() as connection:
            connection.execute(
                f"INSERT INTO execution ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, NULL, ?)",
                (execution.id, execution.workgroup, execution.state, execution.session, now_ns, _body(execution)),
            )
            self._added += 1
            if self._added % _TRIM_EVERY == 1:
                _trim(connection, now_ns)

    def change(self, execution: Execution, now_ns: int) -> Execution:
        """Write a new state, and what came with it; as it is kept, with its completion time if it is over."""
        completed_ns = now_ns if execution.is_over else None
        with self._store.writing() as connection:
            row = connection.execute("SELECT state FROM execution WHERE id = ?", (execution.id,)).fetchone()
            if row is not None:
                check_transition(row[0], execution.state)
            connection.execute(
                "UPDATE execution SET state = ?, completed_ns = ?, body = ? WHERE id = ?",
                (execution.state, completed_ns, _body(execution), execution.id),
            )
        return replace(execution, completed=None if completed_ns is None else instant(completed_ns))

    def get(self, query_id: str) -> Execution:
        """Raises `InvalidRequestException`."""
        with self._store.reading() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM execution WHERE id = ?", (query_id,)).fetchone()
        if row is None:
            raise KitError(
                "InvalidRequestException", f"QueryExecution {query_id} was not found", "executions() lists them."
            )
        return self._settled(_execution(row))

    def recent(self, limit: int, workgroup: str | None) -> list[Execution]:
        """The last ones, newest first."""
        condition, values = ("WHERE workgroup = ? ", (workgroup,)) if workgroup is not None else ("", ())
        with self._store.reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM execution {condition}ORDER BY sequence DESC LIMIT ?", (*values, limit)
            ).fetchall()
        return [self._settled(_execution(row)) for row in rows]

    def request_cancel(self, query_id: str) -> None:
        """Ask the process that runs it to stop; nothing where it is over."""
        with self._store.writing() as connection:
            connection.execute("UPDATE execution SET cancel_requested = 1 WHERE id = ?", (query_id,))

    def is_cancel_requested(self, query_id: str) -> bool:
        with self._store.reading() as connection:
            row = connection.execute("SELECT cancel_requested FROM execution WHERE id = ?", (query_id,)).fetchone()
        return row is not None and bool(row[0])

    def _settled(self, execution: Execution) -> Execution:
        if execution.is_over or self._is_alive(execution.session):
            return execution
        failed = replace(execution, state="FAILED", reason=_ORPHANED)
        try:
            return self.change(failed, self._clock.now_ns())
        except KitError:
            return self.get(execution.id)  # another reader was first


def _trim(connection: Any, now_ns: int) -> None:
    over = ", ".join(f"'{state}'" for state, after in TRANSITIONS.items() if not after)
    connection.execute(
        f"DELETE FROM execution WHERE state IN ({over}) AND (submitted_ns < ? OR sequence <= "
        "(SELECT max(sequence) FROM execution) - ?)",
        (now_ns - MAX_AGE_NS, MAX_EXECUTIONS),
    )


def _body(execution: Execution) -> str:
    return json.dumps({name: getattr(execution, name) for name in _IN_BODY}, separators=(",", ":"))


def _execution(row: tuple[Any, ...]) -> Execution:
    query_id, workgroup, state, session, submitted_ns, completed_ns, body = row
    return Execution(
        id=QueryId(query_id),
        workgroup=workgroup,
        state=state,
        session=session,
        submitted=instant(submitted_ns),
        completed=None if completed_ns is None else instant(completed_ns),
        **json.loads(body),
    )
