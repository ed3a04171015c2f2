"""The columns of a file whose schema Arrow knows, in Hive's types; a column that Hive has no type for refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kit.base.errors import KitError
from kit.catalog.classifiers.classifier import Field, Refusal
from kit.catalog.classifiers.schema import VOID, unwritten_field
from kit.catalog.types import BIGINT, HiveType, from_arrow

if TYPE_CHECKING:
    import pyarrow as pa


def fields_of(schema: pa.Schema, what: str) -> tuple[Field, ...] | Refusal:
    """Columns in order, names in lower case. `what` names the file in the reason of a refusal."""
    fields: list[Field] = []
    for column in schema:
        try:
            fields.append(Field(column.name.lower(), _type(column.type)))
        except KitError:
            return Refusal(f"{what} whose column {column.name} is {column.type}, for which Hive has no type")
        unwritten = unwritten_field(fields[-1].type)
        if unwritten is not None:
            return Refusal(f"{what} whose column {column.name} has a field '{unwritten}', a name that no type can hold")
    if not fields:
        return Refusal(f"{what} without columns")
    if len({field.name for field in fields}) < len(fields):
        return Refusal(f"{what} with columns whose names differ in letter case alone, or not at all")
    return tuple(fields)


def _type(kind: pa.DataType) -> HiveType:
    import pyarrow.types as pt

    if pt.is_duration(kind):
        return BIGINT  # Parquet itself knows no durations: to all but Arrow they are numbers
    return VOID if pt.is_null(kind) else from_arrow(kind)
