"""GROUP BY: keys by expression, alias or position; ROLLUP, CUBE and GROUPING SETS; and what may stand beside them.

A key of text is grouped without its trailing blanks, and where the query uses the key it uses that form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.expressions import GROUP_BY, Expressions
from kit.sql.redshift.binding.projections import Projection
from kit.sql.redshift.binding.scope import Scope
from kit.sql.redshift.binding.typed import Typed


@dataclass(slots=True)
class Keys:
    """`terms` go into the tree; `plain` are the keys as queries write them, `trimmed` the form that replaces some."""

    terms: list[exp.Expr] = field(default_factory=list)
    plain: list[exp.Expr] = field(default_factory=list)
    trimmed: list[tuple[exp.Expr, exp.Expr]] = field(default_factory=list)


def bind_group(context: Context, group: exp.Group, scope: Scope, listed: Sequence[Projection]) -> Keys:
    keys = Keys()
    binder = Expressions(context, scope, GROUP_BY)
    if group.args.get("all"):
        for item in listed:
            if item.value.node.find(exp.AggFunc) is None:
                keys.terms.append(_key(keys, item.value))
        return keys
    if group.args.get("totals"):
        raise binder.unsupported("GROUP BY … WITH TOTALS", group)
    terms = [
        *group.expressions,
        *(part for name in ("rollup", "cube", "grouping_sets") for part in group.args.get(name) or ()),
    ]
    keys.terms = [_term(binder, keys, term, listed) for term in terms]
    return keys


def apply(context: Context, scope: Scope, made: exp.Select, keys: Keys, listed: Sequence[Projection]) -> None:
    """Write keys in their grouped form, and refuse columns that are neither keys nor aggregated.

    Raises 42803.
    """
    items: list[tuple[exp.Expr, exp.Expr]] = [
        (bound.this, item.source) for bound, item in zip(made.expressions, listed, strict=True)
    ]
    for name in ("having", "qualify", "order"):
        clause = made.args.get(name)
        if clause is not None:
            items.append((clause, listed[0].source))
    known = {
        (column.alias, column.physical): f"{source.name}.{column.name}"
        for source in scope.sources
        for column in source.columns
    }
    own = {alias for alias, _ in known}
    plain = set(keys.plain)
    written = plain | {replacement for _, replacement in keys.trimmed}
    search = _Search(plain, frozenset(type(key) for key in plain), own, written)
    for bound, source in items:
        offender = search.offender(bound)
        if isinstance(offender, exp.AggFunc):
            raise errors.error(
                errors.GROUPING, "arguments to GROUPING must be grouping expressions", context.script, source
            )
        if offender is not None:
            name = known.get((offender.table, offender.name), offender.name)
            raise errors.error(
                errors.GROUPING,
                f'column "{name}" must appear in the GROUP BY clause or be used in an aggregate function',
                context.script,
                source,
            )
    for original, replacement in keys.trimmed:
        _replace(made, original, replacement)


@dataclass(frozen=True, slots=True)
class _Search:
    """Looks for columns of the block (`own` aliases) outside of keys and aggregates, and for GROUPING of other keys."""

    keys: set[exp.Expr]
    kinds: frozenset[type[exp.Expr]]
    own: set[str]
    written: set[exp.Expr]

    def offender(self, node: exp.Expr) -> exp.Column | exp.AggFunc | None:
        if type(node) in self.kinds and node in self.keys:
            return None
        if isinstance(node, exp.Column):
            return node if node.table in self.own else None
        if isinstance(node, exp.AggFunc):
            strays = node.name == "grouping" and not self.written.issuperset(node.expressions)
            return node if strays else None
        for child in _evaluated_after_grouping(node):
            found = self.offender(child)
            if found is not None:
                return found
        return None


def _evaluated_after_grouping(node: exp.Expr) -> list[exp.Expr]:
    """The children; of a window, its function's arguments too, which an aggregate's are not."""
    if not isinstance(node, exp.Window):
        return list(node.iter_expressions())
    function = node.this
    while isinstance(function, (exp.IgnoreNulls, exp.RespectNulls)):
        function = function.this
    rest = [child for child in node.iter_expressions() if child is not node.this]
    return [*function.iter_expressions(), *rest]


def _replace(made: exp.Select, original: exp.Expr, replacement: exp.Expr) -> None:
    """Put the trimmed key in the place of the plain one, outside of aggregates and of the GROUP BY itself."""
    for name in ("expressions", "having", "qualify", "order"):
        value = made.args.get(name)
        for part in value if isinstance(value, list) else [value] if value is not None else []:
            _replace_in(part, original, replacement)


def _replace_in(node: exp.Expr, original: exp.Expr, replacement: exp.Expr) -> None:
    if isinstance(node, exp.AggFunc) or node == replacement:
        return
    if node == original:
        made = replacement.copy()
        made.type = replacement.type
        node.replace(made)
        return
    for child in list(node.iter_expressions()):
        _replace_in(child, original, replacement)


def _term(binder: Expressions, keys: Keys, term: exp.Expr, listed: Sequence[Projection]) -> exp.Expr:
    if isinstance(term, (exp.Rollup, exp.Cube, exp.GroupingSets)):
        return type(term)(expressions=[_term(binder, keys, part, listed) for part in term.expressions])
    if isinstance(term, exp.Tuple):
        return exp.Tuple(expressions=[_term(binder, keys, part, listed) for part in term.expressions])
    if isinstance(term, exp.Paren) and not isinstance(term.this, exp.Query):
        return _term(binder, keys, term.this, listed)
    return _key(keys, _value(binder, term, listed))


def _value(binder: Expressions, term: exp.Expr, listed: Sequence[Projection]) -> Typed:
    """What a term groups by: a column goes before an alias, a number is a position."""
    if isinstance(term, exp.Literal) and not term.is_string and term.name.isdecimal():
        position = int(term.name)
        if not 1 <= position <= len(listed):
            raise binder.error(
                errors.INVALID_COLUMN_REFERENCE, f"GROUP BY position {position} is not in select list", term
            )
        return _listed(binder, listed[position - 1], term)
    if isinstance(term, exp.Literal):
        raise binder.error(errors.SYNTAX_ERROR, "non-integer constant in GROUP BY", term)
    if isinstance(term, exp.Column) and not term.table and isinstance(term.this, exp.Identifier):
        name = binder.context.fold(term.this)
        if name not in binder.scope.merged and not binder.scope.matches(name):
            item = next((item for item in listed if item.name == name), None)
            if item is not None:
                return _listed(binder, item, term)
    return binder.bind(term)


def _listed(binder: Expressions, item: Projection, at: exp.Expr) -> Typed:
    if item.value.node.find(exp.AggFunc) is not None:
        raise binder.error(errors.GROUPING, "aggregates not allowed in GROUP BY clause", at)
    node = item.value.node.copy()
    node.type = item.value.node.type
    return coercion.settle(Typed(node, item.value.type, item.value.blanks))


def _key(keys: Keys, value: Typed) -> exp.Expr:
    keys.plain.append(value.node)
    trimmed = coercion.trimmed(value)
    if trimmed is not value.node:
        keys.trimmed.append((value.node, trimmed))
        return trimmed.copy()
    copied = value.node.copy()
    copied.type = value.node.type
    return copied
