"""What the files of an UNLOAD are called. Pure.

Source: Amazon Redshift Database Developer Guide, "UNLOAD", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kit.sql.redshift.statements import UnloadOptions

# What Hive writes for a NULL, and the characters that it writes by their number.
_NULL = "__HIVE_DEFAULT_PARTITION__"
_ESCAPED = frozenset("\"#%'*/:=?\\{[]^\x7f") | frozenset(map(chr, range(1, 32)))
_SUFFIXES = {"NONE": "", "GZIP": ".gz", "BZIP2": ".bz2", "ZSTD": ".zst", "LZOP": ".lzo"}


@dataclass(frozen=True, slots=True)
class Names:
    """`prefix` is the URI as it was said, with a slash behind it where partitions follow."""

    prefix: str
    suffix: str
    is_parallel: bool

    def file(self, slice_number: int, part: int, partition: str = "") -> str:
        """`<prefix><partition>0002_part_01`, or `<prefix>001` where one slice writes all."""
        place = self.prefix + partition
        if not self.is_parallel:
            return f"{place}{part:03d}{self.suffix}"
        return f"{place}{slice_number:04d}_part_{part:02d}{self.suffix}"

    @property
    def manifest(self) -> str:
        return f"{self.prefix}manifest"


def names_of(target: str, options: UnloadOptions) -> Names:
    prefix = target if not options.partition_by or target.endswith("/") else target + "/"
    if options.extension:
        suffix = options.extension if options.extension.startswith(".") else f".{options.extension}"
    elif options.format == "PARQUET":
        suffix = ".parquet"
    else:
        suffix = _SUFFIXES[options.compression]
    return Names(prefix, suffix, options.parallel)


def partition_of(columns: Sequence[str], values: Sequence[str | None]) -> str:
    """`year=2008/month=1/`, as Hive writes it."""
    return "".join(
        f"{_escaped(name)}={_escaped(_NULL if value is None else value)}/"
        for name, value in zip(columns, values, strict=True)
    )


def _escaped(text: str) -> str:
    return "".join(f"%{ord(character):02X}" if character in _ESCAPED else character for character in text)
