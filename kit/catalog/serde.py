"""The names by which tables say how their bytes become rows: SerDe classes, input and output formats, classifications.

One table. Knows no file.

Source: Amazon Athena User Guide, Choose a SerDe for your data; AWS Glue Developer Guide, Defining tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kit.base.errors import KitError, did_you_mean
from kit.catalog.model import Column, SerDe, StorageDescriptor

LAZY_SIMPLE: Final = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV: Final = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
PARQUET: Final = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
ORC: Final = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
AVRO: Final = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
OPENX_JSON: Final = "org.openx.data.jsonserde.JsonSerDe"
HIVE_JSON: Final = "org.apache.hive.hcatalog.data.JsonSerDe"
REGEX: Final = "org.apache.hadoop.hive.serde2.RegexSerDe"
GROK: Final = "com.amazonaws.glue.serde.GrokSerDe"

_TEXT_INPUT: Final = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT: Final = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"


@dataclass(frozen=True, slots=True)
class Format:
    """One way to keep rows: `name` is that of `STORED AS` and of Glue's `classification`, in lower case."""

    name: str
    serde: str
    input_format: str
    output_format: str


FORMATS: Final = {
    form.name: form
    for form in (
        Format(
            "parquet",
            PARQUET,
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        ),
        Format(
            "orc",
            ORC,
            "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
            "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
        ),
        Format(
            "avro",
            AVRO,
            "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
            "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
        ),
        Format("json", OPENX_JSON, _TEXT_INPUT, _TEXT_OUTPUT),
        Format("textfile", LAZY_SIMPLE, _TEXT_INPUT, _TEXT_OUTPUT),
        Format("csv", LAZY_SIMPLE, _TEXT_INPUT, _TEXT_OUTPUT),
        Format("grok", GROK, _TEXT_INPUT, _TEXT_OUTPUT),
    )
}

# Other names under which a SerDe goes, and the format that it reads.
FORMAT_OF_SERDE: Final[Mapping[str, str]] = {
    LAZY_SIMPLE: "textfile",
    OPEN_CSV: "csv",
    PARQUET: "parquet",
    ORC: "orc",
    AVRO: "avro",
    OPENX_JSON: "json",
    HIVE_JSON: "json",
    "org.apache.hadoop.hive.serde2.JsonSerDe": "json",
    REGEX: "regex",
    "org.apache.hadoop.hive.contrib.serde2.RegexSerDe": "regex",
    GROK: "grok",
    "parquet.hive.serde.ParquetHiveSerDe": "parquet",
}


def format_of(serde: SerDe) -> str:
    """`parquet`, `orc`, `avro`, `json`, `textfile`, `csv` (OpenCSVSerde), `regex` or `grok`.

    Raises `InvalidInputException` for a SerDe that is not supported.
    """
    name = FORMAT_OF_SERDE.get(serde.library)
    if name is None:
        raise KitError(
            "InvalidInputException",
            f"Unable to find SerDe class '{serde.library}'.",
            did_you_mean(serde.library, FORMAT_OF_SERDE) or f"Supported are {', '.join(FORMAT_OF_SERDE)}.",
        )
    return name


def descriptor(
    format_name: str,
    columns: tuple[Column, ...],
    location: str,
    *,
    serde: str = "",
    serde_parameters: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
    compressed: bool = False,
) -> StorageDescriptor:
    """A storage descriptor in one of `FORMATS`, with its SerDe or another one."""
    form = FORMATS[format_name]
    return StorageDescriptor(
        columns,
        location,
        SerDe(serde or form.serde, dict(serde_parameters or {})),
        form.input_format,
        form.output_format,
        compressed=compressed,
        parameters=dict(parameters or {}),
    )
