"""The catalog as the user holds it: a tree to walk through where a browser listens, a page everywhere else."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Mapping
from typing import Any

from kit.base.errors import KitError
from kit.widgets import cells
from kit.widgets.catalog_browser import asking, still
from kit.widgets.catalog_browser.details import details
from kit.widgets.catalog_browser.index import Index, state_of
from kit.widgets.catalog_browser.tree import PAGE, children
from kit.widgets.catalog_browser.view import BrowserView, plain
from kit.workspace import Workspace


class CatalogBrowser:
    """What the workspace holds: databases and their tables, streams, the warehouse; searched, previewed, profiled.

    It follows the catalog, whoever changes it, until its cell runs again or `stop` is called.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._index = Index(workspace)
        self._view: BrowserView | None = None
        _ALL.add(self)
        cells.when_run_again(cells.current(), self)

    def stop(self) -> None:
        """Answer no more questions."""
        if self._view is not None:
            self._view.end()

    def view(self) -> BrowserView:
        """The widget, made when it is first asked for."""
        if self._view is None:
            known = state_of(self._workspace)
            first = plain(children(self._workspace, ()))
            self._view = BrowserView(self.answer, lambda: state_of(self._workspace), known, roots=first)
        return self._view

    def answer(self, question: Mapping[str, Any]) -> Any:
        """The answer to a question of the widget. Raises `INVALID_ARGUMENT` for one that there is not."""
        match question:
            case {"ask": "children", "path": list(path), "offset": int(offset)}:
                return children(self._workspace, path, offset, PAGE)
            case {"ask": "details", "path": list(path)}:
                return details(self._workspace, path)
            case {"ask": "preview", "path": list(path)}:
                return asking.preview(self._workspace, tuple(path))
            case {"ask": "profile", "path": list(path)}:
                return asking.profile(self._workspace, tuple(path))
            case {"ask": "search", "text": str(text)}:
                return self._index.search(text)
            case _:
                raise KitError("INVALID_ARGUMENT", "The browser does not understand the question.")

    def __repr__(self) -> str:
        return still.text(self._workspace)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        del include, exclude
        bundle: dict[str, Any] = {"text/html": still.page(self._workspace), "text/plain": repr(self)}
        if cells.front_end_shows_widgets():
            bundle["application/vnd.jupyter.widget-view+json"] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.view().model_id,
            }
        return bundle


_ALL: weakref.WeakSet[CatalogBrowser] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """End the threads before the interpreter goes."""
    for browser in list(_ALL):
        browser.stop()
