"""What the magics of one IPython shell have in common: the workspace they act on, their defaults, the user's names.

Owns nothing heavy: the workspace is opened when a magic first needs it, and never closed here, since the notebook may
still hold it under a name of its own.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Enum, Integer, Unicode
from traitlets.config import Configurable

from kit.base.progress import Progress, Silent
from magics.progress import shown

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from kit.workspace import Workspace
    from magics.snippets import Snippets

TYPES = ("result", "arrow", "pandas", "polars")


class Boathouse(Configurable):
    """Defaults of the magics; an option on a magic's line goes before them."""

    database = Unicode("default", help="Where %%athena looks for tables without --database.").tag(config=True)
    limit = Integer(20, min=1, help="How many rows are shown of a result.").tag(config=True)
    type = Enum(TYPES, "result", help="What an answer is given as: result, arrow, pandas or polars.").tag(config=True)
    display = Bool(True, help="Whether answers are shown; --no-display hides one.").tag(config=True)
    progress = Bool(True, help="Whether long work shows how far it is.").tag(config=True)


class Session:
    """The state behind the magics of one shell; `cell` is the source of the cell that runs."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.defaults = Boathouse(parent=shell)
        self.cell = ""
        self._workspace: Workspace | None = None

    @property
    def workspace(self) -> Workspace:
        """The workspace that was opened last, else the one of the current folder."""
        if self._workspace is None:
            import kit

            self._workspace = kit.open()
        return self._workspace

    def open(self, path: str) -> Workspace:
        """Act on the workspace in `path` from now on; the one that is open already is kept where it is the same."""
        import kit

        opened = kit.open(path)
        if self._workspace is None or self._workspace.path != opened.path:
            self._workspace = opened
        return self._workspace

    def use(self, workspace: Workspace) -> Workspace:
        """Act on a workspace that is open already, as one with a clock or a seed of its own is."""
        self._workspace = workspace
        return workspace

    def progress(self) -> AbstractContextManager[Progress]:
        """Where long work tells how far it is."""
        return shown(self.shell, self.cell) if self.defaults.progress else nullcontext(Silent())

    @property
    def snippets(self) -> Snippets:
        from magics.snippets import Snippets

        return Snippets(self.workspace.path / "snippets", self.workspace.entropy)

    @property
    def names(self) -> dict[str, Any]:
        """The notebook's variables."""
        return self.shell.user_ns

    def expanded(self, line: str) -> str:
        """The line with `$name` and `{expression}` replaced, as IPython does for magics; else as it stands."""
        from IPython.utils.text import DollarFormatter

        try:
            return DollarFormatter().vformat(line, args=[], kwargs=dict(self.names))
        except Exception:
            return line

    def show(self, value: object) -> None:
        """Show a value without keeping it."""
        from IPython.display import display

        display(value)

    def assign(self, name: str, value: object) -> None:
        """Give the notebook a variable."""
        self.shell.push({name: value}, interactive=True)


def shown_path(path: Path) -> str:
    """A path as one would type it: relative where it lies below the current folder, else from the home folder."""
    for base, prefix in ((Path.cwd(), Path()), (Path.home(), Path("~"))):
        if path.is_relative_to(base):
            return str(prefix / path.relative_to(base))
    return str(path)
