import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kit.streams.log import frame, segment
from kit.streams.log.segment import Identity, Segment, file_name


def test_indexes_have_no_gap_and_begin_with_one(open_log: Callable[..., Any]) -> None:
    log = open_log()

    assert log.put(b"a", b"b") == [1, 2]
    assert log.put_batch(b"c", b"d", b"e") == 3
    assert log.put(b"f") == [6]
    assert log.data() == [b"a", b"b", b"c", b"d", b"e", b"f"]


def test_arrival_does_not_go_back_with_the_clock(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a", arrival_ms=5_000)
    log.put(b"b", arrival_ms=4_000)
    log.put(b"c", arrival_ms=6_000)

    assert log.log.files().reader.rows(1, 10, 1_000).arrivals_ms == [5_000, 5_000, 6_000]


def test_a_log_goes_on_where_it_was_closed(open_log: Callable[..., Any]) -> None:
    first = open_log()
    first.put(b"a")
    first.close()

    again = open_log()

    assert again.put(b"b") == [2]
    assert again.data() == [b"a", b"b"]


def test_two_users_of_one_log_take_turns(open_log: Callable[..., Any], small_segments: None) -> None:
    one, other = open_log(), open_log()
    data = [b"%d" % place for place in range(50)]

    for place, each in enumerate(data):
        (one if place % 3 else other).put(each)

    assert one.data() == data
    assert other.data() == data


def test_a_full_segment_is_sealed_and_the_next_one_begun(open_log: Callable[..., Any], small_segments: None) -> None:
    log = open_log()
    data = [b"%d" % place * 300 for place in range(10)] * 3
    log.put(*data)

    assert len(segment.first_indexes(log.folder)) > 3
    assert log.data() == data
    assert log.data(17) == data[16:]


def test_small_records_are_rewritten_as_batches_when_a_segment_is_finished(
    open_log: Callable[..., Any], small_segments: None, identity: Identity
) -> None:
    log = open_log()
    log.put(*[b"%d" % place for place in range(8)], arrival_ms=1_000)
    log.put(b"next", arrival_ms=2_000)

    rewritten = Segment.open_sealed(log.folder / file_name(1), 1, identity)

    assert list(rewritten.table.kinds) == [frame.Kind.BATCH]
    assert rewritten.batch(0).column("data").to_pylist() == [b"%d" % place for place in range(8)]
    assert log.data() == [*(b"%d" % place for place in range(8)), b"next"]


def test_a_reader_that_holds_a_segment_is_not_disturbed_by_its_rewriting(
    open_log: Callable[..., Any], small_segments: None
) -> None:
    log = open_log()
    log.put(*[b"%d" % place for place in range(8)])
    held = list(log.log.files().reader.batches(1, 100))

    log.put(b"next")

    assert [value for _, rows in held for value in rows.column("data").to_pylist()] == [
        b"%d" % place for place in range(8)
    ]


def test_segments_that_have_expired_as_a_whole_are_removed(open_log: Callable[..., Any], small_segments: None) -> None:
    log = open_log()
    for place in range(40):
        log.put(b"%d" % place, arrival_ms=1_000 * place)

    log.log.settle(horizon_ms=20_000)

    first = segment.first_indexes(log.folder)[0]
    assert 1 < first <= 21
    assert log.data() == [b"%d" % place for place in range(first - 1, 40)]


@pytest.mark.parametrize("room", range(0, 300, 7))
def test_a_full_disk_fails_the_put_harms_nothing_and_is_gone_on_from(
    open_log: Callable[..., Any], disk: Any, room: int
) -> None:
    log = open_log()
    log.put(b"a")
    log.put_batch(b"b", b"c")
    disk.room = room

    with pytest.raises(OSError, match="No space left"):
        log.put(b"lost" * 100)
    with pytest.raises(OSError, match="No space left"):
        log.put_batch(*[b"lost"] * 50)

    assert log.data() == [b"a", b"b", b"c"]
    disk.room = None
    assert log.put(b"d") == [4]
    assert open_log().data() == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize("room", [0, 10, 100, 400, 600])
def test_a_disk_that_is_full_when_a_segment_is_finished_is_gone_on_from(
    open_log: Callable[..., Any], disk: Any, small_segments: None, room: int
) -> None:
    log = open_log()
    data = [b"%d" % place for place in range(8)]
    log.put(*data)
    disk.room = room

    with pytest.raises(OSError, match="No space left"):
        log.put(b"lost" * 1_000)

    assert log.data() == data
    disk.room = None
    assert log.put(b"next") == [9]
    assert open_log().data() == [*data, b"next"]


def test_nothing_is_visible_before_it_is_synced(open_log: Callable[..., Any]) -> None:
    log = open_log(durable=True)
    log.put(b"a")
    files = log.log.files()
    with files.lock:
        files.writer.begin()
        written = files.writer.append_row(1_000, b"key", b"b")
    assert log.data() == [b"a"]

    files.writer.sync(written)

    assert log.data() == [b"a", b"b"]


def test_a_failed_sync_takes_the_record_back(open_log: Callable[..., Any], disk: Any) -> None:
    log = open_log(durable=True)
    log.put(b"a")
    disk.syncs = False

    with pytest.raises(OSError, match="Input/output"):
        log.put(b"lost")

    disk.syncs = True
    assert log.put(b"b") == [2]
    assert log.data() == [b"a", b"b"]


def test_a_record_taken_back_is_not_acknowledged_by_another_ones_sync(open_log: Callable[..., Any], disk: Any) -> None:
    log = open_log(durable=True)
    log.put(b"a")
    files = log.log.files()
    with files.lock:
        files.writer.begin()
        waiting = files.writer.append_row(1_000, b"key", b"lost with the next")
    disk.syncs = False
    with pytest.raises(OSError, match="Input/output"):
        log.put(b"lost")
    disk.syncs = True
    log.put(b"b")

    with pytest.raises(OSError, match="on its way"):
        files.writer.sync(waiting)
    assert log.data() == [b"a", b"b"]


def test_a_writer_that_dies_while_it_takes_records_back_leaves_a_log_that_goes_on(
    open_log: Callable[..., Any], disk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(durable=True)
    log.put(b"a")
    disk.syncs = False

    def die(fd: int, size_bytes: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(disk, "truncate", die)
    with pytest.raises(KeyboardInterrupt):
        log.put(b"maybe")
    monkeypatch.undo()
    disk.syncs = True
    log.close()

    again = open_log(durable=True)
    again.put(b"b")

    assert again.data() in ([b"a", b"b"], [b"a", b"maybe", b"b"])
    assert open_log().data() == again.data()


def test_threads_that_put_at_once_share_syncs(open_log: Callable[..., Any], disk: Any) -> None:
    log = open_log(durable=True)
    log.put(b"first")
    begun, release, sync = threading.Event(), threading.Event(), disk.sync
    before = disk.synced

    def slow_sync(fd: int) -> None:
        begun.set()
        release.wait(10)
        sync(fd)

    disk.sync = slow_sync
    threads = [threading.Thread(target=log.put, args=(b"%d" % place,)) for place in range(8)]
    threads[0].start()
    begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    while log.log.files().writer.begin().next_index < 10:
        pass
    release.set()
    for thread in threads:
        thread.join(10)

    assert sorted(log.data()[1:]) == [b"%d" % place for place in range(8)]
    assert disk.synced - before == 2


def test_readers_see_batches_that_point_into_the_file(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put_batch(*[b"x" * 100] * 50)

    (first, rows), *_ = log.log.files().reader.batches(1, 100)

    assert first == 1
    assert rows.num_rows == 50
    before = pa.total_allocated_bytes()
    copies = [rows.slice(10, 30) for _ in range(100)]
    assert pa.total_allocated_bytes() == before
    assert all(copy.num_rows == 30 for copy in copies)


def test_files_are_private(open_log: Callable[..., Any]) -> None:
    log = open_log()
    log.put(b"a")

    assert log.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in Path(log.folder).iterdir()} == {0o600}


@pytest.mark.parametrize("fault", ["full disk", "draft removed"])
def test_a_segment_that_cannot_be_rewritten_stays_as_it_is(
    open_log: Callable[..., Any], disk: Any, small_segments: None, identity: Identity, fault: str
) -> None:
    log = open_log()
    data = [b"%d" % place for place in range(8)]
    log.put(*data)
    write = disk.write

    def failing(fd: int, parts: Any, offset: int) -> None:
        drafts = list(log.folder.glob("*.draft"))
        if drafts and fault == "full disk" and log.active().name == file_name(9):
            raise OSError(28, "No space left on device")
        if drafts and log.active().name == file_name(9):
            drafts[0].unlink()
        write(fd, parts, offset)

    disk.write = failing
    assert log.put(b"next") == [9]

    assert list(Segment.open_sealed(log.folder / file_name(1), 1, identity).table.kinds) == [frame.Kind.ROW] * 8
    assert log.data() == [*data, b"next"]
