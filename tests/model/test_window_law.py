"""The law of windows: what a continuous run has closed is what a bounded run over the same log finds, each row once.

Drawn streams: records out of order and late, shards that fall silent, are split and merged, a run that is stopped or
dies between any two rounds, batches of any size.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import kit
from kit.analytics.continuous import ContinuousQuery
from kit.base.clock import ManualClock
from kit.workspace import Workspace

DAY = datetime(2026, 1, 1, tzinfo=UTC)
LATENESS = 4
IDLE = 6
COUNTS = "GROUP BY window_start, window_end, usr"
QUERIES = {
    "tumble": f"SELECT window_start, window_end, usr, count(*) n, sum(v) s, min(v) l, avg(v) a "
    f"FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(at), INTERVAL '5' SECOND)) {COUNTS}",
    "hop": f"SELECT window_start, window_end, usr, count(*) n, sum(v) s, approx_percentile(v, 0.5) m "
    f"FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(at), INTERVAL '3' SECOND, INTERVAL '9' SECOND)) {COUNTS}",
    "cumulate": f"SELECT window_start, window_end, usr, count(*) n, count(DISTINCT v) d "
    f"FROM TABLE(CUMULATE(TABLE clicks, DESCRIPTOR(at), INTERVAL '2' SECOND, INTERVAL '6' SECOND)) {COUNTS}",
    "session": f"SELECT window_start, window_end, usr, count(*) n, sum(v) s "
    f"FROM TABLE(SESSION(TABLE clicks PARTITION BY usr, DESCRIPTOR(at), INTERVAL '3' SECOND)) {COUNTS}",
    "step": "SELECT STREAM STEP(ROWTIME BY INTERVAL '5' SECOND) AS begun, ROWTIME AS t, usr, v FROM clicks",
    "sliding": "SELECT STREAM ROWTIME AS t, usr, v, "
    "sum(v) OVER (PARTITION BY usr RANGE INTERVAL '4' SECOND PRECEDING) AS s "
    "FROM clicks",
    "stagger": "SELECT STREAM usr, count(*) AS n, sum(v) AS s FROM clicks "
    "WINDOWED BY STAGGER (PARTITION BY usr RANGE INTERVAL '5' SECOND)",
    "forest": "SELECT STREAM usr, v, anomaly_score FROM TABLE(RANDOM_CUT_FOREST("
    "CURSOR(SELECT STREAM usr, v FROM clicks), 3, 4, 100000, 2))",
    "pumps": """
        CREATE OR REPLACE STREAM "BIG" (usr VARCHAR(8), v BIGINT);
        CREATE OR REPLACE PUMP "P" AS INSERT INTO "BIG" SELECT STREAM usr, v FROM clicks WHERE v > 1;
        CREATE OR REPLACE STREAM "SUMS" (usr VARCHAR(8), s BIGINT);
        CREATE OR REPLACE PUMP "Q" AS INSERT INTO "SUMS"
            SELECT STREAM usr, sum(v) FROM "BIG" GROUP BY usr, STEP("BIG".ROWTIME BY INTERVAL '2' SECOND);
        SELECT STREAM usr, count(*) AS n, sum(s) AS s FROM "SUMS" GROUP BY usr, STEP(ROWTIME BY INTERVAL '6' SECOND)""",
}

PUTS = st.tuples(
    st.just("put"),
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-8_000, 1_000), st.integers(0, 3)), min_size=1, max_size=6),
)
STEPS = st.one_of(
    PUTS,
    PUTS,
    PUTS,
    st.tuples(st.just("wait"), st.integers(1, 9_000)),
    st.tuples(st.just("step"), st.integers(1, 3)),
    st.tuples(st.just("stop"), st.just(0)),
    st.tuples(st.just("die"), st.just(0)),
    st.tuples(st.just("split"), st.integers(0, 9)),
    st.tuples(st.just("merge"), st.integers(0, 9)),
)

# While one of the two shards is silent, windows close without it; then it sends a record of such a window.
A_SHARD_WAKES: list[tuple[str, Any]] = [
    ("put", [("a", 0, 1), ("b", 0, 2)]),
    *[("wait", 3_000), ("put", [("a", 0, 1)])] * 3,
    ("step", 1),
    ("put", [("b", -8_000, 3)]),
    ("step", 1),
]


class Lab:
    """A workspace with a stream, whose query goes on, is stopped, or dies."""

    def __init__(self, folder: Path, text: str, batch_records: int) -> None:
        self.folder = folder
        self.clock = ManualClock(DAY)
        self.workspace = self.opened()
        self.stream = self.workspace.streams.create("clicks", shards=2)
        self.stream.limits(enforced=False)
        self.workspace.streams.create("out", shards=2).limits(enforced=False)
        self.options: dict[str, Any] = {
            "time": "" if "DESCRIPTOR" in text else "at",
            "lateness": LATENESS,
            "idle": IDLE,
            "schema": {"usr": "string", "v": "bigint", "at": "timestamp"},
            "batch_records": batch_records,
        }
        self.text = text
        self.query = self.started(text)

    def opened(self) -> Workspace:
        return kit.open(self.folder, clock=self.clock, seed=7)

    def started(self, text: str | None = None) -> ContinuousQuery:
        options = self.options if text is not None else {}
        return self.workspace.analytics.start("law", text, into="out", background=False, **options)

    def put(self, rows: list[tuple[str, int, int]]) -> None:
        now = datetime.fromtimestamp(self.clock.now_ns() / 1e9, UTC)
        for usr, offset_ms, value in rows:
            at = now + timedelta(milliseconds=offset_ms)
            self.stream.put_record(
                json.dumps({"usr": usr, "v": value, "at": at.isoformat(timespec="milliseconds")}), partition_key=usr
            )

    def die(self) -> None:
        """Lose all that is not on disk, as a killed process does."""
        running = self.query._running
        assert running is not None
        running.engine.close()
        self.query._running = None
        self.query._lock.release()
        self.workspace.analytics._queries.clear()

    def act(self, kind: str, value: Any) -> None:
        match kind:
            case "put":
                self.put(value)
            case "wait":
                self.clock.advance(value / 1000)
            case "step":
                for _ in range(value):
                    self.query.step()
            case "stop":
                self.query.stop()
                self.query = self.started()
            case "die":
                self.die()
                self.query = self.started()
            case "split":
                open_shards = [shard for shard in self.stream.shards() if shard.is_open]
                if len(open_shards) < 4:
                    self.stream.split(open_shards[value % len(open_shards)].shard_id)
            case "merge":
                ordered = sorted((s for s in self.stream.shards() if s.is_open), key=lambda s: s.starting_hash_key)
                if len(ordered) > 1:
                    place = value % (len(ordered) - 1)
                    self.stream.merge(ordered[place].shard_id, ordered[place + 1].shard_id)

    def drain(self) -> None:
        for _ in range(3):
            self.clock.advance(1)
            while self.query.step():
                pass

    def given(self) -> Counter[str]:
        """The rows in the destination."""
        return Counter(
            json.dumps(json.loads(data), sort_keys=True)
            for data in self.workspace.streams["out"].table()["data"].to_pylist()
        )

    def bounded(self) -> Any:
        return self.workspace.analytics.sql(self.text, **self.options)

    def close(self) -> None:
        self.workspace.close()


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    yield from (tmp_path / str(number) for number in iter(int, 1))


def as_given(lab: Lab, table: Any) -> Counter[str]:
    """Rows as the destination has them."""
    from kit.analytics.engine import Database
    from kit.streams.produce.row_sql import RowOptions, records_of

    database = Database(lab.workspace.settings)
    engine = database.connect()
    try:
        made = engine.query(records_of(engine.types(table), RowOptions(), is_in_order=True), {"source": table})
    finally:
        engine.close()
        database.close()
    return Counter(json.dumps(json.loads(data), sort_keys=True) for data in made["data"].to_pylist())


@pytest.mark.parametrize("name", QUERIES)
def test_a_continuous_run_closes_the_windows_that_a_bounded_run_finds(
    name: str, tmp_path_factory: pytest.TempPathFactory, soak: bool
) -> None:
    @settings(max_examples=300 if soak else 4)
    @example(A_SHARD_WAKES, 1_000)
    @given(st.lists(STEPS, max_size=25), st.sampled_from([1, 3, 1_000]))
    def check(actions: list[tuple[str, Any]], batch_records: int) -> None:
        lab = Lab(tmp_path_factory.mktemp("law"), QUERIES[name], batch_records)
        try:
            for kind, value in actions:
                lab.act(kind, value)
            lab.drain()
            early = lab.given()
            found = lab.bounded()
            assert lab.query.counts.read == found.stats.records
            assert not early - as_given(lab, found.table), "no row that the bounded run does not have"

            # A record of a later time in every shard closes what is open.
            lab.clock.advance(100)
            for shard in lab.stream.shards():
                if shard.is_open:
                    at = datetime.fromtimestamp(lab.clock.now_ns() / 1e9, UTC).isoformat()
                    lab.stream.put_records(
                        [(json.dumps({"usr": "end", "v": 9, "at": at}), "end", shard.starting_hash_key)]
                    )
            lab.drain()
            final = lab.bounded()
            wanted = as_given(lab, final.table)
            got = lab.given()
            open_rows = wanted - got
            assert not got - wanted
            assert all('"end"' in row or '"usr": "end"' in row for row in open_rows), open_rows
            assert lab.query.late().num_rows == final.stats.late
        finally:
            lab.close()

    check()
