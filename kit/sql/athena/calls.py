"""Calls of functions: which function is meant, its arguments in the right types, lambdas, aggregates and windows.

What a function does in DuckDB's words stands in the tables of `functions`; here is only how a call finds its entry
and is put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlglot import exp

from kit.base.errors import did_you_mean
from kit.sql.athena import folding, forms, types
from kit.sql.athena.coerce import coerce
from kit.sql.athena.expression import (
    AGGREGATE,
    NOT_CONSTANT,
    SUBQUERY,
    VOLATILE,
    WINDOW,
    Expr,
    combine,
    exact,
)
from kit.sql.athena.functions import FUNCTIONS
from kit.sql.athena.functions.signature import Bindings, Signature, match, mentions_row, substitute
from kit.sql.athena.functions.table import Aggregate, Call, Function, Scalar, Window
from kit.sql.athena.ordering import check_comparable, order_by
from kit.sql.athena.scope import Scope
from kit.sql.athena.translation import Translation
from kit.sql.athena.types import BOOLEAN, TIMESTAMP_TZ, UNKNOWN, Type, common_supertype
from kit.sql.athena.zones import instant

Handler = Callable[[Translation, Any, Scope], Expr]


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call with everything that SQL can hang on it."""

    node: exp.Expr
    name: str
    arguments: Sequence[exp.Expr]
    distinct: bool = False
    order: Sequence[exp.Expr] = ()
    condition: exp.Expr | None = None
    nulls: str = ""
    over: exp.Window | None = None


def call(t: Translation, node: exp.Expr, scope: Scope) -> Expr:
    """A call as it stands in an expression, with its FILTER, OVER and IGNORE NULLS around it."""
    over = condition = None
    nulls = ""
    inner = node
    if isinstance(inner, exp.Window):
        over, inner = inner, inner.this
    if isinstance(inner, (exp.IgnoreNulls, exp.RespectNulls)):
        nulls = "IGNORE NULLS" if isinstance(inner, exp.IgnoreNulls) else "RESPECT NULLS"
        inner = inner.this
    if isinstance(inner, exp.Filter):
        t.only(inner, "this", "expression")
        condition, inner = inner.expression.this, inner.this
    name, arguments = _head(t, inner)
    arguments, distinct, order = _unwrap(t, arguments)
    if name == "count" and len(arguments) == 1 and isinstance(arguments[0], exp.Star):
        arguments = ()
    if isinstance(inner, exp.GroupConcat):
        order = order or _within_group(node)
    invocation = Invocation(node, name, arguments, distinct, order, condition, nulls, over)
    if name in forms.FORMS:
        return forms.FORMS[name](t, inner, arguments, scope)
    return _resolve(t, invocation, scope)


def _head(t: Translation, node: exp.Expr) -> tuple[str, Sequence[exp.Expr]]:
    """The name and arguments of a call, also of those that have a syntax of their own."""
    match node:
        case exp.Anonymous():
            return str(node.name).lower(), node.expressions
        case exp.StrPosition():
            t.only(node, "this", "substr")
            return "strpos", (node.this, node.args["substr"])
        case exp.Substring():
            parts = (node.this, node.args.get("start"), node.args.get("length"))
            return "substring", [part for part in parts if part is not None]
        case exp.Trim():
            t.only(node, "this", "expression", "position")
            names = {"LEADING": "ltrim", "TRAILING": "rtrim"}
            name = names.get(str(node.args.get("position") or "").upper(), "trim")
            return name, [part for part in (node.this, node.args.get("expression")) if part is not None]
        case exp.GroupConcat():
            t.only(node, "this", "separator")
            separator = node.args.get("separator") or exp.Literal.string("")
            return "listagg", (node.this, separator)
        case _:
            raise t.unsupported(type(node).__name__, node)


def _unwrap(t: Translation, arguments: Sequence[exp.Expr]) -> tuple[Sequence[exp.Expr], bool, Sequence[exp.Expr]]:
    """DISTINCT and ORDER BY, which sqlglot hangs on the arguments that they stand beside."""
    plain = list(arguments)
    order: Sequence[exp.Expr] = ()
    distinct = False
    for index, argument in enumerate(plain):
        if isinstance(argument, exp.Order):
            order, argument = argument.expressions, argument.this
        if isinstance(argument, exp.Distinct):
            t.only(argument, "expressions")
            distinct = True
            if index or len(argument.expressions) > 1:
                plain[index:] = [*argument.expressions, *plain[index + 1 :]]
                return plain, distinct, order
            argument = argument.expressions[0]
        if isinstance(argument, (exp.IgnoreNulls, exp.RespectNulls, exp.Limit, exp.HavingMax)):
            raise t.unsupported(f"{type(argument).__name__} inside the parentheses of a function", argument)
        plain[index] = argument
    return plain, distinct, order


