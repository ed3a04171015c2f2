"""The select list: stars, names, lateral aliases.

Source: Amazon Redshift Database Developer Guide, "SELECT list", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding.aliases import Alias
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.expressions import SELECT, Expressions, Seen
from kit.sql.redshift.binding.naming import column_name
from kit.sql.redshift.binding.scope import Scope, Source
from kit.sql.redshift.binding.typed import Typed


@dataclass(slots=True)
class Projection:
    """`physical` is unique in the list; `source` is the item as it was written, for places in errors."""

    name: str
    physical: str
    value: Typed
    source: exp.Expr
    alias: Alias | None = None


def bind_projections(
    context: Context, select: exp.Select, scope: Scope, seen: Seen, prior: Scope | None
) -> list[Projection]:
    """The select list, stars expanded."""
    listed: list[Projection] = []
    aliases: dict[str, Alias] = {}
    taken: set[str] = set()
    excluded = _excluded(context, select)
    left_out: set[str] = set()
    for item in select.expressions:
        for name, value, alias in _bound(context, item, scope, seen, aliases, prior):
            if name in excluded and alias is None and _is_star(item):
                left_out.add(name)
                continue
            listed.append(Projection(name, _unique(name, taken), value, item, alias))
            if alias is not None:
                aliases.setdefault(name, alias)
    missing = excluded - left_out
    if missing:
        raise errors.column_missing(
            min(missing), scope.source_names(), context.script, select, [item.name for item in listed]
        )
    if not listed:
        raise errors.syntax(context.script, source := select.args.get("from_"), "FROM" if source is not None else "")
    return listed


def _bound(
    context: Context,
    item: exp.Expr,
    scope: Scope,
    seen: Seen,
    aliases: dict[str, Alias],
    prior: Scope | None,
) -> Iterator[tuple[str, Typed, Alias | None]]:
    """Name, value and alias of each column that an item stands for."""
    if isinstance(item, exp.Star):
        if item.args.get("replace") or item.args.get("rename"):
            raise errors.unsupported("* REPLACE or RENAME", context.script, item)
        yield from _star(context, scope, item)
        return
    if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        yield from _qualified_star(context, scope, item)
        return
    own = Seen()
    binder = Expressions(context, scope, SELECT, aliases, own, prior)
    node = item.this if isinstance(item, exp.Alias) else item
    value = binder.bind(node)
    seen.aggregates |= own.aggregates
    seen.windows |= own.windows
    if isinstance(item, exp.Alias):
        name = context.fold(item.args["alias"])
        yield name, value, Alias(value, node, own.volatile, own.aggregates, own.windows)
    else:
        yield column_name(context, node), value, None


def _is_star(item: exp.Expr) -> bool:
    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def _excluded(context: Context, select: exp.Select) -> set[str]:
    """The names of EXCLUDE, which sqlglot keeps at the star or at the end of the list."""
    listed = list(select.args.get("exclude") or ())
    for item in select.expressions:
        star = item if isinstance(item, exp.Star) else item.this if isinstance(item, exp.Column) else None
        if isinstance(star, exp.Star):
            listed += star.args.get("except_") or ()
    return {context.fold(name.this if isinstance(name, exp.Column) else name) for name in listed}


def _star(context: Context, scope: Scope, item: exp.Expr) -> Iterator[tuple[str, Typed, None]]:
    if not scope.sources:
        raise errors.error(errors.SYNTAX_ERROR, "SELECT * with no tables specified is not valid", context.script, item)
    for name, value in scope.merged.items():
        node = value.node.copy()
        node.type = value.node.type
        yield name, Typed(node, value.type, value.blanks), None
    for source in scope.sources:
        for name, value in _columns(source):
            if name not in scope.merged:
                yield name, value, None


def _qualified_star(context: Context, scope: Scope, item: exp.Column) -> Iterator[tuple[str, Typed, None]]:
    name = context.fold(item.parts[-2])
    for source in scope.sources:
        if source.name == name:
            for column, value in _columns(source):
                yield column, value, None
            return
    raise errors.error(
        errors.UNDEFINED_TABLE,
        f'missing FROM-clause entry for table "{name}"',
        context.script,
        item,
        errors.did_you_mean(name, scope.source_names()),
    )


def _columns(source: Source) -> Iterator[tuple[str, Typed]]:
    for column in source.visible:
        yield column.name, source.take(column)


def _unique(name: str, taken: set[str]) -> str:
    physical = name
    number = 2
    while physical in taken:
        physical = f"{name}_{number}"
        number += 1
    taken.add(physical)
    return physical
