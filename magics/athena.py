"""`%%athena`: a question to the lake, in Athena's dialect."""

from __future__ import annotations

from kit.base.result import Result
from kit.workspace import Workspace
from magics.grammar import Option, positive
from magics.query import DATABASE, QueryMagic, Question
from magics.reader import Offer
from magics.session import Session


def _ask(workspace: Workspace, question: Question) -> Result:
    return workspace.athena.sql(
        question.statement,
        database=question.database,
        params=question.params,
        workgroup=question.options.first("workgroup", "primary"),
        reuse_minutes=question.options.first("reuse"),
        progress=question.progress,
    )


def _complete(workspace: Workspace, before: str, after: str, database: str) -> Offer:
    from kit.athena.lake import Lake
    from kit.sql.athena.vocabulary import VOCABULARY
    from kit.sql.completion import complete
    from kit.streams.tables import StreamTables

    tables = Lake(workspace.catalog, StreamTables(lambda: workspace.streams))
    found = complete(before + after, len(before), tables, database.lower(), VOCABULARY)
    names = tuple(candidate.text for candidate in found.candidates)
    return Offer(before[found.start :], names, tuple(candidate.kind for candidate in found.candidates))


def _workgroups(session: Session) -> list[str]:
    return [workgroup.name for workgroup in session.workspace.athena.workgroups.list()]


ATHENA = QueryMagic(
    "athena",
    "Ask the lake in SQL, as Amazon Athena does: tables of the catalog, over files in the workspace's storage.",
    _ask,
    _complete,
    examples=(
        "  %%athena -d nyc delays <<\n  SELECT carrier, avg(arr_delay) FROM flights GROUP BY carrier ORDER BY carrier",
        "  origin = 'JFK'\n  %athena -d nyc SELECT count(*) FROM flights WHERE origin = :origin",
    ),
    options=(
        DATABASE,
        Option(("-w", "--workgroup"), "Ask on behalf of this workgroup.", "NAME", offers=_workgroups),
        Option(("--reuse",), "Give the same question's answer again if it is no older.", "MINUTES", positive),
    ),
)
