"""How many rows a predicate lets through, from ANALYZE's statistics. An estimate decides where work is done, never
what the answer is.

The constants are those of the textbook (and of PostgreSQL, from which Redshift's planner comes).
"""

from __future__ import annotations

import re
from datetime import date, datetime

from sqlglot import exp

from kit.warehouse.plan.context import Context
from kit.warehouse.plan.expression import Expr, conjuncts, disjuncts
from kit.warehouse.plan.facts import ColumnFacts
from kit.warehouse.plan.nodes import Column

EQUALITY = 0.005
RANGE = 1 / 3
NARROW_RANGE = 0.1
LIKE = 0.05
IN_SUBQUERY = 0.5
OTHER = 0.25
AGGREGATE_RANGE = 0.1
_EPOCH = date(1970, 1, 1)
_DATE_PARTS = frozenset({"YEAR", "MONTH", "QUARTER", "DAY", "DOW", "HOUR", "DOY", "WEEK"})
_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {exp.LT: exp.GT, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.GTE: exp.LTE}


def selectivity(tree: exp.Expr, context: Context) -> float:
    """The fraction of rows for which a predicate holds, in (0, 1]."""
    parts = conjuncts(tree)
    if len(parts) > 1:
        return _all(parts, context)
    return min(1.0, max(_single(parts[0], context), 1e-9))


def computed_facts(made: Column, value: Expr, context: Context) -> ColumnFacts | None:
    """What is known of a computed column: no more values than its columns have, or than its range has units."""
    if not value.columns or value.subqueries:
        return None
    distinct = 1.0
    for name in value.columns:
        known = context.facts.get(name)
        if known is None or known.distinct is None:
            return None
        distinct *= known.distinct
        part = _date_part(value.tree)
        if part and known.low is not None and known.high is not None:
            distinct = min(distinct, _units(part, known.high - known.low))
    if made.type == "BOOLEAN":
        distinct = 2.0
    return ColumnFacts(made.id, made.type, made.width_bytes, distinct=max(1.0, distinct))


def _date_part(tree: exp.Expr) -> str:
    """The part of a date that an expression takes, in capitals; empty where it takes none."""
    tree = _bare(tree)
    match tree:
        case exp.Extract():
            name = tree.name
        case exp.Anonymous() if tree.name.lower() == "date_part" and isinstance(tree.expressions[0], exp.Literal):
            name = tree.expressions[0].name
        case exp.Anonymous():
            name = tree.name
        case _:
            name = tree.key
    return name.upper() if name.upper() in _DATE_PARTS else ""


def _units(part: str, days: float) -> float:
    """How many values a part of a date takes over a span."""
    if part == "YEAR":
        return days / 365 + 1
    return {"MONTH": 12, "QUARTER": 4, "DAY": 31, "DOW": 7, "HOUR": 24, "DOY": 366, "WEEK": 53}.get(part, days + 1)


def _all(parts: list[exp.Expr], context: Context) -> float:
    product = 1.0
    bounds: dict[str, list[float]] = {}
    for part in parts:
        bounded = _range(part, context)
        if bounded is not None:
            bounds.setdefault(bounded[0], []).append(bounded[1])
        else:
            product *= selectivity(part, context)
    for fractions in bounds.values():
        # Two bounds on one column overlap: what passes both is the sum of what each cuts off, taken from all.
        product *= max(1e-4, 1 - sum(1 - fraction for fraction in fractions)) if len(fractions) > 1 else fractions[0]
    return product


def _single(tree: exp.Expr, context: Context) -> float:
    alternatives = disjuncts(tree)
    if len(alternatives) > 1:
        missed = 1.0
        for alternative in alternatives:
            missed *= 1 - selectivity(alternative, context)
        return 1 - missed
    match tree:
        case exp.Not():
            return 1 - selectivity(tree.this, context)
        case exp.EQ() | exp.NullSafeEQ():
            return _equality(tree, context)
        case exp.NEQ():
            return 1 - _equality(tree, context)
        case exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
            bounded = _range(tree, context)
            return bounded[1] if bounded is not None else RANGE
        case exp.Between():
            return _between(tree, context)
        case exp.In():
            return _in(tree, context)
        case exp.Like() | exp.ILike() | exp.SimilarTo() | exp.RegexpLike():
            return 1 - LIKE if tree.args.get("negate") else LIKE
        case exp.Is():
            known = context.facts.get(tree.this.name) if isinstance(tree.this, exp.Column) else None
            return max(known.null_fraction, 0.001) if known is not None else 0.01
        case exp.Boolean():
            return 1.0 if tree.this else 1e-9
        case exp.Exists():
            return IN_SUBQUERY
        case _:
            return OTHER


