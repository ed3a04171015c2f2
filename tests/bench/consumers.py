"""What applications cost on top of a stream: producing (one by one, by table), replaying, consuming, triggering.

Each figure is the median of three runs in this process, on a new stream of four shards without limits, durability
`os`, records of 100 bytes under 1,000 keys. For comparison: the bare `put_records` of 500 and the bare `get_records`.
A table, then one line of JSON; records a second.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa

import kit
from kit.streams.stream import Stream

RUNS = 3
SHARDS = 4
KEYS = 1_000
ONE_BY_ONE = 100_000
ROWS = 2_000_000
DATA = b"x" * 100


@contextmanager
def fresh_stream() -> Iterator[Stream]:
    with tempfile.TemporaryDirectory() as folder, kit.open(Path(folder) / "ws") as ws:
        stream = ws.streams.create("s", shards=SHARDS)
        stream.limits(enforced=False)
        yield stream


def rate(records: int, call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return records / (time.perf_counter() - began)


def rows(count: int) -> pa.Table:
    """Rows to append: partition key and data."""
    return duckdb.sql(
        f"SELECT 'key' || (i % {KEYS}) AS partition_key, repeat('x', 100) AS data FROM range({count}) t(i)"
    ).to_arrow_table()


def events(count: int) -> pa.Table:
    """Rows to replay: about 100 bytes of JSON each, in the order of time."""
    return duckdb.sql(
        f"SELECT i AS id, 'key' || (i % {KEYS}) AS key, i * 1.5 AS amount,"
        f" TIMESTAMP '2026-01-01' + to_milliseconds(i) AS at, 'checkout' AS step FROM range({count}) t(i)"
    ).to_arrow_table()


def bare_put(stream: Stream) -> float:
    requests = [
        [(DATA, f"key{(start + offset) % KEYS}") for offset in range(500)] for start in range(0, ONE_BY_ONE, 500)
    ]

    def put() -> None:
        for request in requests:
            stream.put_records(request)

    return rate(ONE_BY_ONE, put)


def produced(stream: Stream, aggregation_max_count: int) -> float:
    def put() -> None:
        with stream.producer(aggregation_max_count=aggregation_max_count) as producer:
            for number in range(ONE_BY_ONE):
                producer.put(DATA, f"key{number % KEYS}")

    return rate(ONE_BY_ONE, put)


def put_table(stream: Stream) -> float:
    table = rows(ROWS)

    def put() -> None:
        with stream.producer() as producer:
            producer.put_table(table)

    return rate(ROWS, put)


def replayed(stream: Stream, *, shuffled: bool) -> float:
    table = events(ROWS)
    if shuffled:
        table = duckdb.from_arrow(table).order("hash(id)").to_arrow_table()
    return rate(ROWS, lambda: stream.replay(table, key="key", time="at"))


def bare_get(stream: Stream) -> float:
    stream.append(rows(ROWS // 4))

    def get() -> None:
        for shard in stream.shards():
            iterator: str | None = stream.get_shard_iterator(shard.shard_id)
            while iterator is not None:
                page = stream.get_records(iterator)
                iterator = page.next_iterator if page.records else None

    return rate(ROWS // 4, get)


def consumed(stream: Stream) -> float:
    stream.append(rows(ROWS // 4))
    return _consume(stream, ROWS // 4)


def consumed_aggregates(stream: Stream) -> float:
    with stream.producer() as producer:
        for number in range(ONE_BY_ONE):
            producer.put(DATA, f"key{number % KEYS}")
    return _consume(stream, ONE_BY_ONE)


def _consume(stream: Stream, expected: int) -> float:
    seen = 0

    def count(records: list[object]) -> None:
        nonlocal seen
        seen += len(records)

    with stream.consumer("bench", count) as consumer:
        result = rate(expected, lambda: consumer.run(until=lambda: seen >= expected))
    assert seen == expected
    return result


def triggered(stream: Stream) -> float:
    count = ROWS // 40
    stream.append(rows(count))
    seen = 0

    def function(event: dict[str, list[object]], context: object) -> None:
        nonlocal seen
        seen += len(event["Records"])

    with stream.trigger(function, batch_size=1_000) as mapping:
        return rate(count, lambda: mapping.run(until=lambda: seen >= count))


MEASURED: dict[str, Callable[[Stream], float]] = {
    "put_records_bare": bare_put,
    "producer_aggregated": lambda stream: produced(stream, 1 << 32),
    "producer_unaggregated": lambda stream: produced(stream, 1),
    "producer_table": put_table,
    "replay_in_order": lambda stream: replayed(stream, shuffled=False),
    "replay_shuffled": lambda stream: replayed(stream, shuffled=True),
    "get_records_bare": bare_get,
    "consumer": consumed,
    "consumer_of_aggregates": consumed_aggregates,
    "event_source_mapping": triggered,
}


def main() -> None:
    figures: dict[str, int] = {}
    print(f"{'records a second':<24} {'median':>12} {'of three':>26}")
    for name, measure in MEASURED.items():
        found: list[float] = []
        for _ in range(RUNS):
            with fresh_stream() as stream:
                found.append(measure(stream))
        figures[name] = round(median(found))
        spread = f"{min(found):,.0f} .. {max(found):,.0f}"
        print(f"{name.replace('_', ' '):<24} {figures[name]:>12,} {spread:>26}")
    print(json.dumps({"benchmark": "consumers", "runs": RUNS, "shards": SHARDS, **figures}))


if __name__ == "__main__":
    main()
