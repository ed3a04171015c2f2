"""An application's text as its statements: streams declared, and what is inserted where. Knows no query's inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kit.base.errors import KitError, did_you_mean
from kit.sql.lexer import Kind, Token, tokens
from kit.sql.place import error_at
from kit.sql.split import split
from kit.sql.streaming.plan import Declared

_STATEMENTS: Final = ("CREATE STREAM", "CREATE PUMP", "INSERT INTO", "SELECT", "WITH")
_TYPES: Final = {
    "BIGINT": "bigint",
    "BINARY": "binary",
    "BOOLEAN": "boolean",
    "CHAR": "string",
    "DATE": "date",
    "DOUBLE": "double",
    "FLOAT": "double",
    "INT": "int",
    "INTEGER": "int",
    "REAL": "float",
    "SMALLINT": "smallint",
    "STRING": "string",
    "TIMESTAMP": "timestamp",
    "TINYINT": "tinyint",
    "VARBINARY": "binary",
    "VARCHAR": "string",
}
_DECIMALS: Final = ("DECIMAL", "DEC", "NUMERIC")


@dataclass(frozen=True, slots=True)
class Insert:
    """A SELECT at the characters [start, end) of the script, and the stream that it feeds, empty for the answer."""

    target: str
    columns: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Script:
    declared: tuple[Declared, ...]
    inserts: tuple[Insert, ...]


def read_script(text: str) -> Script:
    """The statements of an application. Raises `SYNTAX_ERROR`, and `NOT_SUPPORTED` for what is no part of one."""
    declared: dict[str, Declared] = {}
    inserts: list[Insert] = []
    for piece in split(text):
        reader = _Reader(text, piece.start, piece.end)
        if reader.accept("CREATE"):
            replaces = reader.accept("OR", "REPLACE")
            if reader.accept("STREAM"):
                stream = _stream(reader)
                if stream.name in declared and not replaces:
                    raise reader.error(
                        "ALREADY_EXISTS", f"Stream '{stream.name}' is declared twice", "CREATE OR REPLACE"
                    )
                declared[stream.name] = stream
            elif reader.accept("PUMP"):
                reader.name()
                reader.expect("AS")
                reader.expect("INSERT")
                inserts.append(_insert(reader, piece.end))
            else:
                raise reader.refused("CREATE " + reader.word)
        elif reader.accept("INSERT"):
            inserts.append(_insert(reader, piece.end))
        elif reader.word in ("SELECT", "WITH"):
            inserts.append(Insert("", (), piece.start, piece.end))
        else:
            raise reader.refused(reader.word)
    if not inserts:
        raise KitError("SYNTAX_ERROR", "There is no SELECT.", "SELECT …, or CREATE PUMP … AS INSERT INTO … SELECT …")
    answers = [insert for insert in inserts if not insert.target]
    if len(answers) > 1:
        message = "An application has one answer; this is the second SELECT"
        raise error_at("NOT_SUPPORTED", message, text, answers[1].start, "INSERT INTO a stream, or ask twice.")
    return Script(tuple(declared.values()), tuple(inserts))


def _stream(reader: _Reader) -> Declared:
    name = reader.name()
    columns: list[tuple[str, str]] = []
    reader.expect("(")
    while True:
        column = reader.name()
        if column in {each for each, _ in columns}:
            raise reader.error("DUPLICATE_COLUMN_NAME", f"Column '{column}' is declared twice")
        columns.append((column, _type(reader)))
        if reader.accept("NOT"):
            reader.expect("NULL")
        if not reader.accept(","):
            break
    reader.expect(")")
    if reader.word:
        raise reader.refused(f"{reader.word} behind a stream's columns")
    return Declared(name, tuple(columns))


def _type(reader: _Reader) -> str:
    word = reader.word
    token = reader.token
    reader.advance()
    if word == "DOUBLE":
        reader.accept("PRECISION")
    numbers: list[str] = []
    if reader.accept("("):
        while reader.word.isdigit():
            numbers.append(reader.word)
            reader.advance()
            reader.accept(",")
        reader.expect(")")
    if word in _DECIMALS:
        precision, scale = [*numbers, "0"][:2] if numbers else ("38", "0")
        return f"decimal({precision},{scale})"
    if word not in _TYPES:
        raise reader.error("TYPE_NOT_FOUND", f"Unknown type: {word}", did_you_mean(word, _TYPES), at=token)
    return _TYPES[word]


def _insert(reader: _Reader, end: int) -> Insert:
    reader.expect("INTO")
    target = reader.name()
    columns: list[str] = []
    if reader.accept("("):
        while True:
            columns.append(reader.name())
            if not reader.accept(","):
                break
        reader.expect(")")
    if reader.word not in ("SELECT", "WITH") or reader.token is None:
        raise reader.unexpected("'SELECT'")
    return Insert(target, tuple(columns), reader.token.start, end)


class _Reader:
    """The tokens of one statement, from left to right."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._tokens = [token for token in tokens(text) if start <= token.start < end]
        self._end = end
        self._at = 0

    @property
    def token(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    @property
    def word(self) -> str:
        return "" if self.token is None else self.token.upper

    def advance(self) -> None:
        if self.token is None:
            raise self.unexpected("more")
        self._at += 1

    def accept(self, *words: str) -> bool:
        if [token.upper for token in self._tokens[self._at : self._at + len(words)]] != list(words):
            return False
        self._at += len(words)
        return True

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise self.unexpected(f"'{word}'")

    def name(self) -> str:
        """An identifier, folded to lower case, as Athena does."""
        token = self.token
        if token is None or token.kind not in (Kind.WORD, Kind.QUOTED):
            raise self.unexpected("<identifier>")
        self._at += 1
        return token.name.lower()

    def unexpected(self, expected: str) -> KitError:
        return self.error("SYNTAX_ERROR", f"mismatched input '{self.word or '<EOF>'}'. Expecting: {expected}")

    def refused(self, what: str) -> KitError:
        return self.error("NOT_SUPPORTED", f"{what} is not supported", f"Statements are {', '.join(_STATEMENTS)}.")

    def error(self, code: str, message: str, hint: str = "", *, at: Token | None = None) -> KitError:
        place = at or self.token
        return error_at(code, message, self._text, self._end if place is None else place.start, hint)
