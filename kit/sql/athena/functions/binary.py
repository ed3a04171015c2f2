"""Functions of binary values. Source: Binary functions and operators, Trino documentation, read 2026-11."""

from __future__ import annotations

from typing import Final

from kit.sql.athena.functions.table import Scalar

FUNCTIONS: Final = (
    Scalar("from_base64(varchar) -> varbinary", "from_base64({0})"),
    Scalar("from_base64(varbinary) -> varbinary", "from_base64(decode({0}))"),
    Scalar("from_base64url(varchar) -> varbinary", "kit_from_base64url({0})"),
    Scalar("from_base64url(varbinary) -> varbinary", "kit_from_base64url(decode({0}))"),
    Scalar("from_hex(varchar) -> varbinary", "unhex({0})"),
    Scalar("from_hex(varbinary) -> varbinary", "unhex(decode({0}))"),
    Scalar("from_big_endian_32(varbinary) -> integer", "kit_from_big_endian_32({0})"),
    Scalar("from_big_endian_64(varbinary) -> bigint", "kit_from_big_endian_64({0})"),
    Scalar("md5(varbinary) -> varbinary", "unhex(md5({0}))"),
    Scalar("reverse(varbinary) -> varbinary", "kit_reverse_bytes({0})"),
    Scalar("sha1(varbinary) -> varbinary", "unhex(sha1({0}))"),
    Scalar("sha256(varbinary) -> varbinary", "unhex(sha256({0}))"),
    Scalar("to_base64(varbinary) -> varchar", "to_base64({0})"),
    Scalar("to_base64url(varbinary) -> varchar", "replace(replace(to_base64({0}), '+', '-'), '/', '_')"),
    Scalar("to_big_endian_32(integer) -> varbinary", "kit_to_big_endian({0}, 8)"),
    Scalar("to_big_endian_64(bigint) -> varbinary", "kit_to_big_endian({0}, 16)"),
    Scalar("to_hex(varbinary) -> varchar", "hex({0})"),
)
