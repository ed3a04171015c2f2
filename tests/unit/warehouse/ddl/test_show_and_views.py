"""SHOW, views that are bound late, LIKE, and statements about rights."""

from __future__ import annotations

import pytest

from kit.base.errors import KitError
from kit.warehouse import Warehouse

DEFINITION = """CREATE TABLE public.sales (
    id bigint IDENTITY(1, 1) NOT NULL ENCODE az64,
    buyer integer DEFAULT 7 NOT NULL ENCODE az64,
    note character varying(40) ENCODE zstd,
    day date ENCODE raw,
    PRIMARY KEY (id),
    FOREIGN KEY (buyer) REFERENCES buyers (id)
)
DISTSTYLE KEY
DISTKEY (buyer)
SORTKEY (day);"""


def test_show_table_makes_the_same_table_again(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE buyers (id INT PRIMARY KEY)")
    warehouse.sql(DEFINITION)

    shown = warehouse.sql("SHOW TABLE sales").rows[0][0]
    warehouse.sql("DROP TABLE sales")
    warehouse.sql(shown)

    assert shown == DEFINITION
    assert warehouse.sql("SHOW TABLE public.sales").rows == [(DEFINITION,)]


@pytest.mark.parametrize(
    "definition",
    [
        "CREATE VIEW public.v (a, twice) AS SELECT a, a * 2 AS twice FROM t;",
        "CREATE VIEW public.v AS SELECT * FROM nowhere WITH NO SCHEMA BINDING;",
        "CREATE MATERIALIZED VIEW public.v AS SELECT a FROM t;",
    ],
)
def test_show_view_makes_the_same_view_again(warehouse: Warehouse, definition: str) -> None:
    warehouse.sql("CREATE TABLE t (a INT)")
    warehouse.sql(definition)

    assert warehouse.sql("SHOW VIEW v").rows == [(definition,)]


def test_show_lists_what_is_there(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE SCHEMA s; CREATE TABLE s.t (a INT, b VARCHAR(3)); CREATE TABLE s.u (a INT)")

    assert [row[0] for row in warehouse.sql("SHOW DATABASES").rows] == ["dev"]
    assert [row[1] for row in warehouse.sql("SHOW SCHEMAS FROM DATABASE dev").rows] == ["public", "s"]
    assert [row[2] for row in warehouse.sql("SHOW TABLES FROM SCHEMA dev.s").rows] == ["t", "u"]
    assert [row[2] for row in warehouse.sql("SHOW TABLES FROM SCHEMA s LIKE 'u%' LIMIT 5").rows] == ["u"]
    assert [row[3:8] for row in warehouse.sql("SHOW COLUMNS FROM TABLE dev.s.t").rows] == [
        ("a", 1, None, "YES", "integer"),
        ("b", 2, None, "YES", "character varying"),
    ]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SHOW TABLE nope", "42P01"),
        ("SHOW TABLE v", "42809"),
        ("SHOW VIEW t", "42809"),
        ("SHOW TABLES FROM SCHEMA nope", "3F000"),
        ("SHOW SCHEMAS FROM DATABASE nope", "3D000"),
        ("SHOW COLUMNS FROM TABLE public.nope", "42P01"),
    ],
)
def test_showing_what_is_not_there_is_named(warehouse: Warehouse, statement: str, code: str) -> None:
    warehouse.sql("CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t")

    with pytest.raises(KitError) as raised:
        warehouse.sql(statement)

    assert raised.value.code == code


def test_a_late_binding_view_looks_its_tables_up_when_it_is_read(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE VIEW v AS SELECT * FROM public.later WITH NO SCHEMA BINDING")

    with pytest.raises(KitError, match=r'relation "public\.later" does not exist'):
        warehouse.sql("SELECT * FROM v")
    warehouse.sql("CREATE TABLE later (a INT); INSERT INTO later VALUES (1)")
    assert warehouse.sql("SELECT * FROM v").rows == [(1,)]
    warehouse.sql("ALTER TABLE later ADD COLUMN b INT DEFAULT 2")
    assert warehouse.sql("SELECT * FROM v").rows == [(1, 2)]
    warehouse.sql("DROP TABLE later")
    with pytest.raises(KitError, match=r'relation "public\.later" does not exist'):
        warehouse.sql("SELECT * FROM v")


def test_a_view_of_a_view_stands_in_the_way_of_its_drop(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v")

    with pytest.raises(KitError, match="cannot drop view v because other objects depend on it"):
        warehouse.sql("DROP VIEW v")
    warehouse.sql("DROP VIEW v CASCADE")

    assert warehouse.tables() == ["t"]


def test_a_table_that_is_made_anew_has_no_old_comment(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE t (a INT); COMMENT ON TABLE t IS 'old'; COMMENT ON COLUMN t.a IS 'old'")

    warehouse.sql("DROP TABLE t; CREATE TABLE t (a INT)")

    assert warehouse.sql("SELECT COUNT(remarks) FROM svv_columns").rows == [(0,)]
    assert warehouse.sql("SELECT COUNT(remarks) FROM svv_tables").rows == [(0,)]


def test_like_takes_keys_and_with_including_defaults_the_defaults(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE TABLE p (a INT NOT NULL DEFAULT 4, b INT ENCODE DELTA) DISTKEY(b) SORTKEY(a)")

    warehouse.sql("CREATE TABLE bare (LIKE p); CREATE TABLE whole (LIKE p INCLUDING DEFAULTS, c INT)")

    bare, whole = (warehouse.sql(f"SHOW TABLE {name}").rows[0][0] for name in ("bare", "whole"))
    assert "DISTKEY (b)\nSORTKEY (a);" in bare
    assert "DEFAULT" not in bare
    assert "a integer DEFAULT 4 NOT NULL" in whole
    assert "b integer ENCODE delta,\n    c integer" in whole


@pytest.mark.parametrize(
    ("statement", "tag"),
    [
        ("GRANT SELECT ON t TO PUBLIC", "GRANT"),
        ("REVOKE ALL ON t FROM PUBLIC", "REVOKE"),
        ("CREATE USER bob PASSWORD 'Abcd1234'", "CREATE USER"),
        ("ALTER USER bob CREATEDB", "ALTER USER"),
        ("DROP USER bob", "DROP USER"),
        ("CREATE GROUP readers", "CREATE GROUP"),
    ],
)
def test_rights_are_accepted_for_the_one_user_there_is(warehouse: Warehouse, statement: str, tag: str) -> None:
    warehouse.sql("CREATE TABLE t (a INT)")

    assert warehouse.sql(statement).message == tag
