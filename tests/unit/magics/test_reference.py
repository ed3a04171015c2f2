"""The pages of the magics say what their declarations say."""

from pathlib import Path

import pytest

from magics.declared import MAGICS
from magics.reference import FOLDER, pages, write


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_committed_page_is_what_the_declaration_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "python -m magics.reference writes it anew"


def test_there_is_no_page_of_a_magic_that_is_no_more() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(pages())


def test_every_option_and_command_of_every_magic_is_on_its_page() -> None:
    for magic in MAGICS:
        text = pages()[f"{magic.name}.md"]
        for command in getattr(magic, "commands", ()):
            assert command.summary in text
            for option in command.options:
                assert all(f"`{flag}" in text for flag in option.flags)


def test_writing_removes_pages_of_magics_that_are_no_more(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old")

    write(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == set(pages())
