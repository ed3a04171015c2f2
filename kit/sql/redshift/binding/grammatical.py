"""Calls with a grammar of their own: SUBSTRING … FROM, TRIM … FROM, POSITION … IN, ARRAY[…]."""

from __future__ import annotations

from sqlglot import exp

from kit.sql.redshift.binding.expressions import Expressions, Handler
from kit.sql.redshift.binding.typed import Typed
from kit.sql.redshift.functions import text


def _substring(binder: Expressions, node: exp.Substring) -> Typed:
    parts = [node.this]
    start, length = node.args.get("start"), node.args.get("length")
    if start is not None:
        parts.append(start)
    elif length is not None:
        parts.append(exp.Literal.number(1))
    if length is not None:
        parts.append(length)
    return text.substring(binder, node, parts)


HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Substring: _substring,
    exp.Trim: text.trim,
    exp.StrPosition: text.position,
}
