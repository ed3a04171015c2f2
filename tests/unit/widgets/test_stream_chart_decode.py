"""Batches become rows: fast where all is well, the same where some documents are not, and nothing lost in silence."""

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.widgets.stream_chart import decode
from kit.widgets.stream_chart.decode import Decoder, Rows
from kit.widgets.stream_chart.plan import of_specification, specification

AT = datetime(2013, 7, 4, 12, tzinfo=UTC)
AT_MS = AT.timestamp() * 1000


def decoder(x: str = "at") -> Decoder:
    spec = specification((x, "time"), ("temp", "number"), "station")
    return Decoder(of_specification(spec, time=None, arrival="arrival_time"))


def documents(*data: bytes | str | dict[str, Any]) -> pa.RecordBatch:
    given = [json.dumps(one).encode() if isinstance(one, dict) else one for one in data]
    return pa.record_batch({"data": pa.array(given, pa.binary())})


def values(rows: Rows) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows.table.to_pylist()]


GOOD = {"at": "2013-07-04 12:00:00", "temp": 21, "station": "JFK"}


def test_fields_of_documents_become_columns() -> None:
    rows = decoder().decode(documents(GOOD, {**GOOD, "temp": 21.5, "other": [1]}))

    assert values(rows) == [(AT_MS, 21.0, "JFK"), (AT_MS, 21.5, "JFK")]
    assert rows.left_out == 0


@pytest.mark.parametrize(
    "time",
    [
        "2013-07-04 12:00:00",
        "2013-07-04T12:00:00Z",
        "2013-07-04T14:00:00+02:00",
        "2013-07-04T12:00:00.000",
        int(AT_MS),
        AT_MS / 1000,
    ],
)
def test_times_are_read_in_every_form_that_is_common(time: Any) -> None:
    rows = decoder().decode(documents({**GOOD, "at": time}))

    assert values(rows) == [(AT_MS, 21.0, "JFK")]


def test_forms_of_times_may_be_mixed() -> None:
    rows = decoder().decode(documents(GOOD, {**GOOD, "at": "2013-07-04T12:00:00Z"}, {**GOOD, "at": int(AT_MS)}))

    assert values(rows) == [(AT_MS, 21.0, "JFK")] * 3


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"nonsense", "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"at": "2013-07-04 12:00:00"}{"temp": 1}', "not JSON"),
        ({**GOOD, "temp": "warm"}, "'temp' is no number"),
        ({**GOOD, "temp": True}, "'temp' is no number"),
        ({**GOOD, "temp": 10**400}, "no number in 'temp'"),
        ({**GOOD, "at": "yesterday"}, "'at' is no time"),
        ({**GOOD, "temp": None}, "no number in 'temp'"),
        ({"temp": 1.0}, "no time in 'at'"),
    ],
)
def test_a_record_without_a_place_is_left_out_counted_and_explained(bad: Any, reason: str) -> None:
    rows = decoder().decode(documents(GOOD, bad, GOOD))

    assert values(rows) == [(AT_MS, 21.0, "JFK")] * 2
    assert (rows.left_out, rows.reason) == (1, reason)


def test_text_is_cut_and_a_missing_one_has_a_name() -> None:
    rows = decoder().decode(
        documents({**GOOD, "station": "x" * 500}, {**GOOD, "station": None}, {**GOOD, "station": 4})
    )

    assert [row[2] for row in values(rows)] == ["x" * decode.LONGEST_TEXT, decode.MISSING, "4"]


def test_columns_of_a_batch_go_before_documents() -> None:
    batch = pa.record_batch(
        {
            "at": pa.array([AT], pa.timestamp("ms", "UTC")),
            "temp": pa.array([21], pa.int16()),
            "station": pa.array(["JFK"]).dictionary_encode(),
        }
    )

    assert values(decoder().decode(batch)) == [(AT_MS, 21.0, "JFK")]


def test_a_column_that_is_nowhere_leaves_all_rows_out() -> None:
    rows = decoder().decode(pa.record_batch({"temp": pa.array([1.0, 2.0])}))

    assert (rows.table.num_rows, rows.left_out, rows.reason) == (0, 2, "no time in 'at'")


def test_an_empty_batch_is_no_rows() -> None:
    assert decoder().decode(documents()).table.num_rows == 0


FIELDS = st.fixed_dictionaries(
    {
        "at": st.sampled_from(["2013-07-04 12:00:00", "2013-07-04T12:00:00Z", 1372939200, None, "never"]),
        "temp": st.one_of(
            st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.none(), st.text(max_size=3)
        ),
        "station": st.one_of(st.text(max_size=5), st.none(), st.booleans()),
    }
)
DOCUMENTS = st.lists(st.one_of(FIELDS.map(lambda one: json.dumps(one).encode()), st.binary(max_size=6)), max_size=12)


@given(DOCUMENTS)
def test_together_and_one_by_one_give_the_same(data: list[bytes]) -> None:
    together = decoder().decode(documents(*data))
    apart = [decoder().decode(documents(one)) for one in data]

    assert values(together) == [row for rows in apart for row in values(rows)]
    assert together.left_out == sum(rows.left_out for rows in apart)
