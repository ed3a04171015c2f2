"""The shards of a stream as an application's first leases, and the leases that follow a shard that has ended."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from datetime import datetime
from typing import Any

from kit.base.clock import Clock, now_ms
from kit.base.ids import Entropy
from kit.streams.calls import is_retryable
from kit.streams.consume.checkpoint import After, AtTimestamp, Checkpoint, TrimHorizon, iterator_parameters
from kit.streams.consume.lease import Lease
from kit.streams.consume.options import ConsumerOptions, Start
from kit.streams.consume.reader import ReadClient


class ShardDirectory:
    """What an application needs to know of a stream's shards. Waits out refusals on the workspace's clock."""

    def __init__(
        self, client: ReadClient, stream: str, clock: Clock, entropy: Entropy, options: ConsumerOptions
    ) -> None:
        self._client = client
        self._stream = stream
        self._clock = clock
        self._entropy = entropy
        self._options = options

    def incarnation(self) -> str:
        """What tells this stream from an earlier or later one of the same name."""
        summary = self._patiently(self._client.describe_stream_summary, StreamName=self._stream)[
            "StreamDescriptionSummary"
        ]
        return str(summary.get("StreamId") or summary.get("StreamCreationTimestamp", ""))

    def first_leases(self) -> list[Lease]:
        """A lease for every shard that an application reads from its start on; later ones come with their parents' end.

        LATEST is turned into each open shard's tip as of now, so that nothing put after this moment is missed, however
        late the lease is taken or taken over.
        """
        shards = list(self._listing())
        start = self._options.start
        if start == "LATEST":
            return [_lease(shard, self._tip(shard["ShardId"])) for shard in shards if _is_open(shard)]
        return [_lease(shard, _beginning(start)) for shard in shards]

    def following(self, shard: str, known: Container[str]) -> list[Lease]:
        """Leases for the children of a closed shard, and for those ancestors of theirs that are not `known` yet.

        A merge has a parent that may itself be the child of a shard that is still being read. Without its lease in the
        table the merged shard would seem to have one parent only, and would be read too early.
        """
        listed = {found["ShardId"]: found for found in self._listing()}
        wanted = [name for name, found in listed.items() if shard in _parents(found)]
        leases: dict[str, Lease] = {}
        while wanted:
            name = wanted.pop()
            if name in leases:
                continue
            leases[name] = _lease(listed[name], _beginning(self._options.start))
            wanted.extend(parent for parent in leases[name].parents if parent in listed and parent not in known)
        return list(leases.values())

    def lists(self, shard: str) -> bool:
        """Whether the stream still knows the shard; raises where there is no stream."""
        return any(listed["ShardId"] == shard for listed in self._listing())

    def _tip(self, shard: str) -> Checkpoint:
        """The last record of a shard that came before now, or the present moment where none came in it."""
        now = now_ms(self._clock)
        tip: Checkpoint = AtTimestamp(now)
        parameters = iterator_parameters(AtTimestamp(now))
        iterator: str | None = self._patiently(
            self._client.get_shard_iterator, StreamName=self._stream, ShardId=shard, **parameters
        )["ShardIterator"]
        while iterator is not None:
            answer = self._patiently(self._client.get_records, ShardIterator=iterator)
            if answer["Records"]:
                tip = After(answer["Records"][-1]["SequenceNumber"])
            iterator = answer.get("NextShardIterator") if answer["MillisBehindLatest"] else None
        return tip

    def _listing(self) -> Iterator[Mapping[str, Any]]:
        parameters: dict[str, Any] = {"StreamName": self._stream}
        while True:
            answer = self._patiently(self._client.list_shards, **parameters)
            yield from answer["Shards"]
            if not answer.get("NextToken"):
                return
            parameters = {"NextToken": answer["NextToken"]}

    def _patiently(self, operation: Callable[..., Mapping[str, Any]], **parameters: Any) -> Mapping[str, Any]:
        failures = 0
        while True:
            try:
                answer = operation(**parameters)
            except Exception as error:
                if not is_retryable(error):
                    raise
                failures += 1
                self._clock.sleep(self._options.backoff.delay_ms(failures, self._entropy) / 1000)
            else:
                return answer


def _lease(shard: Mapping[str, Any], checkpoint: Checkpoint) -> Lease:
    bounds = shard["HashKeyRange"]
    return Lease(
        shard=shard["ShardId"],
        checkpoint=checkpoint,
        parents=_parents(shard),
        first_hash_key=int(bounds["StartingHashKey"]),
        last_hash_key=int(bounds["EndingHashKey"]),
    )


def _parents(shard: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(shard[name] for name in ("ParentShardId", "AdjacentParentShardId") if shard.get(name))


def _is_open(shard: Mapping[str, Any]) -> bool:
    return "EndingSequenceNumber" not in shard["SequenceNumberRange"]


def _beginning(start: Start) -> Checkpoint:
    """Where a shard begins that is read as a whole; a start in the future holds for children that it sees born."""
    return AtTimestamp(int(start.timestamp() * 1000)) if isinstance(start, datetime) else TrimHorizon()
