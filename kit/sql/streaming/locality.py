"""Whether a query can be answered window by window: then rows that belong to different windows never meet in it.

The answer over all windows must be the answers over each, one after the other, whichever close together. So every
grouping, DISTINCT and OVER of rows of a stream has to be by window, and what looks at all rows at once (LIMIT, a set
operation that is not UNION ALL, an outer join that keeps rows of the other side) is refused by name. Pure, on trees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.athena.functions import FUNCTIONS
from kit.sql.athena.functions.table import Aggregate
from kit.sql.place import error_at, start_of

START: Final = "window_start"
END: Final = "window_end"
TIME: Final = "window_time"
WINDOW_COLUMNS: Final = (START, END, TIME)
_GROUP_HINT: Final = f"GROUP BY {START}, {END}, …"
_AGGREGATES: Final = frozenset(
    name for name, functions in FUNCTIONS.functions.items() if any(isinstance(each, Aggregate) for each in functions)
)

_OF_THE_MOMENT: Final = frozenset(
    {
        *("now", "random", "rand", "uuid", "shuffle", "currentdate", "currenttime", "currenttimestamp"),
        *("localtime", "localtimestamp"),
    }
)

Columns: TypeAlias = Mapping[str, str]
"""Which columns of a relation are a window's: by name, one of `WINDOW_COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Locality:
    """Checks the query of `text`. `streams` are the names of relations that are windows of a stream.

    With `of_time`, OVER is over a range of time, which is no matter of windows.
    """

    text: str
    streams: frozenset[str]
    of_time: bool = False

    def check(self, tree: exp.Expr) -> None:
        """Raises `NOT_SUPPORTED` at the part that meets rows of several windows, or differs from run to run."""
        for node in tree.walk():
            name = node.name.lower() if isinstance(node, exp.Anonymous) else type(node).__name__.lower()
            if name in _OF_THE_MOMENT:
                raise self._error(
                    f"{name} in a query over a stream is not supported",
                    node,
                    "Each run has to give the same: ROWTIME is a time.",
                )
        self._query(tree, {}, outermost=True)

    def _query(self, node: exp.Expr, ctes: Mapping[str, Columns | None], *, outermost: bool = False) -> Columns | None:
        """The window columns of what the query gives; None where it reads no stream."""
        known = dict(ctes)
        clause = node.args.get("with_")
        for item in [] if clause is None else clause.expressions:
            known[item.alias.lower()] = self._query(item.this, known)
        match node:
            case exp.Select():
                columns = self._select(node, known)
            case exp.Union():
                columns = self._union(node, known)
            case exp.SetOperation():
                columns = self._static(node, known, f"{type(node).__name__.upper()} of windows")
            case exp.Subquery() | exp.Paren():
                columns = self._query(node.this, known, outermost=outermost)
            case _:
                columns = None
        if columns is not None:
            self._check_modifiers(node, columns, outermost=outermost)
        return columns

    def _select(self, node: exp.Select, ctes: Mapping[str, Columns | None]) -> Columns | None:
        columns = self._sources(node, ctes)
        self._check_subqueries(node, ctes)
        if columns is None:
            return None
        group = node.args.get("group")
        if group is not None:
            self._check_group(node, group, columns)
        elif any(_is_aggregate(part) for each in _own_expressions(node) for part in _parts(each)):
            raise self._error("An aggregate over all windows is not supported", node.expressions[0], _GROUP_HINT)
        for over in _overs(node):
            if not self.of_time and not _by_window(over.args.get("partition_by") or (), columns):
                hint = f"OVER (PARTITION BY {START}, {END}, … ORDER BY …)"
                raise self._error("OVER rows of several windows is not supported", over, hint)
        given = self._given(node, columns)
        if node.args.get("distinct") is not None and not {START, END} <= set(given.values()):
            raise self._error(
                "DISTINCT over several windows is not supported", node, f"SELECT DISTINCT {START}, {END}, …"
            )
        return given

    def _sources(self, node: exp.Select, ctes: Mapping[str, Columns | None]) -> Columns | None:
        first = node.args.get("from_")
        if first is None:
            return None
        columns = self._relation(first.this, ctes)
        for join in node.args.get("joins") or ():
            joined = self._relation(join.this, ctes)
            side = (join.side or "").upper()
            if joined is not None and columns is not None:
                raise self._error(
                    "A join of two streams' windows is not supported", join.this, "Join a table of the catalog."
                )
            if joined is not None and (side in ("LEFT", "FULL") or (columns is None and side == "LEFT")):
                raise self._error(
                    f"A {side} JOIN that keeps a table's rows is not supported", join.this, "Name the stream first."
                )
            if columns is not None and side in ("RIGHT", "FULL"):
                raise self._error(
                    f"A {side} JOIN that keeps a table's rows is not supported", join.this, "JOIN, or LEFT JOIN."
                )
            columns = columns if columns is not None else joined
        return columns

    def _relation(self, node: exp.Expr, ctes: Mapping[str, Columns | None]) -> Columns | None:
        match node:
            case exp.Table():
                if not node.db and node.name.lower() in ctes:
                    return ctes[node.name.lower()]
                if node.name.lower() in self.streams:
                    return {name: name for name in WINDOW_COLUMNS}
                return None
            case exp.Subquery():
                return self._query(node.this, ctes)
            case _:
                return None

    def _check_subqueries(self, node: exp.Select, ctes: Mapping[str, Columns | None]) -> None:
        """A query inside of an expression sees all rows at once."""
        for part in _own_expressions(node):
            for table in part.find_all(exp.Table):
                if self._relation(table, ctes) is not None:
                    raise self._error(
                        "A subquery over a stream is not supported", table, "Only tables can be read there."
                    )

    def _check_group(self, node: exp.Select, group: exp.Expr, columns: Columns) -> None:
        plain: list[exp.Expr] = []
        sets: list[exp.Expr] = []
        for element in group.expressions:
            (sets if isinstance(element, (exp.GroupingSets, exp.Cube, exp.Rollup)) else plain).append(element)
        keys = [_resolved(part, node) for element in plain for part in _flat(element)]
        if _by_window(keys, columns):
            return
        only_sets = bool(sets) and not plain and all(isinstance(each, exp.GroupingSets) for each in sets)
        if only_sets and any(all(_by_window(list(_flat(one)), columns) for one in each.expressions) for each in sets):
            return
        raise self._error("A group that spans windows is not supported", group.expressions[0], _GROUP_HINT)

    def _given(self, node: exp.Select, columns: Columns) -> Columns:
        given: dict[str, str] = {}
        for item in node.expressions:
            column = item.this if isinstance(item, exp.Alias) else item
            if isinstance(column, exp.Star) or (isinstance(column, exp.Column) and column.is_star):
                given.update(columns)
            elif isinstance(column, exp.Column) and column.name.lower() in columns:
                given[item.alias_or_name.lower()] = columns[column.name.lower()]
        return given

    def _union(self, node: exp.Union, ctes: Mapping[str, Columns | None]) -> Columns | None:
        if node.args.get("distinct"):
            return self._static(node, ctes, "UNION of windows that leaves out duplicates", "UNION ALL")
        left, right = self._query(node.this, ctes), self._query(node.expression, ctes)
        if (left is None) != (right is None):
            raise self._error("UNION ALL of a stream with a table is not supported", node)
        return left

    def _static(self, node: exp.SetOperation, ctes: Mapping[str, Columns | None], what: str, hint: str = "") -> None:
        for side in (node.this, node.expression):
            if self._query(side, ctes) is not None:
                raise self._error(f"{what} is not supported", side, hint)

    def _check_modifiers(self, node: exp.Expr, columns: Columns, *, outermost: bool) -> None:
        for clause in ("limit", "offset"):
            if node.args.get(clause) is not None:
                hint = (
                    f"The first rows of each window: ROW_NUMBER() OVER (PARTITION BY {START}, {END} ORDER BY …) <= n."
                )
                raise self._error(f"{clause.upper()} over a stream is not supported", node.args[clause], hint)
        order = node.args.get("order")
        if order is None or not outermost:
            return
        first = order.expressions[0]
        key = _resolved(first.this, node) if isinstance(node, exp.Select) else first.this
        kind = columns.get(key.name.lower()) if isinstance(key, exp.Column) else None
        if kind not in (END, TIME) or first.args.get("desc"):
            raise self._error(
                "ORDER BY other than by the windows' end is not supported",
                first,
                f"ORDER BY {END}, …: as windows close.",
            )

    def _error(self, message: str, node: exp.Expr, hint: str = "") -> KitError:
        return error_at("NOT_SUPPORTED", message, self.text, start_of(node) or 0, hint)


