"""A warehouse on its own folder, closed when the test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.settings import Settings
from kit.warehouse import Warehouse
from kit.workspace import Workspace

SETTINGS = Settings(threads=2, memory_bytes=512 << 20)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with kit.open(tmp_path / "lab", clock=ManualClock(), seed=1, settings=SETTINGS) as opened:
        yield opened


@pytest.fixture
def warehouse(workspace: Workspace) -> Warehouse:
    return workspace.warehouse


@pytest.fixture
def reopened(workspace: Workspace) -> Callable[[], Warehouse]:
    """Closes the workspace and gives its warehouse, opened again."""

    def reopen() -> Warehouse:
        workspace.close()
        return workspace.warehouse

    return reopen
