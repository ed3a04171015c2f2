"""Materialised views: their rows, when they are stale, how they are refreshed, what stands in the way of a drop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kit.base.errors import KitError
from kit.warehouse import Warehouse
from kit.warehouse.materialized import CURRENT, INCREMENTAL, RECOMPUTED


@pytest.fixture
def viewed(warehouse: Warehouse) -> Warehouse:
    warehouse.sql("CREATE TABLE t (a INT, c INT) DISTSTYLE EVEN")
    warehouse.sql("INSERT INTO t VALUES (1, 5), (2, 1), (3, 9)")
    warehouse.sql("CREATE MATERIALIZED VIEW mv AS SELECT a * 10 AS ten, c FROM t WHERE c > 1")
    warehouse.sql("CREATE MATERIALIZED VIEW agg DISTKEY(c) AS SELECT c, COUNT(*) AS n FROM t GROUP BY c")
    return warehouse


def status(warehouse: Warehouse, name: str = "mv") -> str:
    """What the last refresh did."""
    warehouse.sql(f"REFRESH MATERIALIZED VIEW {name}")
    found = warehouse.sql("SELECT TRIM(status) FROM svl_mv_refresh_status WHERE mv_name = :name", {"name": name})
    return str(found.rows[-1][0])


def stale(warehouse: Warehouse) -> dict[str, str]:
    return dict(warehouse.sql("SELECT TRIM(name), is_stale FROM stv_mv_info").rows)


def test_it_holds_the_answer_of_its_query(viewed: Warehouse) -> None:
    assert viewed.sql("SELECT * FROM mv ORDER BY 1").rows == [(10, 5), (30, 9)]
    assert viewed.sql("SELECT * FROM agg ORDER BY 1").rows == [(1, 1), (5, 1), (9, 1)]
    assert stale(viewed) == {"agg": "f", "mv": "f"}
    assert viewed.sql("SELECT diststyle FROM svv_table_info WHERE \"table\" = 'agg'").rows == [("KEY(c)",)]


def test_added_rows_are_taken_over_incrementally(viewed: Warehouse) -> None:
    viewed.sql("INSERT INTO t VALUES (4, 7), (5, 0)")
    before = viewed.sql("SELECT COUNT(*) FROM mv").rows

    assert stale(viewed) == {"agg": "t", "mv": "t"}
    assert status(viewed) == INCREMENTAL
    assert status(viewed) == CURRENT
    assert before == [(2,)]
    assert viewed.sql("SELECT ten FROM mv ORDER BY 1").rows == [(10,), (30,), (40,)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("DELETE FROM t WHERE a = 1", [(30,)]),
        ("UPDATE t SET a = 7 WHERE a = 1", [(30,), (70,)]),
        ("TRUNCATE t", []),
        ("DELETE FROM t WHERE a = 2; VACUUM t; INSERT INTO t VALUES (6, 6)", [(10,), (30,), (60,)]),
        ("UPDATE t SET a = 8 WHERE a = 3; VACUUM t", [(10,), (80,)]),
        ("TRUNCATE t; INSERT INTO t VALUES (7, 7), (8, 8), (9, 9)", [(70,), (80,), (90,)]),
        ("ALTER TABLE t ALTER DISTKEY a; INSERT INTO t VALUES (6, 6)", [(10,), (30,), (60,)]),
        ("BEGIN; INSERT INTO t VALUES (6, 6); UPDATE t SET c = 0 WHERE a = 1; COMMIT", [(30,), (60,)]),
    ],
)
def test_every_other_change_is_computed_anew(viewed: Warehouse, change: str, expected: list[tuple[int]]) -> None:
    viewed.sql(change)

    assert stale(viewed)["mv"] == "t"
    assert status(viewed) == RECOMPUTED
    assert viewed.sql("SELECT ten FROM mv ORDER BY 1").rows == expected
    assert stale(viewed)["mv"] == "f"


def test_an_aggregate_is_computed_anew(viewed: Warehouse) -> None:
    viewed.sql("INSERT INTO t VALUES (4, 5)")

    assert status(viewed, "agg") == RECOMPUTED
    assert viewed.sql("SELECT n FROM agg WHERE c = 5").rows == [(2,)]


def test_a_refresh_in_the_transaction_that_wrote_counts_no_row_twice(warehouse: Warehouse) -> None:
    warehouse.sql("BEGIN; CREATE TABLE t (a INT) DISTSTYLE EVEN; INSERT INTO t VALUES (1), (2)")
    warehouse.sql("CREATE MATERIALIZED VIEW mv AS SELECT a FROM t")
    warehouse.sql("INSERT INTO t VALUES (3)")
    warehouse.sql("REFRESH MATERIALIZED VIEW mv")

    assert warehouse.sql("SELECT a FROM mv ORDER BY a").rows == [(1,), (2,), (3,)]
    warehouse.sql("COMMIT")
    warehouse.sql("INSERT INTO t VALUES (4)")
    assert status(warehouse) == INCREMENTAL
    assert warehouse.sql("SELECT a FROM mv ORDER BY a").rows == [(1,), (2,), (3,), (4,)]


def test_it_survives_reopening_and_a_resize(viewed: Warehouse, reopened: Callable[[], Warehouse]) -> None:
    again = reopened()
    again.cluster(nodes=1, slices_per_node=3)
    again.sql("INSERT INTO t VALUES (4, 4)")

    assert status(again) in {RECOMPUTED, INCREMENTAL}
    assert again.sql("SELECT ten FROM mv ORDER BY 1").rows == [(10,), (30,), (40,)]


def test_what_it_reads_cannot_be_dropped_from_under_it(viewed: Warehouse) -> None:
    viewed.sql("CREATE VIEW over AS SELECT ten FROM mv")

    with pytest.raises(KitError, match="cannot drop table t because other objects depend on it"):
        viewed.sql("DROP TABLE t")
    with pytest.raises(KitError, match="cannot drop materialized view mv because other objects depend on it"):
        viewed.sql("DROP MATERIALIZED VIEW mv")
    viewed.sql("DROP TABLE t CASCADE")

    assert viewed.tables() == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("INSERT INTO mv VALUES (1, 1)", 'cannot change materialized view "mv"'),
        ("DELETE FROM mv", 'cannot change materialized view "mv"'),
        ("TRUNCATE mv", 'cannot change materialized view "mv"'),
        ("ALTER TABLE mv ADD COLUMN x INT", '"mv" is a materialized view'),
        ("DROP TABLE mv", '"mv" is not a table'),
        ("DROP VIEW mv", '"mv" is not a view'),
        ("REFRESH MATERIALIZED VIEW t", '"t" is not a materialized view'),
        ("REFRESH MATERIALIZED VIEW nope", 'Relation "nope" does not exist'),
        ("CREATE MATERIALIZED VIEW m AS SELECT GETDATE() AS g, a FROM t", "mutable function getdate"),
        ("CREATE MATERIALIZED VIEW m AUTO REFRESH YES AS SELECT a FROM t", "AUTO REFRESH YES is not supported"),
        ("CREATE MATERIALIZED VIEW m AS SELECT query FROM stl_query", "cannot read system table stl_query"),
        ("ALTER TABLE t RENAME TO u", "cannot rename t because materialized view mv reads it"),
    ],
)
def test_what_does_not_go_is_refused_by_name(viewed: Warehouse, statement: str, message: str) -> None:
    with pytest.raises(KitError, match=message):
        viewed.sql(statement)
