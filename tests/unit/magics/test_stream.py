import json
import re

import pyarrow as pa
import pytest

import kit
from kit.base.clock import ManualClock, now
from kit.base.errors import KitError
from magics.completion import offered
from magics.session import Session
from magics.stream import STREAM


@pytest.fixture
def ws(shell, tmp_path):
    shell.run_cell("ws = %kit open workspace").raise_error()
    return shell.user_ns["ws"]


def shown(captured):
    return re.sub(r"Out\[\d+\]: \n?", "", captured.stdout)


def test_a_stream_is_made_listed_described_and_deleted(shell, run, ws):
    assert "0 streams" in shown(run("%stream"))

    made = shown(run("%stream create clicks --shards 2"))

    assert "stream clicks: ACTIVE · PROVISIONED · 0 records · retention 24 h · limits on · durability os" in made
    assert made.count("50.0%") == 2
    assert "clicks  ACTIVE" in shown(run("%stream list"))
    assert shown(run("%stream describe clicks")) == made
    run("%stream delete clicks")
    assert list(ws.streams) == []


def test_options_of_create_reach_the_stream(run, ws):
    run("%stream create s -s 3 --retention 48 --durability fsync")
    run("%stream create s --if-not-exists")
    run("%stream create d --mode ON_DEMAND")

    summary = ws.streams["s"].describe()
    assert (summary["OpenShardCount"], summary["RetentionPeriodHours"]) == (3, 48)
    assert ws.streams["d"].describe()["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}


def test_the_lines_of_a_cell_are_records_under_the_keys_that_they_name(run, ws):
    run("%stream create clicks")

    said = shown(run('%%stream put clicks --key user\n{"user": "ada", "n": 1}\n\n  {"user": 7}  \n{"user": true}'))

    assert said.strip() == "3 records put into clicks"
    assert [(record.partition_key, record.data) for record in ws.streams["clicks"]] == [
        ("ada", b'{"user": "ada", "n": 1}'),
        ("7", b'{"user": 7}'),
        ("true", b'{"user": true}'),
    ]


def test_braces_in_a_cell_are_json_and_no_variables(shell, run, ws):
    run("%stream create clicks")
    shell.user_ns["n"] = 5

    run('%%stream put clicks\n{"n": {"n": "{n}"}}')

    assert [json.loads(record.data) for record in ws.streams["clicks"]] == [{"n": {"n": "{n}"}}]


@pytest.mark.parametrize(
    ("line", "code", "place"),
    [
        ('{"user": ', "INVALID_JSON", (2, 10)),
        ('{"user": NaN}', "INVALID_JSON", (2, 1)),
        ('{"name": "x"}', "MISSING_KEY", (2, 1)),
        ('{"user": null}', "MISSING_KEY", (2, 1)),
        ('{"user": ["x"]}', "MISSING_KEY", (2, 1)),
        ('["user"]', "MISSING_KEY", (2, 1)),
    ],
)
def test_a_bad_line_is_pointed_at_and_nothing_is_put(run, ws, line, code, place):
    run("%stream create clicks")

    with pytest.raises(KitError) as caught:
        run(f'%%stream put clicks -k user\n{{"user": "ok"}}\n{line}')

    assert (caught.value.code, (caught.value.line, caught.value.column)) == (code, place)
    assert list(ws.streams["clicks"]) == []


def test_tail_shows_the_last_records_oldest_first(run, ws):
    run("%stream create clicks --shards 2")
    for number in range(30):
        ws.streams["clicks"].put_record({"number": number}, f"k{number}")

    last = shown(run("%stream tail clicks -n 3"))

    assert [number for number in range(30) if f'{{"number":{number}}}' in last] == [27, 28, 29]
    shard = next(iter(ws.streams["clicks"])).shard_id
    of_shard = shown(run(f"%stream tail clicks --shard {shard}"))
    assert "shardId-000000000001" not in of_shard.replace(shard, "")


def test_shards_are_split_and_merged(run, ws):
    run("%stream create clicks")

    split = shown(run("%stream split clicks 0"))
    merged = shown(run("%stream merge clicks 1 shardId-000000000002"))

    assert split.count("open") == 2
    assert "shardId-000000000001, shardId-000000000002" in merged
    uneven = shown(run(f"%stream split clicks 3 --at {2**128 // 10}"))
    assert "10.0%" in uneven
    assert "90.0%" in uneven


def test_limits_are_turned_off_and_on(run, ws):
    run("%stream create clicks")

    assert "The limits of clicks are off" in shown(run("%stream limits clicks off"))
    assert "limits off" in shown(run("%stream describe clicks"))
    run("%stream limits clicks ON")
    assert "limits on" in shown(run("%stream describe clicks"))


def test_a_variable_or_a_file_is_replayed(shell, run, ws, tmp_path):
    run("%stream create clicks")
    shell.user_ns["rows"] = pa.table({"n": [1, 2, 3], "k": ["a", "b", "a"]})
    (tmp_path / "more.csv").write_text("n,k\n4,c\n")

    of_variable = shown(run("%stream replay clicks rows --key k --columns n"))
    run("%stream replay clicks more.csv --key k,n --rate 1000")

    assert "3 records" in of_variable
    assert [(record.partition_key, json.loads(record.data)) for record in ws.streams["clicks"]] == [
        ("a", {"n": 1}),
        ("b", {"n": 2}),
        ("a", {"n": 3}),
        ("c|4", {"n": 4, "k": "c"}),
    ]


def test_consumers_shows_every_application_and_how_far_it_is(run, ws):
    run("%stream create clicks --shards 2")
    ws.streams["clicks"].put_record("x", "k")
    with ws.streams["clicks"].consumer("app", lambda records: None) as consumer:
        consumer.run(until="tip")
        ws.streams.client().register_stream_consumer(StreamARN=ws.streams["clicks"].arn, ConsumerName="fast")

        said = shown(run("%stream consumers clicks"))

    [record] = ws.streams["clicks"]
    assert record.sequence_number in said
    assert "nothing yet" in said
    assert "1 application · registered for enhanced fan-out: fast" in said


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%stream describe clikcs", "ResourceNotFoundException"),
        ("%stream create clicks", "ResourceInUseException"),
        ("%stream create a/b", "ValidationException"),
        ("%stream create x --shards none", "INVALID_OPTION"),
        ("%stream split clicks 9", "ResourceNotFoundException"),
        ("%stream merge clicks 0", "MISSING_ARGUMENT"),
        ("%stream limits clicks maybe", "INVALID_ARGUMENT"),
        ("%stream replay clicks none.parquet", "INVALID_SOURCE"),
        ("%stream replay clicks x.csv --rate 0", "INVALID_OPTION"),
        ("%stream tail clicks --number 0", "INVALID_OPTION"),
        ("%stream sing clicks", "UNKNOWN_COMMAND"),
        ("%%stream describe clicks\nx", "INVALID_ARGUMENT"),
    ],
)
def test_mistakes_raise(run, ws, cell, code):
    run("%stream create clicks")

    with pytest.raises(KitError) as caught:
        run(cell)

    assert caught.value.code == code


