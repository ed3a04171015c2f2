"""Expressions: from a node of Trino's tree to DuckDB text with a type, one function a kind of node.

Total by construction: a node that has no function here is refused by name, so that nothing reaches DuckDB untranslated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlglot import exp

from kit.base.domain import OneOf
from kit.base.errors import did_you_mean
from kit.sql.athena import calls, coerce, operators, restrict, subqueries, types
from kit.sql.athena.dialect import LITERAL
from kit.sql.athena.expression import NOT_CONSTANT, Expr, cast_sql, combine, exact, text_literal
from kit.sql.athena.literals import decimal_type, string_literal
from kit.sql.athena.operators import SYMBOLS, constant
from kit.sql.athena.scope import Scope, Visible
from kit.sql.athena.translation import Translation
from kit.sql.athena.type_names import from_tree
from kit.sql.athena.types import BOOLEAN, VARCHAR, Type

Handler = Callable[[Translation, Any, Scope], Expr]


def expression(t: Translation, node: exp.Expr, scope: Scope) -> Expr:
    """The expression that `node` stands for, where `scope` says what its names mean."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        raise t.unsupported(f"{type(node).__name__}", node)
    result = handler(t, node, scope)
    if result.ungrouped >= 0 and scope.groups and result.sql in scope.groups:
        return replace(result, sql=scope.groups[result.sql], ungrouped=-1)
    return result


# Names


def _column(t: Translation, node: exp.Column, scope: Scope) -> Expr:
    parts = [part.name.lower() for part in node.parts]
    if isinstance(node.this, exp.Star):
        raise t.error("SYNTAX_ERROR", "mismatched input '*'", node)
    for level in scope.chain():
        found = _resolve(t, node, parts, level)
        if found is not None:
            visible, fields = found
            result = _reference(t, visible, node, level is scope)
            for name in fields:
                result = _field(t, result, name, node)
            return result
    raise t.unknown_column(".".join(part.name for part in node.parts), node, scope)


def _resolve(
    t: Translation, node: exp.Column, parts: list[str], level: Scope
) -> tuple[Visible | Expr, list[str]] | None:
    """What the longest prefix of a dotted name means in one scope, and the rest of the name: fields of rows."""
    if parts[0] in level.lambdas:
        return level.lambdas[parts[0]], parts[1:]
    if len(parts) == 1 and parts[0] in level.outputs:
        return _one(t, node, level.outputs[parts[0]], parts[0]), []
    # catalog.database.table.column, database.table.column, table.column, column; whatever follows are fields.
    if len(parts) >= 3 and (matches := level.qualified(parts[1], parts[2], parts[0])):
        return _one(t, node, matches, parts[2]), parts[3:]
    if len(parts) >= 2 and (matches := level.qualified(parts[0], parts[1])):
        return _one(t, node, matches, parts[1]), parts[2:]
    if len(parts) >= 2 and level.has_relation(parts[0]):
        return None
    if matches := level.named(parts[0]):
        return _one(t, node, matches, parts[0]), parts[1:]
    return None


def _one(t: Translation, node: exp.Column, matches: list[Any], name: str) -> Any:
    if len(matches) > 1:
        raise t.error(
            "AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", node, "Write it with its table's name or alias."
        )
    return matches[0]


def _reference(t: Translation, visible: Visible | Expr, node: exp.Expr, is_local: bool) -> Expr:
    if isinstance(visible, Expr):
        return visible
    t.note(visible.uses)
    if not is_local:
        # What a subquery asks of a column around it restricts the subquery, not the rows around it.
        return Expr(visible.sql, visible.field.type)
    start = node.parts[0].meta.get("start", 0) if isinstance(node, exp.Column) else -1
    origins = visible.field.origins
    holds = dict.fromkeys(origins, OneOf((True,))) if visible.field.type == BOOLEAN and origins else None
    return Expr(visible.sql, visible.field.type, ungrouped=start, origins=origins, restricts=holds)


def _identifier(t: Translation, node: exp.Identifier, scope: Scope) -> Expr:
    """A lambda's parameter."""
    name = node.name.lower()
    if name not in scope.lambdas:
        raise t.unknown_column(node.name, node, scope)
    return scope.lambdas[name]


