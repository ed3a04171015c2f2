"""CAST, `::`, CONVERT, TRY_CAST and CASE."""

from __future__ import annotations

from sqlglot import exp

from kit.base.errors import KitError
from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion, predicates
from kit.sql.redshift.binding.expressions import Expressions, Handler
from kit.sql.redshift.binding.typed import Typed, typed
from kit.sql.redshift.dialect import SPELLING
from kit.sql.redshift.types import UNKNOWN, Type, parse_type


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
    return coercion.explicit(binder.bind(node.this), type_of(binder, node.to), binder.script, at=node.this)


def _try_cast(binder: Expressions, node: exp.TryCast) -> Typed:
    """TRY_CAST: NULL where the conversion fails."""
    target = type_of(binder, node.to)
    value = coercion.settle(binder.bind(node.this))
    made = coercion.explicit(value, target, binder.script, at=node.this)
    return typed(exp.Anonymous(this="try", expressions=[made.node]), target, blanks=made.blanks)


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
    value = binder.bind(node)
    try:
        return binder.as_boolean(value, node)
    except KitError:
        raise binder.error(
            errors.DATATYPE_MISMATCH, f"argument of CASE/WHEN must be type boolean, not type {value.type}", node
        ) from None


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
            errors.DATATYPE_MISMATCH, f"{what} types {kinds[0]} and {other} cannot be matched", at
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
