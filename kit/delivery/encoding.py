"""Configurations as JSON text, and back. The text is what the store keeps."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from kit.delivery.configuration import (
    Buffering,
    Configuration,
    Conversion,
    Destination,
    FunctionTransform,
    Partitioning,
    SqlTransform,
    StorageDestination,
    StreamDestination,
    Transform,
    WarehouseDestination,
)

_DESTINATIONS = {"storage": StorageDestination, "warehouse": WarehouseDestination, "stream": StreamDestination}
_TRANSFORMS = {"function": FunctionTransform, "sql": SqlTransform}


def to_text(configuration: Configuration) -> str:
    storage = configuration.storage
    body = asdict(configuration)
    kind = next(name for name, kind in _DESTINATIONS.items() if type(configuration.destination) is kind)
    body["destination"]["kind"] = kind
    if storage.transform is not None:
        held = body["destination"] if kind == "storage" else body["destination"]["storage"]
        held["transform"]["kind"] = next(name for name, kind in _TRANSFORMS.items() if type(storage.transform) is kind)
    return json.dumps(body)


def from_text(text: str) -> Configuration:
    body = json.loads(text)
    return Configuration(destination=_destination(body["destination"]), source=body["source"])


def _destination(body: dict[str, Any]) -> Destination:
    match body.pop("kind"):
        case "storage":
            return _storage(body)
        case "warehouse":
            storage = _storage(body.pop("storage"))
            return WarehouseDestination(storage=storage, **body)
        case _:
            storage = _storage(body.pop("storage"))
            return StreamDestination(storage=storage, **body)


def _storage(body: dict[str, Any]) -> StorageDestination:
    partitioning, conversion, register = body["partitioning"], body["conversion"], body["register"]
    given: dict[str, Any] = {
        "buffering": Buffering(**body["buffering"]),
        "transform": _transform(body["transform"]),
        "partitioning": None if partitioning is None else Partitioning(**partitioning),
        "conversion": None if conversion is None else _conversion(conversion),
        "register": None if register is None else (str(register[0]), str(register[1])),
    }
    return StorageDestination(**{**body, **given})


def _transform(body: dict[str, Any] | None) -> Transform | None:
    if body is None:
        return None
    if body.pop("kind") == "function":
        return FunctionTransform(**body)
    return SqlTransform(body["sql"], _pairs(body["columns"]))


def _conversion(body: dict[str, Any]) -> Conversion:
    key_of_column = _pairs(body.pop("key_of_column"))
    return Conversion(**body, key_of_column=key_of_column)


def _pairs(given: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(first), str(second)) for first, second in given)
