"""OpenCSVSerde: quoted fields on single lines, all of them text at first, then typed by the column.

Owns how a line falls into fields, bug for bug: quotes may begin in the middle of a field, two of them are one, an
escape counts only inside of a field, a quote that is never closed loses its field. Line breaks inside of quotes end the
row, as in Athena. Dates are days and timestamps milliseconds since 1970; what is no value of its column fails the
query, unless `use.null.for.invalid.data` is set.

Fields leave here joined by NUL, so that SQL splits them at once; most lines never become Python objects.

Source: Amazon Athena User Guide, Open CSV SerDe for processing CSV; Trino, CsvDeserializer; read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kit.athena.scan import values
from kit.athena.scan.lines import Lines, LineShape
from kit.athena.scan.source import DataFile, Layout, Request, Source, hive_type, quote
from kit.base.errors import KitError
from kit.catalog.types import BINARY, STRING, ArrayType, HiveType, MapType, StructType, VarcharType

if TYPE_CHECKING:
    import pyarrow as pa

_NUL = "\0"


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """Single characters; `fields` is how many are of interest."""

    separator: str
    quote: str
    escape: str
    fields: int

    @classmethod
    def of(cls, layout: Layout) -> CsvDialect:
        separator = _character(layout, "separatorChar", ",")
        quoted = _character(layout, "quoteChar", '"')
        escape = _character(layout, "escapeChar", "\\")
        # The SerDe takes its library's writing default, the quote, for "none given", and the reader's default is `\`.
        dialect = cls(separator, quoted, "\\" if escape == '"' else escape, len(layout.columns))
        if len({dialect.separator, dialect.quote, dialect.escape}) < 3 or separator == _NUL:
            raise KitError(
                "HIVE_INVALID_METADATA",
                "The separator, quote, and escape characters must be different!",
                "Look at separatorChar, quoteChar and escapeChar of the table.",
            )
        return dialect


def source(request: Request) -> Source:
    layout = request.layout
    dialect = CsvDialect.of(layout)
    stream = f"{request.name}_lines"
    lines = Lines(
        request.files,
        watch=request.watch,
        rewrite=lambda block, file: joined(block, dialect, file),
        shape=LineShape.of(layout),
    )
    names = [quote(name) for name in request.columns]
    picked = "".join(
        f"f[{layout.ordinal(name) + 1}] AS {quoted}, " for name, quoted in zip(request.columns, names, strict=True)
    )
    return Source(
        f"(SELECT {picked}file FROM (SELECT string_split(line, chr(0)) AS f, file FROM {quote(stream)}))",
        {name: _value(quoted, request, name) for name, quoted in zip(request.columns, names, strict=True)},
        "file",
        streams={stream: lines},
    )


def _value(expression: str, request: Request, name: str) -> str:
    kind: HiveType = hive_type(request.layout.type_of(name))
    if isinstance(kind, (ArrayType, MapType, StructType)) or kind == BINARY:
        raise values.nested(kind)
    value = values.epochs(expression, kind)
    if kind == STRING or isinstance(kind, VarcharType) or request.layout.is_set("use.null.for.invalid.data"):
        return value
    message = values.bad_data(expression, request.layout.ordinal(name), request.uri("file"))
    return values.or_fail(value, expression, message)


def joined(lines: pa.Array, dialect: CsvDialect, file: DataFile) -> pa.Array:
    """Each line's fields joined by NUL; NULL for an empty line, whose fields are all NULL."""
    import pyarrow as pa

    pc = _compute()
    if _any_holds(lines, _NUL):
        raise KitError(
            "HIVE_BAD_DATA",
            f"Error reading {file.uri}: it holds NUL characters.",
            "It may be binary, or text in UTF-16: name its encoding in the SerDe property 'serialization.encoding'.",
        )
    if not _any_holds(lines, dialect.quote, dialect.escape):
        split = pc.replace_substring(lines, dialect.separator, _NUL)
        return pc.if_else(pc.equal(lines, ""), pa.scalar(None, pa.string()), split)
    if not _any_holds(lines, dialect.escape):
        between = dialect.quote + dialect.separator + dialect.quote
        inner = pc.replace_substring(pc.utf8_slice_codeunits(lines, 1, -1), between, _NUL)
        is_quoted = pc.and_(pc.starts_with(lines, dialect.quote), pc.ends_with(lines, dialect.quote))
        if pc.all(is_quoted).as_py() and not _any_holds(inner, dialect.quote):
            return inner
    return pa.array([_joined(line, dialect) for line in lines.to_pylist()], pa.string())


def _joined(line: str, dialect: CsvDialect) -> str | None:
    if not line:
        return None
    if dialect.quote not in line and dialect.escape not in line:
        return line.replace(dialect.separator, _NUL)
    # A line of one quote that is never closed has no field at all.
    found = fields(line, dialect)
    return _NUL.join(found) if found else None


def fields(line: str, dialect: CsvDialect) -> list[str]:
    """The fields of one line that is not empty, at most `dialect.fields`."""
    found: list[str] = []
    kept: list[str] = []
    is_quoted = is_inside = False
    position, end = 0, len(line)
    while position < end and len(found) < dialect.fields:
        character = line[position]
        following = line[position + 1] if position + 1 < end else ""
        if character == dialect.escape:
            if (is_quoted or is_inside) and following and following in (dialect.quote, dialect.escape):
                kept.append(following)
                position += 1
        elif character == dialect.quote:
            if (is_quoted or is_inside) and following == dialect.quote:
                kept.append(following)
                position += 1
            else:
                if _is_in_the_middle(line, position, dialect):
                    if kept and not "".join(kept).strip():
                        kept.clear()  # blanks before an opening quote
                    else:
                        kept.append(character)
                is_quoted = not is_quoted
            is_inside = not is_inside
        elif character == dialect.separator and not is_quoted:
            found.append("".join(kept))
            kept.clear()
            is_inside = False
        else:
            kept.append(character)
            is_inside = True
        position += 1
    if len(found) < dialect.fields and not is_quoted:
        found.append("".join(kept))
    return found


def _is_in_the_middle(line: str, position: int, dialect: CsvDialect) -> bool:
    """Whether a quote stands inside of a field, where it is text: `a,bc"d"ef,g`."""
    return (
        position > 2
        and line[position - 1] != dialect.separator
        and position + 1 < len(line)
        and line[position + 1] != dialect.separator
    )


def _any_holds(lines: pa.Array, *characters: str) -> bool:
    pc = _compute()
    return any(pc.any(pc.match_substring(lines, character)).as_py() for character in characters)


def _compute() -> Any:
    # Its functions are made when it is imported, so that no type checker knows them.
    return import_module("pyarrow.compute")


def _character(layout: Layout, name: str, default: str) -> str:
    value = layout.property(name)
    if value in {"\\t", "\\\\"}:
        value = {"\\t": "\t", "\\\\": "\\"}[value]
    return value[0] if value else default
