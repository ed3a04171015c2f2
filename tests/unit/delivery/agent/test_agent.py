"""The agent on files that are written, rotated, copied and truncated under it, step by step."""

import json
import shutil
import time

import pytest

from kit.base.errors import KitError
from kit.delivery.agent.processing import applied, processing

COMMON = '203.0.113.9 - frank [10/Oct/2026:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326'


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def target(workspace):
    made = workspace.streams.create("target", 1)
    made.limits(enforced=False)
    return made


@pytest.fixture
def tail(deliveries, logs, target):
    """An agent on the folder's files that sends only when it is told to."""

    def made(**options):
        given = {"filePattern": str(logs / "app.log*"), "kinesisStream": "target", **options}
        return deliveries.agent(given, background=False)

    return made


def texts(target):
    return [record.data.decode() for record in target]


def write(path, text, mode="a"):
    with path.open(mode) as opened:
        opened.write(text)


def test_new_lines_are_sent_once_and_a_begun_line_waits(tail, logs, target):
    write(logs / "app.log", "before\n")
    agent = tail()
    agent.step()

    write(logs / "app.log", "one\ntwo\nbeg")
    assert agent.step() == 2
    write(logs / "app.log", "un\n")
    assert agent.step() == 1

    assert agent.step() == 0
    assert texts(target) == ["one\n", "two\n", "begun\n"]
    assert (agent.metrics.records, agent.metrics.files) == (3, 1)


def test_a_file_may_be_read_from_its_start_without_its_header(tail, logs, target):
    write(logs / "app.log", "id,name\n1,a\n")

    tail(initialPosition="START_OF_FILE", skipHeaderLines=1).step()

    assert texts(target) == ["1,a\n"]


def test_a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_start(tail, logs, target):
    log = logs / "app.log"
    write(log, "1\n")
    agent = tail(initialPosition="START_OF_FILE")
    agent.step()

    write(log, "2\nlast")
    log.rename(logs / "app.log.1")
    write(log, "3\n")
    for _ in range(3):
        agent.step()

    assert texts(target) == ["1\n", "2\n", "last", "3\n"]


def test_a_file_renamed_out_of_the_pattern_while_nobody_looked_is_still_read(tail, deliveries, logs, target):
    log = logs / "app.log"
    write(log, "1\n")
    agent = tail(initialPosition="START_OF_FILE")
    agent.step()
    agent.close()

    write(log, "2\n")
    log.rename(logs / "old.txt")
    write(log, "3\n")
    tail(initialPosition="START_OF_FILE").step()

    assert texts(target) == ["1\n", "2\n", "3\n"]


def test_a_copied_and_truncated_file_is_not_sent_twice(tail, logs, target):
    log = logs / "app.log"
    write(log, "1\n2\n")
    agent = tail(initialPosition="START_OF_FILE")
    agent.step()

    write(log, "3\n")
    shutil.copy(log, logs / "app.log.1")
    write(log, "4\n", "w")
    for _ in range(3):
        agent.step()

    assert texts(target) == ["1\n", "2\n", "3\n", "4\n"]


def test_a_copy_that_is_seen_before_its_original_is_truncated_waits(tail, logs, target):
    log = logs / "app.log"
    write(log, "1\n2\n")
    agent = tail(initialPosition="START_OF_FILE")
    agent.step()

    shutil.copy(log, logs / "app.log.1")
    agent.step()
    write(log, "", "w")
    agent.step()
    write(log, "3\n")
    agent.step()

    assert texts(target) == ["1\n", "2\n", "3\n"]


def test_a_truncated_file_is_read_anew_also_where_it_has_grown_past_its_old_length(tail, logs, target):
    log = logs / "app.log"
    write(log, "1\n2\n")
    agent = tail(initialPosition="START_OF_FILE")
    agent.step()

    write(log, "3\n4\n5\n", "w")
    agent.step()

    assert texts(target) == ["1\n", "2\n", "3\n", "4\n", "5\n"]


def test_records_of_several_lines_begin_at_the_pattern(tail, logs, target):
    write(logs / "app.log", "[1] a\n  more\n[2] b\n[3] open\n")
    agent = tail(initialPosition="START_OF_FILE", multiLineStartPattern=r"\[")

    agent.step()
    write(logs / "app.log", "  still\n[4]\n")
    agent.step()

    assert texts(target) == ["[1] a\n  more\n", "[2] b\n", "[3] open\n  still\n"]


def test_an_agent_reads_on_where_the_one_before_has_ended(tail, logs, target):
    write(logs / "app.log", "1\n")
    with tail(initialPosition="START_OF_FILE") as agent:
        agent.step()
    write(logs / "app.log", "2\n")

    tail(initialPosition="START_OF_FILE").step()

    assert texts(target) == ["1\n", "2\n"]


