"""A picture's columns travel as plain buffers, and values keep their places."""

import struct

import pyarrow as pa
import pytest

from kit.base.errors import KitError
from kit.widgets.stream_chart.packet import SERIES, Places, pack
from kit.widgets.stream_chart.plan import Column

COLUMNS = (Column("at", "time"), Column("v", "number"), Column("k", "text"))


def table(*rows: tuple[float, float | None, str]) -> pa.Table:
    schema = pa.schema([("at", pa.float64()), ("v", pa.float64()), ("k", pa.string())])
    return pa.table([list(column) for column in zip(*rows, strict=True)] or [[], [], []], schema=schema)


def test_numbers_are_float64_and_text_is_places_in_a_list() -> None:
    described, buffers = pack(table((1.0, 2.5, "b"), (2.0, -1.0, "a"), (3.0, 0.0, "b")), COLUMNS, Places())

    assert described == [
        {"name": "at", "kind": "time"},
        {"name": "v", "kind": "number"},
        {"name": "k", "kind": "text", "values": ["a", "b"]},
    ]
    assert struct.unpack("<3d", buffers[0]) == (1.0, 2.0, 3.0)
    assert struct.unpack("<3d", buffers[1]) == (2.5, -1.0, 0.0)
    assert struct.unpack("<3i", buffers[2]) == (1, 0, 1)


def test_a_slice_of_a_table_gives_only_its_rows() -> None:
    _, buffers = pack(table((1.0, 1.0, "a"), (2.0, 2.0, "b"), (3.0, 3.0, "c")).slice(1, 1), COLUMNS, Places())

    assert struct.unpack("<d", buffers[0]) == (2.0,)
    assert struct.unpack("<i", buffers[2]) == (0,)


def test_no_rows_are_empty_buffers() -> None:
    _, buffers = pack(table(), COLUMNS, Places())

    assert [len(buffer) for buffer in buffers] == [0, 0, 0]


def test_a_missing_number_is_nan() -> None:
    _, buffers = pack(table((1.0, None, "a")), COLUMNS, Places())

    (value,) = struct.unpack("<d", buffers[1])
    assert value != value


def test_values_keep_their_places_when_others_come_and_go() -> None:
    places = Places()
    pack(table((1.0, 1.0, "b")), COLUMNS, places)

    described, _ = pack(table((1.0, 1.0, "a")), COLUMNS, places)

    assert described[2]["values"] == ["b", "a"]


def test_values_that_are_gone_make_room_when_there_is_none() -> None:
    places = Places()
    places.settle("k", [f"old {place:02d}" for place in range(SERIES)])

    settled = places.settle("k", ["old 07", "new"])

    assert settled == ["old 07", "new"]


def test_more_values_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(KitError) as refused:
        Places().settle("k", [str(place) for place in range(SERIES + 1)])
    assert refused.value.code == "TOO_MANY_SERIES"
