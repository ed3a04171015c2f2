"""The cluster's shape: what its slices hold, and another number of them."""

from __future__ import annotations

from dataclasses import dataclass

from kit.base.errors import KitError
from kit.warehouse.catalog import Table
from kit.warehouse.cluster import Cluster
from kit.warehouse.connection import fetch
from kit.warehouse.execute.cancel import Cancellation
from kit.warehouse.load.appending import resized, staging
from kit.warehouse.plan.distribution import MAX_SLICES
from kit.warehouse.plan.facts import Shape
from kit.warehouse.transact.locks import Mode
from kit.warehouse.transact.transaction import Claim


@dataclass(frozen=True, slots=True)
class SliceInfo:
    """`rows` counts copies of tables on ALL where they are."""

    slice: int
    node: int
    tables: int
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    nodes: int
    slices_per_node: int
    cores: int
    memory_bytes: int
    memory_a_slice_bytes: int
    slices: tuple[SliceInfo, ...]

    def __str__(self) -> str:
        lines = [f"{self.nodes} nodes x {self.slices_per_node} slices, {self.cores} at a time"]
        lines += [f"slice {each.slice} on node {each.node}: {each.rows:,} rows" for each in self.slices]
        return "\n".join(lines)


def described(cluster: Cluster) -> ClusterInfo:
    """The shape and what each slice holds, by the catalog's counts."""
    shape = cluster.shape
    tables = [each for each in cluster.catalog.relations.values() if isinstance(each, Table)]
    slices = []
    for number in range(shape.slices):
        held = [table for table in tables if number in table.places(shape)]
        slices.append(
            SliceInfo(
                number,
                shape.node_of(number),
                len(held),
                sum(table.slice_rows[number] for table in held),
                round(sum(table.slice_rows[number] * table.width_bytes for table in held)),
            )
        )
    settings = cluster.settings
    at_once = max(1, min(settings.threads, shape.slices))
    return ClusterInfo(
        shape.nodes,
        shape.slices_per_node,
        settings.threads,
        settings.memory_bytes,
        settings.memory_bytes // at_once,
        tuple(slices),
    )


def reshape(cluster: Cluster, wanted: Shape, cancellation: Cancellation) -> None:
    """Give the cluster another number of nodes and slices; every table's rows are placed anew, or nothing changes."""
    if wanted.nodes < 1 or wanted.slices_per_node < 1:
        raise KitError("22023", "A cluster has at least one node and one slice a node.")
    if wanted.slices > MAX_SLICES:
        raise KitError("22023", f"A cluster has at most {MAX_SLICES} slices here; {wanted.slices} were asked for.")
    if wanted == cluster.shape:
        return
    if cluster.open_transactions():
        raise KitError(
            "55006",
            "The cluster cannot be resized while transactions are open",
            "COMMIT or ROLLBACK them, or close their sessions.",
        )
    with staging(cluster, cancellation) as area, cluster.transaction() as transaction:
        transaction.claim(
            [Claim(key, Mode.EXCLUSIVE) for key, each in cluster.catalog.relations.items() if isinstance(each, Table)],
            cancellation.check,
        )
        before = transaction.catalog.shape
        for number in range(before.slices, wanted.slices):
            fetch(transaction.cursor, f'CREATE SCHEMA "slice{number}"')
        tables = [each for each in transaction.catalog.relations.values() if isinstance(each, Table)]
        moved = [resized(transaction, area, table, before, wanted, cluster.now_ms()) for table in tables]
        for number in range(wanted.slices, before.slices):
            fetch(transaction.cursor, f'DROP SCHEMA "slice{number}"')
        transaction.catalog = transaction.catalog.with_shape(wanted, moved)
