"""Databases, tables, their versions and partitions, as in the Glue Data Catalog, shared by several processes.

A thin front over SQLite: each method is one transaction. `names` decides what is valid, `partitions` and `conditions`
how partitions are found, `crawler` what data becomes which table.

Invariant: of two changes to one table that started from the same version, the second is refused; no version is lost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kit.base.clock import Clock, instant, now, now_ms
from kit.base.connections import Connections
from kit.base.domain import Domain
from kit.base.errors import KitError, did_you_mean
from kit.catalog import partitions as partition_rows
from kit.catalog.encoding import decode_database, decode_table, encode_database, encode_table
from kit.catalog.model import Database, Partition, Table
from kit.catalog.names import checked_database, checked_table
from kit.catalog.partitions import Keys
from kit.catalog.schema import named, prepare

if TYPE_CHECKING:
    from kit.base.progress import Progress
    from kit.catalog.classifiers import Classifier
    from kit.catalog.crawler import CrawlReport, DeleteBehavior, UpdateBehavior
    from kit.catalog.crawler.crawlers import Crawlers
    from kit.catalog.diff import TableDiff
    from kit.catalog.inventory import Inventory, Neighbour
    from kit.catalog.statistics import Ask, TableStatistics
    from kit.storage import Storage

_TABLE = """
SELECT t.id, t.database, t.name, t.version, t.created_ns, v.updated_ns, v.body
FROM catalog_table AS t JOIN table_version AS v ON v.table_id = t.id AND v.version = t.version
"""


class Catalog:
    """The catalog in the SQLite file `path`, made where it is missing. Names are taken in any letter case."""

    def __init__(
        self,
        path: Path,
        *,
        storage: Storage,
        clock: Clock,
        ask: Ask | None = None,
        neighbours: Sequence[Neighbour] = (),
    ) -> None:
        """`ask` runs SQL for statistics; `neighbours` have things to list beside the catalog's own."""
        self._storage = storage
        self._clock = clock
        self._ask = ask
        self._neighbours = tuple(neighbours)
        self._connections = Connections(Path(path), prepare)

    @cached_property
    def crawlers(self) -> Crawlers:
        """Named crawlers: started on demand, by a schedule or by objects that arrive."""
        from kit.catalog.crawler.crawlers import Crawlers

        return Crawlers(
            self._connections.path.parent / "crawlers",
            self._connections,
            catalog=self,
            storage=self._storage,
            clock=self._clock,
        )

    def create_database(self, database: Database | str) -> Database:
        """Add a database, or an empty one of that name. Raises `AlreadyExistsException`."""
        checked = checked_database(Database(database) if isinstance(database, str) else database)
        with self._writing() as connection:
            try:
                connection.execute("INSERT INTO database VALUES (?, ?)", (checked.name, encode_database(checked)))
            except sqlite3.IntegrityError as error:
                raise KitError(
                    "AlreadyExistsException",
                    f"Database '{checked.name}' already exists.",
                    "CREATE DATABASE IF NOT EXISTS leaves it alone.",
                ) from error
        return checked

    def ensure_database(self, name: str) -> None:
        """Make the database where there is none of that name."""
        if self.find_database(name) is not None:
            return
        try:
            self.create_database(name)
        except KitError as error:
            if error.code != "AlreadyExistsException":  # another process was faster
                raise

    def database(self, name: str) -> Database:
        """Raises `EntityNotFoundException`."""
        with self._reading() as connection:
            return _database(connection, name)

    def find_database(self, name: str) -> Database | None:
        """The database, or None where there is none of that name."""
        with self._reading() as connection:
            row = connection.execute("SELECT name, body FROM database WHERE name = ?", (name.lower(),)).fetchone()
        return None if row is None else decode_database(*row)

    def databases(self) -> list[Database]:
        """All databases by name."""
        with self._reading() as connection:
            return [
                decode_database(*row) for row in connection.execute("SELECT name, body FROM database ORDER BY name")
            ]

    def drop_database(self, name: str, *, cascade: bool = False) -> None:
        """Remove a database, with its tables if `cascade`; no object in storage is touched.

        Raises `EntityNotFoundException`, and `InvalidInputException` where it has tables.
        """
        with self._writing() as connection:
            database = _database(connection, name)
            if not cascade and (tables := _table_names(connection, database.name)):
                raise KitError(
                    "InvalidInputException",
                    f"Database '{database.name}' is not empty. One or more tables exist: {', '.join(tables[:5])}.",
                    "DROP DATABASE ... CASCADE drops them too.",
                )
            connection.execute("DELETE FROM catalog_table WHERE database = ?", (database.name,))
            connection.execute("DELETE FROM database WHERE name = ?", (database.name,))

    def create_table(self, table: Table, partitions: Iterable[Partition] = ()) -> Table:
        """Add a table or view: as it is kept, version 1. Raises `AlreadyExistsException`, `EntityNotFoundException` for
        the database, `InvalidInputException` for names and types that do not hold."""
        checked = checked_table(table)
        rows = tuple(partitions)  # whoever makes them up may itself ask this catalog
        now_ns = self._clock.now_ns()
        with self._writing() as connection:
            database = _database(connection, checked.database).name
            try:
                cursor = connection.execute(
                    "INSERT INTO catalog_table (database, name, version, created_ns) VALUES (?, ?, 1, ?)",
                    (database, checked.name, now_ns),
                )
            except sqlite3.IntegrityError as error:
                raise KitError(
                    "AlreadyExistsException",
                    f"Table '{database}.{checked.name}' already exists.",
                    "CREATE TABLE IF NOT EXISTS leaves it alone.",
                ) from error
            assert cursor.lastrowid is not None
            connection.execute(
                "INSERT INTO table_version VALUES (?, 1, ?, ?)", (cursor.lastrowid, encode_table(checked), now_ns)
            )
            keys = Keys.of(cursor.lastrowid, checked)
            partition_rows.insert(connection, keys, rows, now_ns, if_not_exists=False)
        return replace(checked, version=1, created=instant(now_ns), updated=instant(now_ns))

    def table(self, database: str, name: str) -> Table:
        """The current version. Raises `EntityNotFoundException`."""
        with self._reading() as connection:
            return _table(connection, database, name)[1]

    def find_table(self, database: str, name: str) -> Table | None:
        """The current version, or None where there is no such table or database."""
        with self._reading() as connection:
            found = _find_table(connection, database, name)
        return None if found is None else found[1]

    def tables(self, database: str) -> list[Table]:
        """All tables and views of a database by name. Raises `EntityNotFoundException`."""
        with self._reading() as connection:
            name = _database(connection, database).name
            rows = connection.execute(f"{_TABLE} WHERE t.database = ? ORDER BY t.name", (name,))
            return [_decoded(row)[1] for row in rows]

    def table_names(self, database: str) -> list[str]:
        """The names alone, sorted; empty where the database is unknown."""
        with self._reading() as connection:
            return _table_names(connection, database.lower())

    def update_table(self, table: Table, *, skip_archive: bool = False) -> Table:
        """Make a new version of a table that was read from this catalog; `skip_archive`: in place of the current one.
        one.

        Raises `ConcurrentModificationException` where somebody else has changed it since, `InvalidInputException` where
        the partition keys no longer fit the partitions.
        """
        checked = checked_table(table)
        with self._writing() as connection:
            table_id, current = _table(connection, checked.database, checked.name)
            if (checked.version, checked.updated) != (current.version, current.updated):
                raise KitError(
                    "ConcurrentModificationException",
                    f"Update table failed due to concurrent modifications of {current.database}.{current.name}: it is "
                    f"at version {current.version} of {current.updated}; the change starts from version "
                    f"{checked.version} of {checked.updated}.",
                    "Read the table again and repeat the change.",
                )
            _rekey(connection, table_id, current, checked)
            version = current.version if skip_archive else current.version + 1
            # The time of a change is what tells it from the one before, so it moves on even where the clock does not.
            now_ns = max(self._clock.now_ns(), _updated_ns(connection, table_id) + 1_000)
            connection.execute("UPDATE catalog_table SET version = ? WHERE id = ?", (version, table_id))
            connection.execute(
                "INSERT OR REPLACE INTO table_version VALUES (?, ?, ?, ?)",
                (table_id, version, encode_table(checked), now_ns),
            )
        return replace(checked, version=version, created=current.created, updated=instant(now_ns))

    def drop_table(self, database: str, name: str) -> None:
        """Remove a table or view with its versions and partitions; no object in storage is touched.

        Raises `EntityNotFoundException`.
        """
        with self._writing() as connection:
            table_id, _ = _table(connection, database, name)
            connection.execute("DELETE FROM catalog_table WHERE id = ?", (table_id,))

    def table_versions(self, database: str, name: str) -> list[Table]:
        """All versions, newest first. Raises `EntityNotFoundException`."""
        with self._reading() as connection:
            table_id, current = _table(connection, database, name)
            rows = connection.execute(
                "SELECT version, updated_ns, body FROM table_version WHERE table_id = ? ORDER BY version DESC",
                (table_id,),
            )
            return [
                replace(
                    decode_table(current.database, current.name, body),
                    version=version,
                    created=current.created,
                    updated=instant(updated_ns),
                )
                for version, updated_ns, body in rows
            ]

    def add_partitions(
        self, database: str, table: str, partitions: Iterable[Partition], *, if_not_exists: bool = False
    ) -> int:
        """Add partitions, all or none; how many are new.

        Raises `AlreadyExistsException` unless `if_not_exists`, `HIVE_INVALID_PARTITION_VALUE` for a value that does
        not fit its key's type, `InvalidInputException` for too many or too few values.
        """
        rows = tuple(partitions)
        now_ns = self._clock.now_ns()
        with self._writing() as connection:
            keys = Keys.of(*_table(connection, database, table))
            return partition_rows.insert(connection, keys, rows, now_ns, if_not_exists=if_not_exists)

    def drop_partitions(
        self, database: str, table: str, values: Iterable[tuple[str | None, ...]], *, if_exists: bool = False
    ) -> int:
        """Remove the partitions of these values, all or none; how many there were.

        Raises `EntityNotFoundException` unless `if_exists`. No object in storage is touched.
        """
        rows = tuple(values)
        with self._writing() as connection:
            keys = Keys.of(*_table(connection, database, table))
            return partition_rows.delete(connection, keys, rows, if_exists=if_exists)

    def update_partition(self, database: str, table: str, partition: Partition) -> None:
        """Replace location, descriptor and parameters of a partition. Raises `EntityNotFoundException`."""
        with self._writing() as connection:
            partition_rows.update(connection, Keys.of(*_table(connection, database, table)), partition)

    def partitions(self, database: str, table: str, domains: Mapping[str, Domain] | None = None) -> list[Partition]:
        """The partitions whose values may lie in the domains (by key, in lower case), ordered by their keys, NULLs
        first."""
        with self._reading() as connection:
            keys = Keys.of(*_table(connection, database, table))
            return partition_rows.select(connection, keys, domains or {})

    def partition_page(self, database: str, table: str, offset: int, limit: int) -> list[Partition]:
        """So many of all partitions from `offset` on, ordered by their keys, NULLs first."""
        with self._reading() as connection:
            keys = Keys.of(*_table(connection, database, table))
            return partition_rows.page(connection, keys, offset, limit)

    def find_partition(self, database: str, table: str, values: tuple[str | None, ...]) -> Partition | None:
        """The partition of exactly these texts, or None."""
        with self._reading() as connection:
            return partition_rows.find(connection, Keys.of(*_table(connection, database, table)), values)

    def partition_count(self, database: str, table: str, domains: Mapping[str, Domain] | None = None) -> int:
        """How many `partitions` would give, without reading them."""
        with self._reading() as connection:
            keys = Keys.of(*_table(connection, database, table))
            return partition_rows.count(connection, keys, domains or {})

    def crawl(
        self,
        uri: str,
        *,
        database: str,
        table_prefix: str = "",
        name: str | None = None,
        classifiers: tuple[Classifier, ...] = (),
        table_level: int | None = None,
        combine_schemas: bool = False,
        update_behavior: UpdateBehavior = "UPDATE_IN_DATABASE",
        delete_behavior: DeleteBehavior = "LOG",
        exclusions: tuple[str, ...] = (),
        sample_size: int | None = None,
        table_threshold: int | None = None,
        progress: Progress | None = None,
    ) -> CrawlReport:
        """Find out what data are under `uri`, and make tables and partitions of them; the database is made if missing.

        Each folder that holds one kind of data becomes a table named after it (`name` where there is but one), `k=v`
        folders partitions with typed keys. What is there already is left alone; a schema that changed makes a new
        version. The other arguments are those of `CrawlOptions`. For crawls that repeat, see `crawlers`.
        """
        from kit.catalog.crawler import CrawlOptions, crawl

        options = CrawlOptions(
            table_prefix=table_prefix,
            name=name,
            classifiers=classifiers,
            table_level=table_level,
            combine_schemas=combine_schemas,
            update_behavior=update_behavior,
            delete_behavior=delete_behavior,
            exclusions=tuple(exclusions),
            sample_size=sample_size,
            table_threshold=table_threshold,
        )
        self.ensure_database(database)
        return crawl(self, self._storage, uri, database, options, now_ms(self._clock), progress)

    def diff(self, database: str, name: str, old: int | None = None, new: int | None = None) -> TableDiff:
        """What became different between two versions of a table: by default between the last two.

        Raises `EntityNotFoundException` for a version that there is not.
        """
        from kit.catalog.diff import diff

        versions = {table.version: table for table in self.table_versions(database, name)}
        latest = max(versions) if new is None else new
        earlier = max((each for each in versions if each < latest), default=latest) if old is None else old
        for wanted in (earlier, latest):
            if wanted not in versions:
                raise KitError(
                    "EntityNotFoundException",
                    f"Table '{database}.{name}' has no version {wanted}.",
                    f"It has {', '.join(map(str, sorted(versions)))}.",
                )
        return diff(versions[earlier], versions[latest])

    def analyze(self, database: str, name: str, columns: Sequence[str] = ()) -> TableStatistics:
        """Take statistics of these columns, or of all, by asking Athena, and keep them with the table.

        Each column is read twice, at Athena's price. Raises `EntityNotFoundException` for a column that there is not.
        """
        from kit.catalog import statistics

        table = self.table(database, name)
        known = {column.name: column for column in table.columns}
        missing = next((each for each in columns if each.lower() not in known), None)
        if missing is not None:
            raise KitError(
                "EntityNotFoundException",
                f"Table '{table.database}.{table.name}' has no column '{missing}'.",
                did_you_mean(missing, known),
            )
        if self._ask is None:
            raise KitError("NOT_SUPPORTED", "This catalog has nobody to ask for rows.", "Use a workspace's catalog.")
        chosen = [known[each.lower()] for each in columns] or list(table.columns)
        found = statistics.measure(table, chosen, self._ask, now(self._clock))
        with self._writing() as connection:
            table_id, _ = _table(connection, database, name)
            connection.executemany(
                "INSERT OR REPLACE INTO column_statistics VALUES (?, ?, ?)",
                [(table_id, each.column, statistics.encode(each)) for each in found],
            )
        return self.statistics(database, name)

    def statistics(self, database: str, name: str) -> TableStatistics:
        """The statistics that were last taken; empty where none were. Raises `EntityNotFoundException`."""
        from kit.catalog import statistics

        with self._reading() as connection:
            table_id, table = _table(connection, database, name)
            rows = connection.execute(
                "SELECT column_name, body FROM column_statistics WHERE table_id = ?", (table_id,)
            ).fetchall()
        return statistics.in_order(table, [statistics.decode(*row) for row in rows])

    def inventory(self) -> Inventory:
        """All that can be asked, at one look: tables and views, streams, tables of the warehouse."""
        from kit.catalog.inventory import Entry, Inventory

        entries = [
            Entry(
                "view" if table.table_type == "VIRTUAL_VIEW" else "table",
                table.database,
                table.name,
                table.columns,
                table.descriptor.location,
            )
            for database in self.databases()
            for table in self.tables(database.name)
        ]
        return Inventory([*entries, *(entry for each in self._neighbours for entry in each.entries())])

    def export(self, database: str, form: Literal["glue", "ddl"] = "glue") -> str:
        """A database with its tables, views and partitions as text: JSON in the shapes of Glue's API, or Hive's DDL.

        DDL is for `%%athena`, statement by statement, which `;` separates. Raises `EntityNotFoundException`.
        """
        from kit.catalog import ddl, glue_json

        tables = tuple(self.tables(database))
        partitions = {table.name: self.partitions(table.database, table.name) for table in tables}
        exported = glue_json.Exported(self.database(database), tables, partitions)
        match form:
            case "glue":
                return glue_json.dump(exported)
            case "ddl":
                return "".join(f"{each};\n\n" for each in ddl.statements(exported.database, tables, partitions))
            case _:
                raise KitError("InvalidInputException", f"Unknown form '{form}'.", "One of glue, ddl.")

    def import_(self, text: str, *, database: str = "") -> list[str]:
        """Make the tables, views and partitions of an export in Glue's shapes; their names.

        They go into `database`, or into the one that the export names, which is made where it is missing. DDL is run
        by Athena. Raises `AlreadyExistsException` before anything is made where one of the tables is there already.
        """
        from kit.catalog import glue_json

        exported = glue_json.load(text, database)
        name = exported.database.name
        held = set(self.table_names(name))
        taken = next((table.name for table in exported.tables if table.name in held), None)
        if taken is not None:
            raise KitError(
                "AlreadyExistsException", f"Table '{name}.{taken}' already exists.", "Import into another database."
            )
        if self.find_database(name) is None:
            self.create_database(exported.database)
        for table in exported.tables:
            self.create_table(table, glue_json.plain(table, exported.partitions.get(table.name, ())))
        return [table.name for table in exported.tables]

    def generation(self) -> int:
        """A number that grows with every change that anybody commits: equal numbers, equal catalogs.

        A few microseconds.
        """
        with named():
            return int(self._connections.get().execute("SELECT generation FROM state").fetchone()[0])

    def close(self) -> None:
        """Close the file; the catalog cannot be used afterwards."""
        self._connections.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with named(), self._connections.snapshot() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with named(), self._connections.transaction() as connection:
            yield connection
            connection.execute("UPDATE state SET generation = generation + 1")


