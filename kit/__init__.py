"""Boathouse: streams, a lake, a catalog and an MPP warehouse inside a notebook.

`open()` gives a `Workspace`; everything else hangs off it. Importing this package loads nothing heavy: the services and
their libraries are imported the first time that they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit.base.errors import KitError as KitError
    from kit.workspace import Workspace as Workspace
    from kit.workspace import open_workspace as open  # noqa: A004

__all__ = ["KitError", "Workspace", "open"]
__version__ = "0.1.0"

_HOMES = {
    "KitError": ("kit.base.errors", "KitError"),
    "Workspace": ("kit.workspace", "Workspace"),
    "open": ("kit.workspace", "open_workspace"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kit' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
