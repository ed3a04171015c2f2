"""Who is connected and who holds which table.

Source: Amazon Redshift Database Developer Guide, "STV_SESSIONS", "STV_LOCKS", "SVV_TRANSACTIONS", "STL_TR_CONFLICT",
read 2026-11.
"""

from __future__ import annotations

from kit.warehouse.catalog import DATABASE
from kit.warehouse.identity import USER, USER_ID
from kit.warehouse.system.events import Conflict
from kit.warehouse.system.state import State
from kit.warehouse.system.table import Rows, SystemTable


def _sessions(state: State) -> Rows:
    for each in state.sessions:
        yield each.start_us, each.pid, USER, DATABASE, 0


def _locks(state: State) -> Rows:
    for each in state.locks:
        status = "Holding write lock" if each.is_granted else "Waiting for write lock"
        yield each.table, None, None, each.xid, each.pid, each.start_us, None, status


def _transactions(state: State) -> Rows:
    """A transaction that holds locks has a row for each; every other that runs has one for itself."""
    holding = set()
    for each in state.locks:
        holding.add(each.xid)
        yield USER, DATABASE, each.xid, each.pid, each.start_us, each.mode, "relation", each.table, each.is_granted
    for running in state.running:
        if running.xid not in holding:
            holding.add(running.xid)
            head = (USER, DATABASE, running.xid, running.pid, running.start_us)
            yield *head, "ExclusiveLock", "transactionid", None, True


def _conflicts(state: State) -> Rows:
    for each in state.records(Conflict):
        yield each.xid, each.pid, each.start_us, each.at_us, each.table


def _authorised(state: State) -> Rows:
    for each in state.sessions:
        yield "initiating session", each.start_us, "localhost", "0", each.pid, DATABASE, USER, USER_ID


TABLES = (
    SystemTable(
        "stv_sessions",
        """
        starttime timestamp, process integer, user_name character(50), db_name character(50), timeout_sec integer
        """,
        _sessions,
    ),
    SystemTable(
        "stv_locks",
        """
        table_id bigint, last_commit timestamp, last_update timestamp, lock_owner bigint, lock_owner_pid bigint,
        lock_owner_start_ts timestamp, lock_owner_end_ts timestamp, lock_status character(22)
        """,
        _locks,
    ),
    SystemTable(
        "svv_transactions",
        """
        txn_owner varchar(128), txn_db varchar(128), xid bigint, pid integer, txn_start timestamp,
        lock_mode varchar(128), lockable_object_type varchar(128), relation integer, granted boolean
        """,
        _transactions,
    ),
    SystemTable(
        "stl_tr_conflict",
        "xact_id bigint, process_id bigint, xact_start_ts timestamp, abort_time timestamp, table_id bigint",
        _conflicts,
    ),
    SystemTable(
        "stl_connection_log",
        """
        event character(50), recordtime timestamp, remotehost character(45), remoteport character(32), pid integer,
        dbname character(50), username character(50), userid integer
        """,
        _authorised,
    ),
)