def test_records_reach_a_delivery_stream_processed(deliveries, logs, objects):
    deliveries.create("raw", "s3://lake/raw/")
    write(logs / "access.log", f"{COMMON}\nno log line\n")
    agent = deliveries.agent(
        filePattern=str(logs / "access.log"),
        deliveryStream="raw",
        initialPosition="START_OF_FILE",
        dataProcessingOptions=[{"optionName": "LOGTOJSON", "logFormat": "COMMONAPACHELOG"}],
        background=False,
    )

    agent.step()
    deliveries["raw"].flush()

    first, second = next(iter(objects("s3://lake/raw/").values())).decode().splitlines()
    assert json.loads(first)["request"] == "GET /a.gif HTTP/1.0"
    assert second == "no log line"
    assert agent.metrics.unprocessed == 1


def test_a_target_that_refuses_is_told_and_nothing_is_passed_over(tail, logs, target):
    write(logs / "app.log", "1\n2\n")
    agent = tail(initialPosition="START_OF_FILE")
    target.inject(failure=1.0, seed=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.delivery.agent.agent.SENDINGS", 1)
        with pytest.raises(KitError, match="refused"):
            agent.step()
    assert "refused" in agent.metrics.error
    target.inject()
    agent.step()

    assert texts(target) == ["1\n", "2\n"]
    assert agent.metrics.error == ""


def test_in_the_background_an_agent_follows_and_ends_with_its_service(deliveries, logs, target):
    agent = deliveries.agent(filePattern=str(logs / "app.log"), kinesisStream="target")
    write(logs / "app.log", "")
    while agent.metrics.files == 0:
        time.sleep(0.01)

    write(logs / "app.log", "1\n")
    while not texts(target):
        time.sleep(0.01)
    deliveries.close()

    assert texts(target) == ["1\n"]
    assert not agent.is_running


def test_a_record_that_is_too_large_is_cut_and_counted(tail, logs, target):
    write(logs / "app.log", "x" * 1_100_000 + "\nsmall\n")
    agent = tail(initialPosition="START_OF_FILE")

    agent.step()

    assert [len(text) for text in texts(target)] == [1_024_000, 6]
    assert agent.metrics.shortened == 1


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ({"optionName": "SINGLELINE"}, '{\n  "a": 1\n}\n', '{"a": 1}'),
        (
            {"optionName": "CSVTOJSON", "customFieldNames": ["a", "b"]},
            "1,x\\,y\n",
            {"a": "1", "b": "x,y"},
        ),
        ({"optionName": "CSVTOJSON", "customFieldNames": ["a"], "delimiter": ";"}, "1;2\n", None),
        (
            {"optionName": "LOGTOJSON", "logFormat": "COMMONAPACHELOG"},
            COMMON,
            {
                "host": "203.0.113.9", "ident": "-", "authuser": "frank", "datetime": "10/Oct/2026:13:55:36 -0700",
                "request": "GET /a.gif HTTP/1.0", "response": "200", "bytes": "2326",
            },
        ),
        (
            {
                "optionName": "LOGTOJSON", "logFormat": "COMBINEDAPACHELOG",
                "customFieldNames": ["h", "i", "u", "t", "r", "s", "b", "f", "a"],
            },
            f'{COMMON} "http://e.org/" "Mozilla/4.08"',
            {
                "h": "203.0.113.9", "i": "-", "u": "frank", "t": "10/Oct/2026:13:55:36 -0700",
                "r": "GET /a.gif HTTP/1.0", "s": "200", "b": "2326", "f": "http://e.org/", "a": "Mozilla/4.08",
            },
        ),
        (
            {"optionName": "LOGTOJSON", "logFormat": "SYSLOG"},
            "Oct  1 12:00:00 host sshd[42]: hello there",
            {
                "timestamp": "Oct  1 12:00:00", "hostname": "host", "program": "sshd", "processid": "42",
                "message": "hello there",
            },
        ),
        (
            {"optionName": "LOGTOJSON", "matchPattern": r"(?P<level>\w+) (?P<message>.*)"},
            "WARN low disk",
            {"level": "WARN", "message": "low disk"},
        ),
        ({"optionName": "LOGTOJSON", "logFormat": "COMMONAPACHELOG"}, "nothing of the kind", None),
    ],
)  # fmt: skip
def test_a_record_is_processed(options, text, expected):
    made = applied(processing(options), text)

    assert (json.loads(made) if isinstance(expected, dict) else made) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"filePattern": None},
        {"deliveryStream": "raw"},
        {"kinesisStream": None},
        {"initialPosition": "MIDDLE"},
        {"maxBufferSizeRecords": 501},
        {"multiLineStartPattern": "("},
        {"patern": "x"},
        {"dataProcessingOptions": "SINGLELINE"},
        {"dataProcessingOptions": [{"optionName": "XML"}]},
        {"dataProcessingOptions": [{"optionName": "CSVTOJSON"}]},
        {"dataProcessingOptions": [{"optionName": "LOGTOJSON", "logFormat": "NGINX"}]},
        {"dataProcessingOptions": [{"optionName": "LOGTOJSON", "matchPattern": "("}]},
    ],
)
def test_a_configuration_that_does_not_hold_is_refused(tail, options):
    with pytest.raises(KitError) as caught:
        tail(**options)

    assert caught.value.code == "InvalidConfiguration"
