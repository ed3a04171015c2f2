"""The system tables of one cluster: what a query that reads them is given before it runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kit.sql.redshift.bound import BoundTable
from kit.warehouse.connection import Connection
from kit.warehouse.execute.leader import Fill
from kit.warehouse.plan.planner import Plan
from kit.warehouse.session import Session
from kit.warehouse.system.blocks import Block, blocks_of
from kit.warehouse.system.provide import fill, system_tables
from kit.warehouse.system.state import HeldLock, State

if TYPE_CHECKING:
    from kit.warehouse.cluster import Cluster
    from kit.warehouse.transact.transaction import Transaction


def filler(
    cluster: Cluster, tables: Sequence[BoundTable], plan: Plan, session: Session, inside: Transaction | None
) -> Fill | None:
    """What puts the rows of a query's system tables into its exchange; None where it reads none.

    `tables` are those that it reads. `inside` is the open transaction whose own tables it sees.
    """
    wanted = system_tables(tables, plan)
    if not wanted:
        return None

    def filled(cursor: Connection, database: str) -> None:
        fill(cursor, database, wanted, state_of(cluster, session, inside))

    return filled


def state_of(cluster: Cluster, session: Session, inside: Transaction | None = None) -> State:
    """The cluster as it is now, and as the session sees it."""
    catalog = cluster.catalog if inside is None else inside.catalog
    state = State(
        catalog,
        cluster.recorder,
        session.path,
        cluster.recorder.now_us(),
        shutil.disk_usage(cluster.folder).total,
        lambda: _blocks(cluster, state, inside),
        lambda: _locks(cluster, state),
    )
    return state


def _blocks(cluster: Cluster, state: State, inside: Transaction | None) -> list[Block]:
    if inside is not None:
        return blocks_of(inside.cursor, state.tables, state.shape)
    cursor = cluster.cursor()
    try:
        now = cluster.begin_together([cursor])
        there = {each.relation for each in now.relations.values() if hasattr(each, "relation")}
        return blocks_of(cursor, [each for each in state.tables if each.relation in there], now.shape)
    finally:
        cluster.end(cursor)
        cluster.give_back(cursor)


def _locks(cluster: Cluster, state: State) -> list[HeldLock]:
    """Locks on tables, those that are waited for included."""
    starts = {each.xid: each.start_us for each in state.running}
    found = []
    for each in cluster.locks.all():
        table = state.catalog.relations.get(each.table)
        number = getattr(table, "id", 0)
        start = starts.get(each.xid, state.now_us)
        found.append(HeldLock(number, each.xid, each.pid, start, each.mode.value, each.granted))
    return found