def _within_group(node: exp.Expr) -> Sequence[exp.Expr]:
    found = node.find(exp.WithinGroup)
    return found.expression.expressions if found is not None else ()


# Resolution


def _resolve(t: Translation, invocation: Invocation, scope: Scope) -> Expr:
    functions = FUNCTIONS.functions.get(invocation.name)
    if functions is None:
        raise _unknown(t, invocation)
    given = [None if isinstance(a, exp.Lambda) else _loose_argument(t, a, scope) for a in invocation.arguments]
    function, bindings = _best(t, invocation, functions, given)
    signature = function.signature
    arguments, bindings = _lambdas(t, invocation, signature, given, bindings, scope)
    returns = substitute(signature.returns, bindings)
    for index, argument in enumerate(arguments):
        parameter = signature.parameter(index)
        as_is = isinstance(function, Aggregate) and function.as_is and argument.type.name != "unknown"
        if as_is:
            continue
        arguments[index] = exact(argument)
        if given[index] is not None and not mentions_row(parameter):
            arguments[index] = coerce(arguments[index], substitute(parameter, bindings))
    made = Call(
        t,
        invocation.name,
        invocation.node,
        arguments,
        [arguments[i] if e is None else exact(e) for i, e in enumerate(given)],
        returns,
        bindings,
    )
    match function:
        case Scalar():
            return _scalar(t, invocation, function, made)
        case Aggregate():
            return _aggregate(t, invocation, function, made, scope)
        case Window():
            return _window(t, invocation, function, made, scope)


def _argument(t: Translation, node: exp.Expr, scope: Scope) -> Expr:
    return exact(_loose_argument(t, node, scope))


def _loose_argument(t: Translation, node: exp.Expr, scope: Scope) -> Expr:
    if isinstance(node, exp.Star):
        raise t.error("SYNTAX_ERROR", "mismatched input '*'", node)
    if isinstance(node, (exp.Kwarg, exp.PropertyEQ)):
        raise t.unsupported("An argument by name", node)
    return t.expression(node, scope)


def _unknown(t: Translation, invocation: Invocation) -> Exception:
    refused = FUNCTIONS.refused.get(invocation.name)
    if refused is not None:
        return t.unsupported(f"The function {invocation.name}", invocation.node, refused.hint)
    known = (*FUNCTIONS.functions, *forms.FORMS)
    hint = FUNCTIONS.elsewhere.get(invocation.name, "") or did_you_mean(invocation.name, known)
    return t.error("FUNCTION_NOT_FOUND", f"Function '{invocation.name}' not registered", invocation.node, hint)


def _best(
    t: Translation, invocation: Invocation, functions: Sequence[Function], given: Sequence[Expr | None]
) -> tuple[Function, Bindings]:
    kinds = [None if argument is None else argument.type for argument in given]
    best: tuple[int, Function, Bindings] | None = None
    for function in functions:
        found = match(function.signature, kinds)
        if found is not None and (best is None or found[0] < best[0]):
            best = (found[0], function, found[1])
            if found[0] == 0:
                break
    if best is None:
        shown = ", ".join("function" if kind is None else str(kind) for kind in kinds)
        expected = ", ".join(dict.fromkeys(function.signature.text for function in functions))
        message = f"Unexpected parameters ({shown}) for function {invocation.name}. Expected: {expected}"
        raise t.error("FUNCTION_NOT_FOUND", message, invocation.node)
    return best[1], best[2]


# Lambdas


def _lambdas(
    t: Translation,
    invocation: Invocation,
    signature: Signature,
    given: Sequence[Expr | None],
    bindings: Bindings,
    scope: Scope,
) -> tuple[list[Expr], Bindings]:
    """The arguments with lambdas translated: their parameters' types come from the other arguments.

    A lambda may widen a variable that it both takes and returns (the state of `reduce`); then it is translated again.
    """
    for _ in range(4):
        arguments: list[Expr] = []
        before = dict(bindings)
        for index, argument in enumerate(given):
            if argument is not None:
                arguments.append(argument)
                continue
            node = invocation.arguments[index]
            assert isinstance(node, exp.Lambda)
            arguments.append(_lambda(t, invocation, node, signature.parameter(index), bindings, scope))
        if bindings == before or all(argument is not None for argument in given):
            return arguments, bindings
    return arguments, bindings


