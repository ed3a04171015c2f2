"""The 22 queries of TPC-H in Trino's dialect answer as plain DuckDB does on the same files."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import kit

QUERIES = sorted((Path(__file__).parents[1] / "tpch" / "trino").glob("*.sql"))


def test_all_queries_are_there() -> None:
    assert [path.stem for path in QUERIES] == [f"q{number:02d}" for number in range(1, 23)]


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_the_answer_is_plain_duckdbs(path: Path, lake: kit.Workspace, plain: duckdb.DuckDBPyConnection) -> None:
    text = path.read_text().strip().rstrip(";")

    ours = lake.athena.sql(text, database="tpch")
    theirs = plain.sql(text)

    expected = theirs.fetchall()
    named = zip(ours.columns, theirs.columns, strict=True)
    assert all(name == other.lower() for name, other in named if not name.startswith("_col"))
    found = ours.rows
    if not re.search(r"\border\s+by\b(?![\s\S]*\bselect\b)", text, re.IGNORECASE):
        found, expected = sorted(found, key=repr), sorted(expected, key=repr)
    assert len(found) == len(expected) > 0
    for row, other in zip(found, expected, strict=True):
        assert all(same(value, wanted) for value, wanted in zip(row, other, strict=True)), (row, other)


def same(value: Any, wanted: Any) -> bool:
    """Equal; a decimal is also equal to the binary fraction that DuckDB has for the quotient of two decimals."""
    if isinstance(value, Decimal) and isinstance(wanted, float):
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        return abs(value - Decimal(wanted)) <= Decimal(1).scaleb(exponent)
    if isinstance(value, float) and isinstance(wanted, float):
        return value == pytest.approx(wanted, rel=1e-12)
    return bool(value == wanted)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_no_query_reads_more_than_is_billed_says(path: Path, lake: kit.Workspace) -> None:
    """What DuckDB takes from storage is what the metadata say, but for footers and what lies between two chunks."""
    stats = lake.athena.sql(path.read_text().strip().rstrip(";"), database="tpch").stats

    assert stats.bytes_read is not None
    footers = 64 * 1024 * stats.files.read
    assert stats.bytes_read <= stats.bytes_scanned * 1.25 + footers
