"""The catalog to walk through: databases, tables, columns, partitions and versions; streams; the warehouse.

`tree` says what lies below a place, a page at a time; `details` what is known of a place; `asking` runs the queries of
a preview and a profile; `index` finds by name. They read the services and know nothing of Jupyter. `view` is the model
of the widget, `still` the page for where there is none, `browser` what the user holds.

Invariant: opening costs what is shown, not what there is; nothing is listed that nobody has unfolded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kit.widgets.catalog_browser.browser import CatalogBrowser as CatalogBrowser

__all__ = ["CatalogBrowser"]


def __getattr__(name: str) -> Any:
    if name != "CatalogBrowser":
        raise AttributeError(f"module 'kit.widgets.catalog_browser' has no attribute {name!r}")
    from kit.widgets.catalog_browser.browser import CatalogBrowser

    return CatalogBrowser
