"""Windows over a workspace's streams: what is asked, what goes where, what is told of records that do not fit."""

import json
from datetime import datetime

import pytest

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError

COUNTS = """SELECT window_start, window_end, usr, count(*) AS n
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(at), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, usr"""


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def ws(tmp_path, clock):
    with kit.open(tmp_path / "lab", clock=clock, seed=3) as opened:
        opened.streams.create("clicks").limits(enforced=False)
        yield opened


def put(ws, *rows, key="k"):
    for row in rows:
        data = row if isinstance(row, (str, bytes)) else json.dumps(row)
        ws.streams["clicks"].put_record(data, partition_key=key)


def click(usr, at, **more):
    return {"usr": usr, "at": f"2026-01-01T{at}Z", **more}


def drained(query):
    while query.step():
        pass
    return query


def test_a_bad_record_is_counted_with_its_reason_and_the_others_are_answered(ws):
    put(
        ws,
        click("ada", "00:00:01", n=1),
        "not json",
        "[1, 2]",
        b"\xff\xfe",
        {"usr": "bob", "n": 1},
        {"usr": "bob", "at": "yesterday", "n": 1},
        click("bob", "00:00:02", n="many"),
        click("bob", "00:00:03", n=1.5),
        click("bob", "00:00:04"),
    )

    found = ws.analytics.sql(COUNTS.replace("count(*)", "count(n)"), schema={"n": "bigint"})

    assert {row[2:] for row in found.rows} == {("ada", 1), ("bob", 0)}
    assert (found.stats.records, found.stats.bad, found.stats.late) == (9, 7, 0)
    assert [reason.partition(":")[0] for reason in found.errors["reason"].to_pylist()] == [
        *["NOT_JSON"] * 3,
        "NO_EVENT_TIME",
        "TYPE_MISMATCH",
        "TYPE_MISMATCH",
        "TYPE_MISMATCH",
    ]
    assert found.errors["data"].to_pylist()[0] == b"not json"
    assert "9 records read · 7 bad" in repr(found)


def test_a_bad_record_does_not_stop_a_continuous_query_and_is_kept_beside_it(ws):
    query = ws.analytics.start("counts", COUNTS, background=False, schema={"usr": "string", "at": "timestamp"})
    put(ws, click("ada", "00:00:01"), "not json", click("ada", "00:05:00"), click("ada", "00:00:02"))

    drained(query)

    assert [(row["usr"], row["n"]) for row in query.table().to_pylist()] == [("ada", 1)]
    assert query.errors()["data"].to_pylist() == [b"not json"]
    assert [json.loads(data)["at"] for data in query.late()["data"].to_pylist()] == ["2026-01-01T00:00:02Z"]
    assert ws.analytics.list().rows[0][3:6] == (3 + 1, 1, 1)


def test_numbers_are_times_in_milliseconds(ws):
    put(ws, {"usr": "ada", "at": 1_767_225_600_000})

    assert ws.analytics.sql(COUNTS).rows == [
        (datetime(2026, 1, 1), datetime(2026, 1, 1, 0, 1), "ada", 1),
    ]


def test_without_an_event_time_records_go_by_their_arrival(ws, clock):
    put(ws, {"usr": "ada"}, {"usr": "ada"})
    clock.advance(60)
    put(ws, {"usr": "ada"})

    found = ws.analytics.sql(
        "SELECT STREAM usr, count(*) AS n FROM clicks GROUP BY usr, STEP(clicks.ROWTIME BY INTERVAL '60' SECOND)"
    )

    assert sorted(found.rows) == [("ada", 1), ("ada", 2)]


def test_a_table_of_the_catalog_joins_as_it_was_when_the_query_began(ws):
    ws.athena.sql("CREATE DATABASE shop")
    ws.storage.create_bucket("shop")
    ws.athena.sql(
        "CREATE TABLE shop.users WITH (external_location = 's3://shop/users/') AS SELECT 'ada' AS usr, 'Paris' AS city"
    )
    text = """SELECT window_start, u.city, count(*) AS n
        FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(at), INTERVAL '1' MINUTE)) AS c
        LEFT JOIN shop.users AS u ON u.usr = c.usr GROUP BY window_start, window_end, u.city"""
    put(ws, click("ada", "00:00:01"), click("bob", "00:00:02"))
    query = ws.analytics.start("cities", text, background=False)
    ws.athena.sql("INSERT INTO shop.users SELECT 'bob', 'Oslo'")
    query.stop()
    put(ws, click("bob", "00:10:00"))

    drained(ws.analytics.start("cities", background=False))

    assert {(row["city"], row["n"]) for row in query.table().to_pylist()} == {("Paris", 1), (None, 1)}
    assert {row[1:] for row in ws.analytics.sql(text).rows} == {("Paris", 1), ("Oslo", 1)}


def test_windows_that_close_become_files_of_a_table_that_athena_reads(ws):
    put(ws, click("ada", "00:00:01"), click("bob", "00:01:01"), click("ada", "00:09:00"))
    query = ws.analytics.start("counts", COUNTS, table="lake.counts", location="s3://lake/counts", background=False)

    drained(query)

    assert ws.athena.sql("SELECT usr, n FROM lake.counts ORDER BY usr").rows == [("ada", 1), ("bob", 1)]
    with pytest.raises(KitError, match=r"goes to lake\.counts"):
        query.table()


