"""A producer until it is told to end by a line on its input; then it says how many records it has put.

Usage: producer_worker.py FOLDER STREAM NAME RECORDS_A_SECOND. The records of a producer are numbered; a key's numbers
rise.
"""

import sys
import threading
import time

import kit

KEYS = 20
TICK_SECONDS = 0.01


def main(folder: str, stream: str, name: str, rate: str) -> None:
    done = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), done.set()), daemon=True).start()
    number = 0
    began = time.monotonic()
    with kit.open(folder) as workspace, workspace.streams[stream].producer(linger_ms=20) as producer:
        while not done.wait(TICK_SECONDS):
            due = int((time.monotonic() - began) * int(rate))
            while number < due:
                producer.put(str(number), f"{name}-{number % KEYS}")
                number += 1
    sys.stdout.write(f"{number}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
