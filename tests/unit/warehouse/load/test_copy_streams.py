"""Pieces of a file: cut between records, counted, gone when they have been read; parts of files for the slices."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.warehouse.load import copy_streams
from kit.warehouse.load.copy_files import LoadFile, Part, dealt, shared
from kit.warehouse.load.copy_streams import Quoting, _Look, pieces

CSV = Quoting(b'"', b",")


def cut(data: bytes, folder: Path, quoting: Quoting | None) -> list[tuple[int, int, bytes]]:
    """First line, number of lines and content of each piece."""
    found = [
        (each.line, each.lines, each.path.read_bytes()) for each in pieces(io.BytesIO(data), folder / "p", quoting)
    ]
    assert list(folder.iterdir()) == []
    return found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy_streams, "CHUNK_BYTES", 8)
    monkeypatch.setattr(copy_streams, "PIECE_BYTES", 16)


@pytest.mark.usefixtures("small")
def test_pieces_are_whole_lines_one_after_the_other(tmp_path: Path) -> None:
    data = b"".join(b"line %d\n" % number for number in range(20))

    found = cut(data, tmp_path, None)

    assert b"".join(content for _, _, content in found) == data
    assert len(found) > 5
    assert all(content.endswith(b"\n") and content.count(b"\n") == lines for _, lines, content in found)
    assert [line for line, _, _ in found] == [1 + data[: data.index(content)].count(b"\n") for _, _, content in found]


@pytest.mark.usefixtures("small")
def test_a_piece_never_ends_between_two_quotes(tmp_path: Path) -> None:
    data = b"".join(b'%d,"a\nb ""c""\n"\n' % number for number in range(20))

    found = cut(data, tmp_path, CSV)

    assert b"".join(content for _, _, content in found) == data
    assert len(found) > 5
    assert all(content.count(b'"') % 2 == 0 for _, _, content in found)


@pytest.mark.parametrize("data", [b"", b"\n", b"a", b"a\nb"])
def test_the_last_line_counts_with_and_without_its_end(tmp_path: Path, data: bytes) -> None:
    found = cut(data, tmp_path, None)

    assert sum(lines for _, lines, _ in found) == len(data.splitlines())


@pytest.mark.parametrize(
    ("data", "odd"),
    [
        (b"a\nb\n", False),
        (b"a\r\nb\r\n", False),
        (b"a\n\nb\n", True),
        (b"\na\n", True),
        (b"a\r\nb\n", True),
        (b"a\rb\n", True),
        (b"a\0\n", True),
        (b"\xef\xbb\xbfa\n", True),
        (b'"a" ,b\n', True),
        (b'a, "b"\n', True),
        (b'"a ""b"" c",d\n', False),
    ],
)
def test_what_readers_could_take_differently_is_odd(tmp_path: Path, data: bytes, *, odd: bool) -> None:
    (is_odd,) = [each.is_odd for each in pieces(io.BytesIO(data), tmp_path / "p", CSV)]

    assert is_odd == odd


FILE = LoadFile("s3://b/k", Path("k"), 1)


def test_files_go_to_the_slices_in_turn() -> None:
    assert [part.slice for part in dealt([FILE] * 5, 2)] == [0, 1, 0, 1, 0]


@given(groups=st.lists(st.integers(1, 100), min_size=1, max_size=30), slices=st.integers(1, 8))
def test_a_shared_file_is_read_once_and_by_no_more_parts_than_slices(groups: list[int], slices: int) -> None:
    parts = shared(FILE, groups, slices)

    assert len(parts) <= slices
    assert [part.slice for part in parts] == list(range(len(parts)))
    assert sum(part.rows or 0 for part in parts) == sum(groups)
    assert [part.first for part in parts] == [sum(each.rows or 0 for each in parts[:n]) for n in range(len(parts))]


def test_a_part_of_a_file_knows_that_it_is_one() -> None:
    assert [Part(FILE, 0).is_partial, Part(FILE, 0, 0, 10).is_partial] == [False, True]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1_000])
@pytest.mark.parametrize(
    ("text", "is_odd"),
    [
        (b'1,"ends with a blank. "\n2," begins with one"\n', False),
        (b'1," - ""quoted"" - ",x\n', False),
        (b'" a "," b "\n', False),
        (b'1, "x"\n', True),
        (b'1,"x" ,2\n', True),
        (b'"x" \n', True),
        (b' "x"\n', True),
        (b'5" pipe,"x" ,2\n', True),
        (b'1,"a" "b"\n', True),
    ],
)
def test_blanks_next_to_quotes_are_odd_outside_of_them_only(text: bytes, is_odd: bool, size: int) -> None:
    look = _Look(Quoting(b'"', b","))
    for begin in range(0, len(text), size):
        look.see(text[begin : begin + size])
    look.end()

    assert look.is_odd == is_odd
