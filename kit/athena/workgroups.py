"""Workgroups: where results go, and how much a query may scan.

Source: Amazon Athena API Reference, WorkGroupConfiguration; Amazon Athena User Guide, Configure per-query and
per-workgroup data usage controls; read 2026-11.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Final

from kit.athena.store import Store
from kit.base.errors import KitError, did_you_mean

PRIMARY: Final = "primary"
MIN_CUTOFF_BYTES: Final = 10_000_000
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workgroup:
    """`output_location` is an `s3://` URI or empty: results are then not written. `bytes_scanned_cutoff` is per query.

    With `enforce`, a location that a query names for itself is ignored.
    """

    name: str
    description: str = ""
    output_location: str = ""
    bytes_scanned_cutoff: int | None = None
    enforce: bool = True
    is_enabled: bool = True


class Workgroups:
    """The workgroups of a workspace; `primary` is always there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, workgroup: Workgroup) -> Workgroup:
        """Raises `InvalidRequestException` where there is one of that name."""
        checked = _checked(workgroup)
        if checked.name == PRIMARY or self._find(checked.name) is not None:
            raise KitError(
                "InvalidRequestException",
                f"WorkGroup {checked.name} is already created",
                "update_workgroup() changes it.",
            )
        self._write(checked)
        return checked

    def update(self, workgroup: Workgroup) -> Workgroup:
        """Replace all settings of a workgroup."""
        checked = _checked(workgroup)
        self.get(checked.name)
        self._write(checked)
        return checked

    def get(self, name: str) -> Workgroup:
        """Raises `InvalidRequestException`."""
        found = self._find(name)
        if found is not None:
            return found
        if name == PRIMARY:
            return Workgroup(name=PRIMARY)
        names = [each.name for each in self.list()]
        raise KitError("InvalidRequestException", f"WorkGroup {name} is not found.", did_you_mean(name, names))

    def delete(self, name: str) -> None:
        """Remove a workgroup with its prepared statements; the history stays."""
        if name == PRIMARY:
            raise KitError("InvalidRequestException", "WorkGroup primary cannot be deleted.", "Update it instead.")
        self.get(name)
        with self._store.writing() as connection:
            connection.execute("DELETE FROM prepared_statement WHERE workgroup = ?", (name,))
            connection.execute("DELETE FROM workgroup WHERE name = ?", (name,))

    def list(self) -> list[Workgroup]:
        """All workgroups by name."""
        with self._store.reading() as connection:
            rows = connection.execute("SELECT body FROM workgroup").fetchall()
        found = {each.name: each for each in (Workgroup(**json.loads(body)) for (body,) in rows)}
        found.setdefault(PRIMARY, Workgroup(name=PRIMARY))
        return [found[name] for name in sorted(found)]

    def _find(self, name: str) -> Workgroup | None:
        with self._store.reading() as connection:
            row = connection.execute("SELECT body FROM workgroup WHERE name = ?", (name,)).fetchone()
        return None if row is None else Workgroup(**json.loads(row[0]))

    def _write(self, workgroup: Workgroup) -> None:
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO workgroup VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
                (workgroup.name, json.dumps(asdict(workgroup))),
            )


def _checked(workgroup: Workgroup) -> Workgroup:
    if not _NAME.fullmatch(workgroup.name):
        raise KitError(
            "InvalidRequestException",
            f"'{workgroup.name}' is not a name for a workgroup.",
            "1 to 128 letters, digits, dots, underscores and hyphens.",
        )
    cutoff = workgroup.bytes_scanned_cutoff
    if cutoff is not None and cutoff < MIN_CUTOFF_BYTES:
        raise KitError(
            "InvalidRequestException",
            f"BytesScannedCutoffPerQuery of {cutoff:,} is too low.",
            f"At least {MIN_CUTOFF_BYTES:,} bytes (10 MB).",
        )
    if workgroup.output_location and not workgroup.output_location.startswith("s3://"):
        raise KitError(
            "InvalidRequestException",
            f"outputLocation is not a valid S3 path: '{workgroup.output_location}'.",
            "Like s3://bucket/prefix/",
        )
    return workgroup


class PreparedStatements:
    """Statements kept by name, a workgroup.

    Source: Amazon Athena User Guide, Use prepared statements; read 2026-11.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, workgroup: str, name: str, text: str) -> None:
        """Keep a statement, replacing one of that name."""
        with self._store.writing() as connection:
            connection.execute(
                "INSERT INTO prepared_statement VALUES (?, ?, ?) "
                "ON CONFLICT (workgroup, name) DO UPDATE SET body = excluded.body",
                (workgroup, name, text),
            )

    def get(self, workgroup: str, name: str) -> str:
        """Raises `NOT_FOUND`."""
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT body FROM prepared_statement WHERE workgroup = ? AND name = ?", (workgroup, name)
            ).fetchone()
        if row is None:
            raise self._missing(workgroup, name)
        return str(row[0])

    def remove(self, workgroup: str, name: str) -> None:
        """Raises `NOT_FOUND`."""
        with self._store.writing() as connection:
            cursor = connection.execute(
                "DELETE FROM prepared_statement WHERE workgroup = ? AND name = ?", (workgroup, name)
            )
        if cursor.rowcount == 0:
            raise self._missing(workgroup, name)

    def names(self, workgroup: str) -> list[str]:
        """The names of a workgroup's statements, sorted."""
        with self._store.reading() as connection:
            rows = connection.execute(
                "SELECT name FROM prepared_statement WHERE workgroup = ? ORDER BY name", (workgroup,)
            ).fetchall()
        return [name for (name,) in rows]

    def _missing(self, workgroup: str, name: str) -> KitError:
        return KitError("NOT_FOUND", f"Prepared statement not found: {name}", did_you_mean(name, self.names(workgroup)))
