"""From one SELECT to its stages: the stream that it reads, its window, its SQL.

The rest of a SELECT, once `reading` has taken out what is streaming about it, is translated by Athena's binder over a
relation that has the stream's columns and the windows'. Here it is decided which relation that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlglot import exp

from kit.base.errors import KitError, did_you_mean
from kit.sql.athena.compile import compile_query
from kit.sql.athena.dialect import query_tree
from kit.sql.athena.types import duckdb_type, from_hive, quote
from kit.sql.place import error_at, line_column, start_of
from kit.sql.relations import CompiledQuery, OutputColumn, Relation, RelationColumn, Scan, SchemaSource
from kit.sql.streaming.cursors import TopItems, forest, hive_name, top_items
from kit.sql.streaming.locality import WINDOW_COLUMNS, Locality
from kit.sql.streaming.plan import (
    FROM,
    HIDDEN,
    KEY,
    MARK,
    ROWTIME,
    SCORE,
    STREAMS,
    Declared,
    Plain,
    Shape,
    Stage,
)
from kit.sql.streaming.reading import UNITS_MS, CursorFunction, Selection, blanked, read_selection
from kit.sql.streaming.rewriting import check_plain, framed, group_by_window, keys_tree, mark, marks_of, with_floors
from kit.sql.streaming.script import Insert, Script
from kit.sql.streaming.windows import Cumulate, Forest, Hop, Sliding, Stagger, Tumble

_SOURCE: Final = "source"


class Compiler:
    """Compiles the SELECTs of one script; `times` are the event times that they name, by source."""

    def __init__(
        self,
        text: str,
        schema: SchemaSource,
        inputs: Mapping[str, Relation],
        parameters: Mapping[str, Any],
        database: str,
        script: Script,
    ) -> None:
        self._text = text
        self._schema = schema
        self._inputs = inputs
        self._parameters = parameters
        self._database = database.lower()
        self._declared = {stream.name: stream for stream in script.declared}
        self._fed = {insert.target for insert in script.inserts}
        self._derived: dict[str, tuple[RelationColumn, ...]] = {}
        self.times: dict[str, str] = {}

    def stages(self, insert: Insert) -> list[Stage]:
        """The stages of a SELECT: those that its cursors need, and its own."""
        selection = read_selection(self._text, insert.start, insert.end)
        needed = [stage for cursor in selection.cursors for stage in self._of_cursor(cursor)]
        return [*needed, self._stage(insert, selection)]

    def _of_cursor(self, cursor: CursorFunction) -> list[Stage]:
        """The stages of a function over a SELECT of its own, which feed streams that have no name in the text."""
        rows = f"{cursor.relation}$rows"
        inner = self.stages(Insert(rows, (), cursor.begin, cursor.end))
        self._derive(rows, inner[-1].columns)
        columns = {column.name: column.type for column in self.relation_of(rows).columns if not column.hidden}
        try:
            if cursor.name == "RANDOM_CUT_FOREST":
                return [*inner, self._forest(cursor.relation, rows, forest(cursor.arguments, columns))]
            return [*inner, self._top_items(cursor.relation, rows, top_items(cursor.arguments, columns))]
        except KitError as error:
            raise error.at(self._text, *line_column(self._text, cursor.start)) from None

    def _derive(self, name: str, columns: Sequence[OutputColumn]) -> None:
        self._derived[name] = tuple(RelationColumn(each.name.lower(), hive_name(each.type)) for each in columns)

    def _forest(self, name: str, rows: str, shape: Forest) -> Stage:
        shown = [column for column in self.relation_of(rows).columns if not column.hidden]
        outputs = tuple(OutputColumn(column.name, str(from_hive(column.type))) for column in shown)
        outputs += (OutputColumn(SCORE, "double"),)
        self._derive(name, outputs)
        needed = sorted({*(column.name for column in shown), ROWTIME})
        prepare = f"SELECT {', '.join(map(quote, needed))} FROM {_SOURCE}"
        kinds = self._kinds(rows, needed)
        return Stage(rows, name, shape, prepare, _SOURCE, kinds, "", "", 0, outputs, (MARK,), ())

    def _top_items(self, name: str, rows: str, top: TopItems) -> Stage:
        text = top.sql(rows)
        compiler = Compiler(text, self._schema, self._inputs, self._parameters, self._database, Script((), ()))
        compiler._derived = self._derived
        (stage,) = compiler.stages(Insert(name, (), 0, len(text)))
        self._derive(name, stage.columns)
        return stage

    def _stage(self, insert: Insert, selection: Selection) -> Stage:
        keys = keys_tree(self._text, selection)
        tree = with_floors(query_tree(self._without_keys(selection)), selection)
        source = self._source(tree, selection)
        shape, key_names = self._shape(tree, selection, source)
        names = frozenset({table.relation for table in selection.tables} or {source})
        match shape:
            case Plain():
                check_plain(self._text, tree)
            case Stagger():
                group_by_window(tree, keys)
            case _ if selection.steps:
                group_by_window(tree, [])
            case _:
                pass
        Locality(self._text, names, of_time=isinstance(shape, Sliding)).check(tree)
        target = self._target(insert)
        marks = marks_of(shape, feeds=bool(insert.target))
        if marks:
            mark(self._text, tree, marks)
        relations = _Relations(self, source, selection, shape)
        compiled = self._compiled(tree, relations, f"{insert.start} {shape}")
        scans = [scan for scan in compiled.scans if scan.database == STREAMS]
        assert scans, "the source was found in the tree"
        compiled = _one_scan(compiled, scans)
        columns = tuple(
            sorted({name for scan in scans for name in scan.columns if name not in WINDOW_COLUMNS} | {ROWTIME})
        )
        prepare, needed = self._prepare(tree, source, shape, key_names, keys, columns)
        outputs, sql = _fitted(compiled, target, insert, tuple(marks), self._text)
        references = tuple(scan for scan in compiled.scans if scan.database != STREAMS)
        return Stage(
            source,
            insert.target,
            shape,
            prepare,
            _SOURCE,
            self._kinds(source, needed),
            sql,
            scans[0].relation,
            len(key_names) + len(keys),
            outputs,
            tuple(marks),
            references,
            compiled.parameters,
        )

    # What a SELECT reads

    def _source(self, tree: exp.Expr, selection: Selection) -> str:
        """The one stream that the SELECT reads, by the application's name for it."""
        sources = {table.source.lower(): table.start for table in selection.tables}
        names = {table.relation for table in selection.tables}
        ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        for table in tree.find_all(exp.Table):
            name = table.name.lower()
            if name not in names and (table.db or name not in ctes) and self._is_stream(table):
                sources.setdefault(name, start_of(table) or selection.start)
        for name, start in sources.items():
            if not self._is_known(name):
                known = [*self._declared, *self._inputs]
                hint = did_you_mean(name, known) or f"Streams: {', '.join(known) or 'none'}."
                raise error_at("TABLE_NOT_FOUND", f"Stream '{name}' does not exist", self._text, start, hint)
        if len(sources) > 1:
            start = list(sources.values())[1]
            raise error_at(
                "NOT_SUPPORTED",
                "A SELECT from two streams is not supported",
                self._text,
                start,
                "Join a table of the catalog.",
            )
        if not sources:
            raise error_at("NOT_SUPPORTED", "A SELECT from no stream is not supported", self._text, selection.start)
        return next(iter(sources))

    def _is_stream(self, table: exp.Table) -> bool:
        name, database = table.name.lower(), table.db.lower()
        if database:
            return database == STREAMS
        return self._is_known(name)

    def _is_known(self, name: str) -> bool:
        return name in self._declared or name in self._inputs or name in self._derived

    def _shape(self, tree: exp.Expr, selection: Selection, source: str) -> tuple[Shape, tuple[str, ...]]:
        """The window of the SELECT, and the columns that are its keys."""
        kinds = len({table.window for table in selection.tables}) + bool(selection.steps) + bool(selection.stagger)
        if kinds > 1 or len({step for _, step in selection.steps}) > 1:
            raise error_at("NOT_SUPPORTED", "Two windows in a SELECT are not supported", self._text, selection.start)
        if selection.tables:
            first = selection.tables[0]
            for table in selection.tables:
                if (table.time.lower(), table.keys) != (first.time.lower(), first.keys):
                    raise error_at("NOT_SUPPORTED", "Two times in a SELECT are not supported", self._text, table.start)
            self._set_time(source, first.time.lower(), first.start)
            return first.window, tuple(key.lower() for key in first.keys)
        if selection.steps:
            return selection.steps[0][1], ()
        if selection.stagger is not None:
            return selection.stagger.window, ()
        overs = list(tree.find_all(exp.Window))
        if overs:
            return Sliding(max(self._range_ms(over, source) for over in framed(overs))), ()
        return Plain(), ()

    def _set_time(self, source: str, time: str, start: int) -> None:
        if source not in self._inputs:
            if time != ROWTIME:
                raise error_at(
                    "NOT_SUPPORTED",
                    f"{time} as the time of the application's stream {source} is not supported",
                    self._text,
                    start,
                    "DESCRIPTOR(ROWTIME): rows keep the time of the rows or the windows that they came from.",
                )
            return
        relation = self._inputs[source]
        if time not in {column.name for column in relation.columns}:
            hint = did_you_mean(time, [column.name for column in relation.columns])
            raise error_at("COLUMN_NOT_FOUND", f"Column '{time}' cannot be resolved", self._text, start, hint)
        if self.times.setdefault(source, time) != time:
            raise error_at("NOT_SUPPORTED", f"Two event times of {source} are not supported", self._text, start)

    def _range_ms(self, over: exp.Window, source: str) -> int:
        """How far back OVER looks; its order is set where the text has none."""
        spec = over.args.get("spec")
        hint = "OVER (PARTITION BY k RANGE INTERVAL '1' HOUR PRECEDING)"
        order = over.args.get("order")
        place = start_of(over) or 0
        if spec is None or (spec.args.get("kind") or "").upper() != "RANGE":
            raise error_at("NOT_SUPPORTED", "OVER without a RANGE of time is not supported", self._text, place, hint)
        start, end = spec.args.get("start"), spec.args.get("end")
        ends_here = end is None or (isinstance(end, str) and end.upper() == "CURRENT ROW")
        if (
            not isinstance(start, exp.Interval)
            or (spec.args.get("start_side") or "").upper() != "PRECEDING"
            or not ends_here
        ):
            raise error_at(
                "NOT_SUPPORTED", "A RANGE other than INTERVAL … PRECEDING is not supported", self._text, place, hint
            )
        unit = start.args["unit"].name.upper()
        if unit not in UNITS_MS:
            raise error_at("NOT_SUPPORTED", f"A range in {unit} is not supported", self._text, place, hint)
        if order is None:
            column = exp.column(ROWTIME)
            over.set("order", exp.Order(expressions=[exp.Ordered(this=column, nulls_first=False)]))
        else:
            key = order.expressions[0]
            if len(order.expressions) > 1 or key.args.get("desc") or not isinstance(key.this, exp.Column):
                raise error_at(
                    "NOT_SUPPORTED", "OVER in another order than of time is not supported", self._text, place, hint
                )
            self._set_time(source, key.this.name.lower(), place)
            key.this.replace(exp.column(ROWTIME))
        return round(float(start.this.name) * UNITS_MS[unit])

    # Changes of the tree

    def _without_keys(self, selection: Selection) -> str:
        stagger = selection.stagger
        return selection.text if stagger is None else blanked(selection.text, stagger.begin, stagger.end)

    # SQL

    def _compiled(self, tree: exp.Expr, relations: SchemaSource, stage: str) -> CompiledQuery:
        # The binder remembers queries by their text, and one text has several stages, with trees changed here.
        marked = f"{self._text}\n-- {stage}"
        try:
            return compile_query(tree, marked, relations, self._database, self._parameters)
        except KitError as error:
            if error.statement == marked:
                error.statement = self._text
            raise

    def _target(self, insert: Insert) -> Declared | None:
        if not insert.target or "$" in insert.target:
            return None
        declared = self._declared.get(insert.target)
        if declared is None:
            raise error_at(
                "TABLE_NOT_FOUND",
                f"Stream '{insert.target}' does not exist",
                self._text,
                insert.start,
                did_you_mean(insert.target, self._declared) or f'CREATE OR REPLACE STREAM "{insert.target}" (…)',
            )
        return declared

    def relation_of(self, source: str) -> Relation:
        if source in self._derived:
            return Relation(STREAMS, source, self._derived[source] + HIDDEN)
        declared = self._declared.get(source)
        if declared is None:
            return self._inputs[source]
        columns = tuple(RelationColumn(name, kind) for name, kind in declared.columns)
        return Relation(STREAMS, source, columns + HIDDEN)

    def _kinds(self, source: str, names: Sequence[str]) -> dict[str, str]:
        kinds = {column.name: column.type for column in self.relation_of(source).columns}
        return {name: duckdb_type(from_hive(kinds[name])) for name in names}

    def external(self, database: str, name: str) -> Relation | None:
        return self._schema.relation(database, name)

    @property
    def schema(self) -> SchemaSource:
        return self._schema

    @property
    def database(self) -> str:
        return self._database

    def _prepare(
        self,
        tree: exp.Expr,
        source: str,
        shape: Shape,
        key_names: Sequence[str],
        keys: Sequence[exp.Expr],
        columns: tuple[str, ...],
    ) -> tuple[str, tuple[str, ...]]:
        """SQL that gives the columns and keys from the source, and which columns of the source it reads."""
        if isinstance(shape, Stagger):
            return self._prepare_stagger(tree, source, keys, columns)
        relation = self.relation_of(source)
        known = {column.name for column in relation.columns}
        for key in key_names:
            if key not in known:
                hint = did_you_mean(key, known)
                raise KitError("COLUMN_NOT_FOUND", f"Column '{key}' cannot be resolved", hint, statement=self._text)
        shown = [quote(column) for column in columns]
        shown += [f"{quote(key)} AS {quote(f'{KEY}{place}')}" for place, key in enumerate(key_names)]
        if isinstance(shape, (Tumble, Hop, Cumulate)):
            shown.append(quote(FROM))
        needed = tuple(sorted({*columns, *key_names}))
        return f"SELECT {', '.join(shown)} FROM {_SOURCE}", needed

    def _prepare_stagger(
        self, tree: exp.Expr, source: str, keys: Sequence[exp.Expr], columns: tuple[str, ...]
    ) -> tuple[str, tuple[str, ...]]:
        """The rows that WHERE lets pass, for they decide where windows begin."""
        assert isinstance(tree, exp.Select)
        table = tree.args["from_"].this
        if tree.args.get("joins") or not isinstance(table, exp.Table):
            raise error_at(
                "NOT_SUPPORTED", "STAGGER over a join or a subquery is not supported", self._text, start_of(table) or 0
            )
        shown: list[exp.Expr] = [exp.Column(this=exp.to_identifier(column, quoted=True)) for column in columns]
        shown += [exp.alias_(key.copy(), f"{KEY}{place}", quoted=True) for place, key in enumerate(keys)]
        query = exp.Select(expressions=shown, from_=tree.args["from_"].copy())
        if tree.args.get("where") is not None:
            query.set("where", tree.args["where"].copy())
        relations = _Relations(self, source, Selection(self._text, 0), Plain())
        compiled = self._compiled(query, relations, f"keys {start_of(table)}")
        if len(compiled.scans) != 1:
            raise error_at(
                "NOT_SUPPORTED", "STAGGER with a subquery is not supported", self._text, start_of(table) or 0
            )
        (scan,) = compiled.scans
        return f"WITH {quote(scan.relation)} AS (SELECT * FROM {_SOURCE}) {compiled.sql}", scan.columns


