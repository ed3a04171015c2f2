"""The closed list of what a parsed tree may be made of.

sqlglot reads many dialects' clauses and keeps each in an argument of a node. The binder reads the arguments that it
knows; one that it does not read would be lost without a word, and the answer be wrong. So every tree is checked once,
when it has been parsed: an argument that is set and not listed here is refused by name.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from kit.sql.redshift import errors

_OPERANDS: Final = frozenset({"this", "expression", "expressions"})
_CAST: Final = frozenset({"this", "to", "safe", "requires_string"})
_SET: Final = frozenset({"with_", "this", "expression", "distinct", "order", "limit", "offset"})
_KNOWN: Final[dict[type[exp.Expr], frozenset[str]]] = {
    exp.Select: frozenset(
        {
            "with_",
            "expressions",
            "exclude",
            "distinct",
            "from_",
            "joins",
            "where",
            "connect",
            "group",
            "having",
            "qualify",
            "order",
            "limit",
            "offset",
            "operation_modifiers",
        }
    ),
    exp.Union: _SET,
    exp.Intersect: _SET,
    exp.Except: _SET,
    exp.Subquery: frozenset({"this", "alias", "with_", "joins", "pivots", "order", "limit", "offset"}),
    exp.Update: frozenset({"with_", "this", "expressions", "from_", "where"}),
    exp.Delete: frozenset({"with_", "this", "using", "where"}),
    exp.With: frozenset({"expressions", "recursive"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.Table: frozenset({"this", "alias", "db", "catalog", "joins", "pivots"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.Join: frozenset({"this", "on", "side", "kind", "using", "method"}),
    exp.Pivot: frozenset(
        {
            "this",
            "alias",
            "expressions",
            "fields",
            "unpivot",
            "include_nulls",
            "columns",
            "identify_pivot_strings",
            "prefixed_pivot_columns",
            "pivot_column_naming",
            "value_columns_first",
        }
    ),
    exp.PivotAlias: frozenset({"this", "alias"}),
    exp.Unnest: frozenset({"expressions", "alias", "offset"}),
    exp.Connect: frozenset({"start", "connect", "nocycle"}),
    exp.Group: frozenset({"expressions", "grouping_sets", "cube", "rollup", "totals", "all"}),
    exp.Distinct: frozenset({"expressions", "on"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Fetch: frozenset({"direction", "count", "limit_options"}),
    exp.Offset: frozenset({"expression"}),
    exp.Star: frozenset({"except_", "replace", "rename"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Column: frozenset({"this", "table", "db", "catalog", "join_mark"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "over"}),
    exp.WindowSpec: frozenset({"kind", "start", "start_side", "end", "end_side", "exclude"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true"}),
    exp.Cast: _CAST,
    exp.TryCast: _CAST,
    exp.DataType: frozenset({"this", "expressions", "nested", "kind", "values"}),
    exp.Interval: frozenset({"this", "unit"}),
    exp.AtTimeZone: frozenset({"this", "zone"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions", "query", "unnest", "field"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.ILike: frozenset({"this", "expression", "negate"}),
    exp.Bracket: frozenset({"this", "expressions", "offset", "safe"}),
    exp.DPipe: frozenset({"this", "expression", "safe"}),
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
    exp.StrPosition: frozenset({"this", "substr"}),
    exp.Substring: frozenset({"this", "start", "length"}),
    exp.Trim: frozenset({"this", "expression", "position"}),
}
# Refused as a whole where they are bound, whatever is in them.
_ANY: Final = (
    exp.Array,
    exp.Filter,
    exp.Into,
    exp.JSONExtract,
    exp.Lambda,
    exp.Lateral,
    exp.LimitOptions,
    exp.MatchRecognize,
    exp.Values,
)
_NAMES: Final[dict[tuple[type[exp.Expr], str], str]] = {
    (exp.Select, "into"): "SELECT INTO inside of a query",
    (exp.Select, "windows"): "The WINDOW clause",
    (exp.Select, "laterals"): "LATERAL VIEW",
    (exp.Select, "locks"): "FOR UPDATE",
    (exp.Select, "sample"): "TABLESAMPLE",
    (exp.Select, "match"): "MATCH_RECOGNIZE",
    (exp.Select, "kind"): "SELECT AS STRUCT",
    (exp.Subquery, "sample"): "TABLESAMPLE",
    (exp.Table, "sample"): "TABLESAMPLE",
    (exp.Table, "version"): "FOR VERSION AS OF",
    (exp.Table, "only"): "ONLY",
    (exp.Table, "ordinality"): "WITH ORDINALITY",
    (exp.Limit, "limit_options"): "LIMIT with PERCENT or TIES",
    (exp.CTE, "materialized"): "MATERIALIZED in WITH",
    (exp.Between, "symmetric"): "BETWEEN SYMMETRIC",
    (exp.StrToDate, "format"): "CAST with FORMAT",
    (exp.StrToTime, "format"): "CAST with FORMAT",
    (exp.Union, "by_name"): "UNION BY NAME",
    (exp.Window, "alias"): "A named window",
}


def check(tree: exp.Expr, script: str, *, may_go_into: bool = False) -> None:
    """Raise 0A000 for the first part of the tree that the binder does not know.

    `may_go_into`: INTO of the outermost SELECT is somebody else's to read.
    """
    for node in tree.walk():
        kind = type(node)
        known = _KNOWN.get(kind, _OPERANDS)
        for part, value in node.args.items():
            if value and part not in known and not isinstance(node, _ANY):
                if may_go_into and node is tree and part == "into":
                    continue
                words = _NAMES.get((kind, part), f"{kind.__name__.upper()} with {part.upper().strip('_')}")
                raise errors.unsupported(words, script, node)
