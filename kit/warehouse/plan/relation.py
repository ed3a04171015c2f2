"""SQL under construction: what can stand in a FROM clause, with the predicates that belong above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kit.warehouse.plan.expression import quote


class Identified(Protocol):
    @property
    def id(self) -> str: ...


# SQL has no SELECT without columns; rows that are only counted carry this one.
NO_COLUMNS = '1 AS "none"'


@dataclass(frozen=True, slots=True)
class Relation:
    """`source` is an item of FROM, or several joined by commas; `predicates` are SQL that WHERE has to hold.

    Ids are unique, so relations can be joined, filtered and nested without aliases.
    """

    source: str
    predicates: tuple[str, ...] = ()
    is_list: bool = False

    def where(self, predicates: Iterable[str]) -> Relation:
        return Relation(self.source, (*self.predicates, *predicates), self.is_list)

    def select(self, items: Sequence[str], tail: str = "") -> str:
        """A SELECT over it; `items` are SQL, `tail` what follows WHERE."""
        where = f" WHERE {' AND '.join(f'({predicate})' for predicate in self.predicates)}" if self.predicates else ""
        listed = ", ".join(items) or NO_COLUMNS
        return f"SELECT {listed} FROM {self.source}{where}{tail}"

    def item(self) -> str:
        """It as one item of FROM, with its predicates applied."""
        if not self.predicates and not self.is_list:
            return self.source
        return f"({self.select(['*'])})"


def subquery(sql: str) -> Relation:
    return Relation(f"({sql})")


def ids(columns: Iterable[Identified]) -> list[str]:
    """The quoted ids of columns, for a select list."""
    return [quote(column.id) for column in columns]
