"""What a writer leaves behind that is killed at any moment, and what the next one makes of it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.streams.log.segment import CorruptSegmentError, file_name
from kit.streams.log.state import STATE_BYTES, ShardState


def size_of(folder: Path) -> int:
    return max(folder.glob("*.seg")).stat().st_size


def cut(source: Path, target: Path, size: int, *, state: bytes) -> None:
    """A copy of a shard whose active segment ends after `size` bytes, beside the state page given."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    with max(target.glob("*.seg")).open("r+b") as file:
        file.truncate(size)
    (target / "state").write_bytes(state)


def working(state: bytes) -> bytes:
    """The state page of a writer that has begun to write."""
    page = bytearray(state)
    page[16] = 1
    return bytes(page)


@pytest.mark.parametrize("kept", ["at work", "lost"], ids=["page at work", "page lost"])
@pytest.mark.parametrize("last", ["row", "batch"])
def test_a_tail_torn_at_any_byte_loses_the_torn_frame_and_nothing_else(
    open_log: Callable[..., Any], tmp_path: Path, last: str, kept: str
) -> None:
    log = open_log()
    log.put(b"a", b"b")
    log.put_batch(b"c", b"d")
    before, state = size_of(log.folder), (log.folder / "state").read_bytes()
    if last == "row":
        log.put(b"e" * 100)
    else:
        log.put_batch(*[b"e" * 10] * 5)
    log.close()
    after = size_of(log.folder)
    page = working(state) if kept == "at work" else bytes(STATE_BYTES)

    for size in range(before, after):
        cut(log.folder, tmp_path / "torn", size, state=page)
        recovered = open_log(tmp_path / "torn")
        assert recovered.data() == [b"a", b"b", b"c", b"d"], f"cut at {size}"
        assert recovered.put(b"next") == [5]
        assert recovered.data() == [b"a", b"b", b"c", b"d", b"next"]
        recovered.close()


def test_a_whole_frame_that_was_not_published_is_taken_up(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a")
    state = (log.folder / "state").read_bytes()
    log.put(b"b")
    log.close()
    (log.folder / "state").write_bytes(working(state))

    recovered = open_log()

    assert recovered.put(b"c") == [3]
    assert recovered.data() == [b"a", b"b", b"c"]


def test_a_page_older_than_the_files_is_noticed_by_readers(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a")
    state = (log.folder / "state").read_bytes()
    log.put(b"b")
    log.close()
    (log.folder / "state").write_bytes(state)

    assert open_log().data() == [b"a", b"b"]


def test_a_segment_torn_while_it_is_finished_is_gone_on_with(
    open_log: Callable[..., Any], tmp_path: Path, small_segments: None
) -> None:
    log = open_log()
    data = [b"%d" % place for place in range(8)]
    log.put(*data)
    before, state = size_of(log.folder), (log.folder / "state").read_bytes()
    log.log.settle = lambda horizon_ms: None
    log.put(b"next")
    log.close()
    sealed = log.folder / file_name(1)
    after = sealed.stat().st_size

    for size in (*range(before, after, 5), after):
        shutil.rmtree(tmp_path / "torn", ignore_errors=True)
        shutil.copytree(log.folder, tmp_path / "torn")
        (tmp_path / "torn" / file_name(9)).unlink()
        with (tmp_path / "torn" / file_name(1)).open("r+b") as file:
            file.truncate(size)
        (tmp_path / "torn" / "state").write_bytes(working(state))
        recovered = open_log(tmp_path / "torn")
        assert recovered.data() == data, f"cut at {size}"
        assert recovered.put(b"next") == [9]
        assert recovered.data() == [*data, b"next"]
        recovered.close()


def test_damage_before_whole_frames_is_not_taken_for_a_torn_tail(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a")
    damaged_at = size_of(log.folder)
    log.put(b"b", b"c")
    log.close()
    path = max(log.folder.glob("*.seg"))
    content = bytearray(path.read_bytes())
    content[damaged_at + 64] ^= 1
    path.write_bytes(content)
    (log.folder / "state").write_bytes(bytes(STATE_BYTES))

    with pytest.raises(CorruptSegmentError) as caught:
        open_log().put(b"d")

    assert (caught.value.path, caught.value.offset) == (path, damaged_at)
    assert path.read_bytes() == bytes(content)


def test_a_damaged_acknowledged_record_raises_instead_of_being_cut(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a")
    damaged_at = size_of(log.folder)
    log.put(b"b")
    log.close()
    path = max(log.folder.glob("*.seg"))
    content = bytearray(path.read_bytes())
    content[damaged_at + 64] ^= 1
    path.write_bytes(content)

    with pytest.raises(CorruptSegmentError) as caught:
        open_log().data()

    assert (caught.value.path, caught.value.offset) == (path, damaged_at)


def test_an_active_segment_shorter_than_published_raises(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a", b"b")
    log.close()
    path = max(log.folder.glob("*.seg"))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 64)

    with pytest.raises(CorruptSegmentError, match="shorter"):
        open_log().put(b"c")


def test_a_missing_segment_raises(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a")
    log.close()
    max(log.folder.glob("*.seg")).unlink()

    with pytest.raises(CorruptSegmentError, match="gone"):
        open_log().put(b"b")


def test_half_a_position_leaves_the_one_before(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a", b"b")
    log.close()
    state = ShardState(log.folder / "state")
    newest = state.tail()
    assert newest is not None
    state.close()
    page = bytearray((log.folder / "state").read_bytes())
    slot = 64 if newest.counter % 2 == 0 else 128
    page[slot + 30 : slot + 60] = bytes(30)
    (log.folder / "state").write_bytes(page)

    recovered = open_log()

    assert recovered.data() == [b"a", b"b"]
    assert recovered.put(b"c") == [3]


def test_a_draft_of_a_dead_compaction_is_removed(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a")
    log.close()
    (log.folder / "state").write_bytes(working((log.folder / "state").read_bytes()))
    draft = log.folder / f"{file_name(1)}.draft"
    draft.write_bytes(b"half")

    recovered = open_log()
    recovered.put(b"b")

    assert not draft.exists()
    assert recovered.data() == [b"a", b"b"]
