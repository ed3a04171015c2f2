"""What queries did: step by step and slice by slice, what they moved, their plans, their alerts.

Source: Amazon Redshift Database Developer Guide, "SVL_QUERY_REPORT", "SVL_QUERY_SUMMARY", "SYS_QUERY_DETAIL",
"STL_EXPLAIN", "STL_ALERT_EVENT_LOG", "STL_SCAN", "STL_HASHJOIN", "STL_NESTLOOP", "STL_AGGR", "STL_SORT", "STL_DIST",
"STL_BCAST", "STL_RETURN", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kit.warehouse.identity import USER_ID
from kit.warehouse.system.events import Statement, StepRow, Work
from kit.warehouse.system.state import State
from kit.warehouse.system.table import Rows, SystemTable

_BLOCK_BYTES = 1 << 20
# Where the leader's own steps are told: Redshift numbers its slice so.
_LEADER_SLICE = 12_811
_LABELS = {"dist": "distribute", "bcast": "broadcast", "hjoin": "hashjoin", "mjoin": "mergejoin", "nloop": "nestloop"}


def _works(state: State) -> Iterator[tuple[Statement, Work]]:
    """The work of queries that have ended."""
    for work in state.work:
        statement = state.by_query.get(work.query)
        if statement is not None:
            yield statement, work


def _slice(step: StepRow) -> int:
    return step.slice if step.slice >= 0 else _LEADER_SLICE


def _flag(value: object) -> str:
    return "t" if value else "f"


def _label(step: StepRow) -> str:
    """A step as SVL_QUERY_REPORT writes it: `scan   tbl=100 name=sales`."""
    if step.table:
        return f"{step.label:<6} tbl={step.table} name={step.name}"
    return f"{step.label:<6} name={step.name}" if step.label == "scan" and step.name else step.label


def _report(state: State) -> Rows:
    for _, work in _works(state):
        for step in work.steps:
            yield (
                *(USER_ID, work.query, _slice(step), step.segment, step.step, step.start_us),
                *(step.start_us + step.segment_us, step.segment_us, step.rows, step.size_bytes, _label(step)),
                *(_flag(step.spilled_bytes), step.spilled_bytes, _flag(step.is_range), "f", step.rows_before),
            )


def _summary(state: State) -> Rows:
    for _, work in _works(state):
        for steps in _across_slices(work):
            first = steps[0]
            longest = max(each.step_us for each in steps)
            rows = sum(each.rows for each in steps)
            size = sum(each.size_bytes for each in steps)
            seconds = longest / 1_000_000
            yield (
                *(USER_ID, work.query, first.stream, first.segment, first.step, longest),
                *(sum(each.step_us for each in steps) // len(steps), rows, size),
                *(rows / seconds if seconds else None, size / seconds if seconds else None, _label(first)),
                *(_flag(any(each.spilled_bytes for each in steps)), sum(each.spilled_bytes for each in steps)),
                *(_flag(any(each.is_range for each in steps)), "f", sum(each.rows_before for each in steps)),
            )


def _across_slices(work: Work) -> Iterator[list[StepRow]]:
    """The same step on every slice."""
    found: dict[tuple[int, int, int, str], list[StepRow]] = {}
    for step in work.steps:
        found.setdefault((step.stream, step.segment, step.step, step.label), []).append(step)
    yield from (found[key] for key in sorted(found))


def _detail(state: State) -> Rows:
    for statement, work in _works(state):
        said = {(each.segment, each.step): each.event for each in work.alerts}
        for steps in _across_slices(work):
            first = steps[0]
            rows = [each.rows for each in steps]
            times = [each.step_us for each in steps]
            start = min(each.start_us for each in steps)
            end = max(each.start_us + each.segment_us for each in steps)
            table = state.by_id.get(first.table)
            qualified = f"dev.{table.schema}.{table.name}" if table is not None else first.name or None
            before = sum(each.rows_before for each in steps)
            yield (
                *(USER_ID, statement.query, 1, first.stream, first.segment, first.step),
                *(_LABELS.get(first.label, first.label), first.table or None, qualified),
                *("t" if any(each.is_range for each in steps) else "f", start, end, max(times)),
                *(said.get((first.segment, first.step)), 0, sum(each.size_bytes for each in steps)),
                *(before or sum(rows), sum(rows), sum(each.blocks for each in steps), 0, 0, 0, "LOCAL"),
                *(_skewness(rows), _skewness(times), "f", sum(each.spilled_bytes for each in steps) // _BLOCK_BYTES, 0),
                None,
            )


def _skewness(values: list[int]) -> int:
    """0 where all slices had the same, 100 where one had everything."""
    total = sum(values)
    if len(values) < 2 or not total:
        return 0
    share = max(values) / total
    even = 1 / len(values)
    return round(100 * (share - even) / (1 - even))


def _explain(state: State) -> Rows:
    for _, work in _works(state):
        for node in work.nodes:
            yield USER_ID, work.query, node.node, node.parent, node.text, node.info


def _alerts(state: State) -> Rows:
    for statement, work in _works(state):
        for each in work.alerts:
            yield (
                *(USER_ID, statement.query, each.slice, each.segment, each.step, statement.pid, statement.xid),
                *(each.event, each.solution, statement.end_us),
            )


def _steps_of(label: str, rest: Callable[[StepRow], tuple[object, ...]]) -> Callable[[State], Rows]:
    """The rows of an STL table of one kind of step; `rest` is what follows its rows."""

    def rows(state: State) -> Rows:
        for _, work in _works(state):
            for step in work.steps:
                if step.label == label:
                    yield (
                        *(USER_ID, work.query, _slice(step), step.segment, step.step, step.start_us),
                        *(step.start_us + step.segment_us, max(0, step.slice), step.rows, *rest(step)),
                    )

    return rows


def _scan(step: StepRow) -> tuple[object, ...]:
    kind = 2 if step.table else 6
    return (
        *(step.size_bytes, step.blocks, kind, step.table, _flag(step.is_range), "f", step.rows_before),
        *(step.rows_before, step.name if step.table else "Internal Worktable", "f", 0, 0),
    )


def _hashjoin(step: StepRow) -> tuple[object, ...]:
    return step.table, 1, 0, _flag(step.spilled_bytes), "f", "f", step.segment, max(0, step.step - 1), 0, 0


def _moved(step: StepRow) -> tuple[object, ...]:
    # What goes over a network goes in packets of 8 KiB.
    return step.size_bytes, -(-step.size_bytes // 8_192)


_STEP = """
    userid integer, query integer, slice integer, segment integer, step integer, starttime timestamp,
    endtime timestamp, tasknum integer, rows bigint