def _field(t: Translation, value: Expr, name: str, at: exp.Expr) -> Expr:
    if value.type.name != "row":
        raise t.mismatch(f"Expression {at.sql('trino')} is not of type ROW", at)
    matches = [
        index for index, (field, _) in enumerate(value.type.fields) if field is not None and field.lower() == name
    ]
    if len(matches) > 1:
        raise t.error("AMBIGUOUS_NAME", f"Ambiguous row field reference: {name}", at)
    if not matches:
        names = [field for field, _ in value.type.fields if field]
        raise t.error(
            "COLUMN_NOT_FOUND", f"Column '{at.sql('trino')}' cannot be resolved", at, did_you_mean(name, names)
        )
    return row_field(value, matches[0])


def row_field(value: Expr, index: int) -> Expr:
    """A field of a row by its position from 0."""
    name = types.row_names(value.type)[index]
    return combine(f"struct_extract({value.sql}, {text_literal(name)})", value.type.fields[index][1], (value,))


def _dot(t: Translation, node: exp.Dot, scope: Scope) -> Expr:
    if not isinstance(node.expression, exp.Identifier):
        raise t.error("FUNCTION_NOT_FOUND", f"Function '{node.sql('trino')}' not registered", node)
    return _field(t, t.expression(node.this, scope), node.expression.name.lower(), node)


# Literals


def _literal(t: Translation, node: exp.Literal, _: Scope) -> Expr:
    text = node.this
    if node.is_string:
        return string_literal(text)
    if "e" in text.lower():
        return constant(float(text), types.DOUBLE)
    text = text.replace("_", "")
    if "." in text:
        return constant(Decimal(text), decimal_type(t, text, node))
    number = int(text)
    if number >= 2**63:
        raise t.error("NUMERIC_VALUE_OUT_OF_RANGE", f"Invalid numeric literal: {text}", node)
    return constant(number, types.INTEGER if number < 2**31 else types.BIGINT)


def _boolean(_: Translation, node: exp.Boolean, __: Scope) -> Expr:
    return constant(bool(node.this), BOOLEAN)


def _null(_: Translation, __: exp.Null, ___: Scope) -> Expr:
    return Expr("NULL", types.UNKNOWN, constant=None)


def _hex(t: Translation, node: exp.HexString, _: Scope) -> Expr:
    digits = re.sub(r"\s", "", str(node.this))
    if len(digits) % 2:
        raise t.error("SYNTAX_ERROR", "Binary literal must contain an even number of digits", node)
    return constant(bytes.fromhex(digits), types.VARBINARY)


def _unicode(_: Translation, node: exp.UnicodeString, __: Scope) -> Expr:
    """U&'...' with \\XXXX and \\+XXXXXX."""

    def character(found: re.Match[str]) -> str:
        return "\\" if found[0] == "\\\\" else chr(int(found[1] or found[2], 16))

    return string_literal(re.sub(r"\\\\|\\([0-9A-Fa-f]{4})|\\\+([0-9A-Fa-f]{6})", character, str(node.this)))


def _parameter(t: Translation, node: exp.Parameter, _: Scope) -> Expr:
    name = node.this.name
    if name not in t.parameters:
        raise t.error(
            "MISSING_PARAMETER",
            f"There is no value for the parameter ':{name}'",
            node,
            did_you_mean(name, t.parameters),
        )
    return _value(t, name, t.parameters[name], node)


def _placeholder(t: Translation, node: exp.Placeholder, _: Scope) -> Expr:
    index = node.meta["index"]
    if index >= len(t.positional):
        message = f"Incorrect number of parameters: expected {t.placeholders} but found {len(t.positional)}"
        raise t.error("INVALID_PARAMETER_USAGE", message, node)
    return _value(t, f"_{index + 1}", t.positional[index], node)


def _value(t: Translation, name: str, value: Any, at: exp.Expr) -> Expr:
    """A bound parameter, in the type that Trino's literal of this value has."""
    kind = value_type(value)
    if kind is None:
        raise t.mismatch(
            f"A parameter cannot be a {type(value).__name__}",
            at,
            "Pass a number, text, date, datetime, bool, bytes, None or a list.",
        )
    if value is None:
        return Expr("NULL", kind, constant=None)
    known = value if not isinstance(value, (list, tuple, UUID, time)) else NOT_CONSTANT
    if isinstance(value, datetime) and value.tzinfo is not None:
        known = NOT_CONSTANT
    return Expr(cast_sql(t.bind(name, value), kind), kind, constant=known)


