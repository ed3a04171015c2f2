"""The notebook of the lake's zones: it runs with another split, and its answers are those of the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

NAME = "09_data_lake.ipynb"
PARAMETERS = {"split": 4, "places": 5}


@pytest.fixture(scope="module")
def outputs(execute: Any, notebooks: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each code cell showed, by its source."""
    workspace = tmp_path_factory.mktemp("workspace")
    notebook = execute(notebooks / NAME, {"data": str(data), "workspace": str(workspace / "lab"), **PARAMETERS})
    return {cell.source: shown(cell) for cell in notebook.cells if cell.cell_type == "code"}


def shown(cell: Any) -> str:
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def of(outputs: dict[str, str], part: str) -> str:
    [found] = [text for source, text in outputs.items() if part in source]
    return found


def test_the_new_column_makes_a_new_version(outputs: dict[str, str]) -> None:
    text = of(outputs, "def with_speed")

    assert text.splitlines()[0] == "[18, 17] columns in each version"
    assert "speed double added" in text


def test_rows_from_before_the_column_have_none(outputs: dict[str, str], data: Path) -> None:
    [may] = [
        line.split() for line in of(outputs, "with_speed, round(avg(speed)").splitlines() if line.startswith("    5")
    ]
    [(flights, flown)] = duckdb.execute(
        f"SELECT count(*), count(air_time) FROM read_parquet('{data}/flights/year=2013/month=5/*.parquet')"
    ).fetchall()

    assert may[1:3] == [str(flights), str(flown)]


def test_the_view_computes_the_speed_of_all(outputs: dict[str, str], data: Path) -> None:
    lines = [line.split() for line in of(outputs, "AS computed").splitlines()[2:4]]
    wanted = duckdb.execute(
        f"""SELECT month < 4, count(*) FROM read_parquet('{data}/flights/**/*.parquet', hive_partitioning = true)
        WHERE arr_delay IS NOT NULL GROUP BY 1 ORDER BY 1 DESC"""
    ).fetchall()

    assert [(line[0], int(line[1])) for line in lines] == [(str(early).lower(), count) for early, count in wanted]


def test_the_map_is_drawn_with_the_names_asked_for(outputs: dict[str, str]) -> None:
    assert of(outputs, "albersUsa").startswith("Chart 'From New York: how many, and how late': circle, text, 105 rows")
