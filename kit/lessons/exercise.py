"""What an exercise is. It looks at what the reader's work left behind, never at how it was written.

Exercises are numbered after their notebook: `03.1` is the first of `03_mpp_warehouse`. Looking changes nothing in the
workspace beyond the queries that it asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kit.base.errors import KitError, did_you_mean

if TYPE_CHECKING:
    from kit.workspace import Workspace


class NotYetError(Exception):
    """What is not so yet. `hint` says what to look at next."""

    def __init__(self, found: str, hint: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Exercise:
    """`look` says what it found where the work is done, and raises `NotYetError` where it is not."""

    number: str
    task: str
    look: Callable[[Workspace], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What looking at an exercise found."""

    exercise: Exercise
    solved: bool
    found: str
    hint: str = ""

    def __str__(self) -> str:
        lines = [f"{self.exercise.number} {'solved' if self.solved else 'not yet'}: {self.found}"]
        return "\n".join([*lines, f"Hint: {self.hint}"] if self.hint else lines)


def exercises() -> tuple[Exercise, ...]:
    """All exercises, by number."""
    from kit.lessons import crawling, data_lake, events, lake, retail, shard_log, slices

    return tuple(
        each for module in (lake, shard_log, slices, crawling, retail, events, data_lake) for each in module.EXERCISES
    )


def exercise(number: str) -> Exercise:
    """The exercise of that number. Raises `UNKNOWN_EXERCISE`."""
    known = {each.number: each for each in exercises()}
    if number not in known:
        hint = did_you_mean(number, known) or f"There are {', '.join(known)}."
        raise KitError("UNKNOWN_EXERCISE", f"There is no exercise '{number}'.", hint)
    return known[number]


def judged(found: Exercise, workspace: Workspace) -> Verdict:
    """Look at the workspace. What the services refuse on the way (no such table) counts as not done yet."""
    try:
        return Verdict(found, True, found.look(workspace))
    except NotYetError as missing:
        return Verdict(found, False, missing.found, missing.hint)
    except KitError as error:
        return Verdict(found, False, f"{error.code}: {error.message}", error.hint)
