"""ETags: the MD5 of what storage wrote, and never a stale one."""

import hashlib
import os
from pathlib import Path

from kit.base.clock import ManualClock
from kit.storage import Storage


def test_head_list_and_iter_agree_on_the_md5(storage: Storage) -> None:
    storage.put("s3://lake/a/b", b"content")
    expected = hashlib.md5(b"content").hexdigest()
    assert storage.head("s3://lake/a/b").etag == expected
    assert storage.list("s3://lake/").objects[0].etag == expected
    assert next(storage.iter("s3://lake/")).etag == expected


def test_a_file_changed_by_hand_gets_another_etag_at_once(storage: Storage) -> None:
    before = storage.put("s3://lake/a", b"aaaa").etag
    storage.path("s3://lake/a").write_bytes(b"bbbb")
    after = storage.head("s3://lake/a").etag
    assert after != before
    assert after.endswith("-1")
    assert storage.list("s3://lake/").objects[0].etag == after


def test_a_file_put_there_by_hand_has_an_opaque_etag_that_follows_it(storage: Storage) -> None:
    storage.create_bucket("lake")
    path = storage.root / "lake" / "hand"
    path.write_bytes(b"one")
    first = storage.head("s3://lake/hand").etag
    assert first.endswith("-1")
    assert storage.head("s3://lake/hand").etag == first
    path.write_bytes(b"longer")
    assert storage.head("s3://lake/hand").etag != first


def test_a_file_replaced_by_one_of_equal_size_and_time_gets_another_etag(storage: Storage) -> None:
    before = storage.put("s3://lake/a", b"aaaa").etag
    path = storage.path("s3://lake/a")
    status = path.stat()
    other = path.with_name("b")
    other.write_bytes(b"bbbb")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    assert storage.head("s3://lake/a").etag != before


def test_an_object_that_is_deleted_and_put_again_has_its_new_etag(storage: Storage) -> None:
    storage.put("s3://lake/t/a", b"one")
    storage.delete_prefix("s3://lake/t/")
    storage.put("s3://lake/t/a", b"two")
    assert storage.head("s3://lake/t/a").etag == hashlib.md5(b"two").hexdigest()


def test_a_published_file_has_an_opaque_etag(storage: Storage) -> None:
    with storage.staging() as stage:
        stage.path("s3://lake/a").write_bytes(b"engine")
        (info,) = stage.publish()
    assert info.etag.endswith("-1")
    assert info == storage.head("s3://lake/a")


def test_a_damaged_index_is_thrown_away_and_costs_the_old_md5s_alone(tmp_path: Path, clock: ManualClock) -> None:
    storage = Storage(tmp_path, clock=clock)
    storage.put("s3://lake/a", b"one")
    storage.close()
    for path in tmp_path.glob(".etags*"):
        path.write_bytes(b"this is no database" * 100)
    again = Storage(tmp_path, clock=clock)
    assert again.get("s3://lake/a") == b"one"
    assert again.head("s3://lake/a").etag.endswith("-1")
    assert again.put("s3://lake/b", b"two").etag == hashlib.md5(b"two").hexdigest()
    assert again.head("s3://lake/b").etag == hashlib.md5(b"two").hexdigest()
    again.close()


def test_an_index_that_was_thrown_away_starts_anew(tmp_path: Path, clock: ManualClock) -> None:
    storage = Storage(tmp_path, clock=clock)
    storage.put("s3://lake/a", b"one")
    storage.close()
    for path in tmp_path.glob(".etags*"):
        path.unlink()
    again = Storage(tmp_path, clock=clock)
    assert again.head("s3://lake/a").etag.endswith("-1")
    assert again.put("s3://lake/a", b"one").etag == hashlib.md5(b"one").hexdigest()
    again.close()
