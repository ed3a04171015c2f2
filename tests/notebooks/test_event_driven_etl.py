"""The notebook of arriving files: in another month, all hours that were sent are in the warehouse, once each."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

NAME = "08_event_driven_etl.ipynb"
PARAMETERS = {"month": 6, "days": 4}


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


def test_a_function_that_runs_twice_writes_the_same(outputs: dict[str, str]) -> None:
    assert of(outputs, "its event twice").strip() == "the same objects with the same content: True"


def test_the_bad_file_alone_is_put_aside(outputs: dict[str, str]) -> None:
    first, told = of(outputs, '"origin,year,mon"').splitlines()

    assert first.startswith("9 objects made in ")
    assert "1 message where a person looks" in first
    assert "2013-02-30-EWR.csv" in told


def test_each_hour_that_was_sent_is_there_once(outputs: dict[str, str], data: Path) -> None:
    sent: Counter[str] = Counter()
    for path in (data / "weather").glob("*.csv"):
        with path.open() as lines:
            for row in csv.DictReader(lines):
                if row["month"] == "6" and int(row["day"]) <= 4 and row["temp"]:
                    sent[row["origin"]] += 1

    held: Counter[str] = Counter()
    for line in of(outputs, "%%warehouse daily").splitlines()[2:-1]:
        words = line.split()
        held[words[0]] += int(words[-1])
    assert held == sent
