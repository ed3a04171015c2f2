"""What is installed, what is missing, and how to mend it. Looks, and changes nothing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from kit.base.display import size
from kit.base.settings import Settings
from kit.reports.pdf import BROWSER_VARIABLE, find_browser

State = Literal["ok", "missing", "advice"]
DISTRIBUTION: Final = "boathouse"
OLDEST_PYTHON: Final = (3, 11)
LEAST_FREE_BYTES: Final = 2_000_000_000
LEAST_MEMORY_BYTES: Final = 2_000_000_000
# Packages that open up something and that nothing needs.
OPTIONAL: Final = {"pandas": "Result.to_pandas()", "polars": "Result.to_polars()", "boto3": "clients of AWS's own"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `missing` keeps something from working, `advice` only from working well."""

    state: State
    what: str
    found: str
    mend: str = ""

    def __str__(self) -> str:
        mark = {"ok": "ok     ", "missing": "MISSING", "advice": "advice "}[self.state]
        return f"{mark}  {self.what}: {self.found}" + (f"\n           {self.mend}" if self.mend else "")


def examine(workspace: Path) -> list[Finding]:
    """Everything that is worth a look; `workspace` is the folder that would be opened."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _packages,
        _kernel,
        _sqlite,
        _browser,
        _machine,
        lambda: _folder(workspace),
    )
    return [finding for look in looks for finding in look()]


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding("ok", "Python", version)
    else:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        yield Finding("missing", "Python", version, f"Install Python {wanted} or newer, and run `make setup` with it.")


def _packages() -> Iterator[Finding]:
    """The packages that the distribution asks for, each at least as new as it asks."""
    try:
        wanted = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "missing", DISTRIBUTION, "is not installed", "Run `make setup`, or pip install -e . in the clone."
        )
        return
    needed = [text for text in wanted if "extra ==" not in text]
    held = 0
    for text in needed:
        name = re.split(r"[^\w.-]", text, maxsplit=1)[0]
        least = re.search(r">=\s*([\d.]+)", text)
        found = _version(name)
        if found is None or (least and _numbers(found) < _numbers(least[1])):
            yield Finding("missing", name, found or "is not installed", f"pip install '{text.split(';')[0].strip()}'")
        else:
            held += 1
    yield Finding("ok" if held == len(needed) else "missing", "packages", f"{held} of {len(needed)} that are needed")
    for name, purpose in OPTIONAL.items():
        found = _version(name)
        if found is None:
            yield Finding("advice", name, f"is not installed; it is for {purpose}", f"pip install {name}")
        else:
            yield Finding("ok", name, found)


def _kernel() -> Iterator[Finding]:
    from jupyter_client.kernelspec import KernelSpecManager

    if "python3" in KernelSpecManager().find_kernel_specs():
        yield Finding("ok", "Jupyter kernel", "python3")
    else:
        yield Finding(
            "missing",
            "Jupyter kernel",
            "there is no python3, which the notebooks name",
            f"{Path(sys.executable).name} -m ipykernel install --sys-prefix",
        )


def _sqlite() -> Iterator[Finding]:
    found = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= (3, 35):
        yield Finding("ok", "SQLite", found)
    else:
        yield Finding("missing", "SQLite", found, "A Python that was built with SQLite 3.35 or newer.")


def _browser() -> Iterator[Finding]:
    browser = find_browser()
    if browser is not None:
        yield Finding("ok", "browser for PDF", browser)
    else:
        mend = f"Install Chromium or Chrome, or name one in ${BROWSER_VARIABLE}."
        yield Finding("advice", "browser for PDF", "none; reports are HTML alone", mend)


def _machine() -> Iterator[Finding]:
    settings = Settings()
    memory = settings.memory_bytes
    found = f"{settings.threads} cores, {size(memory)} of memory for a query"
    if memory >= LEAST_MEMORY_BYTES:
        yield Finding("ok", "machine", found)
    else:
        yield Finding(
            "advice", "machine", found, "Close other kernels: queries over millions of rows will spill to disk."
        )


def _folder(workspace: Path) -> Iterator[Finding]:
    above = next(folder for folder in (workspace.absolute(), *workspace.absolute().parents) if folder.is_dir())
    if not os.access(above, os.W_OK | os.X_OK):
        yield Finding("missing", "workspace", f"{above} cannot be written", "Name another with $BOATHOUSE_HOME.")
        return
    mode = above.stat().st_mode & 0o077
    if above == workspace.absolute() and mode and os.name == "posix":
        yield Finding("advice", "workspace", f"others may look into {above}", f"chmod 700 {above}")
    free = shutil.disk_usage(above).free
    found = f"{workspace}, {size(free)} free"
    if free >= LEAST_FREE_BYTES:
        yield Finding("ok", "workspace", found)
    else:
        yield Finding("advice", "workspace", found, "Make room, or name another disk with $BOATHOUSE_HOME.")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
