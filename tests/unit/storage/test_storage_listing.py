"""Listings: S3's order, prefixes, delimiters and pages."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.clock import ManualClock
from kit.storage import Storage

CodeOf = Callable[[Callable[[], object]], str]

KEYS = ["a.b", "a/x", "a/y/z", "a0", "b", "b-/c", "b.c", "z/ä", "z/🦆", "z/Z"]


@pytest.fixture
def filled(storage: Storage) -> Storage:
    for key in KEYS:
        storage.put(f"s3://lake/{key}", key)
    return storage


def keys_of(storage: Storage, uri: str) -> list[str]:
    return [info.key for info in storage.iter(uri)]


def pages(storage: Storage, uri: str, delimiter: str, limit: int) -> list[str]:
    """Everything that paging gives, objects and prefixes in the order in which they came."""
    seen: list[str] = []
    token = ""
    while True:
        listing = storage.list(uri, delimiter, limit, token)
        assert 1 <= len(listing.objects) + len(listing.common_prefixes) <= limit
        seen += sorted([*(info.uri for info in listing.objects), *listing.common_prefixes], key=str.encode)
        token = listing.next_token
        if not token:
            return seen


def test_keys_come_in_the_order_of_their_utf8_bytes(filled: Storage) -> None:
    assert keys_of(filled, "s3://lake/") == sorted(KEYS, key=str.encode)
    assert [info.key for info in filled.list("s3://lake/").objects] == sorted(KEYS, key=str.encode)


@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/y", "a/y/z", "b", "b-/", "z/", "q", "a/x/"])
def test_a_prefix_is_text(filled: Storage, prefix: str) -> None:
    assert keys_of(filled, f"s3://lake/{prefix}") == sorted(
        (key for key in KEYS if key.startswith(prefix)), key=str.encode
    )


def test_a_delimiter_rolls_keys_up(filled: Storage) -> None:
    listing = filled.list("s3://lake/", delimiter="/")
    assert [info.key for info in listing.objects] == ["a.b", "a0", "b", "b.c"]
    assert listing.common_prefixes == ("s3://lake/a/", "s3://lake/b-/", "s3://lake/z/")
    below = filled.list("s3://lake/a/", delimiter="/")
    assert [info.key for info in below.objects] == ["a/x"]
    assert below.common_prefixes == ("s3://lake/a/y/",)


def test_a_delimiter_may_be_anything(filled: Storage) -> None:
    listing = filled.list("s3://lake/", delimiter=".")
    assert listing.common_prefixes == ("s3://lake/a.", "s3://lake/b.")
    assert [info.key for info in listing.objects] == sorted({*KEYS} - {"a.b", "b.c"}, key=str.encode)


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
@pytest.mark.parametrize("delimiter", ["", "/", ".", "y/"])
def test_pages_together_are_the_whole(filled: Storage, delimiter: str, limit: int) -> None:
    whole = filled.list("s3://lake/", delimiter)
    expected = sorted([*(info.uri for info in whole.objects), *whole.common_prefixes], key=str.encode)
    assert pages(filled, "s3://lake/", delimiter, limit) == expected


def test_a_page_goes_on_after_its_last_key_was_deleted(filled: Storage) -> None:
    first = filled.list("s3://lake/", limit=3)
    for info in first.objects:
        filled.delete(info.uri)
    second = filled.list("s3://lake/", limit=1000, token=first.next_token)
    assert [info.key for info in (*first.objects, *second.objects)] == sorted(KEYS, key=str.encode)


def test_a_page_has_a_thousand_entries_at_most(storage: Storage) -> None:
    folder = storage.root / "lake" / "many"
    folder.mkdir(parents=True)
    for number in range(1001):
        (folder / f"{number:04}").touch()
    listing = storage.list("s3://lake/", limit=5000)
    assert len(listing.objects) == 1000
    assert [info.key for info in storage.list("s3://lake/", token=listing.next_token).objects] == ["many/1000"]


@pytest.mark.parametrize("token", ["x", "!!!!", "eA==", "8J+m"])
def test_a_made_up_token_is_refused(filled: Storage, code_of: CodeOf, token: str) -> None:
    assert code_of(lambda: filled.list("s3://lake/", token=token)) == "InvalidArgument"


def test_a_page_of_nothing_is_refused(filled: Storage, code_of: CodeOf) -> None:
    assert code_of(lambda: filled.list("s3://lake/", limit=0)) == "InvalidArgument"


def test_a_missing_bucket_is_an_error_and_a_missing_prefix_none(filled: Storage, code_of: CodeOf) -> None:
    assert code_of(lambda: filled.list("s3://lakes/")) == "NoSuchBucket"
    assert code_of(lambda: filled.iter("s3://lakes/")) == "NoSuchBucket"
    assert filled.list("s3://lake/none/").objects == ()


def test_an_empty_folder_is_no_prefix(filled: Storage) -> None:
    (filled.root / "lake" / "empty" / "deeper").mkdir(parents=True)
    assert "s3://lake/empty/" not in filled.list("s3://lake/", delimiter="/").common_prefixes


def test_objects_that_vanish_while_they_are_listed_are_left_out(filled: Storage) -> None:
    listing = filled.iter("s3://lake/")
    first = next(listing)
    filled.delete_prefix("s3://lake/z/")
    filled.delete("s3://lake/a/y/z")
    assert [first.key, *(info.key for info in listing)] == ["a.b", "a/x", "a0", "b", "b-/c", "b.c"]


def test_staged_files_are_in_no_listing(filled: Storage) -> None:
    with filled.staging() as stage:
        stage.path("s3://lake/a/staged").write_bytes(b"x")
        assert keys_of(filled, "s3://lake/") == sorted(KEYS, key=str.encode)
        assert filled.buckets() == ["lake"]


SEGMENT = st.text(st.sampled_from("ab.-0é"), min_size=1, max_size=3).filter(lambda text: text not in {".", ".."})
KEY = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)


@given(
    st.sets(KEY, max_size=12),
    st.text(st.sampled_from("ab./"), max_size=3).filter(lambda text: not text.startswith("/") and "//" not in text),
    st.sampled_from(["", "/", ".", "a"]),
    st.integers(1, 5),
)
def test_listing_equals_s3s_definition(
    tmp_path_factory: pytest.TempPathFactory, keys: set[str], prefix: str, delimiter: str, limit: int
) -> None:
    if any(part in {"", ".", ".."} for part in prefix.split("/")[:-1]):
        prefix = ""
    storage = Storage(tmp_path_factory.mktemp("storage"), clock=ManualClock())
    storage.create_bucket("lake")
    kept: set[str] = set()
    for key in sorted(keys):
        if not any(other.startswith(key + "/") or key.startswith(other + "/") for other in kept):
            storage.put(f"s3://lake/{key}", b"")
            kept.add(key)
    expected: list[str] = []
    for key in sorted(kept, key=str.encode):
        if key.startswith(prefix):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            entry = key if cut < 0 else key[: cut + len(delimiter)]
            if entry not in expected:
                expected.append(entry)
    found: list[str] = []
    token = ""
    while True:
        listing = storage.list(f"s3://lake/{prefix}", delimiter, limit, token)
        page = [*(info.uri for info in listing.objects), *listing.common_prefixes]
        found += sorted((uri.removeprefix("s3://lake/") for uri in page), key=str.encode)
        token = listing.next_token
        if not token:
            break
    storage.close()
    assert found == expected
