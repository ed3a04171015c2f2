"""The notebook of the crawler: with more days, and its tables hold what was put."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kit

NAME = "06_crawl_and_catalog.ipynb"
DAYS = 5


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crawl") / "lab"


@pytest.fixture(scope="module")
def outputs(execute: Any, notebooks: Path, lab: Path) -> dict[str, str]:
    """What each code cell showed, by its source."""
    notebook = execute(notebooks / NAME, {"workspace": str(lab), "days": DAYS})
    return {cell.source: shown(cell) for cell in notebook.cells if cell.cell_type == "code"}


def shown(cell: Any) -> str:
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def of(outputs: dict[str, str], part: str) -> str:
    [found] = [text for source, text in outputs.items() if part in source]
    return found


def test_a_day_with_a_photograph_is_left_out_until_it_is_gone(outputs: dict[str, str]) -> None:
    first = outputs['ws.catalog.crawl("s3://lake/", database="shop")']
    assert f"{DAYS - 1} partitions" in first
    assert "a query of its folder would fail on IMG_0001.jpg" in first
    assert "('orders', 'updated', 1)\n" in of(outputs, 'ws.storage.delete(f"s3://lake')


def test_the_drift_is_told_field_by_field(outputs: dict[str, str]) -> None:
    assert of(outputs, "%crawler diff").splitlines() == [
        "shop.orders, version 1 → 2",
        "  id: bigint → double",
        "  lines[].discount double added",
    ]


def test_an_event_makes_the_crawler_look_at_one_table(outputs: dict[str, str]) -> None:
    text = of(outputs, "pending_events")
    assert text.splitlines() == ["waiting: 1", f"shop looked at {DAYS + 2} objects of {DAYS + 5} and changed orders"]


def test_the_catalog_that_travelled_answers_alike(outputs: dict[str, str]) -> None:
    assert "\nTrue\n" in of(outputs, 'form="ddl"')


def test_the_workspace_holds_what_the_notebook_says(outputs: dict[str, str], lab: Path) -> None:
    assert outputs
    with kit.open(lab) as workspace:
        ((count,),) = workspace.athena.sql("SELECT count(*) FROM orders", database="shop").rows
        assert count == 3 * DAYS + 1
        assert workspace.catalog.table_names("shop") == ["orders", "prices", "web"]
        assert [run.state for run in workspace.catalog.crawlers.history("shop")] == ["COMPLETED"] * 4
