"""The tour: on another day it gives the answers that plain DuckDB computes from the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

NAME = "00_tour.ipynb"
PARAMETERS = {"month": 12, "day": 24}
ON_THAT_DAY = "month = 12 AND day = 24"


@pytest.fixture(scope="module")
def outputs(execute: Any, notebooks: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each code cell showed, by its source."""
    workspace = tmp_path_factory.mktemp("workspace")
    notebook = execute(notebooks / NAME, {"data": str(data), "workspace": str(workspace / "lab"), **PARAMETERS})
    return {cell.source: shown(cell) for cell in notebook.cells if cell.cell_type == "code"}


@pytest.fixture(scope="module")
def flights(data: Path) -> Any:
    """The files as a relation of plain DuckDB."""
    found = duckdb.connect()
    found.execute(
        f"CREATE VIEW f AS FROM read_parquet('{data}/flights/**/*.parquet', hive_partitioning = true);"
        f"CREATE VIEW a AS FROM read_json('{data}/airlines/*')"
    )
    return found


def shown(cell: Any) -> str:
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def lines_of(outputs: dict[str, str], part: str) -> list[list[str]]:
    """The rows of the table that a cell showed, as words."""
    [found] = [text for source, text in outputs.items() if part in source]
    lines = found.splitlines()
    [begin] = [place for place, line in enumerate(lines) if set(line) == {"-", " "}]
    return [line.split() for line in lines[begin + 1 : -1]]


def test_the_lake_answers_as_the_files_do(outputs: dict[str, str], flights: Any) -> None:
    wanted = flights.execute(
        f"SELECT name, count(*), round(avg(dep_delay), 1) FROM f JOIN a USING (carrier) WHERE {ON_THAT_DAY} "
        "GROUP BY name ORDER BY 2 DESC LIMIT 5"
    ).fetchall()

    found = lines_of(outputs, "WHERE f.month = :month")
    assert [(" ".join(words[:-2]), int(words[-2]), float(words[-1])) for words in found] == wanted


def test_the_stream_holds_each_departure(outputs: dict[str, str], flights: Any) -> None:
    wanted = flights.execute(
        f"SELECT origin, count(*) FROM f WHERE {ON_THAT_DAY} AND dep_time IS NOT NULL GROUP BY origin ORDER BY origin"
    ).fetchall()

    found = lines_of(outputs, "SELECT shard_id, origin")
    assert sorted((words[1], int(words[2])) for words in found) == wanted
    delivered = lines_of(outputs, "max(departs) AS last_one")
    assert [(words[0], int(words[1])) for words in delivered] == wanted


def test_windows_count_each_hour_in_its_order(outputs: dict[str, str], flights: Any) -> None:
    wanted = flights.execute(
        f"SELECT sched_dep_time // 100, count(*) FROM f WHERE {ON_THAT_DAY} AND dep_time IS NOT NULL "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall()

    found = lines_of(outputs, "TUMBLE")
    assert [(int(words[1][:2]), int(words[2])) for words in found] == wanted


def test_the_warehouse_joins_without_moving_a_row_and_is_right(outputs: dict[str, str], flights: Any) -> None:
    wanted = flights.execute(
        f"SELECT name, count(*) FROM f JOIN a USING (carrier) WHERE {ON_THAT_DAY} AND dep_time IS NOT NULL "
        "GROUP BY name ORDER BY 2 DESC LIMIT 5"
    ).fetchall()

    found = lines_of(outputs, "%%warehouse --slices")
    assert [(" ".join(words[:-2]), int(words[-2])) for words in found] == wanted
    [text] = [text for source, text in outputs.items() if "%%warehouse --slices" in source]
    assert "tier colocated" in text
