"""`%crawler` from a cell: each command is one call of the workspace."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError

Run = Callable[..., Any]


@pytest.fixture
def answer(shell: Any) -> Run:
    """The value of a cell."""

    def ran(source: str) -> Any:
        outcome = shell.run_cell(source)
        outcome.raise_error()
        return outcome.result

    return ran


@pytest.fixture
def workspace(answer: Run, shell: Any, tmp_path: Path) -> Any:
    workspace = kit.open(tmp_path / "lab", clock=ManualClock(), seed=1)
    for key in ("k=1/a.csv", "k=2/a.csv"):
        workspace.storage.put(f"s3://lake/birds/{key}", "id,name\n1,heron\n2,ibis\n")
    workspace.storage.put("s3://lake/birds/notes.tmp", "x")
    shell.push({"marsh": workspace})
    answer("%kit use marsh")
    answer('%config Boathouse.database = "marsh"')
    yield workspace
    workspace.close()


def test_a_crawler_is_defined_run_and_looked_at(answer: Run, workspace: Any) -> None:
    made = answer(
        "%crawler create birds s3://lake/birds/ --exclude *.tmp --schedule 'cron(0 2 * * ? *)' --prefix raw_ "
        "--sample 5 --delete LOG --threshold 3"
    )
    assert "2026-01-01 02:00" in repr(made)
    report = answer("%crawler start birds")
    assert report.created == ("raw_birds",)
    assert "COMPLETED 2026-01-01 00:00" in repr(answer("%crawler"))
    assert "raw_birds" in repr(answer("%crawler history birds"))
    crawler = workspace.catalog.crawlers.get("birds").crawler
    assert (crawler.database, crawler.delete_behavior, crawler.table_threshold) == ("marsh", "LOG", 3)
    assert (crawler.targets[0].exclusions, crawler.targets[0].sample_size) == (("*.tmp",), 5)


def test_those_that_are_due_are_run(answer: Run, workspace: Any) -> None:
    answer("%crawler create birds s3://lake/birds/ --exclude *.tmp --schedule 'cron(0 2 * * ? *)'")
    workspace.clock.advance(7200)
    assert "COMPLETED 2026-01-01 02:00" in repr(answer("%crawler due"))


def test_versions_are_told_apart_and_columns_analyzed(answer: Run, workspace: Any) -> None:
    answer("%crawler create birds s3://lake/birds/ --exclude *.tmp")
    answer("%crawler start birds")
    workspace.storage.put("s3://lake/birds/k=2/a.csv", "id,name,legs\n3,stork,2\n")
    answer("%crawler start birds")
    assert "legs bigint added" in repr(answer("%crawler diff birds"))
    assert "legs removed" in repr(answer("%crawler diff marsh.birds --old 2 --new 1"))
    assert [each.column for each in answer("%crawler analyze birds id legs")] == ["id", "legs"]
    answer("%crawler drop birds")
    assert workspace.catalog.crawlers.list() == []


def test_an_unknown_crawler_is_named(answer: Run, workspace: Any) -> None:
    answer("%crawler create birds s3://lake/birds/")
    with pytest.raises(KitError) as info:
        answer("%crawler start bird")
    assert info.value.hint == "Did you mean 'birds'?"
