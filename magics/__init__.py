"""IPython magics: arguments on a line, one call of the workspace, an answer to show. No logic of a service is here.

`%load_ext magics` brings `%%athena`, `%%stream`, `%tables`, `%describe` and `%kit`; each explains itself (`%%athena?`).
Loading imports no engine: that happens when the first cell needs one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_REGISTERED_AS = "boathouse"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """What `%load_ext magics` calls; a second call changes nothing."""
    from magics.declared import MAGICS
    from magics.registry import Extension

    registry = shell.magics_manager.registry
    if _REGISTERED_AS not in registry:
        extension = Extension(shell, MAGICS)
        extension.load()
        registry[_REGISTERED_AS] = extension


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """What `%unload_ext magics` calls."""
    extension = shell.magics_manager.registry.pop(_REGISTERED_AS, None)
    if extension is not None:
        extension.unload()
