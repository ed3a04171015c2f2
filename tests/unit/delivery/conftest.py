"""Delivery streams of a workspace under a moved clock, which deliver only when they are told to."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import kit
from kit.base.clock import ManualClock
from kit.catalog.model import Column, Table
from kit.catalog.serde import descriptor
from kit.delivery import Deliveries
from kit.delivery.engine import Engine


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def workspace(tmp_path: Path, clock: ManualClock) -> Iterator[Any]:
    with kit.open(tmp_path / "lab", clock=clock, seed=7) as opened:
        yield opened


@pytest.fixture
def copied() -> list[str]:
    """The COPY statements that the warehouse was given."""
    return []


@pytest.fixture
def open_deliveries(workspace: Any, copied: list[str]) -> Iterator[Callable[[], Deliveries]]:
    """Opens the deliveries of the workspace, as another process would."""
    opened: list[Deliveries] = []

    def made() -> Deliveries:
        opened.append(
            Deliveries(
                workspace.path / "delivery",
                storage=workspace.storage,
                catalog=workspace.catalog,
                streams=workspace.streams,
                copy=copied.append,
                clock=workspace.clock,
                entropy=workspace.entropy,
                settings=workspace.settings,
                background=False,
            )
        )
        return opened[-1]

    yield made
    for each in opened:
        each.close()


@pytest.fixture
def deliveries(open_deliveries: Callable[[], Deliveries]) -> Deliveries:
    return open_deliveries()


@pytest.fixture
def engine(workspace: Any) -> Iterator[Engine]:
    made = Engine(workspace.settings)
    yield made
    made.close()


@pytest.fixture
def clicks(workspace: Any) -> Table:
    """A table of Parquet, partitioned by day."""
    workspace.catalog.create_database("lake")
    columns = (Column("user", "string"), Column("n", "bigint"))
    described = descriptor("parquet", columns, "s3://lake/clicks/")
    return workspace.catalog.create_table(Table("lake", "clicks", described, (Column("day", "string"),)))


@pytest.fixture
def objects(workspace: Any) -> Callable[[str], dict[str, bytes]]:
    """The objects under a URI: their keys with what they hold."""

    def found(uri: str) -> dict[str, bytes]:
        bucket = uri.removeprefix("s3://").split("/")[0]
        if bucket not in workspace.storage.buckets():
            return {}
        return {each.key: workspace.storage.get(each.uri) for each in workspace.storage.iter(uri)}

    return found


@pytest.fixture
def errors(objects: Callable[[str], dict[str, bytes]]) -> Callable[[str], list[dict[str, Any]]]:
    """The failed records under a URI, each with its data decoded."""

    def found(uri: str) -> list[dict[str, Any]]:
        lines = [line for content in objects(uri).values() for line in content.splitlines()]
        documents = [json.loads(line) for line in lines]
        return [{**each, "rawData": base64.b64decode(each["rawData"])} for each in documents]

    return found
