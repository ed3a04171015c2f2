"""Streaming SQL over streams, as in Kinesis Analytics and Flink: windows, bounded and continuous."""

from __future__ import annotations

from kit.analytics.bounded import WindowResult, WindowStats
from kit.analytics.continuous import ContinuousQuery
from kit.analytics.service import Analytics

__all__ = ["Analytics", "ContinuousQuery", "WindowResult", "WindowStats"]