def _lambda(
    t: Translation, invocation: Invocation, node: exp.Lambda, kind: Type, bindings: Bindings, scope: Scope
) -> Expr:
    *parameters, result = kind.arguments
    if len(parameters) != len(node.expressions):
        message = f"Expected a lambda that takes {len(parameters)} argument(s) but got {len(node.expressions)}"
        raise t.error("INVALID_PARAMETER_USAGE", message, node)
    names = [parameter.name.lower() for parameter in node.expressions]
    unique = [t.alias(f"kit_{name}") for name in names]
    bound = {
        name: Expr(f'"{alias}"', substitute(parameter, bindings))
        for name, alias, parameter in zip(names, unique, parameters, strict=True)
    }
    body = exact(t.expression(node.this, scope.with_lambdas(bound)))
    if body.flags & SUBQUERY:
        raise t.error("NOT_SUPPORTED", "Lambda expression cannot contain subqueries", node)
    if body.flags & (AGGREGATE | WINDOW):
        message = "Lambda expression cannot contain aggregations, window functions or grouping operations"
        raise t.error("EXPRESSION_NOT_SCALAR", message, node)
    body = _lambda_result(t, invocation, body, result, bindings, node)
    shown = ", ".join(f'"{alias}"' for alias in unique)
    return replace(body, sql=f"lambda {shown}: {body.sql}", origins=(), restricts=None)


def _lambda_result(
    t: Translation, invocation: Invocation, body: Expr, result: Type, bindings: Bindings, node: exp.Lambda
) -> Expr:
    if result.name.startswith("$"):
        known = bindings.get(result.name)
        kind = body.type if known is None else common_supertype(known, body.type)
        if kind is not None:
            bindings[result.name] = kind
    else:
        kind = substitute(result, bindings)
        kind = kind if common_supertype(body.type, kind) == kind else None
    if kind is None:
        raise t.mismatch(f"Unexpected type {body.type} of the lambda given to {invocation.name}", node)
    return coerce(body, kind)


# Scalars


def _scalar(t: Translation, invocation: Invocation, function: Scalar, made: Call) -> Expr:
    _plain_only(t, invocation)
    made, bindings = _drawn_once(function, made)
    result = (
        function.emit.format(*[a.sql for a in made.arguments])
        if isinstance(function.emit, str)
        else function.emit(made)
    )
    flags = VOLATILE if function.volatile else 0
    known = folding.call(invocation.name, made.given)
    if isinstance(result, Expr):
        merged = combine(result.sql, result.type, made.given, flags | result.flags)
        return replace(merged, constant=known if known is not NOT_CONSTANT else result.constant)
    for variable, value in bindings:
        result = f"list_transform([{value}], lambda {variable}: {result})[1]"
    return replace(combine(result, made.returns, made.given, flags), constant=known)


def _drawn_once(function: Scalar, made: Call) -> tuple[Call, list[tuple[str, str]]]:
    """Arguments that give another value each time are computed before the template, which may repeat them."""
    arguments = list(made.arguments)
    bindings: list[tuple[str, str]] = []
    for index, argument in enumerate(arguments):
        is_lambda = argument.sql.startswith("lambda ")
        if argument.flags & VOLATILE and not is_lambda and function.repeats(index):
            variable = f'"{made.t.alias("kit_once")}"'
            bindings.append((variable, argument.sql))
            arguments[index] = replace(argument, sql=variable)
    return (replace(made, arguments=arguments), bindings) if bindings else (made, bindings)


def _plain_only(t: Translation, invocation: Invocation) -> None:
    if invocation.over is not None or invocation.condition is not None or invocation.distinct or invocation.order:
        message = (
            f"Function {invocation.name} is not an aggregation: DISTINCT, ORDER BY, FILTER and OVER do not apply to it"
        )
        raise t.error("FUNCTION_NOT_AGGREGATE", message, invocation.node)


# Aggregates and windows


