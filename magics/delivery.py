"""`%delivery`: delivery streams made, looked at, flushed, stopped; `%%delivery put`: records into one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kit.base.display import count
from magics.command import Command, CommandMagic
from magics.grammar import Argument, Option, positive
from magics.reader import Words
from magics.session import Session
from magics.stream import Said

BATCH = 500
_OPTIONS = (
    "codec",
    "columns",
    "compression",
    "copy_options",
    "delimiter",
    "error_prefix",
    "extension",
    "format",
    "partition_by",
    "register",
    "schema",
)
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r\\n": "\r\n"}


def _names(session: Session) -> Iterable[str]:
    return iter(session.workspace.delivery)


def _streams(session: Session) -> Iterable[str]:
    return iter(session.workspace.streams)


def _functions(session: Session) -> Iterable[str]:
    return [name for name, value in session.names.items() if callable(value) and not name.startswith("_")]


def _tables(session: Session) -> Iterable[str]:
    catalog = session.workspace.catalog
    return [f"{each.name}.{table}" for each in catalog.databases() for table in catalog.table_names(each.name)]


NAMED = Argument("name", "The delivery stream.", offers=_names)


def _list(session: Session, words: Words) -> Any:
    del words
    from kit.widgets import delivery_overview

    return delivery_overview.deliveries(session.workspace)


def _create(session: Session, words: Words) -> Any:
    from kit.widgets import delivery_overview

    name = words.first("name")
    options = {option: words.first(option) for option in _OPTIONS if option in words}
    if "delimiter" in options:
        options["delimiter"] = _ESCAPES.get(options["delimiter"], options["delimiter"])
    if "columns" in options:
        pairs = [pair.partition(":") for pair in options["columns"].split(",")]
        options["columns"] = {column.strip(): kind.strip() for column, _, kind in pairs}
    if "transform" in words:
        options["transform"] = _function(session, words)
    elif words.rest.strip():
        options["transform"] = words.rest
    session.workspace.delivery.create(
        name,
        words.first("to"),
        source=words.first("source"),
        start=words.first("start", "LATEST"),
        buffer_mb=words.first("buffer_mb"),
        buffer_seconds=words.first("buffer_seconds"),
        if_not_exists="if_not_exists" in words,
        **options,
    )
    return delivery_overview.describe(session.workspace, name)


def _function(session: Session, words: Words) -> Any:
    name = words.first("transform")
    function = session.names.get(name)
    if not callable(function):
        raise words.error(
            "UNKNOWN_NAME",
            f"There is no function '{name}'.",
            "Define it in a cell: def name(event, context).",
            at="transform",
        )
    return function


def _describe(session: Session, words: Words) -> Any:
    from kit.widgets import delivery_overview

    return delivery_overview.describe(session.workspace, words.first("name"))


def _put(session: Session, words: Words) -> Any:
    name = words.first("name")
    lines = [line for line in words.rest.splitlines() if line.strip()]
    stream = session.workspace.delivery[name]
    for begin in range(0, len(lines), BATCH):
        failed = [result for result in stream.put_record_batch(lines[begin : begin + BATCH]) if result.error_code]
        if failed:
            raise words.error(str(failed[0].error_code), f"{len(failed)} records failed: {failed[0].error_message}")
    return Said(f"{count(len(lines), 'record')} put into {name}")


def _flush(session: Session, words: Words) -> Any:
    from kit.widgets import delivery_overview

    delivery = session.workspace.delivery
    for name in [words.first("name")] if "name" in words else list(delivery):
        delivery[name].flush()
    return delivery_overview.deliveries(session.workspace)


def _stop(session: Session, words: Words) -> Any:
    name = words.first("name")
    session.workspace.delivery[name].stop()
    return Said(f"{name} is stopped; it takes records, and delivers them once it is started")


def _start(session: Session, words: Words) -> Any:
    name = words.first("name")
    session.workspace.delivery[name].start()
    return Said(f"{name} delivers")


def _delete(session: Session, words: Words) -> None:
    session.workspace.delivery.delete(words.first("name"), force="force" in words)


def _seconds(word: str) -> int:
    if not (word.isascii() and word.isdigit()):
        raise ValueError("a whole number of seconds is wanted")
    return int(word)


DELIVERY = CommandMagic(
    "delivery",
    "Delivery streams: records put, or read from a stream, and delivered to storage, to the warehouse or to a stream.",
    (
        Command("", "The delivery streams and how they are doing.", _list),
        Command("list", "The delivery streams and how they are doing.", _list),
        Command(
            "create",
            "Make a delivery stream; the cell, if there is one, is a query of the table records that transforms them.",
            _create,
            options=(
                Option(("-s", "--source"), "Read this stream, instead of direct puts.", "STREAM", offers=_streams),
                Option(
                    ("--start",),
                    "Where to begin in the source; LATEST by default.",
                    choices=("LATEST", "TRIM_HORIZON"),
                ),
                Option(("--buffer-mb",), "Deliver once so much waits, from 1 to 128.", "MB", positive),
                Option(("--buffer-seconds",), "Deliver what waits so long; 300 by default.", "S", _seconds),
                Option(("--delimiter",), "Stands behind each record, for example \\n.", "TEXT"),
                Option(
                    ("--compression",),
                    "Compress the objects.",
                    choices=("GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"),
                ),
                Option(("--extension",), "The objects' extension.", ".EXT"),
                Option(("--schema",), "Convert JSON to columns by this table.", "DATABASE.TABLE", offers=_tables),
                Option(("--format",), "The columns' format; parquet by default.", choices=("parquet", "orc")),
                Option(("--codec",), "The format's compression.", "CODEC"),
                Option(("--partition-by",), "A JQ expression of partition keys.", "JQ"),
                Option(("--register",), "Add the partitions of this table.", "DATABASE.TABLE", offers=_tables),
                Option(("--transform",), "A function with Lambda's contract.", "FUNCTION", offers=_functions),
                Option(("--columns",), "Fields that the query reads, with Hive types.", "NAME:TYPE,…"),
                Option(("--error-prefix",), "Where records go that fail.", "PREFIX"),
                Option(("--copy-options",), "Of the warehouse's COPY.", "OPTIONS"),
                Option(("--if-not-exists",), "Take a delivery stream of that name as it is."),
            ),
            arguments=(
                Argument("name", "The delivery stream's name."),
                Argument("to", "s3://bucket/prefix, warehouse:table or stream:name."),
            ),
            takes_cell=True,
        ),
        Command(
            "describe", "What a delivery stream is told to do, and how it is doing.", _describe, arguments=(NAMED,)
        ),
        Command("put", "Put the cell's lines, a record each.", _put, arguments=(NAMED,), takes_cell=True),
        Command(
            "flush",
            "Deliver all that waits, of one or of all of them.",
            _flush,
            arguments=(Argument("name", "The delivery stream.", required=False, offers=_names),),
        ),
        Command("stop", "Deliver no more, until it is started.", _stop, arguments=(NAMED,)),
        Command("start", "Deliver again.", _start, arguments=(NAMED,)),
        Command(
            "delete",
            "Deliver what waits, and delete the delivery stream.",
            _delete,
            options=(Option(("--force",), "Give up what waits."),),
            arguments=(NAMED,),
        ),
    ),
    examples=(
        "  %delivery create raw s3://lake/raw/ --source clicks --delimiter \\n --buffer-seconds 60",
        "  %delivery create lake s3://lake/clicks/day=!{timestamp:yyyy-MM-dd}/ --source clicks --schema lake.clicks",
        "  %%delivery create bad s3://lake/bad/ --source clicks --columns n:int\n  SELECT * FROM records WHERE n > 500",
        "  %delivery flush lake",
    ),
)
