"""System information: what the session is, who asks, what the database is called.

Values come from the session as parameters when the statement runs; nothing here knows them.

Source: Amazon Redshift Database Developer Guide, "System information functions", "Leader node-only functions", read
2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding.typed import Typed, cast, session_value, typed
from kit.sql.redshift.functions.table import Call, Function
from kit.sql.redshift.types import BOOLEAN, INTEGER, Type, varchar

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions, Handler

_NAME: Final = varchar(128)
_LEADER_ONLY: Final = frozenset(
    {"current_schema", "current_schemas", "has_database_privilege", "has_schema_privilege", "has_table_privilege"}
)


def _session(name: str, kind: Type) -> Function:
    """A function without arguments whose value the session knows."""

    def bind(binder: Expressions, call: Call) -> Typed:
        if call.arguments:
            kinds = [binder.bind(argument).type for argument in call.arguments]
            raise errors.function_missing(call.name, kinds, binder.script, call.node, None)
        return value(binder, name, kind)

    return Function(name, bind, name)


def value(binder: Expressions, name: str, kind: Type) -> Typed:
    if name in _LEADER_ONLY:
        binder.context.found.leader_only.add(name)
    return typed(cast(session_value(name), kind), kind, blanks=False)


def _privilege(name: str) -> Function:
    """HAS_…_PRIVILEGE: a workspace has one user, who may do everything."""

    def bind(binder: Expressions, call: Call) -> Typed:
        if not 2 <= len(call.arguments) <= 3:
            kinds = [binder.bind(argument).type for argument in call.arguments]
            raise errors.function_missing(call.name, kinds, binder.script, call.node, None)
        for argument in call.arguments:
            binder.bind(argument)
        binder.context.found.leader_only.add(name)
        return typed(exp.Boolean(this=True), BOOLEAN)

    return Function(name, bind, name)


FUNCTIONS: Final[dict[str, Function]] = {
    "current_user_id": _session("current_user_id", INTEGER),
    "current_schema": _session("current_schema", _NAME),
    "current_database": _session("current_database", _NAME),
    "pg_backend_pid": _session("pg_backend_pid", INTEGER),
    "pg_last_query_id": _session("pg_last_query_id", INTEGER),
    "pg_last_copy_id": _session("pg_last_copy_id", INTEGER),
    "pg_last_copy_count": _session("pg_last_copy_count", INTEGER),
    "pg_last_unload_id": _session("pg_last_unload_id", INTEGER),
    "pg_last_unload_count": _session("pg_last_unload_count", INTEGER),
    "slice_num": _session("slice_num", INTEGER),
    "user": _session("current_user", _NAME),
    "version": _session("version", varchar(256)),
    "has_table_privilege": _privilege("has_table_privilege"),
    "has_schema_privilege": _privilege("has_schema_privilege"),
    "has_database_privilege": _privilege("has_database_privilege"),
}


def _current_user(binder: Expressions, node: exp.Expr) -> Typed:
    return value(binder, "session_user" if isinstance(node, exp.SessionUser) else "current_user", _NAME)


def _current_user_id(binder: Expressions, node: exp.Expr) -> Typed:
    del node
    return value(binder, "current_user_id", INTEGER)


HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.CurrentUser: _current_user,
    exp.SessionUser: _current_user,
    exp.CurrentUserId: _current_user_id,
}
