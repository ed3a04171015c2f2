"""Type names in SQL: from the tree of a CAST to Trino's type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.athena import types
from kit.sql.athena.types import Type

if TYPE_CHECKING:
    from kit.sql.athena.translation import Translation

_NAMES: Final[dict[exp.DType, str]] = {
    exp.DType.BOOLEAN: "boolean",
    exp.DType.TINYINT: "tinyint",
    exp.DType.SMALLINT: "smallint",
    exp.DType.INT: "integer",
    exp.DType.BIGINT: "bigint",
    exp.DType.FLOAT: "real",
    exp.DType.DOUBLE: "double",
    exp.DType.DECIMAL: "decimal",
    exp.DType.VARCHAR: "varchar",
    exp.DType.CHAR: "char",
    exp.DType.VARBINARY: "varbinary",
    exp.DType.DATE: "date",
    exp.DType.TIME: "time",
    exp.DType.TIMESTAMP: "timestamp",
    exp.DType.TIMESTAMPTZ: types.TIMESTAMP_TZ,
    exp.DType.JSON: "json",
    exp.DType.UUID: "uuid",
}


def from_tree(t: Translation, node: exp.Expr) -> Type:
    """The type that `node` names. Raises `TYPE_NOT_FOUND` or `NOT_SUPPORTED`."""
    kind = node.this
    if isinstance(kind, exp.Interval):
        return types.INTERVAL_YEAR if kind.args["unit"].this.name.upper() == "YEAR" else types.INTERVAL_DAY
    match kind:
        case exp.DType.ARRAY if len(node.expressions) == 1:
            return types.array(from_tree(t, node.expressions[0]))
        case exp.DType.MAP if len(node.expressions) == 2:
            return types.map_of(from_tree(t, node.expressions[0]), from_tree(t, node.expressions[1]))
        case exp.DType.STRUCT:
            return types.row(
                (part.this.name.lower(), from_tree(t, part.args["kind"]))
                if isinstance(part, exp.ColumnDef)
                else (None, from_tree(t, part))
                for part in node.expressions
            )
        case _:
            return _scalar(t, node)


def _scalar(t: Translation, node: exp.Expr) -> Type:
    name = _NAMES.get(node.this)
    if name is None:
        raise t.unsupported(f"The type {node.sql('trino').lower()}", node)
    numbers = [int(part.this.name) for part in node.expressions]
    kind = types.named(name, numbers)
    if kind is None:
        raise t.error("TYPE_NOT_FOUND", f"Unknown type: {node.sql('trino').lower()}", node)
    if kind.name == "decimal" and not (1 <= kind.precision <= types.MAX_PRECISION and kind.scale <= kind.precision):
        raise t.error(
            "INVALID_FUNCTION_ARGUMENT",
            f"DECIMAL precision must be in range [1, 38] and scale in [0, precision]: {kind}",
            node,
        )
    return kind
