"""Redshift's SQL: text to statements (`parse`), statements to typed trees in DuckDB's semantics (`bind`)."""

from kit.sql.redshift.bind import bind
from kit.sql.redshift.bound import BoundColumn, BoundQuery, BoundTable
from kit.sql.redshift.grammar.script import parse
from kit.sql.redshift.macros import MACROS

__all__ = ["MACROS", "BoundColumn", "BoundQuery", "BoundTable", "bind", "parse"]
