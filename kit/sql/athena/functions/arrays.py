"""Array functions and their lambdas. Source: Array functions and operators, Trino documentation, read 2026-11."""

from __future__ import annotations

from typing import Final

from kit.sql.athena import types
from kit.sql.athena.coerce import cast
from kit.sql.athena.expression import Expr, cast_sql, combine
from kit.sql.athena.functions.table import Call, Scalar
from kit.sql.athena.types import VARCHAR


def _body(call: Call, index: int) -> tuple[list[str], str]:
    """The parameters' names and the body of a lambda among the arguments."""
    head, _, body = call.sql(index).removeprefix("lambda ").partition(": ")
    return head.split(", "), body


def _matches(call: Call) -> str:
    """ALL, ANY and NONE match: unknown where no element decides and one is unknown."""
    results = f"list_transform({call.sql(0)}, {call.sql(1)})"
    word = {"all_match": "all", "any_match": "any", "none_match": "any"}[call.name]
    matched = f"kit_{word}({results})"
    return f"(NOT {matched})" if call.name == "none_match" else matched


def _join(call: Call) -> str:
    element = call.arguments[0].type.element
    text = cast(call.t, Expr("kit_e", element), VARCHAR, call.node).sql
    texts = call.sql(0) if text == "kit_e" else f"list_transform({call.sql(0)}, lambda kit_e: {text})"
    if len(call.arguments) == 3:
        texts = f"list_transform({texts}, lambda kit_f: coalesce(kit_f, {call.sql(2)}))"
    return f"kit_array_join({texts}, {call.sql(1)})"


def _sort(call: Call) -> str:
    """With a comparator: insertion, one element after the other, as stable as Trino's sort."""
    if len(call.arguments) == 1:
        return f"list_sort({call.sql(0)}, 'ASC', 'NULLS LAST')"
    (one, other), body = _body(call, 1)
    start = cast_sql("[]", call.returns)
    state = f'"{call.t.alias("kit_sorted")}"'
    before = f"list_filter({state}, lambda {one}: ({body}) <= 0)"
    after = f"list_filter({state}, lambda {one}: ({body}) > 0)"
    inserted = f"list_concat(list_concat({before}, [{other}]), {after})"
    return f"kit_reduce_start(list_reduce({call.sql(0)}, lambda {state}, {other}: {inserted}, {start}), {call.sql(0)})"


def _reduce(call: Call) -> str:
    (result,), body = _body(call, 3)
    state = f"list_reduce({call.sql(0)}, {call.sql(2)}, {call.sql(1)})"
    if body == result:
        return state
    return f"list_transform([{state}], {call.sql(3)})[1]"


def _zip(call: Call) -> Expr:
    """Rows of the arrays' elements, the shorter arrays filled up with NULL."""
    kind = types.array(types.row((None, argument.type.element) for argument in call.arguments))
    names = types.row_names(kind.element)
    lists = [argument.sql for argument in call.arguments]
    fields = ", ".join(f'"{name}" := kit_z[{index}]' for index, name in enumerate(names, 1))
    missing = " OR ".join(f"{sql} IS NULL" for sql in lists)
    rows = f"list_transform(list_zip({', '.join(lists)}), lambda kit_z: struct_pack({fields}))"
    return combine(f"(CASE WHEN {missing} THEN NULL ELSE {rows} END)", kind, call.given)


def _zip_with(call: Call) -> str:
    (one, other), body = _body(call, 2)
    pair = f'"{call.t.alias("kit_pair")}"'
    inner = f"list_transform([{pair}[1]], lambda {one}: list_transform([{pair}[2]], lambda {other}: {body})[1])[1]"
    missing = f"{call.sql(0)} IS NULL OR {call.sql(1)} IS NULL"
    pairs = f"list_transform(list_zip({call.sql(0)}, {call.sql(1)}), lambda {pair}: {inner})"
    return f"(CASE WHEN {missing} THEN NULL ELSE {pairs} END)"


def _repeat(call: Call) -> str:
    return f"list_transform(range({call.sql(1)}), lambda kit_r: {call.sql(0)})"


def _sequence(call: Call) -> str:
    step = call.sql(2) if len(call.arguments) > 2 else ""
    if call.returns.element == types.BIGINT:
        step = step or f"CASE WHEN {call.sql(0)} > {call.sql(1)} THEN -1 ELSE 1 END"
        return f"kit_sequence({call.sql(0)}, {call.sql(1)}, {step})"
    if step and call.arguments[2].type == types.INTERVAL_YEAR:
        return cast_sql(f"kit_months_apart({call.sql(0)}, {call.sql(1)}, kit_months({step}))", call.returns)
    step = step or f"to_days(CASE WHEN {call.sql(0)} > {call.sql(1)} THEN -1 ELSE 1 END)"
    return cast_sql(f"kit_moments({call.sql(0)}, {call.sql(1)}, {step})", call.returns)


