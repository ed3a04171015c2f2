"""Streaming SQL over streams, as in Kinesis Analytics and Flink: windows, bounded and continuous."""

from __future__ import annotations

from kit.analytics.service import Analytics, WindowResult, WindowStats

__all__ = ["Analytics", "WindowResult", "WindowStats"]
