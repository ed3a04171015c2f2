"""Several processes on one workspace at the same time: no error, nothing lost, nothing half-seen."""

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.base.clock import WallClock
from kit.catalog import Catalog, Column, Table
from kit.catalog.serde import descriptor
from kit.storage import Storage

REPOSITORY = Path(__file__).parents[2]
PREAMBLE = textwrap.dedent(
    """
    import sys, time
    from dataclasses import replace
    from pathlib import Path
    from kit.base.clock import WallClock
    from kit.base.errors import KitError
    from kit.catalog import Catalog, Column, Partition, Table
    from kit.catalog.serde import descriptor
    from kit.storage import Storage

    folder, number, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    clock = WallClock()
    storage = Storage(folder / "storage", clock=clock)
    catalog = Catalog(folder / "catalog.sqlite", storage=storage, clock=clock)
    stop = time.monotonic() + seconds
    """
)
Start = Callable[[str, int], subprocess.Popen[str]]


@pytest.fixture
def seconds(soak: bool) -> float:
    return 30.0 if soak else 1.5


@pytest.fixture
def start(tmp_path: Path, seconds: float) -> Iterator[Start]:
    """Start a process that runs a script as worker `number`."""
    started: list[subprocess.Popen[str]] = []

    def run(script: str, number: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + textwrap.dedent(script), str(tmp_path), str(number), str(seconds)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def outputs(processes: list[subprocess.Popen[str]]) -> list[str]:
    """What each printed; every one must have ended well."""
    results = [process.communicate() for process in processes]
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, results, strict=True)] == [
        (0, "")
    ] * len(processes)
    return [output.strip() for output, _ in results]


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    storage = Storage(tmp_path / "storage", clock=WallClock())
    yield storage
    storage.close()


@pytest.fixture
def catalog(tmp_path: Path, storage: Storage) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite", storage=storage, clock=WallClock())
    yield catalog
    catalog.close()


def test_a_new_catalog_is_opened_by_many_at_once(start: Start, catalog: Catalog) -> None:
    script = "catalog.create_database(f'd{number}')"
    outputs([start(script, number) for number in range(6)])
    assert [database.name for database in catalog.databases()] == [f"d{number}" for number in range(6)]


def test_no_change_of_one_table_is_lost(start: Start, catalog: Catalog, soak: bool) -> None:
    each = 500 if soak else 20
    catalog.create_database("nyc")
    shape = descriptor("parquet", (Column("a", "int"),), "s3://lake/t/")
    catalog.create_table(Table("nyc", "counter", shape, (Column("k", "int"),), parameters={"count": "0"}))
    script = f"wanted = {each}" + textwrap.dedent(
        """
        made = 0
        while made < wanted:
            table = catalog.table("nyc", "counter")
            count = int(table.parameters["count"]) + 1
            try:
                catalog.update_table(replace(table, parameters={"count": str(count)}), skip_archive=made % 2 == 1)
            except KitError as error:
                assert error.code == "ConcurrentModificationException", error
                continue
            partition = Partition((str(number * 1_000_000 + made),), f"s3://lake/t/{number}/{made}/")
            assert catalog.add_partitions("nyc", "counter", [partition]) == 1
            catalog.create_table(replace(table, name=f"t_{number}_{made}", partition_keys=()))
            made += 1
        """
    )
    outputs([start(script, number) for number in range(4)])
    assert catalog.table("nyc", "counter").parameters["count"] == str(4 * each)
    assert catalog.partition_count("nyc", "counter") == 4 * each
    assert len(catalog.tables("nyc")) == 4 * each + 1


def test_a_killed_writer_leaves_a_catalog_that_holds_together(start: Start, catalog: Catalog) -> None:
    catalog.create_database("nyc")
    script = """
        shape = descriptor("parquet", (Column("a", "int"),), "s3://lake/t/")
        rows = [Partition((str(k),), f"s3://lake/t/k={k}/") for k in range(200)]
        made = 0
        while True:
            catalog.create_table(Table("nyc", f"t_{number}_{made}", shape, (Column("k", "int"),)), rows)
            made += 1
            print(made, flush=True)
    """
    writers = [start(script, number) for number in range(3)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline()
    for writer in writers:
        writer.kill()
    for writer in writers:
        writer.communicate()
    tables = catalog.tables("nyc")
    assert len(tables) >= len(writers)
    assert {catalog.partition_count("nyc", table.name) for table in tables} == {200}, (
        "a table comes with its partitions"
    )
    assert catalog._connections.get().execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_kernels_crawl_and_read_while_data_arrive(
    start: Start, catalog: Catalog, storage: Storage, seconds: float
) -> None:
    storage.put("s3://lake/flights/k=0/a.csv", "id,name\n1,a\n2,b\n")
    storage.put("s3://lake/carriers/a.json", '{"carrier": "AA"}\n')
    catalog.create_database("nyc")
    crawler = """
        done = 0
        while time.monotonic() < stop or not done:
            report = catalog.crawl("s3://lake/", database="nyc")
            assert [table.name for table in report.tables] == ["carriers", "flights"], report
            for table in catalog.tables("nyc"):
                found = catalog.partitions("nyc", table.name)
                assert bool(found) == (table.name == "flights"), table
            done += 1
        print(done)
    """
    crawlers = [start(crawler, number) for number in range(2)]
    stop = time.monotonic() + seconds
    arrived = 0
    while time.monotonic() < stop:
        arrived += 1
        storage.put(f"s3://lake/flights/k={arrived}/a.csv", "id,name\n1,a\n2,b\n")
        time.sleep(0.02)
    assert min(int(output) for output in outputs(crawlers)) > 0
    catalog.crawl("s3://lake/", database="nyc")
    assert catalog.partition_count("nyc", "flights") == arrived + 1
    assert [table.version for table in catalog.tables("nyc")] == [1, 1]
    assert catalog.crawl("s3://lake/", database="nyc").is_unchanged


def test_objects_come_and_go_under_readers_without_an_error(start: Start, storage: Storage) -> None:
    storage.create_bucket("lake")
    script = """
        step = 0
        while time.monotonic() < stop or not step:
            step += 1
            key = f"s3://lake/a/{step % 3}/{step % 5 if step % 2 else number}/x"
            storage.put(key, bytes([number]) * 4096 * (step % 3 + 1))
            with storage.staging() as stage:
                for part in range(3):
                    stage.path(f"s3://lake/s/{number}/{step % 4}/{part}").write_bytes(bytes([number]) * 4096)
                stage.publish() if step % 2 else None
            for info in storage.iter("s3://lake/"):
                try:
                    content = storage.get(info.uri)
                except KitError as error:
                    assert error.code == "NoSuchKey", error
                    continue
                assert len(content) % 4096 == 0 and len(set(content)) == 1, "never half, never mixed"
            storage.delete(key)
            if step % 7 == 0:
                storage.delete_prefix(f"s3://lake/a/{step % 3}/")
        storage.delete_prefix("s3://lake/")
        print(step)
    """
    assert min(int(output) for output in outputs([start(script, number) for number in range(3)])) > 0
    storage.delete_prefix("s3://lake/")
    assert list(storage.iter("s3://lake/")) == []
    assert [path.name for path in (storage.root / "lake").iterdir()] == []
