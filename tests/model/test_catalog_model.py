"""The catalog against dicts: any sequence of operations by two processes' connections gives the same tables."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kit.base.clock import ManualClock
from kit.base.domain import Between, OneOf
from kit.base.errors import KitError
from kit.catalog import Catalog, Column, Partition, Table
from kit.catalog.serde import descriptor
from kit.storage import Storage

DATABASES = st.sampled_from(["nyc", "ber"])
TABLES = st.sampled_from(["flights", "planes"])
NUMBERS = st.integers(-2, 12)
VALUES = st.tuples(NUMBERS, st.sampled_from(["a", "B", None]))
WHO = st.integers(0, 1)


@dataclass
class Known:
    """What the model knows of a table."""

    versions: list[Table]
    partitions: set[tuple[int, str | None]] = field(default_factory=set)


def text_of(values: tuple[int, str | None]) -> tuple[str, str | None]:
    return str(values[0]), values[1]


def code_of(call: Callable[[], object]) -> str:
    """The code of the error that the call raises, empty where it raises none."""
    try:
        call()
    except KitError as error:
        return error.code
    return ""


class CatalogModel(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        clock = ManualClock()
        self.storage = Storage(self.folder / "storage", clock=clock)
        self.catalogs = [Catalog(self.folder / "c.sqlite", storage=self.storage, clock=clock) for _ in range(2)]
        self.known: dict[str, dict[str, Known]] = {}
        self.generation = self.catalogs[0].generation()

    def teardown(self) -> None:
        if hasattr(self, "catalogs"):
            for catalog in self.catalogs:
                catalog.close()
            self.storage.close()
            shutil.rmtree(self.folder)

    def refused(self, code: str, call: Callable[[], object]) -> None:
        """The call raises that code and changes nothing, not even the generation."""
        assert code_of(call) == code
        assert self.catalogs[0].generation() == self.generation

    def changed(self) -> None:
        assert self.catalogs[1].generation() > self.generation
        self.generation = self.catalogs[0].generation()

    @rule(who=WHO, name=DATABASES)
    def create_database(self, who: int, name: str) -> None:
        catalog = self.catalogs[who]
        if name in self.known:
            self.refused("AlreadyExistsException", lambda: catalog.create_database(name.upper()))
            return
        catalog.create_database(name.upper())
        self.known[name] = {}
        self.changed()

    @rule(who=WHO, name=DATABASES, cascade=st.booleans())
    def drop_database(self, who: int, name: str, cascade: bool) -> None:
        catalog = self.catalogs[who]
        if name not in self.known:
            self.refused("EntityNotFoundException", lambda: catalog.drop_database(name))
        elif self.known[name] and not cascade:
            self.refused("InvalidInputException", lambda: catalog.drop_database(name))
        else:
            catalog.drop_database(name, cascade=cascade)
            del self.known[name]
            self.changed()

    @rule(who=WHO, database=DATABASES, name=TABLES)
    def create_table(self, who: int, database: str, name: str) -> None:
        catalog = self.catalogs[who]
        keys = (Column("n", "int"), Column("s", "string"))
        table = Table(database, name, descriptor("parquet", (Column("a", "int"),), f"s3://{database}/{name}/"), keys)
        if database not in self.known:
            self.refused("EntityNotFoundException", lambda: catalog.create_table(table))
        elif name in self.known[database]:
            self.refused("AlreadyExistsException", lambda: catalog.create_table(table))
        else:
            self.known[database][name] = Known([catalog.create_table(table)])
            self.changed()

    def find(self, database: str, name: str) -> Known | None:
        return self.known.get(database, {}).get(name)

    @rule(who=WHO, database=DATABASES, name=TABLES, back=st.integers(0, 2), in_place=st.booleans())
    def update_table(self, who: int, database: str, name: str, back: int, in_place: bool) -> None:
        known, catalog = self.find(database, name), self.catalogs[who]
        if known is None:
            return
        base = known.versions[max(len(known.versions) - 1 - back, 0)]
        wanted = replace(base, description=base.description + "x")
        if base != known.versions[-1]:
            self.refused("ConcurrentModificationException", lambda: catalog.update_table(wanted))
            return
        made = catalog.update_table(wanted, skip_archive=in_place)
        assert made.version == base.version + (0 if in_place else 1)
        if in_place:
            known.versions.pop()
        known.versions.append(made)
        self.changed()

    @rule(who=WHO, database=DATABASES, name=TABLES)
    def drop_table(self, who: int, database: str, name: str) -> None:
        catalog = self.catalogs[who]
        if self.find(database, name) is None:
            self.refused("EntityNotFoundException", lambda: catalog.drop_table(database, name))
            return
        catalog.drop_table(database, name)
        del self.known[database][name]
        self.changed()

    @rule(who=WHO, database=DATABASES, name=TABLES, rows=st.sets(VALUES, max_size=4), lenient=st.booleans())
    def add_partitions(
        self, who: int, database: str, name: str, rows: set[tuple[int, str | None]], lenient: bool
    ) -> None:
        known, catalog = self.find(database, name), self.catalogs[who]
        if known is None:
            return
        partitions = [Partition(text_of(row), f"s3://x/{row}/") for row in rows]
        if rows & known.partitions and not lenient:
            self.refused("AlreadyExistsException", lambda: catalog.add_partitions(database, name, partitions))
            return
        added = catalog.add_partitions(database, name, partitions, if_not_exists=lenient)
        assert added == len(rows - known.partitions)
        known.partitions |= rows
        self.changed()

    @rule(who=WHO, database=DATABASES, name=TABLES, rows=st.sets(VALUES, max_size=2), lenient=st.booleans())
    def drop_partitions(
        self, who: int, database: str, name: str, rows: set[tuple[int, str | None]], lenient: bool
    ) -> None:
        known, catalog = self.find(database, name), self.catalogs[who]
        if known is None:
            return
        texts = [text_of(row) for row in rows]
        if rows - known.partitions and not lenient:
            self.refused("EntityNotFoundException", lambda: catalog.drop_partitions(database, name, texts))
            return
        assert catalog.drop_partitions(database, name, texts, if_exists=lenient) == len(rows & known.partitions)
        known.partitions -= rows
        self.changed()

    @rule(who=WHO, database=DATABASES, name=TABLES, low=NUMBERS, high=NUMBERS, letters=st.sets(st.sampled_from("aBc")))
    def look_up(self, who: int, database: str, name: str, low: int, high: int, letters: set[str]) -> None:
        known, catalog = self.find(database, name), self.catalogs[who]
        if known is None:
            return
        domains = {"n": Between(low, high), "s": OneOf(tuple(letters))}
        found = [each.values for each in catalog.partitions(database, name, domains)]
        expected = sorted(row for row in known.partitions if low <= row[0] <= high and row[1] in letters)
        assert found == [text_of(row) for row in expected]
        assert catalog.partition_count(database, name, {"n": OneOf((low,))}) == sum(
            row[0] == low for row in known.partitions
        )

    @invariant()
    def both_see_the_same_and_all_of_it(self) -> None:
        if not hasattr(self, "catalogs"):
            return
        for catalog in self.catalogs:
            assert {database.name for database in catalog.databases()} == set(self.known)
            for database, tables in self.known.items():
                assert catalog.tables(database) == [tables[name].versions[-1] for name in sorted(tables)]
                for name, known in tables.items():
                    assert catalog.table_versions(database, name) == known.versions[::-1]
                    found = {each.values for each in catalog.partitions(database, name)}
                    assert found == {text_of(row) for row in known.partitions}


CatalogModel.TestCase.settings = settings(stateful_step_count=25)
TestCatalogModel = CatalogModel.TestCase
