"""VACUUM and ANALYZE: what is ghost, what is unsorted, and what each form does about it."""

from __future__ import annotations

import pytest

from kit.base.errors import KitError
from kit.sql.redshift.statements import SortKey, TableName, Vacuum
from kit.sql.redshift.types import Kind, Type
from kit.warehouse import Warehouse
from kit.warehouse.catalog import StoredColumn, Table
from kit.warehouse.connection import fetch
from kit.warehouse.maintain.vacuum import Task, task_of


def table_of(warehouse: Warehouse) -> Table:
    found = warehouse._cluster.catalog.relations["public", "t"]
    assert isinstance(found, Table)
    return found


def fill(warehouse: Warehouse) -> None:
    """A hundred sorted rows on each of four slices, and as many unsorted ones behind them."""
    warehouse.sql("CREATE TABLE t (k int, v int) DISTSTYLE EVEN SORTKEY(v)")
    for low in (400, 0):
        warehouse.sql("INSERT INTO t VALUES " + ", ".join(f"({n}, {n + low})" for n in range(400)))


def lies_in_order(warehouse: Warehouse) -> bool:
    cluster, table = warehouse._cluster, table_of(warehouse)
    cursor = cluster.cursor()
    try:
        parts = [
            fetch(cursor, f'SELECT v FROM "slice{number}".{table.relation}') for number in table.places(cluster.shape)
        ]
    finally:
        cluster.give_back(cursor)
    return all(part == sorted(part) for part in parts)


def test_rows_that_come_later_are_unsorted_and_deleted_ones_are_ghosts(warehouse: Warehouse) -> None:
    fill(warehouse)
    warehouse.sql("DELETE FROM t WHERE v >= 600 OR v < 40")

    table = table_of(warehouse)

    assert table.slice_rows == (140,) * 4
    assert table.sorted_rows == (50,) * 4
    assert table.ghost_rows == (60,) * 4
    assert table.unsorted_fraction == pytest.approx(90 / 140)


def test_an_update_leaves_a_ghost_and_an_unsorted_row(warehouse: Warehouse) -> None:
    fill(warehouse)
    warehouse.sql("VACUUM t TO 100 PERCENT; UPDATE t SET k = -1 WHERE v < 80")

    table = table_of(warehouse)

    assert (table.ghosts, table.rows) == (80, 800)
    assert table.unsorted_fraction == pytest.approx(0.1)


def test_sort_only_sorts_and_leaves_ghosts(warehouse: Warehouse) -> None:
    fill(warehouse)
    warehouse.sql("DELETE FROM t WHERE k < 100; VACUUM SORT ONLY t")

    table = table_of(warehouse)

    assert (table.unsorted_fraction, table.ghosts) == (0, 200)
    assert lies_in_order(warehouse)


def test_delete_only_reclaims_and_leaves_the_order(warehouse: Warehouse) -> None:
    fill(warehouse)
    warehouse.sql("DELETE FROM t WHERE k < 100; VACUUM DELETE ONLY t")

    table = table_of(warehouse)

    assert (table.unsorted_fraction, table.ghosts) == (0.5, 0)
    assert not lies_in_order(warehouse)
    assert warehouse.sql("SELECT COUNT(*), SUM(v) FROM t").rows == [(600, 269_700)]


@pytest.mark.parametrize("statement", ["VACUUM t", "VACUUM FULL t", "VACUUM", "VACUUM REINDEX t"])
def test_a_full_vacuum_does_both(warehouse: Warehouse, statement: str) -> None:
    fill(warehouse)
    warehouse.sql(f"DELETE FROM t WHERE k < 100; {statement}")

    table = table_of(warehouse)

    assert (table.unsorted_fraction, table.ghosts, table.slice_rows) == (0, 0, (150,) * 4)
    assert lies_in_order(warehouse)


def test_rows_keep_their_copies_and_their_checks(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int NOT NULL, v int) DISTSTYLE ALL SORTKEY(v)")
    warehouse.sql("INSERT INTO t VALUES (1, 2); INSERT INTO t VALUES (2, 1); VACUUM t")

    with pytest.raises(KitError) as refused:
        warehouse.sql("INSERT INTO t VALUES (NULL, 1)")

    assert refused.value.code == "23502"
    assert lies_in_order(warehouse)
    assert table_of(warehouse).slice_rows == (2, 0, 2, 0)


COLUMN = StoredColumn("v", Type(Kind.INTEGER))


def described(*, rows: int, in_order: int, ghosts: int) -> Table:
    return Table(
        1,
        "public",
        "t",
        (COLUMN,),
        sortkey=SortKey("COMPOUND", ("v",)),
        slice_rows=(rows,),
        sorted_rows=(in_order,),
        ghost_rows=(ghosts,),
    )


@pytest.mark.parametrize(
    ("mode", "percent", "table", "wanted"),
    [
        ("FULL", None, described(rows=100, in_order=96, ghosts=0), Task(False, False, "Skipped(sorted>=95%)")),
        ("FULL", None, described(rows=100, in_order=94, ghosts=0), Task(True, False)),
        ("FULL", 100, described(rows=100, in_order=99, ghosts=1), Task(True, True)),
        ("FULL", 0, described(rows=100, in_order=10, ghosts=50), Task(False, False, "Skipped(sorted>=0%)")),
        ("FULL", None, described(rows=94, in_order=94, ghosts=6), Task(False, True)),
        ("SORT ONLY", None, described(rows=50, in_order=10, ghosts=50), Task(True, False)),
        ("DELETE ONLY", None, described(rows=50, in_order=10, ghosts=50), Task(False, True)),
        ("DELETE ONLY", None, described(rows=99, in_order=10, ghosts=1), Task(False, False, "Skipped(deleted rows)")),
        ("REINDEX", None, described(rows=100, in_order=99, ghosts=1), Task(True, True)),
    ],
)
def test_what_is_done_depends_on_the_threshold(mode: str, percent: int | None, table: Table, wanted: Task) -> None:
    statement = Vacuum(mode, TableName("t"), percent)

    assert task_of(table, statement) == wanted


def test_statistics_fall_behind_with_changes_until_analyze(warehouse: Warehouse) -> None:
    fill(warehouse)
    warehouse.sql("ANALYZE t; DELETE FROM t WHERE k < 40; UPDATE t SET k = k + 1 WHERE k < 60")

    behind = table_of(warehouse).stats_off
    warehouse.sql("ANALYZE t")

    assert behind == pytest.approx(100 * (80 + 40) / 800)
    assert table_of(warehouse).stats_off == 0


def test_analyze_skips_what_has_hardly_changed(warehouse: Warehouse) -> None:
    fill(warehouse)
    warehouse.sql("ANALYZE t; DELETE FROM t WHERE k < 10; ANALYZE t")

    skipped = table_of(warehouse).analyzed_rows
    warehouse.sql("SET analyze_threshold_percent TO 0; ANALYZE PREDICATE COLUMNS")

    assert (skipped, table_of(warehouse).analyzed_rows) == (800, 780)


def test_reindex_takes_no_threshold(warehouse: Warehouse) -> None:
    fill(warehouse)

    with pytest.raises(KitError, match="REINDEX cannot be used with TO threshold PERCENT"):
        warehouse.sql("VACUUM REINDEX t TO 90 PERCENT")