def _aggregate(t: Translation, invocation: Invocation, function: Aggregate, made: Call, scope: Scope) -> Expr:
    order = order_by(t, invocation.order, scope)
    condition = _condition(t, invocation, scope)
    inner = [*made.given, *order.parts, *condition]
    over = "" if invocation.over is None else _over(t, invocation.over, scope)
    if invocation.over is None:
        _no_nesting(t, invocation, inner)
    elif invocation.distinct:
        raise t.unsupported("DISTINCT in window function parameters", invocation.node)
    if invocation.name == "approx_distinct" or (invocation.name == "count" and invocation.distinct):
        made = replace(made, arguments=[replace(part, sql=told_apart(part)) for part in made.arguments])
    elif invocation.distinct:
        for argument in made.arguments:
            check_comparable(t, argument.type, invocation.node, "DISTINCT")
    head = "DISTINCT " if invocation.distinct else ""
    tail = f" ORDER BY {order.sql}" if order.sql else ""
    filters = [f"({function.filters.format(*[a.sql for a in made.arguments])})"] if function.filters else []
    filters.extend(part.sql for part in condition)
    filter_ = f" FILTER (WHERE {' AND '.join(filters)})" if filters else ""
    over_sql = over.sql if isinstance(over, Expr) else ""
    cores = [
        f"{name}({head}{template.format(*[a.sql for a in made.arguments])}{tail}){filter_}{over_sql}"
        for name, template in function.cores
    ]
    sql = function.outer.format(*cores) if isinstance(function.outer, str) else function.outer(made, cores)
    parts = [*inner, *([over] if isinstance(over, Expr) else [])]
    result = combine(sql, made.returns, parts, WINDOW if over else AGGREGATE)
    return result if over else replace(result, ungrouped=-1)


def told_apart(expr: Expr) -> str:
    """What tells values apart: of instants with zones, the instant."""
    return instant(expr) if expr.type.name == TIMESTAMP_TZ else expr.sql


def _condition(t: Translation, invocation: Invocation, scope: Scope) -> list[Expr]:
    if invocation.condition is None:
        return []
    condition = t.expression(invocation.condition, scope)
    if condition.type != BOOLEAN and condition.type != UNKNOWN:
        raise t.mismatch(
            f"Filter expression must evaluate to a boolean (actual: {condition.type})", invocation.condition
        )
    return [condition]


def _no_nesting(t: Translation, invocation: Invocation, parts: Sequence[Expr]) -> None:
    for part in parts:
        if part.flags & AGGREGATE:
            message = f"Cannot nest aggregations inside aggregation '{invocation.name}'"
            raise t.error("NESTED_AGGREGATION", message, invocation.node)
        if part.flags & WINDOW:
            message = f"Cannot nest window functions inside aggregation '{invocation.name}'"
            raise t.error("NESTED_WINDOW", message, invocation.node)


def _window(t: Translation, invocation: Invocation, function: Window, made: Call, scope: Scope) -> Expr:
    if invocation.over is None:
        raise t.error("MISSING_OVER", f"Window function {invocation.name} requires an OVER clause", invocation.node)
    if invocation.distinct or invocation.condition is not None or invocation.order:
        raise t.unsupported(f"DISTINCT, ORDER BY or FILTER in the window function {invocation.name}", invocation.node)
    if invocation.nulls and not function.nulls:
        message = f"Cannot specify null treatment clause for {invocation.name} function"
        raise t.error("NULL_TREATMENT_NOT_ALLOWED", message, invocation.node)
    over = _over(t, invocation.over, scope)
    core = function.core.format(*[a.sql for a in made.arguments])
    if invocation.nulls == "IGNORE NULLS":
        core = f"{core[:-1]} IGNORE NULLS)"
    return combine(f"{core}{over.sql}", made.returns, (*made.given, over), WINDOW)


@dataclass(frozen=True, slots=True)
class _Specification:
    """The clauses of a window, those of the window that it builds upon included."""

    partition: Sequence[exp.Expr] = ()
    order: exp.Expr | None = None
    frame: exp.Expr | None = None


def _specification(t: Translation, node: exp.Window, scope: Scope, *, is_reference: bool = False) -> _Specification:
    """The clauses of an OVER or of a named window. A window may add to a named one what that does not have."""
    t.only(node, "this", "partition_by", "order", "spec", "alias", "over")
    own = _Specification(node.args.get("partition_by") or (), node.args.get("order"), node.args.get("spec"))
    alias = node.args.get("alias")
    if alias is None:
        return own
    named = scope.windows.get(alias.name.lower())
    if named is None or (is_reference and named is node):
        raise t.error("INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {alias.name}", node)
    base = _specification(t, named, scope, is_reference=True)
    if own == _Specification():
        return base
    if own.partition or (own.order is not None and base.order is not None) or base.frame is not None:
        message = f"WINDOW specification adds to {alias.name} what it already has or may not be given"
        raise t.error("INVALID_WINDOW_REFERENCE", message, node)
    return _Specification(base.partition, own.order or base.order, own.frame)