def test_the_magics_act_on_a_workspace_that_a_variable_holds(shell, run, tmp_path):
    clock = ManualClock()
    shell.user_ns["mine"] = kit.open(tmp_path / "mine", clock=clock, seed=1)

    run("%kit use mine")
    run("%stream create s")

    assert list(shell.user_ns["mine"].streams) == ["s"]
    assert shell.user_ns["mine"].streams["s"].describe()["StreamCreationTimestamp"] == now(clock)
    with pytest.raises(KitError, match="'clock' is no workspace"):
        run("%kit use clock")


def test_tab_offers_commands_streams_and_shards(shell, run, ws):
    run("%stream create clicks --shards 2")

    def offers(text):
        offer = offered(Session(shell), (STREAM,), text, 0, len(text))
        return offer.candidates

    assert offers("%stream de") == ("delete", "describe")
    assert offers("%stream describe cl") == ("clicks",)
    assert offers("%stream split clicks ") == ("shardId-000000000000", "shardId-000000000001")
    assert "--speedup" in offers("%stream replay clicks x --")


def test_help_lists_every_command(shell, run):
    help_text = shell.find_line_magic("stream").__doc__

    for command in ("create", "put", "tail", "describe", "split", "merge", "limits", "replay", "consumers", "delete"):
        assert f"stream {command}" in help_text


ORDERS = '%%stream put orders -k user\n{"user": "ada", "n": 1}\n{"user": "bob", "n": 2}\n{"user": "ada", "n": 3}'


def test_a_cell_of_sql_asks_what_the_streams_hold(shell, run, ws):
    run("%stream create orders --shards 2")
    run(ORDERS)

    answer = shown(run("%%stream totals <<\nSELECT user, sum(n) AS n FROM orders GROUP BY user ORDER BY user"))

    assert "ada   4" in answer
    assert shell.user_ns["totals"].rows == [("ada", 4), ("bob", 2)]


def test_parameters_are_bound_and_never_pasted(shell, run, ws):
    run("%stream create orders")
    run(ORDERS)
    shell.user_ns["who"] = "ada"

    run("%%stream -o found -p least={'n': 2}['n'] --no-display\nSELECT n FROM orders WHERE user = :who AND n >= :least")

    assert shell.user_ns["found"].rows == [(3,)]


def test_an_unknown_stream_in_sql_is_pointed_at(run, ws):
    run("%stream create orders")

    with pytest.raises(KitError) as caught:
        run("%%stream\nSELECT *\nFROM order_s")

    assert caught.value.code == "TABLE_NOT_FOUND"
    assert caught.value.line == 2
    assert "orders" in caught.value.hint


def test_a_cell_whose_line_names_a_command_is_that_command(run, ws):
    run("%stream create orders")

    with pytest.raises(KitError) as caught:
        run("%%stream tail orders\nSELECT 1")

    assert caught.value.code == "INVALID_ARGUMENT"


def test_words_of_commands_may_come_from_variables(shell, run, ws):
    shell.user_ns["name"], shell.user_ns["line"] = "orders", "not this"

    run("%stream create $name --shards {1 + 1}")

    assert ws.streams["orders"].describe()["OpenShardCount"] == 2


def test_tab_offers_options_names_and_parameters_of_sql(shell, run, ws):
    run("%stream create orders")
    shell.user_ns["who"] = "ada"

    def offers(text):
        lines = text.split("\n")
        offer = offered(Session(shell), (STREAM,), text, len(lines) - 1, len(lines[-1]))
        return offer.candidates if offer else ()

    assert "--explain" in offers("%%stream --")
    assert offers("%%stream\nSELECT * FROM o") == ("orders",)
    assert offers("%%stream\nSELECT shard") == ("shard_id",)
    assert "who" in offers("%%stream\nSELECT * FROM orders WHERE user = :w")
    assert "put" in offers("%%stream p")
    assert offers('%%stream put orders\n{"a": :w') == ()