def _own_expressions(node: exp.Select) -> list[exp.Expr]:
    """The expressions of a SELECT apart from what it selects from."""
    found = [*node.expressions]
    found += [node.args[name] for name in ("where", "having", "qualify") if node.args.get(name) is not None]
    found += [join.args["on"] for join in node.args.get("joins") or () if join.args.get("on") is not None]
    return found


def _parts(node: exp.Expr) -> Iterator[exp.Expr]:
    """An expression and its parts, without those of OVER and of queries inside."""
    if isinstance(node, (exp.Window, exp.Query)):
        return
    yield node
    for part in node.iter_expressions():
        yield from _parts(part)


def _is_aggregate(node: exp.Expr) -> bool:
    return isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and node.name.lower() in _AGGREGATES)


def _overs(node: exp.Select) -> Iterator[exp.Window]:
    named = {window.this.name.lower(): window for window in node.args.get("windows") or ()}
    for part in _own_expressions(node):
        for over in part.find_all(exp.Window):
            alias = over.args.get("alias")
            yield named.get(alias.name.lower(), over) if alias is not None else over


def _by_window(keys: Sequence[exp.Expr], columns: Columns) -> bool:
    kinds = {columns.get(key.name.lower()) for key in keys if isinstance(key, exp.Column)}
    return {START, END} <= kinds


def _flat(element: exp.Expr) -> Iterator[exp.Expr]:
    match element:
        case exp.Tuple():
            for part in element.expressions:
                yield from _flat(part)
        case exp.Paren():
            yield from _flat(element.this)
        case _:
            yield element


def _resolved(key: exp.Expr, node: exp.Select) -> exp.Expr:
    """What a position among the columns stands for."""
    if (
        isinstance(key, exp.Literal)
        and not key.is_string
        and key.name.isdigit()
        and int(key.name) <= len(node.expressions)
    ):
        item = node.expressions[int(key.name) - 1]
        return item.this if isinstance(item, exp.Alias) else item
    if isinstance(key, exp.Column) and not key.table:
        for item in node.expressions:
            if (
                isinstance(item, exp.Alias)
                and item.alias.lower() == key.name.lower()
                and isinstance(item.this, exp.Column)
            ):
                return item.this
    return key


def aggregate_in(tree: exp.Expr) -> exp.Expr | None:
    """The first aggregate of a query, OVER aside."""
    for select in tree.find_all(exp.Select):
        for each in _own_expressions(select):
            for part in _parts(each):
                if _is_aggregate(part):
                    return part
    return None
