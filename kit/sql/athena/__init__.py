"""Athena's SQL (engine version 3, which is Trino's): text to statement, query to DuckDB SQL over scans."""

from __future__ import annotations

from kit.sql.athena.compile import compile_query
from kit.sql.athena.macros import MACROS
from kit.sql.athena.parsing import parse
from kit.sql.athena.statements import Query, Statement

__all__ = ["MACROS", "Query", "Statement", "compile_query", "parse"]
