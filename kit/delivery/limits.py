"""The service's figures.

Source: Amazon Data Firehose Developer Guide, Quota, and API Reference, BufferingHints; read 2026-11.
"""

from __future__ import annotations

from typing import Final

MIB: Final = 1 << 20
BATCH_RECORDS: Final = 500
BATCH_BYTES: Final = 4 * MIB
RECORD_BYTES: Final = 1_000 << 10
BUFFER_MB: Final = (1, 128)
BUFFER_SECONDS: Final = (0, 900)
DEFAULT_BUFFER_MB: Final = 5
DEFAULT_BUFFER_SECONDS: Final = 300
COLUMNAR_BUFFER_MB: Final = 64
"""The least buffer of a stream that partitions or converts."""
DEFAULT_COLUMNAR_BUFFER_MB: Final = 128
ACTIVE_PARTITIONS: Final = 500
DELIVERY_STREAMS: Final = 5_000
RETRY_SECONDS: Final = (0, 7_200)
DEFAULT_COPY_RETRY_SECONDS: Final = 3_600
DEFAULT_INVOCATION_RETRIES: Final = 3
INVOCATION_RETRIES: Final = (0, 300)
DEFAULT_INVOCATION_MB: Final = 1.0
INVOCATION_MB: Final = (0.2, 3.0)
TAGS: Final = 50
