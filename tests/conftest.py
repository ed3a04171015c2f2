"""What holds for every test: repeatable draws, long runs on request, nothing left behind."""

import os
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import HealthCheck, settings

SOAK = os.environ.get("BOATHOUSE_SOAK") == "1"

settings.register_profile(
    "short", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "soak", deadline=None, print_blob=True, max_examples=1_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("soak" if SOAK else "short")


@pytest.fixture(scope="session")
def soak() -> bool:
    """Whether long runs are wanted in full (`make soak`)."""
    return SOAK


@pytest.fixture(scope="session", autouse=True)
def no_process_left() -> Iterator[None]:
    """After the last test nothing that a test has started still runs."""
    yield
    left = [child for child in psutil.Process().children(recursive=True) if _is_ours(child)]
    assert not left, f"left running: {left}"


def _is_ours(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False
