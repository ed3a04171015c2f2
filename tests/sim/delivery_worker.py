"""A process that puts numbered records and delivers them until it is killed, or kills itself at a named point.

Usage: delivery_worker.py FOLDER WRITER SEED POINT COUNT. A line of output `n` means: the records of this writer up to
and including number n are acknowledged. POINT is `none`, or the method around which the process ends by SIGKILL when
it is called for the COUNT-th time.
"""

import base64
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa

import kit
from kit.base.ids import Entropy
from kit.catalog import Catalog
from kit.delivery.store import Store
from kit.storage import Stage

POINTS: dict[str, tuple[type, str, str]] = {
    "before-begin": (Store, "begin", "before"),
    "after-begin": (Store, "begin", "after"),
    "before-publish": (Stage, "publish", "before"),
    "after-publish": (Stage, "publish", "after"),
    "before-partitions": (Catalog, "add_partitions", "before"),
    "after-partitions": (Catalog, "add_partitions", "after"),
    "before-commit": (Store, "commit", "before"),
    "after-commit": (Store, "commit", "after"),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str, count: int) -> None:
    """Let the process end at the point."""
    kind, name, when = POINTS[point]
    original: Callable[..., Any] = getattr(kind, name)
    calls = 0

    def armed(*positional: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        is_meant = calls == count  # other threads may call meanwhile
        if is_meant and when == "before":
            die()
        answer = original(*positional, **named)
        if is_meant:
            die()
        return answer

    setattr(kind, name, armed)


def mark(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The transformation: refuses every seventh number, passes the others on with a mark."""
    made = []
    for record in event["records"]:
        text = base64.b64decode(record["data"]).decode()
        if int(text.rsplit("-", 1)[1]) % 7 == 0:
            made.append({"recordId": record["recordId"], "result": "ProcessingFailed"})
        else:
            data = base64.b64encode(f"{text}!".encode()).decode()
            made.append({"recordId": record["recordId"], "result": "Ok", "data": data})
    return {"records": made}


def main(folder: str, name: str, seed: int, point: str, count: int) -> None:
    chance = Entropy(seed)
    if point in POINTS:
        arm(point, count)
    with kit.open(folder) as workspace:
        calls = 0

        def transform(event: dict[str, Any], context: Any) -> dict[str, Any]:
            nonlocal calls
            calls += 1
            if point == "transform" and calls == count:
                die()
            return mark(event, context)

        deliveries = workspace.delivery
        deliveries.functions["mark"] = transform
        source = workspace.streams["numbers"]
        number = 0
        while True:
            numbers = range(number, number + 1 + chance.below(40))
            texts = [f"{name}-{each}" for each in numbers]
            documents = [json.dumps({"id": text, "part": each % 3}) for text, each in zip(texts, numbers, strict=True)]
            source.append(pa.table({"data": documents, "partition_key": texts}))
            for direct in ("plain", "marked"):
                assert all(each.error_code is None for each in deliveries[direct].put_record_batch(texts))
            number = numbers.stop
            sys.stdout.write(f"{number - 1}\n")
            sys.stdout.flush()
            if chance.below(6) == 0:
                deliveries["parquet"].flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
