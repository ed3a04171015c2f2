"""Values as JSON: parameters of a query, statistics of an answer, errors.

A closed set of types, each with its name: what the other side sends can become one of these values and nothing else.
What JSON cannot hold is an object with the type's name under `$`. Dataclasses are sent by their fields; a field that
the other side does not know is left out.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from kit.base.errors import KitError
from kit.base.result import Stats
from kit.warehouse.execute.measures import Fragment, Moved, Run
from kit.warehouse.load.records import LoadCommit, LoadError, UnloadedFile
from kit.warehouse.load.report import LoadStats, UnloadStats
from kit.warehouse.manage.design import SlicePart, TableDesign
from kit.warehouse.manage.shape import ClusterInfo, SliceInfo
from kit.warehouse.plan.facts import Shape
from kit.warehouse.plan.outline import Outline, SegmentOutline, outline
from kit.warehouse.plan.planner import Plan
from kit.warehouse.sharing.frames import MalformedFrame
from kit.warehouse.stats import WarehouseStats

_RECORDS: Final[Mapping[str, type[Any]]] = {
    each.__name__: each
    for each in (
        ClusterInfo,
        Fragment,
        LoadCommit,
        LoadError,
        LoadStats,
        Moved,
        Outline,
        Run,
        SegmentOutline,
        Shape,
        SliceInfo,
        SlicePart,
        Stats,
        TableDesign,
        UnloadStats,
        UnloadedFile,
        WarehouseStats,
    )
}
_TAG: Final = "$"


def dumped(value: Any) -> bytes:
    """A value as JSON in UTF-8."""
    return json.dumps(_plain(value), separators=(",", ":")).encode()


def loaded(body: bytes) -> Any:
    """The value that JSON stands for; raises `MalformedFrame` for what `dumped` does not write."""
    try:
        return _value(json.loads(body))
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise MalformedFrame(f"a body that is no value: {error}") from error


def told_error(error: BaseException, state: Mapping[str, Any]) -> bytes:
    """An error as JSON: all that its reader sees of it, and the state that it left its session in."""
    known = error if isinstance(error, KitError) else KitError("XX000", f"{type(error).__name__}: {error}")
    return dumped(
        {
            "code": known.code,
            "message": known.message,
            "hint": known.hint,
            "statement": known.statement,
            "line": known.line,
            "column": known.column,
            "state": state,
        }
    )


def read_error(body: bytes) -> tuple[KitError, Mapping[str, Any]]:
    """The error that `told_error` wrote, and the session's state."""
    told = loaded(body)
    try:
        place = {name: told[name] for name in ("statement", "line", "column")}
        return KitError(told["code"], told["message"], told["hint"], **place), told["state"]
    except (KeyError, TypeError) as error:
        raise MalformedFrame("an error without its parts") from error


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return float(value)
        case list():
            return [_plain(each) for each in value]
        case tuple():
            return {_TAG: "tuple", "v": [_plain(each) for each in value]}
        case Mapping():
            return {_TAG: "dict", "v": [[_plain(key), _plain(each)] for key, each in value.items()]}
        case Decimal():
            return {_TAG: "decimal", "v": str(value)}
        case bytes() | bytearray() | memoryview():
            return {_TAG: "bytes", "v": base64.b64encode(value).decode()}
        case datetime():
            return {_TAG: "datetime", "v": value.isoformat()}
        case date():
            return {_TAG: "date", "v": value.isoformat()}
        case time():
            return {_TAG: "time", "v": value.isoformat()}
        case timedelta():
            return {_TAG: "timedelta", "v": value // timedelta(microseconds=1)}
        case Plan():
            return _plain(outline(value))
    name = type(value).__name__
    if _RECORDS.get(name) is type(value):
        # Not asdict: it would copy the records inside of this one to dicts that have lost their names.
        fields = [each.name for each in dataclasses.fields(value) if each.init]
        return {_TAG: name, "v": {each: _plain(getattr(value, each)) for each in fields}}
    return {_TAG: "foreign", "v": name}


def _value(found: Any) -> Any:
    match found:
        case list():
            return [_value(each) for each in found]
        case dict():
            return _tagged(found[_TAG], found["v"])
        case _:
            return found


def _tagged(name: str, inner: Any) -> Any:
    match name:
        case "tuple":
            return tuple(_value(each) for each in inner)
        case "dict":
            return {_value(key): _value(each) for key, each in inner}
        case "decimal":
            return Decimal(inner)
        case "bytes":
            return base64.b64decode(inner, validate=True)
        case "datetime":
            return datetime.fromisoformat(inner)
        case "date":
            return date.fromisoformat(inner)
        case "time":
            return time.fromisoformat(inner)
        case "timedelta":
            return timedelta(microseconds=inner)
        case "foreign":
            # A value that the warehouse cannot take either: it will be refused there by the name of its type.
            return type(str(inner), (), {})()
        case _:
            kind = _RECORDS[name]
            known = {each.name for each in dataclasses.fields(kind) if each.init}
            return kind(**{key: _value(inner[key]) for key in known & set(inner)})
