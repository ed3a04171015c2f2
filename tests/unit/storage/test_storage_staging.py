"""Several objects that appear together or not at all, and what becomes of writers that die."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.storage import Storage

CodeOf = Callable[[Callable[[], object]], str]


def keys_of(storage: Storage, uri: str = "s3://lake/") -> list[str]:
    return [info.key for info in storage.iter(uri)]


def leftovers(storage: Storage) -> list[Path]:
    return [path for path in (storage.root / ".staging").rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_staged_objects_appear_with_publish(storage: Storage, clock: ManualClock) -> None:
    clock.advance(5)
    with storage.staging() as stage:
        stage.path("s3://lake/t/a").write_bytes(b"1")
        stage.path("s3://other/b").write_bytes(b"22")
        (stage.path("s3://lake/t/k=1/") / "part-0").write_bytes(b"333")
        assert storage.buckets() == []
        published = stage.publish()
    assert [info.uri for info in published] == ["s3://lake/t/a", "s3://lake/t/k=1/part-0", "s3://other/b"]
    assert published == [*storage.iter("s3://lake/"), *storage.iter("s3://other/")]
    assert {info.last_modified.second for info in published} == {5}
    assert leftovers(storage) == []


def test_without_publish_nothing_appears(storage: Storage) -> None:
    storage.put("s3://lake/t/a", b"old")
    with storage.staging() as stage:
        stage.path("s3://lake/t/a").write_bytes(b"new")
    assert storage.get("s3://lake/t/a") == b"old"
    assert leftovers(storage) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_leaving_by_an_error_removes_everything(storage: Storage, error: type[BaseException]) -> None:
    def write() -> None:
        with storage.staging() as stage:
            stage.path("s3://lake/t/a").write_bytes(b"x")
            raise error

    storage.create_bucket("lake")
    with pytest.raises(error):
        write()
    assert keys_of(storage) == []
    assert leftovers(storage) == []


def test_an_empty_stage_publishes_nothing(storage: Storage) -> None:
    with storage.staging(into_empty="s3://lake/t/") as stage:
        assert stage.publish() == []
    assert storage.buckets() == []


def test_publishing_into_an_empty_prefix(storage: Storage) -> None:
    (storage.root / "lake" / "t" / "left" / "over").mkdir(parents=True)
    with storage.staging(into_empty="s3://lake/t") as stage:
        (stage.path("s3://lake/t/") / "part-0").write_bytes(b"x")
        stage.publish()
    assert keys_of(storage) == ["t/part-0"]


def test_publishing_into_a_prefix_that_is_not_empty_changes_nothing(storage: Storage) -> None:
    storage.put("s3://lake/t/deep/er", b"there")
    with storage.staging(into_empty="s3://lake/t/") as stage:
        stage.path("s3://lake/t/a").write_bytes(b"x")
        with pytest.raises(KitError, match=r"s3://lake/t/") as info:
            stage.publish()
    assert info.value.code == "PreconditionFailed"
    assert keys_of(storage) == ["t/deep/er"]
    assert leftovers(storage) == []


def test_a_whole_bucket_can_be_the_empty_prefix(storage: Storage) -> None:
    with storage.staging(into_empty="s3://lake/") as stage:
        stage.path("s3://lake/a/b").write_bytes(b"x")
        stage.publish()
    assert keys_of(storage) == ["a/b"]


def test_an_object_written_meanwhile_makes_the_prefix_not_empty(storage: Storage, code_of: CodeOf) -> None:
    with storage.staging(into_empty="s3://lake/t/") as stage:
        stage.path("s3://lake/t/a").write_bytes(b"x")
        storage.put("s3://lake/t/b", b"first")
        assert code_of(stage.publish) == "PreconditionFailed"
    assert keys_of(storage) == ["t/b"]


def test_of_many_writers_into_one_empty_prefix_exactly_one_wins(storage: Storage) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(8)

    def write(number: int) -> None:
        with storage.staging(into_empty="s3://lake/t/") as stage:
            for part in range(3):
                stage.path(f"s3://lake/t/{number}-{part}").write_bytes(b"x")
            ready.wait()
            try:
                stage.publish()
                outcomes.append("won")
            except KitError as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["PreconditionFailed"] * 7 + ["won"]
    assert len({key[:3] for key in keys_of(storage)}) == 1
    assert len(keys_of(storage)) == 3


def test_a_stage_refuses_what_lies_outside_of_its_prefix(storage: Storage, code_of: CodeOf) -> None:
    with storage.staging(into_empty="s3://lake/t/") as stage:
        for uri in ("s3://lake/t2/a", "s3://other/t/a", "s3://lake/", "s3://lake/t"):
            assert code_of(lambda uri=uri: stage.path(uri)) == "InvalidArgument"
        assert code_of(lambda: stage.path("s3://lake/t/../a")) == "InvalidObjectName"


def test_a_published_stage_is_done(storage: Storage, code_of: CodeOf) -> None:
    with storage.staging() as stage:
        stage.path("s3://lake/a").write_bytes(b"x")
        stage.publish()
        assert code_of(stage.publish) == "InvalidRequest"
        assert code_of(lambda: stage.path("s3://lake/b")) == "InvalidRequest"


def test_a_conflict_found_at_publish_changes_nothing(storage: Storage, code_of: CodeOf) -> None:
    storage.put("s3://lake/b", b"object")
    with storage.staging() as stage:
        stage.path("s3://lake/a").write_bytes(b"x")
        stage.path("s3://lake/b/c").write_bytes(b"x")
        assert code_of(stage.publish) == "ObjectNameConflict"
    assert keys_of(storage) == ["b"]


def test_a_failure_in_the_middle_of_publishing_takes_back_what_was_done(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put("s3://lake/t/b", b"old b")
    reveal = storage._disk.reveal
    done: list[Path] = []

    def failing(staged: Path, target: Path) -> None:
        if len(done) == 2 and target.name == "c":
            raise OSError(28, "No space left on device")
        done.append(target)
        reveal(staged, target)

    def write() -> None:
        with storage.staging() as stage:
            for name in "abcd":
                stage.path(f"s3://lake/t/{name}").write_bytes(b"new")
            stage.publish()

    monkeypatch.setattr(storage._disk, "reveal", failing)
    with pytest.raises(KitError) as info:
        write()
    assert info.value.code == "InsufficientStorage"
    assert keys_of(storage) == ["t/b"]
    assert storage.get("s3://lake/t/b") == b"old b"


def test_a_link_in_a_staged_folder_is_refused(storage: Storage, tmp_path: Path, code_of: CodeOf) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with storage.staging() as stage:
        (stage.path("s3://lake/t/") / "link").symlink_to(tmp_path / "secret")
        assert code_of(stage.publish) == "AccessDenied"
    assert storage.buckets() == []


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from kit.base.clock import WallClock
    from kit.storage import Storage

    class Endless:
        def read(self, size):
            print("reading", flush=True)
            return b"x" * size

    storage = Storage(Path(sys.argv[1]), clock=WallClock())
    if sys.argv[2] == "put":
        storage.put("s3://lake/t/big", Endless())
    with storage.staging() as stage:
        stage.path("s3://lake/t/staged").write_bytes(b"x")
        print("staged", flush=True)
        sys.stdin.read()
    """
)


