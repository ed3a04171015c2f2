"""Redshift's patterns in the terms of DuckDB: LIKE as LIKE, SIMILAR TO and POSIX as RE2 regular expressions.

Text to text; raises `ValueError` for what is no pattern.

Source: Amazon Redshift Database Developer Guide, "LIKE", "SIMILAR TO", "POSIX operators", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

DEFAULT_ESCAPE: Final = "\\"
_RE2_SPECIAL: Final = frozenset(r".^$*+?{}[]\|()")
# SIMILAR TO's own: these keep their meaning, everything else that RE2 would take as special is a plain character.
_SIMILAR_OPERATORS: Final = frozenset("|*+?{}()")


def is_plain(pattern: str, escape: str | None) -> bool:
    """Whether a LIKE pattern stands for itself: LIKE is then the same as `=`."""
    mark = DEFAULT_ESCAPE if escape is None else escape
    return not any(character in pattern for character in ("%", "_", mark) if character)


def like(pattern: str, escape: str | None) -> tuple[str, str]:
    """A LIKE pattern and the escape character to declare for it, empty where the pattern needs none."""
    mark = DEFAULT_ESCAPE if escape is None else escape
    if not mark or mark not in pattern:
        return pattern, ""
    index = 0
    while (index := pattern.find(mark, index)) >= 0:
        if index + 1 == len(pattern):
            raise ValueError("LIKE pattern must not end with escape character")
        index += 2
    return pattern, mark


def similar_to(pattern: str, escape: str | None) -> str:
    """A regular expression that matches a whole text where SIMILAR TO does."""
    mark = DEFAULT_ESCAPE if escape is None else escape
    made: list[str] = []
    index = 0
    in_class = False
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if character == mark:
            if index == len(pattern):
                raise ValueError("the pattern ends with the escape character")
            made.append(_plain(pattern[index]))
            index += 1
        elif in_class:
            in_class = character != "]"
            made.append("\\\\" if character == "\\" else character)
        elif character == "[":
            in_class = True
            made.append(character)
        elif character == "%":
            made.append(".*")
        elif character == "_":
            made.append(".")
        elif character in _SIMILAR_OPERATORS:
            made.append(character)
        else:
            made.append(_plain(character))
    return _checked(f"(?s:{''.join(made)})")


def posix(pattern: str, *, ignore_case: bool = False) -> str:
    """A POSIX or, as far as RE2 goes, Perl pattern as RE2 reads it: `.` matches a line's end."""
    if re.search(r"(?<!\\)(?:\\\\)*\(\?(?:[=!]|<[=!])", pattern):
        raise ValueError("look-ahead and look-behind are not supported")
    if re.search(r"(?<!\\)(?:\\\\)*\\[1-9]", pattern):
        raise ValueError("back-references are not supported")
    return f"(?{'is' if ignore_case else 's'}){_checked(pattern)}"


def _plain(character: str) -> str:
    return "\\" + character if character in _RE2_SPECIAL else character


def _checked(pattern: str) -> str:
    """The pattern, if it is well-formed; a POSIX class is no error to RE2 but puzzles Python's own parser."""
    probe = re.sub(r"\[:\^?[a-z]+:\]", "a", pattern)
    probe = re.sub(r"\\p\{[^}]*\}|\\[pP]\w", "a", probe)
    try:
        re.compile(probe)
    except re.error as error:
        raise ValueError(str(error)) from None
    return pattern
