"""Every statement of Redshift's SQL as a value: what the parser hands to whoever plans or executes it.

Queries inside are sqlglot trees in Redshift's dialect, not yet bound; scalar expressions likewise. Identifiers are
folded to lower case. Places (`line`, `column`) are one-based in the whole script. Nothing here parses or acts.

Source: Amazon Redshift Database Developer Guide, "SQL commands", read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from kit.sql.redshift.statements.altering import (
    AddColumn,
    AddConstraint,
    AlterAction,
    AlterColumnEncode,
    AlterColumnType,
    AlterDistribution,
    AlterEncodeAuto,
    AlterSchema,
    AlterSortKey,
    AlterTable,
    AlterTableAppend,
    ChangeOwner,
    DropColumn,
    DropConstraint,
    RenameColumn,
    RenameTable,
)
from kit.sql.redshift.statements.loading import (
    Authorization,
    Compression,
    Copy,
    CopyFormat,
    CopyOptions,
    Unload,
    UnloadFormat,
    UnloadOptions,
)
from kit.sql.redshift.statements.maintenance import Analyze, AnalyzeCompression, Vacuum
from kit.sql.redshift.statements.names import TableName
from kit.sql.redshift.statements.rows import DefaultValue, Delete, Insert, Merge, Query, Update
from kit.sql.redshift.statements.sessions import (
    Accepted,
    Begin,
    Cancel,
    Close,
    Commit,
    Deallocate,
    Declare,
    Execute,
    Fetch,
    Lock,
    Reset,
    Rollback,
    Set,
    Show,
    ShowList,
    ShowObject,
)
from kit.sql.redshift.statements.tables import (
    ColumnDefinition,
    Comment,
    Constraint,
    CreateExternalSchema,
    CreateMaterializedView,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateView,
    DistStyle,
    Drop,
    DropSchema,
    Identity,
    Like,
    References,
    RefreshMaterializedView,
    SortKey,
    SortStyle,
    TableAttributes,
    Truncate,
)
from kit.sql.redshift.types import Type


@dataclass(frozen=True, slots=True)
class Explain:
    statement: Statement
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class Prepare:
    """`$1` … in the statement take EXECUTE's values; `types` may be shorter than they are many."""

    name: str
    types: tuple[Type, ...]
    statement: Statement


Statement: TypeAlias = (
    Query
    | Explain
    | CreateTable
    | CreateTableAs
    | AlterTable
    | AlterTableAppend
    | AlterSchema
    | CreateSchema
    | CreateExternalSchema
    | CreateView
    | CreateMaterializedView
    | RefreshMaterializedView
    | Drop
    | DropSchema
    | Comment
    | Insert
    | Update
    | Delete
    | Merge
    | Truncate
    | Copy
    | Unload
    | Analyze
    | AnalyzeCompression
    | Vacuum
    | Set
    | Reset
    | Show
    | ShowObject
    | ShowList
    | Begin
    | Commit
    | Rollback
    | Lock
    | Cancel
    | Prepare
    | Execute
    | Deallocate
    | Declare
    | Fetch
    | Close
    | Accepted
)


@dataclass(frozen=True, slots=True)
class ParsedStatement:
    """One statement of a script: `text` without its semicolon, and the place of its first token.

    `parameters` are the names of its `:name` parameters in order of first use.
    """

    statement: Statement
    text: str
    line: int = 1
    column: int = 1
    parameters: tuple[str, ...] = ()


__all__ = [
    "Accepted",
    "AddColumn",
    "AddConstraint",
    "AlterAction",
    "AlterColumnEncode",
    "AlterColumnType",
    "AlterDistribution",
    "AlterEncodeAuto",
    "AlterSchema",
    "AlterSortKey",
    "AlterTable",
    "AlterTableAppend",
    "Analyze",
    "AnalyzeCompression",
    "Authorization",
    "Begin",
    "Cancel",
    "ChangeOwner",
    "Close",
    "ColumnDefinition",
    "Comment",
    "Commit",
    "Compression",
    "Constraint",
    "Copy",
    "CopyFormat",
    "CopyOptions",
    "CreateExternalSchema",
    "CreateMaterializedView",
    "CreateSchema",
    "CreateTable",
    "CreateTableAs",
    "CreateView",
    "Deallocate",
    "Declare",
    "DefaultValue",
    "Delete",
    "DistStyle",
    "Drop",
    "DropColumn",
    "DropConstraint",
    "DropSchema",
    "Execute",
    "Explain",
    "Fetch",
    "Identity",
    "Insert",
    "Like",
    "Lock",
    "Merge",
    "ParsedStatement",
    "Prepare",
    "Query",
    "References",
    "RefreshMaterializedView",
    "RenameColumn",
    "RenameTable",
    "Reset",
    "Rollback",
    "Set",
    "Show",
    "ShowList",
    "ShowObject",
    "SortKey",
    "SortStyle",
    "Statement",
    "TableAttributes",
    "TableName",
    "Truncate",
    "Unload",
    "UnloadFormat",
    "UnloadOptions",
    "Update",
    "Vacuum",
]
