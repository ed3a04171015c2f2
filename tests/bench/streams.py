"""The shard log beside moto in process and the machine's own limits, in turns, in one run.

    python tests/bench/streams.py [--records 10000000] [--rounds 3]

Rates are records a second, the median of the rounds. `raw` is what the machine does without a log: Arrow IPC batches of
the same rows written to one file, synced or not, and read back through a mapping. The last line is JSON.
"""

import argparse
import gc
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

import kit

NAME = "clicks"
FIRST = "shardId-000000000000"
ROW_BYTES = 100
CALL = 500
SHARDS = 4
BATCH = 100_000


def rows(count: int, distinct: int) -> pa.Table:
    """Rows of 100 B under keys as users have them; with `distinct` equal to `count` no key comes twice."""
    block = pa.array([os.urandom(ROW_BYTES // 2).hex().encode() for _ in range(min(count, 50_000))], pa.binary())
    data = pa.concat_arrays([block] * -(-count // len(block))).slice(0, count)
    return pa.table({"data": data, "partition_key": [f"user-{place % distinct}" for place in range(count)]})


def entries(count: int, size: int) -> list[dict[str, Any]]:
    return [{"Data": os.urandom(size // 2).hex().encode(), "PartitionKey": f"user-{place}"} for place in range(count)]


class Ours:
    """A stream of this library, without limits."""

    def __init__(self, folder: Path, durability: Any = "os", shards: int = SHARDS) -> None:
        self.workspace = kit.open(folder)
        self.stream = self.workspace.streams.create(NAME, shards=shards, durability=durability)
        self.stream.limits(enforced=False)
        self.client = self.workspace.streams.client()

    def read(self, count: int) -> int:
        return read_all(self.client, [shard.shard_id for shard in self.stream.shards()], count)


class Moto:
    """A stream of moto, in this process, through boto3."""

    def __init__(self) -> None:
        import boto3
        from moto import mock_aws

        os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1")
        self.mock = mock_aws()
        self.mock.start()
        self.client = boto3.client("kinesis", region_name="us-east-1")
        self.client.create_stream(StreamName=NAME, ShardCount=SHARDS)

    def read(self, count: int) -> int:
        shards = self.client.list_shards(StreamName=NAME)["Shards"]
        return read_all(self.client, [shard["ShardId"] for shard in shards], count)


def read_all(client: Any, shards: list[str], count: int) -> int:
    """Read with GetRecords until `count` records are there or all shards are read out."""
    seen = 0
    for shard in shards:
        iterator = client.get_shard_iterator(StreamName=NAME, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        token = iterator["ShardIterator"]
        while seen < count:
            answer = client.get_records(ShardIterator=token)
            seen += len(answer["Records"])
            token = answer["NextShardIterator"]
            if answer["MillisBehindLatest"] == 0:
                break
    return seen


class Raw:
    """Arrow IPC batches of the same rows in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, table: pa.Table, batch: int, *, synced: bool) -> None:
        with pa.OSFile(str(self.path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            for each in table.to_batches(max_chunksize=batch):
                writer.write_batch(each)
                if synced:
                    sink.flush()
                    os.fdatasync(sink.fileno())

    def read(self) -> int:
        with pa.memory_map(str(self.path)) as source:
            return sum(batch.num_rows for batch in pa.ipc.open_stream(source))


def append(stream: Any, table: pa.Table, size: int) -> None:
    for begin in range(0, table.num_rows, size):
        stream.append(table.slice(begin, size))


def put_calls(client: Any, calls: list[list[dict[str, Any]]]) -> None:
    for records in calls:
        client.put_records(StreamName=NAME, Records=records)


def put_one_by_one(client: Any, data: bytes, count: int) -> None:
    for place in range(count):
        client.put_record(StreamName=NAME, Data=data, PartitionKey=f"user-{place}")


def put_in_threads(stream: Any, data: bytes, count: int, threads: int) -> None:
    def put() -> None:
        for _ in range(count // threads):
            stream.put_record(data, "key")

    workers = [threading.Thread(target=put) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


class Figures:
    """Rates by figure and by whose they are, round after round: a second, and a second of this process's CPU time."""

    def __init__(self) -> None:
        self.rates: dict[str, dict[str, list[float]]] = {}
        self.by_cpu: dict[str, dict[str, list[float]]] = {}

    def note(self, figure: str, who: str, count: int, work: Callable[..., Any], *given: Any, **named: Any) -> None:
        gc.collect()
        begin, begin_cpu = time.perf_counter(), time.process_time()
        work(*given, **named)
        self.rates.setdefault(figure, {}).setdefault(who, []).append(count / (time.perf_counter() - begin))
        self.by_cpu.setdefault(figure, {}).setdefault(who, []).append(count / (time.process_time() - begin_cpu))


def medians(rates: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    return {figure: {who: statistics.median(values) for who, values in by.items()} for figure, by in rates.items()}


def writing(folder: Path, rounds: int) -> Figures:
    """Rates of putting and reading, ours, moto's and the machine's in turns."""
    figures = Figures()
    note = figures.note
    moto = Moto()
    many, repeated, few = rows(1_000_000, 1_000_000), rows(1_000_000, 2_000), rows(50_000, 2_000)
    calls = [entries(CALL, ROW_BYTES) for _ in range(20)]
    single = os.urandom(1_024)
    for turn in range(rounds):
        home = folder / f"round-{turn}"
        ours, safe = Ours(home / "os"), Ours(home / "fsync", "fsync")
        safe_one = Ours(home / "fsync-1", "fsync", shards=1)
        raw = Raw(home / "raw.arrow")

        ours.stream.append(few)
        for figure, table in (("append, distinct keys", many), ("append, repeated keys", repeated)):
            note(figure, "ours", table.num_rows, append, ours.stream, table, BATCH)
            note(figure, "raw", table.num_rows, raw.write, table, BATCH, synced=False)
        note("read as Arrow", "raw", many.num_rows, raw.read)

        for size, count in ((500, 20_000), (10_000, 50_000)):
            figure, part = f"append fsync, {size:,} a batch", few.slice(0, count)
            note(figure, "raw", count, raw.write, part, size, synced=True)
            note(figure, "ours", count, append, safe_one.stream, part, size)
            note(f"{figure}, 4 shards", "ours", count, append, safe.stream, part, size)

        note("put_records 500 x 100 B", "ours", 100_000, lambda put=ours.stream.put_records: [*map(put, calls * 10)])
        figure = "put_records 500 x 100 B, client"
        note(figure, "ours", 100_000, put_calls, ours.client, calls * 10)
        note(figure, "moto", 10_000, put_calls, moto.client, calls)
        note("put_record 1 KB", "ours", 40_000, put_in_threads, ours.stream, single, 40_000, 1)
        note("put_record 1 KB, client", "ours", 40_000, put_one_by_one, ours.client, single, 40_000)
        note("put_record 1 KB, client", "moto", 1_000, put_one_by_one, moto.client, single, 1_000)
        note("get_records, client", "ours", 400_000, ours.read, 400_000)
        note("get_records, client", "moto", 10_000, moto.read, 10_000)
        note("put_record 1 KB, fsync, 1 thread", "ours", 500, put_in_threads, safe_one.stream, single, 500, 1)
        note("put_record 1 KB, fsync, 16 threads", "ours", 4_000, put_in_threads, safe_one.stream, single, 4_000, 16)
        for each in (ours, safe, safe_one):
            each.workspace.close()
        shutil.rmtree(home)
    moto.mock.stop()
    return figures


def holding(folder: Path, records: int, rounds: int) -> tuple[Figures, dict[str, float]]:
    """What one more record costs with 10 k to `records` held, and what reading all of them takes."""
    ours = Ours(folder / "held")
    figures = Figures()
    calls = [entries(CALL, ROW_BYTES) for _ in range(20)]
    data = os.urandom(1_024)
    block = rows(1_000_000, 200_000)
    held = 0
    for level in (10_000, 100_000, 1_000_000, 10_000_000):
        if level > records:
            break
        while (held := count_held(ours.stream)) < level:
            ours.stream.append(block.slice(0, min(level - held, block.num_rows)))
        at = f"{level:,} held"
        for _ in range(rounds):
            figures.note("put_record 1 KB", at, 5_000, put_in_threads, ours.stream, data, 5_000, 1)
            figures.note("put_records", at, 50_000, lambda: [*map(ours.stream.put_records, calls * 5)])
            figures.note("append", at, 200_000, ours.stream.append, block.slice(0, 200_000))
            figures.note("get_records at the tip", at, 20_000, read_from, ours, newest(ours, 20_000))
    held = count_held(ours.stream)
    ours.workspace.close()

    whole = Figures()
    growths: list[float] = []
    with kit.open(folder / "held") as again:
        stream = again.streams[NAME]
        for _ in range(rounds):
            whole.note("table()", "ours", held, stream.table)
            names = ["partition_key", "data", "arrival_time"]
            whole.note("table() without sequence numbers", "ours", held, stream.table, columns=names)
            whole.note("batches()", "ours", held, lambda: growths.append(walked(stream)))
    found = {figure: by["ours"] for figure, by in medians(whole.rates).items()}
    by_cpu = {f"{figure} a CPU second": by["ours"] for figure, by in medians(whole.by_cpu).items()}
    return figures, {
        **found,
        **by_cpu,
        "records held": held,
        "batches(): private memory grew by, MB": max(growths) / 1e6,
    }


def count_held(stream: Any) -> int:
    return sum(batch.num_rows for batch in stream.batches(columns=["arrival_time"]))


def newest(ours: Ours, count: int) -> str:
    """Put so many records into the first shard; the sequence number of the first of them."""
    block = rows(count, count).append_column("explicit_hash_key", pa.array(["0"] * count))
    return ours.stream.append(block).runs[ours.stream.shards()[0].shard_id].first


def read_from(ours: Ours, number: str) -> None:
    """Read the first shard from a sequence number to its tip with GetRecords, a thousand records a page."""
    iterator: Any = ours.stream.get_shard_iterator(FIRST, "AT_SEQUENCE_NUMBER", sequence_number=number)
    while (page := ours.stream.get_records(iterator, limit=1_000)).millis_behind_latest:
        iterator = page.next_iterator


def walked(stream: Any) -> float:
    """Read everything batch by batch; by how much the process's own memory grew meanwhile."""
    process = psutil.Process()
    before = peak = private(process)
    for place, batch in enumerate(stream.batches()):
        assert batch.num_rows
        if place % 50 == 0:
            peak = max(peak, private(process))
    return peak - before


def private(process: psutil.Process) -> int:
    """Memory of the process that is not the page cache's."""
    info = process.memory_info()
    return info.rss - info.shared


def shown(unit: str, rates: dict[str, dict[str, float]]) -> None:
    columns = list(dict.fromkeys(who for by in rates.values() for who in by))
    width = max(map(len, rates)) + 2
    print(f"{unit:{width}}" + "".join(f"{column:>17}" for column in columns))
    for figure, by in rates.items():
        print(f"{figure:{width}}" + "".join(f"{by[each]:>17,.0f}" if each in by else " " * 17 for each in columns))
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="boathouse-streams-"))
    try:
        written = writing(folder, options.rounds)
        costs, whole = holding(folder, options.records, options.rounds)
    finally:
        shutil.rmtree(folder)

    speeds, by_cpu, flat = medians(written.rates), medians(written.by_cpu), medians(costs.rates)
    ratios = {
        f"{figure}: ours / {other}": round(by["ours"] / by[other], 2)
        for figure, by in speeds.items()
        for other in by
        if other != "ours" and "ours" in by
    }
    for size in ("500", "10,000"):
        figure = f"append fsync, {size} a batch"
        ratios[f"{figure}, 4 shards: ours / raw"] = round(
            speeds[f"{figure}, 4 shards"]["ours"] / speeds[figure]["raw"], 2
        )
    shown("records/s", speeds)
    shown("records/CPU s", by_cpu)
    shown("records/s", flat)
    for name, value in (*whole.items(), *ratios.items()):
        print(f"{name}: {value:,.2f}")
    tables = {"rates": speeds, "by_cpu": by_cpu, "held": flat}
    rounded = {
        name: {figure: {who: round(value) for who, value in by.items()} for figure, by in rates.items()}
        for name, rates in tables.items()
    }
    reading = {name: round(value, 1) for name, value in whole.items()}
    load = os.getloadavg()[1]
    print(json.dumps({"bench": "streams", **rounded, "reading": reading, "ratios": ratios, "load_5_min": load}))


if __name__ == "__main__":
    main()
