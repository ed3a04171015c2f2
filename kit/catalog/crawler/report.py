"""What a crawl found and did, as values that display well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from kit.base import display
from kit.catalog.crawler.grouping import Ignored

Action = Literal["created", "updated", "unchanged"]
SHOWN_IGNORED = 10


@dataclass(frozen=True, slots=True)
class TableReport:
    """One table. `changes` say in words what became different, `notes` what is worth knowing of how it was read."""

    action: Action
    database: str
    name: str
    location: str
    classification: str
    columns: int
    objects: int
    size_bytes: int
    partitions_added: int
    partitions: int
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Departed:
    """A table of the crawler's own whose data are gone, and what became of it."""

    name: str
    location: str
    action: Literal["kept", "deleted", "deprecated"]


@dataclass(frozen=True, slots=True)
class CrawlReport:
    """A crawl of `uri`:

    its tables in the order of their folders, and each object that belongs to none, with the reason.
    """

    uri: str
    database: str
    tables: tuple[TableReport, ...]
    ignored: tuple[Ignored, ...]
    objects: int
    size_bytes: int
    ms: float
    departed: tuple[Departed, ...] = ()

    @property
    def created(self) -> tuple[str, ...]:
        return self._names("created")

    @property
    def updated(self) -> tuple[str, ...]:
        return self._names("updated")

    @property
    def unchanged(self) -> tuple[str, ...]:
        return self._names("unchanged")

    @property
    def is_unchanged(self) -> bool:
        """Whether the catalog already had all of it."""
        return len(self.unchanged) == len(self.tables) and all(each.action == "kept" for each in self.departed)

    def _names(self, action: Action) -> tuple[str, ...]:
        return tuple(table.name for table in self.tables if table.action == action)

    def summary(self) -> str:
        """One line: how much was looked at, and for how long."""
        return " · ".join(
            [
                f"{self.uri} into {self.database}",
                display.count(self.objects, "object"),
                display.size(self.size_bytes),
                display.duration(self.ms),
            ]
        )

    def __repr__(self) -> str:
        if not self.tables and not self.ignored and not self.departed:
            return f"nothing found under {self.uri}"
        rows = [_cells(table) for table in self.tables]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(len(_HEADINGS))]
        lines: list[str] = []
        for table, row in zip(self.tables, rows, strict=True):
            lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
            lines += [f"    {text}" for text in (*table.changes, *table.notes)]
        lines += [_departed(each) for each in self.departed]
        return "\n".join([*lines, *(f"ignored  {line}" for line in self._ignored_lines()), self.summary()])

    def _repr_html_(self) -> str:
        if not self.tables and not self.ignored and not self.departed:
            return f'<div class="boathouse">nothing found under {escape(self.uri)}</div>'
        head = "".join(f'<th scope="col" style="text-align:left">{heading}</th>' for heading in _HEADINGS)
        body = "".join(
            "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in row) + "</tr>"
            for row in (_cells(table, with_remarks=True) for table in self.tables)
        )
        departed = "".join(f"<div>{escape(_departed(each))}</div>" for each in self.departed)
        ignored = "".join(f"<li>{escape(line)}</li>" for line in self._ignored_lines())
        listed = f"<details><summary>{len(self.ignored):,} ignored</summary><ul>{ignored}</ul></details>"
        return (
            f'<div class="boathouse"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
            f"{departed}{listed if self.ignored else ''}<small>{escape(self.summary())}</small></div>"
        )

    def _ignored_lines(self) -> list[str]:
        if len(self.ignored) <= SHOWN_IGNORED:
            return [f"{each.uri}: {each.reason}" for each in self.ignored]
        reasons = Counter(each.reason for each in self.ignored)
        return [f"{display.count(number, 'object')}: {reason}" for reason, number in reasons.most_common(SHOWN_IGNORED)]


def merged(uris: Sequence[str], database: str, reports: Sequence[CrawlReport], ms: float) -> CrawlReport:
    """One report of crawls of several folders into one database; `ms` is how long all of it took."""
    return CrawlReport(
        ", ".join(uris),
        database,
        tuple(table for report in reports for table in report.tables),
        tuple(each for report in reports for each in report.ignored),
        objects=sum(report.objects for report in reports),
        size_bytes=sum(report.size_bytes for report in reports),
        ms=ms,
        departed=tuple(each for report in reports for each in report.departed),
    )


_HEADINGS = ("", "table", "format", "columns", "objects", "size", "partitions")


def _departed(table: Departed) -> str:
    return f"{table.action}  {table.name}: no data at {table.location} any more"


def _cells(table: TableReport, *, with_remarks: bool = False) -> tuple[str, ...]:
    partitions = display.count(table.partitions, "partition") if table.partitions else ""
    if table.partitions_added and table.action != "created":
        partitions += f", {table.partitions_added:,} new"
    remarks = "; ".join((*table.changes, *table.notes)) if with_remarks else ""
    return (
        table.action,
        table.name + (f" ({remarks})" if remarks else ""),
        table.classification,
        display.count(table.columns, "column"),
        display.count(table.objects, "object"),
        display.size(table.size_bytes),
        partitions,
    )
