"""Tables as the statements of Hive that make them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from kit.catalog.model import Column, Table


def create_table(table: Table) -> list[str]:
    """The statement that makes the table, line by line, laid out as SHOW CREATE TABLE shows it."""
    descriptor = table.descriptor
    lines = [f"CREATE EXTERNAL TABLE `{table.database}`.`{table.name}`("]
    lines += _listed(descriptor.columns)
    if table.description:
        lines.append(f"COMMENT {_quoted(table.description)}")
    if table.partition_keys:
        lines += ["PARTITIONED BY ( ", *_listed(table.partition_keys)]
    if descriptor.bucket_columns:
        lines += [
            f"CLUSTERED BY ({', '.join(descriptor.bucket_columns)})",
            f"INTO {descriptor.number_of_buckets} BUCKETS",
        ]
    lines += ["ROW FORMAT SERDE ", f"  {_quoted(descriptor.serde.library)} "]
    if descriptor.serde.parameters:
        lines += ["WITH SERDEPROPERTIES ( ", *_pairs(descriptor.serde.parameters.items())]
    lines += ["STORED AS INPUTFORMAT ", f"  {_quoted(descriptor.input_format)} "]
    lines += ["OUTPUTFORMAT ", f"  {_quoted(descriptor.output_format)}"]
    lines += ["LOCATION", f"  {_quoted(descriptor.location)}"]
    parameters = [(name, value) for name, value in sorted(table.parameters.items()) if name != "EXTERNAL"]
    if parameters:
        lines += ["TBLPROPERTIES (", *_pairs(parameters)]
    return lines


def _listed(columns: Iterable[Column]) -> list[str]:
    written = [
        f"  `{column.name}` {column.type}" + (f" COMMENT {_quoted(column.comment)}" if column.comment else "")
        for column in columns
    ]
    return [f"{line}, " for line in written[:-1]] + [f"{line})" for line in written[-1:]]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[str]:
    written = [f"  {_quoted(name)}={_quoted(value)}" for name, value in pairs]
    return [f"{line}, " for line in written[:-1]] + [f"{line}) " for line in written[-1:]]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return f"'{escaped}'"
