"""Ordered, durable, replayable logs, as in Kinesis Data Streams: shards of segment files, read as Arrow."""

from __future__ import annotations

from kit.streams.records import Appended, Entry, Page, PutResult, Record, Shard
from kit.streams.service import Streams
from kit.streams.stream import Stream

__all__ = ["Appended", "Entry", "Page", "PutResult", "Record", "Shard", "Stream", "Streams"]
