"""The closed list of scalar functions, and the names that are refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kit.base.errors import KitError
from kit.sql.redshift import errors
from kit.sql.redshift.functions import (
    aggregates,
    arrays,
    bytes_,
    conditional,
    dates,
    formatting,
    hashes,
    json,
    numbers,
    regular,
    system,
    text,
    windows,
)

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions
    from kit.sql.redshift.functions.table import Call, Function

_FAMILIES: Final = (
    text.FUNCTIONS,
    regular.FUNCTIONS,
    numbers.FUNCTIONS,
    dates.FUNCTIONS,
    formatting.FUNCTIONS,
    conditional.FUNCTIONS,
    hashes.FUNCTIONS,
    json.FUNCTIONS,
    arrays.FUNCTIONS,
    bytes_.FUNCTIONS,
    system.FUNCTIONS,
)
SCALARS: Final[dict[str, Function]] = {name: function for family in _FAMILIES for name, function in family.items()}


def find(name: str) -> Function | None:
    """The scalar function of that name."""
    return SCALARS.get(name)


def names() -> list[str]:
    """Every name that may be called, for hints and completion."""
    return [name for name in (*SCALARS, *aggregates.FUNCTIONS, *windows.FUNCTIONS) if name[0].isalpha()]


def missing(binder: Expressions, call: Call) -> KitError:
    """The error for a name that is not on the list."""
    refused = _REFUSED.get(call.name) or next(
        (what for prefix, what in _REFUSED_PREFIXES if call.name.startswith(prefix)), None
    )
    if refused is not None:
        return binder.error(errors.NOT_SUPPORTED, f"function {call.name} is not supported", call.node, refused)
    candidates = [name for name in names() if " " not in name]
    types = []
    for argument in call.arguments:
        try:
            types.append(binder.bind(argument).type)
        except KitError:
            break
    return errors.function_missing(call.name, types, binder.script, call.node, candidates)


# Documented for Redshift, or known from PostgreSQL and documented as unsupported: the hint says what to use.
_REFUSED: Final = {
    "generate_series": "Redshift runs it on the leader node only; use a recursive common table.",
    "generate_subscripts": "Unnest the array in FROM.",
    "string_agg": "Use LISTAGG.",
    "group_concat": "Use LISTAGG.",
    "array_agg": "Use LISTAGG, or ARRAY for a SUPER.",
    "every": "Use BOOL_AND.",
    "corr": "It is not among Redshift's aggregates.",
    "covar_pop": "It is not among Redshift's aggregates.",
    "covar_samp": "It is not among Redshift's aggregates.",
    "mode": "It is not among Redshift's aggregates.",
    "div": "Use / on integers.",
    "setseed": "Use SET seed.",
    "width_bucket": "Use CASE.",
    "bit_length": "Use OCTET_LENGTH * 8.",
    "overlay": "Use SUBSTRING and ||.",
    "convert_from": "Redshift stores UTF-8 only.",
    "convert_to": "Redshift stores UTF-8 only.",
    "encode": "Use TO_HEX or TO_VARBYTE.",
    "decode_base64": "Use FROM_VARBYTE.",
    "format": "Use || and TO_CHAR.",
    "quote_nullable": "Use NVL(QUOTE_LITERAL(x), 'NULL').",
    "regexp_matches": "Use REGEXP_SUBSTR.",
    "regexp_split_to_array": "Use SPLIT_TO_ARRAY.",
    "regexp_split_to_table": "Use SPLIT_TO_ARRAY and unnest it.",
    "clock_timestamp": "Use GETDATE.",
    "transaction_timestamp": "Use SYSDATE.",
    "statement_timestamp": "Use GETDATE.",
    "justify_days": "It is not among Redshift's functions.",
    "justify_hours": "It is not among Redshift's functions.",
    "justify_interval": "It is not among Redshift's functions.",
    "pg_sleep": "It is not among Redshift's functions.",
    "make_date": "Use TO_DATE.",
    "make_timestamp": "Use TO_TIMESTAMP.",
    "date_format": "Use TO_CHAR.",
    "strftime": "Use TO_CHAR.",
    "strptime": "Use TO_TIMESTAMP.",
    "ifnull": "Use NVL or COALESCE.",
    "iff": "Use CASE.",
    "if": "Use CASE.",
    "unnest": "Unnest a SUPER array in FROM.",
    "farmfingerprint64": "Use FNV_HASH.",
    "explain_model": "Machine learning functions have no counterpart here.",
    "nextval": "Use an IDENTITY column.",
    "checksum": "Use FNV_HASH.",
    "current_setting": "Use SHOW.",
    "set_config": "Use SET.",
    "pg_cancel_backend": "Use CANCEL.",
    "pg_terminate_backend": "Use CANCEL.",
    "row": "Redshift has no row constructor in expressions.",
    "object_transform": "Rebuild the value with OBJECT.",
    "collate": "Comparisons are case-sensitive here; use LOWER on both sides.",
    "size": "Use JSON_SIZE.",
    "lower_attribute_names": "Rebuild the value with OBJECT.",
    "upper_attribute_names": "Rebuild the value with OBJECT.",
    "get_number_attributes": "Unnest the object with UNPIVOT.",
    "text_to_int_alt": "Overpunched numbers are not read here.",
    "text_to_numeric_alt": "Overpunched numbers are not read here.",
    "murmur3_32_hash": "Use FNV_HASH.",
    "quantile_cont": "Use PERCENTILE_CONT.",
    "approx_count_distinct": "Use APPROXIMATE COUNT(DISTINCT …).",
    "age": "Use DATEDIFF.",
}
_REFUSED_PREFIXES: Final = (
    ("array_", "Unnest the array in FROM."),
    ("arrays_", "Unnest the arrays in FROM."),
    ("st_", "Spatial functions have no counterpart here."),
    ("h3_", "Spatial functions have no counterpart here."),
    ("hll", "Use APPROXIMATE COUNT(DISTINCT …)."),
    ("regr_", "It is not among Redshift's aggregates."),
    ("xml", "Redshift has no XML functions."),
    ("pg_advisory", "Redshift has no advisory locks."),
    ("to_tsvector", "Redshift has no text search."),
    ("list_", "It is DuckDB's, not Redshift's."),
    ("read_", "It is DuckDB's, not Redshift's; use COPY."),
)
