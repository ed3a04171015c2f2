import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.catalog.model import Column
from kit.catalog.types import parse
from kit.delivery.conversion import nested
from kit.delivery.conversion.rows import Rules, typed_rows

RULES = Rules()
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def rows(engine, documents, rules=RULES, **columns):
    texts = pa.chunked_array([documents[:2], documents[2:]], pa.string())
    return typed_rows(texts, [Column(name, kind) for name, kind in columns.items()], rules, engine)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", "text", "text"),
        ("string", 7, "7"),
        ("string", {"a": [1]}, '{"a":[1]}'),
        ("int", 7, 7),
        ("int", "7", 7),
        ("int", 7.0, 7),
        ("bigint", -(2**63), -(2**63)),
        ("double", 1.5, 1.5),
        ("double", "1e3", 1000.0),
        ("boolean", True, True),
        ("boolean", "FALSE", False),
        ("decimal(6,2)", 12.5, Decimal("12.50")),
        ("varchar(3)", "abc", "abc"),
        ("date", "2026-02-03", date(2026, 2, 3)),
        ("timestamp", "2026-02-03 04:05:06.7", datetime(2026, 2, 3, 4, 5, 6, 700_000)),
        ("timestamp", "2026-02-03T04:05:06Z", datetime(2026, 2, 3, 4, 5, 6)),
        ("timestamp", "2026-02-03T04:05:06+02:00", datetime(2026, 2, 3, 2, 5, 6)),
        ("timestamp", 1_770_091_506, datetime(2026, 2, 3, 4, 5, 6)),
        ("timestamp", 1_770_091_506_250, datetime(2026, 2, 3, 4, 5, 6, 250_000)),
        ("binary", "aGk=", b"hi"),
        ("array<int>", [1, 2], [1, 2]),
        ("array<int>", 5, [5]),
        ("map<string,int>", {"a": 1}, [("a", 1)]),
        ("struct<a:int,b:array<string>>", {"A": 1, "b": ["x"]}, {"a": 1, "b": ["x"]}),
    ],
)
def test_a_value_gets_the_type_of_its_column(engine, kind, value, expected):
    found = rows(engine, [json.dumps({"x": value})], x=kind)

    assert found.rejected == {}
    assert found.table.column("x").to_pylist() == [expected]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "x"),
        ("int", 1.5),
        ("int", 2**31),
        ("tinyint", 128),
        ("int", True),
        ("int", " 7"),
        ("double", "x"),
        ("boolean", "yes"),
        ("boolean", 1),
        ("decimal(4,2)", 123),
        ("varchar(3)", "abcd"),
        ("date", "2026-02-30"),
        ("date", "yesterday"),
        ("timestamp", "soon"),
        ("binary", "?"),
        ("array<int>", ["x"]),
        ("map<string,int>", [1]),
        ("struct<a:int>", {"a": "x"}),
    ],
)
def test_a_value_that_does_not_fit_rejects_its_document_and_names_the_column(engine, kind, value):
    found = rows(engine, [json.dumps({"x": value}), '{"x": null}'], x=kind)

    assert list(found.rejected) == [0]
    assert "column x" in found.rejected[0]
    assert found.table.column("x").to_pylist() == [None]
    assert found.parents.to_pylist() == [1]


def test_columns_may_have_any_name(engine):
    columns = {"reason": "string", "members": "int", "m1": "int", "v2": "int", "a\"b'c": "string"}
    document = json.dumps(dict.fromkeys(columns, 7))

    found = rows(engine, [document, '{"reason": "x", "m1": "no"}'], **columns)

    assert found.table.to_pylist() == [{"reason": "7", "members": 7, "m1": 7, "v2": 7, "a\"b'c": "7"}]
    assert "column m1" in found.rejected[1]


def test_a_table_without_columns_has_a_row_for_each_object(engine):
    found = rows(engine, ['{"a": 1}', "[]"])

    assert found.parents.to_pylist() == [0]
    assert list(found.rejected) == [1]


def test_keys_match_in_any_case_unless_told_otherwise(engine):
    documents = ['{"USER": "a"}', '{"user": "b", "USER": "c"}', '{"other": 1}']

    assert rows(engine, documents, user="string").table.column("user").to_pylist() == ["a", "b", None]
    exact = rows(engine, documents, Rules(any_case=False), user="string")
    assert exact.table.column("user").to_pylist() == [None, "b", None]
    assert exact.rejected == {}


def test_columns_are_read_from_the_keys_that_they_are_mapped_to_and_dots_become_underscores(engine):
    documents = ['{"ts": 5, "a.b": "x", "c/d~": 1}']
    rules = Rules(dots=True, key_of_column={"time": "ts", "e": "c/d~"})

    found = rows(engine, documents, rules, time="int", a_b="string", e="int")

    assert found.table.to_pylist() == [{"time": 5, "a_b": "x", "e": 1}]


def test_a_record_may_hold_several_objects_and_keeps_its_place(engine):
    documents = ['{"n": 1}', '{"n": 2} {"N": 3}\n{"n": 4}', '{"n": 5}', '{"n": 6}{"n": "x"}', '{"n": 7}{']

    found = rows(engine, documents, n="int")

    assert found.table.column("n").to_pylist() == [1, 2, 3, 4, 5]
    assert found.parents.to_pylist() == [0, 1, 1, 1, 2]
    assert sorted(found.rejected) == [3, 4]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("", "empty"),
        ("[1]", "JSON array"),
        ("7", "JSON number"),
        ("null", "JSON null"),
        ('"x"', "JSON string"),
        ("{", "not valid JSON"),
        ("no", "not valid JSON"),
        (None, "UTF-8"),
    ],
)
def test_what_is_no_object_is_rejected_with_what_it_is(engine, document, reason):
    found = rows(engine, ['{"n": 1}', document], n="int")

    assert list(found.rejected) == [1]
    assert reason in found.rejected[1]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(-1e9, 1e9), st.text(max_size=5), st.just("12"),
    st.just("2026-01-02"), st.lists(st.integers(), max_size=2),
)  # fmt: skip


@SHARED
@given(st.lists(VALUES, min_size=1, max_size=12), st.sampled_from(["int", "bigint", "boolean", "date", "varchar(3)"]))
def test_in_bulk_and_one_by_one_agree_on_what_fits(engine, values, kind):
    documents = [json.dumps({"x": value, "y": 1}) for value in values]

    found = rows(engine, documents, x=kind)

    expected: dict[int, object] = {}
    for place, value in enumerate(values):
        try:
            expected[place] = nested.read(json.dumps(value), parse(kind), any_case=True)
        except ValueError:
            continue
    got = dict(zip(found.parents.to_pylist(), found.table.column("x").to_pylist(), strict=True))
    assert got == expected
    assert got.keys() | found.rejected.keys() == set(range(len(values)))
