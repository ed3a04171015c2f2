"""String functions. Source: String functions and operators, Trino documentation, read 2026-11."""

from __future__ import annotations

from typing import Final

from kit.sql.athena.expression import text_literal
from kit.sql.athena.functions.table import Call, Scalar

_WHITESPACE: Final = text_literal(
    "".join(map(chr, (*range(0x09, 0x0E), *range(0x1C, 0x21), 0x1680, *range(0x2000, 0x2007))))
    + "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
"""What Java calls white space: TRIM takes it all off, DuckDB's only spaces."""


def _replace(call: Call) -> str:
    """An empty search string stands between all characters."""
    search = call.constant(1)
    replacement = call.sql(2) if len(call.arguments) > 2 else "''"
    if isinstance(search, str) and search:
        return f"replace({call.sql(0)}, {call.sql(1)}, {replacement})"
    return f"kit_replace({call.sql(0)}, {call.sql(1)}, {replacement})"


def _upper(call: Call) -> str:
    # Java leaves the sharp s as it is, one character for one character.
    return f"replace(upper({call.sql(0)}), 'ẞ', 'ß')"


FUNCTIONS: Final = (
    Scalar("chr(bigint) -> varchar(1)", "chr(CAST({0} AS INTEGER))"),
    Scalar("codepoint(varchar(x)) -> integer", "kit_codepoint({0})"),
    Scalar("concat_ws(varchar, array(varchar)) -> varchar", "concat_ws({0}, {1})"),
    Scalar(
        "concat_ws(varchar, varchar...) -> varchar", lambda c: f"concat_ws({', '.join(a.sql for a in c.arguments)})"
    ),
    Scalar("ends_with(varchar, varchar) -> boolean", "ends_with({0}, {1})"),
    Scalar("from_utf8(varbinary) -> varchar", "decode({0})"),
    Scalar("hamming_distance(varchar, varchar) -> bigint", "kit_hamming({0}, {1})"),
    Scalar("length(char(x)) -> bigint", "length({0})"),
    Scalar("length(varchar) -> bigint", "length({0})"),
    Scalar("length(varbinary) -> bigint", "octet_length({0})"),
    Scalar("levenshtein_distance(varchar, varchar) -> bigint", "kit_levenshtein({0}, {1})"),
    Scalar("lower(char(x)) -> char(x)", "lower({0})"),
    Scalar("lower(varchar(x)) -> varchar(x)", "lower({0})"),
    Scalar("lpad(varchar, bigint, varchar) -> varchar", "kit_lpad({0}, {1}, {2})"),
    Scalar("ltrim(char(x)) -> char(x)", f"ltrim({{0}}, {_WHITESPACE})"),
    Scalar("ltrim(varchar(x)) -> varchar(x)", f"ltrim({{0}}, {_WHITESPACE})"),
    Scalar("ltrim(varchar(x), varchar) -> varchar(x)", "ltrim({0}, {1})"),
    Scalar("luhn_check(varchar) -> boolean", "kit_luhn({0})"),
    Scalar("replace(varchar, varchar) -> varchar", _replace),
    Scalar("replace(varchar, varchar, varchar) -> varchar", _replace),
    Scalar("reverse(varchar(x)) -> varchar(x)", "array_to_string(list_reverse(string_split({0}, '')), '')"),
    Scalar("rpad(varchar, bigint, varchar) -> varchar", "kit_rpad({0}, {1}, {2})"),
    Scalar("rtrim(char(x)) -> char(x)", f"rtrim({{0}}, {_WHITESPACE})"),
    Scalar("rtrim(varchar(x)) -> varchar(x)", f"rtrim({{0}}, {_WHITESPACE})"),
    Scalar("rtrim(varchar(x), varchar) -> varchar(x)", "rtrim({0}, {1})"),
    Scalar("soundex(varchar) -> varchar", "kit_soundex({0})"),
    Scalar("split(varchar(x), varchar) -> array(varchar(x))", "kit_split({0}, {1})"),
    Scalar("split(varchar(x), varchar, bigint) -> array(varchar(x))", "kit_split_limit({0}, {1}, {2})"),
    Scalar("split_part(varchar(x), varchar, bigint) -> varchar(x)", "kit_split_part({0}, {1}, {2})"),
    Scalar("split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)", "kit_split_to_map({0}, {1}, {2})"),
    Scalar(
        "split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar))",
        "kit_split_to_multimap({0}, {1}, {2})",
    ),
    Scalar("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})"),
    Scalar("strpos(varchar, varchar) -> bigint", "instr({0}, {1})"),
    Scalar("strpos(varchar, varchar, bigint) -> bigint", "kit_strpos({0}, {1}, {2})"),
    *(
        function
        for name in ("substr", "substring")
        for function in (
            Scalar(f"{name}(varchar(x), bigint) -> varchar(x)", "kit_substr({0}, {1}, 2147483647)"),
            Scalar(f"{name}(varchar(x), bigint, bigint) -> varchar(x)", "kit_substr({0}, {1}, {2})"),
            Scalar(f"{name}(varbinary, bigint) -> varbinary", "unhex(kit_substr_hex(hex({0}), {1}, 1073741823))"),
            Scalar(f"{name}(varbinary, bigint, bigint) -> varbinary", "unhex(kit_substr_hex(hex({0}), {1}, {2}))"),
        )
    ),
    Scalar("to_utf8(varchar) -> varbinary", "encode({0})"),
    Scalar("translate(varchar, varchar, varchar) -> varchar", "translate({0}, {1}, {2})"),
    Scalar("trim(char(x)) -> char(x)", f"trim({{0}}, {_WHITESPACE})"),
    Scalar("trim(varchar(x)) -> varchar(x)", f"trim({{0}}, {_WHITESPACE})"),
    Scalar("trim(varchar(x), varchar) -> varchar(x)", "trim({0}, {1})"),
    Scalar("upper(char(x)) -> char(x)", _upper),
    Scalar("upper(varchar(x)) -> varchar(x)", _upper),
)
