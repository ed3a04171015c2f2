from datetime import UTC, datetime

import pytest

from kit.base.errors import KitError
from kit.delivery.java_time import format_time
from kit.delivery.prefix import Place, Prefix, check_error_prefix, check_prefix, evaluate, evaluate_error

TIME = datetime(2026, 3, 7, 5, 9, 2, 123_456, UTC)
PLACE = Place(TIME, "Ab3dEf6hIj9", {"user": "ada"}, {"city": "ulm"})


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", "2026/03/07/05/"),
        ("raw/", "raw/2026/03/07/05/"),
        ("raw/!{firehose:random-string}/", "raw/Ab3dEf6hIj9/2026/03/07/05/"),
        ("y=!{timestamp:yyyy}/m=!{timestamp:MM}/", "y=2026/m=03/"),
        ("u=!{partitionKeyFromQuery:user}/c=!{partitionKeyFromLambda:city}/!{timestamp:dd}/", "u=ada/c=ulm/07/"),
    ],
)
def test_a_prefix_comes_to(prefix, expected):
    assert evaluate(Prefix.parse(prefix), PLACE) == expected


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", "processing-failed/2026/03/07/05/"),
        ("errors/", "errors/processing-failed/2026/03/07/05/"),
        ("e/!{firehose:error-output-type}/", "e/processing-failed/"),
        ("e/!{timestamp:yyyy}/!{firehose:error-output-type}/x", "e/2026/processing-failed/x"),
    ],
)
def test_an_error_prefix_comes_to(prefix, expected):
    assert evaluate_error(Prefix.parse(prefix), PLACE, "processing-failed") == expected


@pytest.mark.parametrize(
    "text",
    ["!{", "!{}", "a/!{timestamp}", "!{timestamp:}", "!{timestamp:bb}", "!{firehose:what}", "!{nobody:x}", "!{a:b"],
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(KitError) as caught:
        Prefix.parse(text)

    assert caught.value.code == "InvalidArgumentException"


def test_kinds_of_errors_belong_in_the_error_prefix_alone():
    with pytest.raises(KitError, match="ErrorOutputPrefix"):
        check_prefix(Prefix.parse("a/!{firehose:error-output-type}/"))


@pytest.mark.parametrize(
    ("prefix", "error_prefix"),
    [
        ("y=!{timestamp:yyyy}/", ""),
        ("", "e/!{timestamp:yyyy}/"),
        ("", "e/!{firehose:error-output-type}/!{partitionKeyFromQuery:user}/"),
    ],
)
def test_an_error_prefix_that_does_not_tell_enough_is_refused(prefix, error_prefix):
    with pytest.raises(KitError):
        check_error_prefix(Prefix.parse(error_prefix), Prefix.parse(prefix))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2026-03-07T05:09:02.123"),
        ("yy/M/d/H/m/s", "26/3/7/5/9/2"),
        ("MMM MMMM E EEEE D", "Mar March Sat Saturday 66"),
        ("hh a 'o''clock' ''", "05 AM o'clock '"),
        ("XXX Z", "Z +0000"),
    ],
)
def test_a_time_is_written_as_java_writes_it(pattern, expected):
    assert format_time(pattern, TIME) == expected
