"""Values as JSON: what is sent is what arrives, and nothing else can arrive."""

import datetime as dt
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.errors import KitError
from kit.warehouse import ClusterInfo, SliceInfo, WarehouseStats
from kit.warehouse.execute.measures import Fragment, Moved, Run
from kit.warehouse.plan.facts import Shape
from kit.warehouse.plan.outline import Outline, SegmentOutline
from kit.warehouse.sharing.frames import MalformedFrame
from kit.warehouse.sharing.values import dumped, loaded, read_error, told_error

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.decimals(allow_nan=False),
    st.datetimes(),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.dates(),
    st.times(),
    st.timedeltas(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
def test_a_value_arrives_as_it_was_sent(value: Any) -> None:
    arrived = loaded(dumped(value))

    assert arrived == value
    assert type(arrived) is type(value)


def test_nan_arrives() -> None:
    assert math.isnan(loaded(dumped(math.nan)))


def test_a_value_of_another_type_arrives_as_a_stranger_of_that_name() -> None:
    class Odd:
        pass

    arrived = loaded(dumped([Odd(), {1, 2}]))

    assert [type(each).__name__ for each in arrived] == ["Odd", "set"]


def test_statistics_arrive_with_their_run() -> None:
    segment = SegmentOutline(0, 0, "slices", "SELECT 1", "gather", (), reads_tables=True)
    outline = Outline((segment,), "colocated", ("a reason",), Shape(2, 2), {"t1": "sales"})
    fragments = (Fragment(0, 1, 0.5, 2.0, 10, '{"query": {"total_row_groups_scanned": 3}}'),)
    run = Run(outline, fragments, (Moved(0, "gather", 10, 80),), 1.5, is_cached_plan=False)
    stats = WarehouseStats(ms=4.0, rows=10, query_id=3, planning_ms=1.5, run=run)

    arrived = loaded(dumped(stats))

    assert arrived == stats
    assert arrived.summary() == stats.summary()
    assert arrived.blocks_scanned == 3


def test_the_cluster_s_shape_arrives() -> None:
    info = ClusterInfo(1, 2, 2, 100, 50, (SliceInfo(0, 0, 1, 10, 80), SliceInfo(1, 0, 1, 12, 96)))

    assert loaded(dumped(info)) == info


def test_a_field_of_a_newer_record_is_left_out() -> None:
    body = json.loads(dumped(Shape(1, 2)))
    body["v"]["racks"] = 3

    assert loaded(json.dumps(body).encode()) == Shape(1, 2)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b'{"a": 1}',
        b'{"$": "os.system", "v": "ls"}',
        b'{"$": "decimal", "v": "x"}',
        b'{"$": "Shape", "v": {"nodes": 1}}',
        b'{"$": "Shape", "v": 5}',
        b'{"$": "dict", "v": [[[], 1]]}',
        b'{"$": "datetime", "v": 5}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_value_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedFrame):
        loaded(body)


def test_an_error_arrives_with_its_place_and_hint() -> None:
    error = KitError("42P01", "no such table", "Create it.", statement="SELECT *\nFROM x", line=2, column=6)

    arrived, state = read_error(told_error(error, {"in_transaction": True}))

    assert str(arrived) == str(error)
    assert arrived.code == "42P01"
    assert state == {"in_transaction": True}


def test_a_fault_of_the_owner_s_is_told_by_its_kind() -> None:
    arrived, _ = read_error(told_error(ZeroDivisionError("division by zero"), {}))

    assert (arrived.code, arrived.message) == ("XX000", "ZeroDivisionError: division by zero")


@pytest.mark.parametrize("body", [dumped({}), dumped([]), dumped(None)])
def test_an_error_without_its_parts_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedFrame):
        read_error(body)
