"""From an application's text to its stages, in the order in which rows pass them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kit.base.errors import KitError, did_you_mean
from kit.sql.place import error_at
from kit.sql.relations import Relation, SchemaSource
from kit.sql.streaming.compiling import Compiler
from kit.sql.streaming.plan import (
    Application,
    Stage,
)
from kit.sql.streaming.script import read_script


def compile_application(
    text: str,
    schema: SchemaSource,
    inputs: Mapping[str, Relation],
    parameters: Mapping[str, Any],
    *,
    database: str = "default",
    answer: str = "",
) -> Application:
    """The stages of the application.

    `inputs` are the streams of the workspace by the name that the application may use, in lower case; each has the
    hidden column `rowtime`. `schema` has the tables to join with. `answer` names the application's stream to answer
    with, where it has no SELECT of its own and feeds several.
    """
    script = read_script(text)
    compiler = Compiler(text, schema, inputs, parameters, database, script)
    stages = _ordered([stage for insert in script.inserts for stage in compiler.stages(insert)], text)
    return Application(
        stages,
        _answer(stages, answer),
        tuple(dict.fromkeys(stage.source for stage in stages if stage.source in inputs)),
        script.declared,
        dict(compiler.times),
    )


def _ordered(stages: Sequence[Stage], text: str) -> tuple[Stage, ...]:
    """Each stage after those that feed it."""
    left = list(stages)
    done: list[Stage] = []
    while left:
        waiting = {stage.target for stage in left if stage.target}
        ready = [stage for stage in left if stage.source not in waiting]
        if not ready:
            raise error_at("NOT_SUPPORTED", "Streams that feed each other in a circle are not supported", text, 0)
        done += ready
        left = [stage for stage in left if stage not in ready]
    return tuple(done)


def _answer(stages: Sequence[Stage], wanted: str) -> str:
    """The target that is the application's answer."""
    read = {stage.source for stage in stages}
    targets = list(dict.fromkeys(stage.target for stage in stages))
    if wanted:
        if wanted.lower() not in targets:
            raise KitError("TABLE_NOT_FOUND", f"Nothing feeds a stream '{wanted}'.", did_you_mean(wanted, targets))
        return wanted.lower()
    if "" in targets:
        return ""
    ends = [target for target in targets if target not in read]
    if len(ends) != 1:
        raise KitError(
            "AMBIGUOUS_NAME",
            f"The application feeds several streams: {', '.join(ends)}.",
            f"Say which one is its answer: answer='{ends[0]}'." if ends else "",
        )
    return ends[0]
