"""Queries bound against the catalog for a session, and the values that a bound query asks for when it runs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any

from kit.base.clock import Clock, now
from kit.base.errors import KitError
from kit.sql.redshift import BoundInsert, BoundQuery, Uses, bind, bind_insert
from kit.sql.redshift import Session as BindingSession
from kit.sql.redshift.statements import Insert
from kit.warehouse.catalog import DATABASE, Catalog
from kit.warehouse.identity import USER, USER_ID
from kit.warehouse.plan.trees import QueryTree
from kit.warehouse.session import Session
from kit.warehouse.system.provide import user_tables
from kit.warehouse.system.schemas import AllTables
from kit.warehouse.system.table import PG_CATALOG

VERSION = "PostgreSQL 8.0.2 on Boathouse, Redshift 1.0"
_INT4 = 2**31
_INT8 = 2**63


def bound(
    tree: QueryTree,
    catalog: Catalog,
    script: str,
    session: Session,
    values: Mapping[str, Any],
    *,
    wide: bool = False,
) -> BoundQuery:
    """The query with its names resolved and its meaning written out for DuckDB."""
    query = bind(
        tree,
        script,
        AllTables(catalog),
        search_path=(*session.path, PG_CATALOG),
        parameters=values,
        wide=wide,
        keep_case=session.keeps_case,
    )
    refuse_leader_only(query)
    return query


def refuse_leader_only(asked: BoundQuery | Uses) -> None:
    """Raise 0A000 where a function that runs on the leader alone meets a table of the slices."""
    if asked.leader_only and user_tables(asked.tables):
        name = min(asked.leader_only)
        raise KitError(
            "0A000",
            "Specified types or functions (one per INFO message) not supported on Redshift tables.",
            f'Function "{name}" runs on the leader only: ask it in a query without tables.',
        )


def binding_session(
    catalog: Catalog, session: Session, values: Mapping[str, Any], *, wide: bool = False
) -> BindingSession:
    """What a statement that changes rows is bound against."""
    return BindingSession(AllTables(catalog), (*session.path, PG_CATALOG), values, session.keeps_case, wide)


def bound_insert(
    statement: Insert, catalog: Catalog, script: str, session: Session, values: Mapping[str, Any]
) -> BoundInsert:
    """An INSERT as a query whose columns are the table's, as they are stored."""
    # In 128 bits: a product that overflowed in 64 would end the transaction, where a query is just bound again.
    return bind_insert(statement, script, binding_session(catalog, session, values, wide=True))


def kinds_of(values: Mapping[str, Any]) -> Hashable:
    """What of the parameters' values a bound query depends on: their types, as the dialect tells them apart."""
    return tuple(sorted((name, _kind(value)) for name, value in values.items()))


def current_values(
    query: BoundQuery | Uses, values: Mapping[str, Any], session: Session, clock: Clock
) -> dict[str, Any]:
    """The user's values and the session's, by the names that the bound query has for them."""
    found = {name: values[name] for name in query.parameters}
    if not query.session:
        return found
    instant = now(clock).replace(tzinfo=None)
    known: dict[str, Any] = {
        "getdate": instant,
        "sysdate": instant,
        "current_user": USER,
        "session_user": USER,
        "current_user_id": USER_ID,
        "current_schema": session.schemas[0],
        "current_database": DATABASE,
        "pg_backend_pid": session.pid,
        "pg_last_query_id": session.last.query,
        "pg_last_copy_id": session.last.copy,
        "pg_last_copy_count": session.last.copied_rows,
        "pg_last_unload_id": session.last.unload,
        "pg_last_unload_count": session.last.unloaded_rows,
        "slice_num": 0,
        "version": VERSION,
    }
    return {**found, **{name: known[name] for name in query.session}}


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int4" if -_INT4 <= value < _INT4 else "int8" if -_INT8 <= value < _INT8 else "integer"
        case Decimal():
            _, digits, exponent = value.as_tuple()
            return f"decimal {len(digits)} {exponent}"
        case _:
            zone = " with time zone" if getattr(value, "tzinfo", None) is not None else ""
            return f"{type(value).__name__}{zone}"
