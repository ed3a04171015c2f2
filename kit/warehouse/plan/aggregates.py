"""Which calls are aggregates, and what each is: one table for whoever has to recognise, split or fold one."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sqlglot import exp

# added: parts are summed; summed: likewise, but NULL without rows; extreme: combined by itself; state: by DuckDB's
# exported state; whole: no second phase.
Combination: TypeAlias = Literal["added", "summed", "extreme", "state", "grouping", "whole"]

_COMBINATIONS: dict[str, Combination] = {
    "count": "added",
    "count_star": "added",
    "count_if": "added",
    "sum": "summed",
    "min": "extreme",
    "max": "extreme",
    "bool_and": "extreme",
    "bool_or": "extreme",
    "bit_and": "extreme",
    "bit_or": "extreme",
    "avg": "state",
    "stddev": "state",
    "stddev_pop": "state",
    "stddev_samp": "state",
    "variance": "state",
    "var_pop": "state",
    "var_samp": "state",
    "corr": "state",
    "covar_pop": "state",
    "covar_samp": "state",
    "median": "state",
    "quantile_cont": "state",
    "approx_count_distinct": "state",
    "string_agg": "state",
    "listagg": "state",
    "group_concat": "state",
    "arg_max": "state",
    "arg_min": "state",
    "grouping": "grouping",
    "any_value": "whole",
    "arbitrary": "whole",
    "array_agg": "whole",
    "approx_quantile": "whole",
    "bit_xor": "whole",
    "favg": "whole",
    "first": "whole",
    "fsum": "whole",
    "histogram": "whole",
    "json_group_array": "whole",
    "kurtosis": "whole",
    "last": "whole",
    "list": "whole",
    "mode": "whole",
    "percentile_cont": "state",
    "percentile_disc": "whole",
    "product": "whole",
    "quantile": "whole",
    "quantile_disc": "whole",
    "skewness": "whole",
}

_NAMES: dict[type[exp.Expr], str] = {
    exp.ApproxDistinct: "approx_count_distinct",
    exp.ArgMax: "arg_max",
    exp.ArgMin: "arg_min",
    exp.Avg: "avg",
    exp.BitwiseAndAgg: "bit_and",
    exp.BitwiseOrAgg: "bit_or",
    exp.Corr: "corr",
    exp.Count: "count",
    exp.CountIf: "count_if",
    exp.CovarPop: "covar_pop",
    exp.CovarSamp: "covar_samp",
    exp.GroupConcat: "string_agg",
    exp.Grouping: "grouping",
    exp.GroupingId: "grouping",
    exp.LogicalAnd: "bool_and",
    exp.LogicalOr: "bool_or",
    exp.Max: "max",
    exp.Median: "median",
    exp.Min: "min",
    exp.PercentileCont: "quantile_cont",
    exp.Stddev: "stddev",
    exp.StddevPop: "stddev_pop",
    exp.StddevSamp: "stddev_samp",
    exp.Sum: "sum",
    exp.Variance: "variance",
    exp.VariancePop: "var_pop",
}


def core(tree: exp.Expr) -> exp.Expr:
    """The aggregate function itself, without FILTER, WITHIN GROUP and what else may stand around it."""
    while isinstance(tree, exp.Filter | exp.WithinGroup | exp.IgnoreNulls | exp.RespectNulls):
        tree = tree.this
    return tree


def combination(tree: exp.Expr) -> Combination | None:
    """How the parts of an aggregate are combined; None where the call is no aggregate."""
    function = core(tree)
    if isinstance(function, exp.Anonymous | exp.AnonymousAggFunc):
        return _COMBINATIONS.get(function.name.lower())
    name = _NAMES.get(type(function))
    if name is not None:
        return _COMBINATIONS[name]
    return "whole" if isinstance(function, exp.AggFunc) else None


def name_of(tree: exp.Expr) -> str:
    """DuckDB's name of an aggregate, in lower case."""
    function = core(tree)
    if isinstance(function, exp.Anonymous | exp.AnonymousAggFunc):
        return function.name.lower()
    return _NAMES.get(type(function), function.key)


def distinct_arguments(tree: exp.Expr) -> list[exp.Expr] | None:
    """The arguments of `f(DISTINCT …)`; None where the call has no DISTINCT."""
    distinct = core(tree).find(exp.Distinct)
    return list(distinct.expressions) if distinct is not None else None


def is_null_without_rows(tree: exp.Expr) -> bool:
    """Whether an aggregate over no rows is NULL."""
    return combination(tree) not in {"added", "grouping"} and name_of(tree) != "approx_count_distinct"
