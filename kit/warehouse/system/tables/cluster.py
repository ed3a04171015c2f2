"""The cluster's parts and what lies on them: slices, blocks, tables' parts, disks.

Source: Amazon Redshift Database Developer Guide, "STV_SLICES", "STV_BLOCKLIST", "STV_TBL_PERM", "SVV_DISKUSAGE",
"STV_NODE_STORAGE_CAPACITY", "STV_PARTITIONS", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence

from kit.warehouse.catalog import Table
from kit.warehouse.system.blocks import Block, counted
from kit.warehouse.system.state import State
from kit.warehouse.system.table import Rows, SystemTable

DATABASE_ID = 100
MEGABYTE = 1 << 20
# By how STV_TBL_PERM numbers them, which is not how PG_CLASS does.
_STYLES = {"EVEN": 0, "KEY": 1, "ALL": 8}
_AUTO_STYLES = {"ALL": 10, "EVEN": 11, "KEY": 12}


def effective_number(table: Table) -> int:
    """A distribution style as PG_CLASS_INFO numbers it."""
    return (_AUTO_STYLES if table.style == "AUTO" else _STYLES)[table.effective]


def _slices(state: State) -> Rows:
    shape = state.shape
    for number in range(shape.slices):
        yield shape.node_of(number), number, number % shape.slices_per_node, "D"


def _is_unsorted(state: State, block: Block) -> bool:
    """Whether it lies behind the region that is in sort-key order."""
    table = state.by_id[block.table]
    return bool(table.sortkey.columns) and block.start + block.values > table.sorted_rows[block.slice]


def _blocklist(state: State) -> Rows:
    for place, each in enumerate(state.blocks):
        unsorted = int(_is_unsorted(state, each))
        on_disk, modified = int(each.is_on_disk), int(each.is_modified)
        yield (
            *(each.slice, each.column, each.table, each.number, each.values, 0, each.low, each.high, place, 0),
            *(on_disk, modified, 0, unsorted, 0, state.shape.node_of(each.slice), _is_temporary(state, each.table)),
            *(int(not each.is_on_disk), 0, 0),
        )


def _diskusage(state: State) -> Rows:
    for place, each in enumerate(state.blocks):
        yield (
            *(DATABASE_ID, state.by_id[each.table].name, each.slice, each.column, each.table, each.number),
            *(each.values, each.low, each.high, place, 0, int(each.is_on_disk), int(each.is_modified), 0),
            *(int(_is_unsorted(state, each)), 0, state.shape.node_of(each.slice), _is_temporary(state, each.table)),
            int(not each.is_on_disk),
        )


def _is_temporary(state: State, table: int) -> int:
    return int(state.by_id[table].is_temporary)


def _tbl_perm(state: State) -> Rows:
    blocks = counted(state.blocks)
    for table in state.tables:
        for number in table.places(state.shape):
            yield (
                *(number, table.id, table.name, table.slice_rows[number] + _of(table.ghost_rows, number)),
                *(table.sorted_rows[number] - _of(table.displaced_rows, number), int(table.is_temporary), DATABASE_ID),
                *(int(not table.slice_rows[number]), int(not table.ghosts), int(table.backup)),
                *(effective_number(table), blocks.get((number, table.id), 0)),
            )


def _of(counts: Sequence[int], number: int) -> int:
    """A slice's count, 0 where nothing was counted yet."""
    return counts[number] if counts else 0


def _used_by_node(state: State) -> dict[int, int]:
    used = dict.fromkeys(range(state.shape.nodes), 0)
    for each in state.blocks:
        used[state.shape.node_of(each.slice)] += 1
    return used


def _capacity(state: State) -> int:
    """Blocks of 1 MB that a node has room for."""
    return state.capacity_bytes // MEGABYTE // state.shape.nodes


def _node_storage(state: State) -> Rows:
    for node, used in _used_by_node(state).items():
        yield node, used, _capacity(state)


def _partitions(state: State) -> Rows:
    for node, used in _used_by_node(state).items():
        capacity = _capacity(state)
        yield (
            *(node, node, 0, 0, capacity * MEGABYTE, used, 0, capacity, 0, 0, 0, 0, 0, 0, 0),
            *(0, 0, 0, "/dev/boathouse"),
        )


_BLOCK_TAIL = """
    sb_pos integer, pinned integer, on_disk integer, modified integer, hdr_modified integer, unsorted integer,
    tombstone integer, preferred_diskno integer, temporary integer, newblock integer
"""

TABLES = (
    SystemTable("stv_slices", "node integer, slice integer, localslice integer, type character(1)", _slices),
    SystemTable(
        "stv_blocklist",
        f"""
        slice integer, col integer, tbl integer, blocknum integer, num_values integer, extended_limits integer,
        minvalue bigint, maxvalue bigint, {_BLOCK_TAIL}, num_readers integer, flags integer
        """,
        _blocklist,
    ),
    SystemTable(
        "svv_diskusage",
        f"""
        db_id integer, name character(72), slice integer, col integer, tbl integer, blocknum integer,
        num_values integer, minvalue bigint, maxvalue bigint, {_BLOCK_TAIL}
        """,
        _diskusage,
    ),
    SystemTable(
        "stv_tbl_perm",
        """
        slice integer, id integer, name character(72), rows bigint, sorted_rows bigint, temp integer, db_id integer,
        insert_pristine integer, delete_pristine integer, backup integer, dist_style integer, block_count integer
        """,
        _tbl_perm,
    ),
    SystemTable("stv_node_storage_capacity", "node integer, used integer, capacity integer", _node_storage),
    SystemTable(
        "stv_partitions",
        """
        owner integer, host integer, diskno integer, part_begin bigint, part_end bigint, used integer,
        tossed integer, capacity integer, reads bigint, writes bigint, seek_forward integer, seek_back integer,
        is_san integer, failed integer, mbps integer, mount integer, part_state integer, flags integer,
        device character(64)
        """,
        _partitions,
    ),
)
