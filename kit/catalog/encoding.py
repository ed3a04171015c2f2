"""Catalog values as JSON text, for the store. Pure; whatever is written here must stay readable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kit.catalog.model import Column, Database, SerDe, StorageDescriptor, Table


def encode_database(database: Database) -> str:
    return _dumps(
        {
            "description": database.description,
            "location": database.location,
            "parameters": dict(database.parameters),
        }
    )


def decode_database(name: str, text: str) -> Database:
    return Database(name, **json.loads(text))


def encode_table(table: Table) -> str:
    """Everything of a table but its names, version and times, which the store keeps in columns."""
    return _dumps(
        {
            "descriptor": _descriptor(table.descriptor),
            "partition_keys": [_column(key) for key in table.partition_keys],
            "table_type": table.table_type,
            "parameters": dict(table.parameters),
            "description": table.description,
            "view_text": table.view_text,
        }
    )


def decode_table(database: str, name: str, text: str) -> Table:
    body: dict[str, Any] = json.loads(text)
    return Table(
        database,
        name,
        _descriptor_of(body["descriptor"]),
        tuple(Column(*key) for key in body["partition_keys"]),
        body["table_type"],
        body["parameters"],
        body["description"],
        body["view_text"],
    )


def encode_descriptor(descriptor: StorageDescriptor | None) -> str | None:
    return None if descriptor is None else _dumps(_descriptor(descriptor))


def decode_descriptor(text: str | None) -> StorageDescriptor | None:
    return None if text is None else _descriptor_of(json.loads(text))


def encode_values(values: tuple[str | None, ...]) -> str:
    return _dumps(values)


def decode_values(text: str) -> tuple[str | None, ...]:
    return tuple(json.loads(text))


def encode_parameters(parameters: Mapping[str, str]) -> str | None:
    return _dumps(dict(parameters)) if parameters else None


def decode_parameters(text: str | None) -> dict[str, str]:
    return {} if text is None else json.loads(text)


def _descriptor(descriptor: StorageDescriptor) -> dict[str, Any]:
    return {
        "columns": [_column(column) for column in descriptor.columns],
        "location": descriptor.location,
        "serde": [descriptor.serde.library, dict(descriptor.serde.parameters)],
        "input_format": descriptor.input_format,
        "output_format": descriptor.output_format,
        "compressed": descriptor.compressed,
        "bucket_columns": list(descriptor.bucket_columns),
        "number_of_buckets": descriptor.number_of_buckets,
        "parameters": dict(descriptor.parameters),
    }


def _descriptor_of(body: dict[str, Any]) -> StorageDescriptor:
    return StorageDescriptor(
        tuple(Column(*column) for column in body["columns"]),
        body["location"],
        SerDe(*body["serde"]),
        body["input_format"],
        body["output_format"],
        body["compressed"],
        tuple(body["bucket_columns"]),
        body["number_of_buckets"],
        body["parameters"],
    )


def _column(column: Column) -> list[str]:
    return [column.name, column.type, column.comment]


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
