"""SQL text to a tree to DuckDB SQL: what the dialects share, and one package a dialect."""
