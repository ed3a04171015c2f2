"""What a chart can be fed from: whatever can say which rows lie behind a position.

Owns the protocol and its one implementation here, a stream of the workspace. Knows no chart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from kit.base.clock import Clock, now_ms
from kit.streams import Stream
from kit.streams.scan import SCHEMA
from kit.streams.tables import fields
from kit.streams.tail import Position
from kit.streams.tail import tail as tail_of

DATA = "data"
ARRIVAL = "arrival_time"
LOG_COLUMNS = tuple(SCHEMA.names)
SAMPLE_RECORDS = 100


@dataclass(frozen=True, slots=True)
class Tailed:
    """Rows behind a position, as Arrow record batches, and the position behind them.

    `counts` are the rows by part (a shard), where there are parts. `behind_ms` is how long the oldest of the rows has
    waited. Where there is more than one answer should hold, `is_whole` is false and one asks again at once.
    """

    batches: Iterable[Any]
    position: Any
    counts: Mapping[str, int] = field(default_factory=dict)
    behind_ms: int = 0
    is_whole: bool = True


class Tail(Protocol):
    """A source of rows that grows at its end. Called from one thread at a time."""

    @property
    def name(self) -> str: ...

    @property
    def clock(self) -> Clock:
        """The clock that stamps the rows."""
        ...

    def tail(self, since: Any, columns: Sequence[str]) -> Tailed:
        """What arrived from a time on, where `since` is a datetime, else behind the position of an earlier answer.

        `batches` hold the named columns that there are, or a column `data` of JSON documents that have them as fields.
        Nothing has to be read before `batches` is iterated.
        """
        ...

    def kinds(self) -> Mapping[str, str]:
        """Columns with their Hive types, as far as known; says nothing about others."""
        ...


class StreamTail:
    """A stream: the columns of the log, and the fields of its records' JSON."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.name = stream.name
        self.clock = stream.clock

    def tail(self, since: Position | datetime, columns: Sequence[str]) -> Tailed:
        wanted = [name for name in columns if name in LOG_COLUMNS]
        if len(wanted) < len(columns):
            wanted.append(DATA)
        piece = tail_of(self._stream, since, now_ms(self.clock), wanted or [ARRIVAL])
        counts = {str(shard): count for shard, count in piece.counts.items()}
        return Tailed(piece.batches, piece.position, counts, piece.behind_ms, piece.is_whole)

    def kinds(self) -> dict[str, str]:
        """Of the columns of the log, and of the fields that the oldest records have."""
        found = {"partition_key": "string", "shard_id": "string", "sequence_number": "string", ARRIVAL: "timestamp"}
        documents: list[bytes] = []
        for batch in self._stream.batches(columns=[DATA]):
            documents += batch.column(0).slice(0, SAMPLE_RECORDS - len(documents)).to_pylist()
            if len(documents) >= SAMPLE_RECORDS:
                break
        return found | {column.json_key: column.type for column in fields(documents) if column.json_key}
