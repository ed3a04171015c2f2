"""What applications do with a stream, wired to a workspace: producers, consumers, triggers, replays.

Owns where an application's lease table lies: a file beside the streams' folders, named after the application.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.base.errors import KitError

if TYPE_CHECKING:
    from kit.base.progress import Progress
    from kit.streams.consume.consumer import Consumer
    from kit.streams.consume.lease import Lease
    from kit.streams.consume.processor import RecordProcessor
    from kit.streams.consume.records import ConsumedRecord
    from kit.streams.produce.producer import Producer
    from kit.streams.produce.replay import Replayed
    from kit.streams.queue import Queue
    from kit.streams.service import Streams
    from kit.streams.stream import Stream
    from kit.streams.trigger.invoker import Function
    from kit.streams.trigger.mapping import Destination, EventSourceMapping

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_LEASE_TABLES = "application.*.sqlite"


@dataclass(frozen=True, slots=True)
class ApplicationLease:
    """A lease of one of a stream's applications."""

    application: str
    lease: Lease


def producer(streams: Streams, stream: str, *, background: bool, options: dict[str, Any]) -> Producer:
    from kit.streams.produce.options import ProducerOptions
    from kit.streams.produce.producer import Producer

    return Producer(
        streams.client(),
        stream,
        clock=streams.clock,
        entropy=streams.entropy,
        options=ProducerOptions(**options),
        background=background,
        append=streams[stream].append,
    )


def replay(
    streams: Streams,
    stream: str,
    source: Any,
    *,
    key: str | Sequence[str] | None,
    time: str | None,
    columns: Sequence[str] | None,
    rate: float | None,
    speedup: float | None,
    progress: Progress | None,
) -> Replayed:
    from kit.streams.produce.replay import replay as send

    return send(
        source,
        streams[stream].append,
        clock=streams.clock,
        key=key,
        time=time,
        columns=columns,
        rate=rate,
        speedup=speedup,
        settings=streams.settings,
        progress=progress,
    )


def consumer(
    streams: Streams,
    stream: str,
    application: str,
    on_records: Callable[[Sequence[ConsumedRecord]], object] | None,
    processor: Callable[[], RecordProcessor] | None,
    worker: str,
    options: dict[str, Any],
) -> Consumer:
    from kit.streams.consume.consumer import Consumer
    from kit.streams.consume.options import ConsumerOptions

    return Consumer(
        streams.client(),
        streams[stream].name,
        application,
        on_records,
        processor=processor,
        leases=lease_table(streams.folder, application),
        clock=streams.clock,
        entropy=streams.entropy,
        worker=worker,
        options=ConsumerOptions(**options),
    )


def trigger(
    streams: Streams,
    stream: str,
    function: Function,
    name: str | None,
    on_failure: Stream | Queue | Destination | None,
    worker: str,
    options: dict[str, Any],
) -> EventSourceMapping:
    from kit.streams.trigger.mapping import EventSourceMapping
    from kit.streams.trigger.options import MappingOptions

    named = name or str(getattr(function, "__name__", "function")).strip("<>")
    return EventSourceMapping(
        streams.client(),
        streams[stream].name,
        function,
        leases=lease_table(streams.folder, named),
        clock=streams.clock,
        entropy=streams.entropy,
        name=named,
        on_failure=_destination(streams, on_failure),
        options=MappingOptions(**options),
        worker=worker,
    )


def lease_table(folder: Path, application: str) -> Path:
    """The file of an application's leases. Raises `InvalidArgumentException` for a name that is none."""
    if not _NAME.fullmatch(application):
        raise KitError(
            "InvalidArgumentException",
            f"'{application}' is no name of an application.",
            "1 to 128 letters, digits, dots, hyphens and underscores.",
        )
    return folder / f"application.{application}.sqlite"


def leases_of(streams: Streams, stream: str) -> list[ApplicationLease]:
    """The leases that applications hold or held on a stream, by application and shard."""
    from kit.streams.consume.store import LeaseStore

    name = streams[stream].name
    found: list[ApplicationLease] = []
    for path in sorted(streams.folder.glob(_LEASE_TABLES)):
        store = LeaseStore(path, name)
        try:
            application = path.name.removeprefix("application.").removesuffix(".sqlite")
            found.extend(ApplicationLease(application, lease) for lease in store.leases().values())
        finally:
            store.close()
    return found


def forget(folder: Path, stream: str) -> None:
    """Drop what applications remember of a stream that is no more: a later one of its name is read from its start."""
    from kit.streams.consume.store import LeaseStore

    for path in folder.glob(_LEASE_TABLES):
        store = LeaseStore(path, stream)
        try:
            store.reset()
        finally:
            store.close()


def _destination(streams: Streams, given: Stream | Queue | Destination | None) -> Destination | None:
    from kit.streams.queue import Queue
    from kit.streams.stream import Stream
    from kit.streams.trigger.destinations import to_queue, to_stream

    match given:
        case Stream():
            return to_stream(streams.client(), given.name, clock=streams.clock, entropy=streams.entropy)
        case Queue():
            return to_queue(given)
        case _:
            return given