@dataclass(frozen=True, slots=True)
class _Relations:
    """The catalog, and before it the stream of one SELECT with its windows' columns."""

    compiler: Compiler
    source: str
    selection: Selection
    shape: Shape

    def relation(self, database: str, name: str) -> Relation | None:
        windows = {table.relation for table in self.selection.tables}
        if name in windows:
            return self._with_windows(name, hidden=False)
        if name == self.source and database in (STREAMS, self.compiler.database):
            return self._with_windows(name, hidden=True)
        return self.compiler.external(database, name)

    def databases(self) -> Sequence[str]:
        return [*self.compiler.schema.databases(), STREAMS]

    def relations(self, database: str) -> Sequence[str]:
        return [self.source] if database == STREAMS else self.compiler.schema.relations(database)

    def _with_windows(self, name: str, *, hidden: bool) -> Relation:
        relation = self.compiler.relation_of(self.source)
        columns = relation.columns
        if not isinstance(self.shape, (Plain, Sliding)):
            taken = {column.name for column in columns}
            columns += tuple(
                RelationColumn(each, "timestamp", hidden=hidden) for each in WINDOW_COLUMNS if each not in taken
            )
        return Relation(STREAMS, name, columns)


def _one_scan(compiled: CompiledQuery, scans: Sequence[Scan]) -> CompiledQuery:
    """A query that names the stream twice reads the same rows twice."""
    first, *others = scans
    if not others:
        return compiled
    again = ", ".join(f"{quote(scan.relation)} AS (SELECT * FROM {quote(first.relation)})" for scan in others)
    sql = compiled.sql
    for word in ("WITH RECURSIVE ", "WITH "):
        if sql.startswith(word):
            return replace(compiled, sql=f"{word}{again}, {sql[len(word) :]}")
    return replace(compiled, sql=f"WITH {again} {sql}")


