"""The notebook of loading and maintaining: it runs from anywhere for another carrier, and its answers are right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

NAME = "03b_load_and_maintain.ipynb"
CARRIER = "DL"


@pytest.fixture(scope="module")
def outputs(execute: Any, notebooks: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each code cell showed, by its source."""
    workspace = tmp_path_factory.mktemp("workspace")
    given = {"data": str(data), "workspace": str(workspace / "lab"), "carrier": CARRIER}
    notebook = execute(notebooks / NAME, given)
    return {cell.source: shown(cell) for cell in notebook.cells if cell.cell_type == "code"}


def shown(cell: Any) -> str:
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def of(outputs: dict[str, str], part: str) -> str:
    [found] = [text for source, text in outputs.items() if part in source]
    return found


def test_one_file_keeps_one_slice_busy_and_four_keep_four(outputs: dict[str, str]) -> None:
    one, many = of(outputs, "busy = ").strip().splitlines()

    assert one.endswith("read by slices [0]")
    assert many.endswith("read by slices [0, 1, 2, 3]")


def test_every_bad_row_is_named(outputs: dict[str, str]) -> None:
    text = of(outputs, "FROM stl_load_errors")

    assert [line.split()[0] for line in text.splitlines()[2:6]] == ["3", "4", "5", "6"]
    assert all(code in text for code in ("1207", "1205", "1214", "1204"))


def test_ghosts_are_as_many_as_flights_were_deleted(outputs: dict[str, str], data: Path) -> None:
    ((flights,),) = duckdb.execute(
        f"SELECT count(*) FROM read_parquet('{data}/flights/**/*.parquet') WHERE carrier = $carrier",
        {"carrier": CARRIER},
    ).fetchall()

    assert f"{flights:,} ghosts" in of(outputs, 'shown("deleted")')
    assert " 0 ghosts,  0.0 % unsorted" in of(outputs, "VACUUM FULL")


def test_the_lake_has_what_the_warehouse_has(outputs: dict[str, str]) -> None:
    assert of(outputs, "flights in both").strip() == "12 months, 336,776 flights in both"
