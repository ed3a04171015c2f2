"""The functions of Athena, by topic: what is not in one of these tables does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kit.sql.athena.functions import (
    aggregates,
    arrays,
    binary,
    documents,
    instants,
    maps,
    numbers,
    patterns,
    refused,
    text,
    urls,
    windows,
)
from kit.sql.athena.functions.table import Function

_TOPICS: Final = (text, patterns, binary, numbers, instants, documents, arrays, maps, urls, aggregates, windows)


@dataclass(frozen=True, slots=True)
class Functions:
    """`functions` by name, each with its signatures; `refused` are known and not supported, with a reason.

    `elsewhere` says what functions of other systems are called here.
    """

    functions: Mapping[str, list[Function]]
    refused: Mapping[str, refused.Refused]
    elsewhere: Mapping[str, str]


def _collect() -> dict[str, list[Function]]:
    collected: dict[str, list[Function]] = {}
    for topic in _TOPICS:
        for function in topic.FUNCTIONS:
            collected.setdefault(function.text.partition("(")[0], []).append(function)
    return collected


FUNCTIONS: Final = Functions(_collect(), refused.REFUSED, refused.ELSEWHERE)
