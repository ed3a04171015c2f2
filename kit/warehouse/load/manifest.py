"""Manifests: the list of files that a COPY reads, and the one that an UNLOAD leaves behind. Text in, values out.

Source: Amazon Redshift Database Developer Guide, "Using a manifest to specify data files", "UNLOAD", MANIFEST, read
2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kit.base.errors import KitError


@dataclass(frozen=True, slots=True)
class Entry:
    """One file; `content_length` is what `meta` says of its size, which columnar formats need."""

    url: str
    mandatory: bool = False
    content_length: int | None = None


def read(text: bytes, uri: str) -> tuple[Entry, ...]:
    """The entries of a COPY's manifest. Raises where it is none, naming what is wrong."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _invalid(uri, f"it is no JSON ({error})") from None
    entries = document.get("entries") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise _invalid(uri, "it has no list 'entries'")
    return tuple(_entry(each, uri, number) for number, each in enumerate(entries, 1))


def _entry(document: object, uri: str, number: int) -> Entry:
    if not isinstance(document, dict) or not isinstance(document.get("url"), str):
        raise _invalid(uri, f"entry {number} has no 'url'")
    url = document["url"]
    if not url.startswith("s3://"):
        raise _invalid(uri, f"entry {number} is no S3 URI: '{url}'")
    mandatory = document.get("mandatory", False)
    if not isinstance(mandatory, bool):
        raise _invalid(uri, f"'mandatory' of entry {number} is not true or false")
    meta = document.get("meta")
    length = meta.get("content_length") if isinstance(meta, dict) else None
    if length is not None and (not isinstance(length, int) or isinstance(length, bool) or length < 0):
        raise _invalid(uri, f"'content_length' of entry {number} is no size in bytes")
    return Entry(url, mandatory, length)


def _invalid(uri: str, reason: str) -> KitError:
    return KitError(
        "XX000",
        f"The manifest '{uri}' is not in the correct format: {reason}",
        'It looks like {"entries": [{"url": "s3://bucket/key", "mandatory": true}]}.',
    )


@dataclass(frozen=True, slots=True)
class Unloaded:
    """One file of an UNLOAD."""

    url: str
    size_bytes: int
    rows: int


def written(files: Sequence[Unloaded], verbose: Mapping[str, Any] | None = None) -> str:
    """The manifest of an UNLOAD; `verbose` is what MANIFEST VERBOSE adds: `schema`, `author`."""
    entries: list[dict[str, Any]] = []
    for each in files:
        entry: dict[str, Any] = {"url": each.url}
        if verbose is not None:
            entry["meta"] = {"content_length": each.size_bytes, "record_count": each.rows}
        entries.append(entry)
    document: dict[str, Any] = {"entries": entries}
    if verbose is not None:
        total = {
            "content_length": sum(each.size_bytes for each in files),
            "record_count": sum(each.rows for each in files),
        }
        document |= {"schema": verbose["schema"], "meta": total, "author": verbose["author"]}
    return json.dumps(document, indent=2)
