"""Reads the line of a magic against its grammar: what was given, or what belongs at the end of an unfinished line.

Pure. A mistake is a `KitError` that points at the offending word. `-p name=expr` keeps its expression as written,
quotes included, so a word ends at white space that is outside quotes and brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from kit.base.errors import KitError, did_you_mean
from magics.grammar import Argument, Grammar, Option, identifier

_SPACE = re.compile(r"\s*")
_ASSIGNMENT = re.compile(r"([^\W\d]\w*)\s*<<(?=\s|$)")
_FLAG = re.compile(r"--?[A-Za-z][\w-]*")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was given; `column` is one-based and points at it in the line."""

    value: Any
    column: int


@dataclass(frozen=True, slots=True)
class Words:
    """What was read from a line: options and arguments by name, in the order given.

    `target` is the name before `<<`; `rest` is the text after the options.
    """

    line: str
    given: Mapping[str, tuple[Given, ...]] = field(default_factory=dict)
    target: str = ""
    rest: str = ""

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def first(self, name: str, default: Any = None) -> Any:
        """The value of an option that stands at most once."""
        return self.given[name][0].value if name in self.given else default

    def all(self, name: str) -> list[Any]:
        return [given.value for given in self.given.get(name, ())]

    def error(self, code: str, message: str, hint: str = "", *, at: str = "", index: int = 0) -> KitError:
        """An error that points at the option or argument `at` (the one of that index), or at the end of the line."""
        column = self.given[at][index].column if at in self.given else len(self.line) + 1
        return KitError(code, message, hint, statement=self.line, line=1, column=column)


@dataclass(frozen=True, slots=True)
class Expected:
    """What belongs at the end of an unfinished line.

    `what` is the option whose value it is, the argument, `flag` for a word that begins with a dash, or `text`.
    `fragment` is what is there of it.
    """

    what: Option | Argument | Literal["flag", "text", "nothing"]
    fragment: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Candidates for what is written of a word so far: each replaces `fragment`.

    `kinds` says what each is (`table`, `column`), as a front end shows it beside them; it may be empty.
    """

    fragment: str
    candidates: tuple[str, ...]
    kinds: tuple[str, ...] = ()


def read(grammar: Grammar, line: str, cell: str | None = None) -> Words:
    """Read the line of a magic, its prompt excluded; a cell's body goes on with the text that the line began."""
    words = _Reader(grammar, line).read()
    if cell is None:
        return words
    return replace(words, rest="\n".join(part for part in (words.rest, cell) if part.strip()))


def expected(grammar: Grammar, line: str) -> Expected:
    """What belongs at the end of an unfinished line, its prompt excluded."""
    return _Reader(grammar, line).expected()


