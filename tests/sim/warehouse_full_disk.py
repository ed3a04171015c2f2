"""A process whose disk is full: no file can be written beyond its first bytes. It runs one statement and says how that
ended."""

import resource
import signal
import sys

import kit
from kit.base.errors import KitError
from kit.base.settings import Settings


def main(path: str, room_bytes: int, statement: str) -> None:
    # Python ignores the signal already; a write beyond the limit fails with EFBIG then.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with kit.open(path, settings=Settings(threads=2, memory_bytes=64 << 20)) as workspace:
        warehouse = workspace.warehouse
        warehouse.sql("SELECT COUNT(*) FROM t")
        resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, resource.RLIM_INFINITY))
        try:
            print("done", warehouse.sql(statement).message)
        except KitError as error:
            print(error.code, error.message)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
