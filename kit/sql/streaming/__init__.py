"""Streaming SQL: Flink's window table functions and Kinesis Analytics' SQL, as stages of DuckDB SQL over windows.

The language inside of windows (expressions, functions, types) is Athena's; what is streaming about it is here.
"""

from __future__ import annotations

from kit.sql.streaming.application import compile_application
from kit.sql.streaming.plan import Application, Plain, Stage
from kit.sql.streaming.windows import Cumulate, Fixed, Hop, Session, Sliding, Stagger, Tumble, Window

__all__ = [
    "Application",
    "Cumulate",
    "Fixed",
    "Hop",
    "Plain",
    "Session",
    "Sliding",
    "Stage",
    "Stagger",
    "Tumble",
    "Window",
    "compile_application",
]