def _database(connection: sqlite3.Connection, name: str) -> Database:
    row = connection.execute("SELECT name, body FROM database WHERE name = ?", (name.lower(),)).fetchone()
    if row is None:
        names = [each for (each,) in connection.execute("SELECT name FROM database")]
        raise KitError("EntityNotFoundException", f"Database '{name}' not found.", did_you_mean(name, names))
    return decode_database(*row)


def _table(connection: sqlite3.Connection, database: str, name: str) -> tuple[int, Table]:
    found = _find_table(connection, database, name)
    if found is None:
        known = _database(connection, database).name
        hint = did_you_mean(name, _table_names(connection, known))
        raise KitError("EntityNotFoundException", f"Table '{known}.{name}' not found.", hint)
    return found


def _find_table(connection: sqlite3.Connection, database: str, name: str) -> tuple[int, Table] | None:
    row = connection.execute(
        f"{_TABLE} WHERE t.database = ? AND t.name = ?", (database.lower(), name.lower())
    ).fetchone()
    return None if row is None else _decoded(row)


def _table_names(connection: sqlite3.Connection, database: str) -> list[str]:
    rows = connection.execute("SELECT name FROM catalog_table WHERE database = ? ORDER BY name", (database,))
    return [name for (name,) in rows]


def _decoded(row: tuple[int, str, str, int, int, int, str]) -> tuple[int, Table]:
    table_id, database, name, version, created_ns, updated_ns, body = row
    table = decode_table(database, name, body)
    return table_id, replace(table, version=version, created=instant(created_ns), updated=instant(updated_ns))


def _updated_ns(connection: sqlite3.Connection, table_id: int) -> int:
    return int(
        connection.execute("SELECT max(updated_ns) FROM table_version WHERE table_id = ?", (table_id,)).fetchone()[0]
    )


def _rekey(connection: sqlite3.Connection, table_id: int, current: Table, changed: Table) -> None:
    """Let the partitions follow a change of their keys' types; other changes of the keys need a table without any."""
    if current.partition_keys == changed.partition_keys:
        return
    keys = Keys.of(table_id, changed)
    if [key.name for key in current.partition_keys] == [key.name for key in changed.partition_keys]:
        partition_rows.retype(connection, keys)
    elif partition_rows.count(connection, keys, {}):
        raise KitError(
            "InvalidInputException",
            f"The partition keys of '{current.database}.{current.name}' cannot change while it has partitions.",
            "Drop the partitions first, or make another table.",
        )
