"""Exercises of `02_shard_log`: shards for hot keys, and an application that has read all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.lessons.exercise import Exercise, NotYetError
from kit.streams.applications import leases_of
from kit.streams.consume.checkpoint import After, ShardEnd
from kit.streams.hashing import hash_key

if TYPE_CHECKING:
    from kit.streams.consume.lease import Lease
    from kit.streams.stream import Stream
    from kit.workspace import Workspace

STREAM = "practice"
READER = "practice-reader"
KEYS = ("EWR", "JFK", "LGA")


def _shard_each(workspace: Workspace) -> str:
    shards = [shard for shard in workspace.streams[STREAM].shards() if shard.is_open]
    homes = {
        key: next(each for each in shards if each.starting_hash_key <= hash_key(key) <= each.ending_hash_key).shard_id
        for key in KEYS
    }
    if len(set(homes.values())) < len(KEYS):
        told = ", ".join(f"{key} in {home}" for key, home in homes.items())
        raise NotYetError(
            f"keys share a shard: {told}.", "Split it between the hashes of the keys: split --at HASHKEY."
        )
    if len(shards) > len(KEYS):
        raise NotYetError(f"there are {len(shards)} open shards, and three would do.", "Merge those without a key.")
    return "three open shards, and each key has one of its own."


def _read_to_the_end(workspace: Workspace) -> str:
    stream = workspace.streams[STREAM]
    held = stream.table(columns=["partition_key"]).num_rows
    if held == 0:
        raise NotYetError("the stream holds no records.", "Put some first.")
    leases = {
        held.lease.shard: held.lease for held in leases_of(workspace.streams, STREAM) if held.application == READER
    }
    if not leases:
        raise NotYetError(f"no application {READER} has read it.", f'stream.consumer("{READER}", …).run(until="tip")')
    missing = sum(_unread(stream, shard.shard_id, leases.get(shard.shard_id)) for shard in stream.shards())
    if missing:
        raise NotYetError(f"{READER} has {missing:,} of {held:,} records still before it.", 'run(until="tip")')
    return f"{READER} has read all {held:,} records."


def _unread(stream: Stream, shard: str, lease: Lease | None) -> int:
    """Records of a shard behind an application's checkpoint."""
    start: Any = "TRIM_HORIZON"
    match lease.checkpoint if lease is not None else None:
        case ShardEnd():
            return 0
        case After(sequence):
            start = {shard: sequence}
    return stream.table(start=start, shards=[shard], columns=["partition_key"]).num_rows


EXERCISES = (
    Exercise(
        "02.1",
        "Make a stream `practice` of exactly three open shards in which the keys EWR, JFK and LGA each have one to "
        "themselves.",
        _shard_each,
    ),
    Exercise(
        "02.2",
        "Put records into `practice` and let an application `practice-reader` read all of them.",
        _read_to_the_end,
    ),
)
