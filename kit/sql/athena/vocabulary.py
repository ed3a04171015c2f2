"""The words of Athena's SQL, for completion and SHOW FUNCTIONS.

Source: SQL reference for Athena, Reserved keywords, Amazon Athena User Guide; read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kit.sql.athena import types
from kit.sql.athena.dialect import RESERVED
from kit.sql.athena.forms import FORMS
from kit.sql.athena.functions import FUNCTIONS
from kit.sql.athena.translation import CATALOG
from kit.sql.completion import Vocabulary

FUNCTION_NAMES: Final = tuple(sorted({*FUNCTIONS.functions, *FORMS}))

_QUERY_WORDS: Final = (
    *("ALL", "ANY", "ASC", "CURRENT ROW", "DATA", "DESC", "EMPTY", "ERROR", "FETCH FIRST", "FILTER", "FIRST"),
    *("FOLLOWING", "GROUP BY", "GROUPING SETS", "IGNORE NULLS", "INTERVAL", "LAST", "LATERAL", "LIMIT", "NULLS FIRST"),
    *("NULLS LAST", "OFFSET", "ONLY", "ORDER BY", "OVER", "PARTITION BY", "PRECEDING", "RANGE", "RESPECT NULLS"),
    *("RETURNING", "ROWS", "SOME", "TABLESAMPLE", "TIES", "TRY_CAST", "UNBOUNDED", "WINDOW", "WITH ORDINALITY"),
)
_STATEMENT_WORDS: Final = (
    *("ADD", "ANALYZE", "CHANGE", "COLUMN", "COLUMNS", "COMMENT", "DATABASE", "DATABASES", "DESC", "EXECUTE"),
    *("EXPLAIN", "EXTERNAL", "EXTENDED", "FIELDS TERMINATED BY", "FORMAT", "FORMATTED", "IF EXISTS", "IF NOT EXISTS"),
    *("LOCATION", "MSCK REPAIR TABLE", "PARTITION", "PARTITIONED BY", "PARTITIONS", "RENAME TO", "REPLACE", "SET"),
    *(
        "ROW FORMAT DELIMITED",
        "ROW FORMAT SERDE",
        "SCHEMA",
        "SCHEMAS",
        "SERDEPROPERTIES",
        "SHOW",
        "STORED AS",
        "TABLES",
    ),
    *("TBLPROPERTIES", "TO", "UNLOAD", "VIEW", "VIEWS", "WITH DATA", "WITH NO DATA"),
)
_TYPES: Final = (
    *("ARRAY", "BIGINT", "BOOLEAN", "CHAR", "DATE", "DECIMAL", "DOUBLE", "INTEGER", "JSON", "MAP", "REAL", "ROW"),
    *("SMALLINT", "STRING", "STRUCT", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TINYINT", "UUID", "VARBINARY"),
    *("VARCHAR",),
)


def _fields(hive_type: str) -> Iterator[tuple[str, str]]:
    if not hive_type.startswith("struct"):
        return
    for name, kind in types.from_hive(hive_type).fields:
        yield name or "", types.hive_type(kind)


VOCABULARY: Final = Vocabulary(
    keywords=tuple(sorted({*RESERVED, *_QUERY_WORDS, *_STATEMENT_WORDS, *_TYPES})),
    functions=FUNCTION_NAMES,
    reserved=RESERVED,
    catalog=CATALOG,
    backticks=frozenset({"ALTER", "DESCRIBE", "DROP", "MSCK", "SHOW"}),
    fields=_fields,
)
