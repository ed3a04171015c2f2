"""After a query has failed: which object was to blame, where DuckDB's error does not say.

Reads the files that the query read, once more and with another library, until one does not hold. Costs nothing as long
as nothing fails.
"""

from __future__ import annotations

from collections.abc import Iterable

from kit.athena.planning import ScanPlan
from kit.athena.scan.source import DataFile
from kit.base.errors import KitError

_SUSPICIOUS = {"GENERIC_INTERNAL_ERROR", "HIVE_CURSOR_ERROR", "HIVE_CANNOT_OPEN_SPLIT", "INVALID_FUNCTION_ARGUMENT"}


def diagnosed(error: KitError, plans: Iterable[ScanPlan]) -> KitError:
    """The error that names a missing or damaged Parquet file, or the given one where all are well."""
    if error.code not in _SUSPICIOUS:
        return error
    for plan in plans:
        if plan.format != "parquet":
            continue
        for file in plan.data_files:
            found = _fault(file, plan.scan.columns)
            if found is not None:
                return found
    return error


def _fault(file: DataFile, columns: tuple[str, ...]) -> KitError | None:
    import pyarrow as pa
    from pyarrow import parquet

    if not file.path.exists():
        return file.vanished()
    try:
        with parquet.ParquetFile(file.path) as opened:
            wanted = [name for name in opened.schema_arrow.names if name.lower() in columns]
            for _ in opened.iter_batches(columns=wanted):
                pass
    except (pa.ArrowException, OSError) as error:
        return KitError(
            "HIVE_CURSOR_ERROR",
            f"Failed to read Parquet file: {file.uri}: its pages are damaged ({type(error).__name__}).",
            "Write the object again, or move it out of the table's location.",
        )
    return None
