"""The composition root: one folder on disk, and each service built the first time that it is asked for.

Services do not know each other or the workspace; what one needs of another is handed to it here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kit.base.clock import Clock, WallClock
from kit.base.errors import KitError
from kit.base.ids import Entropy
from kit.base.settings import Settings

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa

    from kit.analytics import Analytics
    from kit.athena import Athena
    from kit.base.progress import Progress
    from kit.base.result import Result
    from kit.catalog import Catalog
    from kit.catalog.inventory import Entry
    from kit.delivery import Deliveries
    from kit.reports import Batch
    from kit.sql.relations import Relation
    from kit.storage import ObjectEvent, Storage
    from kit.streams import Streams
    from kit.warehouse import Warehouse

HOME_VARIABLE = "BOATHOUSE_HOME"
DEFAULT_FOLDER = ".boathouse"


def open_workspace(
    path: str | os.PathLike[str] | None = None,
    *,
    clock: Clock | None = None,
    seed: int | None = None,
    settings: Settings | None = None,
) -> Workspace:
    """Open the workspace in `path`, made where it is missing.

    Without a path: `$BOATHOUSE_HOME`, else `./.boathouse`. `clock` and `seed` replace the machine's time and
    randomness.
    """
    folder = Path(path if path is not None else os.environ.get(HOME_VARIABLE) or DEFAULT_FOLDER).expanduser()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KitError(
            "INVALID_WORKSPACE",
            f"Cannot use '{folder}' as a workspace: {error.strerror}.",
            "Name a folder that is yours.",
        ) from error
    return Workspace(folder.resolve(), clock or WallClock(), Entropy(seed), settings or Settings())


class Workspace:
    """One folder that holds storage, catalog, streams and warehouse. Several processes may use it at once."""

    def __init__(self, path: Path, clock: Clock, entropy: Entropy, settings: Settings) -> None:
        self.path = path
        self.clock = clock
        self.entropy = entropy
        self.settings = settings

    @cached_property
    def storage(self) -> Storage:
        """Objects in buckets, as in S3."""
        from kit.storage import Storage

        storage = Storage(self.path / "storage", clock=self.clock)
        storage.subscribe(self._tell_crawlers)
        return storage

    @cached_property
    def catalog(self) -> Catalog:
        """Databases, tables, partitions and crawlers, as in the Glue Data Catalog."""
        from kit.catalog import Catalog

        return Catalog(
            self.path / "catalog.sqlite",
            storage=self.storage,
            clock=self.clock,
            ask=lambda sql, database: self.athena.sql(sql, database=database).rows,
            neighbours=(_StreamEntries(self), _WarehouseEntries(self)),
        )

    @cached_property
    def athena(self) -> Athena:
        """SQL over the lake and over what the streams hold (as the database `streams`), as in Athena."""
        from kit.athena import Athena
        from kit.streams.tables import StreamTables

        return Athena(
            self.path / "athena",
            catalog=self.catalog,
            storage=self.storage,
            clock=self.clock,
            entropy=self.entropy,
            settings=self.settings,
            live=StreamTables(lambda: self.streams),
        )

    @cached_property
    def streams(self) -> Streams:
        """Ordered, durable, replayable logs, as in Kinesis Data Streams."""
        from kit.streams import Streams

        return Streams(self.path / "streams", clock=self.clock, entropy=self.entropy, settings=self.settings)

    @cached_property
    def delivery(self) -> Deliveries:
        """Records delivered to storage, to the warehouse and to streams, as in Data Firehose."""
        from kit.delivery import Deliveries

        return Deliveries(
            self.path / "delivery",
            storage=self.storage,
            catalog=self.catalog,
            streams=self.streams,
            copy=self._copy,
            clock=self.clock,
            entropy=self.entropy,
            settings=self.settings,
        )

    @cached_property
    def analytics(self) -> Analytics:
        """Streaming SQL over the streams: windows, bounded and continuous, as in Kinesis Analytics and Flink."""
        from kit.analytics import Analytics

        return Analytics(
            self.path / "analytics",
            streams=lambda: self.streams,
            tables=lambda: _LakeTables(self),
            storage=lambda: self.storage,
            catalog=lambda: self.catalog,
            clock=self.clock,
            entropy=self.entropy,
            settings=self.settings,
        )

    @cached_property
    def warehouse(self) -> Warehouse:
        """An MPP database with a leader and slices, as in Redshift."""
        from kit.warehouse import Warehouse

        return Warehouse(
            self.path / "warehouse",
            storage=self.storage,
            clock=self.clock,
            entropy=self.entropy,
            settings=self.settings,
        )

    def report(
        self,
        notebook: str | os.PathLike[str],
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
        *,
        output: str | os.PathLike[str] = "out",
        pdf: bool = False,
        progress: Progress | None = None,
    ) -> Batch:
        """Run a notebook with these parameters, or for each of several sets, and write pages that need no network.

        A notebook that has a parameter `workspace` gets this one. With `pdf` a browser prints the pages. Raises
        `REPORT_FAILED` once all are run, if a cell of one failed.
        """
        from kit.reports import run_batch
        from kit.reports.execution import declared_parameters

        path = Path(notebook)
        own = {"workspace": str(self.path)} if "workspace" in declared_parameters(path) else {}
        given = [parameters] if isinstance(parameters, Mapping) else list(parameters) or [{}]
        sets = [{**own, **each} for each in given]
        return run_batch(path, sets, Path(output), pdf=pdf, progress=progress).require_ok()

    def _load(self, statement: str) -> Result:
        """Run a COPY; the warehouse is opened when the first one comes."""
        return self.warehouse.sql(statement)

    def _tell_crawlers(self, event: ObjectEvent) -> None:
        """Without a catalog there is no crawler, and a catalog is not to be made by putting an object."""
        if "catalog" in self.__dict__ or (self.path / "catalog.sqlite").exists():
            self.catalog.crawlers.notify(event)

    def _copy(self, statement: str) -> None:
        """Load the warehouse in a session of its own, apart from the block that a cell may have open."""
        with self.warehouse.connect() as client:
            client.sql(statement)

    def close(self) -> None:
        """Close what was opened; the workspace may be opened again."""
        for name in ("analytics", "delivery", "warehouse", "streams", "athena", "catalog", "storage"):
            service = self.__dict__.pop(name, None)
            if service is not None:
                service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r})"


class _LakeTables:
    """The catalog's tables for those who join streams with them: Athena reads them."""

    def __init__(self, workspace: Workspace) -> None:
        from kit.athena.lake import Lake

        self._workspace = workspace
        self._lake = Lake(workspace.catalog)

    def relation(self, database: str, name: str) -> Relation | None:
        return self._lake.relation(database, name)

    def databases(self) -> Sequence[str]:
        return self._lake.databases()

    def relations(self, database: str) -> Sequence[str]:
        return self._lake.relations(database)

    def rows(self, database: str, table: str, columns: Sequence[str]) -> pa.Table:
        """All rows of a table, as of now."""
        shown = ", ".join(f'"{column}"' for column in columns) or "1 AS one"
        return self._workspace.athena.sql(f'SELECT {shown} FROM "{database}"."{table}"').table