def value_type(value: Any) -> Type | None:
    """The Trino type of a Python value; None where it has none."""
    match value:
        case None:
            return types.UNKNOWN
        case bool():
            return BOOLEAN
        case int():
            if -(2**31) <= value < 2**31:
                return types.INTEGER
            return types.BIGINT if -(2**63) <= value < 2**63 else None
        case float():
            return types.DOUBLE
        case Decimal():
            return _decimal_value_type(value)
        case str():
            return VARCHAR
        case bytes():
            return types.VARBINARY
        case datetime():
            precision = 3 if value.microsecond % 1000 == 0 else 6
            return types.timestamp(precision) if value.tzinfo is None else types.timestamp_tz(precision, "UTC")
        case date():
            return types.DATE
        case time() if value.tzinfo is None:
            return types.time(3 if value.microsecond % 1000 == 0 else 6)
        case timedelta():
            return types.INTERVAL_DAY
        case UUID():
            return types.UUID
        case list() | tuple():
            kind = types.UNKNOWN
            for item in value:
                one = value_type(item)
                wider = one and types.common_supertype(kind, one)
                if wider is None:
                    return None
                kind = wider
            return types.array(kind)
        case _:
            return None


def _decimal_value_type(value: Decimal) -> Type | None:
    if not value.is_finite():
        return None
    _, digits, exponent = value.as_tuple()
    scale = max(0, -int(exponent))
    precision = max(len(digits) + max(0, int(exponent)), scale, 1)
    return types.decimal(precision, scale) if precision <= types.MAX_PRECISION else None


def _interval(t: Translation, node: exp.Interval, _: Scope) -> Expr:
    from kit.sql.athena.literals import interval_literal

    return interval_literal(t, node)


# Operators


def _binary(t: Translation, node: exp.Binary, scope: Scope) -> Expr:
    left, right = t.expression(node.this, scope), t.expression(node.expression, scope)
    return operators.arithmetic(t, SYMBOLS[type(node)], left, right, node)


def _comparison(t: Translation, node: exp.Binary, scope: Scope) -> Expr:
    symbol = SYMBOLS[type(node)]
    quantified = node.expression
    if isinstance(quantified, (exp.Any, exp.All)) or subqueries.is_some(quantified):
        return subqueries.quantified(t, symbol, node, scope)
    left, right = t.expression(node.this, scope), t.expression(quantified, scope)
    return operators.compare(t, symbol, exact(left), exact(right), node)


def _logical(t: Translation, node: exp.Connector, scope: Scope) -> Expr:
    symbol = "AND" if isinstance(node, exp.And) else "OR"
    return operators.logical(t, symbol, [t.expression(part, scope) for part in _flat(node, type(node))], node)


def _flat(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """The terms of a chain of one connector, without recursion: generated SQL has chains of thousands."""
    terms: list[exp.Expr] = []
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, kind):
            stack.extend((top.expression, top.this))
        else:
            terms.append(top)
    return terms


def _not(t: Translation, node: exp.Not, scope: Scope) -> Expr:
    if isinstance(node.this, exp.In) and node.this.args.get("query"):
        return subqueries.membership(t, node.this, scope, negated=True)
    return operators.negation(t, t.expression(node.this, scope), node)


def _negate(t: Translation, node: exp.Neg, scope: Scope) -> Expr:
    inner = node.this
    if isinstance(inner, exp.Literal) and not inner.is_string and inner.this == str(2**63):
        return constant(-(2**63), types.BIGINT)
    return operators.negate(t, t.expression(inner, scope), node)


def _paren(t: Translation, node: exp.Paren, scope: Scope) -> Expr:
    return t.expression(node.this, scope)


def _is(t: Translation, node: exp.Is, scope: Scope) -> Expr:
    if not isinstance(node.expression, exp.Null):
        raise t.error("SYNTAX_ERROR", "mismatched input after IS. Expecting: 'DISTINCT', 'NOT', 'NULL'", node)
    value = t.expression(node.this, scope)
    return combine(f"({value.sql} IS NULL)", BOOLEAN, (value,))


def _between(t: Translation, node: exp.Between, scope: Scope) -> Expr:
    t.only(node, "this", "low", "high")
    parts = [exact(t.expression(node.args[key], scope)) for key in ("this", "low", "high")]
    return operators.between(t, parts[0], parts[1], parts[2], node)


