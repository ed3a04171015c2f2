"""`%stream`: streams made, filled, looked at, resharded and replayed into; `%%stream`: SQL over what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from kit.base.display import count
from kit.base.result import Result
from kit.workspace import Workspace
from magics.command import Command, CommandMagic
from magics.grammar import Argument, Option, positive
from magics.parameters import bind
from magics.query import QueryMagic, Question
from magics.reader import Offer, Words
from magics.session import Session


def _names(session: Session) -> Iterable[str]:
    return iter(session.workspace.streams)


def _open_shards(session: Session) -> Iterable[str]:
    streams = session.workspace.streams
    return sorted({shard.shard_id for name in streams for shard in streams[name].shards() if shard.is_open})


DATABASE = "streams"
LOG_COLUMNS = ("partition_key", "data", "sequence_number", "shard_id", "arrival_time")
_WORD = re.compile(r"\w+\Z")
NAMED = Argument("stream", "The stream.", offers=_names)


def _list(session: Session, words: Words) -> Any:
    del words
    from kit.widgets import stream_overview

    if any(True for _ in session.workspace.analytics):
        session.show(stream_overview.streams(session.workspace))
        return session.workspace.analytics.list()
    return stream_overview.streams(session.workspace)


def _create(session: Session, words: Words) -> Any:
    from kit.widgets import stream_overview

    name = words.first("stream")
    session.workspace.streams.create(
        name,
        words.first("shards"),
        durability=words.first("durability", "os"),
        mode=words.first("mode", "PROVISIONED"),
        retention_hours=words.first("retention", 24),
        if_not_exists="if_not_exists" in words,
    )
    return stream_overview.describe(session.workspace, name)


def _delete(session: Session, words: Words) -> None:
    session.workspace.streams.delete(words.first("stream"))


def _describe(session: Session, words: Words) -> Any:
    from kit.widgets import stream_overview

    return stream_overview.describe(session.workspace, words.first("stream"))


def _put(session: Session, words: Words) -> Any:
    from kit.streams.produce.json_lines import rows_of_lines

    name = words.first("stream")
    with session.workspace.streams[name].producer(background=False) as producer:
        stored = producer.put_table(rows_of_lines(words.rest, words.first("key")))
    return Said(f"{count(stored, 'record')} put into {name}")


def _tail(session: Session, words: Words) -> Any:
    from kit.widgets import stream_overview

    return stream_overview.tail(
        session.workspace, words.first("stream"), words.first("number", 10), words.first("shard")
    )


def _split(session: Session, words: Words) -> Any:
    from kit.widgets import stream_overview

    name = words.first("stream")
    session.workspace.streams[name].split(words.first("shard"), words.first("at"))
    return stream_overview.describe(session.workspace, name)


def _merge(session: Session, words: Words) -> Any:
    from kit.widgets import stream_overview

    name = words.first("stream")
    session.workspace.streams[name].merge(words.first("shard"), words.first("adjacent"))
    return stream_overview.describe(session.workspace, name)


def _limits(session: Session, words: Words) -> Any:
    name, wanted = words.first("stream"), words.first("state").lower()
    if wanted not in ("on", "off"):
        raise words.error("INVALID_ARGUMENT", f"Limits are on or off, not '{wanted}'.", at="state")
    session.workspace.streams[name].limits(enforced=wanted == "on")
    return Said(f"The limits of {name} are {wanted}")


def _replay(session: Session, words: Words) -> Any:
    name, source = words.first("stream"), words.first("source")
    # A variable of the notebook (a result, a table, a frame) goes before a file of that name.
    given = session.names.get(source, source) if source.isidentifier() else source
    with session.progress() as progress:
        return session.workspace.streams[name].replay(
            given,
            key=words.first("key", "").split(",") if "key" in words else None,
            time=words.first("time"),
            columns=words.first("columns", "").split(",") if "columns" in words else None,
            rate=words.first("rate"),
            speedup=words.first("speedup"),
            progress=progress,
        )


def _consumers(session: Session, words: Words) -> Any:
    from kit.widgets import stream_overview

    return stream_overview.consumers(session.workspace, words.first("stream"))


def _chart(session: Session, words: Words) -> Any:
    from kit.widgets.stream_chart import StreamChart

    window = words.first("window", "1m")
    return StreamChart(
        session.workspace.streams[words.first("stream")],
        x=words.first("x", "arrival_time"),
        y=words.first("y", ""),
        color=words.first("color"),
        mark=words.first("mark", "line"),
        title=words.first("title", ""),
        window=None if window == "all" else window,
    )


def _queries(session: Session) -> Iterable[str]:
    return iter(session.workspace.analytics)


def _start(session: Session, words: Words) -> Any:
    text = words.rest.strip() or None
    return session.workspace.analytics.start(
        words.first("query"),
        text,
        into=words.first("into", ""),
        table=words.first("table", ""),
        location=words.first("location", ""),
        key=words.first("key", ""),
        start=words.first("start", "TRIM_HORIZON"),
        database=session.defaults.database or "default",
        params={} if text is None else bind(text, words, (session.names,)),
        **_time_options(words),
    )


def _stop(session: Session, words: Words) -> Any:
    return session.workspace.analytics.stop(words.first("query"))


def _forget(session: Session, words: Words) -> Any:
    name = words.first("query")
    session.workspace.analytics.delete(name)
    return Said(f"The query {name} is deleted")


def _time_options(words: Words) -> dict[str, Any]:
    """How a query over windows takes time, from the words of a line."""
    given: dict[str, Any] = {"inputs": dict(words.all("input"))}
    for name in ("time", "lateness", "idle", "answer"):
        if name in words:
            given[name] = words.first(name)
    if "field" in words:
        given["schema"] = dict(words.all("field"))
    return given


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not (name and equals and value):
        raise ValueError("name=value is wanted")
    return name, value


TIME_OPTIONS = (
    Option(("--time",), "The column of the event time, where the SQL does not say.", "COLUMN"),
    Option(("--lateness",), "Records so far behind their shard's latest are not late, such as 5s.", "TIME"),
    Option(("--idle",), "A shard that is silent for so long holds the others back no more; 5s by default.", "TIME"),
    Option(
        ("--input",),
        "Another name of a stream, such as SOURCE_SQL_STREAM_001=clicks.",
        "NAME=STREAM",
        _pair,
        repeated=True,
    ),
    Option(
        ("--field",),
        "The type of a field of the records' JSON, else it follows from a sample.",
        "NAME=TYPE",
        _pair,
        repeated=True,
    ),
    Option(("--answer",), "Of the streams that the SQL feeds, the one to answer with.", "NAME"),
)


def _ask(workspace: Workspace, question: Question) -> Result:
    for name in ("until", *(option.name for option in TIME_OPTIONS)):
        if name in question.options and "window" not in question.options:
            raise question.options.error("INVALID_ARGUMENT", f"--{name} is of windows.", "Write --window.", at=name)
    if "window" in question.options:
        return workspace.analytics.sql(
            question.statement,
            database=question.database or "default",
            params=question.params,
            progress=question.progress,
            **_time_options(question.options),
        )
    return workspace.athena.sql(
        question.statement, database=DATABASE, params=question.params, progress=question.progress
    )


def _complete(workspace: Workspace, before: str, after: str, database: str) -> Offer | None:
    """Names of streams and of the columns that all of them have."""
    del after, database
    word = _WORD.search(before)
    begun = word[0] if word else ""
    found = [name for name in (*workspace.streams, *LOG_COLUMNS) if name.lower().startswith(begun.lower())]
    return Offer(begun, tuple(found)) if found else None


SQL = QueryMagic(
    "stream",
    "Ask, in Athena's SQL, what the streams hold now: each is a table with the columns partition_key, data,"
    " sequence_number, shard_id, arrival_time and the fields of its records' JSON.",
    _ask,
    _complete,
    examples=(
        "  %%stream\n  SELECT user, count(*) FROM clicks GROUP BY user ORDER BY user",
        (
            "  %%stream --window --lateness 5s\n  SELECT window_start, window_end, page, count(*)"
            "\n  FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(at), INTERVAL '1' MINUTE))"
            "\n  GROUP BY window_start, window_end, page"
        ),
    ),
    options=(
        Option(("-w", "--window"), "The SQL is streaming SQL, of Flink or Kinesis Analytics."),
        Option(("--until",), "Windows of what the streams hold until now; the default.", choices=("now",)),
        *TIME_OPTIONS,
    ),
    of_line=False,
)


def _telling(command: Command) -> Command:
    """The command, before which the cell shows which queries have failed in the background since the last one."""

    def run(session: Session, words: Words) -> Any:
        # A service that was never asked for has no queries.
        if "analytics" in vars(session.workspace):
            for query in session.workspace.analytics.failures():
                session.show(query)
        return command.run(session, words)

    return replace(command, run=run)


class Said:
    """A sentence that a cell shows."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _above_zero(word: str) -> float:
    value = float(word)
    if not value > 0:
        raise ValueError("a number above zero")
    return value


