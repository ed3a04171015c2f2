"""Whether a request is well formed, in the words of the service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from kit.base.errors import did_you_mean
from kit.streams.api.shapes import Blob, Boolean, Integer, ListOf, MapOf, Shape, Structure, Text, Timestamp
from kit.streams.errors import ValidationException

SHOWN_CHARACTERS = 64


def validate(request: Mapping[str, Any], shape: Structure, *, trusted: frozenset[str] = frozenset()) -> None:
    """Raises `ValidationException` that lists every violation; members that are `trusted` have been looked at."""
    violations = list(_structure(request, shape, "", trusted))
    if violations:
        count = "1 validation error" if len(violations) == 1 else f"{len(violations)} validation errors"
        raise ValidationException(f"{count} detected: {'; '.join(violations)}", _hint(request, shape))


def _hint(request: Mapping[str, Any], shape: Structure) -> str:
    unknown = next((name for name in request if name not in shape.members), None)
    return "" if unknown is None else did_you_mean(unknown, shape.members)


def _structure(value: Any, shape: Structure, path: str, trusted: frozenset[str] = frozenset()) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield _wrong_type(value, path, "dict")
        return
    for name in shape.required:
        if value.get(name) is None:
            yield f"Value null at '{_below(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, member in value.items():
        if name not in shape.members:
            yield f"Unknown parameter in input: '{name}', must be one of: {', '.join(shape.members)}"
        elif member is not None and name not in trusted:
            yield from _violations(member, shape.members[name], _below(path, name))


def _violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    match shape:
        case Text():
            yield from _text(value, shape, path)
        case Integer(least, most):
            if not isinstance(value, int) or isinstance(value, bool):
                yield _wrong_type(value, path, "int")
            else:
                yield from _between(value, value, path, "value", least, most)
        case Boolean():
            if not isinstance(value, bool):
                yield _wrong_type(value, path, "bool")
        case Blob(most):
            if not isinstance(value, (bytes, bytearray, memoryview, str)) and not hasattr(value, "read"):
                yield _wrong_type(value, path, "bytes, bytearray, str or a file")
            elif not hasattr(value, "read"):
                yield from _between(value, len(value), path, "length", 0, most)
        case Timestamp():
            if not isinstance(value, (datetime, int, float, str)) or isinstance(value, bool):
                yield _wrong_type(value, path, "datetime, int, float or str")
        case ListOf(member, least, most):
            if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
                yield _wrong_type(value, path, "list or tuple")
                return
            yield from _between(value, len(value), path, "length", least, most)
            for place, each in enumerate(value, 1):
                yield from _violations(each, member, f"{path}.{place}.member")
        case MapOf(key, member, least, most):
            if not isinstance(value, Mapping):
                yield _wrong_type(value, path, "dict")
                return
            yield from _between(value, len(value), path, "length", least, most)
            for name, each in value.items():
                yield from _violations(name, key, f"{path}.key")
                yield from _violations(each, member, f"{path}.{name}.member")
        case Structure():
            yield from _structure(value, shape, path)
        case _:
            assert_never(shape)


def _text(value: Any, shape: Text, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _wrong_type(value, path, "str")
        return
    yield from _between(value, len(value), path, "length", shape.least, shape.most)
    if shape.options and value not in shape.options:
        yield _failed(value, path, f"satisfy enum value set: [{', '.join(shape.options)}]")
    if shape.pattern and not re.fullmatch(shape.pattern, value):
        yield _failed(value, path, f"satisfy regular expression pattern: {shape.pattern}")


def _between(value: Any, size: int, path: str, what: str, least: int | None, most: int | None) -> Iterator[str]:
    if least is not None and size < least:
        yield _failed(value, path, f"have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _failed(value, path, f"have {what} less than or equal to {most}")


def _failed(value: Any, path: str, constraint: str) -> str:
    shown = str(value) if isinstance(value, (str, int, float)) else f"{type(value).__name__} of {len(value)}"
    if len(shown) > SHOWN_CHARACTERS:
        shown = shown[:SHOWN_CHARACTERS] + "…"
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {constraint}"


def _wrong_type(value: Any, path: str, wanted: str) -> str:
    return f"Invalid type for parameter {path or 'request'}, type: {type(value).__name__}, valid types: {wanted}"


def _below(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name
