"""From a text to something that can run: which streams it names, what columns those have, which tables it joins.

What is decided here is kept with a continuous query, so that a run that goes on decides nothing anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from kit.analytics.decoding import Field, Layout, layout_of
from kit.analytics.options import Options
from kit.analytics.source import Source
from kit.analytics.watermark import Progress, Watermarks
from kit.base.errors import KitError, did_you_mean
from kit.sql.relations import SchemaSource
from kit.sql.streaming import Application, compile_application
from kit.streams.tables import StreamTables

if TYPE_CHECKING:
    from kit.streams import Streams


class Tables(SchemaSource, Protocol):
    """The tables to join with: the catalog's."""

    def rows(self, database: str, table: str, columns: Sequence[str]) -> pa.Table:
        """All rows of a table."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """An application, and by the name of each source the stream and its layout. `references` are a stage's each."""

    application: Application
    streams: Mapping[str, str]
    layouts: Mapping[str, Layout]
    references: tuple[Mapping[str, pa.Table], ...]

    def sources(
        self, streams: Streams, options: Options, progress: Mapping[str, Mapping[int, Progress]] | None = None
    ) -> dict[str, Source]:
        """The sources, new or as they had progressed."""
        made: dict[str, Source] = {}
        for name in self.application.sources:
            marks = Watermarks(options.lateness_ms, options.idle_ms, (progress or {}).get(name))
            stages = [stage for stage in self.application.stages if stage.source == name]
            used = sorted({column for stage in stages for column in stage.source_columns})
            made[name] = Source(streams[self.streams[name]], self.layouts[name], used, marks, options)
        return made


def prepare(
    text: str,
    streams: Streams,
    tables: Tables,
    *,
    inputs: Mapping[str, str],
    schema: Mapping[str, str] | None,
    time: str,
    database: str,
    answer: str,
    parameters: Mapping[str, Any],
    layouts: Mapping[str, Layout] | None = None,
    references: Callable[[str, str, Sequence[str]], pa.Table] | None = None,
) -> Prepared:
    """Compile the text and look up what it needs.

    `inputs` are streams by the names that the text has for them, beside their own. `schema` gives fields of the
    streams' JSON by Hive type, the others follow from a sample; `layouts` were decided earlier.
    """
    names = {name.lower(): name for name in streams}
    for alias, stream in inputs.items():
        if stream not in streams:
            hint = did_you_mean(stream, list(streams))
            raise KitError("ResourceNotFoundException", f"Stream {stream} not found.", hint)
        names[alias.lower()] = stream
    lazy = _Layouts(streams, names, schema, time, layouts or {})
    first = compile_application(text, tables, lazy, parameters, database=database, answer=answer)
    if first.times and any(lazy.known[source].time != each for source, each in first.times.items()):
        lazy.set_times(first.times)
        first = compile_application(text, tables, lazy, parameters, database=database, answer=answer)
    read = references or tables.rows
    held = tuple(
        {scan.relation: read(scan.database, scan.table, scan.columns or ()) for scan in stage.references}
        for stage in first.stages
    )
    used = {source: lazy.known[source] for source in first.sources}
    return Prepared(first, {source: names[source] for source in first.sources}, used, held)


class _Layouts(Mapping[str, Any]):
    """The streams as relations, each looked at when it is first named."""

    def __init__(
        self,
        streams: Streams,
        names: Mapping[str, str],
        schema: Mapping[str, str] | None,
        time: str,
        known: Mapping[str, Layout],
    ) -> None:
        self._tables = StreamTables(lambda: streams)
        self._names = names
        self._schema = schema
        self._time = time
        self.known: dict[str, Layout] = dict(known)

    def set_times(self, times: Mapping[str, str]) -> None:
        for source, time in times.items():
            self.known[source] = self.known[source].with_time(time)

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        if name not in self.known:
            self.known[name] = self._looked_at(name).with_time(self._time)
        return self.known[name].relation(name)

    def __iter__(self) -> Any:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def _looked_at(self, name: str) -> Layout:
        """The fields that a sample of the records shows, and before those what the caller says about them."""
        given = layout_of(self._schema or {})
        table = self._tables.find(self._names[name])
        assert table is not None, "the name is of a stream"
        known = {field.name for field in given.fields}
        sampled = (Field(each.name, each.type, each.json_key) for each in table.columns if each.json_key is not None)
        return Layout((*given.fields, *(field for field in sampled if field.name not in known)))
