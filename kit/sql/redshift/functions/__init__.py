"""Redshift's functions: what they take, what they yield, and what they are in DuckDB. The list is closed."""
