"""The serialization graph: which histories have a serial order, checked against trying all orders."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from kit.warehouse.transact.serialization import Histories, History

X, Y, Z = ("public", "x"), ("public", "y"), ("public", "z")
tables = st.frozensets(st.sampled_from([X, Y, Z]), max_size=2)


def history(xid: int, snapshot: int, reads: set, writes: set) -> History:
    return History(xid, snapshot, frozenset(reads), frozenset(writes))


def test_write_skew_is_a_circle() -> None:
    histories = Histories()
    for xid in (1, 2):
        histories.begin(xid, 0)
    histories.commit(history(1, 0, {X, Y}, {X}), 1)

    found = histories.violation(history(2, 0, {X, Y}, {Y}))

    assert found is not None
    assert found.table in {X, Y}
    assert found.xids == (2, 1)


def test_what_is_seen_is_no_conflict() -> None:
    histories = Histories()
    histories.begin(3, 0)
    histories.commit(history(1, 0, {X}, {X}), 1)

    assert histories.violation(history(2, 1, {X}, {X})) is None


def test_nothing_is_kept_that_nobody_can_conflict_with() -> None:
    histories = Histories()
    histories.begin(1, 0)
    histories.begin(2, 0)
    histories.commit(history(1, 0, {X}, {X}), 1)

    kept = histories.last_writer(X, 0)
    histories.end(2)

    assert (kept, histories.last_writer(X, 0), histories.count) == (1, None, 0)


def test_the_message_names_table_and_circle_as_redshift_does() -> None:
    histories = Histories()
    histories.begin(2, 0)
    histories.commit(history(1, 0, {Y}, {X}), 1)
    found = histories.violation(history(2, 0, {X}, {Y}))
    assert found is not None

    error = found.error(107)

    assert error.code == "40001"
    assert error.message == (
        "1023: Serializable isolation violation on table - 107, transactions forming the cycle are: 2, 1"
    )


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[int, frozenset, frozenset]]:
    """Transactions in the order of their commits: how many commits each one's snapshot is old, reads, writes."""
    count = draw(st.integers(1, 5))
    return [(draw(st.integers(0, number)), draw(tables), draw(tables)) for number in range(count)]


@given(runs())
def test_what_commits_has_a_serial_order_with_the_same_reads(run: list[tuple[int, frozenset, frozenset]]) -> None:
    histories = Histories()
    histories.begin(99, 0)
    number = 0
    kept: list[tuple[History, int]] = []
    for xid, (age, reads, writes) in enumerate(run, 1):
        made = History(xid, max(0, number - age), reads, writes)
        stale = any(table in other.writes and at > made.snapshot for other, at in kept for table in writes)
        # A table that another has written since is written again only blindly: locks and row conflicts see to that.
        if histories.violation(made) is not None or (stale and writes & reads):
            histories.end(xid)
            continue
        number += 1
        histories.commit(made, number)
        kept.append((made, number))

    assert _has_serial_order(kept)


def _has_serial_order(kept: list[tuple[History, int]]) -> bool:
    """Whether in some order everybody reads what it read, and the last writer of each table is the same."""
    last = {table: each.xid for each, _ in kept for table in each.writes}
    return any(_agrees(order, kept, last) for order in permutations(kept))


def _agrees(order: tuple[tuple[History, int], ...], kept: list[tuple[History, int]], last: dict) -> bool:
    versions: dict = {}
    for each, _ in order:
        for table in each.reads:
            seen = {}
            for other, at in kept:
                if at <= each.snapshot and table in other.writes:
                    seen[table] = other.xid
            if versions.get(table) != seen.get(table):
                return False
        versions.update(dict.fromkeys(each.writes, each.xid))
    return versions == last
