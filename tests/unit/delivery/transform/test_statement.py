import json

import pyarrow as pa
import pytest

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.base.settings import Settings
from kit.delivery.configuration import SqlTransform
from kit.delivery.engine import Engine
from kit.delivery.records import SCHEMA
from kit.delivery.transform.statement import MACROS, check, transform

COLUMNS = (("user", "string"), ("n", "int"))


@pytest.fixture
def engine():
    made = Engine(Settings(), MACROS)
    yield made
    made.close()


def records(*data):
    rows = [
        {"data": each, "partition_key": "k", "arrival_ms": 1_000 + place, "shard": 0, "index": place + 1}
        for place, each in enumerate(data)
    ]
    return pa.Table.from_pylist(rows, SCHEMA)


def run(sql, table, engine, columns=COLUMNS):
    return transform(table, SqlTransform(sql, columns), engine, ManualClock())


def test_rows_of_the_answer_are_records_of_json(engine):
    table = records(b'{"user": "ada", "n": 1}', b'{"USER": "bob", "n": 5}')

    made = run("SELECT upper(user) AS user, n, ARRAY[n] AS l FROM records WHERE n > 1", table, engine)

    assert [json.loads(data) for data in made.records.column("data").to_pylist()] == [{"user": "BOB", "n": 5, "l": [5]}]
    assert made.dropped == 1
    assert made.failed == ()


def test_a_lone_column_data_is_the_record_itself(engine):
    made = run("SELECT upper(data) AS data FROM records", records(b"a", b"\xff", b"b"), engine, ())

    assert made.records.column("data").to_pylist() == [b"A", b"B"]
    assert made.failed[0].records.column("data").to_pylist() == [b"\xff"]


def test_records_without_the_declared_fields_fail_by_themselves(engine):
    table = records(b"no", b'{"user": "ada", "n": 2}', b'{"n": "x"}', b"\xff")

    made = run("SELECT sum(n) AS total FROM records", table, engine)

    assert made.records.column("data").to_pylist() == [b'{"total":2}']
    (failed,) = made.failed
    assert failed.records.column("data").to_pylist() == [b"no", b'{"n": "x"}', b"\xff"]
    assert "column n" in failed.message(1)


def test_a_statement_that_fails_fails_the_batch_with_its_reason(engine):
    table = records(b'{"user": "x", "n": 0}')

    made = run("SELECT CAST(user AS integer) AS n FROM records", table, engine)

    assert made.records.num_rows == 0
    assert made.failed[0].records.num_rows == 1
    assert made.failed[0].code == "Sql.StatementFailed"
    assert made.failed[0].message(0)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT nobody FROM records", "COLUMN_NOT_FOUND"),
        ("SELECT * FROM clicks", "TABLE_NOT_FOUND"),
        ("SELEC", "SYNTAX_ERROR"),
        ("DROP TABLE records", "InvalidArgumentException"),
    ],
)
def test_a_statement_that_cannot_run_is_refused_beforehand(sql, code):
    with pytest.raises(KitError) as caught:
        check(SqlTransform(sql, COLUMNS))

    assert caught.value.code == code
