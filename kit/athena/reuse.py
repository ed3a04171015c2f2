"""Results that are kept to be given again: those of queries that asked for reuse, as Arrow files in Athena's folder.

A result is reused by workgroup, database, text and parameters, as long as it is not older than asked for; nobody looks
whether the data have changed, as Athena does not. Differs: Athena can reuse the result of any query; only those of
queries that allowed reuse are kept here.

Source: Amazon Athena User Guide, Reuse query results in Athena; read 2026-11.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.base.clock import Clock, instant, now
from kit.base.errors import KitError
from kit.base.ids import QueryId

if TYPE_CHECKING:
    import pyarrow as pa

MAX_MINUTES = 7 * 24 * 60
MAX_KEPT_BYTES = 1 << 30
_SUFFIX = ".arrow"


@dataclass(frozen=True, slots=True)
class Reused:
    query_id: QueryId
    made: datetime
    table: pa.Table


def reuse_key(
    workgroup: str, database: str, text: str, parameters: Mapping[str, Any], positional: Sequence[Any]
) -> str:
    """Equal for queries that Athena takes for the same."""
    named = sorted((name, type(value).__name__, repr(value)) for name, value in parameters.items())
    listed = [(type(value).__name__, repr(value)) for value in positional]
    return hashlib.sha256(repr((workgroup, database, text.strip(), named, listed)).encode()).hexdigest()


def check_minutes(minutes: int) -> None:
    if not 0 <= minutes <= MAX_MINUTES:
        raise KitError(
            "InvalidRequestException",
            f"MaxAgeInMinutes of {minutes} is not valid.",
            f"From 0 to {MAX_MINUTES:,} (7 days).",
        )


class ReusableResults:
    """The files in `folder`, shared by all processes; each is complete or not there."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def find(self, key: str, minutes: int) -> Reused | None:
        """A result of that key that is at most so old."""
        import pyarrow as pa

        path = self._folder / (key + _SUFFIX)
        try:
            with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as reader:
                metadata = reader.schema.metadata or {}
                made = instant(int(metadata[b"boathouse.made_ns"]))
                if now(self._clock) - made > timedelta(minutes=minutes):
                    return None
                query_id = QueryId(metadata[b"boathouse.query"].decode())
                return Reused(query_id, made, reader.read_all().replace_schema_metadata(None))
        except (OSError, pa.ArrowInvalid, KeyError):
            return None  # not there, or of another version: the query runs

    def keep(self, key: str, query_id: QueryId, table: pa.Table) -> None:
        """Keep a result that is held as a whole, and let the oldest go where too much is kept."""
        import pyarrow as pa

        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = {b"boathouse.made_ns": str(self._clock.now_ns()).encode(), b"boathouse.query": query_id.encode()}
        staged = self._folder / f"{query_id}.tmp"
        try:
            with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
                marked = table.replace_schema_metadata(made)
                with pa.ipc.new_file(opened, marked.schema) as writer:
                    writer.write_table(marked)
            staged.replace(self._folder / (key + _SUFFIX))
        finally:
            staged.unlink(missing_ok=True)
        self._trim()

    def _trim(self) -> None:
        kept: list[tuple[float, int, Path]] = []
        for path in self._folder.glob(f"*{_SUFFIX}"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            kept.append((status.st_mtime, status.st_size, path))
        size_bytes = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept)[:-1]:
            if size_bytes <= MAX_KEPT_BYTES:
                return
            path.unlink(missing_ok=True)
            size_bytes -= size
