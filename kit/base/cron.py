"""Cron expressions as AWS writes them: `cron(15 12 * * ? *)`. Pure: an instant in, the next one out, in UTC.

Six fields: minutes, hours, day of month, month, day of week (1 is Sunday), year. Of the two days one is `?`. `L` is the
last day of the month (`5L`: the last Thursday), `15W` the weekday nearest to the 15th, `5#3` the third Thursday.

Source: AWS Glue Developer Guide, Time-based schedules for jobs and crawlers; Amazon EventBridge User Guide, Cron
expressions; read 2026-11.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Final

from kit.base.errors import KitError

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
# Enough of a schedule to meet its shortest gap: all minutes of an hour, and the step into the next.
_LOOKED_AT = 64

_Days = Callable[[int, int], frozenset[int]]


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is due. `text` is the expression as it was written."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]
    days: _Days

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Raises `InvalidInputException`, which says what does not hold."""
        match = re.fullmatch(r"\s*cron\s*\((.*)\)\s*", text)
        fields = match.group(1).upper().split() if match else []
        if len(fields) != 6:
            raise _invalid(text, "it has not six fields in cron(...)")
        minute, hour, day, month, weekday, year = fields
        if (day == "?") == (weekday == "?"):
            raise _invalid(text, "one of day-of-month and day-of-week is '?', and the other says the days")
        return cls(
            text,
            _Field(text, "minutes", 0, 59).values(minute),
            _Field(text, "hours", 0, 23).values(hour),
            _Field(text, "month", 1, 12, _MONTHS).values(month),
            _Field(text, "year", _FIRST_YEAR, _LAST_YEAR).values(year),
            _days_of_month(text, day) if weekday == "?" else _days_of_week(text, weekday),
        )

    def next_after(self, moment: datetime) -> datetime | None:
        """The first due instant later than an aware `moment`; None where there is none any more."""
        return next(self._from(moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)), None)

    def is_more_frequent_than(self, gap: timedelta) -> bool:
        """Whether two due instants ever lie closer together."""
        first = datetime(self.years[0], 1, 1, tzinfo=UTC)
        return any(later - earlier < gap for earlier, later in pairwise(islice(self._from(first), _LOOKED_AT)))

    def _from(self, start: datetime) -> Iterator[datetime]:
        for year in self.years:
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in sorted(self.days(year, month)):
                    for hour in self.hours:
                        for minute in self.minutes:
                            due = datetime(year, month, day, hour, minute, tzinfo=UTC)
                            if due >= start:
                                yield due


@dataclass(frozen=True, slots=True)
class _Field:
    """One field: its bounds, and the names that its numbers go by, from the lowest."""

    text: str
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def values(self, field: str) -> tuple[int, ...]:
        found: set[int] = set()
        for part in field.split(","):
            found.update(self._part(part))
        return tuple(sorted(found))

    def number(self, word: str) -> int:
        if word in self.names:
            return self.names.index(word) + self.low
        if not word.isdecimal() or not self.low <= int(word) <= self.high:
            raise _invalid(
                self.text, f"'{word}' is no value for {self.name}, which goes from {self.low} to {self.high}"
            )
        return int(word)

    def _part(self, part: str) -> range:
        span, slash, step = part.partition("/")
        if slash and (not step.isdecimal() or int(step) < 1):
            raise _invalid(self.text, f"'{part}' in {self.name} has no step")
        if span == "*":
            first, last = self.low, self.high
        elif "-" in span:
            first, last = map(self.number, span.split("-", 1))
            if first > last:
                raise _invalid(self.text, f"'{part}' in {self.name} ends before it begins")
        else:
            first = self.number(span)
            last = self.high if slash else first
        return range(first, last + 1, int(step) if slash else 1)


def _days_of_month(text: str, field: str) -> _Days:
    if field == "L":
        return lambda year, month: frozenset({monthrange(year, month)[1]})
    bounds = _Field(text, "day-of-month", 1, 31)
    if field.endswith("W"):
        wanted = None if field == "LW" else bounds.number(field[:-1])
        return lambda year, month: _nearest_weekday(year, month, wanted)
    days = frozenset(bounds.values(field))
    return lambda year, month: frozenset(day for day in days if day <= monthrange(year, month)[1])


def _nearest_weekday(year: int, month: int, wanted: int | None) -> frozenset[int]:
    """The weekday nearest to that day without leaving the month; to the last day where none is given."""
    last = monthrange(year, month)[1]
    day = last if wanted is None else wanted
    if day > last:
        return frozenset()
    match date(year, month, day).weekday():
        case 5:
            return frozenset({day - 1 if day > 1 else day + 2})
        case 6:
            return frozenset({day + 1 if day < last else day - 2})
        case _:
            return frozenset({day})


def _days_of_week(text: str, field: str) -> _Days:
    bounds = _Field(text, "day-of-week", 1, 7, _WEEKDAYS)
    if "#" in field:
        word, _, count = field.partition("#")
        weekday, which = bounds.number(word), _Field(text, "the week of the month", 1, 5).number(count)
        return lambda year, month: frozenset(_on_weekdays(year, month, {weekday})[which - 1 : which])
    if field.endswith("L"):
        weekday = bounds.number(field[:-1]) if field != "L" else 7
        return lambda year, month: frozenset(_on_weekdays(year, month, {weekday})[-1:])
    weekdays = set(bounds.values(field))
    return lambda year, month: frozenset(_on_weekdays(year, month, weekdays))


def _on_weekdays(year: int, month: int, weekdays: set[int]) -> list[int]:
    """The days of a month that fall on these weekdays; 1 is Sunday."""
    first = date(year, month, 1).isoweekday() % 7  # 0 is Sunday
    return [day for day in range(1, monthrange(year, month)[1] + 1) if (first + day - 1) % 7 + 1 in weekdays]


def _invalid(text: str, why: str) -> KitError:
    return KitError(
        "InvalidInputException",
        f"The schedule '{text}' is no cron expression: {why}.",
        "For example cron(15 12 * * ? *): every day at 12:15 UTC.",
    )
