"""Where the objects of a flush go: keys and URIs, which follow from the flush alone. Pure.

Whatever is delivered again after a kill gets the names that it had, and so replaces what was written.

Source: Amazon Data Firehose Developer Guide, Configure Amazon S3 object name format; read 2026-11.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kit.base.clock import instant
from kit.delivery.compression import EXTENSIONS
from kit.delivery.configuration import StorageDestination
from kit.delivery.conversion.files import EXTENSIONS as FILE_EXTENSIONS
from kit.delivery.prefix import FailureKind, Place, Prefix, evaluate, evaluate_error
from kit.delivery.progress import Flush

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_RANDOM_CHARACTERS = 11


@dataclass(frozen=True, slots=True)
class Naming:
    """Names the objects of one flush of a delivery stream."""

    stream: str
    version: int
    flush: Flush
    storage: StorageDestination

    def object_uri(self, oldest_ms: int, query_keys: Mapping[str, str], lambda_keys: Mapping[str, str]) -> str:
        """Where records of these partition keys go."""
        label = "\0".join(f"{name}={value}" for keys in (query_keys, lambda_keys) for name, value in keys.items())
        place = Place(self._local(oldest_ms), self._random(label), query_keys, lambda_keys)
        prefix = evaluate(Prefix.parse(self.storage.prefix), place)
        return self._uri(prefix, label, self._extension())

    def error_uri(self, kind: FailureKind, oldest_ms: int) -> str:
        place = Place(self._local(oldest_ms), self._random(kind), {}, {})
        return self._uri(evaluate_error(Prefix.parse(self.storage.error_prefix), place, kind), kind, "")

    def backup_uri(self, oldest_ms: int) -> str:
        place = Place(self._local(oldest_ms), self._random("backup"), {}, {})
        return self._uri(evaluate(Prefix.parse(self.storage.backup or ""), place), "backup", "")

    def manifest_uri(self) -> str:
        """Where a warehouse destination says what COPY has not taken."""
        prefix = Prefix.parse(self.storage.error_prefix)
        text = "errors/" if prefix.expressions or not prefix.text else prefix.text
        time = self._local(self.flush.made_ms)
        return self._uri(f"{text}manifests/{time:%Y/%m/%d/%H/}", "manifest", "")

    def _uri(self, prefix: str, label: str, extension: str) -> str:
        time = self._local(self.flush.made_ms)
        name = f"{self.stream}-{self.version}-{time:%Y-%m-%d-%H-%M-%S}-{self._uuid(label)}{extension}"
        return f"s3://{self.storage.bucket}/{prefix}{name}"

    def _extension(self) -> str:
        if self.storage.extension:
            return self.storage.extension
        if self.storage.conversion is not None:
            return FILE_EXTENSIONS[self.storage.conversion.format]
        return EXTENSIONS[self.storage.compression]

    def _local(self, ms: int) -> datetime:
        return instant(ms * 1_000_000).astimezone(ZoneInfo(self.storage.time_zone))

    def _uuid(self, label: str) -> uuid.UUID:
        return uuid.uuid5(uuid.UUID(self.flush.flush_id), label)

    def _random(self, label: str) -> str:
        number = self._uuid(f"random\0{label}").int
        return "".join(_ALPHABET[number // 62**place % 62] for place in range(_RANDOM_CHARACTERS))
