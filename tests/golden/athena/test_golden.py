"""Golden cases: Athena's SQL and Trino's answers, in the text files beside this one.

`*.expressions.txt` has one case a line: `expression => type: value`, or `expression => ! CODE: message`, whose message
may be cut short. `*.queries.txt` has queries of any length, each followed by `=> type, type`, a line a row, and an
empty line. Lines that begin with `#` say what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kit.base.domain import OneOf
from kit.base.errors import KitError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    place: str
    query: str
    expected: str


def show(value: Any) -> str:
    """A value as the golden files write it."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}'"
        case bytes():
            return f"x'{value.hex()}'"
        case datetime():
            text = value.isoformat(sep=" ")
            return text.replace("+00:00", " UTC")
        case date() | time():
            return value.isoformat()
        case Decimal() | int():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case float():
            return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(str(value), str(value))
        case dict():
            return "{" + ", ".join(f"{name}: {show(item)}" for name, item in value.items()) + "}"
        case [*items] if items and all(isinstance(item, tuple) for item in items):
            return "{" + ", ".join(f"{show(key)}: {show(item)}" for key, item in items) + "}"
        case [*items]:
            return "[" + ", ".join(map(show, items)) + "]"
        case _:
            return str(value)


def expressions() -> list[Case]:
    cases = []
    for path in sorted(FOLDER.glob("*.expressions.txt")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                expression, arrow, expected = line.rpartition(" => ")
                assert arrow, f"{path.name}:{number} has no =>"
                cases.append(Case(f"{path.name}:{number}", expression, expected))
    return cases


def queries() -> list[Case]:
    cases = []
    for path in sorted(FOLDER.glob("*.queries.txt")):
        number = 1
        for block in path.read_text().split("\n\n"):
            lines = [line for line in block.splitlines() if not line.startswith("#")]
            text = "\n".join(lines).strip("\n")
            if text.strip():
                query, arrow, expected = text.partition("\n=> ")
                assert arrow, f"{path.name}:{number} has no =>"
                cases.append(Case(f"{path.name}:{number}", query, expected))
            number += block.count("\n") + 2
    return cases


def actual(athena: Any, query: str, render: Any) -> str:
    try:
        types, rows = athena.answer(query)
    except KitError as error:
        return f"! {error.code}: {error.message}"
    return render(types, rows)


def check(got: str, expected: str) -> None:
    if expected.startswith("! "):
        message = got.partition("line ")[2].partition(": ")[2] if ": line " in got else got.partition(": ")[2]
        code = got.partition(":")[0]
        wanted_code, _, wanted = expected.partition(": ")
        assert (code, message[: len(wanted)]) == (wanted_code, wanted), got
    else:
        assert got == expected


@pytest.mark.parametrize("case", expressions(), ids=lambda case: case.place)
def test_expression_has_the_value_and_type_of_trino(athena: Any, case: Case) -> None:
    got = actual(athena, f"SELECT {case.query}", lambda types, rows: f"{types[0]}: {show(rows[0][0])}")

    check(got, case.expected)


@pytest.mark.parametrize("case", queries(), ids=lambda case: case.place)
def test_query_has_the_rows_and_types_of_trino(athena: Any, case: Case) -> None:
    def render(types: list[str], rows: list[tuple[Any, ...]]) -> str:
        return "\n".join([", ".join(types), *(" | ".join(map(show, row)) for row in rows)])

    got = actual(athena, case.query, render)

    check(got, case.expected.rstrip("\n"))


COLUMNS = {"tinyint": "t", "smallint": "s", "integer": "i", "bigint": "b", "double": "d"}
COLUMNS |= {"varchar": "customer", "date": "placed", "timestamp": "seen", "decimal": "q"}


@pytest.mark.parametrize("case", expressions(), ids=lambda case: case.place)
def test_what_is_known_of_an_expression_while_translating_is_its_value(athena: Any, case: Case) -> None:
    kind, _, value = case.expected.partition(": ")
    column = COLUMNS.get(kind.partition("(")[0])
    if column is None or "time zone" in kind or value == "NULL":
        return
    table = "orders" if column in ("customer", "placed", "seen") else "numbers"

    (scan,) = athena.compile(f"SELECT 1 FROM {table} WHERE {column} = {case.query}").scans

    match scan.domains.get(column):
        case None:
            pass
        case OneOf((known,)) if column in ("d", "q"):
            assert float(known) == float(value)
        case OneOf((known,)):
            shown = datetime.combine(known, time()) if kind.startswith("timestamp") and type(known) is date else known
            assert show(shown) == value
        case other:
            raise AssertionError(other)
