"""Redshift's SQL: text to statements (`parse`), statements to typed trees in DuckDB's semantics (`bind`).

Whoever runs what was bound installs `MACROS` in the database first, and words its errors by `translate_runtime_error`.
"""

from kit.sql.redshift.bind import bind
from kit.sql.redshift.bound import (
    BoundChange,
    BoundColumn,
    BoundExpression,
    BoundInsert,
    BoundMerge,
    BoundQuery,
    BoundTable,
    Uses,
)
from kit.sql.redshift.changes import Session, bind_delete, bind_expression, bind_insert, bind_merge, bind_update
from kit.sql.redshift.grammar.script import parse
from kit.sql.redshift.macros import MACROS
from kit.sql.redshift.runtime import translate_runtime_error, wants_wide

__all__ = [
    "MACROS",
    "BoundChange",
    "BoundColumn",
    "BoundExpression",
    "BoundInsert",
    "BoundMerge",
    "BoundQuery",
    "BoundTable",
    "Session",
    "Uses",
    "bind",
    "bind_delete",
    "bind_expression",
    "bind_insert",
    "bind_merge",
    "bind_update",
    "parse",
    "translate_runtime_error",
    "wants_wide",
]
