"""Exercises of `01_lake_and_athena`: a table laid out anew, partitions that need no catalog, a limit on spending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kit.lessons.exercise import Exercise, NotYetError

if TYPE_CHECKING:
    from kit.workspace import Workspace

DATABASE = "nyc"
_LIMIT_BYTES = 10_000_000


def _ask(workspace: Workspace, text: str) -> Any:
    return workspace.athena.sql(text, database=DATABASE)


def _weather(workspace: Workspace) -> str:
    question = "SELECT count(temp), min(temp), max(temp) FROM {} WHERE origin = 'JFK'"
    before, after = (_ask(workspace, question.format(table)) for table in ("weather", "weather_columns"))
    if before.rows != after.rows:
        raise NotYetError(f"the question has the answer {after.rows[0]}, and {before.rows[0]} on the CSV.")
    wanted = before.stats.bytes_scanned // 10
    if after.stats.bytes_scanned > wanted:
        raise NotYetError(
            f"the question scans {after.stats.bytes_scanned:,} bytes, and {wanted:,} would be a tenth of the CSV.",
            "Which format keeps its columns apart?",
        )
    return f"the same answer for {after.stats.bytes_scanned:,} bytes instead of {before.stats.bytes_scanned:,}."


def _projected(workspace: Workspace) -> str:
    question = "SELECT count(*), sum(distance) FROM {} WHERE month = 7"
    table = workspace.catalog.table(DATABASE, "flights_projected")
    before, after = (_ask(workspace, question.format(name)) for name in ("flights", "flights_projected"))
    if next(iter(workspace.catalog.partitions(DATABASE, "flights_projected")), None) is not None:
        raise NotYetError("the catalog holds partitions of it.", "Projection computes them: none need to be there.")
    if table.parameters.get("projection.enabled", "").lower() != "true":
        raise NotYetError("projection is not enabled.", "TBLPROPERTIES ('projection.enabled' = 'true', …)")
    if before.rows != after.rows:
        raise NotYetError(f"July has {after.rows[0][0]:,} flights in it, and {before.rows[0][0]:,} in flights.")
    return f"{after.rows[0][0]:,} flights of July found, and no partition is in the catalog."


def _careful(workspace: Workspace) -> str:
    workgroup = workspace.athena.workgroups.get("careful")
    if workgroup.bytes_scanned_cutoff is None:
        raise NotYetError("it has no limit.", "Workgroup(…, bytes_scanned_cutoff=…)")
    if workgroup.bytes_scanned_cutoff > _LIMIT_BYTES:
        raise NotYetError(f"it lets a query scan {workgroup.bytes_scanned_cutoff:,} bytes.", "At most 10 MB.")
    return f"a query of careful ends at {workgroup.bytes_scanned_cutoff:,} bytes."


EXERCISES = (
    Exercise(
        "01.1",
        "Make a table `weather_columns` of the weather on which the question after the temperatures of one airport "
        "scans at most a tenth of what it scans on the CSV.",
        _weather,
    ),
    Exercise(
        "01.2",
        "Make a table `flights_projected` over the objects of `flights` that finds its partitions by projection: none "
        "in the catalog, and all answers the same.",
        _projected,
    ),
    Exercise("01.3", "Make a workgroup `careful` whose queries end when they would scan more than 10 MB.", _careful),
)
