"""EXPLAIN and EXPLAIN ANALYZE: which tables a statement reads, what pruning leaves of them, and how the engine runs it.

The first half is Athena's side (scans, partitions, bytes, price), the second DuckDB's operators; with ANALYZE both hold
what was measured. Differs: Athena shows the stages of its cluster, which do not exist here.

Source: Amazon Athena User Guide, Use EXPLAIN and EXPLAIN ANALYZE in Athena; read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, assert_never

from kit.athena.job import Answer, Job, Listed
from kit.athena.meter import Metered, bytes_read, cost_usd, metered
from kit.athena.planning import Pruned, ScanPlan
from kit.athena.queries import PlannedQuery, compile_, open_, plan
from kit.athena.scan.source import literal
from kit.base import display
from kit.base.domain import Between, Domain, OneOf, Scalar
from kit.base.errors import KitError
from kit.sql.athena import statements as s

HEADING = "Query Plan"
_MAX_VALUES = 5
_MAX_COLUMNS = 8
# What DuckDB tells of an operator that says how it works, in the order of interest.
_DETAILS = (
    "Join Type",
    "Conditions",
    "Groups",
    "Aggregates",
    "Expression",
    "Filters",
    "Order By",
    "Top",
    "Limit",
    "Offset",
    "Projections",
)


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of DuckDB's plan; `rows` and `ms` are None where it was not run."""

    name: str
    details: tuple[str, ...]
    estimated_rows: int | None
    rows: int | None
    ms: float | None
    inputs: tuple[Operator, ...]
    projected: tuple[str, ...] = ()


def explain(job: Job, statement: s.Explain) -> Answer:
    """A plan of one text, in one row. ANALYZE runs the query, and is billed for it."""
    query, prefix = _query_of(statement.statement)
    if statement.type == "VALIDATE":
        compile_(job, query)
        return Listed(("Valid",), [("true",)])
    if statement.format == "GRAPHVIZ":
        raise KitError("NOT_SUPPORTED", "EXPLAIN (FORMAT GRAPHVIZ) is not supported.", "FORMAT TEXT or JSON.")
    planned = plan(job, query)
    if statement.analyze:
        if prefix:
            raise KitError(
                "NOT_SUPPORTED", "EXPLAIN ANALYZE of a statement that writes is not supported.", "EXPLAIN it."
            )
        return _answer(_analyzed(job, planned, as_json=statement.format == "JSON"))
    connection = job.running.attach(job.services.engine.connect())
    try:
        rows = connection.execute(planned.wrapped("EXPLAIN (FORMAT json) "), job.running.poll)
    finally:
        connection.close()
        job.running.plan(Metered.none())
    operators = _explained(json.loads(rows[0][1]))
    if statement.format == "JSON" or statement.type == "IO":
        return _answer(json.dumps(_as_json(planned, operators), indent=2))
    tree = _tree(_labelled(operators, planned.plans), 1)
    lines = [*prefix, *_columns(planned), *_scans(planned.plans), *_estimate(planned), "", "Plan", *tree]
    return _answer("\n".join(lines))


def _answer(text: str) -> Answer:
    return Listed((HEADING,), [(text,)])


def _query_of(statement: s.Statement) -> tuple[s.Query, list[str]]:
    match statement:
        case s.Query():
            return statement, []
        case s.CreateTableAs():
            return statement.query, [f"CREATE TABLE {statement.table.name} AS", ""]
        case s.InsertInto():
            return statement.query, [f"INSERT INTO {statement.table.name}", ""]
        case s.Unload():
            return statement.query, [f"UNLOAD TO {statement.target}", ""]
        case _:
            raise KitError("NOT_SUPPORTED", "EXPLAIN is for queries and what writes their rows.", "EXPLAIN SELECT ...")


def _analyzed(job: Job, planned: PlannedQuery, *, as_json: bool) -> str:
    connection = open_(job, planned)
    try:
        connection.measure_operators()
        rows = sum(batch.num_rows for batch in connection.query(planned.statement, 0, job.running.poll))
        profile = connection.profile(planned.statement)
    finally:
        connection.close()
    operators = _measured(profile.get("operator", []))
    if as_json:
        return json.dumps(_as_json(planned, operators), indent=2)
    scanned = job.running.scanned()
    read = bytes_read(profile, job.running.watch.bytes_read)
    query = profile.get("query", {})
    system = profile.get("system", {})
    totals = [
        f"{display.count(rows, 'row')}",
        f"scanned {display.size(scanned)}",
        *([] if read is None else [f"read {display.size(read)}"]),
        display.dollars(cost_usd(scanned)),
    ]
    measured = [
        f"{display.duration(query.get('total_time', 0.0) * 1000)} elapsed",
        f"{display.duration(query.get('cpu_time', 0.0) * 1000)} in operators",
        f"peak memory {display.size(system.get('peak_buffer_memory', 0))}",
        f"spilled {display.size(system.get('peak_temp_dir_size', 0))}",
    ]
    lines = [*_columns(planned), *_scans(planned.plans), f"Measured: {' · '.join(totals)}"]
    if profile:
        tree = _tree(_labelled(operators, planned.plans), 1)
        lines += [f"          {' · '.join(measured)}", "", "Plan", *tree]
    else:
        lines.append("          answered from metadata alone")
    return "\n".join(lines)


def _columns(planned: PlannedQuery) -> list[str]:
    return [f"Output: {', '.join(f'{column.name} {column.type}' for column in planned.compiled.columns)}", ""]


def _estimate(planned: PlannedQuery) -> list[str]:
    total = metered(planned.plans).upper_bound
    return [f"Estimated: {display.size(total)} scanned · {display.dollars(cost_usd(total))}"] if planned.plans else []


