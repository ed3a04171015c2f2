"""A system call that fails, wherever it does: the object is the old one or the new one, and nothing else is visible."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kit.base.errors import KitError
from kit.storage import Storage

CALLS = [(os, "fsync"), (os, "open"), (os, "mkdir"), (os, "rename"), (os, "replace"), (os, "utime"), (os, "link")]


@contextmanager
def failing_at(monkeypatch: pytest.MonkeyPatch, position: int, root: Path) -> Iterator[list[str]]:
    """Let the call of that position, counted over all kinds, fail with a full disk; the list names what was called."""
    called: list[str] = []

    def wrapped(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if isinstance(arguments[0], (str, Path)) and not str(arguments[0]).startswith(str(root)):
                return original(*arguments, **options)
            if name == "open" and not arguments[1] & (os.O_RDWR | os.O_WRONLY):
                return original(*arguments, **options)
            called.append(name)
            if len(called) == position:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return original(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        for module, name in CALLS:
            patch.setattr(module, name, wrapped(name, getattr(module, name)))
        yield called


def snapshot(storage: Storage) -> dict[str, bytes]:
    return {info.key: storage.get(info.uri) for info in storage.iter("s3://lake/")}


def put_new(storage: Storage) -> None:
    storage.put("s3://lake/new/folder/b", b"new")


def put_over(storage: Storage) -> None:
    storage.put("s3://lake/a", b"new")


def publish(storage: Storage) -> None:
    with storage.staging() as stage:
        stage.path("s3://lake/a").write_bytes(b"new")
        stage.path("s3://lake/new/b").write_bytes(b"new")
        stage.path("s3://lake/new/c").write_bytes(b"new")
        stage.publish()


def publish_folder(storage: Storage) -> None:
    with storage.staging(into_empty="s3://lake/new/") as stage:
        stage.path("s3://lake/new/b").write_bytes(b"new")
        stage.path("s3://lake/new/c/d").write_bytes(b"new")
        stage.publish()


@pytest.mark.parametrize("action", [put_new, put_over, publish, publish_folder])
def test_a_full_disk_at_any_call_leaves_all_or_nothing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, action: Callable[[Storage], None]
) -> None:
    storage.put("s3://lake/a", b"old")
    before = snapshot(storage)
    action(storage)
    complete = snapshot(storage)
    storage.delete_prefix("s3://lake/new/")
    storage.put("s3://lake/a", b"old")
    outcomes: set[str] = set()
    for position in range(1, 200):
        with failing_at(monkeypatch, position, storage.root) as called:
            try:
                action(storage)
            except KitError as error:
                outcomes.add(error.code)
        if len(called) < position:
            break
        # A single put whose rename succeeds and whose last sync fails has replaced the object: complete, and an error.
        assert snapshot(storage) in ([before, complete] if action in {put_new, put_over} else [before])
        assert not [path for path in storage.root.glob(".staging/*/*") if path.exists()]
        storage.delete_prefix("s3://lake/new/")
        storage.put("s3://lake/a", b"old")
    else:
        pytest.fail("the action never came to its end")
    assert outcomes == {"InsufficientStorage"}
    assert snapshot(storage) == complete


def test_a_device_that_takes_no_byte_is_a_full_disk(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    storage.put("s3://lake/a", b"old")
    monkeypatch.setattr("kit.storage.disk.create_private", lambda path: os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(KitError, match="disk is full") as info:
        storage.put("s3://lake/a", b"x" * 100_000)
    assert info.value.code == "InsufficientStorage"
    assert storage.get("s3://lake/a") == b"old"


def test_a_full_disk_while_an_engine_writes_into_a_stage_is_named(storage: Storage) -> None:
    def write() -> None:
        with storage.staging() as stage:
            stage.path("s3://lake/a").write_bytes(b"x")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(KitError) as info:
        write()
    assert info.value.code == "InsufficientStorage"
    assert storage.buckets() == []


def test_an_error_of_the_writer_itself_passes_unchanged(storage: Storage) -> None:
    def write() -> None:
        with storage.staging() as stage:
            stage.path("s3://lake/a").write_bytes(b"x")
            Path("/nowhere/at/all").read_bytes()

    with pytest.raises(FileNotFoundError):
        write()
    assert storage.buckets() == []


def test_a_source_that_fails_leaves_the_old_object(storage: Storage) -> None:
    class Broken:
        def __init__(self) -> None:
            self.reads = 0

        def read(self, size: int) -> bytes:
            self.reads += 1
            if self.reads > 1:
                raise RuntimeError("the wire was cut")
            return b"x" * size

    storage.put("s3://lake/a", b"old")
    with pytest.raises(RuntimeError, match="wire"):
        storage.put("s3://lake/a", Broken())  # type: ignore[arg-type]
    assert snapshot(storage) == {"a": b"old"}


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, "AccessDenied"),
        (errno.EROFS, "AccessDenied"),
        (errno.EDQUOT, "InsufficientStorage"),
        (errno.ENAMETOOLONG, "KeyTooLongError"),
        (errno.EIO, "InternalError"),
    ],
)
def test_errors_of_the_system_have_the_services_names(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def failing(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(storage._disk, "reveal", failing)
    with pytest.raises(KitError) as info:
        storage.put("s3://lake/a", b"x")
    assert info.value.code == code


def test_a_put_is_synced_before_it_is_seen(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (order.append("sync"), fsync(descriptor))[1])
    monkeypatch.setattr(Path, "replace", lambda path, target: (order.append("rename"), replace(path, target))[1])
    storage.create_bucket("lake")
    order.clear()
    storage.put("s3://lake/a", b"x")
    assert order == ["sync", "rename", "sync"]
