"""From objects to relations: which files hold a table, and how each format's bytes become typed columns in DuckDB."""