def _scans(plans: Sequence[ScanPlan]) -> list[str]:
    lines: list[str] = []
    for each in plans:
        lines.append(f"Scan {each.scan.database}.{each.scan.table} ({each.format}) {each.location}")
        lines.append(f"  columns: {_some(each.scan.columns, _MAX_COLUMNS) or 'none'}")
        lines += [f"  where:   {name} {_domain(domain)}" for name, domain in each.scan.domains.items()]
        pruned = [
            f"{noun} {part.read:,} of {part.total:,}"
            for noun, part in (("partitions", each.partitions), ("files", each.files), ("row groups", each.row_groups))
            if part.total is not None
        ]
        bound = "at most " if each.measured_bytes else ""
        size_bytes = each.bytes_planned + each.measured_bytes
        lines.append(f"  reads:   {' · '.join([*pruned, f'{bound}{display.size(size_bytes)}'])}")
    return [*lines, ""] if lines else []


def _domain(domain: Domain) -> str:
    match domain:
        case OneOf(values):
            return f"in ({_some(list(map(_literal, values)), _MAX_VALUES)})"
        case Between(low, high, low_open, high_open):
            parts = [] if low is None else [f"{'>' if low_open else '>='} {_literal(low)}"]
            parts += [] if high is None else [f"{'<' if high_open else '<='} {_literal(high)}"]
            return " and ".join(parts) or "is not null"
        case _:
            assert_never(domain)


def _literal(value: Scalar) -> str:
    """The value as SQL has it."""
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return f"TIMESTAMP '{value.isoformat(' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return literal(value)
        case bytes():
            return f"X'{value.hex().upper()}'"
        case _:
            return str(value)


def _some(parts: Sequence[str], limit: int) -> str:
    shown = ", ".join(parts[:limit])
    return shown if len(parts) <= limit else f"{shown}, … {len(parts) - limit} more"


def _explained(nodes: Sequence[Mapping[str, Any]]) -> list[Operator]:
    return [_operator(node, node.get("name", ""), None, None, _explained(node.get("children", []))) for node in nodes]


def _measured(nodes: Sequence[Mapping[str, Any]]) -> list[Operator]:
    found: list[Operator] = []
    for node in nodes:
        inputs = _measured(node.get("children", []))
        if node.get("type") == "RESULT_COLLECTOR":
            found += inputs
            continue
        name = node.get("extra_info", {}).get("Function") or node.get("type", "")
        rows, ms = int(node.get("intermediate_rows", 0)), float(node.get("timing", 0.0)) * 1000
        found.append(_operator(node, name, rows, ms, inputs))
    return found


def _operator(
    node: Mapping[str, Any], name: str, rows: int | None, ms: float | None, inputs: Sequence[Operator]
) -> Operator:
    info: Mapping[str, Any] = node.get("extra_info", {})
    details = tuple(
        f"{label}: {value if isinstance(value, str) else _some(value, _MAX_COLUMNS)}"
        for label in _DETAILS
        if (value := info.get(label))
    )
    estimated = str(info.get("Estimated Cardinality", ""))
    projected = info.get("Projections", ())
    return Operator(
        name.strip(),
        details,
        int(estimated) if estimated.isdigit() else None,
        rows,
        ms,
        tuple(inputs),
        (projected,) if isinstance(projected, str) else tuple(projected),
    )


def _labelled(operators: Sequence[Operator], plans: Sequence[ScanPlan]) -> list[Operator]:
    """The same, with the table's name at each scan whose columns are those of one table alone."""
    labelled: list[Operator] = []
    for operator in operators:
        name = operator.name
        if not operator.inputs and operator.projected:
            found = {each.scan.table for each in plans if set(operator.projected) <= set(each.scan.columns)}
            name = f"{name} {found.pop()}" if len(found) == 1 else name
        labelled.append(replace(operator, name=name, inputs=tuple(_labelled(operator.inputs, plans))))
    return labelled


def _tree(operators: Sequence[Operator], depth: int) -> Iterator[str]:
    for operator in operators:
        figures = [] if operator.estimated_rows is None else [f"estimated {operator.estimated_rows:,}"]
        if operator.rows is not None and operator.ms is not None:
            figures = [display.count(operator.rows, "row"), *figures, display.duration(operator.ms)]
        shown = f" [{', '.join(figures)}]" if figures else ""
        yield f"{'  ' * depth}{operator.name}{shown}"
        yield from (f"{'  ' * depth}    {detail}" for detail in operator.details)
        yield from _tree(operator.inputs, depth + 1)


def _as_json(planned: PlannedQuery, operators: Sequence[Operator]) -> dict[str, Any]:
    return {
        "columns": [{"name": column.name, "type": column.type} for column in planned.compiled.columns],
        "scans": [
            {
                "table": f"{each.scan.database}.{each.scan.table}",
                "format": each.format,
                "location": each.location,
                "columns": list(each.scan.columns),
                "where": {name: _domain(domain) for name, domain in each.scan.domains.items()},
                "partitions": _pruned(each.partitions),
                "files": _pruned(each.files),
                "rowGroups": _pruned(each.row_groups),
                "bytes": each.bytes_planned + each.measured_bytes,
            }
            for each in planned.plans
        ],
        "plan": [_operator_json(operator) for operator in operators],
    }


def _pruned(part: Pruned) -> dict[str, int | None]:
    return {"total": part.total, "read": part.read}


def _operator_json(operator: Operator) -> dict[str, Any]:
    measured = {} if operator.rows is None else {"rows": operator.rows, "ms": operator.ms}
    return {
        "name": operator.name,
        "details": list(operator.details),
        "estimatedRows": operator.estimated_rows,
        **measured,
        "inputs": [_operator_json(each) for each in operator.inputs],
    }
