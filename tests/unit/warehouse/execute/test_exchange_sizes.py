"""How large an exchange is: the same answer whether the text of few rows is added up or DuckDB's counts are asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pytest

from kit.warehouse.execute import exchange
from kit.warehouse.plan.nodes import Column

WORDS = ["", "a", "naïve", "日本語", "x" * 300]


@dataclass(frozen=True)
class Sent:
    """The parts of a segment that count."""

    number: int
    columns: tuple[Column, ...]


SENT = Sent(0, (Column("n", "BIGINT"), Column("a", "VARCHAR"), Column("b", "VARCHAR(300)")))


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        exchange.attach(opened, "boat")
        yield opened


@pytest.mark.parametrize("few_rows", [0, 1_000], ids=["counted by DuckDB", "added up"])
def test_bytes_of_text_and_of_fixed_widths_are_counted(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, few_rows: int
) -> None:
    monkeypatch.setattr(exchange, "FEW_ROWS", few_rows)
    for producer in range(3):
        connection.execute(f"CREATE TABLE {exchange.table('boat', 0, producer)} (n BIGINT, a VARCHAR, b VARCHAR)")
    for producer, words in enumerate([WORDS, [], WORDS[:2]]):
        for word in words:
            connection.execute(f"INSERT INTO {exchange.table('boat', 0, producer)} VALUES (1, ?, NULL)", [word])

    size = exchange.size_bytes(connection, "boat", SENT, [5, 0, 2])  # type: ignore[arg-type]

    assert size == 7 * 8 + sum(len(word.encode()) for word in [*WORDS, *WORDS[:2]])


def test_no_rows_take_no_bytes(connection: duckdb.DuckDBPyConnection) -> None:
    assert exchange.size_bytes(connection, "boat", SENT, [0, 0, 0]) == 0  # type: ignore[arg-type]
