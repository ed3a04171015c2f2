"""Where the rows of a plan node are, and the function that places them. Pure.

`Single`: on the leader. `Replicated`: every slice has all rows. `Arbitrary`: each row is on exactly one slice.
`Hashed`: each row is on the slice that a hash of its key names. Two inputs are co-located only where keys, canonical
types and hash function all agree: an INT and a DECIMAL that are equal must hash alike before rows may stay in place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias, assert_never

HashFunction: TypeAlias = Literal["integer", "text", "engine"]
MAX_SLICES = 128


@dataclass(frozen=True, slots=True)
class Single:
    pass


@dataclass(frozen=True, slots=True)
class Replicated:
    pass


@dataclass(frozen=True, slots=True)
class Arbitrary:
    pass


@dataclass(frozen=True, slots=True)
class Hashed:
    """`keys`: for each key position the columns that hold its value (equal by joins), by id.

    `types`: the canonical DuckDB type that each position is cast to before it is hashed.
    """

    keys: tuple[frozenset[str], ...]
    types: tuple[str, ...]
    function: HashFunction

    def with_equal(self, left: str, right: str) -> Hashed:
        """The same placement, knowing that two columns are equal and neither is NULL where they differ."""
        return Hashed(
            tuple(key | {left, right} if left in key or right in key else key for key in self.keys),
            self.types,
            self.function,
        )


Distribution: TypeAlias = Single | Replicated | Arbitrary | Hashed

SINGLE = Single()
REPLICATED = Replicated()
ARBITRARY = Arbitrary()

_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "INT", "BIGINT"})
_FLOATS = frozenset({"FLOAT", "REAL", "DOUBLE"})
_TEXT = re.compile(r"(VARCHAR|CHAR|TEXT|BPCHAR|NVARCHAR|NCHAR)(\(\d+\))?")
_AS_THEY_ARE = frozenset({"DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIME", "BOOLEAN", "BLOB", "UUID"})


@cache
def canonical(kind: str) -> str | None:
    """The type in which values of `kind` are hashed; None where equality and hash need not agree (JSON, intervals)."""
    kind = kind.upper()
    if kind in _INTEGERS:
        return "BIGINT"
    if kind in _FLOATS:
        return "DOUBLE"
    if _TEXT.fullmatch(kind):
        return "VARCHAR"
    if found := _DECIMAL.fullmatch(kind):
        return f"DECIMAL(38,{found[2]})"
    return kind if kind in _AS_THEY_ARE else None


@cache
def common(left: str, right: str) -> str | None:
    """The canonical type in which values of two types compare equal exactly where DuckDB says that they are."""
    a, b = canonical(left), canonical(right)
    if a is None or b is None:
        return None
    if a == b:
        return a
    left_digits, right_digits = _digits(left.upper()), _digits(right.upper())
    if "DOUBLE" in (a, b) and (left_digits or right_digits):
        return "DOUBLE"
    if left_digits and right_digits:
        whole, scale = (max(pair) for pair in zip(left_digits, right_digits, strict=True))
        # Where the common decimal could overflow, a cast would fail on rows whose comparison would not.
        return f"DECIMAL(38,{scale})" if whole + scale <= 38 else None
    return "TIMESTAMP" if {a, b} == {"DATE", "TIMESTAMP"} else None


def _digits(kind: str) -> tuple[int, int] | None:
    """Digits before and after the point of an exact number's type."""
    if kind in _INTEGERS:
        return 19, 0
    found = _DECIMAL.fullmatch(kind)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else None


def at_rest(kind: str) -> tuple[str, HashFunction] | None:
    """How a table's distribution key of DuckDB type `kind` is hashed.

    Rows stay on disk, so this function may never change: integers and dates by arithmetic, everything else by MD5 of
    its text. DuckDB's own `hash` is promised to nobody from one version to the next.
    """
    canonical_type = canonical(kind)
    if canonical_type is None:
        return None
    return canonical_type, function_for((canonical_type,), at_rest=True)


def function_for(types: tuple[str, ...], *, at_rest: bool = False) -> HashFunction:
    """The hash for rows in flight, where the engine's own is the cheapest but for single integers."""
    if len(types) == 1 and types[0] in {"BIGINT", "DATE"}:
        return "integer"
    return "text" if at_rest else "engine"


def slice_of(keys: tuple[str, ...], types: tuple[str, ...], function: HashFunction, slices: int) -> str:
    """SQL of the slice number of a row; `keys` are SQL. A NULL key has a slice too, the same for every table."""
    match function:
        case "integer":
            number = f"CAST({keys[0]} AS BIGINT)" if types[0] == "BIGINT" else f"({keys[0]} - DATE '1970-01-01')"
            # Fibonacci hashing of the folded key; the mask keeps the product inside 62 bits.
            mixed = f"((((xor({number}, {number} >> 32) & 2147483647) * 1640531527) >> 15) % {slices})"
            return f"CAST(coalesce({mixed}, 0) AS UTINYINT)"
        case "text":
            text = f"CAST(CAST({keys[0]} AS {types[0]}) AS VARCHAR)"
            bare = f"rtrim({text}, ' ')" if types[0] == "VARCHAR" else text
            return f"CAST(coalesce(md5_number_lower({bare}) % {slices}, 0) AS UTINYINT)"
        case "engine":
            casts = ", ".join(f"CAST({key} AS {kind})" for key, kind in zip(keys, types, strict=True))
            return f"CAST(hash({casts}) % {slices} AS UTINYINT)"
        case _:
            assert_never(function)


def is_partitioned(distribution: Distribution) -> bool:
    """Whether each row is on exactly one of the slices."""
    return isinstance(distribution, Arbitrary | Hashed)


def hashed_within(distribution: Distribution, columns: frozenset[str]) -> bool:
    """Whether rows that agree on `columns` are on one slice."""
    return isinstance(distribution, Hashed) and all(key & columns for key in distribution.keys)


def retained(distribution: Distribution, columns: frozenset[str]) -> Distribution:
    """What is left to know once only `columns` remain."""
    if not isinstance(distribution, Hashed):
        return distribution
    keys = tuple(key & columns for key in distribution.keys)
    return Hashed(keys, distribution.types, distribution.function) if all(keys) else ARBITRARY
