"""Values as Athena writes them into result files: numbers in Java's form, nested values in brackets. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def java_text(value: Any) -> str:
    """The text of one value. A map is a list of pairs, a row a dict."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return java_double(value)
        case Decimal():
            return format(value, "f")
        case datetime():
            zone = "" if value.tzinfo is None else " UTC"
            return value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}{zone}"
        case date():
            return value.isoformat()
        case bytes():
            return value.hex(" ")
        case list() if value and all(isinstance(each, tuple) and len(each) == 2 for each in value):
            return "{" + ", ".join(f"{java_text(key)}={java_text(each)}" for key, each in value) + "}"
        case list():
            return "[" + ", ".join(map(java_text, value)) + "]"
        case Mapping():
            return "{" + ", ".join(f"{key}={java_text(each)}" for key, each in value.items()) + "}"
        case _:
            return str(value)


def java_double(value: float) -> str:
    """As `Double.toString`: `1.0`, `1.0E7`, `1.0E-4`, `NaN`, `-Infinity`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return format(Decimal(repr(value)), "f") if "e" in repr(value) else repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    power = exponent + len(text) - 1
    fraction = text[1:].rstrip("0") or "0"
    return f"{'-' if sign else ''}{text[0]}.{fraction}E{power}"
