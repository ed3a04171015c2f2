"""Exercises of `09_data_lake`: a view that answers one question, and a copy laid out for another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.lessons.exercise import Exercise, NotYetError

if TYPE_CHECKING:
    from kit.workspace import Workspace

DATABASE = "curated"


def _ask(workspace: Workspace, text: str) -> Any:
    return workspace.athena.sql(text, database=DATABASE)


def _worst_hours(workspace: Workspace) -> str:
    wanted = _ask(workspace, "SELECT hour, round(avg(arr_delay), 1) FROM departures GROUP BY hour ORDER BY hour").rows
    found = _ask(workspace, "SELECT hour, delay FROM worst_hours ORDER BY hour").rows
    if not workspace.catalog.table(DATABASE, "worst_hours").view_text:
        raise NotYetError("worst_hours is a table: it will not follow when flights are added.", "CREATE VIEW … AS")
    if len(found) != len(wanted):
        raise NotYetError(f"worst_hours has {len(found)} rows for {len(wanted)} hours.", "GROUP BY hour")
    for (hour, delay), (other, have) in zip(wanted, found, strict=True):
        if (hour, delay) != (other, have):
            raise NotYetError(f"for hour {other} it says {have}, and {hour} has {delay}.", "round(avg(arr_delay), 1)")
    hour, delay = max(wanted, key=lambda row: row[1])
    return f"{len(wanted)} hours; flights that are to leave at {hour} o'clock arrive latest, by {delay} minutes."


def _by_origin(workspace: Workspace) -> str:
    question = "SELECT count(*), avg(arr_delay) FROM {} WHERE origin = 'LGA'"
    before, after = (_ask(workspace, question.format(name)) for name in ("departures_copy", "departures_by_origin"))
    if before.rows[0][0] != after.rows[0][0]:
        raise NotYetError(f"it has {after.rows[0][0]:,} flights from LGA, and departures {before.rows[0][0]:,}.")
    if after.stats.bytes_scanned * 2 > before.stats.bytes_scanned:
        raise NotYetError(
            f"the question scans {after.stats.bytes_scanned:,} bytes, and {before.stats.bytes_scanned:,} on the copy.",
            "What are folders named after that can be left unopened?",
        )
    return f"{after.stats.bytes_scanned:,} bytes instead of {before.stats.bytes_scanned:,}."


EXERCISES = (
    Exercise(
        "09.1",
        "Make a view `worst_hours` in `curated` with the columns `hour` and `delay`: for each scheduled hour the mean "
        "arrival delay of `departures`, rounded to one digit.",
        _worst_hours,
    ),
    Exercise(
        "09.2",
        "Make a table `departures_by_origin` in `curated`, a copy of `departures` on which a question about one origin "
        "scans at most half of what it scans on `departures_copy`.",
        _by_origin,
    ),
)
