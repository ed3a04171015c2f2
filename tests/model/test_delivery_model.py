"""Delivery streams against a list: whatever happens on the way, every record ends up in one object, once.

Drawn are puts, clocks that move on and back, reshardings, steps and flushes, destinations that refuse, services that
are closed and opened again in the middle, and new configurations.
"""

import base64
import json
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import kit
from kit.base.clock import ManualClock
from kit.base.errors import KitError
from kit.delivery import Deliveries


def refuse_sevenths(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The transformation: refuses every seventh record, drops none."""
    made: list[dict[str, Any]] = []
    for record in event["records"]:
        number = json.loads(base64.b64decode(record["data"]))["n"]
        result = "ProcessingFailed" if number % 7 == 0 else "Ok"
        made.append({"recordId": record["recordId"], "result": result, "data": record["data"]})
    return {"records": made}


class Delivering(RuleBasedStateMachine):
    """A direct delivery stream and one that reads a stream."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.workspace = kit.open(Path(self.folder.name) / "ws", clock=self.clock, seed=3)
        self.number = 0
        self.refusing = False
        self.wanted: dict[str, list[int]] = {"direct": [], "read": []}
        original = self.workspace.storage.staging

        def staging(**options: Any) -> Any:
            if self.refusing:
                raise KitError("InsufficientStorage", "The disk is full.", "")
            return original(**options)

        self.workspace.storage.staging = staging
        self.deliveries = self.opened()

    def opened(self) -> Deliveries:
        ws = self.workspace
        made = Deliveries(
            ws.path / "delivery",
            storage=ws.storage,
            catalog=ws.catalog,
            streams=ws.streams,
            copy=lambda _: None,
            clock=ws.clock,
            entropy=ws.entropy,
            settings=ws.settings,
            background=False,
        )
        made.functions["refuse_sevenths"] = refuse_sevenths
        return made

    @initialize()
    def create(self) -> None:
        self.source = self.workspace.streams.create("source", 1)
        self.source.limits(enforced=False)
        self.deliveries.create("direct", "s3://lake/direct/", delimiter="\n", buffer_seconds=30)
        self.deliveries.create(
            "read",
            "s3://lake/read/p=!{partitionKeyFromQuery:p}/",
            source="source",
            delimiter="\n",
            buffer_seconds=60,
            transform=refuse_sevenths,
            partition_by={"p": ".p"},
            error_prefix="errors/read/",
        )

    def drawn(self, count: int) -> list[str]:
        numbers = range(self.number, self.number + count)
        self.number += count
        return [json.dumps({"n": each, "p": f"p{each % 3}"}) for each in numbers]

    @rule(count=st.integers(1, 30))
    def put(self, count: int) -> None:
        self.wanted["direct"] += range(self.number, self.number + count)
        results = self.deliveries["direct"].put_record_batch(self.drawn(count))
        assert all(result.error_code is None for result in results)

    @rule(count=st.integers(1, 30))
    def append(self, count: int) -> None:
        self.wanted["read"] += range(self.number, self.number + count)
        self.source.put_records([(each, each) for each in self.drawn(count)])

    @rule(seconds=st.integers(-600, 600))
    def move(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def split(self) -> None:
        shards = [shard for shard in self.source.shards() if shard.is_open]
        if len(shards) < 4:
            self.source.split(shards[0].shard_id)

    @rule()
    def step(self) -> None:
        self.deliveries.step()

    @rule(name=st.sampled_from(["direct", "read"]))
    def flush(self, name: str) -> None:
        with suppress(KitError):
            self.deliveries[name].flush()

    @rule(refusing=st.booleans())
    def refuse(self, refusing: bool) -> None:
        self.refusing = refusing

    @rule()
    def restart(self) -> None:
        self.deliveries.close()
        self.deliveries = self.opened()

    @rule(compressed=st.booleans())
    def configure(self, compressed: bool) -> None:
        extension = ".txt" if compressed else ""
        self.deliveries["direct"].update("s3://lake/direct/", delimiter="\n", buffer_seconds=30, extension=extension)

    def teardown(self) -> None:
        try:
            self.refusing = False
            for name in ("direct", "read"):
                self.deliveries[name].flush()
            found = {name: self.numbers(f"s3://lake/{name}/") for name in ("direct", "read")}
            refused = self.numbers("s3://lake/errors/")
            assert Counter(found["direct"]) == Counter(self.wanted["direct"])
            assert Counter(found["read"]) == Counter(each for each in self.wanted["read"] if each % 7)
            assert Counter(refused) == Counter(each for each in self.wanted["read"] if each % 7 == 0)
        finally:
            self.deliveries.close()
            self.workspace.close()
            self.folder.cleanup()

    def numbers(self, uri: str) -> list[int]:
        storage = self.workspace.storage
        if not storage.buckets():
            return []
        documents = [
            json.loads(line) for each in storage.iter(uri) for line in storage.get(each.uri).decode().splitlines()
        ]
        raw = [json.loads(base64.b64decode(each["rawData"])) if "rawData" in each else each for each in documents]
        return [each["n"] for each in raw]


TestDelivering = Delivering.TestCase
TestDelivering.settings = settings(settings.default, max_examples=15, stateful_step_count=25)
