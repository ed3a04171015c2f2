"""Hash functions.

Source: Amazon Redshift Database Developer Guide, "Hash functions", "CRC32", "STRTOL", read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.typed import Typed, call, cast, number, typed
from kit.sql.redshift.functions.table import Call, Function, Row, scalars
from kit.sql.redshift.types import BIGINT, INTEGER, Kind, varchar

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions

_ROWS: Final[tuple[Row, ...]] = (
    ("md5", "varbyte", "varchar(32)", "md5($1)"),
    ("md5", "text", "varchar(32)", "md5($1)"),
    ("sha|sha1|func_sha1", "varbyte", "varchar(40)", "sha1($1)"),
    ("sha|sha1|func_sha1", "text", "varchar(40)", "sha1($1)"),
    ("crc32", "text", "varchar(8)", "rs_crc32($1)"),
    ("strtol", "text, int", "bigint", "rs_strtol($1, $2)"),
)
_SHA2: Final = {0: 256, 224: 224, 256: 256, 384: 384, 512: 512}
# The default offset basis of 64-bit FNV-1a. Source: "The FNV Non-Cryptographic Hash Algorithm" (IETF draft).
_FNV_BASIS: Final = 14695981039346656037
_WIDTHS: Final = {Kind.SMALLINT: 2, Kind.INTEGER: 4, Kind.BIGINT: 8, Kind.DATE: 4}


def _sha2(binder: Expressions, call_: Call) -> Typed:
    if len(call_.arguments) != 2:
        kinds = [binder.bind(argument).type for argument in call_.arguments]
        raise errors.function_missing(call_.name, kinds, binder.script, call_.node, None)
    value = coercion.settle(binder.bind(call_.arguments[0]))
    node = call_.arguments[1]
    if not isinstance(node, exp.Literal) or node.is_string:
        raise binder.unsupported("A digest length that is not a constant", call_.node)
    bits = _SHA2.get(int(node.name))
    if bits is None:
        return typed(cast(exp.Null(), varchar(128)), varchar(128), blanks=False)
    if not value.type.is_text and value.type.kind is not Kind.VARBYTE:
        raise errors.function_missing(call_.name, [value.type, INTEGER], binder.script, call_.node, None)
    if bits != 256:
        raise binder.unsupported(f"SHA2 with {bits} bits", call_.node, "Use 256 bits.")
    return typed(call("sha256", value.node), varchar(128), blanks=False)


def _fnv(binder: Expressions, call_: Call) -> Typed:
    """FNV_HASH(value [, seed]): FNV-1a over the value's bytes, least significant first."""
    values = [coercion.settle(binder.bind(argument)) for argument in call_.arguments]
    if not 1 <= len(values) <= 2 or (len(values) == 2 and not values[1].type.is_integer):
        raise errors.function_missing(call_.name, [value.type for value in values], binder.script, call_.node, None)
    value = values[0]
    if value.type.is_text:
        data = call("rs_text_bytes", value.node)
    elif value.type.kind is Kind.VARBYTE:
        data = call("rs_blob_bytes", value.node)
    elif value.type.is_integer:
        data = call("rs_integer_bytes", cast(value.node, BIGINT), number(_WIDTHS[value.type.kind]))
    elif value.type.kind is Kind.BOOLEAN:
        data = call("rs_integer_bytes", cast(value.node, BIGINT), number(1))
    else:
        raise binder.unsupported(f"FNV_HASH of {value.type}", call_.node, "Cast it to an integer or to VARCHAR.")
    seed = call("rs_unsigned", cast(values[1].node, BIGINT)) if len(values) == 2 else number(_FNV_BASIS)
    return typed(call("rs_fnv1a", data, seed), BIGINT)


FUNCTIONS: Final[dict[str, Function]] = {
    **scalars(_ROWS),
    "sha2": Function("sha2", _sha2, "sha2"),
    "fnv_hash": Function("fnv_hash", _fnv, "fnv_hash"),
}
