"""Statistics of loaded text that looks like a number or a moment."""

from __future__ import annotations

from typing import Any


def test_text_that_begins_like_a_year_is_text(warehouse: Any) -> None:
    warehouse.sql("CREATE TABLE t (k int, model varchar(10), at timestamptz)")

    warehouse.sql("INSERT INTO t VALUES (1, '1500', '2020-01-02 03:04:05+00'), (2, '150', NULL)")

    columns = warehouse.sql("SELECT model FROM t WHERE at > '2020-01-01' ORDER BY k").rows
    assert columns == [("1500",)]
