"""Queries bound against the catalog for a session, and the values that a bound query asks for when it runs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any

from kit.base.clock import Clock, now
from kit.base.errors import KitError
from kit.sql.redshift import BoundInsert, BoundQuery, bind, bind_insert
from kit.sql.redshift import Session as BindingSession
from kit.sql.redshift.statements import Insert
from kit.warehouse.catalog import DATABASE, Catalog
from kit.warehouse.plan.trees import QueryTree
from kit.warehouse.session import Session

SYSTEM_SCHEMA = "pg_catalog"
USER = "awsuser"
USER_ID = 100
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
        catalog,
        search_path=(*session.path, SYSTEM_SCHEMA),
        parameters=values,
        wide=wide,
        keep_case=session.keeps_case,
    )
    if query.leader_only and query.tables:
        name = min(query.leader_only)
        raise KitError(
            "0A000",
            "Specified types or functions (one per INFO message) not supported on Redshift tables.",
            f'Function "{name}" runs on the leader only: ask it in a query without tables.',
        )
    return query


def bound_insert(
    statement: Insert, catalog: Catalog, script: str, session: Session, values: Mapping[str, Any]
) -> BoundInsert:
    """An INSERT as a query whose columns are the table's, as they are stored."""
    asked = BindingSession(catalog, (*session.path, SYSTEM_SCHEMA), values, session.keeps_case)
    return bind_insert(statement, script, asked)


def kinds_of(values: Mapping[str, Any]) -> Hashable:
    """What of the parameters' values a bound query depends on: their types, as the dialect tells them apart."""
    return tuple(sorted((name, _kind(value)) for name, value in values.items()))


def current_values(
    query: BoundQuery, values: Mapping[str, Any], session: Session, clock: Clock, query_id: int = 0
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
        "pg_last_query_id": query_id - 1,
        "pg_last_copy_id": -1,
        "pg_last_copy_count": 0,
        "pg_last_unload_id": -1,
        "pg_last_unload_count": 0,
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
