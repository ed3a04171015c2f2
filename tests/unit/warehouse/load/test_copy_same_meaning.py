"""The engine's reader and ours mean the same: what the fast one loads, the slow one loads too, value by value."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sql.redshift import MACROS
from kit.sql.redshift.statements import CopyOptions
from kit.sql.redshift.types import parse_type
from kit.warehouse.catalog import StoredColumn
from kit.warehouse.load.copy_convert import RAW, ROW, bad_select, good_select, name, strict_select
from kit.warehouse.load.copy_engine import csv_source, quoting_of
from kit.warehouse.load.copy_streams import decoded, opened, whole
from kit.warehouse.load.copy_text import BadRecord, records

CSV = CopyOptions(format="CSV", delimiter=",")
PIPES = CopyOptions()
TEXT = ("varchar(8)", "varchar(8)")


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        for macro in MACROS:
            connection.execute(macro)
        yield connection


def columns(*kinds: str) -> tuple[StoredColumn, ...]:
    return tuple(StoredColumn(f"c{index}", parse_type(kind)) for index, kind in enumerate(kinds))


def fast(
    engine: duckdb.DuckDBPyConnection, path: Path, data: bytes, kinds: tuple[str, ...], options: CopyOptions
) -> list[tuple[object, ...]] | None:
    """The rows as the engine reads them, None where the slow reader would be asked instead."""
    path.write_bytes(data)
    with opened(path, "s3://b/k", "NONE") as stream:
        piece = whole(path, stream, quoting_of(options))
    if piece.lines <= options.ignore_header:
        return None
    source = csv_source(piece, options, len(kinds), options.ignore_header)
    if source is None:
        return None
    try:
        return engine.execute(strict_select(columns(*kinds), options, source)).fetchall()
    except duckdb.Error:
        return None


def slow(
    engine: duckdb.DuckDBPyConnection, data: bytes, kinds: tuple[str, ...], options: CopyOptions
) -> list[tuple[object, ...]] | None:
    """The rows as we read them, None where one of them is bad."""
    found = list(records(decoded(io.BytesIO(data), "UTF8"), options, len(kinds)))
    if any(isinstance(each, BadRecord) for each in found):
        return None
    fields = [pa.array([each.fields[index] for each in found], pa.string()) for index in range(len(kinds))]
    batch = pa.table(
        [pa.array(range(len(found)), pa.int64()), *fields], [ROW, *(name(RAW, i) for i in range(len(kinds)))]
    )
    engine.register("batch", batch)
    if engine.execute(bad_select(columns(*kinds), options, "batch")).fetchall():
        return None
    return engine.execute(good_select(columns(*kinds), options, "batch")).fetchall()


@given(
    data=st.text(alphabet='a,"\n\r |\t\\é', max_size=24),
    header=st.integers(0, 2),
    is_csv=st.booleans(),
)
def test_both_take_the_same_lines_apart_in_the_same_way(
    engine: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, data: str, header: int, is_csv: bool
) -> None:
    options = replace(CSV if is_csv else PIPES, ignore_header=header)
    path = tmp_path_factory.getbasetemp() / "piece.csv"

    quick = fast(engine, path, data.encode(), TEXT, options)

    if quick is not None:
        assert quick == slow(engine, data.encode(), TEXT, options)


NUMBERS = st.text(alphabet="0123456789+-._eExXn ", max_size=8)
DATES = st.text(alphabet="0129-:/ T.+Z", max_size=20) | st.sampled_from(
    ["2008-01-31", "2008-02-30", "2008-01-31 10:00:00", "2008-01-31T10:00:00", "2008-1-1", " 2008-01-31 ", "epoch"]
)
WORDS = st.sampled_from(["t", "yes", "\\N", "", "  ", "abcd  ", "nan"])
KINDS = ("smallint", "bigint", "decimal(5,2)", "double precision", "boolean", "date", "timestamp", "char(4)")


@given(texts=st.lists(NUMBERS | DATES | WORDS, min_size=1, max_size=3), kind=st.sampled_from(KINDS))
def test_both_convert_fields_in_the_same_way(
    engine: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, texts: list[str], kind: str
) -> None:
    data = "".join(f"1|{text}\n" for text in texts).encode()
    path = tmp_path_factory.getbasetemp() / "piece.csv"

    quick = fast(engine, path, data, ("int", kind), PIPES)

    slowly = slow(engine, data, ("int", kind), PIPES)
    assert (quick is None) == (slowly is None)
    assert repr(quick) == repr(slowly)
