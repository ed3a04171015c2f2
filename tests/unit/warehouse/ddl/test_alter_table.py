"""ALTER TABLE: what it makes of rows and names, what it refuses, what is left when it is rolled back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kit.base.errors import KitError
from kit.warehouse import Warehouse

TABLE = "CREATE TABLE t (a INT NOT NULL, b VARCHAR(5), c INT DEFAULT 3) DISTKEY(a) SORTKEY(c)"
ROWS = "INSERT INTO t VALUES (1, 'x', 5), (2, 'y', 1), (3, NULL, 9)"


@pytest.fixture
def table(warehouse: Warehouse) -> Warehouse:
    warehouse.sql(TABLE)
    warehouse.sql(ROWS)
    return warehouse


def design(warehouse: Warehouse, name: str = "t") -> tuple[object, ...]:
    found = warehouse.sql(
        'SELECT diststyle, sortkey1, unsorted, tbl_rows, stats_off FROM svv_table_info WHERE "table" = :name',
        {"name": name},
    )
    return tuple(None if each is None else str(each) for each in found.rows[0])


def test_an_added_column_takes_its_default_in_every_row(table: Warehouse) -> None:
    table.sql("ALTER TABLE t ADD COLUMN d VARCHAR(9) DEFAULT 'q ' NOT NULL")
    table.sql("ALTER TABLE t ADD COLUMN e DATE")
    table.sql("INSERT INTO t (a) VALUES (4)")

    assert table.sql("SELECT a, d, LEN(d), e FROM t ORDER BY a").rows == [(n, "q ", 2, None) for n in (1, 2, 3, 4)]
    with pytest.raises(KitError, match="Cannot insert a NULL value into column d"):
        table.sql("INSERT INTO t (a, d) VALUES (5, NULL)")


def test_columns_are_dropped_and_renamed_with_what_is_known_of_them(table: Warehouse) -> None:
    table.sql("COMMENT ON COLUMN t.b IS 'bee'")

    table.sql("ALTER TABLE t RENAME COLUMN b TO bee")
    table.sql("ALTER TABLE t RENAME COLUMN c TO sea")
    table.sql("ALTER TABLE t ADD COLUMN d INT")
    table.sql("ALTER TABLE t DROP COLUMN d")

    assert table.sql("SELECT a, bee, sea FROM t WHERE sea > 4 ORDER BY a").rows == [(1, "x", 5), (3, None, 9)]
    assert design(table)[:2] == ("KEY(a)", "sea")
    assert table.sql("SELECT column_name, remarks FROM svv_columns WHERE remarks IS NOT NULL").rows == [("bee", "bee")]


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("ALTER DISTSTYLE EVEN", ("EVEN", "c")),
        ("ALTER DISTSTYLE ALL", ("ALL", "c")),
        ("ALTER DISTKEY c", ("KEY(c)", "c")),
        ("ALTER DISTSTYLE KEY DISTKEY b", ("KEY(b)", "c")),
        ("ALTER COMPOUND SORTKEY (b, a)", ("KEY(a)", "b")),
        ("ALTER SORTKEY NONE", ("KEY(a)", "None")),
        ("ALTER DISTSTYLE EVEN, ALTER SORTKEY (a)", ("EVEN", "a")),
    ],
)
def test_rows_move_to_where_the_table_now_says(table: Warehouse, clause: str, expected: tuple[str, str]) -> None:
    table.sql("INSERT INTO t SELECT a + 10, b, c FROM t")
    before = sorted(table.sql("SELECT a, b, c FROM t").rows, key=str)

    table.sql(f"ALTER TABLE t {clause}")

    style, sortkey, unsorted, rows, stats_off = design(table)
    assert (style, str(sortkey)) == expected
    assert sorted(table.sql("SELECT a, b, c FROM t").rows, key=str) == before
    assert rows == "6"
    assert "ALTER" in clause
    if "SORTKEY (" in clause:
        assert unsorted == "0.00"
    assert stats_off == "0.00"


def test_a_join_on_the_new_distribution_key_moves_nothing(table: Warehouse) -> None:
    table.sql("CREATE TABLE o (k INT) DISTKEY(k)")
    table.sql("INSERT INTO o VALUES (5), (9)")

    table.sql("ALTER TABLE t ALTER DISTKEY c")
    joined = table.sql("SELECT COUNT(*) FROM t JOIN o ON t.c = o.k")

    assert joined.rows == [(2,)]
    assert joined.stats.tier == "colocated"


def test_a_varchar_grows_and_shrinks_as_far_as_its_values_allow(table: Warehouse) -> None:
    table.sql("ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(40)")
    table.sql("INSERT INTO t VALUES (4, 'longer than five', 0)")

    with pytest.raises(KitError, match="target column size is smaller than the longest value"):
        table.sql("ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(10)")
    table.sql("ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(16)")

    with pytest.raises(KitError, match="value too long"):
        table.sql("INSERT INTO t VALUES (5, 'longer than sixteen', 0)")


def test_encodings_and_constraints_change(table: Warehouse) -> None:
    table.sql("ALTER TABLE t ALTER COLUMN b ENCODE ZSTD, ALTER COLUMN c ENCODE DELTA")
    table.sql("ALTER TABLE t ADD PRIMARY KEY (a)")
    table.sql("ALTER TABLE t ADD CONSTRAINT once UNIQUE (b)")
    table.sql("ALTER TABLE t DROP CONSTRAINT once")
    table.sql("ALTER TABLE t OWNER TO somebody")

    found = table.sql("SELECT \"column\", TRIM(encoding) FROM pg_table_def WHERE tablename = 't'").rows
    assert found == [("a", "az64"), ("b", "zstd"), ("c", "delta")]
    assert table.sql("SELECT relhaspkey FROM pg_class WHERE relname = 't'").rows == [(True,)]
    table.sql("ALTER TABLE t DROP CONSTRAINT t_pkey")
    assert table.sql("SELECT relhaspkey FROM pg_class WHERE relname = 't'").rows == [(False,)]


def test_views_follow_a_renamed_table(table: Warehouse) -> None:
    table.sql("CREATE VIEW v AS SELECT t.a, x.b FROM t JOIN public.t x ON t.a = x.a WHERE t.c > 1")
    table.sql("CREATE VIEW w AS SELECT COUNT(*) AS n FROM v")

    table.sql('ALTER TABLE t RENAME TO "table of t"')
    table.sql("ALTER TABLE v RENAME TO v2")

    assert table.sql("SELECT * FROM v2 ORDER BY a").rows == [(1, "x"), (3, None)]
    assert table.sql("SELECT n FROM w").rows == [(2,)]


def test_foreign_keys_follow_a_renamed_table(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE p (k INT PRIMARY KEY)")
    warehouse.sql("CREATE TABLE f (k INT REFERENCES p (k))")

    warehouse.sql("ALTER TABLE p RENAME TO q")

    assert "REFERENCES q (k)" in warehouse.sql("SHOW TABLE f").rows[0][0]
    with pytest.raises(KitError, match="cannot drop table q because other objects depend on it"):
        warehouse.sql("DROP TABLE q")
    warehouse.sql("DROP TABLE q CASCADE")
    assert "REFERENCES" not in warehouse.sql("SHOW TABLE f").rows[0][0]


def test_a_month_is_swapped_under_a_union_view(warehouse: Warehouse) -> None:
    for name, value in (("jan", 1), ("feb", 2), ("new_feb", 20)):
        warehouse.sql(f"CREATE TABLE {name} (v INT)")
        warehouse.sql(f"INSERT INTO {name} VALUES ({value})")
    warehouse.sql("CREATE VIEW months AS SELECT v FROM jan UNION ALL SELECT v FROM feb WITH NO SCHEMA BINDING")

    warehouse.sql("BEGIN; ALTER TABLE feb RENAME TO old_feb; ALTER TABLE new_feb RENAME TO feb; COMMIT")

    assert warehouse.sql("SELECT v FROM months ORDER BY v").rows == [(1,), (20,)]


def test_what_views_use_stays_unless_cascade_is_said(table: Warehouse) -> None:
    table.sql("CREATE VIEW v AS SELECT a, b FROM t")
    table.sql("CREATE VIEW w AS SELECT a FROM v")

    with pytest.raises(KitError, match="cannot drop table t column b because other objects depend on it"):
        table.sql("ALTER TABLE t DROP COLUMN b")
    with pytest.raises(KitError, match="cannot rename column b of table t because view v uses it"):
        table.sql("ALTER TABLE t RENAME COLUMN b TO x")
    table.sql("ALTER TABLE t DROP COLUMN b CASCADE")

    assert table.tables() == ["t"]


@pytest.mark.parametrize(
    ("clause", "code", "message"),
    [
        ("ADD COLUMN a INT", "42701", 'column "a" of relation "t" already exists'),
        ("ADD COLUMN d INT NOT NULL", "42601", "must have a non-null default expression"),
        ("ADD COLUMN d INT DEFAULT NULL NOT NULL", "42601", "must have a non-null default expression"),
        ("DROP COLUMN nope", "42703", 'column "nope" of relation "t" does not exist'),
        ("DROP COLUMN a", "0A000", 'cannot drop distkey column "a"'),
        ("DROP COLUMN c", "0A000", 'cannot drop sortkey column "c"'),
        ("RENAME COLUMN a TO b", "42701", 'column "b" of relation "t" already exists'),
        ("RENAME TO o", "42P07", 'Relation "o" already exists'),
        ("ALTER COLUMN a TYPE VARCHAR(9)", "0A000", "target column type should be VARCHAR"),
        ("ALTER COLUMN b TYPE VARCHAR(5)", "0A000", "target column size should be different"),
        ("ALTER INTERLEAVED SORTKEY (a, b)", "0A000", "interleaved sort key is not supported"),
        ("ALTER DISTKEY nope", "42703", 'column "nope" of relation "t" does not exist'),
        ("DROP CONSTRAINT nope", "42704", 'constraint "nope" does not exist'),
    ],
)
def test_bad_alterations_are_named_and_change_nothing(table: Warehouse, clause: str, code: str, message: str) -> None:
    table.sql("CREATE TABLE o (a INT)")
    before = table.sql("SHOW TABLE t").rows

    with pytest.raises(KitError, match=message) as raised:
        table.sql(f"ALTER TABLE t {clause}")

    assert raised.value.code == code
    assert table.sql("SHOW TABLE t").rows == before


def test_an_alteration_that_is_rolled_back_leaves_the_table_as_it_was(
    table: Warehouse, reopened: Callable[[], Warehouse]
) -> None:
    before = table.sql("SHOW TABLE t").rows
    table.sql("BEGIN")
    table.sql("ALTER TABLE t ADD COLUMN d INT DEFAULT 1")
    table.sql("UPDATE t SET d = 2 WHERE a = 1")
    table.sql("ALTER TABLE t ALTER DISTSTYLE EVEN")
    table.sql("ALTER TABLE t RENAME TO other")
    assert table.sql("SELECT SUM(d) FROM other").rows == [(4,)]
    table.sql("ROLLBACK")

    again = reopened()

    assert again.sql("SHOW TABLE t").rows == before
    assert again.sql("SELECT a, b, c FROM t ORDER BY a").rows == [(1, "x", 5), (2, "y", 1), (3, None, 9)]


def test_alterations_are_there_after_reopening(table: Warehouse, reopened: Callable[[], Warehouse]) -> None:
    table.sql("ALTER TABLE t ADD COLUMN d INT DEFAULT 7")
    table.sql("ALTER TABLE t ALTER DISTKEY c")

    again = reopened()

    assert again.sql("SELECT SUM(d) FROM t").rows == [(21,)]
    assert design(again)[0] == "KEY(c)"


def test_append_moves_rows_without_staging_them(table: Warehouse) -> None:
    table.sql("CREATE TABLE more (LIKE t)")
    table.sql("INSERT INTO more SELECT a + 100, b, c FROM t")

    assert table.sql("ALTER TABLE t APPEND FROM more").message == "ALTER TABLE APPEND"

    assert table.sql("SELECT COUNT(*), MAX(a) FROM t").rows == [(6, 103)]
    assert table.sql("SELECT COUNT(*) FROM more").rows == [(0,)]


def test_append_ignores_extra_columns_and_fills_missing_ones_when_told(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (a INT, b INT) DISTSTYLE EVEN; CREATE TABLE s (a INT, x INT) DISTSTYLE EVEN")
    warehouse.sql("CREATE TABLE n (a INT) DISTSTYLE EVEN")
    warehouse.sql("INSERT INTO s VALUES (1, 2); INSERT INTO n VALUES (3)")

    with pytest.raises(KitError, match='Column "x" of the source table is not in the target table'):
        warehouse.sql("ALTER TABLE n APPEND FROM s")
    with pytest.raises(KitError, match='Column "b" of the target table is not in the source table'):
        warehouse.sql("ALTER TABLE t APPEND FROM n")
    warehouse.sql("ALTER TABLE n APPEND FROM s IGNOREEXTRA")
    warehouse.sql("ALTER TABLE t APPEND FROM n FILLTARGET")

    assert warehouse.sql("SELECT a, b FROM t ORDER BY a").rows == [(1, None), (3, None)]


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("(a INT NOT NULL, b VARCHAR(5), c INT) DISTSTYLE EVEN", "distribution styles of source and target differ"),
        ("(a INT NOT NULL, b VARCHAR(5), c INT) DISTKEY(a)", "sort keys of source and target differ"),
        ("(a INT NOT NULL, b VARCHAR(6), c INT ENCODE RAW) DISTKEY(a) SORTKEY(c)", 'Column "b" of source and target'),
    ],
)
def test_append_of_another_design_is_refused(table: Warehouse, definition: str, message: str) -> None:
    table.sql(f"CREATE TABLE s {definition}")

    with pytest.raises(KitError, match=message):
        table.sql("ALTER TABLE t APPEND FROM s")


def test_append_does_not_run_in_a_block(table: Warehouse) -> None:
    table.sql("CREATE TABLE s (LIKE t); BEGIN")

    with pytest.raises(KitError, match="cannot run inside a transaction block"):
        table.sql("ALTER TABLE t APPEND FROM s")


def test_schemas_are_renamed_with_their_tables(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE SCHEMA one; CREATE TABLE one.t (a INT); INSERT INTO one.t VALUES (1)")

    warehouse.sql("ALTER SCHEMA one RENAME TO two")
    warehouse.sql("ALTER SCHEMA two OWNER TO somebody")

    assert warehouse.sql("SELECT a FROM two.t").rows == [(1,)]
    with pytest.raises(KitError, match='schema "one" does not exist'):
        warehouse.sql("SELECT a FROM one.t")
