"""Functions over a cursor, as Kinesis Analytics has them: anomaly scores, and the most frequent items. Pure.

Source: Amazon Kinesis Data Analytics SQL Reference, RANDOM_CUT_FOREST, TOP_K_ITEMS_TUMBLING, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kit.base.errors import KitError, did_you_mean
from kit.sql.athena.types import quote
from kit.sql.streaming.windows import Forest

_NUMERIC: Final = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
_HIVE: Final = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary"}
_MOST_SECONDS: Final = 3_600


@dataclass(frozen=True, slots=True)
class TopItems:
    """The `count` most frequent values of a column in windows of so many seconds."""

    column: str
    count: int
    seconds: int

    def sql(self, rows: str) -> str:
        """The same as a query over windows."""
        step = f"STEP(ROWTIME BY INTERVAL '{self.seconds}' SECOND)"
        best = "row_number() OVER (PARTITION BY window_start, window_end ORDER BY item_count DESC, item)"
        counted = (
            f"SELECT {step} AS window_start, window_end, {quote(self.column)} AS item, count(*) AS item_count "
            f"FROM {quote(rows)} GROUP BY {step}, window_end, {quote(self.column)}"
        )
        placed = f"SELECT item, item_count, {best} AS place FROM ({counted})"
        return f"SELECT item, item_count FROM ({placed}) WHERE place <= {self.count}"


def forest(arguments: Sequence[str], columns: Mapping[str, str]) -> Forest:
    """RANDOM_CUT_FOREST(cursor [, trees [, sample [, decay [, shingle]]]]): its features are the numeric columns."""
    features = tuple(name for name, kind in columns.items() if kind.partition("(")[0] in _NUMERIC)
    if not features:
        raise KitError("INVALID_FUNCTION_ARGUMENT", "RANDOM_CUT_FOREST needs a numeric column in its cursor")
    if len(arguments) > 4:
        raise KitError("INVALID_FUNCTION_ARGUMENT", "RANDOM_CUT_FOREST takes a cursor and up to four numbers")
    trees, sample, decay, shingle = (
        _number("RANDOM_CUT_FOREST", text) for text in (*arguments, *("100", "256", "100000", "1")[len(arguments) :])
    )
    if not 1 <= trees <= 1_000 or not 2 <= sample <= 1_000 or not 1 <= shingle <= 30:
        limits = "1 to 1,000 trees of 2 to 1,000 points, shingles of 1 to 30"
        raise KitError("INVALID_FUNCTION_ARGUMENT", f"RANDOM_CUT_FOREST has {limits}")
    if decay < sample:
        raise KitError(
            "NOT_SUPPORTED",
            "A time decay below the size of the sample is not supported",
            "Trees hold the latest points of the sample, each as likely as the others: take a smaller sample.",
        )
    return Forest(features, trees, sample, shingle)


def top_items(arguments: Sequence[str], columns: Mapping[str, str]) -> TopItems:
    """TOP_K_ITEMS_TUMBLING(cursor, column, k, seconds)."""
    if len(arguments) != 3:
        raise KitError("INVALID_FUNCTION_ARGUMENT", "TOP_K_ITEMS_TUMBLING takes a cursor, a column, k and seconds")
    column = arguments[0].strip('"').lower()
    if column not in columns:
        raise KitError("COLUMN_NOT_FOUND", f"Column '{column}' cannot be resolved", did_you_mean(column, columns))
    count, seconds = (_number("TOP_K_ITEMS_TUMBLING", text) for text in arguments[1:])
    if count < 1 or not 1 <= seconds <= _MOST_SECONDS:
        raise KitError("INVALID_FUNCTION_ARGUMENT", "TOP_K_ITEMS_TUMBLING has k from 1 on and 1 to 3,600 seconds")
    return TopItems(column, count, seconds)


def hive_name(kind: str) -> str:
    """The Hive type of a column of an answer, for the stream that it feeds."""
    plain = kind.partition("(")[0]
    if plain == "timestamp":
        return "timestamp"
    if plain in _HIVE:
        return _HIVE[plain]
    if plain in (*_NUMERIC, "boolean", "date"):
        return kind
    raise KitError("NOT_SUPPORTED", f"A column of type {kind} in a cursor is not supported", "CAST it.")


def _number(name: str, text: str) -> int:
    if not text.isdigit():
        raise KitError("INVALID_FUNCTION_ARGUMENT", f"{name} takes whole numbers, not '{text}'")
    return int(text)
