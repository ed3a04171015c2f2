"""Format strings of dates, in strftime's words: MySQL's of date_format and Joda's of format_datetime.

A format is a sequence of pieces: literal text, or something of a date. Formatting concatenates them; parsing joins
their strptime codes and fills in what the format does not mention from 1970-01-01, as Trino does.

Source: Date and time functions, Trino documentation; DateTimeFormat of Joda-Time, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kit.sql.athena.expression import text_literal

if TYPE_CHECKING:
    from sqlglot import exp

    from kit.sql.athena.translation import Translation


@dataclass(frozen=True, slots=True)
class Piece:
    """`code` is for strftime and strptime (literal text has its per cents doubled); `sets` is what parsing it sets.

    `sql` is a template over `{0}`, the moment, where no code prints it; such a piece cannot be parsed. `digits` cuts
    what the code prints.
    """

    code: str = ""
    sets: str = ""
    sql: str = ""
    digits: int = 0


_MYSQL: Final[dict[str, Piece]] = {
    "a": Piece("%a"),
    "b": Piece("%b", "month"),
    "c": Piece("%-m", "month"),
    "d": Piece("%d", "day"),
    "e": Piece("%-d", "day"),
    "f": Piece("%f", "fraction"),
    "H": Piece("%H", "hour"),
    "h": Piece("%I", "hour"),
    "I": Piece("%I", "hour"),
    "i": Piece("%M", "minute"),
    "j": Piece("%j", "day of year"),
    "k": Piece("%-H", "hour"),
    "l": Piece("%-I", "hour"),
    "M": Piece("%B", "month"),
    "m": Piece("%m", "month"),
    "p": Piece("%p"),
    "r": Piece("%I:%M:%S %p", "hour"),
    "S": Piece("%S", "second"),
    "s": Piece("%S", "second"),
    "T": Piece("%H:%M:%S", "hour"),
    "v": Piece(sql="lpad(CAST(week({0}) AS VARCHAR), 2, '0')"),
    "W": Piece("%A"),
    "x": Piece(sql="lpad(CAST(isoyear({0}) AS VARCHAR), 4, '0')"),
    "Y": Piece("%Y", "year"),
    "y": Piece("%y", "year"),
}
_MYSQL_REFUSED: Final = frozenset("DUuVwX")
_QUOTED: Final = re.compile(r"'((?:[^']|'')*)'")
_STRPTIME: Final = {"%-m": "%m", "%-d": "%d", "%-H": "%H", "%-I": "%I", "%-M": "%M", "%-S": "%S", "%-j": "%j"}


def mysql(t: Translation, text: str, at: exp.Expr) -> list[Piece]:
    """The pieces of a MySQL format. Raises `INVALID_FUNCTION_ARGUMENT` for specifiers that Trino does not have."""
    pieces: list[Piece] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character != "%" or position + 1 == len(text):
            pieces.append(_literal(character))
            position += 1
            continue
        letter = text[position + 1]
        if letter in _MYSQL_REFUSED:
            raise t.error("INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string", at)
        pieces.append(_MYSQL.get(letter) or _literal(letter))
        position += 2
    return pieces


def joda(t: Translation, text: str, at: exp.Expr) -> list[Piece]:
    """The pieces of a Joda pattern; zones are pieces whose `sets` is `zone`."""
    pieces: list[Piece] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "'":
            quoted = _QUOTED.match(text, position)
            if quoted is None:
                raise t.error("INVALID_FUNCTION_ARGUMENT", f"Illegal pattern: {text}: a quote is not closed", at)
            pieces.append(_literal(quoted[1].replace("''", "'") or "'"))
            position = quoted.end()
            continue
        if not (character.isascii() and character.isalpha()):
            pieces.append(_literal(character))
            position += 1
            continue
        end = position
        while end < len(text) and text[end] == character:
            end += 1
        pieces.append(_joda_piece(t, character, end - position, at))
        position = end
    return pieces


def _joda_piece(t: Translation, letter: str, count: int, at: exp.Expr) -> Piece:
    short = count == 1
    match letter:
        case "y" | "Y":
            return Piece("%y", "year") if count == 2 else Piece("%Y", "year")
        case "M" if count >= 3:
            return Piece("%b" if count == 3 else "%B", "month")
        case "E":
            return Piece("%a" if count <= 3 else "%A")
        case "a":
            return Piece("%p")
        case "M" | "d" | "H" | "h" | "m" | "s":
            code = {"M": "m", "d": "d", "H": "H", "h": "I", "m": "M", "s": "S"}[letter]
            sets = {"M": "month", "d": "day", "H": "hour", "h": "hour", "m": "minute", "s": "second"}[letter]
            return Piece(f"%-{code}" if short else f"%{code}", sets)
        case "S" if count <= 6:
            return Piece("%f", "fraction", digits=count)
        case "D":
            return Piece("%-j" if count < 3 else "%j", "day of year")
        case "w":
            return Piece(
                sql=f"lpad(CAST(week({{0}}) AS VARCHAR), {count}, '0')" if count > 1 else "CAST(week({0}) AS VARCHAR)"
            )
        case "x":
            return Piece(sql="CAST(isoyear({0}) AS VARCHAR)")
        case "e":
            return Piece(sql="CAST(isodow({0}) AS VARCHAR)")
        case "G":
            return Piece(sql="'AD'")
        case "Z" | "z":
            return Piece(sets="zone", code=f"{letter}{min(count, 3)}")
        case _:
            raise t.unsupported(f"The letter '{letter}' in a date pattern", at)


def _literal(text: str) -> Piece:
    return Piece(text.replace("%", "%%"))


def formatted(pieces: Sequence[Piece], moment: str, zone: str = "'UTC'") -> str:
    """The SQL that prints `moment`, a DuckDB TIMESTAMP; `zone` is its zone as SQL text."""
    parts: list[str] = []
    run = ""
    for piece in pieces:
        if piece.sets == "zone" or piece.sql or piece.digits:
            if run:
                parts.append(f"strftime({moment}, {text_literal(run)})")
                run = ""
            parts.append(_special(piece, moment, zone))
        else:
            run += piece.code
    if run or not parts:
        parts.append(f"strftime({moment}, {text_literal(run)})")
    return parts[0] if len(parts) == 1 else f"({' || '.join(parts)})"


def _special(piece: Piece, moment: str, zone: str) -> str:
    if piece.digits:
        return f"left(strftime({moment}, '%f'), {piece.digits})"
    if piece.sets == "zone":
        return f"kit_zone_name({moment}, {zone}, {text_literal(piece.code)})"
    return piece.sql.format(moment)


def parsed(t: Translation, pieces: Sequence[Piece], value: str, at: exp.Expr) -> str:
    """The SQL that reads text as a DuckDB TIMESTAMP; a zone at the end has to be cut off before."""
    code = ""
    sets: set[str] = set()
    for piece in pieces:
        if piece.sql:
            raise t.unsupported("Parsing weeks and eras", at)
        code += _STRPTIME.get(piece.code, piece.code)
        sets.add(piece.sets)
    if "fraction" in sets:
        value = f"regexp_replace({value}, '([0-9]{{6}})[0-9]+', '\\1')"
    start = "".join(
        f"{text} {mark} "
        for field, text, mark in (("year", "1970", "%Y"), ("month", "01", "%m"), ("day", "01", "%d"))
        if field not in sets and not (field != "year" and "day of year" in sets)
    )
    marks = " ".join(word for word in start.split() if word.startswith("%"))
    fixed = " ".join(word for word in start.split() if not word.startswith("%"))
    if fixed:
        moment = f"strptime({text_literal(fixed + ' ')} || {value}, {text_literal(f'{marks} {code}')})"
    else:
        moment = f"strptime({value}, {text_literal(code)})"
    return f"kit_pivot({moment})" if "%y" in code else moment
