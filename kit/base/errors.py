"""One tree of errors: a code, a message, the place, a hint.

Codes are the imitated service's own (`TABLE_NOT_FOUND`, `ProvisionedThroughputExceededException`). Errors of SQL carry
the statement and a one-based line and column, and render with a caret under the offending token.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

EXCERPT_COLUMNS = 100


class KitError(Exception):
    """An error that a user can act on.

    `line` and `column` are one-based and point into `statement`. `hint` says what to do next; it may be empty.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        statement: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.statement = statement
        self.line = line
        self.column = column

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.message}", *self._excerpt()]
        if self.hint:
            parts.append(f"Hint: {self.hint}")
        return "\n".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), (self.code, self.message, self.hint), self.__dict__.copy())

    def at(self, statement: str, line: int, column: int) -> KitError:
        """The same error, pointing into `statement`; a place that is already known is kept."""
        if self.line is None:
            self.statement, self.line, self.column = statement, line, column
        return self

    def _render_traceback_(self) -> list[str]:
        """The short form that IPython shows in place of a stack."""
        return str(self).splitlines()

    def _excerpt(self) -> list[str]:
        if self.statement is None or self.line is None:
            return []
        lines = self.statement.splitlines()
        if not 1 <= self.line <= len(lines):
            return []
        text = lines[self.line - 1].expandtabs(1)
        column = min(max(self.column or 1, 1), len(text) + 1)
        start = max(0, column - EXCERPT_COLUMNS * 3 // 4)
        shown = text[start : start + EXCERPT_COLUMNS]
        prefix = f"line {self.line}: "
        return [prefix + shown, " " * (len(prefix) + column - 1 - start) + "^"]


def _rebuild(kind: type[KitError], arguments: tuple[str, str, str], state: dict[str, object]) -> KitError:
    error = kind.__new__(kind)
    Exception.__init__(error, arguments[1])
    error.__dict__.update(state)
    return error


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A hint that names the closest candidate, or the empty string where none is close."""
    by_folded = {candidate.lower(): candidate for candidate in candidates}
    close = get_close_matches(name.lower(), by_folded, n=1, cutoff=0.6)
    return f"Did you mean '{by_folded[close[0]]}'?" if close else ""
