"""The agent at work: looks at the files of its flows, reads on, sends records, and remembers how far it is.

Checkpoints move behind records that have been acknowledged, so that a kill repeats some and loses none. One process
runs an agent of a name; another one takes over when it is gone.

Faults that it must survive: files rotated by renaming or by copying and truncating, also while nobody looked; a target
that refuses; records that have not the form that was told; files that cannot be read.
"""

from __future__ import annotations

import glob
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from filelock import FileLock, Timeout

from kit.base.backoff import Backoff
from kit.base.clock import Clock, now_ms
from kit.base.closing import close_behind
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.delivery.agent.checkpoints import Checkpoints
from kit.delivery.agent.flow import RECORD_BYTES, Flow, invalid
from kit.delivery.agent.parsing import Cut, records, shortened
from kit.delivery.agent.processing import applied
from kit.delivery.agent.tail import FINGERPRINT_BYTES, Identity, Reading, Seen, readings

if TYPE_CHECKING:
    from types import TracebackType

Send: TypeAlias = Callable[[Sequence[bytes]], list[str | None]]
"""Sends up to 500 records of 4 MiB; for each, nothing where it is acknowledged, else why not. May raise `KitError`."""

_LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.1
JOIN_SECONDS = 30.0
CHUNK_BYTES = 8 << 20
SENDINGS = 5
BACKOFF = Backoff(base_ms=200.0, cap_ms=30_000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMetrics:
    """What an agent has done since it was made. `unprocessed` records had not the form that was told, and were sent as
    they are; `shortened` ones were too large. `error` is that of the last look, if it failed."""

    files: int
    records: int
    bytes: int
    unprocessed: int
    shortened: int
    failures: int
    error: str


class Agent:
    """Tails files: in the background, or step by step. Made by `ws.delivery.agent`."""

    def __init__(
        self, name: str, flows: Sequence[tuple[Flow, Send]], folder: Path, *, clock: Clock, entropy: Entropy
    ) -> None:
        if not flows:
            raise invalid("An agent needs a flow.", "ws.delivery.agent(filePattern=…, deliveryStream=…)")
        self.name = name
        self._flows = flows
        self._clock = clock
        self._entropy = entropy
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._checkpoints = Checkpoints(folder / f"{name}.sqlite")
        self._lock = FileLock(folder / f"{name}.lock", mode=0o600, thread_local=False)
        self._mutex = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._counts: Counter[str] = Counter()
        self._looks: Counter[Identity] = Counter()
        self._files: dict[str, set[Identity]] = {}
        self._begun: set[str] = set()
        self._retry: tuple[int, float] | None = None
        self._failures = 0
        self._error = ""
        self._is_open = True

    @property
    def is_running(self) -> bool:
        """Whether it tails in the background."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def metrics(self) -> AgentMetrics:
        counts = self._counts
        return AgentMetrics(
            files=sum(map(len, self._files.values())),
            records=counts["records"],
            bytes=counts["bytes"],
            unprocessed=counts["unprocessed"],
            shortened=counts["shortened"],
            failures=counts["failures"],
            error=self._error,
        )

    def start(self) -> None:
        """Tail in the background."""
        if not self.is_running:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name=f"boathouse-agent-{self.name}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the background work; a later start reads on."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_SECONDS)

    def step(self) -> int:
        """Send what is new in all files, once; how many records. Raises what that fails of.

        Does nothing where another process runs the agent.
        """
        with self._mutex:
            if not self._lock.is_locked:
                try:
                    self._lock.acquire(timeout=0)
                except Timeout:
                    return 0
            try:
                sent = sum(self._look(flow, send) for flow, send in self._flows)
            except Exception as error:
                self._error = str(error).splitlines()[0]
                self._counts["failures"] += 1
                raise
            self._error = ""
            return sent

    def close(self) -> None:
        """Stop, and let go of the checkpoints."""
        self.stop()
        with self._mutex:
            if self._is_open:
                self._is_open = False
                if self._lock.is_locked:
                    self._lock.release()
                self._checkpoints.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close_behind(error, self.close, f"The agent '{self.name}'")

    def __repr__(self) -> str:
        state = "running" if self.is_running else "idle" if self._is_open else "closed"
        return f"<Agent {self.name!r}: {state}, {self._counts['records']:,} records>"

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._is_resting():
                self._stopping.wait(POLL_SECONDS)
                continue
            try:
                sent = self.step()
            except Exception as error:
                self._failures += 1
                self._retry = (now_ms(self._clock), BACKOFF.delay_ms(self._failures, self._entropy))
                if self._failures == 1:
                    _LOG.error("The agent '%s' cannot go on, and tries again.", self.name, exc_info=error)
                continue
            self._failures, self._retry = 0, None
            if not sent:
                # A real wait, even under a moved clock: a thread that slept on that clock would move it for everybody.
                self._stopping.wait(POLL_SECONDS)

    def _is_resting(self) -> bool:
        if self._retry is None:
            return False
        failed_ms, delay_ms = self._retry
        return 0 <= now_ms(self._clock) - failed_ms < delay_ms

    def _look(self, flow: Flow, send: Send) -> int:
        """One look at a flow's files."""
        key = f"{flow.pattern}\n{flow.target}"
        marks = self._checkpoints.of(key)
        seen = list(_seen(flow.pattern, {identity: mark.path for identity, mark in marks.items()}))
        is_first = not marks and key not in self._begun
        wanted = readings(
            seen, marks, is_first_look=is_first, from_start=flow.from_start, looks=self._looks.__getitem__
        )
        self._begun.add(key)
        self._looks.update({each.identity for each in seen} - {reading.seen.identity for reading in wanted})
        self._files[key] = {each.identity for each in seen}
        sent = 0
        for reading in wanted:
            if reading.seen.identity not in marks or marks[reading.seen.identity].offset > reading.offset:
                self._checkpoints.put(key, [reading.seen.mark(reading.offset)])
            sent += self._read_on(key, flow, send, reading)
        for identity in marks.keys() - self._files[key]:
            self._checkpoints.forget(key, identity)
        return sent

    def _read_on(self, key: str, flow: Flow, send: Send, reading: Reading) -> int:
        """Send what stands behind the offset, chunk by chunk."""
        sent, offset = 0, reading.offset
        with Path(reading.seen.path).open("rb") as opened:
            if _identity(os.fstat(opened.fileno())) != reading.seen.identity:
                return 0  # rotated since it was looked at
            skipped = _header_bytes(opened.read(CHUNK_BYTES), flow.skip_header_lines) if offset == 0 else 0
            if skipped is None:
                return 0
            offset += skipped
            while not self._stopping.is_set() or not self._thread:
                opened.seek(offset)
                content = opened.read(CHUNK_BYTES)
                is_rest = len(content) < CHUNK_BYTES
                cuts = records(content, flow.record_start, at_end=is_rest and reading.at_end)
                if not cuts and not is_rest:
                    cuts = [Cut(content, len(content))]  # one record larger than anything that can be sent
                if not cuts:
                    break
                for batch in self._batches(flow, cuts):
                    self._send(send, [data for data, _ in batch])
                    # The begin is read again: a fingerprint of few bytes would not tell a truncated file apart.
                    opened.seek(0)
                    seen = replace(reading.seen, head=opened.read(FINGERPRINT_BYTES))
                    self._checkpoints.put(key, [seen.mark(offset + batch[-1][1])])
                    sent += len(batch)
                offset += cuts[-1].end
                if is_rest:
                    break
        return sent

    def _batches(self, flow: Flow, cuts: Sequence[Cut]) -> Iterator[list[tuple[bytes, int]]]:
        """Records as they are sent, with the offsets behind them."""
        batch: list[tuple[bytes, int]] = []
        size = 0
        for cut in cuts:
            data = self._processed(flow, cut.data)
            if len(data) > RECORD_BYTES:
                self._counts["shortened"] += 1
                data = shortened(data, RECORD_BYTES, flow.terminator.encode())
            if batch and (len(batch) >= flow.buffer_records or size + len(data) > flow.buffer_bytes):
                yield batch
                batch = []
                size = 0
            batch.append((data, cut.end))
            size += len(data)
        if batch:
            yield batch

    def _processed(self, flow: Flow, data: bytes) -> bytes:
        if not flow.steps:
            return data
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._counts["unprocessed"] += 1
            return data
        for step in flow.steps:
            made = applied(step, text)
            if made is None:
                self._counts["unprocessed"] += 1
                return data
            text = made
        return text.encode()

    def _send(self, send: Send, data: Sequence[bytes]) -> None:
        """Send records until all are acknowledged. Raises `KitError` where some are refused again and again."""
        rest = list(data)
        for attempt in range(1, SENDINGS + 1):
            reasons = send(rest)
            rest = [each for each, reason in zip(rest, reasons, strict=True) if reason is not None]
            if not rest:
                break
            if attempt == SENDINGS:
                told = next(reason for reason in reasons if reason is not None)
                raise KitError("ServiceUnavailableException", f"{len(rest):,} records are refused: {told}", "")
            self._stopping.wait(BACKOFF.delay_ms(attempt, self._entropy) / 1000)
        self._counts["records"] += len(data)
        self._counts["bytes"] += sum(map(len, data))


def _seen(pattern: str, known: dict[Identity, str]) -> Iterator[Seen]:
    """The regular files of the pattern, and those that were followed and have got a name that it does not match."""
    found: set[Identity] = set()
    for path in sorted(glob.glob(pattern)):  # noqa: PTH207 - patterns are whole paths
        seen = _look_at(path)
        if seen is not None and seen.identity not in found:
            found.add(seen.identity)
            yield seen
    for identity, path in known.items():
        if identity not in found:
            moved = _moved(identity, Path(path).parent)
            if moved is not None:
                yield moved


def _moved(identity: Identity, folder: Path) -> Seen | None:
    """The file of that identity in the folder, whatever its name is by now."""
    try:
        names = [entry.path for entry in os.scandir(folder) if entry.inode() == identity[1]]
    except OSError:
        return None
    for name in names:
        seen = _look_at(name)
        if seen is not None and seen.identity == identity:
            return seen
    return None


def _look_at(path: str) -> Seen | None:
    """The file, or None where it is gone or not a regular one."""
    if not Path(path).is_file():
        return None
    try:
        with Path(path).open("rb") as opened:
            status = os.fstat(opened.fileno())
            return Seen(_identity(status), path, status.st_size, opened.read(FINGERPRINT_BYTES))
    except FileNotFoundError:
        return None


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _header_bytes(content: bytes, lines: int) -> int | None:
    """How long the header is; None where it is not complete."""
    position = 0
    for _ in range(lines):
        end = content.find(b"\n", position)
        if end < 0:
            return None
        position = end + 1
    return position
