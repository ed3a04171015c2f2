"""What COPY loaded and refused, and what UNLOAD wrote.

Source: Amazon Redshift Database Developer Guide, "STL_LOAD_ERRORS", "STL_LOADERROR_DETAIL", "STL_LOAD_COMMITS",
"STL_UNLOAD_LOG", "STL_REPLACEMENTS", "SYS_LOAD_HISTORY", "SYS_LOAD_ERROR_DETAIL", "SYS_UNLOAD_HISTORY", read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from kit.warehouse.catalog import DATABASE
from kit.warehouse.identity import USER_ID
from kit.warehouse.load.records import LoadCommit, LoadError, Replacement, UnloadedFile
from kit.warehouse.system.events import Statement
from kit.warehouse.system.state import State
from kit.warehouse.system.table import Rows, SystemTable

# What ends up in STL_LOAD_COMMITS.status for a file that was loaded.
_COMPLETE = 1
_COPIED = re.compile(r"\s*copy\s+(\S+?)[\s(]", re.IGNORECASE)
_SOURCE = re.compile(r"\bfrom\s+'((?:[^']|'')*)'", re.IGNORECASE)
_TARGET = re.compile(r"\bto\s+'((?:[^']|'')*)'", re.IGNORECASE)


class _OfQuery(Protocol):
    @property
    def query(self) -> int: ...


Q = TypeVar("Q", bound=_OfQuery)


def _errors(state: State) -> Rows:
    for each in state.records(LoadError):
        yield (
            *(USER_ID, each.slice, each.table, each.started_ns // 1_000, _session(state, each.query), each.query),
            *(each.filename, each.line, each.column, each.type, each.length, each.position, each.raw_line),
            *(each.raw_value, each.code, each.reason, int(each.is_partial), each.start_offset, -1),
        )


def _error_detail(state: State) -> Rows:
    for each in state.records(LoadError):
        yield (
            *(USER_ID, each.slice, _session(state, each.query), each.query, each.filename, each.line, each.position),
            *(each.column, each.raw_value, int(not each.raw_value), each.type, each.length),
        )


def _commits(state: State) -> Rows:
    for each in state.records(LoadCommit):
        yield (
            *(USER_ID, each.query, each.slice, each.filename, each.filename, each.size_bytes, each.lines, each.errors),
            *(each.ended_ns // 1_000, _COMPLETE, each.format, int(each.is_partial), each.start_offset, -1),
        )


def _unloads(state: State) -> Rows:
    for each in state.records(UnloadedFile):
        yield (
            *(USER_ID, each.query, each.slice, _session(state, each.query), each.path, each.started_ns // 1_000),
            *(each.ended_ns // 1_000, each.lines, each.size_bytes, each.format),
        )


def _replacements(state: State) -> Rows:
    for each in state.records(Replacement):
        yield (
            *(USER_ID, each.query, each.slice, each.table, each.started_ns // 1_000, _session(state, each.query)),
            *(each.filename, each.line, each.column, each.raw_line),
        )


def _load_history(state: State) -> Rows:
    commits = _by_query(state.records(LoadCommit))
    errors = _by_query(state.records(LoadError))
    for each in state.queries:
        if each.kind != "COPY":
            continue
        files = commits.get(each.query, ())
        names = {file.filename for file in files}
        sizes = sum(file.size_bytes for file in files)
        found, source = _COPIED.match(each.text), _SOURCE.search(each.text)
        table = (found[1] if found else "").strip('"')
        yield (
            *(USER_ID, each.query, each.xid, each.pid, DATABASE, _status(each), table, each.start_us, each.end_us),
            *(each.end_us - each.start_us, source[1] if source else "", next((f.format for f in files), "")),
            0 if each.failed else sum(file.lines - file.errors for file in files),
            *(0 if each.failed else sizes, len(names), sizes, len(names), sizes),
            *(len(errors.get(each.query, ())), None),
        )


def _load_error_detail(state: State) -> Rows:
    for each in state.records(LoadError):
        statement = state.by_query.get(each.query)
        xid, pid = (statement.xid, statement.pid) if statement is not None else (0, 0)
        yield (
            *(USER_ID, each.query, xid, pid, DATABASE, each.table, each.started_ns // 1_000, each.filename),
            *(each.line, each.column, each.type, each.length, each.position, each.code, each.reason, None),
        )


def _unload_history(state: State) -> Rows:
    files = _by_query(state.records(UnloadedFile))
    for each in state.queries:
        if each.kind != "UNLOAD":
            continue
        written = files.get(each.query, ())
        formats = [file.format for file in written]
        target = _TARGET.search(each.text)
        compression = next(
            (word for word in ("GZIP", "ZSTD", "BZIP2") if re.search(rf"\b{word}\b", each.text, re.IGNORECASE)), ""
        )
        yield (
            *(USER_ID, each.query, each.xid, each.pid, DATABASE, _status(each), each.start_us, each.end_us),
            *(each.end_us - each.start_us, formats[0] if formats else "", compression, target[1] if target else ""),
            *(sum(file.lines for file in written), len(written), sum(file.size_bytes for file in written)),
            each.error or None,
        )


def _status(statement: Statement) -> str:
    return "aborted" if statement.failed else "completed"


def _session(state: State, query: int) -> int:
    statement = state.by_query.get(query)
    return statement.pid if statement is not None else 0


def _by_query(records: Iterable[Q]) -> Mapping[int, list[Q]]:
    found: dict[int, list[Q]] = {}
    for each in records:
        found.setdefault(each.query, []).append(each)
    return found


_HISTORY = """
    user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name varchar(128)
