"""A warehouse that has been used: tables of every design, queries that went well and badly, a COPY with bad rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.base.settings import Settings
from kit.warehouse import Warehouse
from kit.workspace import Workspace

SETTINGS = Settings(threads=2, memory_bytes=512 << 20)
NUMBERS = ", ".join(f"({number})" for number in range(200))

LIFE = (
    "CREATE TABLE numbers (n INT) DISTSTYLE ALL",
    f"INSERT INTO numbers VALUES {NUMBERS}",
    """CREATE TABLE sales (id INT NOT NULL, buyer INT, day DATE, note VARCHAR(40) ENCODE ZSTD)
    DISTKEY(id) COMPOUND SORTKEY(day)""",
    "INSERT INTO sales SELECT a.n * 200 + b.n, b.n, DATE '2026-01-01' + a.n, 'sale' FROM numbers a, numbers b",
    "INSERT INTO sales SELECT 100000 + n, n, DATE '2025-06-01', 'late' FROM numbers",
    "CREATE TABLE buyers (id INT, city VARCHAR(20), PRIMARY KEY (id)) DISTKEY(id)",
    "INSERT INTO buyers SELECT n, 'city' || (n % 5) FROM numbers",
    "CREATE TABLE lopsided (k INT, v INT) DISTKEY(k)",
    "INSERT INTO lopsided SELECT 7, n FROM numbers",
    "CREATE TABLE unread (a INT) DISTSTYLE EVEN",
    "CREATE TABLE half_gone (a INT) DISTSTYLE EVEN",
    "INSERT INTO half_gone SELECT n FROM numbers",
    "DELETE FROM half_gone WHERE a < 100",
    "CREATE VIEW cities AS SELECT city, COUNT(*) AS buyers FROM buyers GROUP BY city",
    "COMMENT ON TABLE sales IS 'what was sold'",
    "COMMENT ON COLUMN sales.buyer IS 'who bought'",
    # A broadcast, a scan that keeps little, a product, one table without statistics, one with ghost rows.
    "SET query_group TO 'nightly'",
    "SELECT city, COUNT(*) FROM sales JOIN buyers ON sales.buyer = buyers.id GROUP BY city ORDER BY city",
    "RESET query_group",
    "SELECT COUNT(*) FROM sales WHERE id = 4711",
    "SELECT COUNT(*) FROM buyers a, lopsided b WHERE a.id + b.v > 300",
    "SELECT COUNT(*) FROM unread",
    "SELECT SUM(a) FROM half_gone",
)


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("system") / "lab"
    with kit.open(folder, clock=ManualClock(), seed=1, settings=SETTINGS) as opened:
        for statement in LIFE:
            opened.warehouse.sql(statement)
        with pytest.raises(KitError):
            opened.warehouse.sql("SELECT 1 / (n - n) FROM numbers")
        opened.storage.put("s3://lake/buyers.csv", "1000,Oslo\nnobody,Rome\n1001,Lima\n")
        with pytest.raises(KitError):
            opened.warehouse.sql("COPY buyers FROM 's3://lake/buyers.csv' IAM_ROLE 'arn:aws:iam::1:role/r' CSV")
        opened.warehouse.sql("COPY buyers FROM 's3://lake/buyers.csv' IAM_ROLE 'arn:aws:iam::1:role/r' CSV MAXERROR 2")
        yield opened


@pytest.fixture(scope="module")
def ask(lived_in: Workspace) -> Callable[[str], list[tuple[object, ...]]]:
    """The rows of a query."""

    def rows(sql: str) -> list[tuple[object, ...]]:
        return lived_in.warehouse.sql(sql).rows

    return rows


@pytest.fixture(scope="module")
def used(lived_in: Workspace) -> Warehouse:
    return lived_in.warehouse
