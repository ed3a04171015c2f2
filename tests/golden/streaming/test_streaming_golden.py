"""Every kind of window at its boundaries: rows of a stream in, rows of windows out, as `cases.md` has them."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import kit
from kit.base.clock import ManualClock

CASES = Path(__file__).with_name("cases.md")


@dataclass
class Case:
    name: str
    rows: list[tuple[str, str, int]] = field(default_factory=list)
    sql: str = ""
    options: dict[str, str] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    late: int = 0


def read(text: str) -> Case:
    title, _, body = text.partition("\n")
    case = Case(title.strip())
    before, sql, after = re.split(r"```(?:sql)?\n", body)
    case.sql = sql
    for line in filter(None, before.splitlines()):
        at, key, value = line.split()
        case.rows.append((at if "T" in at else f"2026-01-01T{at}", key, int(value)))
    for line in filter(None, after.splitlines()):
        if line.startswith("options: "):
            case.options = dict(pair.split("=") for pair in line.removeprefix("options: ").split())
        elif line.startswith("late: "):
            case.late = int(line.removeprefix("late: "))
        else:
            case.wanted.append(line)
    return case


def cases() -> list[Case]:
    return [read(text) for text in CASES.read_text().split("\n## ")[1:]]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with kit.open(tmp_path_factory.mktemp("golden"), clock=ManualClock()) as opened:
        yield opened


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_windows(workspace: Any, case: Case) -> None:
    if "events" in workspace.streams:
        workspace.streams.delete("events")
    stream = workspace.streams.create("events")
    stream.put_records([(json.dumps({"k": k, "v": v, "at": at}), k) for at, k, v in case.rows])

    result = workspace.analytics.sql(
        case.sql,
        time="" if "DESCRIPTOR" in case.sql else "at",
        inputs={"SOURCE_SQL_STREAM_001": "events"},
        schema={"k": "string", "v": "bigint", "at": "timestamp"},
        **case.options,
    )

    shown = ["|".join("NULL" if value is None else str(value) for value in row) for row in result.rows]
    shown = [re.sub(r"(\.\d{3})000\b", r"\1", row) for row in shown]
    wanted = [re.sub(r"(\.\d{3})000\b", r"\1", row) for row in case.wanted]
    assert sorted(shown) == sorted(wanted)
    assert result.stats.late == case.late
