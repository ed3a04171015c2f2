"""Columns, and paths into SUPER values, which look alike: `a.b.c` is a column of a table or a path into a column.

The longest prefix that names something decides: schema.table.column, table.column, column; what follows is a path.

Source: Amazon Redshift Database Developer Guide, "Querying semistructured data", read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift import errors
from kit.sql.redshift.binding import supers
from kit.sql.redshift.binding.expressions import IN_AGGREGATE, Expressions, Handler
from kit.sql.redshift.binding.scope import Scope, Source, SourceColumn
from kit.sql.redshift.binding.typed import Typed
from kit.sql.redshift.types import Kind


@dataclass(frozen=True, slots=True)
class Path:
    """`names` come first; `steps` are what is applied to them: a name or an index expression each."""

    names: tuple[exp.Identifier, ...]
    steps: tuple[exp.Expr, ...] = ()


def path_of(node: exp.Expr) -> Path | None:
    """A chain of columns, dots and brackets as one path; None where it does not start at a name."""
    steps: list[exp.Expr] = []
    while not isinstance(node, exp.Column):
        if isinstance(node, exp.Dot):
            if not isinstance(node.expression, exp.Identifier):
                return None
            steps.append(node.expression)
        elif isinstance(node, exp.Bracket) and len(node.expressions) == 1:
            steps.append(node.expressions[0])
        else:
            return None
        node = node.this
    parts = node.parts
    if not all(isinstance(part, exp.Identifier) for part in parts):
        return None
    return Path(tuple(parts), tuple(reversed(steps)))  # type: ignore[arg-type]


def resolve(binder: Expressions, path: Path, at: exp.Expr) -> Typed:
    """The column that a path begins with, and the navigation that is left of it."""
    folded = [binder.context.fold(name) for name in path.names]
    scope: Scope | None = binder.scope
    innermost = True
    while scope is not None:
        found = _within(binder, scope, folded, innermost=innermost, at=at)
        if found is not None:
            value, used = found
            return _navigate(binder, value, path, used, at)
        scope = scope.parent
        innermost = False
    raise _missing(binder, folded, at)


def _within(
    binder: Expressions, scope: Scope, names: list[str], *, innermost: bool, at: exp.Expr
) -> tuple[Typed, int] | None:
    """What the names mean in one block, and how many of them were used."""
    if len(names) >= 3:
        for source in scope.sources:
            if source.name == names[1] and source.schema == names[0]:
                column = source.find(names[2])
                if column is not None:
                    return _take(binder, source, column, at), 3
    if len(names) >= 2:
        source = next((source for source in scope.sources if source.name == names[0]), None)
        if source is not None:
            column = source.find(names[1])
            if column is not None:
                return _take(binder, source, column, at), 2
            if source.element is not None:
                return source.take(source.element), 1
            if not _is_column(scope, names[0]):
                raise errors.column_missing(
                    f"{names[0]}.{names[1]}",
                    [names[0]],
                    binder.script,
                    at,
                    [column.name for column in source.visible],
                )
    return _unqualified(binder, scope, names[0], innermost=innermost, at=at)


def _is_column(scope: Scope, name: str) -> bool:
    return name in scope.merged or bool(scope.matches(name))


def _unqualified(
    binder: Expressions, scope: Scope, name: str, *, innermost: bool, at: exp.Expr
) -> tuple[Typed, int] | None:
    merged = scope.merged.get(name)
    if merged is not None:
        node = merged.node.copy()
        node.type = merged.node.type
        return Typed(node, merged.type, merged.blanks), 1
    matches = scope.matches(name)
    if len(matches) > 1:
        raise binder.error(errors.AMBIGUOUS_COLUMN, f'column reference "{name}" is ambiguous', at)
    if matches:
        return _take(binder, *matches[0], at), 1
    element = next((source for source in scope.sources if source.element is not None and source.name == name), None)
    if element is not None and element.element is not None:
        return element.take(element.element), 1
    if innermost and name in binder.aliases:
        return _lateral(binder, name, at), 1
    return None


def _take(binder: Expressions, source: Source, column: SourceColumn, at: exp.Expr) -> Typed:
    if source.is_ambiguous(column.name):
        raise binder.error(errors.AMBIGUOUS_COLUMN, f'column reference "{column.name}" is ambiguous', at)
    return source.take(column)


def _lateral(binder: Expressions, name: str, at: exp.Expr) -> Typed:
    alias = binder.aliases[name]
    if alias.volatile:
        raise binder.unsupported(
            f'A second use of "{name}", whose value changes with every call,',
            at,
            "Compute it in a subquery and refer to it from outside.",
        )
    if binder.inside and (alias.windowed or (alias.aggregate and binder.inside == IN_AGGREGATE)):
        raise binder.error(errors.GROUPING, f"{binder.inside} may not be nested", at)
    binder.seen.aggregates |= alias.aggregate
    binder.seen.windows |= alias.windowed
    return alias.copy()


def _navigate(binder: Expressions, value: Typed, path: Path, used: int, at: exp.Expr) -> Typed:
    steps: list[exp.Expr] = [*path.names[used:], *path.steps]
    if not steps:
        return value
    if value.type.kind is not Kind.SUPER:
        name = ".".join(binder.context.fold(part) for part in path.names[: used + 1])
        if used < len(path.names):
            raise errors.column_missing(name, binder.scope.source_names(), binder.script, at)
        raise binder.error(
            errors.DATATYPE_MISMATCH, f"cannot subscript type {value.type.name} because it is not SUPER", at
        )
    return supers.navigate(binder, value, steps)


def _missing(binder: Expressions, names: list[str], at: exp.Expr) -> KitError:
    if len(names) >= 2 and binder.scope.source(names[0]) is None:
        return binder.error(
            errors.UNDEFINED_TABLE,
            f'missing FROM-clause entry for table "{names[-2]}"',
            at,
            errors.did_you_mean(names[-2], binder.scope.source_names()),
        )
    candidates = [*binder.scope.names(), *binder.aliases]
    return errors.column_missing(".".join(names), binder.scope.source_names(), binder.script, at, candidates)


def _path(binder: Expressions, node: exp.Expr) -> Typed:
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        raise binder.error(errors.SYNTAX_ERROR, "* is only allowed in the select list and in COUNT(*)", node)
    path = path_of(node)
    if path is not None:
        return resolve(binder, path, node)
    return _applied(binder, node)


def _applied(binder: Expressions, node: exp.Expr) -> Typed:
    """A path into something that is not a name: `json_parse(x).a[0]`."""
    steps: list[exp.Expr] = []
    inner = node
    while isinstance(inner, (exp.Dot, exp.Bracket)):
        if isinstance(inner, exp.Dot):
            if not isinstance(inner.expression, exp.Identifier):
                raise binder.unsupported("A call qualified by a schema", inner)
            steps.append(inner.expression)
        else:
            steps.extend(reversed(inner.expressions))
        inner = inner.this
    value = binder.bind(inner)
    if value.type.kind is not Kind.SUPER:
        raise binder.error(
            errors.DATATYPE_MISMATCH, f"cannot subscript type {value.type.name} because it is not SUPER", node
        )
    return supers.navigate(binder, value, list(reversed(steps)))


HANDLERS: dict[type[exp.Expr], Handler] = {exp.Column: _path, exp.Dot: _path, exp.Bracket: _path}
