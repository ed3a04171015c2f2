"""What a notebook shows beyond tables: charts that need no network, and views of a workspace.

Knows the workspace and Jupyter; nothing below knows it. Each part is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit.widgets.charts import Chart as Chart
    from kit.widgets.charts import chart as chart

__all__ = ["Chart", "chart"]

_HOMES = {"Chart": "kit.widgets.charts", "chart": "kit.widgets.charts"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kit.widgets' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