def test_rows_of_one_key_go_to_one_shard_of_the_stream_that_they_feed(ws):
    out = ws.streams.create("out", shards=4)
    put(ws, *(click(f"u{number % 5}", f"00:{number:02}:00") for number in range(50)))

    drained(ws.analytics.start("counts", COUNTS, into="out", key="usr", background=False))

    rows = out.table().to_pylist()
    shards = {}
    for row in rows:
        shards.setdefault(json.loads(row["data"])["usr"], set()).add(row["shard_id"])
    assert len(rows) == 49
    assert [len(each) for each in shards.values()] == [1] * 5
    assert len(set.union(*shards.values())) > 1


def test_a_destination_that_is_gone_fails_the_query_and_says_so_and_nothing_is_lost(ws):
    ws.streams.create("out")
    query = ws.analytics.start("counts", COUNTS, into="out", schema={"usr": "string", "at": "timestamp"})
    ws.streams.delete("out")
    put(ws, click("ada", "00:00:01"), click("ada", "00:09:00"))
    query._thread.join(20)

    assert query.state == "FAILED"
    assert "out" in query.error
    assert ws.analytics.list().rows[0][1] == "FAILED"
    assert "ResourceNotFoundException" in repr(query)

    ws.streams.create("out")
    drained(ws.analytics.start("counts", background=False))
    assert [json.loads(record.data)["usr"] for record in ws.streams["out"]] == ["ada"]
    assert query.state == "RUNNING"


def test_a_silent_shard_holds_windows_back_for_the_idle_time_only(ws, clock):
    ws.streams["clicks"].split(ws.streams["clicks"].shards()[0].shard_id)
    query = ws.analytics.start(
        "counts", COUNTS, idle="5s", background=False, schema={"usr": "string", "at": "timestamp"}
    )
    clock.advance(1)
    put(ws, click("ada", "00:00:01"), click("ada", "00:09:00"))

    drained(query)
    assert query.table().num_rows == 0

    clock.advance(3)
    put(ws, click("ada", "00:09:01"))
    clock.advance(3)
    drained(query)
    assert query.table()["usr"].to_pylist() == ["ada"]


def test_a_clock_that_jumps_back_loses_nothing(ws, clock):
    query = ws.analytics.start("counts", COUNTS, background=False, schema={"usr": "string", "at": "timestamp"})
    put(ws, click("ada", "00:00:01"))
    drained(query)
    clock.advance(-3_600)
    put(ws, click("ada", "00:00:02"), click("ada", "00:09:00"))

    drained(query)

    assert query.table()["n"].to_pylist() == [2]
    assert query.counts.late == 0


def test_records_that_expired_unread_are_told_of(ws, clock):
    query = ws.analytics.start("counts", COUNTS, background=False, schema={"usr": "string", "at": "timestamp"})
    put(ws, click("ada", "00:00:01"), click("ada", "00:00:02"))
    clock.advance(25 * 3_600)
    put(ws, click("ada", "00:00:03"))

    drained(query)

    assert (query.counts.read, query.counts.expired) == (1, 2)


def test_a_query_begins_at_the_tip_if_asked_to(ws):
    put(ws, click("ada", "00:00:01"))
    query = ws.analytics.start("counts", COUNTS, start="LATEST", background=False)
    put(ws, click("bob", "00:00:02"), click("bob", "00:09:00"))

    drained(query)

    assert query.table()["usr"].to_pylist() == ["bob"]


def test_only_rows_of_open_windows_are_held(ws):
    query = ws.analytics.start("counts", COUNTS, background=False, schema={"usr": "string", "at": "timestamp"})
    for minute in range(60):
        put(ws, *(click("ada", f"00:{minute:02}:{second:02}") for second in range(10)))
        drained(query)

    assert query.open_rows == 10
    assert query.table().num_rows == 59


def test_two_processes_do_not_run_one_query(ws, tmp_path, clock):
    query = ws.analytics.start("counts", COUNTS, background=False, schema={"usr": "string", "at": "timestamp"})
    with kit.open(tmp_path / "lab", clock=clock) as other:
        assert other.analytics["counts"].state == "RUNNING"
        with pytest.raises(KitError, match="run by another process"):
            other.analytics.start("counts")
        query.stop()
        assert other.analytics.start("counts").state == "RUNNING"


def test_a_name_is_taken_by_its_text(ws):
    schema = {"usr": "string", "at": "timestamp"}
    ws.analytics.start("counts", COUNTS, background=False, schema=schema)

    with pytest.raises(KitError, match="another text"):
        ws.analytics.start("counts", COUNTS + " HAVING count(*) > 1", background=False, schema=schema)
    with pytest.raises(KitError, match="no name of a query"):
        ws.analytics.start("../counts", COUNTS, background=False, schema=schema)

    ws.analytics.delete("counts")
    assert list(ws.analytics) == []


def test_the_background_thread_follows_the_stream(ws):
    query = ws.analytics.start("counts", COUNTS, schema={"usr": "string", "at": "timestamp"})
    put(ws, click("ada", "00:00:01"), click("ada", "00:09:00"))

    for _ in range(400):
        if query.table().num_rows:
            break
        query._stopping.wait(0.05)
    query.stop()

    assert query.table()["n"].to_pylist() == [1]
    assert query.state == "STOPPED"
