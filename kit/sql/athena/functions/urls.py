"""URL functions, and UUIDs. Source: URL functions, Trino documentation; RFC 3986, read 2026-11."""

from __future__ import annotations

from typing import Final

from kit.sql.athena.expression import text_literal
from kit.sql.athena.functions.table import Scalar

# Scheme, authority, path, query and fragment, as appendix B of RFC 3986 has them.
_SHAPE: Final = r"^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#\s]*))?([^?#\s]*)(?:\?([^#\s]*))?(?:#(\S*))?$"


def _part(group: int, *, empty: str = "''") -> str:
    """A part of a URL; NULL for what is no URL. `empty` stands for a part that is not there."""
    shape = text_literal(_SHAPE)
    text = f"regexp_extract({{0}}, {shape}, {group})"
    return f"(CASE WHEN regexp_matches({{0}}, {shape}) THEN coalesce(nullif({text}, ''), {empty}) END)"


_HOST: Final = f"nullif(regexp_extract(regexp_extract({{0}}, {text_literal(_SHAPE)}, 2), '^(?:[^@]*@)?(\\[[^\\]]*\\]|[^:]*)', 1), '')"
_PORT: Final = (
    f"TRY_CAST(nullif(regexp_extract(regexp_extract({{0}}, {text_literal(_SHAPE)}, 2), ':([0-9]+)$', 1), '') AS BIGINT)"
)

FUNCTIONS: Final = (
    Scalar("url_decode(varchar) -> varchar", "url_decode(replace({0}, '+', ' '))"),
    Scalar(
        "url_encode(varchar) -> varchar",
        "replace(replace(replace(url_encode({0}), '%20', '+'), '%2A', '*'), '~', '%7E')",
    ),
    Scalar("url_extract_fragment(varchar) -> varchar", _part(5)),
    Scalar("url_extract_host(varchar) -> varchar", _HOST),
    Scalar("url_extract_parameter(varchar, varchar) -> varchar", "kit_url_parameter(" + _part(4) + ", {1})"),
    Scalar("url_extract_path(varchar) -> varchar", _part(3)),
    Scalar("url_extract_port(varchar) -> bigint", _PORT),
    Scalar("url_extract_protocol(varchar) -> varchar", _part(1)),
    Scalar("url_extract_query(varchar) -> varchar", _part(4)),
    Scalar("uuid() -> uuid", "uuid()", volatile=True),
)