@pytest.mark.parametrize("kind", ["put", "stage"])
def test_a_killed_writer_leaves_nothing_visible_and_is_swept_later(
    tmp_path: Path, clock: ManualClock, kind: str
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert writer.stdout is not None
    assert writer.stdin is not None
    for _ in range(3 if kind == "put" else 1):
        assert writer.stdout.readline()
    living = Storage(tmp_path, clock=clock)
    living.put("s3://lake/other", b"x")
    assert leftovers(living), "the writer is alive: its files stay"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    writer.stdin.close()
    assert keys_of(living) == ["other"]
    living.close()
    del living
    later = Storage(tmp_path, clock=clock)
    later.put("s3://lake/other", b"y")
    assert keys_of(later) == ["other"]
    assert leftovers(later) == []
    later.close()


def test_a_session_that_ends_in_good_order_leaves_no_folder(tmp_path: Path, clock: ManualClock) -> None:
    storage = Storage(tmp_path, clock=clock)
    storage.put("s3://lake/a", b"x")
    storage.close()
    del storage
    assert [path.name for path in (tmp_path / ".staging").iterdir()] == ["gate.lock"]


def test_a_forked_child_writes_beside_its_parent(storage: Storage) -> None:
    storage.put("s3://lake/parent", b"1")
    child = os.fork()
    if child == 0:
        try:
            storage.put("s3://lake/child", b"22")
            os._exit(0 if storage.head("s3://lake/child").etag.isalnum() else 2)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    storage.put("s3://lake/parent", b"333")
    assert [(info.key, info.size_bytes) for info in storage.iter("s3://lake/")] == [("child", 2), ("parent", 3)]


def test_folders_come_and_go_under_writers_without_an_error(storage: Storage) -> None:
    errors: list[BaseException] = []
    stop = time.monotonic() + 1.0

    def churn(number: int) -> None:
        try:
            while time.monotonic() < stop:
                storage.put(f"s3://lake/a/b/{number}", b"x")
                storage.delete(f"s3://lake/a/b/{number}")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=churn, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert keys_of(storage) == []
