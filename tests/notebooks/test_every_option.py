"""Every magic, command and option stands in a notebook; the one that goes through them runs with other values too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from magics.command import CommandMagic
from magics.declared import MAGICS
from magics.grammar import Option

NAME = "10_every_option.ipynb"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCES = "\n".join(
    cell.source
    for path in sorted(NOTEBOOKS.rglob("*.ipynb"))
    for cell in nbformat.read(path, as_version=4).cells
    if cell.cell_type == "code"
)


def commands() -> Iterator[tuple[str, str]]:
    for magic in MAGICS:
        yield magic.name, ""
        if isinstance(magic, CommandMagic):
            yield from ((magic.name, command.name) for command in magic.commands if command.name)


def options() -> Iterator[tuple[str, Option]]:
    for magic in MAGICS:
        if not isinstance(magic, CommandMagic):
            yield from ((magic.name, option) for option in magic.grammar(of_cell=True).options)
            continue
        for command in magic.commands:
            yield from ((f"{magic.name} {command.name}".rstrip(), option) for option in command.options)
        if magic.question is not None:
            yield from ((magic.name, option) for option in magic.question.options)


@pytest.mark.parametrize(("magic", "command"), list(commands()), ids=lambda value: value)
def test_every_command_is_used(magic: str, command: str) -> None:
    assert re.search(rf"%{magic}\b" + (rf"\s+{command}\b" if command else ""), SOURCES)


@pytest.mark.parametrize(("magic", "option"), list(options()), ids=lambda value: getattr(value, "name", value))
def test_every_option_is_used(magic: str, option: Option) -> None:
    lines = [line for line in SOURCES.splitlines() if re.search(rf"%{magic}\b", line)]

    assert any(re.search(rf"(?<!\S){re.escape(flag)}\b", line) for flag in option.flags for line in lines)


@pytest.fixture(scope="module")
def outputs(execute: Any, data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each code cell showed, by its source."""
    workspace = tmp_path_factory.mktemp("workspace")
    given = {"data": str(data), "workspace": str(workspace / "lab"), "month": 11}
    notebook = execute(NOTEBOOKS / NAME, given)
    return {cell.source: shown(cell) for cell in notebook.cells if cell.cell_type == "code"}


def shown(cell: Any) -> str:
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def of(outputs: dict[str, str], part: str) -> str:
    [found] = [text for source, text in outputs.items() if part in source]
    return found


def test_a_limit_is_of_what_is_shown_and_not_of_the_answer(outputs: dict[str, str]) -> None:
    assert "first 2 shown" in of(outputs, "-o late")
    assert re.fullmatch(r"Table \d+", of(outputs, "type(late)").strip())


def test_an_answer_that_is_used_again_costs_nothing(outputs: dict[str, str]) -> None:
    lines = of(outputs, "--reuse 60").splitlines()

    assert lines[0].split("]")[0] == lines[1].split("]")[0]
    assert lines[1].endswith(" 0 bytes")


def test_what_the_background_counted_is_what_was_sent(outputs: dict[str, str]) -> None:
    assert re.search(r"hourly +STOPPED +\S+ +120 ", of(outputs, "%stream stop hourly"))


def test_delivered_records_are_found_by_their_partition(outputs: dict[str, str]) -> None:
    rows = [line.split() for line in of(outputs, "SELECT who, count(*)").splitlines()[2:5]]

    assert rows == [["u0", "6"], ["u1", "6"], ["u2", "7"]]
