"""Whether a record is late follows from the log: from its own shard, and from the others where its shard was silent."""

import numpy as np
import pytest

from kit.analytics.watermark import ALWAYS, NEVER, Chunk, Watermarks


def chunk(*records, more=False):
    """Records as pairs of arrival and event time."""
    arrivals, events = zip(*records, strict=True)
    return Chunk(np.array(arrivals, np.int64), np.array(events, np.int64), more)


def marks(parents, *, lateness=0, idle=None, made=0):
    made_at = dict.fromkeys(parents, made)
    found = Watermarks(lateness, idle)
    found.know(parents, made_at, at={})
    return found


def test_the_watermark_before_a_record_is_the_highest_time_before_it_less_the_lateness():
    shards = marks({0: ()}, lateness=2)

    admitted = shards.admit({0: chunk((1, 10), (2, 8), (3, 20), (4, 19))}, (), ALWAYS)

    assert admitted[0].watermarks().tolist() == [NEVER, 8, 8, 18]
    assert shards.common(4) == 18


def test_the_common_watermark_is_the_lowest_of_all_shards():
    shards = marks({0: (), 1: ()})

    shards.admit({0: chunk((1, 50)), 1: chunk((1, 10))}, (), ALWAYS)

    assert shards.common(1) == 10


def test_a_shard_without_records_holds_the_others_until_it_is_idle():
    shards = marks({0: (), 1: ()}, idle=5)

    shards.admit({0: chunk((4, 50))}, (), ALWAYS)

    assert shards.common(5) == NEVER
    assert shards.common(6) == 50


def test_when_all_shards_are_silent_the_watermark_stays_where_it_was():
    shards = marks({0: (), 1: ()}, idle=5)

    shards.admit({0: chunk((1, 50)), 1: chunk((3, 10))}, (), ALWAYS)

    assert [shards.common(at) for at in (3, 7, 100)] == [10, 10, 10]


def test_a_shard_that_wakes_begins_with_the_watermark_of_the_others():
    shards = marks({0: (), 1: ()}, idle=5)
    shards.admit({0: chunk((1, 10)), 1: chunk((1, 10))}, (), ALWAYS)

    admitted = shards.admit({0: chunk((4, 50), (9, 60), (12, 70)), 1: chunk((11, 12), (12, 13))}, (), ALWAYS)

    assert admitted[1].watermarks().tolist() == [60, 60]


def test_a_shard_that_wakes_waits_until_all_that_arrived_before_is_there():
    shards = marks({0: (), 1: ()}, idle=5)
    shards.admit({0: chunk((1, 10)), 1: chunk((1, 10))}, (), ALWAYS)

    unsettled = shards.admit({1: chunk((11, 12))}, (), 10)
    cut = shards.admit({0: chunk((4, 50), more=True), 1: chunk((11, 12))}, (), ALWAYS)
    whole = shards.admit({0: chunk((9, 60)), 1: chunk((11, 12))}, (), ALWAYS)

    assert (unsettled[1].count, cut[1].count, whole[1].count) == (0, 0, 1)
    assert whole[1].watermarks().tolist() == [60]


def test_children_begin_where_their_parent_ended_and_the_parent_stands_for_them_until_then():
    shards = marks({0: (), 1: (0,), 2: (0,)})
    shards.admit({0: chunk((1, 30))}, (1, 2), ALWAYS)
    shards.shards[0].done = True

    admitted = shards.admit({1: chunk((2, 5), (3, 90))}, (), ALWAYS)
    held = shards.common(3)
    shards.admit({2: chunk((4, 80))}, (), ALWAYS)

    assert admitted[1].watermarks().tolist() == [30, 30]
    assert (held, shards.common(4)) == (30, 80)


def test_a_merged_shard_begins_with_the_lower_watermark_of_its_parents():
    shards = marks({0: (), 1: (), 2: (0, 1)})
    shards.admit({0: chunk((1, 30)), 1: chunk((1, 20))}, (2,), ALWAYS)
    shards.shards[0].done = shards.shards[1].done = True

    admitted = shards.admit({2: chunk((2, 25))}, (), ALWAYS)

    assert admitted[2].watermarks().tolist() == [20]


def test_a_child_is_read_after_its_parents():
    shards = marks({0: (), 1: (0,)})

    assert not shards.readable(1)
    shards.shards[0].done = True
    assert shards.readable(1)


@pytest.mark.parametrize("cut", range(1, 6))
def test_where_a_log_is_cut_into_batches_decides_nothing(cut):
    records = {
        0: [(1, 5), (2, 40), (20, 41), (21, 60), (40, 61), (41, 2)],
        1: [(1, 7), (18, 8), (19, 50), (39, 9), (60, 9), (61, 1)],
    }
    whole = marks({0: (), 1: ()}, idle=10)
    at_once = whole.admit({index: chunk(*rows) for index, rows in records.items()}, (), ALWAYS)

    parts = marks({0: (), 1: ()}, idle=10)
    found = {0: [], 1: []}
    left = {index: list(rows) for index, rows in records.items()}
    while any(left.values()):
        chunks = {index: chunk(*rows[:cut], more=len(rows) > cut) for index, rows in left.items() if rows}
        for index, admitted in parts.admit(chunks, (), ALWAYS).items():
            found[index] += admitted.watermarks().tolist()
            left[index] = left[index][admitted.count :]

    assert found == {index: admitted.watermarks().tolist() for index, admitted in at_once.items()}
    assert parts.dump() == whole.dump()