def _in(t: Translation, node: exp.In, scope: Scope) -> Expr:
    t.only(node, "this", "expressions", "query")
    if node.args.get("query"):
        return subqueries.membership(t, node, scope, negated=False)
    if not node.expressions:
        raise t.error("SYNTAX_ERROR", "mismatched input ')'. Expecting: <expression>, <query>", node)
    value = t.expression(node.this, scope)
    return operators.contained(t, value, [t.expression(item, scope) for item in node.expressions], node)


def _like(t: Translation, node: exp.Like, scope: Scope, escape: exp.Expr | None = None) -> Expr:
    value, pattern = t.expression(node.this, scope), t.expression(node.expression, scope)
    for side, part in (("Left side", value), ("Pattern", pattern)):
        if part.type.name not in ("varchar", "char", "unknown"):
            what = f"{side} of LIKE expression must evaluate to a varchar (actual: {part.type})"
            raise t.mismatch(what if side == "Left side" else what.replace("Pattern of", "Pattern for"), node)
    parts = [value, pattern]
    suffix = ""
    mark: Any = ""
    if escape is not None:
        parts.append(t.expression(escape, scope))
        mark = parts[-1].constant
        if isinstance(mark, str) and len(mark) != 1:
            raise t.error("INVALID_FUNCTION_ARGUMENT", "Escape string must be a single character", escape)
        suffix = f" ESCAPE {parts[-1].sql}"
    result = combine(f"({value.sql} LIKE {pattern.sql}{suffix})", BOOLEAN, parts)
    if isinstance(mark, str) and isinstance(pattern.constant, str):
        result = replace(result, restricts=_like_restriction(value, pattern, mark))
    if node.args.get("negate"):
        return combine(f"(NOT {result.sql})", BOOLEAN, (result,))
    return result


def _like_restriction(value: Expr, pattern: Expr, mark: str) -> restrict.Restrictions | None:
    """What begins with the pattern's text up to its first wildcard; `mark` takes what follows it literally."""
    found = re.match(rf"(?:{re.escape(mark)}.|[^%_])*" if mark else r"[^%_]*", pattern.constant, re.DOTALL)
    fixed = found[0] if found is not None else ""
    plain = re.sub(rf"{re.escape(mark)}(.)", r"\1", fixed, flags=re.DOTALL) if mark else fixed
    if len(fixed) == len(pattern.constant):
        return restrict.comparison("=", value, replace(pattern, constant=plain))
    return restrict.prefix(value, plain)


def _escape(t: Translation, node: exp.Escape, scope: Scope) -> Expr:
    if not isinstance(node.this, exp.Like):
        raise t.error("SYNTAX_ERROR", "mismatched input 'ESCAPE'", node)
    return _like(t, node.this, scope, node.expression)


def _concat(t: Translation, node: exp.DPipe, scope: Scope) -> Expr:
    parts = [t.expression(part, scope) for part in _flat(node, exp.DPipe)]
    result = parts[0]
    for part in parts[1:]:
        result = operators.concatenate(t, result, part, node)
    return result


def _at_time_zone(t: Translation, node: exp.AtTimeZone, scope: Scope) -> Expr:
    from kit.sql.athena.functions.instants import at_time_zone

    return at_time_zone(t, t.expression(node.this, scope), t.expression(node.args["zone"], scope), node)


# Conditionals


def _case(t: Translation, node: exp.Case, scope: Scope) -> Expr:
    t.only(node, "this", "ifs", "default")
    operand = t.expression(node.this, scope) if node.this else None
    conditions: list[Expr] = []
    for branch in node.args["ifs"]:
        condition = t.expression(branch.this, scope)
        if operand is not None:
            condition = operators.compare(t, "=", exact(operand), exact(condition), branch.this)
        elif condition.type != BOOLEAN and condition.type.name != "unknown":
            raise t.mismatch(f"CASE WHEN clause must evaluate to a boolean (actual: {condition.type})", branch.this)
        conditions.append(condition)
    results = [exact(t.expression(branch.args["true"], scope)) for branch in node.args["ifs"]]
    default = node.args.get("default")
    results.append(
        exact(t.expression(default, scope)) if default is not None else Expr("NULL", types.UNKNOWN, constant=None)
    )
    results = coerce.common(t, results, node, "All CASE results must be the same type or coercible to a common type")
    branches = " ".join(f"WHEN {c.sql} THEN {r.sql}" for c, r in zip(conditions, results, strict=False))
    parts = [*conditions, *results]
    return combine(f"(CASE {branches} ELSE {results[-1].sql} END)", results[-1].type, parts)


