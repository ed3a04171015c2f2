"""CAST, `::`, CONVERT, TRY_CAST and CASE."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion, predicates
from kit.sql.redshift.binding.expressions import Expressions, Handler
from kit.sql.redshift.binding.typed import Typed, call, try_cast, typed
from kit.sql.redshift.dialect import SPELLING
from kit.sql.redshift.types import UNKNOWN, Kind, Type, parse_type


def type_of(binder: Expressions, node: exp.Expr) -> Type:
    """The type that was written; raises 42704 for an unknown one."""
    spelling = node.meta.get(SPELLING) or node.sql(dialect="redshift")
    try:
        return parse_type(spelling)
    except KitError as error:
        raise binder.error(error.code, error.message, node, error.hint) from None


def _cast(binder: Expressions, node: exp.Cast) -> Typed:
    if node.args.get("format") is not None or node.args.get("action") is not None:
        raise binder.unsupported("CAST with a FORMAT", node)
    return coercion.explicit(binder.bind(node.this), type_of(binder, node.to), binder.script, at=node)


def _try_cast(binder: Expressions, node: exp.TryCast) -> Typed:
    """TRY_CAST: NULL where the conversion fails."""
    target = type_of(binder, node.to)
    value = coercion.settle(binder.bind(node.this))
    # Refuses what no CAST does, and says whether the text may end in blanks.
    made = coercion.explicit(value, target, binder.script, at=node)
    if not value.type.is_text or target.is_text:
        return typed(_tried(made.node, target), target, blanks=made.blanks)
    reader = _TRIED_READERS.get(target.kind, "trim")
    return typed(try_cast(call(reader, value.node.copy()), target), target)


# What of a text may be cast: NULL where Redshift would fail.
_TRIED_READERS: Final = {
    Kind.SMALLINT: "rs_try_integer",
    Kind.INTEGER: "rs_try_integer",
    Kind.BIGINT: "rs_try_integer",
    Kind.BOOLEAN: "rs_try_boolean",
    Kind.DATE: "rs_stamp",
    Kind.TIMESTAMP: "rs_stamp",
}


def _tried(node: exp.Expr, target: Type) -> exp.Expr:
    return try_cast(node.this, target) if isinstance(node, exp.Cast) else node


def _case(binder: Expressions, node: exp.Case) -> Typed:
    subject = node.args.get("this")
    conditions: list[exp.Expr] = []
    results: list[Typed] = []
    for branch in node.args["ifs"]:
        if subject is None:
            conditions.append(_condition(binder, branch.this))
        else:
            value = binder.bind(subject)
            conditions.append(predicates.compare(binder, exp.EQ, value, binder.bind(branch.this), branch))
        results.append(binder.bind(branch.args["true"]))
    default = node.args.get("default")
    if default is not None:
        results.append(binder.bind(default))
    return choose(binder, conditions, results, "CASE", node)


def _condition(binder: Expressions, node: exp.Expr) -> exp.Expr:
    return binder.boolean(node, "CASE/WHEN")


def choose(binder: Expressions, conditions: list[exp.Expr], results: list[Typed], what: str, at: exp.Expr) -> Typed:
    """CASE over conditions; a result more than conditions is the ELSE. The results take on their common type."""
    target = common_type(binder, results, what, at)
    converted = [coercion.explicit(result, target, binder.script) for result in results]
    branches = [
        exp.If(this=condition, true=result.node) for condition, result in zip(conditions, converted, strict=False)
    ]
    default = converted[-1].node if len(converted) > len(conditions) else None
    blanks = any(result.blanks for result in converted)
    return typed(exp.Case(ifs=branches, default=default), target, blanks=blanks)


def common_type(binder: Expressions, values: list[Typed], what: str, at: exp.Expr) -> Type:
    """The type that all values take on; raises 42804 in the words that Redshift has for `what`."""
    try:
        target = coercion.common([value.type for value in values])
    except coercion.IncompatibleError:
        kinds = [value.type for value in values if value.type is not UNKNOWN]
        other = next((kind for kind in kinds[1:] if kind.kind is not kinds[0].kind), kinds[-1])
        raise binder.error(
            errors.DATATYPE_MISMATCH, f"{what} types {kinds[0].name} and {other.name} cannot be matched", at
        ) from None
    if target is not UNKNOWN and not target.is_text:
        return target
    settled = [coercion.settle(value).type for value in values]
    texts = [kind for kind in settled if kind.is_text]
    return coercion.common(texts) if texts else target


HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Cast: _cast,
    exp.TryCast: _try_cast,
    exp.Case: _case,
}
