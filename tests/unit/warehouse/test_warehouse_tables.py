"""Tables on slices: where rows go, in what order, what is refused, what survives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kit.base.errors import KitError
from kit.warehouse import Warehouse
from kit.warehouse.connection import fetch


def parts(warehouse: Warehouse, name: str) -> list[list[tuple[object, ...]]]:
    """The rows of a table as they lie, slice by slice."""
    cluster = warehouse._cluster
    table = cluster.catalog.relations["public", name]
    cursor = cluster.cursor()
    try:
        return [
            fetch(cursor, f'SELECT * FROM "slice{number}".{table.relation}')
            if number in table.places(cluster.shape)
            else []
            for number in range(cluster.shape.slices)
        ]
    finally:
        cluster.give_back(cursor)


def rows(count: int) -> str:
    return ", ".join(f"({number}, {number % 3})" for number in range(count))


def test_key_places_equal_keys_on_one_slice(warehouse: Warehouse) -> None:
    warehouse.sql(f"CREATE TABLE t (a int, b int) DISTKEY(b); INSERT INTO t VALUES {rows(30)}")

    held = [{row[1] for row in part} for part in parts(warehouse, "t")]

    assert sorted(key for keys in held for key in keys) == [0, 1, 2]


def test_even_deals_rows_in_turn_across_inserts(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (a int, b int) DISTSTYLE EVEN")
    for number in range(6):
        warehouse.sql(f"INSERT INTO t VALUES ({number}, 0)")

    assert [len(part) for part in parts(warehouse, "t")] == [2, 2, 1, 1]


def test_all_keeps_a_copy_on_the_first_slice_of_each_node(warehouse: Warehouse) -> None:
    warehouse.sql(f"CREATE TABLE t (a int, b int) DISTSTYLE ALL; INSERT INTO t VALUES {rows(5)}")

    assert [len(part) for part in parts(warehouse, "t")] == [5, 0, 5, 0]
    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(5,)]


def test_auto_moves_from_all_to_its_primary_key_as_it_grows(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kit.warehouse.load.placing.AUTO_ALL_BYTES", 100)
    warehouse.sql("CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 1)")
    small = warehouse.design("t").diststyle

    warehouse.sql(f"INSERT INTO t VALUES {rows(40)}")

    assert small == "AUTO(ALL)"
    assert warehouse.design("t").diststyle == "AUTO(KEY(a))"
    assert warehouse.sql("SELECT COUNT(*), SUM(a) FROM t").rows == [(41, 781)]


def test_compound_sort_key_orders_each_slice(warehouse: Warehouse) -> None:
    values = ", ".join(f"({(number * 7) % 20}, {number})" for number in range(40))
    warehouse.sql(f"CREATE TABLE t (a int, b int) DISTSTYLE EVEN SORTKEY(a); INSERT INTO t VALUES {values}")

    for part in parts(warehouse, "t"):
        keys = [row[0] for row in part]
        assert len(keys) == 10
        assert keys == sorted(keys)


def test_interleaved_sort_key_weighs_its_columns_alike(warehouse: Warehouse) -> None:
    warehouse.cluster(1, 1)
    grid = ", ".join(f"({a}, {b})" for a in range(8) for b in range(8))
    warehouse.sql(
        f"CREATE TABLE t (a int, b int) DISTSTYLE EVEN INTERLEAVED SORTKEY(a, b); INSERT INTO t VALUES {grid}"
    )

    (part,) = parts(warehouse, "t")
    quarter = part[:16]

    # The first quarter of the curve is the lower left quarter of the grid: both columns are halved.
    assert {row[0] for row in quarter} == {0, 1, 2, 3}
    assert {row[1] for row in quarter} == {0, 1, 2, 3}


def test_later_rows_are_the_unsorted_region(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (a int, b int) DISTSTYLE EVEN SORTKEY(a)")
    warehouse.sql(f"INSERT INTO t VALUES {rows(12)}")
    warehouse.sql(f"INSERT INTO t VALUES {rows(4)}")

    assert warehouse.design("t").unsorted_percent == pytest.approx(25)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 2)])
def test_another_number_of_slices_keeps_every_row(warehouse: Warehouse, shape: tuple[int, int]) -> None:
    for name, style in (("k", "DISTKEY(b)"), ("e", "DISTSTYLE EVEN"), ("l", "DISTSTYLE ALL"), ("u", "DISTSTYLE AUTO")):
        warehouse.sql(f"CREATE TABLE {name} (a int, b int) {style} SORTKEY(a); INSERT INTO {name} VALUES {rows(50)}")

    info = warehouse.cluster(*shape)

    assert len(info.slices) == shape[0] * shape[1]
    for name in "kelu":
        assert warehouse.sql(f"SELECT COUNT(*), SUM(a) FROM {name}").rows == [(50, 1225)]


def test_tables_views_and_statistics_are_there_after_reopening(
    warehouse: Warehouse, reopened: Callable[[], Warehouse]
) -> None:
    warehouse.cluster(1, 3)
    warehouse.sql("CREATE SCHEMA s; CREATE TABLE s.t (a int NOT NULL DEFAULT 7, b varchar(3) ENCODE zstd) DISTKEY(a)")
    warehouse.sql("INSERT INTO s.t (b) VALUES ('x'); CREATE VIEW s.v AS SELECT a + 1 AS c FROM s.t")
    before = warehouse._cluster.catalog

    again = reopened()

    assert again._cluster.catalog == before
    assert again.sql("SELECT c FROM s.v").rows == [(8,)]


def test_temporary_tables_are_gone_after_reopening(warehouse: Warehouse, reopened: Callable[[], Warehouse]) -> None:
    warehouse.sql("CREATE TEMP TABLE t AS SELECT 1 AS a")
    assert warehouse.sql("SELECT a FROM t").rows == [(1,)]

    again = reopened()

    with pytest.raises(KitError, match='relation "t" does not exist'):
        again.sql("SELECT a FROM t")


def test_create_table_as_takes_names_types_and_attributes(warehouse: Warehouse) -> None:
    warehouse.sql(f"CREATE TABLE t (a int, b int) DISTSTYLE EVEN; INSERT INTO t VALUES {rows(9)}")

    warehouse.sql("CREATE TABLE g (k, n) DISTKEY(k) SORTKEY(n) AS SELECT b, COUNT(*) FROM t GROUP BY b")

    assert warehouse.sql("SELECT k, n FROM g ORDER BY k").rows == [(0, 3), (1, 3), (2, 3)]
    assert warehouse.design("g").diststyle == "KEY(k)"
    assert warehouse.design("g").sortkey == "COMPOUND SORTKEY(n)"


def test_insert_select_goes_across_distributions(warehouse: Warehouse) -> None:
    warehouse.sql(f"CREATE TABLE t (a int, b int) DISTKEY(a); INSERT INTO t VALUES {rows(20)}")
    warehouse.sql("CREATE TABLE u (b int, a int) DISTSTYLE ALL; INSERT INTO u (a, b) SELECT a, b FROM t WHERE a < 5")

    assert warehouse.sql("SELECT a, b FROM u ORDER BY a").rows == [(number, number % 3) for number in range(5)]


def test_truncate_removes_all_rows(warehouse: Warehouse) -> None:
    warehouse.sql(f"CREATE TABLE t (a int, b int); INSERT INTO t VALUES {rows(5)}; TRUNCATE t")

    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(0,)]


def test_drop_is_refused_while_a_view_reads_the_table(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t")

    with pytest.raises(KitError, match="cannot drop table t because other objects depend on it"):
        warehouse.sql("DROP TABLE t")
    warehouse.sql("DROP TABLE t CASCADE")

    with pytest.raises(KitError, match='relation "v" does not exist'):
        warehouse.sql("SELECT * FROM v")


def test_a_failed_statement_leaves_nothing_behind(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (a int NOT NULL, b varchar(2))")

    with pytest.raises(KitError):
        warehouse.sql("INSERT INTO t VALUES (1, 'a'), (2, 'abc')")

    assert warehouse.sql("SELECT COUNT(*) FROM t").rows == [(0,)]


def test_analyze_counts_and_measures(warehouse: Warehouse) -> None:
    warehouse.sql(f"CREATE TABLE t (a int, b int) DISTSTYLE EVEN; INSERT INTO t VALUES {rows(30)}, (NULL, NULL)")

    warehouse.sql("ANALYZE t")

    facts = warehouse._cluster.catalog.facts("public", "t")
    assert facts.rows == 31
    assert facts.columns["b"].distinct == 3
    assert facts.columns["a"].null_fraction == pytest.approx(1 / 31)
    assert (facts.columns["a"].low, facts.columns["a"].high) == (0, 29)


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("CREATE TABLE t (a int)", "42P07", 'Relation "t" already exists'),
        ("CREATE TABLE z (a int, a int)", "42701", 'column "a" specified more than once'),
        ("CREATE TABLE z (a int DISTKEY, b int DISTKEY)", "42P16", "more than one distribution key"),
        ("CREATE TABLE z (a int) DISTKEY(b)", "42703", 'column "b" named in key does not exist'),
        ("CREATE TABLE z (a super) DISTKEY(a)", "0A000", "type super cannot be a distribution key"),
        ("CREATE TABLE nowhere.z (a int)", "3F000", 'schema "nowhere" does not exist'),
        ("DROP TABLE tt", "42P01", 'Table "tt" does not exist'),
        ("DROP VIEW t", "42809", '"t" is not a view'),
        ("INSERT INTO t VALUES (NULL, 'a')", "23502", "Cannot insert a NULL value into column a"),
        ("INSERT INTO t VALUES (1, 'abcd')", "22001", "value too long for type character varying\\(3\\)"),
        ("INSERT INTO t VALUES (3000000000, 'a')", "22003", "out of range"),
        ("INSERT INTO t VALUES ('x', 'a')", "22P02", 'invalid input syntax for integer: "x"'),
        ("INSERT INTO t VALUES (1, 'a', 2)", "42601", "INSERT has more expressions than target columns"),
        ("INSERT INTO t (a, z) VALUES (1, 2)", "42703", 'column "z"'),
        ("SELECT 1 / (a - a) FROM t", "22012", "Divide by zero"),
        ("SELECT a + 2147483647 FROM t", "22003", "out of range"),
        ("SELECT * FROM tt", "42P01", 'relation "tt" does not exist'),
        ("SELECT aa FROM t", "42703", 'column "aa" does not exist'),
        ("SELECT a FROM t WHERE a = DATE '2024-01-01'", "42883", "operator does not exist"),
        ("", "42601", "empty"),
    ],
)
def test_bad_input_is_named(warehouse: Warehouse, sql: str, code: str, words: str) -> None:
    warehouse.sql("CREATE TABLE t (a int NOT NULL, b varchar(3)); INSERT INTO t VALUES (1, 'a')")

    with pytest.raises(KitError, match=words) as raised:
        warehouse.sql(sql)

    assert raised.value.code == code
    assert warehouse.sql("SELECT a, b FROM t").rows == [(1, "a")]


def test_an_unknown_table_hints_at_the_closest(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE clicks (a int)")

    with pytest.raises(KitError) as raised:
        warehouse.sql("SELECT * FROM clickz")

    assert "clicks" in raised.value.hint
    assert (raised.value.line, raised.value.column) == (1, 15)
