"""Handles on executions: to wait for one, to stop it, to take its result."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kit.athena.execution import Execution, State
from kit.base.clock import Stopwatch
from kit.base.errors import KitError
from kit.base.ids import QueryId
from kit.base.result import Result

if TYPE_CHECKING:
    from kit.athena.executing import Run
    from kit.athena.service import Athena

_ASK_SECONDS = 0.05


class Background:
    """An execution on a thread of its own."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._go, name="boathouse-athena", daemon=True)
        self.thread.start()

    def _go(self) -> None:
        try:
            self._run.leave_queue()
            self.result = self._run.answer()
        except BaseException as error:
            self.error = error


class QueryExecution:
    """One execution: its record, and where this process started it, its result."""

    def __init__(self, athena: Athena, query_id: QueryId, background: Background | None) -> None:
        self.id = query_id
        self._athena = athena
        self._background = background

    @property
    def record(self) -> Execution:
        """What is known now."""
        return self._athena.record(self.id)

    @property
    def state(self) -> State:
        return self.record.state

    @property
    def reason(self) -> str:
        """Why it is in that state: Athena's StateChangeReason."""
        return self.record.reason

    def cancel(self) -> None:
        """Stop it; nothing where it is over."""
        self._athena.cancel(self.id)

    def wait(self, timeout_seconds: float | None = None) -> Execution:
        """Wait until it is over, or so long; the record as it then is."""
        if self._background is not None:
            self._background.thread.join(timeout_seconds)
            return self.record
        watch, pause = Stopwatch(), threading.Event()
        while not (record := self.record).is_over:
            if timeout_seconds is not None and watch.ms >= timeout_seconds * 1000:
                break
            pause.wait(_ASK_SECONDS)
        return record

    def result(self) -> Result:
        """Wait for the answer. Raises what the statement raised, and `NO_RESULT` where it was started elsewhere."""
        if self._background is None:
            raise KitError(
                "NO_RESULT",
                f"The result of {self.id} is not held here.",
                "start() gives handles with results; a workgroup's output location keeps them for everybody.",
            )
        self._background.thread.join()
        if self._background.error is not None:
            raise self._background.error
        assert self._background.result is not None
        return self._background.result

    def __repr__(self) -> str:
        return f"QueryExecution({self.id!r}, {self.state})"
