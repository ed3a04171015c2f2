"""How far an application has come in a shard. Values and their text; knows no store and no client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, assert_never

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TrimHorizon:
    """Nothing is processed; reading begins with the oldest record that is kept."""


@dataclass(frozen=True, slots=True)
class AtTimestamp:
    """Nothing is processed; reading begins with the first record that arrived at `ms` or later."""

    ms: int


@dataclass(frozen=True, slots=True)
class After:
    """Everything up to a record is processed; of an aggregate, its user records up to `sub_sequence_number`.

    `sub_sequence_number` is None where the whole Kinesis record is processed.
    """

    sequence_number: str
    sub_sequence_number: int | None = None


@dataclass(frozen=True, slots=True)
class ShardEnd:
    """The shard is closed and all of it is processed."""


Checkpoint: TypeAlias = TrimHorizon | AtTimestamp | After | ShardEnd


def to_text(checkpoint: Checkpoint) -> str:
    """As the lease table shows it: TRIM_HORIZON, AT_TIMESTAMP:<ms>, <sequence>, <sequence>:<sub> or SHARD_END."""
    match checkpoint:
        case TrimHorizon():
            return "TRIM_HORIZON"
        case AtTimestamp(ms):
            return f"AT_TIMESTAMP:{ms}"
        case After(sequence, None):
            return sequence
        case After(sequence, sub):
            return f"{sequence}:{sub}"
        case ShardEnd():
            return "SHARD_END"
    assert_never(checkpoint)


def from_text(text: str) -> Checkpoint:
    """The reverse of `to_text`."""
    head, _, tail = text.partition(":")
    match head:
        case "TRIM_HORIZON":
            return TrimHorizon()
        case "AT_TIMESTAMP":
            return AtTimestamp(int(tail))
        case "SHARD_END":
            return ShardEnd()
        case _:
            return After(head, int(tail) if tail else None)


def iterator_parameters(checkpoint: TrimHorizon | AtTimestamp | After) -> dict[str, Any]:
    """The parameters of GetShardIterator that continue behind the checkpoint.

    Inside of an aggregate reading begins with that aggregate again: who reads must pass over what is processed.
    """
    match checkpoint:
        case TrimHorizon():
            return {"ShardIteratorType": "TRIM_HORIZON"}
        case AtTimestamp(ms):
            return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": _EPOCH + timedelta(milliseconds=ms)}
        case After(sequence, None):
            return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": sequence}
        case After(sequence, _):
            return {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": sequence}
    assert_never(checkpoint)


def starting_position(checkpoint: TrimHorizon | AtTimestamp | After) -> dict[str, Any]:
    """The same as the `StartingPosition` of SubscribeToShard."""
    parameters = iterator_parameters(checkpoint)
    position = {"Type": parameters["ShardIteratorType"]}
    if "StartingSequenceNumber" in parameters:
        position["SequenceNumber"] = parameters["StartingSequenceNumber"]
    if "Timestamp" in parameters:
        position["Timestamp"] = parameters["Timestamp"]
    return position


def order(checkpoint: Checkpoint) -> tuple[int, int, int]:
    """Sorts the checkpoints of one shard by how far they are."""
    match checkpoint:
        case TrimHorizon() | AtTimestamp():
            return (0, 0, 0)
        case After(sequence, sub):
            return (1, int(sequence), 1 << 62 if sub is None else sub)
        case ShardEnd():
            return (2, 0, 0)
    assert_never(checkpoint)
