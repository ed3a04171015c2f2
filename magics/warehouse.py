"""`%%warehouse`: SQL to the warehouse, in Redshift's dialect; `%warehouse`: its cluster and its tables' designs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kit.base.result import Result
from kit.workspace import Workspace
from magics.command import Command, CommandMagic
from magics.grammar import Argument, Option, positive
from magics.query import QueryMagic, Question
from magics.reader import Offer, Words
from magics.session import Session


class Shown:
    """A value that shows itself as text."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return str(self.value)


def _ask(workspace: Workspace, question: Question) -> Result:
    result = workspace.warehouse.sql(question.statement, question.params, question.progress)
    if "slices" in question.options:
        _show_slices(result)
    return result


def _complete(workspace: Workspace, before: str, after: str, database: str) -> Offer:
    from kit.sql.completion import complete
    from kit.sql.redshift.vocabulary import VOCABULARY
    from kit.warehouse.naming import ON_PATH

    del database
    found = complete(before + after, len(before), workspace.warehouse.names(), ON_PATH, VOCABULARY)
    names = tuple(candidate.text for candidate in found.candidates)
    return Offer(before[found.start :], names, tuple(candidate.kind for candidate in found.candidates))


def _show_slices(result: Result) -> None:
    """The plan as it ran, and its slices over time."""
    from IPython.display import display

    from kit.warehouse.picture import chart, tree
    from kit.warehouse.stats import WarehouseStats
    from kit.widgets import chart as drawn

    stats = result.stats
    if isinstance(stats, WarehouseStats) and stats.run is not None:
        display(Shown(tree(stats.run)))
        display(drawn(chart(stats.run)))


def _cluster(session: Session, words: Words) -> Any:
    return Shown(session.workspace.warehouse.cluster(words.first("nodes"), words.first("slices_per_node")))


def _design(session: Session, words: Words) -> Any:
    return Shown(session.workspace.warehouse.design(words.first("table")))


def _owner(session: Session, words: Words) -> Any:
    del words
    return Shown(session.workspace.warehouse.ownership())


def _tables(session: Session) -> Iterable[str]:
    return session.workspace.warehouse.tables()


QUESTION = QueryMagic(
    "warehouse",
    "Ask the warehouse in SQL, as Amazon Redshift does: tables on the slices of a cluster.",
    _ask,
    _complete,
    examples=(
        "  %%warehouse delays <<\n  SELECT carrier, AVG(arr_delay) FROM flights GROUP BY carrier ORDER BY carrier",
        "  %%warehouse --slices\n  SELECT COUNT(DISTINCT tailnum) FROM flights",
    ),
    options=(Option(("--slices",), "Show the plan as it ran, and each slice's work over time."),),
    of_line=False,
)

WAREHOUSE = CommandMagic(
    "warehouse",
    "The warehouse: a leader and slices that hold the rows, as in Amazon Redshift.",
    (
        Command("", "The cluster's shape and what each slice holds.", _cluster),
        Command(
            "cluster",
            "The cluster's shape; with options, changed first, which moves every row.",
            _cluster,
            options=(
                Option(("-n", "--nodes"), "So many nodes.", "N", positive),
                Option(("-s", "--slices-per-node"), "So many slices on each node.", "N", positive),
            ),
        ),
        Command(
            "design",
            "A table's rows, skew, order and size, slice by slice.",
            _design,
            arguments=(Argument("table", "The table, or schema.table.", offers=_tables),),
        ),
        Command("owner", "Which kernel has the cluster's file open; the others reach it through that one.", _owner),
    ),
    examples=("  %warehouse cluster --nodes 2 --slices-per-node 2", "  %warehouse design flights"),
    question=QUESTION,
)
