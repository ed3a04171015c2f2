"""Partition projection: partitions computed from the table's properties instead of looked up. Pure.

Given the same properties, domains and time, the same partitions. A value outside of a column's range is no partition,
whatever storage holds.

Source: Amazon Athena User Guide, Use partition projection with Amazon Athena; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from math import prod
from typing import NoReturn

from kit.athena.prune.java_dates import java_dates
from kit.base.domain import Between, Domain, OneOf, Scalar, contains
from kit.base.errors import KitError, did_you_mean
from kit.catalog.model import Partition, Table
from kit.catalog.partition_values import folder_of, typed
from kit.catalog.types import HiveType, parse

MAX_PARTITIONS = 1_000_000
_TYPES = ("enum", "integer", "date", "injected")
_NOW = re.compile(r"\s*NOW\s*(?:([+-])\s*([0-9]+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?", re.IGNORECASE)
_FIXED_UNITS = {
    "WEEKS": timedelta(weeks=1),
    "DAYS": timedelta(days=1),
    "HOURS": timedelta(hours=1),
    "MINUTES": timedelta(minutes=1),
    "SECONDS": timedelta(seconds=1),
    "MILLIS": timedelta(milliseconds=1),
}
_MONTHS_OF = {"YEARS": 12, "MONTHS": 1}


@dataclass(frozen=True, slots=True)
class Projected:
    """The partitions that a query asks for, and how many there are in all (None where that has no bound)."""

    partitions: list[Partition]
    total: int | None


@dataclass(frozen=True, slots=True)
class _Values:
    """The texts of one column that pass, and how many there are in all."""

    texts: list[str]
    total: int | None


def is_projected(table: Table) -> bool:
    return table.parameters.get("projection.enabled", "").strip().lower() == "true" and bool(table.partition_keys)


def project(table: Table, domains: Mapping[str, Domain], now: datetime) -> Projected:
    """The partitions that the domains let through, ordered by their values.

    Raises `HIVE_METASTORE_ERROR` for columns that have no configuration, `INVALID_TABLE_PROPERTY` for one that does not
    hold, `CONSTRAINT_VIOLATION` for an injected column without an equality.
    """
    _require_configuration(table)
    columns = [_Column(table, key.name, parse(key.type), now) for key in table.partition_keys]
    values = [column.values(domains.get(column.name)) for column in columns]
    count = prod(len(each.texts) for each in values)
    if count > MAX_PARTITIONS:
        raise KitError(
            "INVALID_TABLE_PROPERTY",
            f"The projection of table '{table.database}.{table.name}' has {count:,} partitions for this query.",
            f"At most {MAX_PARTITIONS:,}: narrow the ranges, or restrict the partition columns in WHERE.",
        )
    locate = _template(table)
    names = [key.name for key in table.partition_keys]
    total = None if any(each.total is None for each in values) else prod(each.total or 0 for each in values)
    return Projected(
        [
            Partition(texts, locate(dict(zip(names, texts, strict=True))))
            for texts in product(*(each.texts for each in values))
        ],
        total,
    )


class _Column:
    def __init__(self, table: Table, name: str, kind: HiveType, now: datetime) -> None:
        self.name = name
        self._table = table
        self._kind = kind
        self._now = now

    def values(self, domain: Domain | None) -> _Values:
        match self._property("type").lower():
            case "enum":
                texts = [text.strip() for text in self._required("values").split(",")]
                return _Values(sorted(self._passing(texts, domain)), len(texts))
            case "integer":
                return self._integers(domain)
            case "date":
                return self._dates(domain)
            case "injected":
                return self._injected(domain)
            case other:
                raise self._error("type", other, did_you_mean(other, _TYPES) or f"One of {', '.join(_TYPES)}.")

    def _integers(self, domain: Domain | None) -> _Values:
        low, high = (self._integer("range", text) for text in self._pair())
        interval = self._integer("interval", self._property("interval") or "1")
        digits = self._integer("digits", self._property("digits") or "0")
        if interval < 1 or high < low:
            self._fail("range", self._required("range"), "The lower bound first, and an interval of at least 1.")
        numbers = range(low, high + 1, interval)
        texts = (f"{number:0{digits}d}" for number in _narrowed(numbers, domain))
        return _Values(list(self._passing(texts, domain)), len(numbers))

    def _dates(self, domain: Domain | None) -> _Values:
        dates = java_dates(self._required("format"))
        start, end = (self._moment(text) for text in self._pair())
        unit = self._property("interval.unit").upper() or self._default_unit(dates.precision)
        interval = self._integer("interval", self._property("interval") or "1")
        if unit not in _FIXED_UNITS and unit not in _MONTHS_OF:
            self._fail("interval.unit", unit, f"One of {', '.join((*_MONTHS_OF, *_FIXED_UNITS))}.")
        if interval < 1 or end < start:
            self._fail("range", self._required("range"), "The earlier date first, and an interval of at least 1.")
        # A relative start lies anywhere within a day or hour; its text begins that day or hour.
        start = dates.read(dates.write(start)) or start
        texts = dict.fromkeys(dates.write(moment) for moment in self._moments(start, end, interval, unit))
        return _Values(list(self._passing(texts, domain)), len(texts))

    def _injected(self, domain: Domain | None) -> _Values:
        if not isinstance(domain, OneOf):
            raise KitError(
                "CONSTRAINT_VIOLATION",
                f"For the injected projected partition column {self.name}, the WHERE clause must contain only static "
                "equality conditions, and at least one such condition must be present.",
                f"WHERE {self.name} = '...'",
            )
        return _Values(sorted(str(value) for value in domain.values), None)

    def _moments(self, start: datetime, end: datetime, interval: int, unit: str) -> Iterator[datetime]:
        for step in range(MAX_PARTITIONS + 1):
            try:
                moment = _later(start, step * interval, unit)
            except (OverflowError, ValueError):
                return  # beyond the year 9999
            if moment > end:
                return
            yield moment
        self._fail("range", self._required("range"), f"It spans more than {MAX_PARTITIONS:,} intervals.")

    def _moment(self, text: str) -> datetime:
        match = _NOW.fullmatch(text)
        if match is None:
            moment = java_dates(self._required("format")).read(text.strip())
            if moment is None:
                self._fail("range", text, "In the column's format, or NOW, or like NOW-3YEARS.")
            return moment
        sign, amount, unit = match.groups()
        now = self._now.replace(tzinfo=None)
        return now if sign is None else _later(now, int(sign + amount), unit.upper() + "S")

    def _passing(self, texts: Iterable[str], domain: Domain | None) -> Iterator[str]:
        return (text for text in texts if domain is None or contains(domain, self._typed(text)))

    def _typed(self, text: str) -> Scalar:
        try:
            return typed(text, self._kind)
        except ValueError as error:
            raise KitError(
                "HIVE_INVALID_PARTITION_VALUE",
                f"Invalid partition value '{text}' for {self._kind} partition key: {self.name} ({error}).",
                "The projection's values must fit the column's type.",
            ) from error

    def _default_unit(self, precision: str) -> str:
        if precision not in {"month", "day"}:
            self._fail("interval.unit", "", "It is needed where the format is finer or coarser than days or months.")
        return "MONTHS" if precision == "month" else "DAYS"

    def _pair(self) -> tuple[str, str]:
        first, comma, second = self._required("range").partition(",")
        if not comma or "," in second:
            self._fail("range", self._required("range"), "Two bounds with a comma between them.")
        return first, second

    def _integer(self, name: str, text: str) -> int:
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
            self._fail(name, text, "An integer.")
        return int(text)

    def _required(self, name: str) -> str:
        value = self._property(name)
        if not value:
            self._fail(name, "", "It is missing.")
        return value

    def _property(self, name: str) -> str:
        return self._table.parameters.get(f"projection.{self.name}.{name}", "").strip()

    def _fail(self, name: str, value: str, hint: str) -> NoReturn:
        raise self._error(name, value, hint)

    def _error(self, name: str, value: str, hint: str) -> KitError:
        return KitError(
            "INVALID_TABLE_PROPERTY",
            f"Table {self._table.database}.{self._table.name}: the property 'projection.{self.name}.{name}' "
            f"does not hold: '{value}'.",
            hint,
        )


def _narrowed(numbers: range, domain: Domain | None) -> Iterator[int]:
    """Those that may pass, without walking through a range of which few do."""
    match domain:
        case OneOf(values) if all(isinstance(value, int) for value in values):
            return iter(sorted(value for value in set(values) if isinstance(value, int) and value in numbers))
        case Between(low, high):
            first = -(-(low - numbers.start) // numbers.step) if isinstance(low, int) else 0
            last = (high - numbers.start) // numbers.step + 1 if isinstance(high, int) else len(numbers)
            return iter(numbers[max(0, first) : max(0, last)])
        case _:
            return iter(numbers)


def _later(moment: datetime, count: int, unit: str) -> datetime:
    if unit in _FIXED_UNITS:
        return moment + count * _FIXED_UNITS[unit]
    months = moment.year * 12 + moment.month - 1 + count * _MONTHS_OF[unit]
    first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
    days = (_later(first, 1, "MONTHS") - first).days if moment.day > 28 else 28
    return first.replace(day=min(moment.day, days) if moment.day > 28 else moment.day)


def _require_configuration(table: Table) -> None:
    missing = [key.name for key in table.partition_keys if not table.parameters.get(f"projection.{key.name}.type")]
    if missing:
        raise KitError(
            "HIVE_METASTORE_ERROR",
            f"Table {table.database}.{table.name} is configured for partition projection, but the following partition "
            f"columns are missing projection configuration: [{', '.join(missing)}]",
            f"Set 'projection.{missing[0]}.type' (and what that type needs) in TBLPROPERTIES.",
        )


class _Locate:
    def __init__(self, base: str, names: Sequence[str], template: str) -> None:
        self._base = base.rstrip("/")
        self._names = names
        self._template = template

    def __call__(self, values: Mapping[str, str]) -> str:
        if not self._template:
            return f"{self._base}/{folder_of(self._names, [values[name] for name in self._names])}/"
        return re.sub(r"\$\{(\w+)\}", lambda match: values[match.group(1).lower()], self._template)


def _template(table: Table) -> _Locate:
    template = table.parameters.get("storage.location.template", "").strip()
    names = [key.name for key in table.partition_keys]
    if template:
        used = {name.lower() for name in re.findall(r"\$\{(\w+)\}", template)}
        if used != set(names):
            raise KitError(
                "INVALID_TABLE_PROPERTY",
                f"Table {table.database}.{table.name}: the property 'storage.location.template' must name exactly the "
                f"partition columns {', '.join(names)}.",
                f"It names {', '.join(sorted(used)) or 'none'}.",
            )
        template = template if template.endswith("/") else template + "/"
    return _Locate(table.descriptor.location, names, template)