class _StreamEntries:
    """The streams for the catalog's inventory. A service that was never used is not to be made by looking."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def entries(self) -> Iterator[Entry]:
        from kit.catalog import Column
        from kit.catalog.inventory import Entry
        from kit.streams.tables import StreamTables

        if not (self._workspace.path / "streams").is_dir():
            return
        tables = StreamTables(lambda: self._workspace.streams)
        for name in self._workspace.streams:
            table = tables.find(name.lower())
            columns = () if table is None else tuple(Column(each.name, each.type) for each in table.columns)
            shards = sum(shard.is_open for shard in self._workspace.streams[name].shards())
            yield Entry("stream", tables.database, name, columns, f"{shards} open shard{'s' * (shards != 1)}")


class _WarehouseEntries:
    """The warehouse's tables and views for the catalog's inventory."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def entries(self) -> Iterator[Entry]:
        from kit.catalog import Column
        from kit.catalog.inventory import Entry

        if not (self._workspace.path / "warehouse").is_dir():
            return
        rows = self._workspace.warehouse.sql(
            "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema NOT IN ('information_schema', 'pg_catalog') "
            "ORDER BY table_schema, table_name, ordinal_position"
        ).rows
        for (schema, name), columns in groupby(rows, key=itemgetter(0, 1)):
            yield Entry("warehouse", schema, name, tuple(Column(column, kind) for _, _, column, kind in columns))
