"""RegexSerDe and GrokSerDe: groups and named captures as columns."""

import re
from typing import Any

import pytest

from kit.base.errors import KitError
from kit.catalog.grok import PATTERNS, compile_grok
from kit.catalog.serde import GROK, REGEX

APACHE = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326'


def regex(lake: Any, columns: dict[str, str], pattern: str, text: str, **parameters: str) -> None:
    lake.put("t/1.log", text)
    lake.table("t", columns, "textfile", serde=REGEX, serde_parameters={"input.regex": pattern, **parameters})


def test_groups_are_columns_in_order(lake: Any) -> None:
    regex(lake, {"a": "string", "n": "int", "b": "boolean"}, r"(\w+)=(\d+)(?:;(\w+))?", "x=1;TRUE\ny=2\nno\nz=3;x\n")

    assert lake.rows("SELECT a, n, b FROM t") == [("x", 1, True), ("y", 2, None), (None, None, None), ("z", 3, False)]


def test_the_whole_line_must_match(lake: Any) -> None:
    regex(lake, {"a": "string"}, r"(\d+)", "12\n12 \n")

    assert lake.rows("SELECT a FROM t") == [("12",), (None,)]


def test_letter_case_may_be_ignored(lake: Any) -> None:
    regex(lake, {"a": "string"}, "(get) .*", "GET /\n", **{"input.regex.case.insensitive": "true"})

    assert lake.rows("SELECT a FROM t") == [("GET",)]


def test_javas_own_words_are_understood(lake: Any) -> None:
    regex(lake, {"a": "string", "b": "string"}, r"(?<first>\p{Alpha}++)[\p{Digit}_]*(?<=\d)\h(\S*)\z", "abc12_3 x\n")

    assert lake.rows("SELECT a, b FROM t") == [("abc", "x")]


@pytest.mark.parametrize("pattern", [r"([a-z&&[^b]])", r"(\p{IsLatin})", r"\G(a)"])
def test_what_python_has_no_words_for_is_refused(lake: Any, pattern: str) -> None:
    regex(lake, {"a": "string"}, pattern, "a\n")

    with pytest.raises(KitError, match="NOT_SUPPORTED"):
        lake.sql("SELECT a FROM t")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("", "does not have serde property"), ("(a", "does not hold"), ("(a)(b)", "doesn't match the number of columns")],
)
def test_a_pattern_that_does_not_hold_is_refused(lake: Any, pattern: str, message: str) -> None:
    regex(lake, {"a": "string"}, pattern, "a\n")

    with pytest.raises(KitError, match=message):
        lake.sql("SELECT a FROM t")


def test_grok_captures_are_columns_in_order(lake: Any) -> None:
    lake.put("t/access.log", f"{APACHE}\nrubbish\n")
    columns = {"ip": "string", "ident": "string", "auth": "string", "at": "string", "verb": "string"}
    columns |= {"request": "string", "version": "string", "raw": "string", "status": "int", "bytes": "bigint"}
    lake.table("t", columns, "textfile", serde=GROK, serde_parameters={"input.format": "%{COMMONAPACHELOG}"})

    found = lake.rows("SELECT ip, auth, at, verb, request, version, raw, status, bytes FROM t")

    stamp = "10/Oct/2000:13:55:36 -0700"
    assert found == [
        ("127.0.0.1", "frank", stamp, "GET", "/apache_pb.gif", "1.0", None, 200, 2326),
        (None,) * 9,
    ]


def test_grok_patterns_may_be_the_tables_own(lake: Any) -> None:
    lake.put("t/1", "at 12 o'clock: ok\n")
    parameters = {
        "input.format": "%{HOURS:h} o'clock: %{OUTCOME:r}",
        "input.grokCustomPatterns": "HOURS \\d+\nOUTCOME ok|no",
    }
    lake.table("t", {"h": "int", "r": "string"}, "textfile", serde=GROK, serde_parameters=parameters)

    assert lake.rows("SELECT h, r FROM t") == [(12, "ok")]


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_every_grok_pattern_compiles(name: str) -> None:
    expression, groups = compile_grok(f"%{{{name}:whole}}")

    assert re.compile(expression).groups >= groups[0] == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("IPV4", "192.168.255.1"),
        ("IPV6", "2001:db8::ff00:42:8329"),
        ("IPV6", "::1"),
        ("MAC", "00:1B:44:11:3A:B7"),
        ("UUID", "123e4567-e89b-12d3-a456-426614174000"),
        ("TIMESTAMP_ISO8601", "2013-01-02T03:04:05.678Z"),
        ("HTTPDATE", "10/Oct/2000:13:55:36 -0700"),
        ("SYSLOGTIMESTAMP", "Oct  9 22:33:20"),
        ("URI", "https://example.com:8080/a/b?c=d&e=f"),
        ("QUOTEDSTRING", '"a \\"b\\" c"'),
        ("NUMBER", "-12.5"),
        ("LOGLEVEL", "WARN"),
        ("UNIXPATH", "/var/log/x.log"),
        ("HOSTNAME", "ip-10-0-0-1.ec2.internal"),
    ],
)
def test_grok_patterns_match_what_their_names_say(name: str, text: str) -> None:
    expression, _ = compile_grok(f"^%{{{name}}}$")

    assert re.search(expression, text)


@pytest.mark.parametrize(
    ("pattern", "custom", "message"),
    [
        ("", "", "input.format"),
        ("%{NOSUCH:a}", "", "'NOSUCH' is not defined"),
        ("%{A:a}", "A %{A}", "without end"),
        ("%{A:a}", "A (", "does not hold"),
    ],
)
def test_a_grok_pattern_that_does_not_hold_is_refused(pattern: str, custom: str, message: str) -> None:
    with pytest.raises(KitError, match=message):
        compile_grok(pattern, custom)
