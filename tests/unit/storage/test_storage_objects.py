"""Putting, reading, copying and deleting single objects."""

import hashlib
import io
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.storage import Storage

CodeOf = Callable[[Callable[[], object]], str]


def test_what_is_put_is_got(storage: Storage) -> None:
    info = storage.put("s3://lake/raw/a.csv", b"a,b\n1,2\n")
    assert storage.get("s3://lake/raw/a.csv") == b"a,b\n1,2\n"
    assert (info.uri, info.bucket, info.key, info.size_bytes) == ("s3://lake/raw/a.csv", "lake", "raw/a.csv", 8)
    assert info.etag == hashlib.md5(b"a,b\n1,2\n").hexdigest()
    assert info == storage.head("s3://lake/raw/a.csv")


def test_text_is_kept_as_utf8_and_files_are_copied(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "local").write_bytes(b"from a file")
    storage.put("s3://lake/text", "Zürich 🦆")
    storage.put("s3://lake/file", tmp_path / "local")
    storage.put("s3://lake/stream", io.BytesIO(b"x" * 3_000_000))
    storage.put("s3://lake/view", memoryview(b"view"))
    assert storage.get("s3://lake/text").decode() == "Zürich 🦆"
    assert storage.get("s3://lake/file") == b"from a file"
    assert storage.head("s3://lake/stream").size_bytes == 3_000_000
    assert storage.get("s3://lake/view") == b"view"
    assert (tmp_path / "local").exists()


def test_a_text_that_is_none_is_refused(storage: Storage, code_of: CodeOf) -> None:
    assert code_of(lambda: storage.put("s3://lake/a", "\udc80")) == "InvalidArgument"
    assert storage.buckets() == []


def test_a_put_replaces(storage: Storage) -> None:
    storage.put("s3://lake/a", b"old")
    storage.put("s3://lake/a", b"newer")
    assert storage.get("s3://lake/a") == b"newer"
    assert [info.key for info in storage.iter("s3://lake/")] == ["a"]


def test_a_reader_keeps_what_it_opened(storage: Storage) -> None:
    storage.put("s3://lake/a", b"old")
    with storage.open("s3://lake/a") as reader:
        storage.put("s3://lake/a", b"new")
        storage.delete("s3://lake/a")
        assert reader.read() == b"old"


def test_last_modified_is_the_clocks(storage: Storage, clock: ManualClock) -> None:
    clock.advance(90.25)
    storage.put("s3://lake/a", b"")
    assert storage.head("s3://lake/a").last_modified == datetime(2026, 1, 1, 0, 1, 30, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 4, b"0123"), (4, None, b"456789"), (None, 3, b"012"), (7, 99, b"789"), (-3, None, b"789"), (-99, 2, b"01")],
)
def test_a_range_is_half_open(storage: Storage, start: int | None, end: int | None, expected: bytes) -> None:
    storage.put("s3://lake/a", b"0123456789")
    assert storage.get("s3://lake/a", start, end) == expected


@pytest.mark.parametrize(("start", "end"), [(10, None), (11, 12), (3, 3), (5, 4), (0, 0)])
def test_a_range_without_a_byte_is_an_error(storage: Storage, code_of: CodeOf, start: int, end: int | None) -> None:
    storage.put("s3://lake/a", b"0123456789")
    assert code_of(lambda: storage.get("s3://lake/a", start, end)) == "InvalidRange"


def test_a_missing_key_is_named_with_a_hint(storage: Storage) -> None:
    storage.put("s3://lake/raw/flights.csv", b"x")
    for call in (storage.get, storage.open, storage.head):
        with pytest.raises(KitError, match=r"s3://lake/raw/flihgts\.csv") as info:
            call("s3://lake/raw/flihgts.csv")
        assert info.value.code == "NoSuchKey"
        assert info.value.hint == "Did you mean 'flights.csv'?"


def test_a_folder_is_no_object(storage: Storage, code_of: CodeOf) -> None:
    storage.put("s3://lake/raw/a", b"x")
    assert code_of(lambda: storage.get("s3://lake/raw")) == "NoSuchKey"
    assert code_of(lambda: storage.head("s3://lake/raw/a/b")) == "NoSuchKey"
    assert not storage.exists("s3://lake/raw")
    assert storage.exists("s3://lake/raw/a")


def test_a_missing_bucket_is_named_with_a_hint(storage: Storage) -> None:
    storage.put("s3://lake/a", b"x")
    with pytest.raises(KitError) as info:
        storage.get("s3://leke/a")
    assert (info.value.code, info.value.hint) == ("NoSuchBucket", "Did you mean 'lake'?")