def _shuffle(call: Call) -> str:
    tagged = f"list_transform({call.sql(0)}, lambda kit_s: struct_pack(k := random(), v := kit_s))"
    return f"list_transform(list_sort({tagged}), lambda kit_s: kit_s.v)"


def _combinations(call: Call) -> str:
    if not isinstance(call.constant(1), int) or not 0 <= call.constant(1) <= 3:
        raise call.t.unsupported("combinations of a size that is not a literal from 0 to 3", call.node)
    return f"kit_combinations_{call.constant(1)}({call.sql(0)})"


def _extreme(word: str) -> str:
    """MAX and MIN of an array: NULL if any element is."""
    return f"(CASE WHEN len(list_filter({{0}}, lambda kit_n: kit_n IS NULL)) > 0 THEN NULL ELSE list_{word}({{0}}) END)"


FUNCTIONS: Final = (
    *(
        Scalar(f"{name}(array(T), function(T, boolean)) -> boolean", _matches)
        for name in ("all_match", "any_match", "none_match")
    ),
    Scalar("array_distinct(array(E)) -> array(E)", "kit_array_distinct({0})"),
    Scalar("array_except(array(E), array(E)) -> array(E)", "kit_array_except({0}, {1})"),
    Scalar("array_first(array(E)) -> E", "{0}[1]"),
    Scalar("array_intersect(array(E), array(E)) -> array(E)", "kit_array_intersect({0}, {1})"),
    Scalar("array_join(array(T), varchar) -> varchar", _join),
    Scalar("array_join(array(T), varchar, varchar) -> varchar", _join),
    Scalar("array_last(array(E)) -> E", "{0}[-1]"),
    Scalar("array_max(array(T)) -> T", _extreme("max")),
    Scalar("array_min(array(T)) -> T", _extreme("min")),
    Scalar("array_position(array(T), T) -> bigint", "kit_array_position({0}, {1})"),
    Scalar("array_remove(array(E), E) -> array(E)", "kit_array_remove({0}, {1})"),
    Scalar("array_sort(array(E)) -> array(E)", _sort),
    Scalar("array_sort(array(T), function(T, T, integer)) -> array(T)", _sort),
    Scalar("array_union(array(E), array(E)) -> array(E)", "kit_array_distinct(kit_concat_lists({0}, {1}))"),
    Scalar("arrays_overlap(array(E), array(E)) -> boolean", "kit_arrays_overlap({0}, {1})"),
    Scalar("cardinality(array(E)) -> bigint", "len({0})"),
    Scalar("cardinality(map(K, V)) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    Scalar("combinations(array(T), bigint) -> array(array(T))", _combinations),
    Scalar("contains(array(T), T) -> boolean", "kit_contains({0}, {1})"),
    Scalar("contains_sequence(array(T), array(T)) -> boolean", "kit_contains_sequence({0}, {1})"),
    Scalar("element_at(array(E), bigint) -> E", "kit_element_at({0}, {1})"),
    Scalar("filter(array(T), function(T, boolean)) -> array(T)", "list_filter({0}, {1})"),
    Scalar("flatten(array(array(E))) -> array(E)", "flatten({0})"),
    Scalar("ngrams(array(T), bigint) -> array(array(T))", "kit_ngrams({0}, {1})"),
    Scalar("reduce(array(T), S, function(S, T, S), function(S, R)) -> R", _reduce),
    Scalar("repeat(T, bigint) -> array(T)", _repeat),
    Scalar("reverse(array(E)) -> array(E)", "list_reverse({0})"),
    Scalar("sequence(bigint, bigint) -> array(bigint)", _sequence),
    Scalar("sequence(bigint, bigint, bigint) -> array(bigint)", _sequence),
    Scalar("sequence(date, date) -> array(date)", _sequence),
    Scalar("sequence(date, date, interval day to second) -> array(date)", _sequence),
    Scalar("sequence(date, date, interval year to month) -> array(date)", _sequence),
    Scalar("sequence(timestamp(p), timestamp(p), interval day to second) -> array(timestamp(p))", _sequence),
    Scalar("sequence(timestamp(p), timestamp(p), interval year to month) -> array(timestamp(p))", _sequence),
    Scalar("shuffle(array(E)) -> array(E)", _shuffle, volatile=True),
    Scalar("slice(array(E), bigint, bigint) -> array(E)", "kit_slice({0}, {1}, {2})"),
    Scalar("transform(array(T), function(T, U)) -> array(U)", "list_transform({0}, {1})"),
    Scalar("trim_array(array(E), bigint) -> array(E)", "kit_trim_array({0}, {1})"),
    *(
        Scalar(f"zip({', '.join(f'array({letter})' for letter in 'ABCDE'[:count])}) -> array(row)", _zip)
        for count in (2, 3, 4, 5)
    ),
    Scalar("zip_with(array(T), array(U), function(T, U, R)) -> array(R)", _zip_with),
)
