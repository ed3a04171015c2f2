"""The notebook of the four steps: with other shops and another seed, source, warehouse and lake agree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

NAME = "07_retail_etl.ipynb"
PARAMETERS = {"day": "2026-02-27", "shops": 5, "orders_an_hour": 400, "seed": 11}


@pytest.fixture(scope="module")
def outputs(execute: Any, notebooks: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each code cell showed, by its source."""
    workspace = tmp_path_factory.mktemp("workspace")
    notebook = execute(notebooks / NAME, {"workspace": str(workspace / "lab"), **PARAMETERS})
    return {cell.source: shown(cell) for cell in notebook.cells if cell.cell_type == "code"}


def shown(cell: Any) -> str:
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def of(outputs: dict[str, str], part: str) -> str:
    [found] = [text for source, text in outputs.items() if part in source]
    return found


def test_even_files_are_read_by_all_slices_and_one_file_by_one(outputs: dict[str, str]) -> None:
    even, single = of(outputs, "stl_load_commits").splitlines()

    assert re.findall(r"slice \d read (\d+) lines", even) == ["100"] * 4
    assert re.findall(r"slice \d read (\d+) lines", single) == ["400"]


def test_inserting_twice_doubles_and_merging_does_not(outputs: dict[str, str]) -> None:
    inserted = of(outputs, '"ROLLBACK"')
    merged = of(outputs, "MERGE = ")

    assert inserted.splitlines() == ["(800, 400)", "ROLLBACK"]
    assert merged.splitlines()[2].split() == ["400", "400"]


def test_warehouse_and_source_agree_to_the_cent(outputs: dict[str, str]) -> None:
    warehouse, source = of(outputs, "for number in range(9, 18)").splitlines()

    assert warehouse.partition(":")[2].strip() == source.partition(":")[2].strip()


def test_an_analyst_never_sees_half_of_a_transaction(outputs: dict[str, str]) -> None:
    pairs = [re.findall(r"\d+", line) for line in of(outputs, "analyst = ").splitlines()]

    assert [len(set(pair)) for pair in pairs] == [1, 1]
    assert pairs[0] != pairs[1]


def test_the_lake_holds_what_was_unloaded(outputs: dict[str, str]) -> None:
    assert "partitions: 5 by shop" in of(outputs, "ws.catalog.crawl(")
    assert "6 rows" in of(outputs, "%%athena lake")
