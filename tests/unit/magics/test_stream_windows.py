import re

import pytest

from kit.base.errors import KitError

WINDOWS = """SELECT window_start, usr, count(*) AS n
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(at), INTERVAL '1' MINUTE))
WHERE n > :least
GROUP BY window_start, window_end, usr"""


@pytest.fixture
def ws(shell, run):
    shell.run_cell("ws = %kit open workspace").raise_error()
    run("%stream create clicks")
    run(
        "%%stream put clicks --key usr\n"
        '{"usr": "ada", "n": 1, "at": "2026-01-01T00:00:10Z"}\n'
        '{"usr": "ada", "n": 2, "at": "2026-01-01T00:00:50Z"}\n'
        '{"usr": "bob", "n": 3, "at": "2026-01-01T00:01:10Z"}'
    )
    yield shell.user_ns["ws"]
    shell.user_ns["ws"].close()


def shown(captured):
    return re.sub(r"Out\[\d+\]: \n?", "", captured.stdout)


def test_a_cell_asks_for_windows_of_what_the_stream_holds(shell, run, ws):
    run("least = 1")

    said = shown(run(f"%%stream counts << --window --until now\n{WINDOWS}"))

    assert "2 rows" in said
    assert "3 records read" in said
    assert {row[1:] for row in shell.user_ns["counts"].rows} == {("ada", 1), ("bob", 1)}


def test_options_of_windows_need_window(run, ws):
    with pytest.raises(KitError, match="--lateness is of windows"):
        run("%%stream --lateness 5s\nSELECT 1")


def test_a_query_is_started_listed_stopped_and_forgotten(run, ws):
    run("least = 0")

    started = shown(run(f"%%stream start counts --lateness 1s\n{WINDOWS}"))

    assert "counts: RUNNING" in started
    assert "counts" in shown(run("%stream list"))
    assert "counts: STOPPED" in shown(run("%stream stop counts"))
    assert "counts: RUNNING" in shown(run("%stream start counts"))
    run("%stream forget counts")
    assert list(ws.analytics) == []


def test_an_unknown_query_is_named(run, ws):
    with pytest.raises(KitError, match="There is no continuous query 'nope'"):
        run("%stream stop nope")


def test_an_error_in_the_background_is_shown_by_the_next_command(run, ws):
    run("least = 0")
    run("%stream create counts --shards 1")
    run(f"%%stream start doomed --into counts\n{WINDOWS}")
    ws.analytics.stop("doomed")
    query = ws.analytics["doomed"]
    query._prepare, kept = fail, query._prepare
    with pytest.raises(KitError, match="it broke"):
        run("%stream start doomed")
    query._prepare = kept
    query.open()
    query._running.step = fail
    query.start()
    query._thread.join(10)

    said = shown(run("%stream describe clicks"))

    assert "doomed: FAILED" in said
    assert "it broke" in said
    assert "doomed" not in shown(run("%stream describe clicks"))
    assert "it broke" in shown(run("%stream list"))


def fail():
    raise KitError("INTERNAL_ERROR", "it broke")