"""

TABLES = (
    SystemTable(
        "stl_load_errors",
        """
        userid integer, slice integer, tbl integer, starttime timestamp, session integer, query integer,
        filename character(256), line_number bigint, colname character(127), type character(10),
        col_length character(10), position integer, raw_line character(1024), raw_field_value character(1024),
        err_code integer, err_reason character(100), is_partial integer, start_offset bigint, copy_job_id bigint
        """,
        _errors,
    ),
    SystemTable(
        "stl_loaderror_detail",
        """
        userid integer, slice integer, session integer, query integer, filename character(256), line_number bigint,
        field integer, colname character(1024), value character(1024), is_null integer, type character(10),
        col_length character(10)
        """,
        _error_detail,
    ),
    SystemTable(
        "stl_load_commits",
        """
        userid integer, query integer, slice integer, name character(256), filename character(256),
        byte_offset integer, lines_scanned integer, errors integer, curtime timestamp, status integer,
        file_format character(16), is_partial integer, start_offset bigint, copy_job_id bigint
        """,
        _commits,
    ),
    SystemTable(
        "stl_unload_log",
        """
        userid integer, query integer, slice integer, pid integer, path character(1280), start_time timestamp,
        end_time timestamp, line_count bigint, transfer_size bigint, file_format character(10)
        """,
        _unloads,
    ),
    SystemTable(
        "stl_replacements",
        """
        userid integer, query integer, slice integer, tbl integer, starttime timestamp, session integer,
        filename character(256), line_number bigint, colname character(127), raw_line character(1024)
        """,
        _replacements,
    ),
    SystemTable(
        "sys_load_history",
        f"""
        {_HISTORY}, status varchar(128), table_name varchar(128), start_time timestamp, end_time timestamp,
        duration bigint, data_source varchar(1024), file_format varchar(64), loaded_rows bigint, loaded_bytes bigint,
        source_file_count integer, source_file_bytes bigint, file_count_scanned integer, file_bytes_scanned bigint,
        error_count bigint, copy_job_id bigint
        """,
        _load_history,
    ),
    SystemTable(
        "sys_load_error_detail",
        f"""
        {_HISTORY}, table_id integer, start_time timestamp, file_name character(256), line_number bigint,
        column_name character(127), column_type character(10), column_length character(10), position integer,
        error_code integer, error_message character(512), copy_job_id bigint
        """,
        _load_error_detail,
    ),
    SystemTable(
        "sys_unload_history",
        f"""
        {_HISTORY}, status varchar(128), start_time timestamp, end_time timestamp, duration bigint,
        file_format varchar(64), compression_type varchar(64), unloaded_location varchar(1024), unloaded_rows bigint,
        unloaded_files_count integer, unloaded_files_size bigint, error_message varchar(1024)
        """,
        _unload_history,
    ),
)
