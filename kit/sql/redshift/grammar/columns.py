"""Column definitions, table constraints and table attributes: what stands between CREATE TABLE's parentheses and after.

Source: Amazon Redshift Database Developer Guide, "CREATE TABLE", "Compression encodings", read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from kit.base.errors import did_you_mean
from kit.sql.redshift import errors
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import (
    ColumnDefinition,
    Constraint,
    DistStyle,
    Identity,
    Like,
    References,
    SortKey,
    TableAttributes,
)

ENCODINGS: Final = (
    "RAW",
    "AZ64",
    "BYTEDICT",
    "DELTA",
    "DELTA32K",
    "LZO",
    "MOSTLY8",
    "MOSTLY16",
    "MOSTLY32",
    "RUNLENGTH",
    "TEXT255",
    "TEXT32K",
    "ZSTD",
)
_ATTRIBUTE_WORDS = (
    "ENCODE",
    "DISTKEY",
    "SORTKEY",
    "NOT",
    "NULL",
    "PRIMARY",
    "UNIQUE",
    "REFERENCES",
    "IDENTITY",
    "GENERATED",
    "COLLATE",
    "DEFAULT",
)
_MAX_INTERLEAVED_COLUMNS: Final = 8
_MAX_COMPOUND_COLUMNS: Final = 400


@dataclass(slots=True)
class Elements:
    """What CREATE TABLE's parentheses hold, in order of appearance."""

    columns: list[ColumnDefinition] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    likes: list[Like] = field(default_factory=list)


def elements(cursor: Cursor) -> Elements:
    """`( column | constraint | LIKE table, … )`."""
    found = Elements()
    cursor.expect_symbol("(")
    cursor.separated(lambda: _element(cursor, found))
    cursor.expect_symbol(")")
    seen: set[str] = set()
    for column in found.columns:
        if column.name in seen:
            raise errors.error(errors.DUPLICATE_COLUMN, f'column "{column.name}" specified more than once').at(
                cursor.script, column.line, column.column
            )
        seen.add(column.name)
    return found


def column(cursor: Cursor) -> ColumnDefinition:
    """One column with its attributes and constraints, in any order."""
    line, place = cursor.place(cursor.current)
    made = ColumnDefinition(cursor.identifier(), cursor.type(), line=line, column=place)
    while True:
        changed = _attribute(cursor, made)
        if changed is None:
            return made
        made = changed


def attributes(cursor: Cursor, found: Elements | None = None) -> TableAttributes:
    """BACKUP, DISTSTYLE, DISTKEY, SORTKEY and ENCODE AUTO in any order, with those of `found`'s columns folded in.

    Raises 42P16 for two distribution keys, two sort keys, or a style that contradicts a key.
    """
    said = _Said(cursor)
    while not cursor.done and said.read():
        pass
    if found is not None:
        said.fold(found.columns)
    return said.attributes()


def sort_key(cursor: Cursor) -> SortKey | None:
    """`[COMPOUND | INTERLEAVED] SORTKEY (columns)`, `SORTKEY AUTO`, `SORTKEY NONE`."""
    start = cursor.current
    style = cursor.choice("COMPOUND", "INTERLEAVED")
    if not cursor.accept("SORTKEY"):
        if style is not None:
            cursor.fail()
        return None
    if style is None:
        if cursor.accept("AUTO"):
            return SortKey("AUTO")
        if cursor.accept("NONE"):
            return SortKey("NONE")
    columns = cursor.names()
    limit = _MAX_INTERLEAVED_COLUMNS if style == "INTERLEAVED" else _MAX_COMPOUND_COLUMNS
    if len(columns) > limit:
        kind = (style or "COMPOUND").lower()
        raise errors.error(
            errors.INVALID_TABLE_DEFINITION,
            f"{kind.capitalize()} sort key may have at most {limit} columns",
            cursor.script,
            start,
        )
    return SortKey("INTERLEAVED" if style == "INTERLEAVED" else "COMPOUND", columns)


def encoding(cursor: Cursor) -> str:
    start = cursor.current
    name = cursor.identifier().upper()
    if name == "NONE":
        return "RAW"
    if name not in ENCODINGS:
        raise errors.error(
            errors.UNDEFINED_OBJECT,
            f'invalid encoding type "{name.lower()}"',
            cursor.script,
            start,
            did_you_mean(name, ENCODINGS) or f"One of {', '.join(ENCODINGS)}.",
        )
    return name


def constraint(cursor: Cursor) -> Constraint | None:
    """A table constraint, named or not; CHECK is refused."""
    name = cursor.identifier() if cursor.accept("CONSTRAINT") else None
    if cursor.accept("PRIMARY", "KEY"):
        return Constraint("PRIMARY KEY", cursor.names(), name)
    if cursor.at("CHECK") or cursor.at("EXCLUDE"):
        raise errors.unsupported("CHECK constraint", cursor.script, cursor.current)
    if cursor.at("UNIQUE"):
        cursor.expect("UNIQUE")
        return Constraint("UNIQUE", cursor.names(), name)
    if cursor.accept("FOREIGN", "KEY"):
        columns = cursor.names()
        cursor.expect("REFERENCES")
        return Constraint("FOREIGN KEY", columns, name, _references(cursor))
    if name is not None:
        cursor.fail()
    return None


def _element(cursor: Cursor, found: Elements) -> None:
    if cursor.accept("LIKE"):
        table = cursor.table_name()
        including = cursor.accept("INCLUDING", "DEFAULTS")
        if not including:
            cursor.accept("EXCLUDING", "DEFAULTS")
        found.likes.append(Like(table, including, len(found.columns)))
        return
    made = constraint(cursor)
    if made is not None:
        found.constraints.append(made)
    else:
        found.columns.append(column(cursor))


