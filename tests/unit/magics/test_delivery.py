import json
import re

import pytest

from kit.base.errors import KitError
from magics.completion import offered
from magics.delivery import DELIVERY
from magics.session import Session


@pytest.fixture
def ws(shell, tmp_path):
    shell.run_cell("ws = %kit open workspace").raise_error()
    yield shell.user_ns["ws"]
    shell.user_ns["ws"].close()


def shown(captured):
    return re.sub(r"Out\[\d+\]: \n?", "", captured.stdout)


def objects(ws, uri):
    return [ws.storage.get(each.uri).decode() for each in ws.storage.iter(uri)]


def test_a_delivery_stream_is_made_filled_flushed_described_and_deleted(run, ws):
    assert "0 delivery streams" in shown(run("%delivery"))

    made = shown(run("%delivery create raw s3://lake/raw/ --delimiter \\n --buffer-seconds 900"))
    said = shown(run('%%delivery put raw\n{"n": 1}\n\n{"n": 2}'))
    listed = shown(run("%delivery flush raw"))

    assert "5 MB or 900 s" in made
    assert "s3://lake/raw/" in made
    assert said.strip() == "2 records put into raw"
    assert re.search(r"raw +ACTIVE +direct puts +s3://lake/raw/ +0 +2 +0 +0", listed)
    assert objects(ws, "s3://lake/raw/") == ['{"n": 1}\n{"n": 2}\n']
    assert "2 records in 1 object" in shown(run("%delivery describe raw"))
    run("%delivery delete raw")
    assert list(ws.delivery) == []


def test_a_stopped_delivery_stream_takes_records_and_says_that_it_is_stopped(run, ws):
    run("%delivery create raw s3://lake/raw/ --buffer-seconds 0")
    run("%delivery stop raw")

    run("%%delivery put raw\none")

    assert re.search(r"raw +stopped", shown(run("%delivery list")))
    assert ws.storage.buckets() == []
    run("%delivery start raw")
    run("%delivery flush")
    assert objects(ws, "s3://lake/raw/") == ["one"]


def test_a_function_of_the_notebook_transforms_records(shell, run, ws):
    run(
        "def upper(event, context):\n"
        "    import base64\n"
        "    return {'records': [{'recordId': r['recordId'], 'result': 'Ok', 'data': base64.b64encode(\n"
        "        base64.b64decode(r['data']).upper()).decode()} for r in event['records']]}"
    )
    run("%delivery create loud s3://lake/loud/ --transform upper")

    run("%%delivery put loud\nhello")
    run("%delivery flush loud")

    assert objects(ws, "s3://lake/loud/") == ["HELLO"]


def test_the_sql_of_a_cell_transforms_records(run, ws):
    run(
        "%%delivery create big s3://lake/big/ --columns n:int,user:string --delimiter \\n\n"
        "SELECT user, n * 2 AS n FROM records WHERE n > 1"
    )

    run('%%delivery put big\n{"n": 1, "user": "ada"}\n{"n": 2, "user": "bob"}')
    run("%delivery flush big")

    assert [json.loads(line) for line in objects(ws, "s3://lake/big/")] == [{"user": "bob", "n": 4}]


def test_braces_of_prefixes_and_queries_are_no_variables(shell, run, ws):
    shell.user_ns["timestamp"] = shell.user_ns["user"] = 5

    run(
        "%delivery create p s3://lake/user=!{partitionKeyFromQuery:user}/!{timestamp:yyyy}/"
        " --partition-by '{user: .user}'"
    )

    storage = ws.delivery["p"].status().configuration.storage
    assert storage.prefix == "user=!{partitionKeyFromQuery:user}/!{timestamp:yyyy}/"
    assert storage.partitioning.query == "{user: .user}"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("%delivery create raw nowhere", "InvalidArgumentException"),
        ("%delivery create raw s3://lake/ --transform nobody", "UNKNOWN_NAME"),
        ("%delivery create raw s3://lake/ --buffer-mb 129", "InvalidArgumentException"),
        ("%delivery create raw s3://lake/ --source nobody", "ResourceNotFoundException"),
        ("%delivery describe nobody", "ResourceNotFoundException"),
        ("%delivery flash", "UNKNOWN_COMMAND"),
    ],
)
def test_a_mistake_is_told_by_its_code(run, ws, line, code):
    with pytest.raises(KitError) as caught:
        run(line)

    assert caught.value.code == code


def test_tab_offers_commands_options_streams_functions_and_delivery_streams(shell, run, ws):
    run("%stream create clicks")
    run("%delivery create raw s3://lake/raw/")
    shell.user_ns["enrich"] = lambda event, context: event

    def offers(text):
        return offered(Session(shell), (DELIVERY,), text, 0, len(text)).candidates

    assert offers("%delivery de") == ("describe", "delete")
    assert offers("%delivery flush ") == ("raw",)
    assert offers("%delivery create x s3://lake/ --source ") == ("clicks",)
    assert "enrich" in offers("%delivery create x s3://lake/ --transform e")
    assert "--schema" in offers("%delivery create x s3://lake/ --")
