"""Row groups are pruned by what the footer says, and never when it does not say."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.athena.prune.footers import Footer, Footers
from kit.athena.prune.row_groups import surviving
from kit.athena.scan.source import DataFile
from kit.base.domain import Between, Domain, OneOf, contains
from kit.base.errors import KitError
from kit.catalog.types import parse


def footer(table: pa.Table, group_rows: int, **options: Any) -> Footer:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=group_rows, **options)
    return Footer(pq.read_metadata(pa.BufferReader(sink.getvalue())))


def kept(held: Footer, domain: Domain, kind: str = "bigint") -> list[int]:
    return surviving(held, {"v": (domain, parse(kind))})


def test_min_and_max_decide() -> None:
    held = footer(pa.table({"v": list(range(100))}), 10)

    assert kept(held, OneOf((5, 57))) == [0, 5]
    assert kept(held, Between(18, 31)) == [1, 2, 3]
    assert kept(held, Between(None, 10, high_open=True)) == [0]
    assert kept(held, OneOf(())) == []
    assert kept(held, OneOf((1000,))) == []


@pytest.mark.parametrize(
    ("values", "kind", "domain", "expected"),
    [
        (["a", "b", "m", "z"], "string", Between("n", None), [1]),
        (
            [date(2013, 1, 1), date(2013, 1, 2), date(2014, 1, 1), date(2014, 1, 2)],
            "date",
            OneOf((date(2014, 1, 1),)),
            [1],
        ),
        ([1.5, 2.5, 10.5, 11.5], "double", Between(None, 3), [0]),
        (
            [Decimal("1.50"), Decimal("2.50"), Decimal("9.99"), Decimal("10.00")],
            "decimal(5,2)",
            Between(Decimal("9.98"), None),
            [1],
        ),
        ([Decimal("1.50"), Decimal("2.50"), Decimal("9.99"), Decimal("10.00")], "decimal(5,2)", OneOf((2,)), [0]),
        ([True, True, False, False], "boolean", OneOf((True,)), [0, 1]),
    ],
)
def test_bounds_are_compared_as_the_declared_type(
    values: list[Any], kind: str, domain: Domain, expected: list[int]
) -> None:
    assert kept(footer(pa.table({"v": values}), 2), domain, kind) == expected


def test_timestamps_may_be_off_by_their_rounding() -> None:
    moments = [datetime(2013, 1, 1, 0, 0, 0, 999600), datetime(2013, 1, 2)]
    held = footer(pa.table({"v": pa.array(moments, pa.timestamp("us"))}), 1)

    assert kept(held, OneOf((datetime(2013, 1, 1, 0, 0, 1),)), "timestamp") == [0]
    assert kept(held, OneOf((datetime(2013, 1, 1, 12),)), "timestamp") == []


def test_timestamps_with_a_zone_are_compared_in_utc() -> None:
    held = footer(
        pa.table({"v": pa.array([datetime(2013, 1, 1, 12, tzinfo=UTC)], pa.timestamp("us", "Europe/Rome"))}), 1
    )

    assert kept(held, OneOf((datetime(2013, 1, 1, 12),)), "timestamp") == [0]


def test_a_group_of_nulls_holds_nothing_that_is_asked_for() -> None:
    held = footer(pa.table({"v": pa.array([None, None, 1, None], pa.int64())}), 2)

    assert kept(held, Between(None, None)) == [1]


def test_a_column_that_the_file_lacks_is_null_throughout() -> None:
    assert kept(footer(pa.table({"w": [1]}), 1), Between(0, 9)) == []


def test_what_is_not_said_is_not_pruned() -> None:
    held = footer(pa.table({"v": [0, 1, 2, 3]}), 2, write_statistics=False)

    assert kept(held, OneOf((77,))) == [0, 1]
    assert kept(held, OneOf(())) == []


def test_chars_are_not_pruned_because_blanks_do_not_count() -> None:
    assert kept(footer(pa.table({"v": ["a  "]}), 1), OneOf(("a",)), "char(3)") == [0]


@given(st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=40), st.data())
def test_pruning_never_loses_a_row(values: list[int | None], data: st.DataObject) -> None:
    bounds = st.one_of(st.none(), st.integers(-50, 50))
    domain = data.draw(
        st.one_of(
            st.builds(Between, bounds, bounds, st.booleans(), st.booleans()),
            st.lists(st.integers(-50, 50), max_size=4).map(lambda found: OneOf(tuple(found))),
        )
    )
    size = data.draw(st.integers(1, 9))
    held = footer(pa.table({"v": pa.array(values, pa.int64())}), size)

    groups = set(kept(held, domain))

    for index, value in enumerate(values):
        if value is not None and contains(domain, value):
            assert index // size in groups


def test_bytes_are_those_of_the_columns_chunks() -> None:
    table = pa.table(
        {
            "v": list(range(1000)),
            "W": [f"{i * 7919 % 1000003:030d}" for i in range(1000)],
            "s": [{"x": i, "y": "z"} for i in range(1000)],
        }
    )
    held = footer(table, 100, compression="none")

    assert held.row_groups == 10
    assert sum(held.chunk_bytes("w")) > sum(held.chunk_bytes("v")) > 0
    assert held.chunk_bytes("nothing") == (0,) * 10
    assert all(size > 0 for size in held.chunk_bytes("s"))


def data_file(path: Path, etag: str = "e") -> DataFile:
    return DataFile(f"s3://b/{path.name}", path, path.stat().st_size, etag, datetime(2026, 1, 1, tzinfo=UTC))


def test_footers_are_kept_until_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"v": [1]}), path)
    footers = Footers()

    (first,), (again,) = footers.of([data_file(path)]), footers.of([data_file(path)])
    pq.write_table(pa.table({"v": [1, 2]}), path)
    (changed,) = footers.of([data_file(path, "f")])

    assert first is again
    assert (first.rows, changed.rows) == (1, 2)


def test_the_store_of_footers_is_bounded(tmp_path: Path) -> None:
    files = []
    for index in range(40):
        path = tmp_path / f"{index}.parquet"
        pq.write_table(pa.table({"v": [index]}), path)
        files.append(data_file(path))
    footers = Footers(capacity=10)

    assert [each.rows for each in footers.of(files)] == [1] * 40
    assert len(footers._kept) == 10


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"v": [1]}), path)
    file = data_file(path)
    path.unlink()

    with pytest.raises(KitError, match="HIVE_CANNOT_OPEN_SPLIT"):
        Footers().of([file])
