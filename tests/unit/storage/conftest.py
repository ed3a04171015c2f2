from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.storage import Storage


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def storage(tmp_path: Path, clock: ManualClock) -> Iterator[Storage]:
    storage = Storage(tmp_path / "storage", clock=clock)
    yield storage
    storage.close()


@pytest.fixture
def code_of() -> Callable[[Callable[[], object]], str]:
    """The code of the error that a call raises."""

    def raised(call: Callable[[], object]) -> str:
        with pytest.raises(KitError) as info:
            call()
        assert info.value.hint
        return info.value.code

    return raised
