"""The warehouse, asked in sessions of the browser's own: the user's may be in the middle of a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kit.warehouse.warehouse import AnyClient
    from kit.workspace import Workspace


@contextmanager
def session(workspace: Workspace) -> Iterator[AnyClient]:
    """A session that is closed at the end of the body."""
    client = workspace.warehouse.connect()
    try:
        yield client
    finally:
        client.close()
