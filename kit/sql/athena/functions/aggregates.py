"""Aggregates. Source: Aggregate functions, Trino documentation, read 2026-11.

Approximate aggregates stay approximate: their answers are within the same bounds as Trino's, not the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kit.sql.athena.expression import cast_sql
from kit.sql.athena.functions.table import Aggregate, Call
from kit.sql.athena.operators import rescaled


def _one(text: str, core: str, template: str = "{0}", outer: str = "{0}", filters: str = "") -> Aggregate:
    return Aggregate(text, ((core, template),), outer, filters)


def _decimal_average(call: Call, cores: Sequence[str]) -> str:
    """The exact sum by the count, rounded half up to the column's own scale."""
    total, count = cores
    scale = call.arguments[0].type.scale
    return rescaled(f"kit_quotient(kit_unscaled({total}, {10**scale}), CAST({count} AS HUGEINT))", call.returns)


def _returned(call: Call, cores: Sequence[str]) -> str:
    return cast_sql(cores[0], call.returns)


def _most_frequent(call: Call, cores: Sequence[str]) -> str:
    return f"kit_most_frequent({cores[0]}, {call.sql(0)})"


_CORRELATIONS: Final = ("corr", "covar_pop", "covar_samp", "regr_intercept", "regr_slope")
_MOMENTS: Final = {
    "stddev": "stddev_samp",
    "stddev_samp": "stddev_samp",
    "stddev_pop": "stddev_pop",
    "variance": "var_samp",
    "var_samp": "var_samp",
    "var_pop": "var_pop",
    "skewness": "skewness",
    "kurtosis": "kurtosis",
    "geometric_mean": "geomean",
}

FUNCTIONS: Final = (
    _one("any_value(T) -> T", "any_value"),
    _one("arbitrary(T) -> T", "any_value"),
    _one("array_agg(T) -> array(T)", "list"),
    Aggregate("approx_distinct(T) -> bigint", (("approx_count_distinct", "{0}"),)),
    Aggregate("approx_distinct(T, double) -> bigint", (("approx_count_distinct", "{0}"),)),
    *(
        Aggregate(
            f"approx_percentile({kind}, double) -> {kind}", (("approx_quantile", "{0}, CAST({1} AS FLOAT)"),), _returned
        )
        for kind in ("bigint", "real", "double")
    ),
    *(
        Aggregate(
            f"approx_percentile({kind}, array(double)) -> array({kind})",
            (("approx_quantile", "{0}, CAST({1} AS FLOAT[])"),),
            _returned,
        )
        for kind in ("bigint", "real", "double")
    ),
    Aggregate("approx_most_frequent(bigint, T, bigint) -> map(T, bigint)", (("histogram", "{1}"),), _most_frequent),
    Aggregate("avg(bigint) -> double", (("avg", "{0}"),), as_is=True),
    _one("avg(double) -> double", "avg"),
    Aggregate("avg(real) -> real", (("avg", "{0}"),), _returned),
    Aggregate("avg(decimal(p,s)) -> decimal(p,s)", (("sum", "{0}"), ("count", "{0}")), _decimal_average),
    Aggregate(
        "avg(interval day to second) -> interval day to second",
        (("avg", "epoch_us({0})"),),
        "to_microseconds(CAST(round({0}) AS BIGINT))",
    ),
    _one("bitwise_and_agg(bigint) -> bigint", "bit_and"),
    _one("bitwise_or_agg(bigint) -> bigint", "bit_or"),
    _one("bitwise_xor_agg(bigint) -> bigint", "bit_xor"),
    _one("bool_and(boolean) -> boolean", "bool_and"),
    _one("bool_or(boolean) -> boolean", "bool_or"),
    _one("every(boolean) -> boolean", "bool_and"),
    *(_one(f"{name}(double, double) -> double", name, "{0}, {1}") for name in _CORRELATIONS),
    _one("count() -> bigint", "count", "*"),
    _one("count(T) -> bigint", "count"),
    Aggregate("count_if(boolean) -> bigint", (("count_if", "{0}"),), _returned),
    Aggregate("histogram(T) -> map(T, bigint)", (("histogram", "{0}"),), _returned),
    _one("listagg(varchar, varchar) -> varchar", "string_agg", "{0}, {1}"),
    Aggregate(
        "map_agg(K, V) -> map(K, V)",
        (("list", "{{'key': {0}, 'value': {1}}}"),),
        "kit_map_first({0})",
        "{0} IS NOT NULL",
    ),
    Aggregate("map_union(map(K, V)) -> map(K, V)", (("list", "{0}"),), "kit_map_union({0})", "{0} IS NOT NULL"),
    _one("max(T) -> T", "max"),
    _one("max(T, bigint) -> array(T)", "max", "{0}, {1}"),
    _one("max_by(V, K) -> V", "arg_max_null", "{0}, {1}"),
    _one("max_by(V, K, bigint) -> array(V)", "arg_max_nulls_last", "{0}, {1}, {2}", filters="{1} IS NOT NULL"),
    _one("min(T) -> T", "min"),
    _one("min(T, bigint) -> array(T)", "min", "{0}, {1}"),
    _one("min_by(V, K) -> V", "arg_min_null", "{0}, {1}"),
    _one("min_by(V, K, bigint) -> array(V)", "arg_min_nulls_last", "{0}, {1}, {2}", filters="{1} IS NOT NULL"),
    Aggregate(
        "multimap_agg(K, V) -> map(K, array(V))",
        (("list", "{{'key': {0}, 'value': {1}}}"),),
        "kit_multimap({0})",
        "{0} IS NOT NULL",
    ),
    *(_one(f"{name}(double) -> double", core) for name, core in _MOMENTS.items()),
    Aggregate("sum(bigint) -> bigint", (("sum", "{0}"),), _returned, as_is=True),
    Aggregate("sum(real) -> real", (("sum", "{0}"),), _returned),
    _one("sum(double) -> double", "sum"),
    Aggregate("sum(decimal(p,s)) -> decimal(38,s)", (("sum", "{0}"),), as_is=True),
    Aggregate(
        "sum(interval day to second) -> interval day to second",
        (("sum", "epoch_us({0})"),),
        "to_microseconds(CAST({0} AS BIGINT))",
    ),
    Aggregate(
        "sum(interval year to month) -> interval year to month",
        (("sum", "kit_months({0})"),),
        "to_months(CAST({0} AS INTEGER))",
    ),
)
