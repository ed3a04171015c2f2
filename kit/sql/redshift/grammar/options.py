"""What COPY and UNLOAD share: authorization, characters, sizes, fixed widths. Secrets are read and thrown away."""

from __future__ import annotations

from typing import Final

from kit.sql.redshift import errors
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import Authorization, Compression

_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\v": "\v", "\\f": "\f", "\\b": "\b", "\\\\": "\\"}
_BYTES: Final = {"MB": 1 << 20, "GB": 1 << 30}
_SECRETS = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "MASTER_SYMMETRIC_KEY", "KMS_KEY_ID")
COMPRESSIONS: tuple[Compression, ...] = ("GZIP", "BZIP2", "LZOP", "ZSTD")


def authorization(cursor: Cursor) -> Authorization | None:
    """One clause that grants access, or None where the next words are none."""
    if cursor.accept("IAM_ROLE"):
        cursor.accept("AS")
        role = cursor.accept_string()
        return Authorization("IAM_ROLE", role if role is not None else cursor.identifier())
    if cursor.accept("CREDENTIALS"):
        cursor.accept("AS")
        text = cursor.string()
        role = next((part[len("aws_iam_role=") :] for part in text.split(";") if part.startswith("aws_iam_role=")), "")
        return Authorization("CREDENTIALS", role)
    for word in _SECRETS:
        if cursor.accept(word):
            cursor.accept("AS")
            cursor.string()
            return Authorization("ACCESS_KEY")
    return None


def character(cursor: Cursor) -> str:
    """One ASCII character, as itself, as an escape or in octal (`'\\174'`)."""
    start = cursor.current
    text = cursor.string()
    if text in _ESCAPES:
        return _ESCAPES[text]
    if len(text) == 4 and text[0] == "\\" and text[1:].isdigit():
        return chr(int(text[1:], 8))
    if len(text) != 1:
        raise errors.error(
            errors.INVALID_PARAMETER_VALUE, "delimiter or quote must be a single character", cursor.script, start
        )
    return text


def fixed_width(cursor: Cursor) -> tuple[tuple[str, int], ...]:
    """`'name:width,name:width'`."""
    start = cursor.current
    pairs: list[tuple[str, int]] = []
    for part in cursor.string().split(","):
        name, colon, width = part.strip().rpartition(":")
        if not colon or not width.strip().isdecimal() or int(width) < 1:
            raise errors.error(
                errors.INVALID_PARAMETER_VALUE,
                f"invalid fixed width specification '{part.strip()}'",
                cursor.script,
                start,
                "Write 'column:width,column:width'.",
            )
        pairs.append((name.strip().lower(), int(width)))
    return tuple(pairs)


def size_bytes(cursor: Cursor) -> int:
    """`n [MB | GB]`; MB where no unit is given. The number may have a fraction."""
    start = cursor.current
    text = start.text if start is not None else ""
    try:
        amount = float(text)
    except ValueError:
        cursor.fail(start)
    cursor.index += 1
    return int(amount * _BYTES[cursor.choice(*_BYTES) or "MB"])


def on_off(cursor: Cursor) -> bool:
    """ON, OFF, TRUE or FALSE; nothing said is ON."""
    word = cursor.choice("ON", "OFF", "TRUE", "FALSE")
    return word in {None, "ON", "TRUE"}
