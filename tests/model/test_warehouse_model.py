"""Three sessions of a warehouse against a plain DuckDB that replays what committed, with restarts in between.

Each session of the model keeps the statements of its open block; when the warehouse commits the block, the plain
database runs them. What a query inside of a block should answer is asked of a copy of the plain database as it was when
the block began, with the block's own statements run on it. One thread drives all three sessions, so a statement that
would wait is given a moment and then counts as cancelled, which fails its block.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import kit
from kit.base.errors import KitError
from kit.base.settings import Settings
from kit.warehouse.client import Client
from kit.warehouse.transact.locks import Lock, Locks

SOAK = os.environ.get("BOATHOUSE_SOAK") == "1"
NAMES = ("a", "b")
DESIGNS = ("DISTSTYLE EVEN", "DISTKEY(k) SORTKEY(v)", "DISTSTYLE ALL", "SORTKEY(k)")
SHAPES = ((2, 2), (1, 1), (1, 3))
# What a statement may fail with without anything being wrong: conflicts, waits that were given up.
CONFLICTS = {"40001", "40P01", "57014"}

sessions = st.integers(0, 2)
names = st.sampled_from(NAMES)
numbers = st.integers(0, 9)


class Block:
    """A session's open block as the model has it: its own statements over the state that it began with."""

    def __init__(self, base: dict[str, list[tuple[int, int]]]) -> None:
        self.base = base
        self.statements: list[str] = []


