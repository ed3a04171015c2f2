"""`%%athena`: a question to the lake, in Athena's dialect."""

from __future__ import annotations

from kit.base.result import Result
from kit.workspace import Workspace
from magics.query import QueryMagic, Question


def _ask(workspace: Workspace, question: Question) -> Result:
    return workspace.athena.sql(
        question.statement, database=question.database, params=question.params, progress=question.progress
    )


ATHENA = QueryMagic(
    "athena",
    "Ask the lake in SQL, as Amazon Athena does: tables of the catalog, over files in the workspace's storage.",
    _ask,
    examples=(
        "  %%athena -d nyc delays <<\n  SELECT carrier, avg(arr_delay) FROM flights GROUP BY carrier ORDER BY carrier",
        "  origin = 'JFK'\n  %athena -d nyc SELECT count(*) FROM flights WHERE origin = :origin",
    ),
)
