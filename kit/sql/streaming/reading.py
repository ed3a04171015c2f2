"""What is streaming about a SELECT's text, read from its tokens and taken out, so that the rest is Athena's SQL.

Window table functions become names of relations; STREAM, WINDOWED BY and the TO of FLOOR become blanks. The text keeps
its length and its lines, so that every place in it stays what it was. Knows no catalog and no tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kit.base.errors import KitError, did_you_mean
from kit.sql.lexer import Kind, Token, tokens
from kit.sql.place import error_at
from kit.sql.streaming.windows import Cumulate, Hop, Session, Stagger, Tumble, Window

UNITS_MS: Final = {
    "MILLISECOND": 1,
    "SECOND": 1_000,
    "MINUTE": 60_000,
    "HOUR": 3_600_000,
    "DAY": 86_400_000,
    "WEEK": 604_800_000,
}
STEP_COLUMN: Final = "window_start"
_LENGTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "TUMBLE": ("SIZE", "OFFSET"),
    "HOP": ("SLIDE", "SIZE", "OFFSET"),
    "CUMULATE": ("STEP", "SIZE", "OFFSET"),
    "SESSION": ("GAP",),
}
CURSOR_FUNCTIONS: Final = ("RANDOM_CUT_FOREST", "TOP_K_ITEMS_TUMBLING")
_OPTIONAL: Final = "OFFSET"


@dataclass(frozen=True, slots=True)
class TableFunction:
    """A window table function: `relation` stands for it in the text."""

    relation: str
    window: Window
    source: str
    time: str
    keys: tuple[str, ...]
    start: int


@dataclass(frozen=True, slots=True)
class CursorFunction:
    """A function over a SELECT of its own, the script's characters [begin, end): `relation` stands for its rows.

    `arguments` are the numbers and texts behind the cursor.
    """

    relation: str
    name: str
    begin: int
    end: int
    arguments: tuple[str, ...]
    start: int


@dataclass(frozen=True, slots=True)
class StaggerClause:
    """`WINDOWED BY STAGGER`: its keys are the text's characters [begin, end)."""

    window: Stagger
    begin: int
    end: int
    start: int


@dataclass(slots=True)
class Selection:
    """A SELECT's `text`, blank outside of it and where something was taken out.

    `steps` are the STEP calls: what each steps over and by how much, with their places; `floors` the units of
    `FLOOR(x TO unit)` by the place of the call.
    """

    text: str
    start: int
    tables: list[TableFunction] = field(default_factory=list)
    cursors: list[CursorFunction] = field(default_factory=list)
    steps: list[tuple[int, Tumble]] = field(default_factory=list)
    stagger: StaggerClause | None = None
    floors: dict[int, str] = field(default_factory=dict)


def read_selection(script: str, start: int, end: int) -> Selection:
    """The SELECT at the characters [start, end) of the script."""
    return _Reader(script, start, end).read()


def blanked(text: str, start: int, end: int, instead: str = "") -> str:
    """The text with the characters [start, end) blank but for line ends, and beginning with `instead`."""
    gone = "".join(character if character == "\n" else " " for character in text[start:end])
    if instead:
        assert len(instead) <= end - start, "what stands for a text is not longer than that"
        lines = gone.count("\n")
        gone = (
            instead + " " * (end - start - len(instead) - lines) + "\n" * lines
            if lines
            else instead + gone[len(instead) :]
        )
    return text[:start] + gone + text[end:]


