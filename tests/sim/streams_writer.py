"""A process that puts numbered records until it is killed, and says on its output what was acknowledged.

Usage: streams_writer.py FOLDER STREAM WRITER SEED. A line of output `n` means: the records of this writer up to and
including number n are acknowledged. Segments are small, so that finishing and rewriting them is often under way.
"""

import sys
from contextlib import suppress

import pyarrow as pa

import kit
from kit.base.ids import Entropy
from kit.streams.errors import InvalidArgumentException, ResourceInUseException
from kit.streams.log import writer
from kit.streams.stream import Stream

KEYS = 3


def key(name: str, number: int) -> str:
    return f"{name}-{number % KEYS}"


def put(stream: Stream, name: str, number: int, chance: Entropy) -> int:
    """Put some records in one of the ways that there are; the first number that is not put."""
    match chance.below(3):
        case 0:
            stream.put_record(str(number), key(name, number))
            return number + 1
        case 1:
            numbers = range(number, number + 1 + chance.below(40))
            results = stream.put_records([(str(each).encode(), key(name, each)) for each in numbers])
            assert not [result for result in results if result.error_code]
        case _:
            numbers = range(number, number + 1 + chance.below(200))
            table = pa.table(
                {"data": [str(each) for each in numbers], "partition_key": [key(name, each) for each in numbers]}
            )
            stream.append(table)
    return numbers.stop


def reshard(stream: Stream, chance: Entropy) -> None:
    """Split or merge, so that being killed while doing so is tried as well."""
    open_shards = sorted(
        (shard for shard in stream.shards() if shard.is_open), key=lambda shard: shard.starting_hash_key
    )
    # Another process may be faster with one of these shards, or in the middle of it.
    with suppress(InvalidArgumentException, ResourceInUseException):
        if len(open_shards) < 3:
            stream.split(open_shards[chance.below(len(open_shards))].shard_id)
        else:
            place = chance.below(len(open_shards) - 1)
            stream.merge(open_shards[place].shard_id, open_shards[place + 1].shard_id)


def main(folder: str, stream_name: str, name: str, seed: int) -> None:
    writer.SEGMENT_BYTES = 16_384
    writer.SMALL_FRAMES = 64
    writer.WORTH_COMPACTING = 8
    chance = Entropy(seed)
    with kit.open(folder) as workspace:
        stream = workspace.streams[stream_name]
        number = 0
        while True:
            number = put(stream, name, number, chance)
            sys.stdout.write(f"{number - 1}\n")
            sys.stdout.flush()
            if chance.below(15) == 0:
                reshard(stream, chance)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
