"""UPDATE, DELETE, MERGE and IDENTITY: what becomes of the rows, on whichever slices they are."""

from __future__ import annotations

import pytest

from kit.base.errors import KitError
from kit.warehouse import Warehouse
from kit.warehouse.connection import fetch

DESIGNS = ["DISTSTYLE EVEN", "DISTKEY(k)", "DISTSTYLE ALL", "DISTKEY(v) SORTKEY(k)", "DISTSTYLE AUTO SORTKEY(v)"]


def rows(count: int) -> str:
    return ", ".join(f"({number}, {number % 5})" for number in range(count))


def fill(warehouse: Warehouse, design: str, count: int = 40) -> None:
    warehouse.sql(f"CREATE TABLE t (k int, v int) {design}; INSERT INTO t VALUES {rows(count)}")
    warehouse.sql("CREATE TABLE s (k int, w int) DISTSTYLE EVEN; INSERT INTO s VALUES (1, 100), (2, 200), (99, 900)")


def everything(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.sql("SELECT k, v FROM t ORDER BY k, v").rows


def copies(warehouse: Warehouse) -> list[list[tuple[object, ...]]]:
    """The rows of `t` in each slice that holds any."""
    cluster = warehouse._cluster
    table = cluster.catalog.relations["public", "t"]
    cursor = cluster.cursor()
    try:
        return [
            sorted(fetch(cursor, f'SELECT * FROM "slice{number}".{table.relation}'))
            for number in table.places(cluster.shape)
        ]
    finally:
        cluster.give_back(cursor)


@pytest.mark.parametrize("design", DESIGNS)
def test_update_changes_the_rows_that_a_condition_means(warehouse: Warehouse, design: str) -> None:
    fill(warehouse, design)

    done = warehouse.sql("UPDATE t SET v = v + 10 WHERE k < 7")

    assert done.message == "UPDATE 7"
    assert everything(warehouse) == sorted((k, k % 5 + 10 if k < 7 else k % 5) for k in range(40))


@pytest.mark.parametrize("design", DESIGNS)
def test_update_takes_values_from_another_table(warehouse: Warehouse, design: str) -> None:
    fill(warehouse, design)

    done = warehouse.sql("UPDATE t SET v = s.w FROM s WHERE s.k = t.k")

    assert done.message == "UPDATE 2"
    assert everything(warehouse)[:4] == [(0, 0), (1, 100), (2, 200), (3, 3)]


@pytest.mark.parametrize("design", DESIGNS)
def test_update_asks_subqueries_of_the_table_itself(warehouse: Warehouse, design: str) -> None:
    fill(warehouse, design)

    warehouse.sql("UPDATE t SET v = (SELECT MAX(k) FROM t) WHERE k IN (SELECT k FROM s)")

    assert everything(warehouse)[:3] == [(0, 0), (1, 39), (2, 39)]


@pytest.mark.parametrize("design", DESIGNS)
def test_delete_with_and_without_other_tables(warehouse: Warehouse, design: str) -> None:
    fill(warehouse, design)

    one = warehouse.sql("DELETE FROM t USING s WHERE s.k = t.k")
    two = warehouse.sql("DELETE FROM t WHERE v = 3")
    three = warehouse.sql("DELETE t WHERE EXISTS (SELECT 1 FROM s WHERE s.k = t.k + 98)")

    assert (one.message, two.message, three.message) == ("DELETE 2", "DELETE 8", "DELETE 0")
    assert everything(warehouse) == [(k, k % 5) for k in range(40) if k % 5 != 3 and k not in {1, 2}]


@pytest.mark.parametrize("design", DESIGNS)
def test_merge_updates_what_matches_and_inserts_the_rest(warehouse: Warehouse, design: str) -> None:
    fill(warehouse, design, 5)

    warehouse.sql(
        "MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = s.w + t.v "
        "WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.w)"
    )

    assert everything(warehouse) == [(0, 0), (1, 101), (2, 202), (3, 3), (4, 4), (99, 900)]


@pytest.mark.parametrize("design", DESIGNS)
def test_merge_deletes_what_matches(warehouse: Warehouse, design: str) -> None:
    fill(warehouse, design, 4)

    warehouse.sql(
        "MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.w)"
    )

    assert everything(warehouse) == [(0, 0), (3, 3), (99, 900)]


@pytest.mark.parametrize("design", DESIGNS)
def test_remove_duplicates_keeps_one_row_for_each_of_the_source(warehouse: Warehouse, design: str) -> None:
    fill(warehouse, design, 4)
    warehouse.sql("INSERT INTO t VALUES (1, 50), (1, 51), (3, 3)")

    warehouse.sql("MERGE INTO t USING s ON t.k = s.k REMOVE DUPLICATES")

    assert everything(warehouse) == [(0, 0), (1, 100), (2, 200), (3, 3), (3, 3), (99, 900)]


def test_merge_refuses_two_source_rows_for_one_target(warehouse: Warehouse) -> None:
    fill(warehouse, "DISTKEY(k)")
    warehouse.sql("INSERT INTO s VALUES (1, 101)")

    with pytest.raises(KitError, match="Found multiple matches to update the same tuple"):
        warehouse.sql(
            "MERGE INTO t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = s.w "
            "WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.w)"
        )

    assert everything(warehouse) == [(k, k % 5) for k in range(40)]


def test_merge_refuses_a_subquery_as_its_source(warehouse: Warehouse) -> None:
    fill(warehouse, "DISTKEY(k)")

    with pytest.raises(KitError, match="MERGE source must be a table"):
        warehouse.sql(
            "MERGE INTO t USING (SELECT * FROM s) x ON t.k = x.k WHEN MATCHED THEN UPDATE SET v = x.w "
            "WHEN NOT MATCHED THEN INSERT VALUES (x.k, x.w)"
        )


def test_a_row_moves_to_the_slice_of_its_new_key(warehouse: Warehouse) -> None:
    fill(warehouse, "DISTKEY(k)")

    warehouse.sql("UPDATE t SET k = 7 WHERE v < 3")

    held = [part for part in copies(warehouse) if (7, 0) in part]
    assert len(held) == 1
    assert warehouse.sql("SELECT COUNT(*) FROM t WHERE k = 7").rows == [(24,)]
    assert warehouse.sql("SELECT COUNT(*) FROM t a JOIN t b ON a.k = b.k WHERE a.k = 7").rows == [(24 * 24,)]


def test_copies_on_all_nodes_stay_alike(warehouse: Warehouse) -> None:
    fill(warehouse, "DISTSTYLE ALL")

    warehouse.sql("UPDATE t SET v = s.w FROM s WHERE s.k = t.k; DELETE FROM t WHERE k IN (SELECT k + 3 FROM s)")
    warehouse.sql("UPDATE t SET v = v + 1 WHERE k > 30; DELETE FROM t WHERE k = 39")

    first, *others = copies(warehouse)
    assert len(others) == 1
    assert all(other == first for other in others)


def test_a_row_that_is_found_twice_is_updated_once(warehouse: Warehouse) -> None:
    fill(warehouse, "DISTSTYLE EVEN")
    warehouse.sql("INSERT INTO s VALUES (1, 100)")

    done = warehouse.sql("UPDATE t SET v = t.v + 1 FROM s WHERE s.k = t.k")

    assert done.message == "UPDATE 2"
    assert everything(warehouse)[1:3] == [(1, 2), (2, 3)]


def test_update_to_default_null_and_parameters(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int, v int DEFAULT 42) DISTKEY(k); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")

    warehouse.sql("UPDATE t SET v = DEFAULT WHERE k = 1")
    warehouse.sql("UPDATE t SET v = NULL WHERE k = :k", {"k": 2})
    warehouse.sql("UPDATE t SET v = :v WHERE k = :k", {"v": -1, "k": 3})

    assert everything(warehouse) == [(1, 42), (2, None), (3, -1)]


def test_update_converts_and_checks_what_it_stores(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int NOT NULL, v varchar(3)); INSERT INTO t VALUES (1, 'a')")

    with pytest.raises(KitError, match="too long") as long:
        warehouse.sql("UPDATE t SET v = v || 'bcd'")
    with pytest.raises(KitError) as null:
        warehouse.sql("UPDATE t SET k = NULL")

    assert (long.value.code, null.value.code) == ("22001", "23502")
    assert everything(warehouse) == [(1, "a")]


def test_trailing_blanks_that_an_update_stores_still_compare_equal(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int, v varchar(9)); INSERT INTO t VALUES (1, 'a'), (2, 'b')")

    warehouse.sql("UPDATE t SET v = v || '  ' WHERE k = 1")

    assert warehouse.sql("SELECT k FROM t WHERE v = 'a'").rows == [(1,)]


def test_identity_numbers_are_unique_and_cannot_be_given(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (id bigint IDENTITY(10, 5), v int) DISTSTYLE EVEN")

    warehouse.sql("INSERT INTO t (v) VALUES (1), (2); INSERT INTO t (v) SELECT v FROM t; INSERT INTO t DEFAULT VALUES")
    with pytest.raises(KitError, match='cannot set identity column "id" to a value'):
        warehouse.sql("INSERT INTO t (id, v) VALUES (1, 1)")
    with pytest.raises(KitError, match='cannot update the identity column "id"'):
        warehouse.sql("UPDATE t SET id = 1")

    numbers = [number for (number,) in warehouse.sql("SELECT id FROM t ORDER BY id").rows]
    assert numbers == [10, 15, 20, 25, 30]


def test_identity_by_default_takes_what_is_given(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY(1, 1), v int)")

    warehouse.sql("INSERT INTO t (id, v) VALUES (500, 1); INSERT INTO t (v) VALUES (2)")

    assert warehouse.sql("SELECT id FROM t ORDER BY v").rows[0] == (500,)
    assert warehouse.sql("SELECT COUNT(DISTINCT id) FROM t").rows == [(2,)]


def test_a_view_cannot_be_changed(warehouse: Warehouse) -> None:
    fill(warehouse, "DISTSTYLE EVEN")
    warehouse.sql("CREATE VIEW seen AS SELECT * FROM t")

    for statement in ["DELETE FROM seen", "UPDATE seen SET k = 1"]:
        with pytest.raises(KitError) as refused:
            warehouse.sql(statement)
        assert refused.value.code in {"42809", "0A000"}


def test_changes_see_decimals_dates_and_text_as_queries_do(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k int, d date, n decimal(12, 2), c char(4)) DISTKEY(k) SORTKEY(d)")
    warehouse.sql("INSERT INTO t VALUES (1, '2026-01-31', 7, 'ab'), (2, '2026-02-28', 9.5, 'cd')")

    warehouse.sql("UPDATE t SET d = DATEADD(month, 1, d), n = n / 2 WHERE c = 'ab  '")

    assert warehouse.sql("SELECT d::varchar, n::varchar FROM t ORDER BY k").rows == [
        ("2026-02-28", "3.50"),
        ("2026-02-28", "9.50"),
    ]


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        ("UPDATE t SET v = s.w FROM s WHERE s.k = t.k", "Hash Join DS_BCAST_INNER"),
        ("DELETE FROM t USING s WHERE s.k = t.k", "Hash Join DS_BCAST_INNER"),
        ("DELETE FROM t WHERE v = 3", "Seq Scan on t"),
        ("MERGE INTO t USING s ON t.k = s.k REMOVE DUPLICATES", "Hash Join DS_BCAST_INNER"),
    ],
)
def test_explain_shows_how_the_rows_are_found(warehouse: Warehouse, statement: str, label: str) -> None:
    fill(warehouse, "DISTSTYLE EVEN")

    plan = "\n".join(line for (line,) in warehouse.sql(f"EXPLAIN {statement}").rows)

    assert label in plan
    assert everything(warehouse) == [(k, k % 5) for k in range(40)]


def test_products_too_large_for_64_bits_are_stored(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (k decimal(18, 2), v decimal(18, 2)); INSERT INTO t VALUES (9999999999999999.99, 99)")

    warehouse.sql("CREATE TABLE w (n decimal(38, 4)); INSERT INTO w SELECT k * v FROM t; UPDATE w SET n = n + n * 2")

    assert warehouse.sql("SELECT n::varchar FROM w").rows == [("2969999999999999997.0300",)]