def _cast(t: Translation, node: exp.Cast, scope: Scope) -> Expr:
    if node.meta.get(LITERAL):
        return _typed_literal(t, node)
    t.only(node, "this", "to", "safe")
    target = from_tree(t, node.args["to"])
    return coerce.cast(t, t.expression(node.this, scope), target, node, trying=isinstance(node, exp.TryCast))


def _typed_literal(t: Translation, node: exp.Cast) -> Expr:
    """`DATE '2013-01-31'` and its kin: constants, checked while translating."""
    from kit.sql.athena.literals import typed_literal

    return typed_literal(t, node)


# Rows, arrays, maps


def _array(t: Translation, node: exp.Array, scope: Scope) -> Expr:
    items = [exact(t.expression(item, scope)) for item in node.expressions]
    if not items:
        return Expr("[]", types.array(types.UNKNOWN))
    items = coerce.common(t, items, node, "All ARRAY elements must be the same type or coercible to a common type")
    return combine(f"[{', '.join(item.sql for item in items)}]", types.array(items[0].type), items)


def _tuple(t: Translation, node: exp.Tuple, scope: Scope) -> Expr:
    return calls.make_row(t, [exact(t.expression(item, scope)) for item in node.expressions])


def _bracket(t: Translation, node: exp.Bracket, scope: Scope) -> Expr:
    t.only(node, "this", "expressions")
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        raise t.error("SYNTAX_ERROR", "mismatched input ':'. Expecting: ']'", node, "Use slice(array, start, length).")
    value, index = t.expression(node.this, scope), t.expression(node.expressions[0], scope)
    match value.type.name:
        case "array":
            if not types.can_coerce(index.type, types.BIGINT):
                raise t.mismatch(f"Cannot use {index.type} for subscript of {value.type}", node)
            return combine(_element(value, index), value.type.element, (value, index))
        case "map":
            if not types.can_coerce(index.type, value.type.key):
                raise t.mismatch(f"Cannot use {index.type} for subscript of {value.type}", node)
            key = coerce.coerce(exact(index), value.type.key)
            return combine(f"kit_map_value({value.sql}, {key.sql})", value.type.value, (value, key))
        case "row":
            if not isinstance(index.constant, int) or not isinstance(node.expressions[0], exp.Literal):
                raise t.error("EXPRESSION_NOT_CONSTANT", "Subscript expression on ROW requires a constant index", node)
            if not 1 <= index.constant <= len(value.type.fields):
                message = f"Invalid subscript index: {index.constant}. ROW indices start at 1"
                raise t.error("INVALID_FUNCTION_ARGUMENT", message, node)
            return row_field(value, index.constant - 1)
        case _:
            raise t.mismatch(f"Cannot use {index.type} for subscript of {value.type}", node)


def _element(value: Expr, index: Expr) -> str:
    if isinstance(index.constant, int) and index.constant > 0:
        return f"kit_element({value.sql}, {index.constant})"
    return f"kit_subscript({value.sql}, {index.sql})"


def _alias(t: Translation, node: exp.Alias, _: Scope) -> Expr:
    raise t.error("SYNTAX_ERROR", "mismatched input 'AS'", node)


_HANDLERS: Final[Mapping[type[exp.Expr], Handler]] = {
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Dot: _dot,
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.HexString: _hex,
    exp.UnicodeString: _unicode,
    exp.Parameter: _parameter,
    exp.Placeholder: _placeholder,
    exp.Interval: _interval,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _binary),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ), _comparison),
    exp.And: _logical,
    exp.Or: _logical,
    exp.Not: _not,
    exp.Neg: _negate,
    exp.Paren: _paren,
    exp.Is: _is,
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like,
    exp.Escape: _escape,
    exp.DPipe: _concat,
    exp.AtTimeZone: _at_time_zone,
    exp.Case: _case,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Array: _array,
    exp.Tuple: _tuple,
    exp.Bracket: _bracket,
    exp.Alias: _alias,
    exp.Subquery: subqueries.scalar,
    exp.Exists: subqueries.exists,
    **calls.HANDLERS,
}
