"""Runs a continuous query in processes that kill themselves at a given moment.

Usage: window_worker.py FOLDER QUERY. Each line of input is `MOMENT COUNT`: a fresh process goes on with the query and
sends itself SIGKILL the COUNTth time that it comes to MOMENT, one of `checkpoint` (before the new file is in place),
`placed` (after), `emit` (before rows go to the destination), `midway` (when a shard or the storage has taken its part)
and `emitted`. The answer is a line: the signal that ended it, or 0 where nothing was left to do.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import kit
from kit.analytics.destinations import IntoStream, IntoTable
from kit.storage import Storage
from kit.streams.live_shard import LiveShard

MOMENTS = (
    (Path, "replace", "checkpoint", "placed"),
    (IntoStream, "deliver", "emit", "emitted"),
    (IntoTable, "deliver", "emit", "emitted"),
    (LiveShard, "append", "", "midway"),
    (Storage, "put", "", "midway"),
)


def main(folder: str, name: str) -> None:
    for line in sys.stdin:
        moment, count = line.split()
        child = os.fork()
        if child == 0:
            go_on(folder, name, moment, int(count))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status), flush=True)


def go_on(folder: str, name: str, moment: str, count: int) -> None:
    left = count

    def come_to(place: str) -> None:
        nonlocal left
        if place == moment:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def watched(owner: Any, method: str, before: str, after: str) -> None:
        call = getattr(owner, method)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            come_to(before)
            value = call(*arguments, **options)
            come_to(after)
            return value

        setattr(owner, method, wrapped)

    for owner, method, before, after in MOMENTS:
        watched(owner, method, before, after)
    with kit.open(folder) as ws:
        query = ws.analytics.start(name, background=False)
        while query.step():
            pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