class _Reader:
    """Reads one line from left to right; `_at` is the offset of what comes next."""

    def __init__(self, grammar: Grammar, line: str) -> None:
        self._grammar = grammar
        self._line = line
        self._at = 0
        self._given: dict[str, list[Given]] = {}
        self._flags = {flag: option for option in grammar.options for flag in option.flags}

    def read(self) -> Words:
        target = ""
        positional: list[Given] = []
        while self._more():
            assignment = _ASSIGNMENT.match(self._line, self._at) if self._grammar.assigns and not target else None
            flag = _FLAG.match(self._line, self._at)
            if assignment:
                target = self._convert(identifier, assignment[1], self._at, "<<")
                self._at = assignment.end()
            elif flag:
                self._option(flag)
            elif self._grammar.text:
                break
            else:
                start = self._at
                positional.append(Given(_unquoted(self._word()), start + 1))
        self._place(positional)
        given = {name: tuple(values) for name, values in self._given.items()}
        return Words(self._shown(), given, target, self._line[self._at :])

    def expected(self) -> Expected:
        positional = 0
        while self._more():
            start = self._at
            assignment = _ASSIGNMENT.match(self._line, self._at) if self._grammar.assigns else None
            flag = _FLAG.match(self._line, self._at)
            if assignment:
                self._at = assignment.end()
            elif self._line[start] == "-" and not (flag and flag.end() < len(self._line)):
                return Expected("flag", self._line[start:])
            elif flag:
                option = self._flags.get(flag[0])
                self._at = flag.end()
                if option and (option.metavar or option.choices):
                    unfinished = self._unfinished_value()
                    if unfinished is not None:
                        return Expected(option, unfinished)
            elif self._grammar.text:
                return Expected("text", self._line[start:])
            else:
                if self._unfinished_word():
                    return self._expected_argument(positional, self._line[start:])
                positional += 1
        return Expected("text", "") if self._grammar.text else self._expected_argument(positional, "")

    def _unfinished_value(self) -> str | None:
        """The value at the end of the line, as far as it is there; None where it is followed by white space."""
        self._at += self._line[self._at : self._at + 1] == "="
        if not self._more():
            return ""
        start = self._at
        return self._line[start:] if self._unfinished_word() else None

    def _unfinished_word(self) -> bool:
        """Step over a word; whether it reaches to the end of the line."""
        try:
            self._word()
        except KitError:
            return True
        return self._at >= len(self._line)

    def _expected_argument(self, index: int, fragment: str) -> Expected:
        arguments = self._grammar.arguments
        if index < len(arguments):
            return Expected(arguments[index], fragment)
        if arguments and arguments[-1].repeated:
            return Expected(arguments[-1], fragment)
        return Expected("nothing", fragment)

    def _more(self) -> bool:
        space = _SPACE.match(self._line, self._at)
        self._at = space.end() if space else self._at
        return self._at < len(self._line)

    def _option(self, flag: re.Match[str]) -> None:
        start = self._at
        option = self._flags.get(flag[0])
        if option is None:
            message = f"{self._grammar.prompt} has no option '{flag[0]}'."
            raise self._error("UNKNOWN_OPTION", message, start, self._near(flag[0]))
        if option.name in self._given and not option.repeated:
            raise self._error("DUPLICATE_OPTION", f"'{flag[0]}' is given twice.", start)
        self._at = flag.end()
        if option.metavar or option.choices:
            given = self._value(option, flag[0])
        elif self._line[self._at : self._at + 1].strip():
            raise self._error("INVALID_OPTION", f"'{flag[0]}' takes no value.", self._at)
        else:
            given = Given(True, self._column(start))
        self._given.setdefault(option.name, []).append(given)

    def _value(self, option: Option, flag: str) -> Given:
        glued = self._line[self._at : self._at + 1] == "="
        self._at += glued
        found = bool(self._line[self._at : self._at + 1].strip()) if glued else self._more()
        following = _FLAG.match(self._line, self._at)
        if not found or (following and following[0] in self._flags):
            wanted = " or ".join(option.choices) or option.metavar
            raise self._error("INVALID_OPTION", f"'{flag}' needs a value: {wanted}.", self._at)
        start = self._at
        word = self._word()
        value = self._convert(option.convert, word if option.verbatim else _unquoted(word), start, flag)
        if option.choices and value not in option.choices:
            hint = did_you_mean(value, option.choices) or f"One of {', '.join(option.choices)}."
            raise self._error("INVALID_OPTION", f"'{flag}' cannot be '{value}'.", start, hint)
        return Given(value, self._column(start))

    def _place(self, positional: Sequence[Given]) -> None:
        remaining = list(positional)
        for argument in self._grammar.arguments:
            count = len(remaining) if argument.repeated else 1
            taken, remaining = remaining[:count], remaining[count:]
            if argument.required and not taken:
                message = f"{self._grammar.prompt} needs {argument.name.upper()}."
                raise self._error("MISSING_ARGUMENT", message, len(self._line), f"Usage: {self._grammar.usage()}")
            if taken:
                self._given[argument.name] = [Given(given.value, self._column(given.column - 1)) for given in taken]
        if remaining:
            message = f"{self._grammar.prompt} does not take '{remaining[0].value}'."
            raise self._error("UNKNOWN_ARGUMENT", message, remaining[0].column - 1, f"Usage: {self._grammar.usage()}")

    def _word(self) -> str:
        """The next word; white space inside quotes or brackets does not end it."""
        start, open_at = self._at, list[int]()
        while self._at < len(self._line):
            character = self._line[self._at]
            if character.isspace() and not open_at:
                break
            if character in "'\"":
                self._quoted(character)
                continue
            if character in _BRACKETS:
                open_at.append(self._at)
            elif open_at and character == _BRACKETS[self._line[open_at[-1]]]:
                open_at.pop()
            self._at += 1
        if open_at:
            raise self._error("INVALID_OPTION", f"'{self._line[open_at[-1]]}' is not closed.", open_at[-1])
        return self._line[start : self._at]

    def _quoted(self, quote: str) -> None:
        start = self._at
        self._at += 1
        while self._at < len(self._line) and self._line[self._at] != quote:
            self._at += 2 if self._line[self._at] == "\\" else 1
        if self._at >= len(self._line):
            raise self._error("INVALID_OPTION", f"The quote {quote} is not closed.", start)
        self._at += 1

    def _convert(self, convert: Callable[[str], Any], word: str, start: int, flag: str) -> Any:
        try:
            return convert(word)
        except ValueError as error:
            raise self._error("INVALID_OPTION", f"'{word}' does not suit '{flag}': {error}.", start) from error

    def _near(self, flag: str) -> str:
        known = f"Options: {', '.join(max(option.flags, key=len) for option in self._grammar.options)}."
        comment = " A SQL comment needs a space after its dashes." if self._grammar.text == "SQL" else ""
        return did_you_mean(flag, self._flags) or (known + comment if self._flags else "It has none.")

    def _shown(self) -> str:
        return f"{self._grammar.prompt} {self._line}"

    def _column(self, offset: int) -> int:
        return len(self._grammar.prompt) + 2 + offset

    def _error(self, code: str, message: str, offset: int, hint: str = "") -> KitError:
        return KitError(code, message, hint, statement=self._shown(), line=1, column=self._column(offset))


def _unquoted(word: str) -> str:
    if len(word) >= 2 and word[0] == word[-1] and word[0] in "'\"":
        return word[1:-1]
    return word
