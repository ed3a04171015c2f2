"""How results look as text and as HTML."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from kit.base.display import LINE_CHARACTERS, dollars, duration, size
from kit.base.result import Result, Stats


def result_of(columns: dict[str, Any], *, page_rows: int = 20) -> Result:
    table = pa.table(columns)
    return Result.of_table(table, stats=Stats(ms=12.3, rows=table.num_rows), page_rows=page_rows)


def test_numbers_stand_right_and_texts_left_and_null_is_spelled_out() -> None:
    shown = repr(result_of({"carrier": ["UA", None], "flights": [58_665, None], "share": [Decimal("0.17"), None]}))

    assert shown == (
        "carrier  flights  share\n"
        "-------  -------  -----\n"
        "UA         58665   0.17\n"
        "NULL        NULL   NULL\n"
        "2 rows · 12 ms"
    )


def test_nested_values_are_written_as_athena_writes_them() -> None:
    columns = {
        "list": pa.array([[1, None]]),
        "row": pa.array([{"a": 1, "b": "x"}]),
        "map": pa.array([[("k", 1.5)]], pa.map_(pa.string(), pa.float64())),
        "flag": [True],
        "bytes": [b"ab"],
        "day": [date(2013, 1, 1)],
    }

    assert repr(result_of(columns)).splitlines()[2].split("  ") == [
        *("[1, null]", "{a=1, b=x}", "{k=1.5}", "true", "61 62", "2013-01-01"),
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.1 + 0.2, "0.3"), (1 / 3, "0.3333333333"), (1234567.891, "1234567.891"), (-5.0, "-5.0"), (2e300, "2e+300")],
)
def test_floats_lose_digits_in_the_display_alone(value: float, shown: str) -> None:
    result = result_of({"x": [value]})

    assert repr(result).splitlines()[2].strip() == shown
    assert result.rows == [(value,)]


@pytest.mark.parametrize(("value", "shown"), [(float("inf"), "Infinity"), (float("-inf"), "-Infinity")])
def test_infinities_have_their_sql_names(value: float, shown: str) -> None:
    assert repr(result_of({"x": [value]})).splitlines()[2].strip() == shown


def test_what_acts_on_a_terminal_is_spelled_out() -> None:
    shown = repr(result_of({"a\tb": ["\x1b[31mred\r\n", "\u202eabc"]}))

    assert shown.splitlines()[0] == "a\\tb"
    assert shown.splitlines()[2:4] == ["\\x1b[31mred\\r\\n", "\\u202eabc"]


def test_wide_characters_keep_the_columns_straight() -> None:
    lines = repr(result_of({"name": ["日本", "ab"], "n": [1, 2]})).splitlines()

    assert lines[2:4] == ["日本  1", "ab    2"]


def test_long_values_are_cut() -> None:
    assert repr(result_of({"x": ["y" * 100]})).splitlines()[2] == "y" * 59 + "…"


def test_columns_that_do_not_fit_are_left_out_in_the_middle_and_counted() -> None:
    lines = repr(result_of({f"column_{index:02}": [1] for index in range(30)})).splitlines()

    assert max(map(len, lines)) <= LINE_CHARACTERS
    assert lines[0].startswith("column_00  ")
    assert lines[0].endswith("  column_29")
    assert "  …  " in lines[0]
    shown = lines[0].count("column_")
    assert lines[-1] == f"1 row · 12 ms · {shown} of 30 columns shown"


def test_a_page_says_how_much_of_the_whole_it_is() -> None:
    shown = repr(result_of({"x": list(range(1000))}, page_rows=3))

    assert shown.splitlines()[-1] == "1,000 rows · 12 ms · first 3 shown"
    assert len(shown.splitlines()) == 6


def test_a_streamed_result_says_so() -> None:
    def rest() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"x": [2]})

    held = pa.record_batch({"x": [1]})
    shown = repr(Result(held.schema, [held], stats=Stats(ms=1.0), rest=rest()))

    assert shown.splitlines()[-1] == "first 1 row shown; the rest is streamed, not held · 1.0 ms"


def test_an_answer_without_rows_shows_its_message() -> None:
    result = Result.of_message("Table <nyc.t> created.", stats=Stats(ms=5.0))

    assert repr(result) == "Table <nyc.t> created.\n5.0 ms"
    assert "Table &lt;nyc.t&gt; created." in result._repr_html_()


def test_a_plan_is_shown_as_it_stands() -> None:
    result = result_of({"Query Plan": ["Sort\n  Scan <flights>\n"]})

    assert repr(result) == "Sort\n  Scan <flights>\n1 row · 12 ms"
    assert "<pre" in result._repr_html_()
    assert "Sort\n  Scan &lt;flights&gt;" in result._repr_html_()


def test_html_escapes_names_and_values_and_needs_nothing_from_elsewhere() -> None:
    shown = result_of({"<b>": ["<script>alert(1)</script>"], "n": [1]})._repr_html_()

    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert '<th scope="col" style="text-align:left" title="string">&lt;b&gt;</th>' in shown
    assert '<td style="text-align:right">1</td>' in shown
    assert "http" not in shown


def test_html_marks_null_apart_from_the_text_null() -> None:
    shown = result_of({"x": ["NULL", None]})._repr_html_()

    assert shown.count(">NULL</td>") == 1
    assert shown.count("<i>NULL</i></td>") == 1


def test_units_are_those_of_a_bill() -> None:
    assert [size(n) for n in (0, 999, 1_000, 6_314_578, 123_456_789)] == ["0 B", "999 B", "1 KB", "6.31 MB", "123 MB"]
    assert [duration(ms) for ms in (0.04, 12.34, 1234.5)] == ["0.0 ms", "12 ms", "1.23 s"]
    assert [dollars(usd) for usd in (0, 0.00005, 3.5)] == ["$0.00", "$0.000050", "$3.50"]