STREAM = CommandMagic(
    "stream",
    "Streams: make them, put records, look at them, split and merge their shards, replay events into them.",
    tuple(
        _telling(command)
        for command in (
            Command("", "The streams of the workspace.", _list),
            Command("list", "The streams of the workspace, and its continuous queries.", _list),
            Command(
                "start",
                "Run the cell's streaming SQL on in the background; without a cell, go on with a query of that name.",
                _start,
                options=(
                    Option(
                        ("--into",), "Put the rows of windows that close into this stream.", "STREAM", offers=_names
                    ),
                    Option(("-k", "--key"), "The column that decides among that stream's shards.", "COLUMN"),
                    Option(("--table",), "Put them into this table of the catalog.", "DB.TABLE"),
                    Option(("--location",), "Where the table is made if there is none.", "S3URI"),
                    Option(("--start",), "Where to begin.", choices=("TRIM_HORIZON", "LATEST")),
                    *TIME_OPTIONS,
                ),
                arguments=(Argument("query", "The query's name."),),
                takes_cell=True,
            ),
            Command(
                "stop",
                "Let a continuous query rest; start goes on with it.",
                _stop,
                arguments=(Argument("query", "The query.", offers=_queries),),
            ),
            Command(
                "forget",
                "Delete a continuous query; what it gave stays.",
                _forget,
                arguments=(Argument("query", "The query.", offers=_queries),),
            ),
            Command(
                "create",
                "Make a stream.",
                _create,
                options=(
                    Option(("-s", "--shards"), "So many shards; one by default.", "N", positive),
                    Option(("--mode",), "PROVISIONED, or ON_DEMAND.", choices=("PROVISIONED", "ON_DEMAND")),
                    Option(("--retention",), "Keep records this long; 24 hours by default.", "HOURS", positive),
                    Option(
                        ("--durability",),
                        "What acknowledged means: os survives the end of a process, fsync of the machine.",
                        choices=("os", "fsync"),
                    ),
                    Option(("--if-not-exists",), "Take a stream of that name as it is."),
                ),
                arguments=(Argument("stream", "The stream's name."),),
            ),
            Command("delete", "Delete a stream with all that it holds.", _delete, arguments=(NAMED,)),
            Command("describe", "A stream's shards and what they hold.", _describe, arguments=(NAMED,)),
            Command(
                "put",
                "Put the cell's lines of JSON, a record each.",
                _put,
                options=(Option(("-k", "--key"), "Take the partition key from this field.", "FIELD"),),
                arguments=(NAMED,),
                takes_cell=True,
            ),
            Command(
                "tail",
                "The last records.",
                _tail,
                options=(
                    Option(("-n", "--number"), "So many; ten by default.", "N", positive),
                    Option(("--shard",), "Only of this shard.", "ID"),
                ),
                arguments=(NAMED,),
            ),
            Command(
                "split",
                "Split a shard in two.",
                _split,
                options=(
                    Option(("--at",), "The first hash key of the second half; by default the middle.", "HASHKEY"),
                ),
                arguments=(NAMED, Argument("shard", "The open shard, by id or number.", offers=_open_shards)),
            ),
            Command(
                "merge",
                "Merge two shards whose hash keys touch.",
                _merge,
                arguments=(
                    NAMED,
                    Argument("shard", "An open shard.", offers=_open_shards),
                    Argument("adjacent", "Its neighbour.", offers=_open_shards),
                ),
            ),
            Command(
                "limits",
                "Turn the limits of the shards on or off.",
                _limits,
                arguments=(NAMED, Argument("state", "on or off.", offers=lambda _: ("on", "off"))),
            ),
            Command(
                "replay",
                "Send the rows of a file, or of a variable, as events.",
                _replay,
                options=(
                    Option(("-k", "--key"), "The column, or columns, of the partition key.", "COLUMN,…"),
                    Option(("--time",), "The column that orders the events.", "COLUMN"),
                    Option(("--columns",), "What the JSON holds; all by default.", "COLUMN,…"),
                    Option(("--rate",), "So many records a second.", "N", _above_zero),
                    Option(("--speedup",), "At the events' own distances, so many times faster.", "X", _above_zero),
                ),
                arguments=(NAMED, Argument("source", "A file's path, or a variable that holds rows.")),
            ),
            Command(
                "chart",
                "Draw a field of the records as they arrive, over a moving window.",
                _chart,
                options=(
                    Option(("-y", "--y"), "The field to draw.", "FIELD"),
                    Option(
                        ("-x", "--x"),
                        "What to draw it over; a time moves the window: the time of arrival, or a field (taken_at:T).",
                        "FIELD",
                    ),
                    Option(("-c", "--color"), "A line for each value of this field; by default a shard.", "FIELD"),
                    Option(("-w", "--window"), "How much to show: 30s, 5m, 2h, 7d or all; 1m by default.", "LENGTH"),
                    Option(
                        ("--mark",),
                        "How to draw it; line by default.",
                        choices=("line", "point", "area", "bar", "tick", "circle", "square"),
                    ),
                    Option(("--title",), "What to write above it.", "TEXT"),
                ),
                arguments=(NAMED,),
            ),
            Command("consumers", "Who reads a stream, and how far each has come.", _consumers, arguments=(NAMED,)),
        )
    ),
    question=SQL,
    examples=(
        "  %stream create clicks --shards 2",
        '  %%stream put clicks --key user\n  {"user": "ada", "page": "/"}\n  {"user": "bob", "page": "/cart"}',
        "  %stream replay departures flights --key origin --time departs --speedup 3600",
        "  %stream chart sensors --y temp --color station --window 5m",
    ),
)
