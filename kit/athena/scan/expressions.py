"""Rows by regular expression: RegexSerDe, whose groups are the columns, and GrokSerDe, whose named patterns are.

Both run Python's `re` over each line, which knows what Java's dialect knows (look-around, back references, possessive
quantifiers) and DuckDB's does not. A line that does not match is a row of NULLs.

Source: Amazon Athena User Guide, Regex SerDe, and Grok SerDe; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from kit.athena.scan import values
from kit.athena.scan.lines import Lines, LineShape
from kit.athena.scan.source import DataFile, Request, Source, hive_type, quote
from kit.base.errors import KitError
from kit.catalog.grok import compile_grok
from kit.catalog.java_regex import compile_java

if TYPE_CHECKING:
    import pyarrow as pa


def regex_source(request: Request) -> Source:
    """The columns are the groups, in order."""
    layout = request.layout
    text = layout.property("input.regex")
    if not text:
        raise KitError(
            "HIVE_INVALID_METADATA",
            "This table does not have serde property 'input.regex'!",
            "WITH SERDEPROPERTIES ('input.regex' = '...')",
        )
    any_case = layout.is_set("input.regex.case.insensitive")
    pattern = compile_java(text, re.DOTALL | (re.IGNORECASE if any_case else 0))
    if pattern.groups != len(layout.columns):
        raise KitError(
            "HIVE_BAD_DATA",
            f"Number of matching groups doesn't match the number of columns: {pattern.groups} groups, "
            f"{len(layout.columns)} columns.",
            "Each column is one group of 'input.regex'; write (?:...) for a group that is none.",
        )
    return _source(request, pattern.fullmatch, [group + 1 for group in range(pattern.groups)])


def grok_source(request: Request) -> Source:
    """The columns are the named captures, in order."""
    layout = request.layout
    pattern, captures = compile_grok(layout.property("input.format"), layout.property("input.grokCustomPatterns"))
    if len(captures) < len(layout.columns):
        raise KitError(
            "HIVE_BAD_DATA",
            f"The grok pattern has {len(captures)} named captures for {len(layout.columns)} columns.",
            "Each column is one %{PATTERN:name} of 'input.format', in order.",
        )
    return _source(request, compile_java(pattern, 0).search, captures)


def _source(request: Request, match: Callable[[str], re.Match[str] | None], groups: list[int]) -> Source:
    import pyarrow as pa

    layout = request.layout
    stream = f"{request.name}_lines"
    wanted = [groups[layout.ordinal(name)] for name in request.columns]

    def rewrite(lines: pa.Array, file: DataFile) -> pa.Array:
        del file
        found = map(match, lines.to_pylist())
        rows = [None if each is None else [each.group(group) for group in wanted] for each in found]
        return pa.array(rows, pa.list_(pa.string()))

    lines = Lines(
        request.files,
        watch=request.watch,
        rewrite=rewrite,
        value_type=pa.list_(pa.string()),
        shape=LineShape.of(layout),
    )
    names = [quote(name) for name in request.columns]
    picked = "".join(f"line[{index}] AS {name}, " for index, name in enumerate(names, 1))
    return Source(
        f"(SELECT {picked}file FROM {quote(stream)})",
        {
            name: values.java(quoted, hive_type(layout.type_of(name)))
            for name, quoted in zip(request.columns, names, strict=True)
        },
        "file",
        streams={stream: lines},
    )
