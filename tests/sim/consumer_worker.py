"""A worker of an application until it is killed or told to end by a line on its input.

Usage: consumer_worker.py FOLDER STREAM APPLICATION NAME. Each line of output is a record as it is processed: a stamp of
the machine's monotonic clock, the shard, the partition key and the number that the record carries.
"""

import sys
import time

import kit
from kit.streams.consume.records import ConsumedRecord


def process(records: list[ConsumedRecord]) -> None:
    stamp = time.monotonic_ns()
    lines = [f"{stamp} {record.shard_id} {record.partition_key} {record.data.decode()}\n" for record in records]
    sys.stdout.write("".join(lines))
    sys.stdout.flush()  # on its way out before the checkpoint says that it was processed
    time.sleep(0.002)


def main(folder: str, stream: str, application: str, name: str) -> None:
    with (
        kit.open(folder) as workspace,
        workspace.streams[stream].consumer(
            application, process, worker=name, failover_ms=400, idle_ms=20, max_records=200
        ) as consumer,
    ):
        consumer.start()
        sys.stdin.readline()
        consumer.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
