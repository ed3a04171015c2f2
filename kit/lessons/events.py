"""Exercises of `08_event_driven_etl`: another day comes in, and a question is kept as a view."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

from kit.lessons.exercise import Exercise, NotYetError

if TYPE_CHECKING:
    from kit.workspace import Workspace

_DAYS = 11


def _another_day(workspace: Workspace) -> str:
    sent: Counter[tuple[str, str]] = Counter()
    for each in workspace.storage.iter("s3://weather/in/"):
        rows = list(csv.DictReader(workspace.storage.get(each.uri).decode().splitlines()))
        day = each.uri.rpartition("/")[2][:10]
        sent.update((row["origin"], day) for row in rows if row.get("temp"))
    days = len({day for _, day in sent})
    if days < _DAYS:
        raise NotYetError(f"files of {days} days have come.", "send(station, day)")
    found = workspace.warehouse.sql("SELECT station, TRUNC(measured_at)::varchar, COUNT(*) FROM weather GROUP BY 1, 2")
    held = {(station, day): count for station, day, count in found.rows}
    for (station, day), hours in sorted(sent.items()):
        # A station's day is local, and the hours are kept in UTC: the last hours of a day are of the next there.
        if not held.get((station, day)):
            told = f"no hour of {station} on {day} is in weather; {hours} were sent."
            raise NotYetError(told, "work(shape), then load(…)")
    if sum(held.values()) != sum(sent.values()):
        raise NotYetError(f"{sum(sent.values()):,} hours were sent, and weather holds {sum(held.values()):,}.")
    return f"{days} days, {sum(sent.values()):,} hours: all that was sent."


def _frost(workspace: Workspace) -> str:
    wanted = "SELECT station, COUNT(*) AS hours FROM weather WHERE celsius < 0 GROUP BY station ORDER BY station"
    expected = workspace.warehouse.sql(wanted).rows
    found = workspace.warehouse.sql("SELECT station, hours FROM frost ORDER BY station").rows
    if [tuple(row) for row in found] != [tuple(row) for row in expected]:
        raise NotYetError(f"frost says {found}.", "COUNT(*) of the hours WHERE celsius < 0")
    station, hours = max(expected, key=lambda row: row[1], default=("", 0))
    return f"{station} had most frost: {hours} hours."


EXERCISES = (
    Exercise(
        "08.1",
        "Let the stations' files of another day land, eleven days in all, and get every hour of them into `weather`.",
        _another_day,
    ),
    Exercise(
        "08.2",
        "Make a view `frost` in the warehouse: `station` and `hours`, the hours below zero degrees of each.",
        _frost,
    ),
)
