import pyarrow as pa
import pytest

from kit.base.errors import KitError
from kit.delivery.partitioning import KeyQuery

DOCUMENTS = [
    b'{"user": "ada", "address": {"city": "ulm"}}',
    b'{"user": 7, "address": {"city": "ulm"}}',
    b'{"user": 1.5, "address": {"city": "ulm"}}',
    b'{"user": true, "address": {"city": "ulm"}}',
    b'{"user": null, "address": {"city": "ulm"}}',
    b'{"user": "", "address": {"city": "ulm"}}',
    b'{"user": ["a"], "address": {"city": "ulm"}}',
    b'{"user": "ada"}',
    b"no json",
    b"\xff",
    b'{"user": "a"}{"user": "b"}',
]


def keys(engine, query, names):
    found = KeyQuery(query, engine).keys(pa.array(DOCUMENTS, pa.binary()), names)
    return [reason or tuple(found.values[name][row] for name in names) for row, reason in enumerate(found.reasons)]


def test_paths_are_taken_in_bulk_as_jq_would_take_them(engine):
    names = ["user", "city"]

    bulk = keys(engine, "{user: .user, city: .address.city}", names)

    # The pipe makes it more than paths, so that jq looks at each record.
    assert bulk == keys(engine, "{user: .user, city: .address.city} | .", names)
    assert bulk[:4] == [("ada", "ulm"), ("7", "ulm"), ("1.5", "ulm"), ("true", "ulm")]
    assert bulk[4:8] == ["partitionKeys values must not be null or empty"] * 4
    assert bulk[8:10] == ["Non JSON record provided"] * 2
    assert "one object" in bulk[10]


def test_short_and_quoted_names_are_paths_too(engine):
    assert keys(engine, '{user, "city": .address.city}', ["user", "city"])[0] == ("ada", "ulm")


def test_any_jq_expression_makes_keys(engine):
    assert keys(engine, "{u: (.user | tostring | ascii_upcase)}", ["u"])[:2] == [("ADA",), ("7",)]


def test_what_jq_does_not_read_is_refused(engine):
    with pytest.raises(KitError) as caught:
        KeyQuery("{user: ", engine)

    assert caught.value.code == "InvalidArgumentException"
