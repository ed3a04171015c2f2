"""What is made of a record before it is sent: SINGLELINE, CSVTOJSON, LOGTOJSON. Pure.

A record that does not have the form is sent as it is, and counted; nothing is lost.

Source: Amazon Kinesis Data Streams Developer Guide, Use the agent to pre-process data, read 2026-11.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never

from kit.base.errors import KitError, did_you_mean

_COMMON = (
    r"^(?P<host>[\d.:a-fA-F]+|\S+) (?P<ident>\S+) (?P<authuser>\S+) \[(?P<datetime>[\w:/]+\s[+-]\d{4})\] "
    r'"(?P<request>.*?)" (?P<response>\d{3}) (?P<bytes>\d+|-)'
)
_FORMATS: Mapping[str, str] = {
    "COMMONAPACHELOG": _COMMON + r"\s*$",
    "COMBINEDAPACHELOG": _COMMON + r' "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)"\s*$',
    "APACHEERRORLOG": r"^\[(?P<timestamp>.+?)\] \[(?P<module>\S*?:)?(?P<severity>\w+)\]"
    r"(?: \[pid (?P<processid>\d+)(?::tid (?P<threadid>\d+))?\])?(?: \[client (?P<client>\S+)\])? (?P<message>.*)$",
    "SYSLOG": r"^(?P<timestamp>\w{3} +\d{1,2} \d{2}:\d{2}:\d{2}) (?P<hostname>\S+) (?P<program>[\w./-]+)"
    r"(?:\[(?P<processid>\d+)\])?: (?P<message>.*)$",
}
_FORMATS = {**_FORMATS, "RFC3339SYSLOG": _FORMATS["SYSLOG"].replace(r"\w{3} +\d{1,2} \d{2}:\d{2}:\d{2}", r"\d{4}-\S+")}


@dataclass(frozen=True, slots=True)
class SingleLine:
    """A record of several lines becomes one: line breaks and the blanks around them become nothing."""


@dataclass(frozen=True, slots=True)
class CsvToJson:
    """Fields, by these names, become an object; a backslash keeps the delimiter in a field."""

    names: tuple[str, ...]
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class LogToJson:
    """A line of a log becomes an object; with `names`, its fields get these instead of their own."""

    pattern: str
    names: tuple[str, ...] = field(default_factory=tuple)


Processing: TypeAlias = SingleLine | CsvToJson | LogToJson


def processing(options: Mapping[str, Any]) -> Processing:
    """A processing option of the agent's configuration. Raises `InvalidConfiguration`."""
    name = options.get("optionName")
    match name:
        case "SINGLELINE":
            return SingleLine()
        case "CSVTOJSON":
            names = options.get("customFieldNames")
            if not names:
                raise _invalid("CSVTOJSON needs customFieldNames.", "['id', 'name']")
            return CsvToJson(tuple(map(str, names)), _delimiter(options.get("delimiter", ",")))
        case "LOGTOJSON":
            return _log(options)
        case _:
            known = ("SINGLELINE", "CSVTOJSON", "LOGTOJSON")
            raise _invalid(f"The optionName '{name}' is not known.", did_you_mean(str(name), known) or ", ".join(known))


def applied(step: Processing, text: str) -> str | None:
    """What the step makes of a record; None where the record has not the form."""
    match step:
        case SingleLine():
            return re.sub(r"\s*[\r\n]+\s*", "", text.strip("\r\n"))
        case CsvToJson(names, delimiter):
            return _fields_of_csv(text, names, delimiter)
        case LogToJson(pattern, names):
            match = re.match(pattern, text.rstrip("\r\n"), re.DOTALL)
            if match is None:
                return None
            found = {key: value for key, value in match.groupdict().items() if value is not None}
            keys: Sequence[str] = names or tuple(found)
            if len(keys) != len(found):
                return None
            return _object(keys, list(found.values()))
        case _:
            assert_never(step)


def _log(options: Mapping[str, Any]) -> LogToJson:
    pattern = options.get("matchPattern")
    if pattern is None:
        name = options.get("logFormat")
        if name not in _FORMATS:
            raise _invalid(
                f"The logFormat '{name}' is not known.", did_you_mean(str(name), _FORMATS) or ", ".join(_FORMATS)
            )
        pattern = _FORMATS[str(name)]
    names = tuple(map(str, options.get("customFieldNames") or ()))
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise _invalid(f"matchPattern is no regular expression: {error}.") from error
    if not compiled.groupindex and not names:
        raise _invalid("matchPattern needs named groups, or customFieldNames.", "(?P<level>\\w+) (?P<message>.*)")
    if not compiled.groupindex:
        raise _invalid("The groups of matchPattern need names.", "(?P<level>\\w+)")
    return LogToJson(pattern, names)


def _fields_of_csv(text: str, names: Sequence[str], delimiter: str) -> str | None:
    rows = list(csv.reader([text.rstrip("\r\n")], delimiter=delimiter, escapechar="\\"))
    if len(rows) != 1 or len(rows[0]) != len(names):
        return None
    return _object(names, rows[0])


def _object(names: Sequence[str], values: Sequence[str]) -> str:
    return json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False, separators=(",", ":")) + "\n"


def _delimiter(given: Any) -> str:
    if not isinstance(given, str) or len(given) != 1:
        raise _invalid(f"The delimiter {given!r} is not one character.")
    return given


def _invalid(message: str, hint: str = "") -> KitError:
    return KitError("InvalidConfiguration", message, hint)
