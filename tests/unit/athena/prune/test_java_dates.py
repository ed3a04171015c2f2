"""Java's date patterns, written and read."""

from datetime import datetime

import pytest

from kit.athena.prune.java_dates import java_dates
from kit.base.errors import KitError

MOMENT = datetime(2013, 2, 3, 4, 5, 6, 78000)


@pytest.mark.parametrize(
    ("pattern", "text", "precision"),
    [
        ("yyyy-MM-dd", "2013-02-03", "day"),
        ("yyyy/MM/dd/HH", "2013/02/03/04", "hour"),
        ("yyyyMMdd", "20130203", "day"),
        ("yyyy", "2013", "year"),
        ("yyyy-MM", "2013-02", "month"),
        ("dd-MMM-yy", "03-Feb-13", "day"),
        ("d/M/yyyy H:m:s", "3/2/2013 4:5:6", "second"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2013-02-03T04:05:06.078", "microsecond"),
        ("'dt='yyyy''MM", "dt=2013'02", "month"),
        ("uuuu-LL", "2013-02", "month"),
    ],
)
def test_patterns_are_written(pattern: str, text: str, precision: str) -> None:
    dates = java_dates(pattern)

    assert dates.write(MOMENT) == text
    assert dates.precision == precision


@pytest.mark.parametrize(
    "pattern", ["yyyy-MM-dd", "yyyyMMddHHmmss", "dd-MMM-yy", "d/M/yyyy", "yyyy-MM-dd'T'HH:mm:ss.SSS"]
)
def test_what_is_written_is_read_back(pattern: str) -> None:
    dates = java_dates(pattern)

    moment = dates.read(dates.write(MOMENT))

    assert moment is not None
    assert dates.write(moment) == dates.write(MOMENT)
    assert moment.date() == MOMENT.date()


@pytest.mark.parametrize("text", ["2013-2-03", "2013-02-30", "2013-02-03 ", "", "abcd-ef-gh"])
def test_other_texts_are_no_dates(text: str) -> None:
    assert java_dates("yyyy-MM-dd").read(text) is None


@pytest.mark.parametrize("pattern", ["", "yyyy-MM-dd EEE", "YYYY-ww", "yyyy-MM-dd'T", "yyyyy", "hh a"])
def test_letters_without_support_are_refused(pattern: str) -> None:
    with pytest.raises(KitError, match="INVALID_TABLE_PROPERTY"):
        java_dates(pattern)
