"""The notebook of the warehouse: it runs from anywhere with other parameters, and its answers are right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

NAME = "03_mpp_warehouse.ipynb"
PARAMETERS = {"origin": "EWR", "week": "2013-02-04"}


@pytest.fixture(scope="module")
def outputs(execute: Any, notebooks: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each code cell showed, by its source."""
    workspace = tmp_path_factory.mktemp("workspace")
    given = {"data": str(data), "workspace": str(workspace / "lab"), **PARAMETERS}
    notebook = execute(notebooks / NAME, given)
    return {cell.source: shown(cell) for cell in notebook.cells if cell.cell_type == "code"}


def shown(cell: Any) -> str:
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def of(outputs: dict[str, str], part: str) -> str:
    [found] = [text for source, text in outputs.items() if part in source]
    return found


def test_the_same_join_moves_least_where_keys_agree(outputs: dict[str, str]) -> None:
    lines = of(outputs, '"both EVEN": warehouse.sql').splitlines()

    moved = {line[:22].strip(): int(re.search(r"([\d,]+) bytes", line)[1].replace(",", "")) for line in lines if line}

    assert moved["both by tail number"] < moved["planes on ALL nodes"] < moved["planes EVEN"] < moved["both EVEN"]


def test_explain_names_each_kind_of_movement(outputs: dict[str, str]) -> None:
    labels = re.findall(r"DS_\w+", of(outputs, "def labels"))

    assert labels == ["DS_DIST_NONE", "DS_DIST_INNER", "DS_DIST_ALL_NONE", "DS_BCAST_INNER"]


def test_zone_maps_are_seen_at_work(outputs: dict[str, str]) -> None:
    text = of(outputs, "CREATE TABLE decade")

    assert text.count("True") == 3
    assert "False" not in text


def test_slices_are_drawn(outputs: dict[str, str]) -> None:
    assert "Chart: bar" in of(outputs, "skewed <<")
    assert "Chart: bar" in of(outputs, "even <<")


def test_the_last_answer_is_that_of_the_files(outputs: dict[str, str], data: Path) -> None:
    wanted = duckdb.execute(
        f"""SELECT carrier, count(*), round(avg(dep_delay - arr_delay), 2) AS made_up
        FROM read_parquet('{data}/flights/**/*.parquet')
        WHERE origin = $origin AND arr_delay IS NOT NULL
        GROUP BY carrier HAVING count(*) > 1000 ORDER BY made_up DESC, carrier""",
        {"origin": PARAMETERS["origin"]},
    ).fetchall()

    lines = of(outputs, "minutes_made_up").splitlines()[2 : 2 + len(wanted)]

    assert [tuple(line.split()) for line in lines] == [(name, str(count), f"{made:g}") for name, count, made in wanted]
