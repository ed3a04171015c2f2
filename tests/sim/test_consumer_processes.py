"""Two producers and three consumers in five processes, a consumer killed again and again, the stream resharded."""

import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

import kit

HERE = Path(__file__).parent
FULL = bool(os.environ.get("BOATHOUSE_SOAK"))
SECONDS, KILL_SECONDS = (60, 5.0) if FULL else (8, 1.5)
RATE = 1_500
DRAIN_SECONDS = 60


def launch(script, out, *arguments):
    return subprocess.Popen(
        [sys.executable, HERE / script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=out,
        text=True,
        cwd=HERE.parent.parent,
        env=os.environ | {"PYTHONPATH": str(HERE.parent.parent)},
    )


class Consumers:
    """Three at a time, each with a file for its output."""

    def __init__(self, folder, workspace):
        self.folder = folder
        self.workspace = workspace
        self.running = {}
        self.outputs = []

    def start(self):
        name = f"c{len(self.outputs)}"
        output = self.folder / f"{name}.txt"
        self.outputs.append(output)
        with output.open("w") as out:
            self.running[name] = launch("consumer_worker.py", out, self.workspace, "s", "app", name)

    def kill_one(self):
        name = next(iter(self.running))
        process = self.running.pop(name)
        process.kill()
        process.communicate()

    def stop(self):
        for process in self.running.values():
            process.communicate("\n")
            assert process.returncode == 0

    def processed(self):
        """Lines (stamp, shard, key, number) of all consumers in the order of processing.

        The last line of a killed consumer may be torn: it was not processed.
        """
        lines = []
        for output in self.outputs:
            for line in output.read_text().splitlines(keepends=True):
                if line.endswith("\n"):
                    stamp, shard, key, number = line.split()
                    lines.append((int(stamp), shard, key, int(number)))
        return sorted(lines, key=lambda line: line[0])


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + DRAIN_SECONDS + 120)
def test_every_record_is_processed_and_every_shard_in_order_though_consumers_are_killed(tmp_path):
    workspace = tmp_path / "ws"
    with kit.open(workspace) as ws:
        stream = ws.streams.create("s", shards=3)
        stream.limits(enforced=False)
        consumers = Consumers(tmp_path, workspace)
        producers = {
            name: launch("producer_worker.py", subprocess.PIPE, workspace, "s", name, RATE) for name in ("a", "b")
        }
        try:
            for _ in range(3):
                consumers.start()
            began = time.monotonic()
            kills = 0
            while time.monotonic() - began < SECONDS:
                time.sleep(KILL_SECONDS)
                consumers.kill_one()
                consumers.start()
                kills += 1
                opened = [shard.shard_id for shard in stream.shards() if shard.is_open]
                if kills == 2:
                    stream.split(opened[0])
                elif kills == 3:
                    stream.merge(*opened[-2:])
            put = {name: int(process.communicate("\n")[0]) for name, process in producers.items()}
            expected = {(name, number) for name, count in put.items() for number in range(count)}
            until = time.monotonic() + DRAIN_SECONDS
            while (
                len({(key[0], number) for _, _, key, number in consumers.processed()}) < len(expected)
                and time.monotonic() < until
            ):
                time.sleep(0.3)
            consumers.stop()
        finally:
            for process in (*producers.values(), *consumers.running.values()):
                process.kill()
                process.communicate()

    processed = consumers.processed()
    assert {(key[0], number) for _, _, key, number in processed} == expected
    assert sum(put.values()) > RATE * SECONDS
    assert kills >= 3
    first_by_key, known = defaultdict(list), set()
    first_by_shard = defaultdict(list)
    for _, shard, key, number in processed:
        if (key[0], number) not in known:
            known.add((key[0], number))
            first_by_key[key].append(number)
            first_by_shard[shard].append((key, number))
    assert all(numbers == sorted(numbers) for numbers in first_by_key.values())
    stored = stored_by_shard(workspace)
    for shard, records in first_by_shard.items():
        wanted = set(records)
        assert records == [record for record in stored[shard] if record in wanted]


def stored_by_shard(workspace):
    """The user records of every shard, in its order: key and number."""
    seen = defaultdict(list)

    def note(records):
        for record in records:
            seen[record.shard_id].append((record.partition_key, int(record.data)))

    with kit.open(workspace) as ws, ws.streams["s"].consumer("check", note) as reader:
        reader.run(until="tip")
    return seen