"""
_DISK = "is_diskbased character(1), workmem bigint"

TABLES = (
    SystemTable(
        "svl_query_report",
        f"""
        userid integer, query integer, slice integer, segment integer, step integer, start_time timestamp,
        end_time timestamp, elapsed_time bigint, rows bigint, bytes bigint, label character(256), {_DISK},
        is_rrscan character(1), is_delayed_scan character(1), rows_pre_filter bigint
        """,
        _report,
    ),
    SystemTable(
        "svl_query_summary",
        f"""
        userid integer, query integer, stm integer, seg integer, step integer, maxtime bigint, avgtime bigint,
        rows bigint, bytes bigint, rate_row double precision, rate_byte double precision, label varchar(256), {_DISK},
        is_rrscan character(1), is_delayed_scan character(1), rows_pre_filter bigint
        """,
        _summary,
    ),
    SystemTable(
        "sys_query_detail",
        """
        user_id integer, query_id bigint, child_query_sequence integer, stream_id integer, segment_id integer,
        step_id integer, step_name varchar(64), table_id integer, table_name character(136), is_rrscan character(1),
        start_time timestamp, end_time timestamp, duration bigint, alert varchar(1024), input_bytes bigint,
        output_bytes bigint, input_rows bigint, output_rows bigint, blocks_read bigint, blocks_write bigint,
        local_read_io bigint, remote_read_io bigint, source character(128), data_skewness integer,
        time_skewness integer, is_active character(1), spilled_block_local_disk bigint,
        spilled_block_remote_disk bigint, step_attribute character(64)
        """,
        _detail,
    ),
    SystemTable(
        "stl_explain",
        """
        userid integer, query integer, nodeid integer, parentid integer, plannode character(400),
        info character(400)
        """,
        _explain,
    ),
    SystemTable(
        "stl_alert_event_log",
        """
        userid integer, query integer, slice integer, segment integer, step integer, pid integer, xid bigint,
        event character(1024), solution character(1024), event_time timestamp
        """,
        _alerts,
    ),
    SystemTable(
        "stl_scan",
        f"""
        {_STEP}, bytes bigint, fetches bigint, type integer, tbl integer, is_rrscan character(1),
        is_delayed_scan character(1), rows_pre_filter bigint, rows_pre_user_filter bigint,
        perm_table_name character(136), is_rlf_scan character(1), is_rlf_scan_reason integer, num_em_blocks integer
        """,
        _steps_of("scan", _scan),
    ),
    SystemTable(
        "stl_hashjoin",
        f"""
        {_STEP}, tbl integer, num_parts integer, join_type integer, hash_looped character(1),
        switched_parts character(1), used_prefetching character(1), hash_segment integer, hash_step integer,
        checksum bigint, distribution integer
        """,
        _steps_of("hjoin", _hashjoin),
    ),
    SystemTable(
        "stl_nestloop",
        f"{_STEP}, tbl integer, checksum bigint",
        _steps_of("nloop", lambda step: (step.table, 0)),
    ),
    SystemTable(
        "stl_aggr",
        f"{_STEP}, bytes bigint, slots integer, occupied integer, maxlength integer, tbl integer, {_DISK}",
        _steps_of("aggr", lambda s: (s.size_bytes, 0, 0, 0, s.table, _flag(s.spilled_bytes), s.spilled_bytes)),
    ),
    SystemTable(
        "stl_sort",
        f"{_STEP}, bytes bigint, tbl integer, {_DISK}, checksum bigint",
        _steps_of("sort", lambda s: (s.size_bytes, s.table, _flag(s.spilled_bytes), s.spilled_bytes, 0)),
    ),
    SystemTable("stl_dist", f"{_STEP}, bytes bigint, packets integer", _steps_of("dist", _moved)),
    SystemTable("stl_bcast", f"{_STEP}, bytes bigint, packets integer", _steps_of("bcast", _moved)),
    SystemTable(
        "stl_return",
        f"{_STEP}, bytes bigint, packets integer, checksum bigint",
        _steps_of("return", lambda step: (*_moved(step), 0)),
    ),
)
