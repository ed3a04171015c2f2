"""Grok: `%{PATTERN:name}` expanded to a regular expression. Pure.

The named patterns are those that AWS Glue documents, each written for what its name says.

Source: AWS Glue Developer Guide, Writing grok custom classifiers; Amazon Athena User Guide, Grok SerDe; read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kit.base.errors import KitError, did_you_mean

MAX_EXPANSIONS = 10_000
_REFERENCE = re.compile(r"%\{(\w+)(?::([^:}]+)(?::(\w+))?)?\}")


@dataclass(frozen=True, slots=True)
class Capture:
    """A named part of a pattern: `type` is the word behind its name, empty where there is none; `group` is the number
    of its group in the expression."""

    name: str
    type: str
    group: int


def compile_grok(pattern: str, custom: str = "") -> tuple[str, list[int]]:
    """A regular expression in Python's words, and the number of its group for each named capture, in order.

    `custom` defines further patterns, one a line: a name, a blank, an expression. Raises `HIVE_INVALID_METADATA`.
    """
    expression, captures = expand(pattern, custom)
    return expression, [capture.group for capture in captures]


def expand(pattern: str, custom: str = "") -> tuple[str, list[Capture]]:
    """The same, with names and types of the captures."""
    if not pattern:
        raise _invalid("This table does not have serde property 'input.format'!")
    definitions = PATTERNS | _definitions(custom)
    captures: list[tuple[str, str]] = []
    expression = pattern
    for _ in range(MAX_EXPANSIONS):
        match = _REFERENCE.search(expression)
        if match is None:
            break
        name, capture, kind = match.groups()
        if name not in definitions:
            raise _invalid(f"The grok pattern '{name}' is not defined.", did_you_mean(name, definitions))
        group = "(?:"
        if capture is not None:
            group = f"(?P<grok{len(captures)}>"
            captures.append((capture, kind or ""))
        expression = expression[: match.start()] + group + definitions[name] + ")" + expression[match.end() :]
    else:
        raise _invalid("The grok pattern refers to itself without end.")
    try:
        index = re.compile(expression).groupindex
    except re.error as error:
        raise _invalid(f"The grok pattern does not hold: {error}.") from error
    # The expansion goes from left to right and outside in, which is the order of the groups.
    found = [Capture(name, kind, index[f"grok{number}"]) for number, (name, kind) in enumerate(captures)]
    return expression, sorted(found, key=lambda capture: capture.group)


def _definitions(custom: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in custom.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, expression = line.strip().partition(" ")
            found[name] = expression.strip()
    return found


def _invalid(message: str, hint: str = "") -> KitError:
    return KitError("HIVE_INVALID_METADATA", message, hint or "Look at 'input.format' and 'input.grokCustomPatterns'.")


_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HEXTET = "[0-9A-Fa-f]{1,4}"

PATTERNS: dict[str, str] = {
    # Words and numbers
    "USERNAME": "[a-zA-Z0-9._-]+",
    "USER": "%{USERNAME}",
    "INT": "[+-]?[0-9]+",
    "BASE10NUM": r"(?<![0-9.+-])[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)",
    "NUMBER": "%{BASE10NUM}",
    "BASE16NUM": "(?<![0-9A-Fa-f])[+-]?(?:0x)?[0-9A-Fa-f]+",
    "BASE16FLOAT": r"\b(?<![0-9A-Fa-f.])[+-]?(?:0x)?(?:[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]*)?|\.[0-9A-Fa-f]+)\b",
    "BOOLEAN": "true|false|TRUE|FALSE|True|False",
    "POSINT": r"\b[1-9][0-9]*\b",
    "NONNEGINT": r"\b[0-9]+\b",
    "WORD": r"\b\w+\b",
    "NOTSPACE": r"\S+",
    "SPACE": r"\s*",
    "DATA": ".*?",
    "GREEDYDATA": ".*",
    "QUOTEDSTRING": r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`""",
    "QS": "%{QUOTEDSTRING}",
    "UUID": "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    # Networks
    "CISCOMAC": r"(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}",
    "WINDOWSMAC": "(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}",
    "COMMONMAC": "(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}",
    "MAC": "%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC}",
    "IPV6": (
        f"(?<![0-9A-Fa-f:])(?:(?:{_HEXTET}:){{7}}{_HEXTET}|(?:{_HEXTET}(?::{_HEXTET}){{0,6}})?"
        f"::(?:{_HEXTET}(?::{_HEXTET}){{0,6}})?(?::{_OCTET}(?:\\.{_OCTET}){{3}})?)(?:%[0-9A-Za-z]+)?(?![0-9A-Fa-f:])"
    ),
    "IPV4": rf"(?<![0-9]){_OCTET}(?:\.{_OCTET}){{3}}(?![0-9])",
    "IP": "%{IPV6}|%{IPV4}",
    "HOSTNAME": r"\b[0-9A-Za-z](?:[0-9A-Za-z-]{0,62})(?:\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*\.?\b",
    "HOST": "%{HOSTNAME}",
    "IPORHOST": "%{IP}|%{HOSTNAME}",
    "HOSTPORT": "%{IPORHOST}:%{POSINT}",
    # Paths
    "UNIXPATH": r"(?:/[\w%!$@:.,~+-]*)+",
    "WINPATH": r"(?:[A-Za-z]:|\\)(?:\\[^\\?*]*)+",
    "PATH": "%{UNIXPATH}|%{WINPATH}",
    "TTY": r"/dev/(?:pts|tty(?:[pq])?)(?:\w+)?/?[0-9]*",
    "URIPROTO": r"[A-Za-z]+(?:\+[A-Za-z+]+)?",
    "URIHOST": "%{IPORHOST}(?::%{POSINT})?",
    "URIPATH": r"(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_\-]*)+",
    "URIPARAM": r"\?[A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\-\[\]<>]*",
    "URIPATHPARAM": "%{URIPATH}(?:%{URIPARAM})?",
    "URI": "%{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?",
    # Dates and times
    "MONTH": (
        r"\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?"
        r"|Nov(?:ember)?|Dec(?:ember)?)\b"
    ),
    "MONTHNUM": "0?[1-9]|1[0-2]",
    "MONTHNUM2": "0[1-9]|1[0-2]",
    "MONTHDAY": "0[1-9]|[12][0-9]|3[01]|[1-9]",
    "DAY": "Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?",
    "YEAR": "(?:[0-9]{2}){1,2}",
    "HOUR": "2[0-3]|[01]?[0-9]",
    "MINUTE": "[0-5][0-9]",
    "SECOND": "(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?",
    "TIME": "(?<![0-9])%{HOUR}:%{MINUTE}(?::%{SECOND})?(?![0-9])",
    "DATE_US": "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}",
    "DATE_EU": "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}",
    "DATESTAMP_US": "%{DATE_US}[- ]%{TIME}",
    "DATESTAMP_EU": "%{DATE_EU}[- ]%{TIME}",
    "ISO8601_TIMEZONE": "Z|[+-]%{HOUR}(?::?%{MINUTE})",
    "ISO8601_SECOND": "%{SECOND}|60",
    "TIMESTAMP_ISO8601": (
        "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?(?:%{ISO8601_TIMEZONE})?"
    ),
    "DATE": "%{DATE_US}|%{DATE_EU}",
    "DATESTAMP": "%{DATE}[- ]%{TIME}",
    "TZ": "[PMCE][SD]T|UTC",
    "DATESTAMP_RFC822": "%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}",
    "DATESTAMP_RFC2822": "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}",
    "DATESTAMP_OTHER": "%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}",
    "DATESTAMP_EVENTLOG": "%{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}",
    "CISCOTIMESTAMP": "%{MONTH} %{MONTHDAY} %{TIME}",
    "HTTPDATE": "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}",
    # Logs
    "SYSLOGTIMESTAMP": "%{MONTH} +%{MONTHDAY} %{TIME}",
    "PROG": r"[\w._/%-]+",
    "SYSLOGPROG": r"%{PROG:program}(?:\[%{POSINT:pid}\])?",
    "SYSLOGHOST": "%{IPORHOST}",
    "SYSLOGFACILITY": "<%{NONNEGINT:facility}.%{NONNEGINT:priority}>",
    "SYSLOGBASE": ("%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource} %{SYSLOGPROG}:"),
    "MESSAGESLOG": "%{SYSLOGBASE} %{DATA}",
    "COMMONAPACHELOG": (
        r"%{IPORHOST:clientip} %{USER:ident} %{USER:auth} \[%{HTTPDATE:timestamp}\] "
        r'"(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" '
        r"%{NUMBER:response} (?:%{NUMBER:bytes}|-)"
    ),
    "COMBINEDAPACHELOG": "%{COMMONAPACHELOG} %{QS:referrer} %{QS:agent}",
    "COMMONAPACHELOG_DATATYPED": (
        r"%{IPORHOST:clientip} %{USER:ident} %{USER:auth} \[%{HTTPDATE:timestamp}\] "
        r'"(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" '
        r"%{NUMBER:response:int} (?:%{NUMBER:bytes:long}|-)"
    ),
    "LOGLEVEL": (
        "[Aa]lert|ALERT|[Tt]race|TRACE|[Dd]ebug|DEBUG|[Nn]otice|NOTICE|[Ii]nfo|INFO|[Ww]arn(?:ing)?|WARN(?:ING)?"
        "|[Ee]rr(?:or)?|ERR(?:OR)?|[Cc]rit(?:ical)?|CRIT(?:ICAL)?|[Ff]atal|FATAL|[Ss]evere|SEVERE"
        "|EMERG(?:ENCY)?|[Ee]merg(?:ency)?"
    ),
}
