"""COPY and UNLOAD with every option typed and defaulted as documented. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlglot import exp

from kit.sql.redshift.statements.names import TableName

CopyFormat: TypeAlias = Literal["DELIMITED", "CSV", "FIXEDWIDTH", "JSON", "PARQUET", "ORC", "AVRO"]
UnloadFormat: TypeAlias = Literal["DELIMITED", "CSV", "FIXEDWIDTH", "PARQUET", "JSON"]
Compression: TypeAlias = Literal["NONE", "GZIP", "BZIP2", "LZOP", "ZSTD"]


@dataclass(frozen=True, slots=True)
class Authorization:
    """How access was granted: accepted and recorded, never used. Secrets are not kept."""

    kind: Literal["IAM_ROLE", "CREDENTIALS", "ACCESS_KEY", "NONE"] = "NONE"
    role: str = ""


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """Every parameter of COPY; None stands for "not said".

    `json_paths` is 'auto', 'auto ignorecase', 'noshred' or an S3 URI; `fixed_width` holds (column or ordinal, width).
    `delimiter` is what the format defaults to: `|` for delimited text, `,` for CSV.
    """

    format: CopyFormat = "DELIMITED"
    delimiter: str = "|"
    quote: str = '"'
    json_paths: str = "auto"
    avro_paths: str = "auto"
    fixed_width: tuple[tuple[str, int], ...] = ()
    compression: Compression = "NONE"
    manifest: bool = False
    encrypted: bool = False
    region: str = ""
    encoding: str = "UTF8"
    ignore_header: int = 0
    null_as: str | None = None
    empty_as_null: bool = False
    blanks_as_null: bool = False
    remove_quotes: bool = False
    escape: bool = False
    trim_blanks: bool = False
    truncate_columns: bool = False
    fill_record: bool = False
    ignore_blank_lines: bool = False
    ignore_all_errors: bool = False
    accept_any_date: bool = False
    accept_invalid_characters: str | None = None
    round_decimals: bool = False
    date_format: str | None = None
    time_format: str | None = None
    explicit_ids: bool = False
    serialize_to_json: bool = False
    max_errors: int = 0
    no_load: bool = False
    comp_rows: int | None = None
    comp_update: Literal["ON", "OFF", "PRESET"] | None = None
    stat_update: bool | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """`source` is the URI as written; `columns` is empty where all of the table's are loaded."""

    table: TableName
    source: str
    columns: tuple[str, ...] = ()
    authorization: Authorization = Authorization()
    options: CopyOptions = CopyOptions()


@dataclass(frozen=True, slots=True)
class UnloadOptions:
    """Every parameter of UNLOAD; sizes in bytes, None stands for "not said"."""

    format: UnloadFormat = "DELIMITED"
    delimiter: str = "|"
    fixed_width: tuple[tuple[str, int], ...] = ()
    compression: Compression = "NONE"
    partition_by: tuple[str, ...] = ()
    include_partition_columns: bool = False
    manifest: bool = False
    manifest_verbose: bool = False
    header: bool = False
    add_quotes: bool = False
    escape: bool = False
    null_as: str | None = None
    allow_overwrite: bool = False
    clean_path: bool = False
    parallel: bool = True
    max_file_size: int | None = None
    row_group_size: int | None = None
    region: str = ""
    encrypted: bool = False
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Unload:
    """`text` is the query without its outer quotes; `text_line` and `text_column` place it in the script."""

    query: exp.Query
    text: str
    target: str
    authorization: Authorization = Authorization()
    options: UnloadOptions = UnloadOptions()
    text_line: int = 1
    text_column: int = 1
