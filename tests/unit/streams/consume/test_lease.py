from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kit.base.ids import Entropy
from kit.streams.consume.checkpoint import ShardEnd, TrimHorizon
from kit.streams.consume.lease import Ask, Lease, Take, Watch, is_ready, plan


def table(*leases):
    return {lease.shard: lease for lease in leases}


def lease(shard, owner=None, **attributes):
    return Lease(shard, attributes.pop("checkpoint", TrimHorizon()), owner=owner, **attributes)


def moves(leases, worker, stalled=(), **arguments):
    planned = plan(leases, worker, frozenset(stalled), Entropy(1), **arguments)
    return [(type(move).__name__, move.lease.shard) for move in planned]


def test_a_lone_worker_takes_everything():
    assert sorted(moves(table(lease("a"), lease("b"), lease("c")), "w")) == [("Take", shard) for shard in "abc"]


def test_a_second_worker_asks_the_first_for_one_lease_at_a_time():
    leases = table(*(lease(shard, "first") for shard in "abcd"))

    [(kind, shard)] = moves(leases, "second")

    assert kind == "Ask"
    leases[shard] = replace(leases[shard], successor="second")
    assert moves(leases, "second") == []


def test_nothing_moves_where_loads_differ_by_one():
    leases = table(lease("a", "first"), lease("b", "first"), lease("c", "second"))

    assert moves(leases, "first") == moves(leases, "second") == []


def test_a_third_worker_gets_a_lease_though_nobody_is_above_the_share():
    leases = table(lease("a", "first"), lease("b", "first"), lease("c", "second"), lease("d", "second"))

    assert len(moves(leases, "third")) == 1


def test_leases_of_the_dead_are_taken_before_the_living_are_asked():
    leases = table(lease("a", "dead"), lease("b", "living"), lease("c", "living"))

    assert moves(leases, "w", stalled="a") == [("Take", "a")]


def test_a_child_waits_for_all_of_its_parents():
    leases = table(lease("left", checkpoint=ShardEnd()), lease("right"), lease("child", parents=("left", "right")))
    assert not is_ready(leases["child"], leases)

    leases["right"] = replace(leases["right"], checkpoint=ShardEnd())

    assert is_ready(leases["child"], leases)
    assert moves(leases, "w") == [("Take", "child")]


def test_a_parent_that_the_table_does_not_know_holds_nobody_back():
    leases = table(lease("child", parents=("gone",)))

    assert is_ready(leases["child"], leases)


def test_an_owner_is_dead_once_its_counter_stands_still_for_the_failover_time():
    watch = Watch(failover_ms=100)
    leases = table(lease("a", "w", counter=1), lease("b", "w", counter=1), lease("free"))

    assert watch.stalled(leases, 0) == frozenset()
    leases["b"] = replace(leases["b"], counter=2)
    assert watch.stalled(leases, 99) == frozenset()
    assert watch.stalled(leases, 100) == {"a"}
    assert watch.stalled(leases, 199) == {"a", "b"}


def test_a_new_owner_gets_the_whole_failover_time():
    watch = Watch(failover_ms=100)
    watch.stalled(table(lease("a", "w", tenure=1, counter=1)), 0)

    assert watch.stalled(table(lease("a", "x", tenure=2, counter=1)), 100) == frozenset()


def test_an_ended_shard_has_no_dead_owner():
    watch = Watch(failover_ms=100)
    leases = table(lease("a", "w", checkpoint=ShardEnd()))
    watch.stalled(leases, 0)

    assert watch.stalled(leases, 1_000) == frozenset()


@given(
    shards=st.integers(1, 24),
    workers=st.integers(1, 6),
    dead=st.integers(0, 3),
    seed=st.integers(0, 1 << 16),
    turns=st.lists(st.integers(0, 5), max_size=40),
)
def test_any_turns_of_the_workers_lead_to_an_even_load_where_nothing_moves_any_more(shards, workers, dead, seed, turns):
    entropy = Entropy(seed)
    names = [f"w{index}" for index in range(workers)]
    owners = [None, *names, *(f"dead{index}" for index in range(dead))]
    leases = table(*(lease(f"s{index:02d}", owners[entropy.below(len(owners))]) for index in range(shards)))

    def turn(name):
        stalled = frozenset(shard for shard, held in leases.items() if (held.owner or "").startswith("dead"))
        planned = plan(leases, name, stalled, entropy)
        for move in planned:
            match move:
                case Take(taken):
                    leases[taken.shard] = replace(taken, owner=name, successor=None)
                case Ask(asked):
                    leases[asked.shard] = replace(asked, successor=name)
        return planned

    def hand_over():
        for shard, held in leases.items():
            if held.successor:
                leases[shard] = replace(held, owner=held.successor, successor=None)

    for index in turns:
        turn(names[index % workers])
        if index == 5:
            hand_over()
    for _ in range(2 * shards + 2):
        for name in names:
            turn(name)
        hand_over()

    loads = Counter(dict.fromkeys(names, 0))
    loads.update(held.owner for held in leases.values())
    assert set(loads) == set(names)
    assert max(loads.values()) - min(loads.values()) <= 1
    assert not any(turn(name) for name in names)