def _over(t: Translation, node: exp.Window, scope: Scope) -> Expr:
    """The OVER clause as an expression without a type, for what it contains."""
    specification = _specification(t, node, scope)
    keys = [exact(t.expression(part, scope)) for part in specification.partition]
    for key, part in zip(keys, specification.partition, strict=True):
        if key.type.name != TIMESTAMP_TZ:
            check_comparable(t, key.type, part, "PARTITION BY")
    order = order_by(t, specification.order.expressions if specification.order is not None else (), scope)
    frame, bounds = _frame(t, specification.frame, scope)
    pieces = [
        f"PARTITION BY {', '.join(map(told_apart, keys))}" if keys else "",
        f"ORDER BY {order.sql}" if order.sql else "",
        frame,
    ]
    parts = [*keys, *order.parts, *bounds]
    if any(part.flags & WINDOW for part in parts):
        message = "Cannot nest window functions inside a window specification"
        raise t.error("NESTED_WINDOW", message, node)
    return combine(f" OVER ({' '.join(filter(None, pieces))})", UNKNOWN, parts)


def _frame(t: Translation, spec: exp.Expr | None, scope: Scope) -> tuple[str, list[Expr]]:
    if spec is None:
        return "", []
    t.only(spec, "kind", "start", "start_side", "end", "end_side")
    parts: list[Expr] = []

    def bound(value: Any, side: Any) -> str:
        if isinstance(value, exp.Expr):
            expr = t.expression(value, scope)
            parts.append(expr)
            return f"{expr.sql} {str(side).upper()}"
        return f"{str(value).upper()} {str(side).upper()}" if side else str(value).upper()

    start = bound(spec.args["start"], spec.args.get("start_side"))
    kind = str(spec.args["kind"]).upper()
    end = spec.args.get("end")
    if end is None:
        return f"{kind} {start}", parts
    return f"{kind} BETWEEN {start} AND {bound(end, spec.args.get('end_side'))}", parts


# Special syntax


def _extract(t: Translation, node: exp.Extract, scope: Scope) -> Expr:
    from kit.sql.athena.functions.instants import extract

    t.only(node, "this", "expression")
    field, value = node.this.name.lower(), _argument(t, node.expression, scope)
    return replace(extract(t, field, value, node), constant=folding.call(field, (value,)))


def _normalize(t: Translation, node: exp.Normalize, scope: Scope) -> Expr:
    form = node.args.get("form")
    name = form.name.upper() if form is not None and form is not False else "NFC"
    if name != "NFC":
        raise t.unsupported(f"The normalization form {name}", node, "NFC is supported.")
    value = _argument(t, node.this, scope)
    return combine(f"nfc_normalize({value.sql})", types.VARCHAR, (value,))


def _constant_call(name: str) -> Handler:
    def handler(t: Translation, node: exp.Expr, scope: Scope) -> Expr:
        return forms.FORMS[name](t, node, (), scope)

    return handler


def _lambda_alone(t: Translation, node: exp.Lambda, _: Scope) -> Expr:
    raise t.error("SYNTAX_ERROR", "Lambda expression should always be used inside a function", node)


HANDLERS: Final[Mapping[type[exp.Expr], Handler]] = {
    **dict.fromkeys(
        (
            exp.Anonymous,
            exp.Window,
            exp.Filter,
            exp.IgnoreNulls,
            exp.RespectNulls,
            exp.StrPosition,
            exp.Substring,
            exp.Trim,
            exp.GroupConcat,
            exp.WithinGroup,
        ),
        call,
    ),
    exp.Extract: _extract,
    exp.Normalize: _normalize,
    exp.Lambda: _lambda_alone,
    exp.CurrentDate: _constant_call("current_date"),
    exp.CurrentTimestamp: _constant_call("current_timestamp"),
    exp.CurrentTime: _constant_call("current_time"),
    exp.Localtime: _constant_call("localtime"),
    exp.Localtimestamp: _constant_call("localtimestamp"),
    exp.CurrentUser: _constant_call("current_user"),
    exp.CurrentCatalog: _constant_call("current_catalog"),
    exp.CurrentSchema: _constant_call("current_schema"),
}


def make_row(_: Translation, items: Sequence[Expr]) -> Expr:
    """An anonymous row."""
    return forms.make_row(items)
