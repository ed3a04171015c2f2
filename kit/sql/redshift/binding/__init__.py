"""Binding: names resolved, types given, Redshift's semantics written out in DuckDB's. One module a concept."""
