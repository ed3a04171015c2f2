"""Tables as the bytes of a file of Parquet or ORC."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from kit.delivery.configuration import Conversion

EXTENSIONS = {"PARQUET": ".parquet", "ORC": ".orc"}


def encoded(rows: pa.Table, conversion: Conversion) -> Any:
    """The file, as a buffer of bytes."""
    sink = pa.BufferOutputStream()
    if conversion.format == "PARQUET":
        from pyarrow import parquet

        codec = {"UNCOMPRESSED": "none"}.get(conversion.codec, conversion.codec.lower())
        parquet.write_table(rows, sink, compression=codec)
    else:
        from pyarrow import orc

        codec = {"NONE": "uncompressed"}.get(conversion.codec, conversion.codec.lower())
        orc.write_table(rows, sink, compression=codec)
    return sink.getvalue()
