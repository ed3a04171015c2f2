import sqlite3
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.base.errors import KitError
from kit.streams.consume.checkpoint import (
    After,
    AtTimestamp,
    ShardEnd,
    TrimHorizon,
    from_text,
    order,
    to_text,
)
from kit.streams.consume.lease import Lease
from kit.streams.consume.store import LeaseStore

FIRST = [Lease("a", TrimHorizon(), (), 0, 9), Lease("b", AtTimestamp(5), ("x", "y"), 10, 1 << 127)]


@pytest.fixture
def store(tmp_path):
    store = LeaseStore(tmp_path / "app.sqlite", "s")
    store.begin("born", FIRST)
    yield store
    store.close()


CHECKPOINTS = st.one_of(
    st.just(TrimHorizon()),
    st.just(ShardEnd()),
    st.builds(AtTimestamp, st.integers(0, 1 << 50)),
    st.builds(After, st.integers(0, 10**56 - 1).map(str), st.none() | st.integers(0, 1 << 40)),
)


@given(CHECKPOINTS)
def test_a_checkpoint_survives_its_text(checkpoint):
    assert from_text(to_text(checkpoint)) == checkpoint


def test_checkpoints_sort_by_how_far_they_are():
    ascending = [TrimHorizon(), After("9", 0), After("9", 1), After("9"), After("10", 0), After("10"), ShardEnd()]

    backwards = ascending[::-1]

    assert sorted(backwards, key=order) == ascending


def test_leases_are_read_as_they_were_written(store):
    assert store.leases() == {lease.shard: lease for lease in FIRST}


def test_the_first_worker_writes_the_first_leases_and_later_ones_find_them(store):
    store.begin("born", [Lease("other", TrimHorizon())])

    assert list(store.leases()) == ["a", "b"]


def test_checkpoints_of_an_earlier_stream_of_the_same_name_are_refused(store):
    with pytest.raises(KitError) as caught:
        store.begin("born again", FIRST)

    assert caught.value.code == "InvalidStateException"
    store.reset()
    store.begin("born again", FIRST)
    assert store.is_begun()


def test_streams_do_not_see_each_other(store, tmp_path):
    other = LeaseStore(tmp_path / "app.sqlite", "other")

    assert other.leases() == {}
    other.close()


def test_a_workers_name_is_not_given_again_before_it_has_left(store):
    assert [store.enrol("w"), store.enrol("w"), store.enrol("v"), store.enrol("w")] == ["w", "w#2", "v", "w#3"]

    store.leave("w#2")

    assert [store.enrol("w"), store.enrol("w")] == ["w#2", "w#4"]


@pytest.mark.parametrize("name", ["", "a#2"])
def test_a_name_that_could_be_anothers_is_refused(store, name):
    with pytest.raises(KitError, match="no name of a worker"):
        store.enrol(name)


def test_of_two_that_take_what_they_saw_one_succeeds(store):
    seen = store.leases()["a"]

    taken = store.take(seen, "first")

    assert (taken.owner, taken.tenure) == ("first", 1)
    assert store.take(seen, "second") is None
    assert store.leases()["a"].owner == "first"


def test_a_renewal_in_between_foils_a_take_over(store):
    store.take(store.leases()["a"], "first")
    seen = store.leases()["a"]
    store.renew("first", {"a": 7})

    assert store.take(seen, "second") is None
    assert store.leases()["a"].behind_ms == 7


def test_a_former_owner_can_neither_checkpoint_nor_end_nor_release(store):
    former = store.take(store.leases()["a"], "first")
    store.take(store.leases()["a"], "second")

    assert not store.checkpoint(former, After("1"), 0)
    assert not store.end(former, [])
    assert not store.release(former)
    assert store.renew("first", {}) == {}
    assert store.leases()["a"].checkpoint == TrimHorizon()


def test_the_same_worker_in_a_later_tenure_fences_off_its_earlier_self(store):
    earlier = store.take(store.leases()["a"], "w")
    store.release(earlier)
    later = store.take(store.leases()["a"], "w")

    assert not store.checkpoint(earlier, After("1"), 0)
    assert store.checkpoint(later, After("1"), 0)


def test_a_lease_goes_to_the_first_who_asked(store):
    held = store.take(store.leases()["a"], "first")
    assert store.ask(held, "second")
    assert not store.ask(held, "third")

    store.release(held)

    assert store.leases()["a"].owner == "second"
    assert store.leases()["a"].successor is None


def test_a_lease_that_nobody_asked_for_is_free_once_released(store):
    store.release(store.take(store.leases()["a"], "first"))

    assert store.leases()["a"].owner is None


def test_the_end_of_a_shard_brings_its_children_once(store):
    child = Lease("c", TrimHorizon(), ("a", "b"), 0, 1 << 127)

    for shard in ("a", "b"):
        assert store.end(store.take(store.leases()[shard], "w"), [child])

    leases = store.leases()
    assert leases["c"] == child
    assert leases["a"].ended
    assert leases["a"].owner is None


def test_the_file_is_private(store, tmp_path):
    assert (tmp_path / "app.sqlite").stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "bad.sqlite").write_bytes(b"this is no database" * 100)

    with pytest.raises(KitError) as caught:
        LeaseStore(tmp_path / "bad.sqlite", "s").leases()

    assert caught.value.code == "LeaseTableUnavailable"
    assert isinstance(caught.value.__cause__, sqlite3.Error)


def test_threads_that_race_for_leases_share_them_without_overlap(tmp_path):
    store = LeaseStore(tmp_path / "app.sqlite", "s")
    store.begin("born", [Lease(f"s{index:02d}", TrimHorizon()) for index in range(40)])
    seen = store.leases()
    won = {name: [] for name in "abcd"}

    def race(name):
        won[name] = [shard for shard, lease in seen.items() if store.take(lease, name)]

    threads = [threading.Thread(target=race, args=(name,)) for name in won]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(shard for shards in won.values() for shard in shards) == sorted(seen)
    assert {shard: lease.owner for shard, lease in store.leases().items()} == {
        shard: name for name, shards in won.items() for shard in shards
    }
    store.close()
