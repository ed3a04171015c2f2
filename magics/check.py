"""`%check`: whether an exercise of a notebook is done, seen from what is in the workspace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from magics.command import Command, CommandMagic
from magics.grammar import Argument
from magics.reader import Words
from magics.session import Session


class Judged:
    """Verdicts, as a cell shows them."""

    def __init__(self, lines: Iterable[object]) -> None:
        self.text = "\n".join(map(str, lines))

    def __repr__(self) -> str:
        return self.text


def _check(session: Session, words: Words) -> Any:
    from kit.lessons import exercise, exercises, judged

    if "exercise" not in words:
        return Judged(f"{each.number}  {each.task}" for each in exercises())
    wanted = [exercise(number) for number in words.all("exercise")]
    return Judged(judged(each, session.workspace) for each in wanted)


def _numbers(session: Session) -> Iterable[str]:
    del session
    from kit.lessons import exercises

    return [each.number for each in exercises()]


CHECK = CommandMagic(
    "check",
    "Look whether an exercise of a notebook is done.",
    (
        Command(
            "",
            "With numbers, how far these exercises are; without, all exercises there are.",
            _check,
            arguments=(Argument("exercise", "The exercise's number.", required=False, repeated=True, offers=_numbers),),
        ),
    ),
    examples=("  %check 03.1",),
)
