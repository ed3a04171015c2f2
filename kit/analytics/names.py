"""What a continuous query may be called: its folder has that name."""

from __future__ import annotations

import re

from kit.base.errors import KitError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")


def is_valid(name: str) -> bool:
    return _NAME.match(name) is not None


def checked(name: str) -> str:
    """The name. Raises `INVALID_ARGUMENT`."""
    if not is_valid(name):
        hint = "Up to 128 letters, digits, dots, hyphens and underscores, the first one a letter or a digit."
        raise KitError("INVALID_ARGUMENT", f"'{name}' is no name of a query.", hint)
    return name
