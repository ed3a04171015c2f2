"""Which objects a crawl leaves alone: Glue's glob patterns. Pure.

A pattern is matched against the whole of the key below the crawled folder. `*` and `?` stay within a folder, `**`
crosses folders, `[a-z]` and `[!a-z]` are one character, `{a,b}` alternatives, and a backslash takes a character as it
is. A leading dot is a character like any other.

Source: AWS Glue Developer Guide, Include and exclude patterns; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from kit.base.errors import KitError

_TOKEN = re.compile(
    r"\\(?P<escaped>.)|(?P<wild>\*\*|\*|\?)|\[(?P<set>!?\]?[^\]]+)\]|\{(?P<choice>[^{}]*)\}|(?P<plain>[^\[\]{}\\])",
    re.DOTALL,
)
_WILD = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


def excluder(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a key below the crawled folder is excluded.

    Raises `InvalidInputException` for a pattern that does not hold.
    """
    compiled = [_compiled(pattern) for pattern in patterns]

    def is_excluded(key: str) -> bool:
        return any(pattern.fullmatch(key) for pattern in compiled)

    return is_excluded


def _compiled(pattern: str) -> re.Pattern[str]:
    expression = _expression(pattern)
    try:
        return re.compile(expression or "", re.DOTALL) if expression is not None else _fail(pattern)
    except re.error:
        return _fail(pattern)


def _expression(pattern: str) -> str | None:
    """The regular expression; None where a bracket, a brace or a backslash is left over."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            return None
        position = token.end()
        match token.lastgroup:
            case "wild":
                parts.append(_WILD[token["wild"]])
            case "set":
                parts.append(_set(token["set"]))
            case "choice":
                choices = [_expression(each) for each in token["choice"].split(",")]
                if None in choices:
                    return None
                parts.append(f"(?:{'|'.join(filter(None, choices))})")
            case _:
                parts.append(re.escape(token["escaped"] or token["plain"]))
    return "".join(parts)


def _set(content: str) -> str:
    negated = content.startswith("!")
    members = re.sub(r"([\\\[\]^&~|])", r"\\\1", content[negated:])
    # A set never stands for the slash, as none of the wildcards within a folder does.
    return f"(?!/)[{'^' if negated else ''}{members}]"


def _fail(pattern: str) -> re.Pattern[str]:
    raise KitError(
        "InvalidInputException",
        f"The exclude pattern '{pattern}' does not hold.",
        "Close every bracket and brace, do not nest braces, and put a backslash before one that stands for itself.",
    )
