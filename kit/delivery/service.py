"""The delivery streams of a workspace: made, found by name, deleted; their workers run and ended.

A process that asks for `ws.delivery` takes part in delivering: each stream has a thread in every such process, and the
one that holds the stream's lock works. Where nobody asks, nothing is delivered, and nothing is lost.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit.base.clock import Clock, now_ms
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.delivery.configuration import (
    Configuration,
    FunctionTransform,
    SqlTransform,
    StorageDestination,
    StreamDestination,
    checked,
)
from kit.delivery.destinations import Copy, Reach
from kit.delivery.engine import Engine
from kit.delivery.errors import (
    InvalidArgumentException,
    ResourceInUseException,
    ServiceUnavailableException,
    ValidationException,
)
from kit.delivery.journal import Journal
from kit.delivery.landing import partition_of
from kit.delivery.names import NAME
from kit.delivery.naming import Naming
from kit.delivery.options import configuration, function_name
from kit.delivery.partitioning import KeyQuery
from kit.delivery.prefix import Prefix
from kit.delivery.progress import Flush, Position
from kit.delivery.source import Source
from kit.delivery.store import Kept, Store
from kit.delivery.stream import DeliveryStatus, DeliveryStream
from kit.delivery.transform.function import Function
from kit.delivery.worker import Surroundings, Worker
from kit.sql.athena import MACROS
from kit.streams import Streams

if TYPE_CHECKING:
    from kit.catalog import Catalog
    from kit.delivery.agent.agent import Agent
    from kit.delivery.api.client import Client
    from kit.storage import Storage

FLUSH_SECONDS = 60.0
_LOOK_SECONDS = 0.02
_SAMPLE_ID = "00000000-0000-4000-8000-000000000000"


class Deliveries:
    """Streams of records to storage, to the warehouse and to other streams, as in Amazon Data Firehose.

    `functions` are the transformations that this process knows by name. Without `background`, nothing is delivered but
    by `flush` and `step`, which makes a run under a moved clock repeatable.
    """

    def __init__(
        self,
        folder: Path,
        *,
        storage: Storage,
        catalog: Catalog,
        streams: Streams,
        copy: Copy,
        clock: Clock,
        entropy: Entropy,
        settings: Settings,
        background: bool = True,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.functions: dict[str, Function] = {}
        self.clock = clock
        self.entropy = entropy
        self.store = Store(folder / "delivery.sqlite")
        self.journal = Journal(Streams(folder / "journal", clock=clock, entropy=entropy, settings=settings), clock)
        self._catalog = catalog
        self._streams = streams
        self._engine = Engine(settings, MACROS)
        self._background = background
        self._lock = threading.Lock()
        self._workers: dict[str, Worker] = {}
        self._agents: dict[str, Agent] = {}
        self._is_open = True
        self._around = Surroundings(
            folder,
            self.store,
            self.journal,
            streams,
            self._engine,
            catalog,
            Reach(storage, catalog, streams, copy, clock),
            clock,
            entropy,
            self.functions,
        )
        if background:
            atexit.register(self.close)
            for kept in self.store.all():
                self._worker(kept.name)

    def create(
        self,
        name: str,
        to: str,
        *,
        source: str | None = None,
        start: str = "LATEST",
        tags: Mapping[str, str] | None = None,
        if_not_exists: bool = False,
        **options: Any,
    ) -> DeliveryStream:
        """Make a delivery stream to `s3://bucket/prefix`, `warehouse:table` or `stream:name`.

        It takes direct puts, or reads the stream `source` from its tip on, or from `TRIM_HORIZON`. Options:
        `buffer_mb`, `buffer_seconds`, `delimiter`, `compression`, `extension`, `error_prefix`, `time_zone`; `transform`
        (a function with Lambda's contract, or a query of the table `records` with `columns`, their Hive types by name)
        and `retries`; `partition_by` (a JQ expression, or paths by key); `schema` (a table of the catalog, which makes
        Parquet), `format`, `codec`, `register` (the table whose partitions are added; that of the schema unless
        False); `backup`; for a warehouse `copy_columns`, `copy_options`, `retry_seconds`, `staging`. With
        `if_not_exists` a delivery stream of that name is taken as it is, with the function given.

        Raises `ResourceInUseException`, `InvalidArgumentException`, `ResourceNotFoundException` for the source.
        """
        wanted = self._settled(configuration(name, to, source, options), options)
        function = options.get("transform")
        if if_not_exists and name in self:
            self._remember(function)
        else:
            self.add(name, wanted, start=start, tags=tags or {}, function=function)
        return self[name]

    def add(
        self,
        name: str,
        wanted: Configuration,
        *,
        start: str = "LATEST",
        tags: Mapping[str, str] | None = None,
        function: object = None,
    ) -> None:
        """Make a delivery stream of a configuration."""
        if not NAME.fullmatch(name):
            raise ValidationException(
                f"'{name}' is no name of a delivery stream.",
                "1 to 64 letters, digits, underscores, dots and hyphens.",
            )
        if start not in {"LATEST", "TRIM_HORIZON"}:
            raise InvalidArgumentException(f"'{start}' is no start.", "LATEST or TRIM_HORIZON.")
        settled = self._checked(wanted)
        if name in self:
            raise ResourceInUseException(f"Firehose {name} already exists.", "Choose another name.")
        self._remember(function)
        if settled.source is None:
            position = self.journal.open(name).tips()
        else:
            source = Source(self._streams, settled.source, self.clock)
            position = source.tips() if start == "LATEST" else Position(source.incarnation())
        now = now_ms(self.clock)
        self.store.add(Kept(name, 1, now, now, settled, is_stopped=False), position, tags or {})
        self._worker(name)

    def __getitem__(self, name: str) -> DeliveryStream:
        """The delivery stream. Raises `ResourceNotFoundException`."""
        self.store.find(name)
        return DeliveryStream(self, name)

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __iter__(self) -> Iterator[str]:
        """Names, sorted."""
        return iter([kept.name for kept in self.store.all()])

    def __len__(self) -> int:
        return len(self.store.all())

    def list(self) -> list[DeliveryStatus]:
        """How all of them are doing, by name."""
        return [self.status(name) for name in self]

    def delete(self, name: str, *, force: bool = False) -> None:
        """Delete the delivery stream, after what waits has been delivered; with `force` what waits is given up."""
        self.store.find(name)
        if not force:
            self.flush(name)
        with self._lock:
            worker = self._workers.pop(name, None)
        if worker is not None:
            worker.close()
        self.store.remove(name)
        self.journal.remove(name)

    def client(self) -> Client:
        """The public API under its real names, as boto3's client for `firehose` has it."""
        from kit.delivery.api.client import Client

        return Client(self)

    def update(self, name: str, to: str, options: Mapping[str, Any]) -> None:
        """Configure the destination of a delivery stream anew."""
        kept = self.store.find(name)
        wanted = self._settled(configuration(name, to, kept.configuration.source, options), options)
        self.replace(name, kept.version, wanted, function=options.get("transform"))

    def replace(self, name: str, version: int, wanted: Configuration, *, function: object = None) -> None:
        """Replace a configuration that was read at a version. Raises `ConcurrentModificationException`."""
        settled = self._checked(wanted)
        self._remember(function)
        self.store.update(name, version, settled, now_ms(self.clock))

    def flush(self, name: str) -> None:
        """Deliver all that waits, here or wherever the stream is delivered. Raises what that fails of."""
        if self._worker(name).flush():
            return
        number = self.store.ask_flush(name)
        waited = threading.Event()
        for _ in range(round(FLUSH_SECONDS / _LOOK_SECONDS)):
            if self.store.asked(name)[1] >= number:
                return
            error = self.store.figures(name).error
            if error:
                code, _, message = error.partition(": ")
                raise KitError(code, message, "Another process delivers this stream; it tries again.")
            waited.wait(_LOOK_SECONDS)
        raise ServiceUnavailableException(
            f"The process that delivers {name} has not flushed it within {FLUSH_SECONDS:.0f} seconds.",
            "It may be busy with a long transformation.",
        )

    def step(self) -> bool:
        """Deliver once what is due, stream by stream; whether anything was. For runs without background work."""
        delivered = [self._worker(name).step() for name in self]
        return any(delivered)

    def set_stopped(self, name: str, *, stopped: bool) -> None:
        self.store.find(name)
        self.store.set_stopped(name, stopped=stopped)

    def status(self, name: str) -> DeliveryStatus:
        """How one of them is doing. Raises `ResourceNotFoundException`."""
        kept = self.store.find(name)
        figures = self.store.figures(name)
        worker = self._worker(name)
        error = figures.error
        try:
            waiting = worker.waiting()
        except KitError as failure:
            waiting = worker.seen
            error = error or f"{failure.code}: {failure.message}"
        return DeliveryStatus(
            name=name,
            status="ACTIVE",
            configuration=kept.configuration,
            is_stopped=kept.is_stopped,
            is_running=worker.is_running and not kept.is_stopped,
            waiting_records=waiting.records,
            waiting_bytes=waiting.bytes,
            oldest_ms=waiting.oldest_ms,
            figures=figures,
            error=error,
        )

    def require_direct(self, name: str) -> None:
        """Raises `ResourceNotFoundException`, and `InvalidArgumentException` where the delivery stream reads another
        stream."""
        if self.store.find(name).configuration.source is not None:
            raise InvalidArgumentException(
                "This operation is not permitted on KinesisStreamAsSource delivery stream type.",
                "Put the records into its source.",
            )

    def agent(self, *flows: Mapping[str, Any], name: str = "default", background: bool = True, **flow: Any) -> Agent:
        """Tail log files into streams and delivery streams, as the Kinesis Agent does.

        A flow has the options of the agent's `agent.json`: `filePattern`, `kinesisStream` or `deliveryStream`,
        `initialPosition`, `multiLineStartPattern`, `dataProcessingOptions` and others; one flow may be given by
        keywords. What an agent of this name has read is remembered. Raises `InvalidConfiguration`.
        """
        from kit.delivery.agent.agent import Agent
        from kit.delivery.agent.flow import flow as parsed
        from kit.delivery.agent.targets import sender

        if not NAME.fullmatch(name):
            raise ValidationException(f"'{name}' is no name of an agent.", "1 to 64 letters, digits, dots and hyphens.")
        wanted = [parsed(each) for each in (*flows, *([flow] if flow else []))]
        targets = [(each, sender(each, self, self._streams, self.entropy)) for each in wanted]
        made = Agent(name, targets, self._around.folder / "agents", clock=self.clock, entropy=self.entropy)
        with self._lock:
            former = self._agents.pop(name, None)
            self._agents[name] = made
        if former is not None:
            former.close()
        if background:
            made.start()
        return made

    def close(self) -> None:
        """End the background work. What waits is kept, and delivered when the workspace is next asked to."""
        atexit.unregister(self.close)
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            workers, agents = list(self._workers.values()), list(self._agents.values())
            self._workers.clear()
            self._agents.clear()
        for agent in agents:
            agent.close()
        for worker in workers:
            worker.close()
        self.journal.close()
        self._engine.close()
        self.store.close()

    def _remember(self, function: object) -> None:
        """Know a transformation by its name."""
        if callable(function):
            self.functions[function_name(function)] = function

    def _worker(self, name: str) -> Worker:
        with self._lock:
            if not self._is_open:
                raise KitError("ServiceClosed", "The delivery streams of this workspace are closed.", "Open it again.")
            found = self._workers.get(name)
            if found is None:
                found = self._workers[name] = Worker(name, self._around)
            if self._background:
                found.start()
            return found

    def _settled(self, wanted: Configuration, options: Mapping[str, Any]) -> Configuration:
        """With the schema's table as the one whose partitions are registered, where its location is written to."""
        storage = wanted.destination
        if not isinstance(storage, StorageDestination) or storage.conversion is None or "register" in options:
            return wanted
        schema = storage.conversion.database, storage.conversion.table
        registering = replace(storage, register=schema)
        try:
            self._check_landing(registering)
        except KitError:
            return wanted
        return replace(wanted, destination=registering)

    def _checked(self, wanted: Configuration) -> Configuration:
        """Raises what is wrong with it, by itself or with what there is."""
        settled = checked(wanted)
        storage = settled.storage
        if storage.partitioning is not None and storage.partitioning.query:
            KeyQuery(storage.partitioning.query, self._engine)
        if storage.conversion is not None:
            table = self._catalog.table(storage.conversion.database, storage.conversion.table)
            if table.table_type == "VIRTUAL_VIEW":
                raise InvalidArgumentException(f"{table.database}.{table.name} is a view.", "Name a table.")
        if isinstance(storage.transform, SqlTransform):
            from kit.delivery.transform.statement import check

            check(storage.transform)
        if isinstance(storage.transform, FunctionTransform) and not storage.transform.function:
            raise InvalidArgumentException("The function has no name.")
        if storage.register is not None:
            self._check_landing(storage)
        if isinstance(settled.destination, StreamDestination):
            self._streams[settled.destination.stream]
        return settled

    def _check_landing(self, storage: StorageDestination) -> None:
        """Raises where what is written would not be partitions of the table."""
        assert storage.register is not None
        table = self._catalog.table(*storage.register)
        prefix = Prefix.parse(storage.prefix)
        sample = Flush(_SAMPLE_ID, 0, 0, "", ())
        query, function = (
            dict.fromkeys(prefix.keys(space), "1") for space in ("partitionKeyFromQuery", "partitionKeyFromLambda")
        )
        uri = Naming("sample", 1, sample, storage).object_uri(0, query, function)
        try:
            partition_of(table, uri)
        except KitError as error:
            if error.code != "HIVE_INVALID_PARTITION_VALUE":  # a sample's values may be of another type
                raise
