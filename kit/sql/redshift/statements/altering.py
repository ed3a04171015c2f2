"""ALTER in all its forms. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from kit.sql.redshift.statements.names import TableName
from kit.sql.redshift.statements.tables import ColumnDefinition, Constraint, DistStyle, SortKey
from kit.sql.redshift.types import Type


@dataclass(frozen=True, slots=True)
class AddColumn:
    definition: ColumnDefinition


@dataclass(frozen=True, slots=True)
class DropColumn:
    name: str
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class RenameColumn:
    name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class RenameTable:
    new_name: str


@dataclass(frozen=True, slots=True)
class ChangeOwner:
    owner: str


@dataclass(frozen=True, slots=True)
class AlterColumnType:
    """Only a VARCHAR's size can be changed."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class AlterColumnEncode:
    """Encodings in upper case, by column."""

    encodings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AlterEncodeAuto:
    pass


@dataclass(frozen=True, slots=True)
class AlterDistribution:
    diststyle: DistStyle
    distkey: str | None = None


@dataclass(frozen=True, slots=True)
class AlterSortKey:
    sortkey: SortKey


@dataclass(frozen=True, slots=True)
class AddConstraint:
    constraint: Constraint


@dataclass(frozen=True, slots=True)
class DropConstraint:
    name: str
    cascade: bool = False


AlterAction: TypeAlias = (
    AddColumn
    | DropColumn
    | RenameColumn
    | RenameTable
    | ChangeOwner
    | AlterColumnType
    | AlterColumnEncode
    | AlterEncodeAuto
    | AlterDistribution
    | AlterSortKey
    | AddConstraint
    | DropConstraint
)


@dataclass(frozen=True, slots=True)
class AlterTable:
    """More than one action only where Redshift takes them: DISTSTYLE or DISTKEY together with SORTKEY."""

    table: TableName
    actions: tuple[AlterAction, ...]


@dataclass(frozen=True, slots=True)
class AlterTableAppend:
    target: TableName
    source: TableName
    ignore_extra: bool = False
    fill_target: bool = False


@dataclass(frozen=True, slots=True)
class AlterSchema:
    """RENAME TO, OWNER TO or QUOTA: the one that is set. A quota is in MB, 0 for UNLIMITED."""

    name: str
    new_name: str | None = None
    owner: str | None = None
    quota_mb: int | None = None
