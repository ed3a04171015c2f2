import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.streams.log import writer
from kit.streams.log.pieces import pieces
from kit.streams.log.segment import CorruptSegmentError, Identity, Segment, file_name


@pytest.fixture
def sealed(open_log: Callable[..., Any], small_segments: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished segment of single records and a batch."""
    monkeypatch.setattr(writer, "WORTH_COMPACTING", 100)
    log = open_log()
    log.put(b"one", b"two", arrival_ms=1_000)
    log.put_batch(*[b"%d" % place for place in range(5)], arrival_ms=2_000)
    log.put(b"x" * 4_000)
    log.close()
    return log.folder / file_name(1)


def read(path: Path, identity: Identity, first_index: int = 1) -> list[bytes]:
    """All data of a sealed segment, so that every frame is looked at."""
    found = Segment.open_sealed(path, first_index, identity)
    return [data for piece in pieces(found, 0) for _, data, _ in piece.records(0, 1_000)]


def test_a_sealed_segment_holds_its_records_and_tells_where_it_ends(sealed: Path, identity: Identity) -> None:
    found = Segment.open_sealed(sealed, 1, identity)

    assert read(sealed, identity) == [b"one", b"two", b"0", b"1", b"2", b"3", b"4"]
    assert (found.end_index, found.last_arrival_ms, len(found.table)) == (8, 2_000, 3)


def test_a_flipped_bit_in_any_region_is_noticed_and_named(sealed: Path, identity: Identity, tmp_path: Path) -> None:
    content = sealed.read_bytes()
    damaged_path = tmp_path / "damaged.seg"

    for offset in range(len(content)):
        damaged = bytearray(content)
        damaged[offset] ^= 1 << offset % 8
        damaged_path.write_bytes(damaged)
        with pytest.raises(CorruptSegmentError) as caught:
            read(damaged_path, identity)
        assert caught.value.path == damaged_path, f"byte {offset}"
        assert str(damaged_path) in str(caught.value)
        assert f"offset {caught.value.offset:,}" in str(caught.value)


def test_a_segment_cut_short_anywhere_is_noticed(sealed: Path, identity: Identity, tmp_path: Path) -> None:
    content = sealed.read_bytes()
    cut = tmp_path / "cut.seg"

    for size in range(len(content)):
        cut.write_bytes(content[:size])
        with pytest.raises(CorruptSegmentError):
            read(cut, identity)


def test_a_segment_that_has_grown_is_noticed(sealed: Path, identity: Identity) -> None:
    with sealed.open("ab") as file:
        file.write(bytes(64))

    with pytest.raises(CorruptSegmentError):
        read(sealed, identity)


@pytest.mark.parametrize(
    "other",
    [
        Identity("zyxwvutsrq9876543210-abc", 3, 1_700_000_000),
        Identity("abcdefghij0123456789-xyz", 4, 1_700_000_000),
        Identity("abcdefghij0123456789-xyz", 3, 1_700_000_001),
    ],
    ids=["stream", "shard", "creation"],
)
def test_a_segment_of_another_shard_is_refused(sealed: Path, other: Identity) -> None:
    with pytest.raises(CorruptSegmentError, match="belongs to another shard"):
        Segment.open_sealed(sealed, 1, other)


def test_a_segment_under_another_name_is_refused(sealed: Path, identity: Identity, tmp_path: Path) -> None:
    moved = shutil.copy(sealed, tmp_path / file_name(9))

    with pytest.raises(CorruptSegmentError, match="does not fit its name"):
        Segment.open_sealed(Path(moved), 9, identity)


def test_a_damaged_frame_leaves_the_others_readable(sealed: Path, identity: Identity) -> None:
    content = bytearray(sealed.read_bytes())
    second = Segment.open_sealed(sealed, 1, identity).table.offsets[1]
    content[second + 70] ^= 1
    sealed.write_bytes(content)

    found = Segment.open_sealed(sealed, 1, identity)

    assert found.rows(0, 1) == [(1_000, b"key", b"one")]
    with pytest.raises(CorruptSegmentError) as caught:
        found.rows(1, 2)
    assert caught.value.offset == second
