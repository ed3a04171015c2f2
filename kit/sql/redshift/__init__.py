"""Redshift's SQL: text to statements (`parse`), statements to typed trees in DuckDB's semantics (`bind`)."""

from kit.sql.redshift.grammar.script import parse

__all__ = ["parse"]
