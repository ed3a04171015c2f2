"""System tables as tables: every one of them answers, joins, nests, and is refused by name where it does not exist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.warehouse import Warehouse
from kit.warehouse.system.registry import TABLES
from kit.workspace import Workspace

Ask = Callable[[str], list[tuple[object, ...]]]


@pytest.mark.parametrize("name", sorted(f"{schema}.{name}" for schema, name in TABLES))
def test_every_system_table_answers_in_its_documented_columns(ask: Ask, used: Warehouse, name: str) -> None:
    schema, _, table = name.partition(".")
    declared = [column.name for column in TABLES[schema, table].columns]

    found = used.sql(f"SELECT * FROM {name}")

    assert found.columns == declared
    assert all(len(row) == len(declared) for row in found.rows)
    assert ask(f"SELECT COUNT(*) FROM {name}")[0][0] >= 0


def test_names_are_found_without_their_schema_and_in_any_case(ask: Ask) -> None:
    assert ask("SELECT COUNT(*) FROM STV_SLICES") == ask("SELECT COUNT(*) FROM pg_catalog.stv_slices") == [(4,)]


def test_user_tables_join_system_tables(ask: Ask) -> None:
    found = ask(
        """WITH biggest AS (SELECT "table" AS name, tbl_rows FROM svv_table_info WHERE tbl_rows > 1000)
        SELECT biggest.name, COUNT(*) FROM sales, biggest
        WHERE sales.id < 10 AND EXISTS (SELECT 1 FROM stv_slices WHERE slice = sales.id) GROUP BY biggest.name"""
    )

    assert found == [("sales", 4)]


def test_a_table_is_made_of_a_system_table(used: Warehouse) -> None:
    used.sql("CREATE TABLE kept AS SELECT query, starttime, elapsed FROM svl_qlog WHERE query <= 5")

    assert used.sql("SELECT COUNT(*), MAX(query) FROM kept").rows == [(3, 5)]
    used.sql("DROP TABLE kept")


def test_a_view_reads_system_tables(used: Warehouse) -> None:
    used.sql("CREATE VIEW slices AS SELECT node, COUNT(*) AS n FROM stv_slices GROUP BY node")

    assert used.sql("SELECT * FROM slices ORDER BY node").rows == [(0, 2), (1, 2)]
    used.sql("DROP VIEW slices")


def test_set_operations_windows_and_the_leader_reach_system_tables(ask: Ask) -> None:
    union = ask("SELECT slice FROM stv_slices WHERE slice = 0 UNION ALL SELECT node FROM stv_slices WHERE slice = 3")
    ranked = ask("SELECT slice, ROW_NUMBER() OVER (PARTITION BY node ORDER BY slice DESC) FROM stv_slices ORDER BY 1")
    alone = ask("SELECT node, (SELECT COUNT(*) FROM stv_slices i WHERE i.node = o.node) FROM stv_slices o ORDER BY 1")

    assert sorted(union) == [(0,), (1,)]
    assert ranked == [(0, 2), (1, 1), (2, 2), (3, 1)]
    assert alone == [(0, 2), (0, 2), (1, 2), (1, 2)]


def test_functions_of_the_leader_meet_tables_of_the_leader(ask: Ask) -> None:
    found = ask("SELECT nspname FROM pg_namespace WHERE nspname = CURRENT_SCHEMA()")

    assert found == [("public",)]
    with pytest.raises(KitError, match="not supported on Redshift tables"):
        ask("SELECT CURRENT_SCHEMA() FROM sales")


def test_a_transaction_sees_its_own_tables_in_them(used: Warehouse) -> None:
    used.sql("BEGIN; CREATE TABLE brand_new (a INT)")

    inside = used.sql("SELECT tablename FROM pg_table_def WHERE tablename = 'brand_new'").rows
    used.sql("ROLLBACK")

    assert inside == [("brand_new",)]
    assert used.sql("SELECT tablename FROM pg_table_def WHERE tablename = 'brand_new'").rows == []


def test_pg_table_def_shows_what_the_search_path_shows(used: Warehouse) -> None:
    used.sql("CREATE SCHEMA aside; CREATE TABLE aside.hidden (a INT)")
    asked = "SELECT tablename FROM pg_table_def WHERE schemaname = 'aside'"

    before = used.sql(asked).rows
    used.sql("SET search_path TO public, aside")
    after = used.sql(asked).rows
    used.sql("RESET search_path; DROP SCHEMA aside CASCADE")

    assert (before, after) == ([], [("hidden",)])


@pytest.mark.parametrize(
    ("name", "hint"),
    [("stl_quary", "stl_query"), ("svv_table_infos", "svv_table_info"), ("pg_catalog.stv_slice", "stv_slices")],
)
def test_unknown_ones_are_refused_by_name_with_a_near_one(ask: Ask, name: str, hint: str) -> None:
    with pytest.raises(KitError, match=f'relation "{name}" does not exist') as raised:
        ask(f"SELECT * FROM {name}")

    assert hint in raised.value.hint


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE stl_query",
        "INSERT INTO stl_query VALUES (1)",
        "DELETE FROM stl_query",
        "ALTER TABLE stl_query ADD COLUMN a INT",
        "TRUNCATE pg_catalog.stl_query",
        "CREATE TABLE pg_catalog.mine (a INT)",
    ],
)
def test_nobody_writes_into_them(used: Warehouse, statement: str) -> None:
    with pytest.raises(KitError):
        used.sql(statement)


def test_logs_are_kept_over_a_restart_and_the_present_is_not(tmp_path: Path) -> None:
    clock = ManualClock()
    with kit.open(tmp_path / "lab", clock=clock, seed=1) as lab:
        lab.warehouse.sql("CREATE TABLE t (a INT); INSERT INTO t VALUES (1); SELECT SUM(a) FROM t")
        lab.close()
        clock.advance(3_600)
        again = lab.warehouse

        assert again.sql("SELECT COUNT(*) FROM stl_query WHERE querytxt = 'SELECT SUM(a) FROM t'").rows == [(1,)]
        assert again.sql("SELECT COUNT(*) > 0 FROM svl_query_report WHERE label LIKE 'scan%name=t'").rows == [(True,)]
        assert again.sql("SELECT COUNT(*) FROM stv_inflight").rows == [(1,)]
        (first,) = again.sql("SELECT MIN(starttime), MAX(starttime), MAX(query) FROM stl_query").rows
        assert first[1] - first[0] == timedelta(hours=1)
        clock.advance(timedelta(days=6).total_seconds())
        assert again.sql("SELECT COUNT(*) FROM stl_query WHERE querytxt = 'SELECT SUM(a) FROM t'").rows == [(0,)]
        assert again.sql("SELECT PG_LAST_QUERY_ID()").rows[0][0] > first[2]


def test_a_running_statement_is_seen_by_another_session(lived_in: Workspace) -> None:
    with lived_in.warehouse.connect() as other:
        other.sql("BEGIN; LOCK sales")
        waiting = lived_in.warehouse.sql(
            """SELECT COUNT(*) FROM svv_transactions t JOIN stv_sessions s ON s.process = t.pid
            WHERE t.lockable_object_type = 'relation' AND t.granted"""
        ).rows

    assert waiting == [(1,)]
