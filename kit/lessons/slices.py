"""Exercises of `03_mpp_warehouse`: a join that moves nothing, slices that share the work, a question that skips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kit.lessons.exercise import Exercise, NotYetError

if TYPE_CHECKING:
    from kit.workspace import Workspace

_JOIN = """
SELECT {airports}.name, COUNT(*) AS flights, AVG({flights}.arr_delay) AS delay
FROM {flights} JOIN {airports} ON {flights}.dest = {airports}.faa
GROUP BY {airports}.name ORDER BY flights DESC, {airports}.name LIMIT 5"""
_MOST_SKEW = 1.1


def _unmoved(workspace: Workspace) -> str:
    warehouse = workspace.warehouse
    question = _JOIN.format(flights="my_flights", airports="my_airports")
    plan = [line for (line,) in warehouse.sql(f"EXPLAIN {question}").rows]
    moving = sorted({word for line in plan for word in line.split() if word.startswith("DS_") and "NONE" not in word})
    if moving:
        raise NotYetError(
            f"the plan says {' and '.join(moving)}.", "Where would rows with equal keys have to be? Is one table small?"
        )
    answer = warehouse.sql(question)
    if not answer.rows:
        raise NotYetError("nothing moves, but the join finds nothing either.", "Load both tables.")
    return (
        f"no row is moved to be joined, and {answer.rows[0][0]} is what {answer.rows[0][1]:,} flights were bound for."
    )


def _even(workspace: Workspace) -> str:
    design = workspace.warehouse.design("my_flights")
    if design.rows == 0:
        raise NotYetError("my_flights is empty.")
    if design.skew_rows > _MOST_SKEW:
        raise NotYetError(
            f"the fullest slice holds {design.skew_rows:.2f} times the rows of the emptiest.",
            "DISTSTYLE EVEN deals rows out in turn; a key of many values does nearly as well.",
        )
    return f"{design.rows:,} rows, and the fullest slice holds {design.skew_rows:.2f} times those of the emptiest."


EXERCISES = (
    Exercise(
        "03.1",
        "Load flights into `my_flights` and airports into `my_airports` so that joining them by "
        "`dest = faa` moves no row.",
        _unmoved,
    ),
    Exercise(
        "03.2",
        "Let the fullest slice of `my_flights` hold at most 1.1 times as many rows as the emptiest, and "
        "03.1 hold still.",
        lambda workspace: f"{_even(workspace)} {_unmoved(workspace)}",
    ),
)
