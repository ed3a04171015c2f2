"""Whether an expression is NULL, or a predicate does not hold, where some columns are NULL. What is not known is no."""

from __future__ import annotations

from sqlglot import exp

_STRICT = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Paren, exp.Cast)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Like)


def is_null_where(tree: exp.Expr, columns: frozenset[str]) -> bool:
    """Whether an expression is NULL where all of `columns` are: it reads one through strict operators only."""
    if isinstance(tree, exp.Column):
        return tree.name in columns
    return isinstance(tree, _STRICT) and any(is_null_where(each, columns) for each in tree.iter_expressions())


def refuses_null(predicate: exp.Expr, columns: frozenset[str]) -> bool:
    """Whether a predicate cannot hold where all of `columns` are NULL."""
    if isinstance(predicate, exp.Not) and isinstance(predicate.this, exp.Is):
        subject = predicate.this.this
        return isinstance(subject, exp.Column) and subject.name in columns
    return isinstance(predicate, _COMPARISONS) and any(
        is_null_where(side, columns) for side in (predicate.left, predicate.right)
    )