class _Reader:
    def __init__(self, script: str, start: int, end: int) -> None:
        self._script = script
        outside = blanked(blanked(script, 0, start), end, len(script))
        self._selection = Selection(outside, start)
        self._tokens = list(tokens(outside))
        self._at = 0

    def read(self) -> Selection:
        while self._at < len(self._tokens):
            match self._word(), self._word(1):
                case "SELECT", "STREAM" if self._word(2) not in (",", "FROM", ".", ""):
                    self._blank(self._tokens[self._at + 1].start, self._tokens[self._at + 1].end)
                    self._at += 2
                case "TABLE", "(":
                    self._table(wrapped=True)
                case (("TUMBLE" | "HOP" | "CUMULATE" | "SESSION"), "(") if self._word(-1) not in (".", "AS"):
                    self._table(wrapped=False)
                case "STEP", "(":
                    self._step()
                case "FLOOR", "(":
                    self._floor()
                case "WINDOWED", "BY":
                    self._windowed()
                case (("EMIT" | "WATERMARK" as word), _) if self._word(1) in ("STREAM", "CHANGES", "ON", "FOR"):
                    raise self._refused(f"{word} {self._word(1)}", "Windows are emitted once, when they close.")
                case _:
                    self._at += 1
        return self._selection

    # Table functions

    def _table(self, *, wrapped: bool) -> None:
        first = self._tokens[self._at]
        self._at += 2 if wrapped else 0
        name = self._word()
        if name in CURSOR_FUNCTIONS and wrapped:
            self._cursor(name, first)
            return
        if name not in _LENGTHS or self._word(1) != "(":
            known = (*_LENGTHS, *CURSOR_FUNCTIONS)
            hint = did_you_mean(name, known) or f"Table functions are {', '.join(known)}."
            raise self._error("NOT_SUPPORTED", f"Table function {name or '<EOF>'} is not supported", hint)
        self._at += 2
        if self._word() != "TABLE" and self._word(1) != "=>":
            raise self._error(
                "NOT_SUPPORTED",
                f"Group window function {name} is not supported",
                f"Write TABLE({name}(TABLE t, DESCRIPTOR(ts), …)) behind FROM and GROUP BY window_start, window_end.",
            )
        source, time, keys, lengths = self._arguments(name)
        end = self._expect(")")
        if wrapped:
            end = self._expect(")")
        relation = f"window${len(self._selection.tables)}"
        window = self._window(name, lengths, first)
        self._selection.tables.append(TableFunction(relation, window, source, time, keys, first.start))
        self._blank(first.start, end.end, f'"{relation}"')

    def _cursor(self, name: str, first: Token) -> None:
        self._at += 1
        self._expect("(")
        self._expect("CURSOR")
        begin = self._expect("(").end
        depth = 1
        while depth:
            token = self._token()
            if token is None:
                raise self._unexpected("')'")
            depth += (token.text == "(") - (token.text == ")")
            self._at += 1
        end = self._tokens[self._at - 1].start
        arguments: list[str] = []
        while self._word() == ",":
            self._at += 1
            token = self._token()
            if token is None or token.kind not in (Kind.NUMBER, Kind.STRING):
                raise self._unexpected("<number>")
            arguments.append(token.value if token.kind is Kind.STRING else token.text)
            self._at += 1
        self._expect(")")
        last = self._expect(")")
        relation = f"cursor${first.start}"
        self._selection.cursors.append(CursorFunction(relation, name, begin, end, tuple(arguments), first.start))
        self._blank(first.start, last.end, f'"{relation}"')

    def _arguments(self, name: str) -> tuple[str, str, tuple[str, ...], dict[str, int]]:
        names = ["DATA", "TIMECOL", *_LENGTHS[name]]
        source = time = ""
        keys: tuple[str, ...] = ()
        lengths: dict[str, int] = {}
        place = 0
        while True:
            argument = names[place] if place < len(names) else ""
            if self._word(1) == "=>":
                argument = self._word()
                if argument not in names:
                    raise self._error(
                        "FUNCTION_NOT_FOUND", f"{name} has no argument {argument}", did_you_mean(argument, names)
                    )
                self._at += 2
            match argument:
                case "":
                    raise self._unexpected("')'")
                case "DATA":
                    self._expect("TABLE")
                    source = self._name()
                    if self._word() == "PARTITION":
                        keys = self._partition(name)
                case "TIMECOL":
                    self._expect("DESCRIPTOR")
                    self._expect("(")
                    time = self._name()
                    self._expect(")")
                case _:
                    lengths[argument] = self._interval()
            place += 1
            if self._word() != ",":
                break
            self._at += 1
        missing = [each for each in _LENGTHS[name] if each not in lengths and each != _OPTIONAL]
        if not source or not time or missing:
            wanted = "TABLE t" if not source else "DESCRIPTOR(ts)" if not time else f"the interval {missing[0]}"
            raise self._error("INVALID_FUNCTION_ARGUMENT", f"{name} lacks {wanted}")
        return source, time, keys, lengths

    def _partition(self, name: str) -> tuple[str, ...]:
        if name != "SESSION":
            raise self._error(
                "NOT_SUPPORTED", f"PARTITION BY in {name} is not supported", "Only SESSION windows have keys."
            )
        self._at += 1
        self._expect("BY")
        enclosed = self._word() == "("
        self._at += enclosed
        keys = [self._name()]
        while self._word() == "," and self._word(1) != "DESCRIPTOR" and self._word(2) != "=>":
            self._at += 1
            keys.append(self._name())
        if enclosed:
            self._expect(")")
        return tuple(keys)

    def _window(self, name: str, lengths: Mapping[str, int], place: Token) -> Window:
        for argument, length in lengths.items():
            if length <= 0 and argument != _OPTIONAL:
                raise self._error("INVALID_FUNCTION_ARGUMENT", f"{argument} of {name} must be above zero", at=place)
        offset = lengths.get(_OPTIONAL, 0)
        match name:
            case "TUMBLE":
                return Tumble(lengths["SIZE"], offset)
            case "SESSION":
                return Session(lengths["GAP"])
            case _:
                step = lengths["SLIDE" if name == "HOP" else "STEP"]
                if lengths["SIZE"] % step:
                    raise self._error(
                        "INVALID_FUNCTION_ARGUMENT",
                        f"{name}'s size must be a whole multiple of its {'slide' if name == 'HOP' else 'step'}",
                        at=place,
                    )
                kind = Hop if name == "HOP" else Cumulate
                return kind(step, lengths["SIZE"], offset)

    # Kinesis Analytics

    def _step(self) -> None:
        first = self._tokens[self._at]
        self._at += 2
        column = self._name()
        while self._word() == ".":
            self._at += 1
            column = self._name()
        if column.lower() != "rowtime":
            raise self._error(
                "NOT_SUPPORTED",
                f"STEP over {column} is not supported",
                "Windows step by ROWTIME; say with `time` which column that is.",
                at=first,
            )
        self._expect("BY")
        size = self._interval()
        if size <= 0:
            raise self._error("INVALID_FUNCTION_ARGUMENT", "The interval of STEP must be above zero", at=first)
        end = self._expect(")")
        self._selection.steps.append((first.start, Tumble(size)))
        self._blank(first.start, end.end, f'"{STEP_COLUMN}"')

    def _floor(self) -> None:
        first = self._tokens[self._at]
        self._at += 2
        depth = 0
        place = self._at
        while place < len(self._tokens) and depth >= 0:
            token = self._tokens[place]
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0 and token.upper == "TO" and token.kind is Kind.WORD:
                unit = self._tokens[place + 1] if place + 1 < len(self._tokens) else token
                if unit.upper not in ("SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR"):
                    raise self._error("NOT_SUPPORTED", f"FLOOR to {unit.text} is not supported", at=unit)
                self._selection.floors[first.start] = unit.upper.lower()
                self._blank(token.start, unit.end)
                del self._tokens[place : place + 2]
                return
            place += 1

    def _windowed(self) -> None:
        first = self._tokens[self._at]
        self._at += 2
        if self._word() != "STAGGER":
            raise self._refused(f"WINDOWED BY {self._word()}", "WINDOWED BY STAGGER (PARTITION BY … RANGE INTERVAL …).")
        self._at += 1
        self._expect("(")
        self._expect("PARTITION")
        begin = self._expect("BY").end
        depth = 0
        while self._at < len(self._tokens) and not (depth == 0 and self._word() == "RANGE"):
            if self._word() == "FLOOR" and self._word(1) == "(":
                self._floor_in_place()
            depth += (self._word() == "(") - (self._word() == ")")
            self._at += 1
        end = self._expect("RANGE").start
        size = self._interval()
        closing = self._expect(")")
        if self._selection.stagger is not None:
            raise self._error("NOT_SUPPORTED", "A second WINDOWED BY is not supported", at=first)
        if size <= 0:
            raise self._error("INVALID_FUNCTION_ARGUMENT", "The range of STAGGER must be above zero", at=first)
        self._selection.stagger = StaggerClause(Stagger(size), begin, end, first.start)
        self._blank(first.start, begin)
        self._blank(end, closing.end)

    def _floor_in_place(self) -> None:
        at = self._at
        self._floor()
        self._at = at

    # Words

    def _interval(self) -> int:
        first = self._expect("INTERVAL")
        token = self._token()
        if token is None or token.kind is not Kind.STRING:
            raise self._unexpected("<string>")
        self._at += 1
        unit = self._word()
        known = unit.removesuffix("S") if unit.removesuffix("S") in UNITS_MS else unit
        if known in ("MONTH", "MONTHS", "YEAR", "YEARS"):
            raise self._error(
                "NOT_SUPPORTED", f"A window of {unit} is not supported", "Months and years differ in length; use days."
            )
        if known not in UNITS_MS:
            raise self._error(
                "NOT_SUPPORTED", f"An interval in {unit or '<EOF>'} is not supported", did_you_mean(unit, UNITS_MS)
            )
        self._at += 1
        if self._word() == "(":
            self._at += 2
            self._expect(")")
        if self._word() == "TO":
            raise self._error(
                "NOT_SUPPORTED", "Intervals of two units are not supported", "Use the smaller unit alone."
            )
        try:
            length = float(token.value) * UNITS_MS[known]
        except ValueError:
            raise self._error("INVALID_LITERAL", f"'{token.value}' is not a number", at=token) from None
        if length != int(length):
            raise self._error("INVALID_LITERAL", "Windows are whole milliseconds", at=first)
        return int(length)

    def _token(self, ahead: int = 0) -> Token | None:
        place = self._at + ahead
        return self._tokens[place] if 0 <= place < len(self._tokens) else None

    def _word(self, ahead: int = 0) -> str:
        token = self._token(ahead)
        return "" if token is None else token.upper

    def _name(self) -> str:
        token = self._token()
        if token is None or token.kind not in (Kind.WORD, Kind.QUOTED):
            raise self._unexpected("<identifier>")
        self._at += 1
        return token.name

    def _expect(self, word: str) -> Token:
        token = self._token()
        if token is None or token.upper != word:
            raise self._unexpected(f"'{word}'")
        self._at += 1
        return token

    def _blank(self, start: int, end: int, instead: str = "") -> None:
        self._selection.text = blanked(self._selection.text, start, end, instead)

    def _unexpected(self, expected: str) -> KitError:
        token = self._token()
        return self._error(
            "SYNTAX_ERROR", f"mismatched input '{'<EOF>' if token is None else token.text}'. Expecting: {expected}"
        )

    def _refused(self, what: str, hint: str) -> KitError:
        return self._error("NOT_SUPPORTED", f"{what} is not supported", hint)

    def _error(self, code: str, message: str, hint: str = "", *, at: Token | None = None) -> KitError:
        token = at or self._token() or self._tokens[-1]
        return error_at(code, message, self._script, token.start, hint)
