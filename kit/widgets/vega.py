"""Vega for the browser, from the library that draws our SVGs: built once, kept in the user's cache, never downloaded.

The script is an ES module that exports `vegaEmbed`. A file of the cache is used only if it is what was written.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from pathlib import Path

from kit.widgets.charts import RENDERED_VERSION

_SNIPPET = "export { vegaEmbed };"
_LOCK = threading.Lock()
_DIGEST_CHARACTERS = 64


def javascript(folder: Path | None = None) -> bytes:
    """The module's text; making it costs some seconds, once a version and machine. Safe among threads and processes.

    `folder` is where it is kept, by default the user's cache.
    """
    from importlib.metadata import version

    from platformdirs import user_cache_path

    home = folder or user_cache_path("boathouse", appauthor=False)
    name = f"vega-{RENDERED_VERSION}-vl-convert-{version('vl-convert-python')}.js"
    with _LOCK:
        kept = _read(home / name)
        if kept is not None:
            return kept
        import vl_convert

        made = vl_convert.javascript_bundle(_SNIPPET, vl_version=RENDERED_VERSION).encode()
        _write(home / name, made)
        return made


def _read(path: Path) -> bytes | None:
    try:
        found = path.read_bytes()
    except OSError:
        return None
    digest, text = found[:_DIGEST_CHARACTERS], found[_DIGEST_CHARACTERS:]
    return text if digest == hashlib.sha256(text).hexdigest().encode() else None


def _write(path: Path, text: bytes) -> None:
    """Keep the text, whole or not at all. A cache that cannot be written costs time, no more."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(text).hexdigest().encode() + text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
