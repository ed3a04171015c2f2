"""What keeps tables in shape: VACUUM, ANALYZE, and materialised views with their refreshes.

Source: Amazon Redshift Database Developer Guide, "STL_VACUUM", "SVV_VACUUM_SUMMARY", "STL_ANALYZE",
"STV_MV_INFO", "SVL_MV_REFRESH_STATUS", read 2026-11.
"""

from __future__ import annotations

from kit.warehouse.catalog import DATABASE, Table, is_stale
from kit.warehouse.identity import USER, USER_ID
from kit.warehouse.system.events import Analyzed, Refreshed, Vacuumed
from kit.warehouse.system.state import State
from kit.warehouse.system.table import Rows, SystemTable


def _vacuum(state: State) -> Rows:
    for each in state.records(Vacuumed):
        yield (
            *(USER_ID, each.xid, each.table, each.status, each.rows, each.sorted_rows, each.blocks, 1, each.at_us),
            *(each.reclaimable_rows, 0, 0, int(each.is_recluster)),
        )


def _vacuum_summary(state: State) -> Rows:
    """One row a VACUUM of a table: what its first and its last line in STL_VACUUM say."""
    started: dict[tuple[int, int], Vacuumed] = {}
    for each in state.records(Vacuumed):
        key = (each.xid, each.table)
        first = started.setdefault(key, each)
        if each is first:
            continue
        table = state.by_id.get(each.table)
        yield (
            *(table.name if table is not None else str(each.table), each.xid, 1, 1, each.at_us - first.at_us),
            *(each.rows - first.rows, first.sorted_rows - each.sorted_rows, each.blocks - first.blocks, 0),
        )


def _analyze(state: State) -> Rows:
    for each in state.records(Analyzed):
        yield (
            *(USER_ID, each.xid, DATABASE, each.table, each.status, float(each.rows), float(each.modified_rows)),
            *(each.threshold_percent, "t" if each.is_auto else "f", each.start_us, each.end_us, each.previous_us),
            *(0, 0, "t" if each.is_auto else "f", "", each.schema, each.name),
        )


def _mv_info(state: State) -> Rows:
    for table in state.tables:
        if table.materialized is not None:
            yield (
                *(DATABASE, table.schema, table.name, table.materialized.xid),
                *("t" if is_stale(table, state.catalog) else "f", USER, _mv_state(state, table), "f", "f"),
            )


def _mv_state(state: State, table: Table) -> int:
    """1 where the next refresh may be incremental, 0 where what it reads was made anew since."""
    assert table.materialized is not None
    known = [state.catalog.relations.get((mark.schema, mark.name)) for mark in table.materialized.marks]
    same = zip(known, table.materialized.marks, strict=True)
    return int(all(isinstance(each, Table) and each.id == mark.id for each, mark in same))


def _refreshes(state: State) -> Rows:
    for each in state.records(Refreshed):
        yield (
            *(DATABASE, USER_ID, each.schema, each.name, each.xid, each.start_us, each.end_us, each.status),
            each.kind,
        )


TABLES = (
    SystemTable(
        "stv_mv_info",
        """
        db_name character(128), schema character(128), name character(128), updated_upto_xid bigint,
        is_stale character(1), owner_user_name character(128), state integer, autorewrite character(1),
        autorefresh character(1)
        """,
        _mv_info,
    ),
    SystemTable(
        "svl_mv_refresh_status",
        """
        db_name character(128), userid bigint, schema_name character(128), mv_name character(128), xid bigint,
        starttime timestamp, endtime timestamp, status character(160), refresh_type character(32)
        """,
        _refreshes,
    ),
    SystemTable(
        "stl_vacuum",
        """
        userid integer, xid bigint, table_id integer, status character(30), rows bigint, sortedrows bigint,
        blocks integer, max_merge_partitions integer, eventtime timestamp, reclaimable_rows bigint,
        reclaimable_space_mb bigint, cutoff_xid bigint, is_recluster integer
        """,
        _vacuum,
    ),
    SystemTable(
        "svv_vacuum_summary",
        """
        table_name varchar(128), xid bigint, sort_partitions bigint, merge_increments bigint, elapsed_time bigint,
        row_delta bigint, sortedrow_delta bigint, block_delta integer, max_merge_partitions integer
        """,
        _vacuum_summary,
    ),
    SystemTable(
        "stl_analyze",
        """
        userid integer, xid bigint, database character(30), table_id integer, status character(15),
        rows double precision, modified_rows double precision, threshold_percent integer, is_auto character(1),
        starttime timestamp, endtime timestamp, prevtime timestamp, num_predicate_cols integer,
        num_new_predicate_cols integer, is_background character(1), auto_analyze_phase character(100),
        schema_name character(128), table_name character(136)
        """,
        _analyze,
    ),
)
