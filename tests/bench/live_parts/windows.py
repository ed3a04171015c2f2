"""Records a second through a grouped tumbling window, beside what DuckDB alone takes for the same rows.

Two million records of about 100 bytes of JSON in a log of four shards, 1,000 keys, windows of a minute. `plain` is a
single GROUP BY over the same rows as DuckDB has them in memory already; `from JSON` is one that takes them out of the
same JSON first, without the checks that tell bad records from good ones.
"""

import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

import kit

RECORDS = 2_000_000
RUNS = 3
WINDOWS = """SELECT window_start, window_end, usr, count(*) AS n, sum(v) AS s
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(moment), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, usr"""
ROWS = f"""SELECT 'u' || (i % 1000) AS usr, '/products/' || (i % 50) AS page, i % 997 AS v,
strftime(TIMESTAMP '2026-01-01' + to_milliseconds(i // 4), '%Y-%m-%dT%H:%M:%S.%gZ') AS moment
FROM range({RECORDS}) t(i)"""


def measure(options: Namespace) -> dict[str, Any]:
    """The section's figures."""
    del options
    with tempfile.TemporaryDirectory() as folder, kit.open(Path(folder) / "ws") as ws:
        stream = ws.streams.create("clicks", shards=4)
        stream.limits(enforced=False)
        rows = duckdb.sql(
            f"SELECT usr AS partition_key, to_json(struct_pack(usr, page, v, moment))::VARCHAR AS data FROM ({ROWS})"
        ).to_arrow_table()
        stream.append(rows)
        schema = {"usr": "string", "v": "bigint", "moment": "timestamp"}
        ours = rate(lambda: ws.analytics.sql(WINDOWS, lateness="5s", schema=schema).rows)
        followed = rate(lambda: follow(ws, schema))
        with duckdb.connect(config={"threads": ws.settings.threads}) as plain:
            plain.register("log", rows)
            plain.execute(f"CREATE TABLE events AS SELECT usr, v, moment::TIMESTAMP AS t FROM ({ROWS})")
            grouped = "SELECT time_bucket(INTERVAL '1 minute', t) w, usr, count(*), sum(v) FROM {} GROUP BY ALL"
            parsed = """(SELECT m[1] AS usr, m[2]::BIGINT AS v, m[3]::TIMESTAMP AS t
                FROM (SELECT json_extract_string(data, ['/usr', '/v', '/moment']) AS m FROM log))"""
            table = rate(lambda: plain.sql(grouped.format("events")).fetchall())
            from_json = rate(lambda: plain.sql(grouped.format(parsed)).fetchall())
    print(f"{'':34}{'records/s':>14}")
    for label, value in (
        ("bounded window over the log", ours),
        ("continuous query over the log", followed),
        ("DuckDB's GROUP BY from JSON", from_json),
        ("DuckDB's GROUP BY, rows in memory", table),
    ):
        print(f"{label:34}{value:>14,.0f}")
    return {
        "window_records_per_s": round(ours),
        "window_continuous_records_per_s": round(followed),
        "window_to_duckdb_from_json": round(ours / from_json, 3),
        "window_to_duckdb_group_by": round(ours / table, 3),
    }


def follow(ws: Any, schema: dict[str, str]) -> None:
    """Let a new continuous query read all of it."""
    query = ws.analytics.start("bench", WINDOWS, lateness="5s", schema=schema, background=False)
    while query.step():
        pass
    assert query.counts.read == RECORDS
    ws.analytics.delete("bench")


def rate(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return RECORDS / median(seconds)
