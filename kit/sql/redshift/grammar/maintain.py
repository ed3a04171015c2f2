"""ANALYZE, ANALYZE COMPRESSION and VACUUM."""

from __future__ import annotations

from kit.sql.redshift import errors
from kit.sql.redshift.grammar.cursor import Cursor
from kit.sql.redshift.statements import Analyze, AnalyzeCompression, Vacuum


def analyze(cursor: Cursor) -> Analyze | AnalyzeCompression:
    if not cursor.accept("ANALYZE"):
        cursor.expect("ANALYSE")
    if cursor.accept("COMPRESSION"):
        return _compression(cursor)
    verbose = cursor.accept("VERBOSE")
    if cursor.done:
        return Analyze(verbose=verbose)
    if cursor.at("PREDICATE") or cursor.at("ALL"):
        predicate = _columns_clause(cursor)
        return Analyze(None, (), predicate, verbose)
    table = cursor.table_name()
    columns = cursor.names() if cursor.at_symbol("(") else ()
    predicate = False if cursor.done else _columns_clause(cursor)
    cursor.end()
    return Analyze(table, columns, predicate, verbose)


def vacuum(cursor: Cursor) -> Vacuum:
    cursor.expect("VACUUM")
    mode = "FULL"
    if cursor.accept("SORT", "ONLY"):
        mode = "SORT ONLY"
    elif cursor.accept("DELETE", "ONLY"):
        mode = "DELETE ONLY"
    else:
        mode = cursor.choice("FULL", "REINDEX", "RECLUSTER") or "FULL"
    if cursor.done or cursor.at("BOOST"):
        table, percent = None, None
    else:
        table = cursor.table_name()
        percent = _threshold(cursor) if cursor.accept("TO") else None
    boost = cursor.accept("BOOST")
    cursor.end()
    return Vacuum(mode, table, percent, boost)  # type: ignore[arg-type]


def _threshold(cursor: Cursor) -> int:
    start = cursor.current
    percent = cursor.integer()
    cursor.expect("PERCENT")
    if not 0 <= percent <= 100:
        raise errors.error(
            errors.INVALID_PARAMETER_VALUE, "vacuum threshold must be between 0 and 100", cursor.script, start
        )
    return percent


def _columns_clause(cursor: Cursor) -> bool:
    """PREDICATE COLUMNS or ALL COLUMNS: whether it is the first."""
    predicate = cursor.accept("PREDICATE")
    if not predicate:
        cursor.expect("ALL")
    cursor.expect("COLUMNS")
    return predicate


def _compression(cursor: Cursor) -> AnalyzeCompression:
    if cursor.done:
        return AnalyzeCompression()
    table = None if cursor.at("COMPROWS") else cursor.table_name()
    columns = cursor.names() if cursor.at_symbol("(") else ()
    rows = cursor.integer() if cursor.accept("COMPROWS") else None
    cursor.end()
    return AnalyzeCompression(table, columns, rows)