def test_a_key_cannot_be_both_object_and_folder(storage: Storage, code_of: CodeOf) -> None:
    storage.put("s3://lake/a", b"object")
    storage.put("s3://lake/b/c", b"under b")
    assert code_of(lambda: storage.put("s3://lake/a/b", b"x")) == "ObjectNameConflict"
    assert code_of(lambda: storage.put("s3://lake/a/b/c/d", b"x")) == "ObjectNameConflict"
    assert code_of(lambda: storage.put("s3://lake/b", b"x")) == "ObjectNameConflict"
    assert storage.get("s3://lake/a") == b"object"
    assert [info.key for info in storage.iter("s3://lake/")] == ["a", "b/c"]


def test_a_folder_goes_with_its_last_object_and_frees_the_name(storage: Storage) -> None:
    storage.put("s3://lake/a/b/c", b"x")
    storage.delete("s3://lake/a/b/c")
    storage.put("s3://lake/a", b"now an object")
    assert storage.get("s3://lake/a") == b"now an object"


def test_deleting_what_is_not_there_is_no_error(storage: Storage, code_of: CodeOf) -> None:
    storage.put("s3://lake/a/b", b"x")
    storage.delete("s3://lake/nothing")
    storage.delete("s3://lake/a")
    storage.delete("s3://lake/a/b/c")
    assert storage.get("s3://lake/a/b") == b"x"
    assert code_of(lambda: storage.delete("s3://nowhere/a")) == "NoSuchBucket"


def test_a_copy_is_independent(storage: Storage) -> None:
    storage.put("s3://lake/a", b"one")
    copied = storage.copy("s3://lake/a", "s3://other/b")
    storage.put("s3://lake/a", b"two")
    assert storage.get("s3://other/b") == b"one"
    assert copied.etag == hashlib.md5(b"one").hexdigest()


def test_a_prefix_is_deleted_as_text(storage: Storage) -> None:
    for key in ("a", "ab/c", "ab/d/e", "b", "c/ab"):
        storage.put(f"s3://lake/{key}", b"x")
    assert storage.delete_prefix("s3://lake/a") == 3
    assert [info.key for info in storage.iter("s3://lake/")] == ["b", "c/ab"]
    assert storage.delete_prefix("s3://lake/c/") == 1
    assert storage.delete_prefix("s3://lake/none/") == 0
    assert storage.delete_prefix("s3://lake/") == 1
    assert storage.buckets() == ["lake"]


def test_files_and_folders_are_private(storage: Storage) -> None:
    storage.put("s3://lake/a/b", b"x")
    with storage.staging() as stage:
        path = stage.path("s3://lake/c/d")
        path.write_bytes(b"x")
        path.chmod(0o644)
        stage.publish()
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in [storage.root, *storage.root.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if not path.is_dir()} == {0o600}


def test_a_link_out_of_the_bucket_is_never_followed(storage: Storage, tmp_path: Path, code_of: CodeOf) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    storage.put("s3://lake/a/b", b"x")
    (storage.root / "lake" / "folder").symlink_to(outside)
    (storage.root / "lake" / "file").symlink_to(outside / "secret")
    (storage.root / "bucket").symlink_to(outside)
    for call in (
        lambda: storage.get("s3://lake/folder/secret"),
        lambda: storage.get("s3://lake/file"),
        lambda: storage.put("s3://lake/folder/new", b"x"),
        lambda: storage.put("s3://lake/file", b"x"),
        lambda: storage.delete("s3://lake/folder/secret"),
        lambda: storage.delete_prefix("s3://lake/folder/"),
        lambda: storage.path("s3://lake/folder/"),
        lambda: list(storage.iter("s3://lake/")),
        lambda: storage.list("s3://lake/"),
        lambda: storage.get("s3://bucket/secret"),
        lambda: storage.put("s3://bucket/new", b"x"),
        lambda: list(storage.iter("s3://bucket/")),
    ):
        assert code_of(call) == "AccessDenied"
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_bytes() == b"secret"
    assert storage.buckets() == ["lake"]


def test_deleting_a_prefix_removes_a_link_but_not_what_it_names(storage: Storage, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"kept")
    storage.put("s3://lake/t/a", b"x")
    (storage.root / "lake" / "t" / "link").symlink_to(outside)
    storage.delete_prefix("s3://lake/t/")
    assert (outside / "kept").read_bytes() == b"kept"
    assert list(storage.iter("s3://lake/")) == []


def test_pipes_are_no_objects(storage: Storage, code_of: CodeOf) -> None:
    storage.put("s3://lake/a", b"x")
    os.mkfifo(storage.root / "lake" / "pipe")
    assert code_of(lambda: storage.get("s3://lake/pipe")) == "NoSuchKey"
    assert [info.key for info in storage.iter("s3://lake/")] == ["a"]


