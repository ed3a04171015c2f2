"""Workers of one application under seeded faults and a moved clock, on the real log.

Faults: a worker dies without a word; one is suspended for longer than the failover time and wakes up; one leaves in
order; new ones join; shards split and merge; reads are throttled and fail; a function raises now and then; producers
meet partial failures. Whatever happens: every record is processed, and where records of a shard are processed for the
first time, they are so in the shard's order, parents before children.
"""

import contextlib
import os
from collections import defaultdict

import pytest

from kit.base.clock import ManualClock
from kit.base.ids import Entropy
from kit.base.settings import Settings
from kit.streams import Streams
from kit.streams.errors import LimitExceededException

# The first ones merge a shard with the child of one that is still being read.
SEEDS = range(200) if os.environ.get("BOATHOUSE_SOAK") else (29, 38, 53, 0, 1, 2, 3)
ROUNDS = 60
FAILOVER_MS = 3_000


class Simulation:
    def __init__(self, folder, seed):
        self.clock = ManualClock()
        self.entropy = Entropy(seed)
        self.streams = Streams(folder, clock=self.clock, entropy=self.entropy, settings=Settings())
        self.stream = self.streams.create("s", shards=1 + self.entropy.below(4))
        self.stream.limits(enforced=self.entropy.below(2) == 0)
        self.producer = self.stream.producer(background=False, linger_ms=50, record_ttl_ms=None)
        self.workers = {}
        self.asleep = {}
        self.put = 0
        self.made = 0
        self.deaths = 0
        # In the order of processing: shard and the number that the record carries.
        self.processed = []

    def join(self):
        name = f"w{self.made}"
        self.made += 1
        flaky = Entropy(self.entropy.below(1 << 30))

        def on_records(records):
            if flaky.below(10) == 0:
                raise ValueError("now and then")
            self.processed.extend((record.shard_id, record.partition_key, int(record.data)) for record in records)

        self.workers[name] = self.stream.consumer(
            "app",
            on_records,
            worker=name,
            failover_ms=FAILOVER_MS,
            max_records=1 + self.entropy.below(40),
            attempts=100,
            idle_ms=200,
        )

    def one(self, among):
        return sorted(among)[self.entropy.below(len(among))]

    def disturb(self):
        match self.entropy.below(14):
            case 0 if len(self.workers) > 1:  # dies: its leases stay, its objects are never used again
                dead = self.workers.pop(self.one(self.workers))
                dead._store.close()
                self.deaths += 1
            case 1 if len(self.workers) > 1:
                name = self.one(self.workers)
                self.asleep[name] = (self.workers.pop(name), self.clock.now_ns() + 2 * FAILOVER_MS * 1_000_000)
            case 2 if len(self.workers) > 1:
                self.workers.pop(self.one(self.workers)).close()
            case 3 | 4 if len(self.workers) < 5:
                self.join()
            case 5:
                self.reshard(lambda shards: self.stream.split(shards[self.entropy.below(len(shards))].shard_id))
            case 6:
                self.reshard(self.merge)
            case 7:
                throttle, failure = self.entropy.below(3) / 10, self.entropy.below(2) / 10
                self.stream.inject(throttle=throttle, failure=failure, seed=self.entropy.below(99))

    def reshard(self, change):
        opened = [shard for shard in self.stream.shards() if shard.is_open]
        shards = sorted(opened, key=lambda shard: shard.starting_hash_key)
        with contextlib.suppress(LimitExceededException):
            change(shards)

    def merge(self, shards):
        if len(shards) > 1:
            position = self.entropy.below(len(shards) - 1)
            self.stream.merge(shards[position].shard_id, shards[position + 1].shard_id)

    def round(self):
        for _ in range(self.entropy.below(40)):
            self.producer.put(str(self.put), f"k{self.put % 11}")
            self.put += 1
        self.disturb()
        for name in sorted(self.asleep):
            worker, until = self.asleep[name]
            if self.clock.now_ns() >= until:
                del self.asleep[name]
                self.workers[name] = worker
        names = sorted(self.workers)
        for _ in range(len(names)):
            self.workers[self.one(names)].step()
        self.clock.advance(self.entropy.below(800) / 1000)

    def run(self):
        self.join()
        for _ in range(ROUNDS):
            self.round()
        self.stream.inject()
        self.producer.close()
        for worker, _ in self.asleep.values():
            worker.close()
        for _ in range(3_000):
            for name in sorted(self.workers):
                self.workers[name].step()
            self.clock.advance(0.2)
            if len({number for _, _, number in self.processed}) == self.put and all(
                worker.at_tip() for worker in self.workers.values()
            ):
                break

    def stored(self):
        """The numbers of the user records of every shard, in its order."""
        seen = defaultdict(list)

        def note(records):
            for record in records:
                seen[record.shard_id].append(int(record.data))

        with self.stream.consumer("check", note) as reader:
            reader.run(until="tip")
        return seen

    def close(self):
        for worker in self.workers.values():
            worker.close()
        self.streams.close()


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_is_processed_and_for_the_first_time_in_order(tmp_path, seed):
    simulation = Simulation(tmp_path / "streams", seed)
    try:
        simulation.run()

        assert {number for _, _, number in simulation.processed} == set(range(simulation.put))
        by_shard, by_key, known = defaultdict(list), defaultdict(list), set()
        for shard, key, number in simulation.processed:
            if number not in known:
                known.add(number)
                by_shard[shard].append(number)
                by_key[key].append(number)
        assert all(numbers == sorted(numbers) for numbers in by_key.values())
        stored = simulation.stored()
        assert {
            shard: [number for number in stored[shard] if number in numbers] for shard, numbers in by_shard.items()
        } == by_shard
    finally:
        simulation.close()
