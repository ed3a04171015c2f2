"""Which buckets and keys there can be."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.storage import Storage
from kit.storage.keys import check_bucket, check_key, parse_folder, parse_object, parse_prefix

PIECES = ["/", ".", "..", "\\", "\0", "a", "é", "~", "%2e", " ", "\n", "\udc80", "C:", "$HOME", "*", "con"]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40)


@pytest.mark.parametrize("name", ["lake", "a-b.c", "0ab", "a" * 63, "my.lake-1"])
def test_a_bucket_named_by_the_rules_is_taken(name: str) -> None:
    assert check_bucket(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 64,
        "Lake",
        "la_ke",
        "-lake",
        "lake-",
        ".lake",
        "a..b",
        "192.168.5.4",
        "xn--lake",
        "lake-s3alias",
        "lake--ol-s3",
        "lake--x-s3",
        "sthree-lake",
        "..",
        "lake\n",
        "läke",
        ".staging",
        ".etags.sqlite",
    ],
)
def test_a_bucket_named_against_the_rules_is_refused(name: str) -> None:
    with pytest.raises(KitError, match="not valid") as info:
        check_bucket(name)
    assert info.value.code == "InvalidBucketName"


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("lake/a", "InvalidURI"),
        ("http://lake/a", "InvalidURI"),
        ("s3:/lake/a", "InvalidURI"),
        ("s3://lake", "InvalidURI"),
        ("s3://lake/", "InvalidURI"),
        ("s3:///a", "InvalidBucketName"),
        ("s3://../a", "InvalidBucketName"),
        ("s3://lake/../a", "InvalidObjectName"),
        ("s3://lake/a/../../b", "InvalidObjectName"),
        ("s3://lake/a/..", "InvalidObjectName"),
        ("s3://lake/./a", "InvalidObjectName"),
        ("s3://lake//etc/passwd", "InvalidObjectName"),
        ("s3://lake/a//b", "InvalidObjectName"),
        ("s3://lake/a/", "InvalidObjectName"),
        ("s3://lake/a\0b", "InvalidObjectName"),
        ("s3://lake/\udc80", "InvalidObjectName"),
        ("s3://lake/" + "é" * 600, "KeyTooLongError"),
        ("s3://lake/" + "a/" * 600, "KeyTooLongError"),
        ("s3://lake/" + "a" * 256, "KeyTooLongError"),
        ("s3://lake/" + "é" * 128, "KeyTooLongError"),
    ],
)
def test_a_key_that_a_folder_cannot_hold_is_refused_by_name(uri: str, code: str) -> None:
    with pytest.raises(KitError) as info:
        parse_object(uri)
    assert info.value.code == code
    assert info.value.hint


@pytest.mark.parametrize(
    "key", ["a", "a b", "..a", "a..", "ü/日本/🦆", "a" * 255, "a\\b", "x/" * 500 + "y", "%2e%2e", "~"]
)
def test_a_key_that_only_looks_odd_is_taken(key: str) -> None:
    assert check_key(key, windows=False) == key


@pytest.mark.parametrize("key", ["a\\b", "a:b", "con", "a/NUL.txt", "a/b.", "b ", "a<b", "COM1", "a\x01"])
def test_windows_names_are_refused_on_windows_alone(key: str) -> None:
    assert check_key(key, windows=False) == key
    with pytest.raises(KitError) as info:
        check_key(key, windows=True)
    assert info.value.code == "InvalidObjectName"


def test_a_prefix_may_end_anywhere_but_its_folders_are_checked() -> None:
    assert parse_prefix("s3://lake").key == ""
    assert parse_prefix("s3://lake/a/b").key == "a/b"
    assert parse_prefix("s3://lake/..").key == ".."
    for uri in ("s3://lake/../", "s3://lake/../b", "s3://lake//", "s3://lake/a//b"):
        with pytest.raises(KitError):
            parse_prefix(uri)


def test_a_folder_gets_its_slash() -> None:
    assert parse_folder("s3://lake/a").key == "a/"
    assert parse_folder("s3://lake/a/").key == "a/"
    assert parse_folder("s3://lake").uri == "s3://lake/"


@given(HOSTILE)
def test_no_key_whatever_leaves_its_bucket(key: str) -> None:
    try:
        location = parse_object(f"s3://lake/{key}")
    except KitError:
        return
    root = Path("/root")
    path = Path(f"/root/{location.bucket}").joinpath(*location.key.split("/"))
    assert (root / "lake") in path.parents
    assert ".." not in path.parts


@given(HOSTILE, HOSTILE)
def test_no_call_with_a_hostile_uri_touches_anything_outside(
    tmp_path_factory: pytest.TempPathFactory, a: str, b: str
) -> None:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "precious").write_bytes(b"kept")
    storage = Storage(folder / "storage", clock=ManualClock())
    uri = f"s3://{a}/{b}" if a.count("/") == 0 else f"s3://lake/{a}{b}"
    for call in (
        lambda: storage.put(uri, b"x"),
        lambda: storage.path(uri).write_bytes(b"x"),
        lambda: storage.copy(uri, uri + "2"),
        lambda: storage.delete(uri),
        lambda: storage.delete_prefix(uri),
    ):
        try:
            call()
        except (KitError, OSError, ValueError):
            continue
    storage.close()
    assert sorted(path.name for path in folder.iterdir()) == ["precious", "storage"]
    assert (folder / "precious").read_bytes() == b"kept"
