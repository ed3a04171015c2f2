"""The text of statements, in pieces of 200 characters that are put together by their sequence.

Source: Amazon Redshift Database Developer Guide, "STL_QUERYTEXT", "STL_DDLTEXT", "STL_UTILITYTEXT",
"SVL_STATEMENTTEXT", "SYS_QUERY_TEXT", read 2026-11: line ends are written as `\\n`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kit.warehouse.identity import USER_ID
from kit.warehouse.system.events import Statement
from kit.warehouse.system.state import State
from kit.warehouse.system.table import Rows, SystemTable

PIECE_BYTES = 200
_LONG_PIECE_BYTES = 4_000


def pieces(text: str, size_bytes: int = PIECE_BYTES) -> Iterator[tuple[int, str]]:
    """The text in pieces of at most so many bytes, numbered; no character is cut in two."""
    encoded = text.replace("\n", "\\n").encode()
    start = number = 0
    while start < len(encoded) or number == 0:
        end = min(start + size_bytes, len(encoded))
        while end < len(encoded) and encoded[end] & 0xC0 == 0x80:
            end -= 1
        yield number, encoded[start:end].decode()
        start = end
        number += 1


def _querytext(state: State) -> Rows:
    for each in state.queries:
        for number, text in pieces(each.text):
            yield USER_ID, each.xid, each.pid, each.query, number, text


def _texts_of(wanted: Callable[[Statement], bool]) -> Callable[[State], Rows]:
    def rows(state: State) -> Rows:
        for each in state.statements:
            if wanted(each):
                for number, text in pieces(each.text):
                    yield USER_ID, each.xid, each.pid, each.label, each.start_us, each.end_us, number, text

    return rows


def _statementtext(state: State) -> Rows:
    for each in state.statements:
        kind = each.kind if each.kind in {"DDL", "UTILITY"} else "QUERY"
        for number, text in pieces(each.text):
            yield USER_ID, each.xid, each.pid, each.label, each.start_us, each.end_us, number, kind, text


def _sys_query_text(state: State) -> Rows:
    for each in state.statements:
        for number, text in pieces(each.text, _LONG_PIECE_BYTES):
            yield USER_ID, each.query, each.xid, each.pid, each.start_us, number, text


_HEAD = """
    userid integer, xid bigint, pid integer, label varchar(320), starttime timestamp, endtime timestamp,
    sequence integer
"""

TABLES = (
    SystemTable(
        "stl_querytext",
        "userid integer, xid bigint, pid integer, query integer, sequence integer, text character(200)",
        _querytext,
    ),
    SystemTable("stl_ddltext", f"{_HEAD}, text character(200)", _texts_of(lambda each: each.kind == "DDL")),
    SystemTable("stl_utilitytext", f"{_HEAD}, text character(200)", _texts_of(lambda each: each.kind == "UTILITY")),
    SystemTable("svl_statementtext", f"{_HEAD}, type varchar(10), text character(200)", _statementtext),
    SystemTable(
        "sys_query_text",
        """
        user_id integer, query_id bigint, transaction_id bigint, session_id integer, start_time timestamp,
        sequence integer, text character(4000)
        """,
        _sys_query_text,
    ),
)