def _fitted(
    compiled: CompiledQuery, target: Declared | None, insert: Insert, marks: tuple[str, ...], text: str
) -> tuple[tuple[OutputColumn, ...], str]:
    """The answer in the types of the stream that it feeds."""
    columns = compiled.columns[: len(compiled.columns) - len(marks)]
    if target is None:
        return columns, compiled.sql
    kinds = dict(target.columns)
    names = insert.columns or tuple(kinds)
    for name in names:
        if name not in kinds:
            raise error_at(
                "COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved", text, insert.start, did_you_mean(name, kinds)
            )
    if len(names) != len(columns):
        message = f"Stream '{target.name}' takes {len(names)} columns, and the SELECT gives {len(columns)}"
        raise error_at("TYPE_MISMATCH", message, text, insert.start)
    numbered = [f"c{place}" for place in range(len(columns))]
    given = dict(zip(names, numbered, strict=True))
    shown = [
        f"CAST({given.get(name, 'NULL')} AS {duckdb_type(from_hive(kind))}) AS {quote(name)}"
        for name, kind in target.columns
    ]
    marked = [quote(mark) for mark in marks]
    sql = f"SELECT {', '.join([*shown, *marked])} FROM ({compiled.sql}) AS t({', '.join([*numbered, *marked])})"
    return tuple(OutputColumn(name, str(from_hive(kind))) for name, kind in target.columns), sql
