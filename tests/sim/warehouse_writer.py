"""A process that changes a warehouse again and again and says each change that has committed: it is to be killed.

Every change `n` leaves the same mark, `n`, in each row of `marked` and as the last row of `log`: whoever looks sees one
number everywhere, or the change was torn.
"""

import sys

import kit
from kit.base.ids import Entropy
from kit.base.settings import Settings

SHAPES = [(1, 2), (2, 2), (1, 3)]


def change(warehouse: object, kind: str, n: int) -> None:
    mark = f"INSERT INTO log VALUES ({n})"
    match kind:
        case "update":
            warehouse.sql(f"BEGIN; UPDATE marked SET n = {n}; UPDATE copied SET n = {n}; {mark}; COMMIT")
        case "move":
            warehouse.sql(f"BEGIN; UPDATE marked SET k = k + 1, n = {n}; UPDATE copied SET n = {n}; {mark}; COMMIT")
        case "merge":
            warehouse.sql(
                f"BEGIN; CREATE TEMP TABLE fresh AS SELECT k, {n} AS n FROM marked; "
                "MERGE INTO marked USING fresh ON marked.k = fresh.k WHEN MATCHED THEN UPDATE SET n = fresh.n "
                "WHEN NOT MATCHED THEN INSERT VALUES (fresh.k, fresh.n); "
                f"UPDATE copied SET n = {n} FROM fresh WHERE fresh.k = fresh.k; DROP TABLE fresh; {mark}; COMMIT"
            )
        case "replace":
            warehouse.sql(
                "BEGIN; CREATE TEMP TABLE kept AS SELECT k FROM marked; DELETE FROM marked; "
                f"INSERT INTO marked SELECT k, {n} FROM kept; DROP TABLE kept; "
                f"UPDATE copied SET n = {n}; {mark}; COMMIT"
            )
        case "vacuum":
            warehouse.sql("VACUUM FULL marked TO 100 PERCENT; ANALYZE marked")
        case "resize":
            warehouse.cluster(*SHAPES[n % len(SHAPES)])
        case _:
            raise AssertionError(kind)


def main(path: str, seed: int, first: int) -> None:
    entropy = Entropy(seed)
    kinds = ["update", "move", "merge", "replace", "vacuum", "resize"]
    with kit.open(path, settings=Settings(threads=2, memory_bytes=256 << 20)) as workspace:
        warehouse = workspace.warehouse
        print("ready", flush=True)
        for n in range(first, first + 1_000):
            kind = kinds[min(int(entropy.fraction() * len(kinds)), len(kinds) - 1)]
            change(warehouse, kind, n)
            print(n if kind not in {"vacuum", "resize"} else -1, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
