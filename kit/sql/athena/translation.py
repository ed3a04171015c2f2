"""One run of the translation: what all its parts share, and the errors they raise.

Holds the statement's text (errors point into it), the catalog, the parameters, the scans and the names given out so
far. The parts that translate expressions and queries are functions over it; they reach each other through
`expression` and `query`, so that no module has to import the one that imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlglot import exp

from kit.base.domain import Domain, intersect
from kit.base.errors import KitError, did_you_mean
from kit.sql.athena.expression import Expr, Origin
from kit.sql.athena.plan import Plan, ScanSource, Source, Uses, WithQuery
from kit.sql.athena.scope import Field, Scope
from kit.sql.athena.types import from_hive
from kit.sql.place import error_at, start_of
from kit.sql.relations import Relation, Scan, SchemaSource

CATALOG: Final = "awsdatacatalog"


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a query stands: which database its bare names belong to, which WITH queries it sees, inside which views.

    `place` is where the statement names the outermost of those views; None outside of any.
    """

    text: str
    database: str
    withs: Mapping[str, WithQuery] = field(default_factory=dict)
    views: tuple[str, ...] = ()
    place: tuple[int, int] | None = None


Expression = Callable[["Translation", exp.Expr, Scope], Expr]
Query = Callable[["Translation", exp.Expr, Environment, Scope | None], Plan]


class Translation:
    """The state of one translation; made for one statement and thrown away with it."""

    def __init__(
        self,
        environment: Environment,
        schema: SchemaSource,
        parameters: Mapping[str, Any],
        positional: Sequence[Any],
        placeholders: int,
        expression: Expression,
        query: Query,
        now: datetime | None = None,
    ) -> None:
        self.environment = environment
        self.schema = schema
        self.parameters = parameters
        self.positional = positional
        self.placeholders = placeholders
        self.bound: dict[str, Any] = {}
        self.looked_up: dict[tuple[str, str], Relation | None] = {}
        self.depends_on_now = False
        self._now = now
        self._expression = expression
        self._query = query
        self._sources: list[Source] = []
        self._scans: list[tuple[ScanSource, Relation, int, int]] = []
        self._restrictions: list[tuple[Origin, Domain]] = []
        self._aliases: dict[str, int] = {}
        self._uses: list[tuple[int, int]] = []

    # Translation of parts

    def expression(self, node: exp.Expr, scope: Scope) -> Expr:
        return self._expression(self, node, scope)

    def query(self, node: exp.Expr, scope: Scope | None, environment: Environment | None = None) -> Plan:
        """Translate a query, within `environment` where it is not the present one."""
        before = self.environment
        if environment is not None:
            self.environment = environment
        try:
            return self._query(self, node, self.environment, scope)
        finally:
            self.environment = before

    # Names

    def alias(self, wish: str) -> str:
        """A name for a relation, like `wish` and unique in the statement."""
        count = self._aliases.get(wish, 0)
        self._aliases[wish] = count + 1
        return wish if count == 0 else self.alias(f"{wish}_{count}")

    # Use of columns

    def add(self, source: Source) -> int:
        """Register a source; its number is what `uses` refer to."""
        self._sources.append(source)
        return len(self._sources) - 1

    def note(self, uses: Uses) -> None:
        """Say that what is being translated right now names these fields."""
        self._uses.extend(uses)

    @contextmanager
    def collected(self) -> Iterator[list[tuple[int, int]]]:
        """Collect the fields that are named meanwhile."""
        before = self._uses
        self._uses = []
        try:
            yield self._uses
        finally:
            self._uses = before

    def use(self, uses: Sequence[tuple[int, int]]) -> None:
        """Require fields: their sources must offer them."""
        for number, index in uses:
            self._sources[number].require(index)

    # Tables

    def relation(self, database: str, name: str) -> Relation | None:
        key = (database, name)
        if key not in self.looked_up:
            self.looked_up[key] = self.schema.relation(database, name)
        return self.looked_up[key]

    def scan(self, relation: Relation, alias: str, start: int) -> ScanSource:
        """A source that reads a table of the catalog."""
        number = len(self._scans)
        fields = tuple(
            Field(
                name=column.name.lower(),
                type=from_hive(column.type),
                column=column.name,
                label=column.name,
                hidden=column.hidden,
                origins=(Origin(number, column.name),),
            )
            for column in relation.columns
        )
        source = ScanSource(f"scan_{number}", self.alias(alias), fields)
        self._scans.append((source, relation, *(self.environment.place or self.place(start))))
        return source

    def restrict(self, restrictions: Mapping[Origin, Domain]) -> None:
        """Say that rows outside these domains cannot reach the answer."""
        self._restrictions.extend(restrictions.items())

    def scans(self) -> tuple[Scan, ...]:
        """The scans of what was rendered, with the columns in use and what restricts them."""
        domains: dict[int, dict[str, Domain]] = {}
        for origin, domain in self._restrictions:
            if any(gate.references > 1 for gate in origin.gates):
                continue
            of_scan = domains.setdefault(origin.scan, {})
            known = of_scan.get(origin.column)
            of_scan[origin.column] = domain if known is None else intersect(known, domain)
        return tuple(
            Scan(
                relation=source.relation,
                database=relation.database,
                table=relation.name,
                columns=tuple(source.fields[index].column for index in sorted(source.used)),
                domains=domains.get(number, {}),
                line=line,
                column=column,
            )
            for number, (source, relation, line, column) in enumerate(self._scans)
            if source.rendered
        )

    # Values

    def now(self) -> datetime | None:
        """The statement's time, if the caller gave one; what is translated from here on depends on it."""
        self.depends_on_now = True
        return self._now

    def bind(self, name: str, value: Any) -> str:
        """A parameter of the DuckDB statement, by its SQL. DuckDB takes plain names only."""
        if not name.isascii():
            name = "_u" + name.encode().hex()
        self.bound[name] = value
        return f"${name}"

    # Errors

    def place(self, start: int) -> tuple[int, int]:
        error = error_at("", "", self.environment.text, start)
        return error.line or 1, error.column or 1

    def error(self, code: str, message: str, at: exp.Expr | int | None, hint: str = "") -> KitError:
        """An error at a node or an offset of the statement."""
        start = start_of(at) if isinstance(at, exp.Expr) else at
        return error_at(code, message, self.environment.text, start or 0, hint)

    def mismatch(self, message: str, at: exp.Expr | int | None, hint: str = "") -> KitError:
        return self.error("TYPE_MISMATCH", message, at, hint)

    def unsupported(self, what: str, at: exp.Expr | int | None, hint: str = "") -> KitError:
        return self.error("NOT_SUPPORTED", f"{what} is not supported", at, hint)

    def only(self, node: exp.Expr, *known: str) -> None:
        """Refuse a node that carries anything besides what its translation looks at: nothing is dropped in silence."""
        for key, value in node.args.items():
            if value and key not in known:
                at = value if isinstance(value, exp.Expr) else node
                raise self.unsupported(f"{key.strip('_').replace('_', ' ').upper()} of {node.key.upper()}", at)

    def unknown_column(self, name: str, at: exp.Expr, scope: Scope) -> KitError:
        candidates = [item.field.name for level in scope.chain() for item in level.visible]
        return self.error(
            "COLUMN_NOT_FOUND",
            f"Column '{name}' cannot be resolved",
            at,
            did_you_mean(name.rpartition(".")[2], candidates),
        )