def _attribute(cursor: Cursor, made: ColumnDefinition) -> ColumnDefinition | None:
    """`made` with the next attribute, or None where none follows."""
    if cursor.accept("DEFAULT"):
        return _default(cursor, made)
    if cursor.accept("IDENTITY"):
        return replace(made, identity=_identity(cursor), nullable=False)
    if cursor.accept("GENERATED"):
        if not cursor.accept("BY", "DEFAULT", "AS", "IDENTITY"):
            cursor.fail(hint="Redshift has GENERATED BY DEFAULT AS IDENTITY(seed, step) only.")
        return replace(made, identity=replace(_identity(cursor), by_default=True), nullable=False)
    if cursor.accept("ENCODE"):
        return replace(made, encode=encoding(cursor))
    if cursor.accept("DISTKEY"):
        return replace(made, is_distkey=True)
    if cursor.accept("SORTKEY"):
        return replace(made, is_sortkey=True)
    if cursor.accept("NOT", "NULL"):
        return replace(made, nullable=False)
    if cursor.accept("NULL"):
        return made
    if cursor.accept("PRIMARY", "KEY"):
        return replace(made, is_primary_key=True, nullable=False)
    if cursor.accept("UNIQUE"):
        return replace(made, is_unique=True)
    if cursor.accept("REFERENCES"):
        return replace(made, references=_references(cursor))
    if cursor.accept("COLLATE"):
        return replace(made, collate=cursor.choice("CASE_SENSITIVE", "CASE_INSENSITIVE") or cursor.fail())
    if cursor.at("CHECK"):
        raise errors.unsupported("CHECK constraint", cursor.script, cursor.current)
    return None


def _default(cursor: Cursor, made: ColumnDefinition) -> ColumnDefinition:
    start = cursor.index
    value = cursor.expression(lambda: any(cursor.at(word) for word in _ATTRIBUTE_WORDS))
    return replace(made, default=value, default_text=cursor.text_from(start))


def _identity(cursor: Cursor) -> Identity:
    cursor.expect_symbol("(")
    seed = cursor.integer()
    cursor.expect_symbol(",")
    step = cursor.integer()
    cursor.expect_symbol(")")
    return Identity(seed, step)


def _references(cursor: Cursor) -> References:
    table = cursor.table_name()
    return References(table, cursor.names() if cursor.at_symbol("(") else ())


class _Said:
    """What table attributes were read so far, each at most once."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._diststyle: DistStyle | None = None
        self._distkey: str | None = None
        self._sortkey: SortKey | None = None
        self._encode_auto = False
        self._backup = True

    def read(self) -> bool:
        """Take one attribute; False where none follows."""
        cursor = self._cursor
        start = cursor.current
        if cursor.accept("BACKUP"):
            self._backup = (cursor.choice("YES", "NO") or cursor.fail()) == "YES"
        elif cursor.accept("DISTSTYLE"):
            style = cursor.choice("AUTO", "EVEN", "KEY", "ALL")
            if style is None:
                cursor.fail(hint="One of AUTO, EVEN, KEY, ALL.")
            self._diststyle = style  # type: ignore[assignment]
        elif cursor.accept("DISTKEY"):
            columns = cursor.names()
            if len(columns) != 1 or self._distkey is not None:
                raise self._twice("distribution key", start)
            self._distkey = columns[0]
        elif cursor.at("COMPOUND") or cursor.at("INTERLEAVED") or cursor.at("SORTKEY"):
            if self._sortkey is not None:
                raise self._twice("sort key", start)
            self._sortkey = sort_key(cursor)
        elif cursor.accept("ENCODE"):
            cursor.expect("AUTO")
            self._encode_auto = True
        else:
            return False
        return True

    def fold(self, columns: list[ColumnDefinition]) -> None:
        """Take over the columns' own DISTKEY and SORTKEY."""
        for made in columns:
            if made.is_distkey:
                if self._distkey is not None and self._distkey != made.name:
                    raise self._twice("distribution key", None).at(self._cursor.script, made.line, made.column)
                self._distkey = made.name
        sorted_by = tuple(made.name for made in columns if made.is_sortkey)
        if sorted_by:
            if self._sortkey is not None or len(sorted_by) > 1:
                raise self._twice("sort key", None)
            self._sortkey = SortKey("COMPOUND", sorted_by)

    def attributes(self) -> TableAttributes:
        if self._distkey is not None and self._diststyle not in {None, "KEY"}:
            raise errors.error(
                errors.INVALID_TABLE_DEFINITION,
                f"cannot specify a DISTKEY column with DISTSTYLE {self._diststyle}",
                hint="Leave out one of the two, or use DISTSTYLE KEY.",
            )
        if self._diststyle == "KEY" and self._distkey is None:
            raise errors.error(
                errors.INVALID_TABLE_DEFINITION, "must specify a DISTKEY column when using DISTSTYLE KEY"
            )
        style = "KEY" if self._distkey is not None else self._diststyle
        return TableAttributes(style, self._distkey, self._sortkey, self._encode_auto, self._backup)

    def _twice(self, what: str, start: object) -> errors.KitError:
        message = (
            f"multiple {what}s are not allowed" if what == "sort key" else f"table cannot have more than one {what}"
        )
        return errors.error(errors.INVALID_TABLE_DEFINITION, message, self._cursor.script, start)  # type: ignore[arg-type]
