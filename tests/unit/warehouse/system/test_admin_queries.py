"""The questions that administrators of a cluster ask, against the documented columns, with their answers.

Source of the questions: Amazon Redshift Database Developer Guide, "Performance tuning", "Diagnostic queries for query
tuning", "Troubleshooting data loads", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from kit.warehouse import Warehouse
from kit.workspace import Workspace

Ask = Callable[[str], list[tuple[object, ...]]]


# Tables: skew, order, statistics, size.


def test_which_tables_are_skewed(ask: Ask) -> None:
    found = ask(
        """SELECT "schema", "table", skew_rows FROM svv_table_info WHERE skew_rows > 4 ORDER BY skew_rows DESC"""
    )

    assert found == [("public", "lopsided", Decimal("100.00"))]


def test_which_tables_are_unsorted(ask: Ask) -> None:
    found = ask("""SELECT "table", sortkey1, unsorted FROM svv_table_info WHERE unsorted > 0""")

    assert found == [("sales", "day", Decimal("0.50"))]


def test_which_tables_have_statistics_that_are_behind(ask: Ask) -> None:
    found = ask("""SELECT "table", stats_off FROM svv_table_info WHERE stats_off > 10""")

    assert found == [("half_gone", Decimal("50.00"))]


def test_which_tables_hold_deleted_rows(ask: Ask) -> None:
    found = ask(
        """SELECT TRIM("table"), tbl_rows - estimated_visible_rows AS ghosts FROM svv_table_info
        WHERE tbl_rows > estimated_visible_rows"""
    )

    assert found == [("half_gone", Decimal(100))]


def test_which_tables_have_no_sort_key(ask: Ask) -> None:
    found = ask("""SELECT "table" FROM svv_table_info WHERE sortkey1 IS NULL ORDER BY 1""")

    assert [name for (name,) in found] == ["buyers", "half_gone", "lopsided", "numbers"]


def test_how_tables_are_distributed(ask: Ask) -> None:
    found = ask("""SELECT diststyle, COUNT(*) FROM svv_table_info GROUP BY diststyle ORDER BY diststyle""")

    assert found == [("ALL", 1), ("EVEN", 1), ("KEY(id)", 2), ("KEY(k)", 1)]


def test_which_tables_are_the_largest(ask: Ask) -> None:
    found = ask("""SELECT "table", tbl_rows FROM svv_table_info ORDER BY size DESC, tbl_rows DESC LIMIT 1""")

    assert found == [("sales", Decimal(40_200))]


def test_how_many_rows_each_slice_holds_of_a_table(ask: Ask) -> None:
    found = ask(
        """SELECT s.node, p.slice, p.rows FROM stv_tbl_perm p JOIN stv_slices s ON p.slice = s.slice
        WHERE p.name = 'lopsided' ORDER BY p.slice"""
    )

    assert [(node, slice_) for node, slice_, _ in found] == [(0, 0), (0, 1), (1, 2), (1, 3)]
    assert sorted(rows for _, _, rows in found) == [0, 0, 0, 200]


def test_the_fullest_against_the_emptiest_slice(ask: Ask) -> None:
    found = ask(
        """SELECT TRIM(name), MAX(rows) AS most, MIN(rows) AS least FROM stv_tbl_perm
        GROUP BY name HAVING MIN(rows) = 0 AND MAX(rows) > 0 ORDER BY 1"""
    )

    assert found == [("lopsided", 200, 0)]


def test_how_much_disk_a_table_takes_agrees_between_the_views(ask: Ask) -> None:
    found = ask(
        """SELECT i."table", i.size, b.blocks FROM svv_table_info i
        JOIN (SELECT tbl, COUNT(*) AS blocks FROM stv_blocklist GROUP BY tbl) b ON b.tbl = i.table_id
        WHERE i.size <> b.blocks"""
    )

    assert found == []


def test_how_the_values_of_a_column_lie_in_its_blocks(ask: Ask) -> None:
    (day,) = ask(
        """SELECT MIN(minvalue), MAX(maxvalue), SUM(num_values) FROM svv_diskusage
        WHERE name = 'sales' AND col = 2"""
    )

    # Days since 2000-01-01: 2025-06-01 and 2026-07-19.
    assert day == (9283, 9696, 40_200)


def test_how_full_the_nodes_are(ask: Ask) -> None:
    found = ask(
        """SELECT c.node, c.used, SUM(CASE WHEN s.node = c.node THEN 1 ELSE 0 END)
        FROM stv_node_storage_capacity c, stv_blocklist b, stv_slices s WHERE b.slice = s.slice
        GROUP BY c.node, c.used ORDER BY c.node"""
    )

    assert [node for node, _, _ in found] == [0, 1]
    assert all(used == blocks for _, used, blocks in found)


def test_which_columns_are_not_compressed(ask: Ask) -> None:
    found = ask(
        """SELECT tablename, "column", type, encoding FROM pg_table_def
        WHERE schemaname = 'public' AND encoding = 'none' ORDER BY 1, 2"""
    )

    assert found == [("sales", "day", "date", "none")]


def test_what_the_keys_of_a_table_are(ask: Ask) -> None:
    found = ask(
        """SELECT "column", distkey, sortkey, "notnull" FROM pg_table_def
        WHERE tablename = 'sales' AND (distkey OR sortkey <> 0 OR "notnull") ORDER BY 1"""
    )

    assert found == [("day", False, 1, False), ("id", True, 0, True)]


def test_which_varchars_are_wider_than_they_need_to_be(ask: Ask) -> None:
    found = ask("""SELECT "table", max_varchar FROM svv_table_info WHERE max_varchar > 20""")

    assert found == [("sales", 40)]


def test_tables_by_schema_through_the_catalog(ask: Ask) -> None:
    found = ask(
        """SELECT TRIM(n.nspname), TRIM(c.relname), u.usename FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_user u ON u.usesysid = c.relowner
        WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname LIKE '%s' ORDER BY 2"""
    )

    assert found == [("public", name, "awsuser") for name in ("buyers", "numbers", "sales")]


def test_distribution_styles_through_the_catalog(ask: Ask) -> None:
    found = ask(
        """SELECT relname, CASE releffectivediststyle WHEN 0 THEN 'EVEN' WHEN 1 THEN 'KEY' WHEN 8 THEN 'ALL' END
        FROM pg_class_info WHERE relname IN ('sales', 'numbers', 'unread') ORDER BY 1"""
    )

    assert found == [("numbers", "ALL"), ("sales", "KEY"), ("unread", "EVEN")]


def test_columns_and_keys_through_the_catalog(ask: Ask) -> None:
    found = ask(
        """SELECT a.attname, t.typname, a.attisdistkey, a.attsortkeyord FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
        WHERE c.relname = 'sales' AND a.attnum > 0 ORDER BY a.attnum"""
    )

    assert found == [
        ("id", "int4", True, 0),
        ("buyer", "int4", False, 0),
        ("day", "date", False, 1),
        ("note", "varchar", False, 0),
    ]


def test_what_is_said_of_tables_and_columns(ask: Ask) -> None:
    tables = ask("SELECT table_name, table_type, remarks FROM svv_tables WHERE remarks IS NOT NULL")
    columns = ask("SELECT column_name, data_type, remarks FROM svv_columns WHERE remarks IS NOT NULL")

    assert tables == [("sales", "BASE TABLE", "what was sold")]
    assert columns == [("buyer", "integer", "who bought")]


def test_columns_through_the_information_schema(ask: Ask) -> None:
    found = ask(
        """SELECT column_name, data_type, character_maximum_length, is_nullable FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = 'sales' ORDER BY ordinal_position"""
    )

    assert found == [
        ("id", "integer", None, "NO"),
        ("buyer", "integer", None, "YES"),
        ("day", "date", None, "YES"),
        ("note", "character varying", 40, "YES"),
    ]


def test_which_views_there_are(ask: Ask) -> None:
    assert ask("SELECT viewname FROM pg_views WHERE schemaname = 'public'") == [("cities",)]
    assert ask(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'VIEW'"
    ) == [("cities",)]


# Queries: which, how long, why.


def test_which_queries_took_longest(ask: Ask) -> None:
    found = ask(
        """SELECT TRIM(q.querytxt), DATEDIFF(ms, q.starttime, q.endtime) AS took FROM stl_query q
        JOIN stl_wlm_query w ON w.query = q.query WHERE q.userid > 1 AND w.total_exec_time >= 0
        ORDER BY took DESC, q.query LIMIT 1"""
    )

    assert len(found) == 1


def test_which_queries_were_run_under_a_label(ask: Ask) -> None:
    found = ask("SELECT TRIM(label), COUNT(*) FROM stl_query WHERE label <> 'default' GROUP BY 1")

    assert found == [("nightly", 1)]


def test_which_queries_were_aborted(ask: Ask) -> None:
    found = ask("SELECT TRIM(substring) FROM svl_qlog WHERE aborted = 1 AND query < 30 ORDER BY query")

    assert [text.split()[0] for (text,) in found] == ["SELECT", "COPY"]


def test_why_queries_failed(ask: Ask) -> None:
    found = ask(
        "SELECT query_type, error_message FROM sys_query_history WHERE status = 'failed' ORDER BY start_time, query_id"
    )

    assert found[0] == ("SELECT", "Divide by zero")
    assert found[1][0] == "COPY"


def test_the_text_of_a_long_query_is_put_together_again(ask: Ask) -> None:
    found = ask(
        """SELECT LISTAGG(text) WITHIN GROUP (ORDER BY sequence) FROM stl_querytext
        WHERE query = (SELECT MIN(query) FROM stl_query WHERE querytxt LIKE 'INSERT INTO numbers%')"""
    )

    assert found == [("INSERT INTO numbers VALUES " + ", ".join(f"({number})" for number in range(200)),)]


def test_which_ddl_ran(ask: Ask) -> None:
    found = ask("SELECT TRIM(text) FROM stl_ddltext WHERE text ILIKE 'create view%' AND sequence = 0")

    assert [text.split()[2] for (text,) in found] == ["cities"]


def test_all_that_ran_by_its_kind(ask: Ask) -> None:
    found = dict(ask("SELECT type, COUNT(*) FROM svl_statementtext WHERE sequence = 0 GROUP BY type"))

    assert found["UTILITY"] == 2
    assert found["DDL"] == 9


def test_which_alerts_there_were(ask: Ask) -> None:
    found = ask(
        """SELECT TRIM(SPLIT_PART(l.event, ':', 1)) AS alert, COUNT(DISTINCT l.query)
        FROM stl_alert_event_log l JOIN stl_query q ON q.query = l.query
        WHERE q.querytxt LIKE 'SELECT%' AND q.querytxt NOT LIKE '%stl_%' AND q.querytxt NOT LIKE '%stv_%'
        GROUP BY 1 ORDER BY 1"""
    )

    assert found == [
        ("Missing query planner statistics", 1),
        ("Nested Loop Join in the query plan", 1),
        ("Scanned a large number of deleted rows", 1),
        ("Very selective query filter", 1),
    ]


def test_which_tables_alerts_are_about(ask: Ask) -> None:
    found = ask(
        """SELECT DISTINCT TRIM(s.perm_table_name), TRIM(l.solution) FROM stl_alert_event_log l
        JOIN stl_scan s ON s.query = l.query AND s.slice = l.slice AND s.segment = l.segment AND s.step = l.step
        WHERE l.event LIKE 'Scanned a large number of deleted rows%'"""
    )

    assert found == [("half_gone", "Run the VACUUM command to reclaim deleted space")]


def test_which_scans_kept_little_of_what_they_read(ask: Ask) -> None:
    (found,) = ask(
        """SELECT TRIM(perm_table_name), SUM(rows), SUM(rows_pre_filter) FROM stl_scan
        WHERE query IN (SELECT query FROM stl_query WHERE querytxt LIKE 'SELECT COUNT(*) FROM sales%') AND tbl > 0
        GROUP BY 1"""
    )

    assert found[:2] == ("sales", 1)
    assert found[2] >= 30_000


def test_how_many_bytes_queries_broadcast(ask: Ask) -> None:
    found = ask(
        """SELECT SUM(b.rows), SUM(b.bytes) > 0 FROM stl_bcast b JOIN stl_query q ON q.query = b.query
        WHERE q.label = 'nightly' GROUP BY b.query"""
    )

    # 200 rows, to each of four slices.
    assert found == [(800, True)]


def test_whether_anything_was_redistributed(ask: Ask) -> None:
    assert ask("SELECT COALESCE(SUM(bytes), 0) FROM stl_dist WHERE rows > 0 AND query < 20") == [(0,)]


def test_the_steps_of_a_query(ask: Ask) -> None:
    found = ask(
        """SELECT TRIM(r.label), COUNT(DISTINCT r.slice), SUM(r.rows) FROM svl_query_report r
        JOIN stl_query q ON q.query = r.query WHERE q.label = 'nightly' AND r.label LIKE 'scan%tbl=%'
        GROUP BY 1 ORDER BY 1"""
    )

    assert [(label.split("name=")[1], slices, rows) for label, slices, rows in found] == [
        ("sales", 4, 40_200),
        ("buyers", 4, 200),
    ]


def test_the_slowest_steps_of_a_query(ask: Ask) -> None:
    found = ask(
        """SELECT s.stm, s.seg, s.step, TRIM(s.label), s.is_diskbased FROM svl_query_summary s
        JOIN stl_query q ON q.query = s.query WHERE q.label = 'nightly' ORDER BY s.maxtime DESC"""
    )

    assert {label.split()[0] for *_, label, _ in found} >= {"scan", "hjoin", "aggr", "bcast", "return"}
    assert {spilled for *_, spilled in found} == {"f"}


def test_which_slice_did_more_than_the_others(ask: Ask) -> None:
    found = ask(
        """SELECT slice, SUM(rows) FROM svl_query_report WHERE label LIKE 'scan%name=lopsided' AND slice < 4
        GROUP BY slice HAVING SUM(rows) > 0"""
    )

    assert [rows for _, rows in found] == [200]


def test_the_plan_that_a_query_had(ask: Ask) -> None:
    found = ask(
        """SELECT TRIM(SPLIT_PART(e.plannode, '(', 1)), TRIM(e.info) FROM stl_explain e
        JOIN stl_query q ON q.query = e.query WHERE q.label = 'nightly' AND e.plannode LIKE '%Join%'"""
    )

    assert found == [("->  XN Hash Join DS_BCAST_INNER", 'Hash Cond: ("outer".buyer = "inner".id)')]


def test_queries_with_an_expensive_plan(ask: Ask) -> None:
    found = ask(
        """SELECT DISTINCT TRIM(q.querytxt) FROM stl_explain e JOIN stl_query q ON q.query = e.query
        WHERE e.plannode LIKE '%Nested Loop%' AND q.querytxt LIKE 'SELECT COUNT(*) FROM buyers a%'"""
    )

    assert found == [("SELECT COUNT(*) FROM buyers a, lopsided b WHERE a.id + b.v > 300",)]


def test_the_parents_of_plan_nodes_are_nodes(ask: Ask) -> None:
    found = ask(
        """SELECT COUNT(*) FROM stl_explain c LEFT JOIN stl_explain p ON p.query = c.query AND p.nodeid = c.parentid
        WHERE c.parentid <> 0 AND p.nodeid IS NULL"""
    )

    assert found == [(0,)]


def test_the_steps_of_a_query_in_the_newer_view(ask: Ask) -> None:
    found = ask(
        """SELECT d.step_name, TRIM(d.table_name), d.output_rows FROM sys_query_detail d
        JOIN sys_query_history h ON h.query_id = d.query_id
        WHERE h.query_label = 'nightly' AND d.table_id IS NOT NULL ORDER BY 2"""
    )

    assert found == [("scan", "dev.public.buyers", 200), ("scan", "dev.public.sales", 40_200)]


# Loads.


def test_why_a_load_failed(ask: Ask) -> None:
    found = ask(
        """SELECT DISTINCT TRIM(t.name), TRIM(e.filename), e.line_number, TRIM(e.colname), TRIM(e.raw_field_value),
        TRIM(e.err_reason) FROM stl_load_errors e JOIN stv_tbl_perm t ON t.id = e.tbl"""
    )

    assert found == [
        ("buyers", "s3://lake/buyers.csv", 2, "id", "nobody", "Invalid digit, Value 'n', Pos 0, Type: Integer")
    ]


def test_the_bad_rows_of_a_load_field_by_field(ask: Ask) -> None:
    found = ask(
        """SELECT DISTINCT d.line_number, TRIM(d.colname), TRIM(d.value) FROM stl_loaderror_detail d
        JOIN stl_load_errors e ON e.query = d.query AND e.line_number = d.line_number"""
    )

    assert found == [(2, "id", "nobody")]


def test_which_files_a_load_took(ask: Ask) -> None:
    found = ask(
        """SELECT TRIM(c.filename), c.lines_scanned, c.errors FROM stl_load_commits c
        JOIN stl_query q ON q.query = c.query WHERE q.aborted = 0"""
    )

    assert found == [("s3://lake/buyers.csv", 3, 1)]


def test_how_loads_went(ask: Ask) -> None:
    found = ask("SELECT table_name, status, loaded_rows, error_count FROM sys_load_history ORDER BY query_id")

    assert found == [("buyers", "aborted", 0, 1), ("buyers", "completed", 2, 1)]


# Sessions, locks, what runs now.


def test_who_is_connected(ask: Ask, used: Warehouse) -> None:
    found = ask("SELECT process, TRIM(user_name), TRIM(db_name) FROM stv_sessions WHERE process = PG_BACKEND_PID()")

    assert found == [(used.session.pid, "awsuser", "dev")]


def test_what_runs_now(ask: Ask) -> None:
    running = ask("SELECT TRIM(text) FROM stv_inflight WHERE pid = PG_BACKEND_PID()")
    recent = ask("SELECT TRIM(status), TRIM(query) FROM stv_recents WHERE status = 'Running'")

    assert running == [("SELECT TRIM(text) FROM stv_inflight WHERE pid = PG_BACKEND_PID()",)]
    assert [status for status, _ in recent] == ["Running"]


def test_who_holds_which_table(ask: Ask, lived_in: Workspace) -> None:
    with lived_in.warehouse.connect() as other:
        other.sql("BEGIN; LOCK sales")
        found = ask(
            """SELECT i."table", l.lock_owner_pid, TRIM(l.lock_status) FROM stv_locks l
            JOIN svv_table_info i ON i.table_id = l.table_id"""
        )
        transactions = ask(
            """SELECT pid, lock_mode, granted FROM svv_transactions
            WHERE lockable_object_type = 'relation' AND relation IN
            (SELECT table_id FROM svv_table_info WHERE "table" = 'sales')"""
        )

    assert found == [("sales", other.pid, "Holding write lock")]
    assert transactions == [(other.pid, "AccessExclusiveLock", True)]
    assert ask("SELECT COUNT(*) FROM stv_locks") == [(0,)]


@pytest.mark.parametrize("name", ["pg_last_query_id", "pg_last_copy_id"])
def test_the_last_query_of_the_session(ask: Ask, name: str) -> None:
    ask("SELECT 1")
    ((last,),) = ask(f"SELECT {name}()")
    ((text,),) = ask(f"SELECT TRIM(querytxt) FROM stl_query WHERE query = {last}")

    assert text.split()[0] == {"pg_last_query_id": "SELECT", "pg_last_copy_id": "COPY"}[name]
