"""Window functions. Source: Window functions, Trino documentation, read 2026-11."""

from __future__ import annotations

from typing import Final

from kit.sql.athena.functions.table import Window

FUNCTIONS: Final = (
    Window("cume_dist() -> double", "cume_dist()"),
    Window("dense_rank() -> bigint", "dense_rank()"),
    Window("first_value(T) -> T", "first_value({0})", nulls=True),
    Window("lag(T) -> T", "lag({0})", nulls=True),
    Window("lag(T, bigint) -> T", "lag({0}, {1})", nulls=True),
    Window("lag(T, bigint, T) -> T", "lag({0}, {1}, {2})", nulls=True),
    Window("last_value(T) -> T", "last_value({0})", nulls=True),
    Window("lead(T) -> T", "lead({0})", nulls=True),
    Window("lead(T, bigint) -> T", "lead({0}, {1})", nulls=True),
    Window("lead(T, bigint, T) -> T", "lead({0}, {1}, {2})", nulls=True),
    Window("nth_value(T, bigint) -> T", "nth_value({0}, {1})", nulls=True),
    Window("ntile(bigint) -> bigint", "ntile({0})"),
    Window("percent_rank() -> double", "percent_rank()"),
    Window("rank() -> bigint", "rank()"),
    Window("row_number() -> bigint", "row_number()"),
)