def _equality(tree: exp.Binary, context: Context) -> float:
    sides = [_bare(tree.left), _bare(tree.right)]
    counts = [
        known.distinct
        for side in sides
        if isinstance(side, exp.Column) and (known := context.facts.get(side.name)) is not None and known.distinct
    ]
    return 1 / max(1.0, *counts) if counts else EQUALITY


def _in(tree: exp.In, context: Context) -> float:
    if tree.args.get("query") is not None:
        return IN_SUBQUERY
    subject = _bare(tree.this)
    known = context.facts.get(subject.name) if isinstance(subject, exp.Column) else None
    each = 1 / known.distinct if known is not None and known.distinct else EQUALITY
    return min(1.0, each * len(tree.expressions))


def _between(tree: exp.Between, context: Context) -> float:
    low = _bounded(tree.this, exp.GTE, tree.args["low"], context)
    high = _bounded(tree.this, exp.LTE, tree.args["high"], context)
    if low is None or high is None:
        return NARROW_RANGE
    return max(1e-4, low[1] + high[1] - 1)


def _range(tree: exp.Expr, context: Context) -> tuple[str, float] | None:
    """The column that a comparison with a constant bounds, and what passes."""
    flipped = _FLIPPED.get(type(tree))
    if flipped is None or not isinstance(tree, exp.Binary):
        return None
    return _bounded(tree.left, type(tree), tree.right, context) or _bounded(tree.right, flipped, tree.left, context)


def _bounded(
    subject: exp.Expr, comparison: type[exp.Expr], bound: exp.Expr, context: Context
) -> tuple[str, float] | None:
    subject = _bare(subject)
    if not isinstance(subject, exp.Column):
        return None
    known = context.facts.get(subject.name)
    value = number_of(bound)
    if known is None or known.low is None or known.high is None or value is None:
        return None
    spread = known.high - known.low
    below = (value - known.low) / spread if spread > 0 else 0.5
    below = min(1.0, max(0.0, below))
    return subject.name, max(1e-4, below if issubclass(comparison, exp.LT | exp.LTE) else 1 - below)


def number_of(tree: exp.Expr) -> float | None:
    """The value of a constant on the scale of `ColumnFacts.low`: numbers as they are, instants in days since 1970."""
    tree = tree.unnest()
    match tree:
        case exp.Literal():
            return _literal(tree)
        case exp.Neg():
            value = number_of(tree.this)
            return None if value is None else -value
        case exp.Cast() if tree.to.is_type(exp.DType.INTERVAL):
            return _span(tree.this)
        case exp.Cast():
            return number_of(tree.this)
        case exp.Add() | exp.Sub():
            left, right = number_of(tree.left), number_of(tree.right)
            if left is None or right is None:
                return None
            return left + right if isinstance(tree, exp.Add) else left - right
        case exp.Interval():
            count = number_of(tree.this) if tree.this is not None else None
            days = _DAYS.get(str(tree.args.get("unit") or "").upper().removesuffix("S"))
            return None if count is None or days is None else count * days
        case _:
            return None


def _span(tree: exp.Expr) -> float | None:
    """Days of an interval that is written as `1 months 0 days 0 microseconds`."""
    found = _SPAN.fullmatch(tree.name) if isinstance(tree, exp.Literal) else None
    if found is None:
        return None
    return float(found[1]) * _DAYS["MONTH"] + float(found[2]) + float(found[3]) / 86_400_000_000


_SPAN = re.compile(r"(-?\d+) months (-?\d+) days (-?\d+) microseconds")
_DAYS = {"YEAR": 365.25, "QUARTER": 91.3, "MONTH": 30.44, "WEEK": 7, "DAY": 1, "HOUR": 1 / 24, "MINUTE": 1 / 1440}


def _literal(tree: exp.Literal) -> float | None:
    text = tree.name
    try:
        return float(text)
    except ValueError:
        pass
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (parsed.date() - _EPOCH).days + (parsed.hour * 3_600 + parsed.minute * 60 + parsed.second) / 86_400


def _bare(tree: exp.Expr) -> exp.Expr:
    """The expression without the casts around it."""
    while isinstance(tree, exp.Cast | exp.Paren):
        tree = tree.this
    return tree
