"""Statements: those that have ended, those that run, how long they took, how they ended.

Source: Amazon Redshift Database Developer Guide, "STL_QUERY", "SVL_QLOG", "STL_WLM_QUERY", "STV_INFLIGHT",
"STV_RECENTS", "SYS_QUERY_HISTORY", "STL_ERROR", read 2026-11.
"""

from __future__ import annotations

import hashlib

from kit.warehouse.catalog import DATABASE
from kit.warehouse.identity import USER, USER_ID
from kit.warehouse.system.events import TEXT_ONLY, Fault, Statement
from kit.warehouse.system.recording import Running
from kit.warehouse.system.state import State
from kit.warehouse.system.table import Rows, SystemTable

# The queue of automatic WLM that queries run in.
SERVICE_CLASS = 100
SERVICE_CLASS_NAME = "Default queue"
_RECENT = 100
_QUERY_TYPES = {"VACUUM": "UTILITY", "ANALYZE": "UTILITY", "REFRESH": "OTHER"}


def _query(state: State) -> Rows:
    for each in state.queries:
        yield (
            *(USER_ID, each.query, each.label, each.xid, each.pid, DATABASE, each.text, each.start_us, each.end_us),
            *(int(each.failed), 0, 0),
        )


def _qlog(state: State) -> Rows:
    for each in state.queries:
        yield (
            *(USER_ID, each.query, each.xid, each.pid, each.start_us, each.end_us, each.end_us - each.start_us),
            *(int(each.failed), each.label, " ".join(each.text.split())[:60], None),
            *("0 - Executed on main cluster", 0),
        )


def _wlm_query(state: State) -> Rows:
    for task, each in enumerate(state.queries, 1):
        elapsed = each.end_us - each.start_us
        yield (
            *(USER_ID, each.xid, task, each.query, SERVICE_CLASS, 1, each.start_us, each.start_us, each.start_us, 0),
            *(each.start_us, each.end_us, elapsed, each.end_us, "Evicted" if each.cancelled else "Completed", 0),
            *("Normal", SERVICE_CLASS_NAME),
        )


def _inflight(state: State) -> Rows:
    for each in state.running:
        if each.kind not in TEXT_ONLY:
            yield (*(USER_ID, 0, each.query, each.label, each.xid, each.pid, each.start_us, each.text[:100], 0, 0, 0),)


def _recents(state: State) -> Rows:
    for running in reversed(state.running):
        yield _recent(running, "Running", state.now_us)
    for ended in reversed(state.statements[-_RECENT:]):
        yield _recent(ended, "Done", ended.end_us)


def _recent(statement: Running | Statement, status: str, until_us: int) -> tuple[object, ...]:
    duration = until_us - statement.start_us
    return USER_ID, status, statement.start_us, duration, USER, DATABASE, statement.text, statement.pid


def _history(state: State) -> Rows:
    for each in state.statements:
        status = "canceled" if each.cancelled else "failed" if each.failed else "success"
        elapsed = each.end_us - each.start_us
        yield _history_row(each, status, each.end_us, elapsed, each.error, each.rows, each.size_bytes, each.planning_us)
    for running in state.running:
        yield _history_row(running, "running", state.now_us, state.now_us - running.start_us, "", 0, 0, 0)


def _history_row(
    statement: Statement | Running,
    status: str,
    end_us: int,
    elapsed_us: int,
    error: str,
    rows: int,
    size_bytes: int,
    planning_us: int,
) -> tuple[object, ...]:
    returns = statement.kind == "SELECT"
    digest = hashlib.md5(" ".join(statement.text.split()).encode()).hexdigest()
    is_cached = isinstance(statement, Statement) and statement.is_cached
    return (
        *(USER_ID, statement.query, statement.label, statement.xid, statement.pid, DATABASE),
        *(_QUERY_TYPES.get(statement.kind, statement.kind), status, is_cached, statement.start_us, end_us),
        *(elapsed_us, 0, max(0, elapsed_us - planning_us), error, rows if returns else 0, size_bytes if returns else 0),
        *(statement.text, "Boathouse", None, "primary", 0, planning_us, 0, SERVICE_CLASS, SERVICE_CLASS_NAME),
        *("Normal", "false", digest, digest, 2, None),
    )


def _error(state: State) -> Rows:
    """Faults of the warehouse's own; what a statement raised is in SYS_QUERY_HISTORY."""
    for each in state.records(Fault):
        yield USER_ID, "boathouse", each.at_us, each.pid, 0, each.where, 0, each.context, each.details


_TIMES = "starttime timestamp, endtime timestamp"

TABLES = (
    SystemTable(
        "stl_query",
        f"""
        userid integer, query integer, label varchar(320), xid bigint, pid integer, database character(32),
        querytxt character(4000), {_TIMES}, aborted integer, insert_pristine integer,
        concurrency_scaling_status integer
        """,
        _query,
    ),
    SystemTable(
        "svl_qlog",
        f"""
        userid integer, query integer, xid bigint, pid integer, {_TIMES}, elapsed bigint, aborted integer,
        label varchar(320), substring varchar(60), source_query integer, concurrency_scaling_status_txt varchar(128),
        from_sp_call integer
        """,
        _qlog,
    ),
    SystemTable(
        "stl_wlm_query",
        """
        userid integer, xid bigint, task integer, query integer, service_class integer, slot_count integer,
        service_class_start_time timestamp, queue_start_time timestamp, queue_end_time timestamp,
        total_queue_time bigint, exec_start_time timestamp, exec_end_time timestamp, total_exec_time bigint,
        service_class_end_time timestamp, final_state character(16), est_peak_mem bigint,
        query_priority character(20), service_class_name character(64)
        """,
        _wlm_query,
    ),
    SystemTable(
        "stv_inflight",
        """
        userid integer, slice integer, query integer, label character(320), xid bigint, pid integer,
        starttime timestamp, text character(100), suspended integer, insert_pristine integer,
        concurrency_scaling_status integer
        """,
        _inflight,
    ),
    SystemTable(
        "stv_recents",
        """
        userid integer, status character(20), starttime timestamp, duration integer, user_name character(50),
        db_name character(50), query character(600), pid integer
        """,
        _recents,
    ),
    SystemTable(
        "sys_query_history",
        """
        user_id integer, query_id bigint, query_label character(320), transaction_id bigint, session_id integer,
        database_name character(128), query_type character(32), status character(10), result_cache_hit boolean,
        start_time timestamp, end_time timestamp, elapsed_time bigint, queue_time bigint, execution_time bigint,
        error_message character(512), returned_rows bigint, returned_bytes bigint, query_text character(4000),
        redshift_version character(256), usage_limit character(150), compute_type varchar(32), compile_time bigint,
        planning_time bigint, lock_wait_time bigint, service_class_id integer, service_class_name character(64),
        query_priority character(20), short_query_accelerated character(10), user_query_hash character(40),
        generic_query_hash character(40), query_hash_version integer, result_cache_query_id bigint
        """,
        _history,
    ),
    SystemTable(
        "stl_error",
        """
        userid integer, process character(12), recordtime timestamp, pid integer, errcode integer,
        file character(90), linenum integer, context character(100), error character(512)
        """,
        _error,
    ),
)
