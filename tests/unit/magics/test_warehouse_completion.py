"""Tab in `%%warehouse`: schemas, tables, the system's tables, columns, functions and words of Redshift's SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import kit
from kit.workspace import Workspace
from magics.warehouse import _complete


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with kit.open(tmp_path / "lab", seed=1) as opened:
        opened.warehouse.sql("CREATE TABLE sales (id INT, buyer INT, day DATE); CREATE SCHEMA marts")
        opened.warehouse.sql("CREATE TABLE marts.daily (day DATE, total INT)")
        opened.warehouse.sql("CREATE VIEW recent AS SELECT id, day AS sold FROM sales")
        yield opened


def offered(workspace: Workspace, text: str) -> tuple[str, ...]:
    before, _, after = text.partition("|")
    return _complete(workspace, before, after, "").candidates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM sa|", ("sales",)),
        ("SELECT * FROM svv_table_|", ("svv_table_info",)),
        ("SELECT * FROM marts.|", ("daily",)),
        ("SELECT * FROM information_schema.co|", ("columns",)),
        ("SELECT bu| FROM sales", ("buyer",)),
        ("SELECT r.so| FROM recent r", ("sold",)),
        ("SELECT i.skew_r| FROM svv_table_info i", ("skew_rows",)),
        ("SELECT d.t| FROM marts.daily d", ("total",)),
        ("SELECT date_tru|", ("date_trunc",)),
        ("ALTER TABLE sales ALTER DISTS|", ("DISTSTYLE ALL", "DISTSTYLE AUTO", "DISTSTYLE EVEN", "DISTSTYLE KEY")),
        ("COPY sales FROM 's3://lake/' IAM|", ("IAM_ROLE",)),
    ],
)
def test_what_can_come_next_is_offered(workspace: Workspace, text: str, expected: tuple[str, ...]) -> None:
    assert offered(workspace, text) == expected


def test_columns_of_a_table_that_must_be_quoted_are(workspace: Workspace) -> None:
    assert '"table"' in offered(workspace, "SELECT ta| FROM svv_table_info")


def test_completion_is_not_what_the_session_did_last(workspace: Workspace) -> None:
    workspace.warehouse.sql("SELECT 1")
    last = workspace.warehouse.sql("SELECT PG_LAST_QUERY_ID()").rows

    offered(workspace, "SELECT * FROM sa|")

    assert workspace.warehouse.sql("SELECT PG_LAST_QUERY_ID()").rows == [(last[0][0] + 1,)]
