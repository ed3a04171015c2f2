"""A kernel that works on a shared warehouse until there is a file `stop`, and writes down what it was told.

Each line of its journal is written before or after the fact that it tells of: `try` before a row is sent, `ack` when
it was committed, `lost` when the owner went and it is known that it was not, `bad` for what must not happen.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import kit
from kit.base.errors import KitError
from kit.base.settings import Settings
from kit.warehouse import Warehouse

HOME, NAME = Path(sys.argv[1]), sys.argv[2]
JOURNAL = os.open(HOME / f"journal-{NAME}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
# What a client may be told when the owner goes; 40001 is a conflict of two transactions.
CLEAR = {"08006", "08007", "40001"}
TRIES = 20


def note(*words: object) -> None:
    os.write(JOURNAL, (" ".join(map(str, words)) + "\n").encode())


def read(warehouse: Warehouse, told: Counter[str]) -> None:
    """One answer, at once or after clear errors; of one state: both rows of a pair or none."""
    for _ in range(TRIES):
        try:
            ((rows, pairs, odd),) = warehouse.sql(
                "SELECT COUNT(*), COUNT(DISTINCT pair), SUM(CASE WHEN n = 1 THEN 0 ELSE 1 END) FROM "
                "(SELECT kernel, pair, COUNT(*) / 2 AS n FROM pairs GROUP BY kernel, pair) p "
            ).rows
        except KitError as error:
            told[error.code] += 1
            if error.code not in CLEAR:
                note("bad", "read", error.code, str(error).replace("\n", " | "))
                return
            continue
        told["read"] += 1
        if odd:
            note("bad", "half", rows, pairs, odd)
        return
    note("bad", "read", "never answered")


def write(warehouse: Warehouse, number: int, told: Counter[str]) -> None:
    note("try", number)
    try:
        warehouse.sql(f"INSERT INTO rows VALUES ('{NAME}', {number})")
    except KitError as error:
        failed("write", number, error, told)
    else:
        note("ack", number)
        told["write"] += 1


def write_pair(warehouse: Warehouse, number: int, told: Counter[str]) -> None:
    note("try-pair", number)
    try:
        warehouse.sql("BEGIN")
        warehouse.sql(f"INSERT INTO pairs VALUES ('{NAME}', {number}, 'a')")
        warehouse.sql(f"INSERT INTO pairs VALUES ('{NAME}', {number}, 'b')")
        warehouse.sql("COMMIT")
    except KitError as error:
        failed("pair", number, error, told)
        give_up(warehouse, told)
    else:
        note("ack-pair", number)
        told["pair"] += 1


def failed(what: str, number: int, error: KitError, told: Counter[str]) -> None:
    told[error.code] += 1
    if error.code not in CLEAR:
        note("bad", what, error.code, str(error).replace("\n", " | "))
    elif error.code != "08007":
        note("lost" if what == "write" else "lost-pair", number)


def give_up(warehouse: Warehouse, told: Counter[str]) -> None:
    """End whatever block is open."""
    for _ in range(TRIES):
        try:
            warehouse.sql("ROLLBACK")
        except KitError as error:
            told[error.code] += 1
            continue
        return
    note("bad", "rollback", "never answered")


def stream(warehouse: Warehouse, told: Counter[str]) -> None:
    """More rows than are held: all of them, or a clear error."""
    try:
        rows = sum(batch.num_rows for batch in warehouse.sql("SELECT k, k + 1 AS l FROM many").batches())
    except KitError as error:
        told[error.code] += 1
        if error.code not in CLEAR:
            note("bad", "stream", error.code, str(error).replace("\n", " | "))
        return
    told["stream"] += 1
    if rows != 1 << 17:
        note("bad", "stream", rows)


def main() -> None:
    told: Counter[str] = Counter()
    with kit.open(HOME, settings=Settings(threads=1, memory_bytes=256 << 20, result_bytes=1 << 19)) as workspace:
        warehouse = workspace.warehouse
        number = 0
        while not (HOME / "stop").exists():
            number += 1
            write(warehouse, number, told)
            read(warehouse, told)
            if number % 3 == 0:
                write_pair(warehouse, number, told)
            if number % 4 == 0:
                stream(warehouse, told)
        note("end", "owner" if warehouse.ownership().is_here else "client", dict(told))


if __name__ == "__main__":
    main()