def test_a_file_whose_name_is_no_text_is_named(storage: Storage, code_of: CodeOf) -> None:
    storage.put("s3://lake/a", b"x")
    (storage.root / "lake" / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    assert code_of(lambda: list(storage.iter("s3://lake/"))) == "InvalidObjectName"


def test_on_a_filesystem_that_folds_names_none_reaches_anothers_object(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, code_of: CodeOf
) -> None:
    storage.put("s3://lake/Data/A.csv", b"one")
    # Such a filesystem finds "Data" under "data"; a link in its stead finds it here.
    (storage.root / "lake" / "data").mkdir()
    (storage.root / "lake" / "data" / "a.csv").write_bytes(b"one")
    monkeypatch.setattr(storage._disk, "folds_names", True)
    monkeypatch.setattr("kit.storage.disk.names_in", lambda folder: ["lake", "Data", "A.csv"])
    assert code_of(lambda: storage.put("s3://lake/data/a.csv", b"two")) == "ObjectNameConflict"
    assert storage.get("s3://lake/Data/A.csv") == b"one"


def test_different_normal_forms_are_different_keys(storage: Storage) -> None:
    storage.put("s3://lake/caf\u00e9", b"composed")
    storage.put("s3://lake/cafe\u0301", b"decomposed")
    assert storage.get("s3://lake/caf\u00e9") == b"composed"
    assert [info.key for info in storage.iter("s3://lake/")] == ["cafe\u0301", "caf\u00e9"]


def test_paths_and_uris_are_inverse(storage: Storage, tmp_path: Path, code_of: CodeOf) -> None:
    storage.put("s3://lake/a b/c%20d", b"x")
    path = storage.path("s3://lake/a b/c%20d")
    assert path.read_bytes() == b"x"
    assert storage.uri_of(path) == "s3://lake/a b/c%20d"
    assert storage.path("s3://lake/a b/") == path.parent
    assert storage.path("s3://lake") == storage.root / "lake"
    for outside in (tmp_path, storage.root, storage.root / "lake" / ".." / ".." / "x", "/etc/passwd"):
        assert code_of(lambda outside=outside: storage.uri_of(outside)) == "InvalidURI"
    assert code_of(lambda: storage.uri_of(storage.root / ".staging" / "x")) == "InvalidBucketName"


def test_buckets_are_made_listed_and_removed(storage: Storage, code_of: CodeOf) -> None:
    storage.create_bucket("empty")
    storage.put("s3://implicit/a", b"x")
    assert storage.buckets() == ["empty", "implicit"]
    assert code_of(lambda: storage.create_bucket("empty")) == "BucketAlreadyOwnedByYou"
    assert code_of(lambda: storage.create_bucket("Empty")) == "InvalidBucketName"
    assert code_of(lambda: storage.delete_bucket("implicit")) == "BucketNotEmpty"
    assert code_of(lambda: storage.delete_bucket("nowhere")) == "NoSuchBucket"
    (storage.root / "empty" / "left" / "over").mkdir(parents=True)
    storage.delete_bucket("empty")
    assert storage.buckets() == ["implicit"]
    assert storage.get("s3://implicit/a") == b"x"


def test_a_folder_is_uploaded_as_a_whole(storage: Storage, tmp_path: Path, code_of: CodeOf) -> None:
    source = tmp_path / "source"
    (source / "year=2013").mkdir(parents=True)
    (source / "year=2013" / "a.csv").write_bytes(b"1")
    (source / "b.csv").write_bytes(b"22")
    (source / "linked.csv").symlink_to(source / "b.csv")
    uploaded = storage.upload(source, "s3://lake/data")
    assert [info.key for info in uploaded] == ["data/b.csv", "data/linked.csv", "data/year=2013/a.csv"]
    assert [info.etag for info in uploaded] == [hashlib.md5(text).hexdigest() for text in (b"22", b"22", b"1")]
    assert uploaded == list(storage.iter("s3://lake/"))
    assert storage.upload(source / "b.csv", "s3://lake/into/")[0].key == "into/b.csv"
    assert storage.upload(str(source / "b.csv"), "s3://lake/as.csv")[0].key == "as.csv"
    assert code_of(lambda: storage.upload(tmp_path / "nothing", "s3://lake/")) == "NoSuchFile"


def test_an_upload_that_fails_leaves_nothing(storage: Storage, tmp_path: Path, code_of: CodeOf) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_bytes(b"1")
    os.mkfifo(source / "pipe")
    assert code_of(lambda: storage.upload(source, "s3://lake/data/")) == "InvalidArgument"
    (source / "pipe").unlink()
    (source / "loop").symlink_to(source)
    assert code_of(lambda: storage.upload(source, "s3://lake/data/")) == "InvalidArgument"
    assert storage.buckets() == []
