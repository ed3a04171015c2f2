"""The streams of a workspace under a clock that is moved by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.base.clock import ManualClock
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.streams import Streams


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def open_streams(tmp_path: Path, clock: ManualClock) -> Iterator[Callable[..., Streams]]:
    """Opens the same folder as often as it is called, as several kernels do."""
    opened: list[Streams] = []

    def open_once(**options: Any) -> Streams:
        opened.append(
            Streams(
                tmp_path / "streams",
                clock=options.pop("clock", clock),
                entropy=Entropy(len(opened)),
                settings=Settings(),
                **options,
            )
        )
        return opened[-1]

    yield open_once
    for each in opened:
        each.close()


@pytest.fixture
def streams(open_streams: Callable[..., Streams]) -> Streams:
    return open_streams()


@pytest.fixture
def client(streams: Streams) -> Any:
    return streams.client()
