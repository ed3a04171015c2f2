"""BEGIN, COMMIT, ROLLBACK, LOCK, and what ends a block without saying so.

Source: Amazon Redshift Database Developer Guide, "BEGIN", "COMMIT", "ROLLBACK", "LOCK", "TRUNCATE", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kit.sql.redshift import statements as s

if TYPE_CHECKING:
    from kit.warehouse.cluster import Cluster
    from kit.warehouse.commands import Call
    from kit.warehouse.session import Session


def begin(call: Call, statement: s.Begin) -> str:
    """Open a block. In one that is open already nothing changes, as in Redshift, which warns."""
    if call.inside is None:
        call.session.block.transaction = call.cluster.open_transaction(
            call.session.pid,
            serializable=statement.isolation == "SERIALIZABLE",
            read_only=statement.read_only,
        )
    return "BEGIN"


def end(call: Call, statement: s.Commit | s.Rollback) -> str:
    """Close the block. COMMIT of one that has failed rolls it back; without a block both do nothing."""
    block = call.session.block
    has_failed = block.is_failed
    transaction = block.end()
    if transaction is not None:
        if isinstance(statement, s.Commit):
            call.cluster.commit(transaction)
        else:
            call.cluster.roll_back(transaction)
    return "COMMIT" if isinstance(statement, s.Commit) and not has_failed else "ROLLBACK"


def lock(call: Call, statement: s.Lock) -> str:
    """Keep tables to the block alone until it ends."""
    catalog = call.unit.catalog if call.unit.has_begun else call.cluster.catalog
    tables = [catalog.table_named(name, call.session.path) for name in statement.tables]
    if call.inside is not None:
        call.inside.lock([(table.schema, table.name) for table in tables], call.cancellation.check)
    return "LOCK TABLE"


def commit_and_go_on(call: Call) -> None:
    """Commit a block's transaction in the middle of it, as TRUNCATE does; what follows is in another."""
    if call.inside is None:
        return
    block, done = call.session.block, call.inside
    block.transaction = call.cluster.open_transaction(
        done.pid, serializable=done.is_serializable, read_only=done.is_read_only
    )
    call.cluster.commit(done)


def fail(cluster: Cluster, session: Session) -> None:
    """Roll an open block back after one of its statements has failed; it stays open until ROLLBACK."""
    transaction = session.block.fail()
    if transaction is not None:
        cluster.roll_back(transaction)


def abandon(cluster: Cluster, session: Session) -> None:
    """Roll back what a session leaves open."""
    transaction = session.block.end()
    if transaction is not None:
        cluster.roll_back(transaction)
