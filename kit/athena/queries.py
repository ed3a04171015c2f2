"""Running a query: compiled, planned, checked against the workgroup's limit, handed to the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kit.athena import information_schema, live
from kit.athena.diagnosis import diagnosed
from kit.athena.engine import Connection, Statement, with_relations
from kit.athena.job import Job, Streamed
from kit.athena.meter import metered
from kit.athena.planning import ScanPlan
from kit.athena.running import limit_exceeded
from kit.sql.athena import compile_query
from kit.sql.athena.statements import Query
from kit.sql.relations import CompiledQuery, Scan

_NAME = r'"(?:[^"]|"")+"'
_PREVIEW = re.compile(
    rf"SELECT {_NAME}\.{_NAME} AS {_NAME}(?:, {_NAME}\.{_NAME} AS {_NAME})* FROM {_NAME} AS {_NAME} LIMIT (\d+)"
)


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """A query that is ready to run."""

    compiled: CompiledQuery
    plans: tuple[ScanPlan, ...]
    statement: Statement

    def wrapped(self, before: str, after: str = "", parameters: Mapping[str, Any] | None = None) -> Statement:
        """The query as part of another statement of DuckDB's (COPY, EXPLAIN)."""
        given = {**self.statement.parameters, **(parameters or {})}
        return Statement(f"{before}{self.statement.sql}{after}", given, self.statement.streams, self.statement.watch)


def compile_(job: Job, query: Query) -> CompiledQuery:
    """Raises the SQL errors of whatever does not hold."""
    return compile_query(query.tree, query.text, job.lake, job.database, job.parameters, job.positional, now=job.now)


def plan(job: Job, query: Query) -> PlannedQuery:
    """Compiled and planned; the running execution knows from now on what it will scan at most."""
    compiled = compile_(job, query)
    first_rows = _first_rows(compiled)
    plans = tuple(_planned(job, scan, first_rows) for scan in compiled.scans)
    job.running.plan(metered(plans))
    parameters = dict(compiled.parameters)
    streams: dict[str, object] = {}
    for each in plans:
        parameters.update(each.parameters)
        streams.update(each.streams)
    job.running.watch.diagnose = lambda error: diagnosed(error, plans)
    sql = with_relations(compiled.sql, {each.scan.relation: each.sql for each in plans})
    return PlannedQuery(compiled, plans, Statement(sql, parameters, streams, job.running.watch))


def open_(job: Job, planned: PlannedQuery) -> Connection:
    """A connection on which the query may run. Raises `QUERY_CANCELLED` where it would scan more than is allowed."""
    connection = job.running.attach(job.services.engine.connect())
    try:
        cutoff = job.workgroup.bytes_scanned_cutoff
        if cutoff is not None and job.running.metered.upper_bound > cutoff and not _may_stop(job, connection, planned):
            raise limit_exceeded(cutoff)
    except BaseException:
        connection.close()
        raise
    return connection


def run(job: Job, query: Query) -> Streamed:
    """The query's rows, from the first one on."""
    planned = plan(job, query)
    connection = open_(job, planned)
    try:
        batches = connection.query(planned.statement, job.hold_bytes, job.running.poll)
    except BaseException:
        connection.close()
        raise
    return Streamed(planned.compiled.columns, batches, connection, planned.statement)


def _planned(job: Job, scan: Scan, first_rows: int | None) -> ScanPlan:
    if scan.database == information_schema.DATABASE:
        return information_schema.plan(scan, job.services.catalog)
    held = job.lake.live_table(scan.database, scan.table)
    if held is not None and job.services.live is not None:
        return live.plan(scan, held, job.services.live, job.running.watch)
    table = job.lake.require(scan.database, scan.table)
    return job.services.planner.plan(scan, table, job.now, job.running.watch, first_rows=first_rows)


def _first_rows(compiled: CompiledQuery) -> int | None:
    """How many rows of its one table a query needs at most: a preview, of plain columns, without any condition."""
    if len(compiled.scans) != 1:
        return None
    match = _PREVIEW.fullmatch(compiled.sql)
    return None if match is None else int(match.group(1))


def _may_stop(job: Job, connection: Connection, planned: PlannedQuery) -> bool:
    """Whether the query may end before it has scanned everything, so that only running it shows what it scans."""
    explained = connection.execute(planned.wrapped("EXPLAIN (FORMAT json) "), job.running.poll)
    return any("LIMIT" in name for name in _operators(json.loads(explained[0][1])))


def _operators(nodes: list[dict[str, Any]]) -> list[str]:
    return [name for node in nodes for name in (str(node.get("name", "")), *_operators(node.get("children", [])))]
