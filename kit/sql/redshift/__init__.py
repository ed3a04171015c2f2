"""Redshift's SQL: text to statements (`parse`), statements to typed trees in DuckDB's semantics (`bind`)."""
