"""Puts declared magics into an IPython shell, and takes them out again.

What is added to a shell: the magics, their defaults (`%config Boathouse`), a matcher for Tab, and a formatter that
makes plain Altair charts render without a network. Nothing heavy is imported for any of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.magic import needs_local_scope, no_var_expand

from magics.command import CommandMagic
from magics.completion import matcher
from magics.declared import Magic
from magics.query import QueryMagic
from magics.session import Session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell

ALTAIR_CHARTS = (("altair.vegalite.v6.api", "TopLevelMixin"), ("altair.vegalite.v5.api", "TopLevelMixin"))


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a magic ran: its work was stopped, and the kernel goes on."""

    def _render_traceback_(self) -> list[str]:
        return ["Interrupted: the work was stopped; the kernel is ready for the next cell."]


class Extension:
    """What one shell was given."""

    def __init__(self, shell: InteractiveShell, magics: Sequence[Magic]) -> None:
        self.session = Session(shell)
        self._magics = tuple(magics)
        self._matcher = matcher(self.session, self._magics)

    def load(self) -> None:
        shell = self.session.shell
        for magic in self._magics:
            for kind in _kinds(magic):
                shell.register_magic_function(_function(self.session, magic), kind, magic.name)
        self._configurables.append(self.session.defaults)
        shell.events.register("pre_run_cell", self._begin_cell)
        shell.Completer.custom_matchers.append(self._matcher)
        for module, name in ALTAIR_CHARTS:
            shell.display_formatter.mimebundle_formatter.for_type_by_name(module, name, _chart_bundle)

    def unload(self) -> None:
        shell = self.session.shell
        for magic in self._magics:
            for kind in _kinds(magic):
                shell.magics_manager.magics[kind].pop(magic.name, None)
        self._configurables.remove(self.session.defaults)
        shell.events.unregister("pre_run_cell", self._begin_cell)
        shell.Completer.custom_matchers.remove(self._matcher)
        for module, name in ALTAIR_CHARTS:
            shell.display_formatter.mimebundle_formatter.pop(f"{module}.{name}", None)

    @property
    def _configurables(self) -> list[Any]:
        return self.session.shell.configurables

    def _begin_cell(self, info: ExecutionInfo) -> None:
        self.session.cell = info.raw_cell or ""


def _kinds(magic: Magic) -> tuple[str, ...]:
    match magic:
        case QueryMagic(of_line=False):
            return ("cell",)
        case CommandMagic(takes_cell=False):
            return ("line",)
        case _:
            return ("line", "cell")


def _function(session: Session, magic: Magic) -> Callable[..., Any]:
    @needs_local_scope
    def run(line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        try:
            return magic.run(session, line, cell, local_ns or {})
        except KeyboardInterrupt:
            raise Interrupted from None

    run.__name__ = magic.name
    run.__doc__ = magic.help()
    # A command's words may come from variables (`%kit open $folder`); SQL is never written from them. A magic that is
    # both expands its commands itself.
    return run if isinstance(magic, CommandMagic) and magic.question is None else no_var_expand(run)


def _chart_bundle(chart: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    from kit.widgets import chart as drawn

    return drawn(chart)._repr_mimebundle_()
