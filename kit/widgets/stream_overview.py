"""Streams as results to look at: which there are, one stream's shards, its last records, who reads it.

Reads and changes nothing, past all limits. The figures are counts and settings, no times of execution.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow.compute

from kit.base import display
from kit.base.clock import now
from kit.base.result import Result
from kit.streams.applications import leases_of
from kit.streams.consume.checkpoint import After, AtTimestamp, Checkpoint, ShardEnd, TrimHorizon
from kit.streams.hashing import HASH_KEYS
from kit.widgets.overview import listing
from kit.workspace import Workspace

# Its functions are made when it is imported, out of sight of type checkers.
_compute: Any = pyarrow.compute

LOOK_BACK = (timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))


def streams(workspace: Workspace) -> Result:
    """The streams of the workspace, a row each."""
    rows: list[tuple[object, ...]] = []
    for name in workspace.streams:
        summary = workspace.streams[name].describe()
        rows.append(
            (
                name,
                summary["StreamStatus"],
                summary["OpenShardCount"],
                summary["StreamModeDetails"]["StreamMode"],
                summary["RetentionPeriodHours"],
            )
        )
    columns = {"stream": "string", "status": "string", "open shards": "int64", "mode": "string", "retention h": "int64"}
    return listing(columns, rows, [display.count(len(rows), "stream")])


def describe(workspace: Workspace, name: str) -> Result:
    """A stream's shards, a row each: their share of the hash keys, and what they hold.

    Raises `ResourceNotFoundException`.
    """
    stream = workspace.streams[name]
    summary = stream.describe()
    held = stream.table(columns=["shard_id", "arrival_time"])
    counted = held.group_by("shard_id").aggregate([("arrival_time", "count"), ("arrival_time", "max")])
    by_shard = {row["shard_id"]: row for row in counted.to_pylist()}
    rows: list[tuple[object, ...]] = []
    for shard in stream.shards():
        found = by_shard.get(shard.shard_id, {})
        share = (shard.ending_hash_key - shard.starting_hash_key + 1) / HASH_KEYS
        parents = ", ".join(filter(None, [shard.parent_id, shard.adjacent_parent_id]))
        rows.append(
            (
                shard.shard_id,
                "open" if shard.is_open else "closed",
                f"{share:.1%}",
                found.get("arrival_time_count", 0),
                _moment(found.get("arrival_time_max")),
                parents,
            )
        )
    columns = {
        "shard": "string",
        "state": "string",
        "hash keys": "string",
        "records": "int64",
        "last arrival": "string",
        "parents": "string",
    }
    state = workspace.streams.control.find(name)
    figures = [
        f"stream {name}: {summary['StreamStatus']}",
        summary["StreamModeDetails"]["StreamMode"],
        display.count(held.num_rows, "record"),
        f"retention {summary['RetentionPeriodHours']} h",
        f"limits {'on' if state.enforced else 'off'}",
        f"durability {state.durability}",
    ]
    return listing(columns, rows, figures)


def tail(workspace: Workspace, name: str, count: int, shard: str | None = None) -> Result:
    """The last records of a stream, or of one of its shards, oldest first. Raises `ResourceNotFoundException`."""
    stream = workspace.streams[name]
    moment = now(workspace.clock)
    shards = None if shard is None else [shard]
    # Reading back in growing steps, so that a long log need not be read for its last page.
    for step in LOOK_BACK:
        held = stream.table(moment - step, shards=shards)
        if held.num_rows >= count:
            break
    else:
        held = stream.table(shards=shards)
    order = _compute.sort_indices(held, [("arrival_time", "ascending"), ("sequence_number", "ascending")])
    last = held.take(order.slice(max(held.num_rows - count, 0)))
    rows: list[tuple[object, ...]] = [
        (
            _moment(record["arrival_time"]),
            record["shard_id"],
            record["partition_key"],
            record["data"].decode("utf-8", "backslashreplace"),
        )
        for record in last.to_pylist()
    ]
    columns = dict.fromkeys(("arrival", "shard", "partition key", "data"), "string")
    return listing(columns, rows, [f"the last of {name}" if shard is None else f"the last of {name}, {shard}"])


def consumers(workspace: Workspace, name: str) -> Result:
    """Who reads a stream: the leases of every application, a row each, and the registered consumers below.

    Raises `ResourceNotFoundException`.
    """
    stream = workspace.streams[name]
    rows: list[tuple[object, ...]] = [
        (
            held.application,
            held.lease.shard,
            held.lease.owner or "",
            _progress(held.lease.checkpoint),
            None if held.lease.ended else held.lease.behind_ms,
        )
        for held in leases_of(workspace.streams, name)
    ]
    registered = workspace.streams.client().list_stream_consumers(StreamARN=stream.arn)["Consumers"]
    names = ", ".join(consumer["ConsumerName"] for consumer in registered)
    figures = [f"stream {name}", display.count(len({row[0] for row in rows}), "application")]
    if names:
        figures.append(f"registered for enhanced fan-out: {names}")
    columns = {
        "application": "string",
        "shard": "string",
        "worker": "string",
        "processed up to": "string",
        "behind ms": "int64",
    }
    return listing(columns, rows, figures)


def _progress(checkpoint: Checkpoint) -> str:
    match checkpoint:
        case TrimHorizon():
            return "nothing yet"
        case AtTimestamp():
            return "nothing yet (from a time on)"
        case After(sequence, None):
            return sequence
        case After(sequence, sub):
            return f"{sequence}, user record {sub}"
        case ShardEnd():
            return "the end"


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"
