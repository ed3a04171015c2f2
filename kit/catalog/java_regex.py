"""Regular expressions in Java's dialect, as Hive's SerDes take them, for Python's `re`. Pure."""

from __future__ import annotations

import re

from kit.base.errors import KitError

# Java's named classes, for ASCII, as they stand inside and outside of brackets.
_CLASSES = {
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Upper": "A-Z",
    "Lower": "a-z",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r"\s",
    "Blank": r" \t",
    "XDigit": "0-9a-fA-F",
    "ASCII": r"\x00-\x7f",
    "Graph": "!-~",
    "Print": " -~",
    "Cntrl": r"\x00-\x1f\x7f",
    "L": r"^\W\d_",
}


def compile_java(text: str, flags: int) -> re.Pattern[str]:
    """The expression, compiled.

    Raises `HIVE_INVALID_METADATA`, and `NOT_SUPPORTED` for what Python has no words for.
    """
    try:
        return re.compile(_from_java(text), flags)
    except re.error as error:
        raise KitError(
            "HIVE_INVALID_METADATA",
            f"The regular expression of the table does not hold: {error}.",
            "Look at 'input.regex' or 'input.format'.",
        ) from error


def _from_java(text: str) -> str:
    """The same expression in Python's words. Raises `NOT_SUPPORTED` for what Python has no words for."""
    unknown_class = r"\\p\{(?!(" + "|".join(_CLASSES) + r")\})"
    if re.search(r"\[[^\]]*&&|\\[GXRPQE]|" + unknown_class, text):
        raise KitError(
            "NOT_SUPPORTED",
            "The regular expression uses Java's intersections, negated or Unicode classes, \\Q or \\G.",
            "Write the characters out.",
        )
    text = re.sub(r"\(\?<(?![=!])", "(?P<", text)
    text = re.sub(r"\\k<(\w+)>", r"(?P=\1)", text).replace("\\z", "\\Z").replace("\\h", "[ \\t]")
    parts: list[str] = []
    inside = False
    for piece in re.findall(r"\\p\{\w+\}|\\.|.", text, re.DOTALL):
        if piece.startswith("\\p{"):
            class_name = piece[3:-1]
            parts.append(_CLASSES[class_name] if inside else f"[{_CLASSES[class_name]}]")
            continue
        inside = (piece == "[" or inside) and piece != "]"
        parts.append(piece)
    return "".join(parts)