class Warehouses(RuleBasedStateMachine):
    @initialize(designs=st.tuples(st.sampled_from(DESIGNS), st.sampled_from(DESIGNS)))
    def open(self, designs: tuple[str, str]) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.plain = duckdb.connect()
        self.blocks: list[Block | None] = [None, None, None]
        self.failed = [False, False, False]
        self._open()
        for name, design in zip(NAMES, designs, strict=True):
            self.workspace.warehouse.sql(f"CREATE TABLE {name} (k int, v int) {design}")
            self.plain.execute(f"CREATE TABLE {name} (k int, v int)")

    @rule(session=sessions, name=names, k=numbers, count=st.integers(1, 5))
    def insert(self, session: int, name: str, k: int, count: int) -> None:
        self._change(session, f"INSERT INTO {name} VALUES " + ", ".join(f"({k + n}, {n})" for n in range(count)))

    @rule(session=sessions, name=names, k=numbers)
    def copy(self, session: int, name: str, k: int) -> None:
        other = NAMES[1 - NAMES.index(name)]
        self._change(session, f"INSERT INTO {name} SELECT k, v + 1 FROM {other} WHERE k = {k}")

    @rule(session=sessions, name=names, k=numbers, column=st.sampled_from(["k", "v"]))
    def update(self, session: int, name: str, k: int, column: str) -> None:
        self._change(session, f"UPDATE {name} SET {column} = {column} + 1 WHERE k < {k}")

    @rule(session=sessions, name=names, k=numbers)
    def update_by_subquery(self, session: int, name: str, k: int) -> None:
        other = NAMES[1 - NAMES.index(name)]
        self._change(session, f"UPDATE {name} SET v = {k} WHERE k IN (SELECT k FROM {other})")

    @rule(session=sessions, name=names, k=numbers)
    def delete(self, session: int, name: str, k: int) -> None:
        self._change(session, f"DELETE FROM {name} WHERE k = {k}")

    @rule(session=sessions, name=names)
    def delete_using(self, session: int, name: str) -> None:
        other = NAMES[1 - NAMES.index(name)]
        self._change(session, f"DELETE FROM {name} USING {other} WHERE {name}.k = {other}.k AND {other}.v > 3")

    @rule(session=sessions, name=names, k=numbers)
    def merge(self, session: int, name: str, k: int) -> None:
        other = NAMES[1 - NAMES.index(name)]
        self._change(
            session,
            f"MERGE INTO {name} USING {other} ON {name}.k = {other}.k WHEN MATCHED THEN DELETE "
            f"WHEN NOT MATCHED THEN INSERT VALUES ({other}.k, {other}.v + {k})",
            # DuckDB's own MERGE refuses to delete a row that two match.
            f"CREATE TEMP TABLE fresh AS SELECT * FROM {other} WHERE k NOT IN (SELECT k FROM {name}); "
            f"DELETE FROM {name} WHERE k IN (SELECT k FROM {other}); "
            f"INSERT INTO {name} SELECT k, v + {k} FROM fresh; DROP TABLE fresh",
        )

    @rule(session=sessions)
    def begin(self, session: int) -> None:
        if self.blocks[session] is None and not self.failed[session]:
            # The snapshot is taken by the first statement: have it taken now, so that the model knows when.
            self._client(session).sql("BEGIN; SELECT COUNT(*) FROM pg_namespace")
            self.blocks[session] = Block(self._state())

    @rule(session=sessions)
    def commit(self, session: int) -> None:
        block, self.blocks[session] = self.blocks[session], None
        if self.failed[session]:
            self.failed[session] = False
            assert self._client(session).sql("COMMIT").message == "ROLLBACK"
            return
        if block is None:
            return
        try:
            self._client(session).sql("COMMIT")
        except KitError as error:
            if error.code not in CONFLICTS:
                raise
            return
        self._replay(block.statements)

    @rule(session=sessions)
    def roll_back(self, session: int) -> None:
        self.blocks[session], self.failed[session] = None, False
        self._client(session).sql("ROLLBACK")

    @rule(session=sessions, name=names)
    def read(self, session: int, name: str) -> None:
        if self.failed[session]:
            return
        try:
            found = self._client(session).sql(f"SELECT k, v FROM {name} ORDER BY k, v").rows
        except KitError as error:
            self._fails(session, error)
            return
        block = self.blocks[session]
        wanted = self._state() if block is None else _after(block)
        assert found == wanted[name]

    @rule(name=names)
    def vacuum(self, name: str) -> None:
        try:
            self.workspace.warehouse.sql(f"VACUUM FULL {name} TO 100 PERCENT")
        except KitError as error:
            if error.code not in {*CONFLICTS, "25001", "25P02"}:
                raise
            if self.blocks[0] is not None:
                self.blocks[0], self.failed[0] = None, True

    @precondition(lambda self: not any(self.blocks))
    @rule(shape=st.sampled_from(SHAPES))
    def resize(self, shape: tuple[int, int]) -> None:
        self.workspace.warehouse.cluster(*shape)

    @rule()
    def restart(self) -> None:
        self.blocks, self.failed = [None, None, None], [False, False, False]
        self._close()
        self._open()

    @invariant()
    def figures_are_true(self) -> None:
        """What the catalog counts is what the slices hold."""
        if not hasattr(self, "workspace"):
            return
        warehouse = self.workspace.warehouse
        cluster = warehouse._cluster
        cursor = cluster.cursor()
        try:
            for name in NAMES:
                table = cluster.catalog.relations["public", name]
                for number in table.places(cluster.shape):
                    held = cursor.execute(f'SELECT count(*) FROM "slice{number}".{table.relation}').fetchall()[0][0]
                    assert held == table.slice_rows[number]
                    assert 0 <= table.sorted_rows[number] <= held
        finally:
            cluster.give_back(cursor)

    def teardown(self) -> None:
        if hasattr(self, "workspace"):
            for name in NAMES:
                found = self.workspace.warehouse.connect().sql(f"SELECT k, v FROM {name} ORDER BY k, v").rows
                assert found == self._state()[name]
            self._close()
            self.plain.close()
            self.folder.cleanup()

    def _change(self, session: int, statement: str, plain: str = "") -> None:
        """Run a statement, and `plain`, or the same, in the model once it has committed."""
        if self.failed[session]:
            return
        try:
            self._client(session).sql(statement)
        except KitError as error:
            self._fails(session, error)
            return
        block = self.blocks[session]
        if block is None:
            self._replay([plain or statement])
        else:
            block.statements.append(plain or statement)

    def _replay(self, statements: list[str]) -> None:
        self.plain.begin()
        for statement in statements:
            self.plain.execute(statement)
        self.plain.commit()

    def _fails(self, session: int, error: KitError) -> None:
        assert error.code in CONFLICTS, error
        if self.blocks[session] is not None:
            self.blocks[session], self.failed[session] = None, True

    def _state(self) -> dict[str, list[tuple[int, int]]]:
        return {name: self.plain.execute(f"SELECT k, v FROM {name} ORDER BY k, v").fetchall() for name in NAMES}

    def _client(self, session: int) -> Client:
        return self.clients[session]

    def _open(self) -> None:
        self.workspace = kit.open(Path(self.folder.name) / "lab", settings=Settings(threads=2, memory_bytes=256 << 20))
        warehouse = self.workspace.warehouse
        self.clients = [warehouse._client, warehouse.connect(), warehouse.connect()]
        _refuse_to_wait(warehouse._cluster.locks)

    def _close(self) -> None:
        self.workspace.close()


def _refuse_to_wait(locks: Locks) -> None:
    """Let a wait for a lock fail at once, as if it had been cancelled."""
    acquire = locks.acquire

    def refuse() -> None:
        raise KitError("57014", "would wait")

    def impatient(wanted: Lock, check: Callable[[], None]) -> None:
        acquire(wanted, refuse)

    locks.acquire = impatient


def _after(block: Block) -> dict[str, list[tuple[int, int]]]:
    """What a block sees: the state that it began with, and its own statements."""
    with duckdb.connect() as own:
        for name, rows in block.base.items():
            own.execute(f"CREATE TABLE {name} (k int, v int)")
            if rows:
                own.executemany(f"INSERT INTO {name} VALUES (?, ?)", rows)
        for statement in block.statements:
            own.execute(statement)
        return {name: own.execute(f"SELECT k, v FROM {name} ORDER BY k, v").fetchall() for name in block.base}


TestWarehouses = Warehouses.TestCase
TestWarehouses.settings = settings(
    max_examples=300 if SOAK else 6,
    stateful_step_count=40 if SOAK else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
