"""URL functions, and UUIDs. Source: URL functions, Trino documentation; RFC 3986, read 2026-11."""

from __future__ import annotations

from typing import Final

from kit.sql.athena.expression import text_literal
from kit.sql.athena.functions.table import Scalar

# Scheme, authority, path, query and fragment, as appendix B of RFC 3986 has them.
_SHAPE: Final = r"^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#\s]*))?([^?#\s]*)(?:\?([^#\s]*))?(?:#(\S*))?$"


_TEXT: Final = text_literal(_SHAPE)


def _of_url(value: str) -> str:
    """Something of a URL; NULL for what is none, the empty text for what it does not have."""
    return f"(CASE WHEN regexp_matches({{0}}, {_TEXT}) THEN {value} END)"


def _part(group: int) -> str:
    return f"regexp_extract({{0}}, {_TEXT}, {group})"


_HOST: Final = f"regexp_extract({_part(2)}, '^(?:[^@]*@)?(\\[[^\\]]*\\]|[^:]*)', 1)"
_PORT: Final = f"TRY_CAST(nullif(regexp_extract({_part(2)}, ':([0-9]+)$', 1), '') AS BIGINT)"

FUNCTIONS: Final = (
    Scalar("url_decode(varchar) -> varchar", "url_decode(replace({0}, '+', ' '))"),
    Scalar(
        "url_encode(varchar) -> varchar",
        "replace(replace(replace(url_encode({0}), '%20', '+'), '%2A', '*'), '~', '%7E')",
    ),
    Scalar("url_extract_fragment(varchar) -> varchar", _of_url(f"url_decode({_part(5)})")),
    Scalar("url_extract_host(varchar) -> varchar", _of_url(_HOST)),
    Scalar("url_extract_parameter(varchar, varchar) -> varchar", _of_url(f"kit_url_parameter({_part(4)}, {{1}})")),
    Scalar("url_extract_path(varchar) -> varchar", _of_url(f"url_decode({_part(3)})")),
    Scalar("url_extract_port(varchar) -> bigint", _PORT),
    Scalar("url_extract_protocol(varchar) -> varchar", _of_url(_part(1))),
    Scalar("url_extract_query(varchar) -> varchar", _of_url(f"url_decode({_part(4)})")),
    Scalar("uuid() -> uuid", "uuid()", volatile=True),
)
