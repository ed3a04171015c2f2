"""Conditions: comparisons, ranges, lists, patterns, NULL and truth tests.

Comparisons of text ignore trailing blanks; a pattern is matched against the text as it is.

Source: Amazon Redshift Database Developer Guide, "Conditions", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from kit.sql.redshift import errors, patterns
from kit.sql.redshift.binding import coercion, supers
from kit.sql.redshift.binding.expressions import Expressions, Handler
from kit.sql.redshift.binding.typed import Typed, call, operand, string, typed
from kit.sql.redshift.types import BOOLEAN, UNKNOWN, Kind

_SYMBOLS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


def compare(binder: Expressions, kind: type[exp.Expr], left: Typed, right: Typed, at: exp.Expr) -> exp.Expr:
    """`left <kind> right`; raises 42883 where the types do not compare."""
    if left.type.kind is Kind.SUPER or right.type.kind is Kind.SUPER:
        return supers.compare(binder, kind, left, right)
    sides = coercion.comparable(left, right, binder.script)
    if sides is None:
        raise errors.operator_missing(_SYMBOLS[kind], left.type, right.type, binder.script, at)
    made = kind(this=operand(sides[0]), expression=operand(sides[1]))
    made.type = exp.DataType.build("BOOLEAN")
    return made


def _comparison(binder: Expressions, node: exp.Binary) -> Typed:
    if isinstance(node.this, exp.Tuple) and isinstance(node.expression, exp.Tuple):
        return _rows(binder, node, node.this.expressions, node.expression.expressions)
    if isinstance(node.expression, (exp.Any, exp.All)):
        return _quantified(binder, node, node.expression)
    left, right = binder.bind(node.this), binder.bind(node.expression)
    return typed(compare(binder, type(node), left, right, node), BOOLEAN)


def _rows(binder: Expressions, node: exp.Binary, left: Sequence[exp.Expr], right: Sequence[exp.Expr]) -> Typed:
    """`(a, b) = (c, d)`, pair by pair."""
    if not isinstance(node, (exp.EQ, exp.NEQ)) or len(left) != len(right):
        raise binder.unsupported("This comparison of row constructors", node)
    pairs = [compare(binder, exp.EQ, binder.bind(a), binder.bind(b), node) for a, b in zip(left, right, strict=True)]
    made = pairs[0]
    for pair in pairs[1:]:
        made = exp.And(this=made, expression=pair)
    return typed(made if isinstance(node, exp.EQ) else exp.Not(this=exp.Paren(this=made)), BOOLEAN)


def _quantified(binder: Expressions, node: exp.Binary, quantified: exp.Any | exp.All) -> Typed:
    """`x = ANY (SELECT …)`, `x > ALL (SELECT …)`."""
    inner = quantified.this
    if isinstance(inner, exp.Subquery):
        inner = inner.this
    if not isinstance(inner, exp.Query):
        raise binder.unsupported("ANY or ALL over anything but a subquery", node)
    from kit.sql.redshift.binding.subqueries import one_column

    left = binder.bind(node.this)
    query, column = one_column(binder, inner, node)
    sides = coercion.comparable(left, column, binder.script)
    if sides is None:
        raise errors.operator_missing(_SYMBOLS[type(node)], left.type, column.type, binder.script, node)
    made = type(node)(this=operand(sides[0]), expression=type(quantified)(this=exp.Subquery(this=query(sides[1]))))
    return typed(made, BOOLEAN)


def _is(binder: Expressions, node: exp.Is) -> Typed:
    value = binder.bind(node.this)
    tested = node.expression
    if isinstance(tested, exp.Null):
        if value.type.kind is Kind.SUPER:
            return typed(call("rs_super_is_null", value.node), BOOLEAN)
        return typed(exp.Is(this=operand(value.node), expression=exp.Null()), BOOLEAN)
    if isinstance(tested, exp.Boolean):
        truth = operand(binder.as_boolean(value, node))
        made = exp.Is(this=truth, expression=exp.Boolean(this=tested.this))
        return typed(made, BOOLEAN)
    if tested.name.upper() == "UNKNOWN":
        return typed(exp.Is(this=operand(binder.as_boolean(value, node)), expression=exp.Null()), BOOLEAN)
    raise binder.unsupported(f"IS {tested.sql()}", node)


def _between(binder: Expressions, node: exp.Between) -> Typed:
    value, low, high = (binder.bind(node.args[part]) for part in ("this", "low", "high"))
    plain = _plain_between(binder, value, low, high)
    if plain is not None:
        return typed(plain, BOOLEAN)
    again = Typed(value.node.copy(), value.type, value.blanks)
    again.node.type = value.node.type
    made = exp.And(
        this=compare(binder, exp.GTE, value, low, node), expression=compare(binder, exp.LTE, again, high, node)
    )
    return typed(made, BOOLEAN)


def _plain_between(binder: Expressions, value: Typed, low: Typed, high: Typed) -> exp.Expr | None:
    """BETWEEN itself, where the value is compared as one and the same expression with both bounds."""
    if Kind.SUPER in {value.type.kind, low.type.kind, high.type.kind} or value.type is UNKNOWN:
        return None
    first = coercion.comparable(value, low, binder.script)
    second = coercion.comparable(value, high, binder.script)
    if first is None or second is None or first[0] is not value.node or second[0] is not value.node:
        return None
    return exp.Between(this=operand(first[0]), low=operand(first[1]), high=operand(second[1]))


def _in(binder: Expressions, node: exp.In) -> Typed:
    query = node.args.get("query")
    if query is not None:
        from kit.sql.redshift.binding.subqueries import in_query

        return in_query(binder, node, query)
    if node.args.get("unnest") is not None or node.args.get("field") is not None:
        raise binder.unsupported("IN without a list in parentheses", node)
    if isinstance(node.this, exp.Tuple):
        return _in_rows(binder, node, node.this)
    value = binder.bind(node.this)
    if not node.expressions:
        raise errors.syntax(binder.script, node, ")")
    items = [binder.bind(item) for item in node.expressions]
    plain = _plain_list(binder, value, items)
    if plain is not None:
        return typed(plain, BOOLEAN)
    made: exp.Expr | None = None
    for item in items:
        left = Typed(value.node.copy(), value.type, value.blanks)
        left.node.type = value.node.type
        pair = compare(binder, exp.EQ, left, item, node)
        made = pair if made is None else exp.Or(this=made, expression=pair)
    assert made is not None
    return typed(exp.Paren(this=made), BOOLEAN)


def _plain_list(binder: Expressions, value: Typed, items: Sequence[Typed]) -> exp.Expr | None:
    """IN itself, where the value is compared as one and the same expression with every item."""
    if value.type.kind is Kind.SUPER or any(item.type.kind is Kind.SUPER for item in items):
        return None
    seen: exp.Expr | None = None
    converted: list[exp.Expr] = []
    for item in items:
        sides = coercion.comparable(value, item, binder.script)
        if sides is None or (seen is not None and sides[0] != seen):
            return None
        seen = sides[0]
        converted.append(sides[1])
    assert seen is not None
    return exp.In(this=operand(seen), expressions=converted)


def _in_rows(binder: Expressions, node: exp.In, row: exp.Tuple) -> Typed:
    """`(a, b) IN ((1, 2), (3, 4))`."""
    made: exp.Expr | None = None
    for item in node.expressions:
        if not isinstance(item, exp.Tuple) or len(item.expressions) != len(row.expressions):
            raise binder.unsupported("IN with rows of different lengths", node)
        pair = _rows(binder, exp.EQ(this=row, expression=item), row.expressions, item.expressions).node
        made = exp.Paren(this=pair) if made is None else exp.Or(this=made, expression=exp.Paren(this=pair))
    assert made is not None
    return typed(exp.Paren(this=made), BOOLEAN)


def _pattern(binder: Expressions, node: exp.Expr, escape: str | None = None) -> Typed:
    """LIKE, ILIKE, SIMILAR TO and ~; the pattern is translated now where it is a constant."""
    value, pattern = (_subject(binder, binder.bind(part), node) for part in (node.this, node.expression))
    text = pattern.node.name if isinstance(pattern.node, exp.Literal) else None
    if isinstance(node, (exp.Like, exp.ILike)):
        made = _like(binder, node, value, pattern, text, escape)
        return typed(exp.Not(this=made) if node.args.get("negate") else made, BOOLEAN)
    if text is None:
        raise binder.unsupported("A pattern that is not a constant", node.expression, "Write it as a string literal.")
    try:
        if isinstance(node, exp.SimilarTo):
            return typed(call("regexp_full_match", value.node, string(patterns.similar_to(text, escape))), BOOLEAN)
        return typed(call("regexp_matches", value.node, string(patterns.posix(text))), BOOLEAN)
    except ValueError as error:
        raise binder.error(
            errors.INVALID_REGULAR_EXPRESSION, f"invalid regular expression: {error}", node.expression
        ) from None


def _subject(binder: Expressions, value: Typed, at: exp.Expr) -> Typed:
    """The text that is matched; other types are read as text."""
    if value.type is UNKNOWN:
        return coercion.settle(value)
    if value.type.is_text:
        return value
    converted = coercion.implicit(value, coercion.ANY_TEXT, binder.script)
    if converted is None:
        raise errors.operator_missing("~~", value.type, coercion.ANY_TEXT, binder.script, at)
    return converted


def _like(
    binder: Expressions,
    node: exp.Like | exp.ILike,
    value: Typed,
    pattern: Typed,
    text: str | None,
    escape: str | None,
) -> exp.Expr:
    if text is None:
        mark = "\\" if escape is None else escape
        name = "like_escape" if isinstance(node, exp.Like) else "ilike_escape"
        return call(name, value.node, pattern.node, string(mark))
    if isinstance(node, exp.Like) and patterns.is_plain(text, escape):
        return compare(binder, exp.EQ, value, pattern, node)
    try:
        translated, mark = patterns.like(text, escape)
    except ValueError as error:
        raise binder.error(errors.INVALID_TEXT, str(error), node.expression) from None
    made = type(node)(this=operand(value.node), expression=string(translated))
    return exp.Escape(this=made, expression=string(mark)) if mark else made


def _escape(binder: Expressions, node: exp.Escape) -> Typed:
    mark = node.expression
    if not isinstance(mark, exp.Literal) or len(mark.name) > 1:
        raise binder.error(errors.INVALID_TEXT, "invalid escape string", mark, "Escape string must be one character.")
    inner = node.this
    negated = isinstance(inner, exp.Not)
    made = _pattern(binder, inner.this if negated else inner, mark.name)
    return typed(exp.Not(this=made.node), BOOLEAN) if negated else made


HANDLERS: dict[type[exp.Expr], Handler] = {
    **dict.fromkeys(_SYMBOLS, _comparison),
    exp.Is: _is,
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _pattern,
    exp.ILike: _pattern,
    exp.SimilarTo: _pattern,
    exp.RegexpLike: _pattern,
    exp.Escape: _escape,
}
