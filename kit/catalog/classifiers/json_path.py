"""Custom JSON classifiers: a JSON path says where in a document the records are.

Records that are the lines themselves make a table. Of others the columns are found and told, and they are refused:
Athena's SerDes read whole objects, one a line, and would answer NULLs for columns that lie deeper.

Source: AWS Glue Developer Guide, Writing JSON custom classifiers; read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kit.base.errors import KitError
from kit.catalog.classifiers.classifier import Classification, Refusal, Sample
from kit.catalog.classifiers.json_lines import SAMPLE_RECORDS, JsonClassifier, fields_of, is_lines, summary

_STEP = re.compile(r"\.(?P<name>[\w-]+)|\[(?:'(?P<quoted>[^']+)'|\"(?P<double>[^\"]+)\"|(?P<index>\d+)|(?P<all>\*))\]")
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class JsonPathClassifier:
    """`path` is `$` and steps `.name`, `['name']`, `[0]` or `[*]`.

    Raises `InvalidInputException` for another path.
    """

    path: str

    def __post_init__(self) -> None:
        _steps(self.path)

    def classify(self, sample: Sample) -> Classification | Refusal | None:
        if sample.text is None:
            return None
        steps = _steps(self.path)
        if not steps and is_lines(sample.text):
            return JsonClassifier().classify(sample)
        found: list[dict[str, Any]] = []
        for document in _documents(sample.text):
            found += [each for each in _at(document, steps) if isinstance(each, dict)]
            if len(found) >= SAMPLE_RECORDS:
                break
        fields = fields_of(found[:SAMPLE_RECORDS])
        if not fields:
            return None
        return Refusal(
            f"JSON with its records at {self.path}, of {summary(fields)}: Athena reads whole objects, one a line; "
            "write the records so"
        )


def _steps(path: str) -> list[str | int | None]:
    """Names, indexes, and None for all members."""
    steps: list[str | int | None] = []
    position = 1
    while path.startswith("$") and position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            break
        name = match["name"] or match["quoted"] or match["double"]
        steps.append(name or (int(match["index"]) if match["index"] else None))
        position = match.end()
    if not path.startswith("$") or position < len(path):
        raise KitError(
            "InvalidInputException",
            f"'{path}' is not a JSON path that a classifier takes.",
            "For example $[*], $.records[*] or $['order'].lines[0].",
        )
    return steps


def _documents(text: str) -> Iterator[Any]:
    """The values that follow each other in the text, up to one that does not hold or is cut."""
    decoder = json.JSONDecoder()
    position = _BLANK.match(text).end()  # type: ignore[union-attr]
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return
        yield value
        position = _BLANK.match(text, position).end()  # type: ignore[union-attr]


def _at(value: Any, steps: list[str | int | None]) -> list[Any]:
    found = [value]
    for step in steps:
        found = [inner for each in found for inner in _step(each, step)]
    return found


def _step(value: Any, step: str | int | None) -> list[Any]:
    match (value, step):
        case (dict(), str()):
            return [value[step]] if step in value else []
        case (list(), int()):
            return value[step : step + 1]
        case (list(), None):
            return value
        case (dict(), None):
            return list(value.values())
        case _:
            return []
