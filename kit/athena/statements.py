"""From a statement to what runs it, and to what Athena calls it: one table each."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import assert_never

from kit.athena import definition, explaining, partitioning, queries, showing, writing
from kit.athena.execution import Kind
from kit.athena.job import Answer, Job, Told
from kit.sql.athena import parse
from kit.sql.athena import statements as s

_DDL = (
    s.CreateExternalTable
    | s.CreateTableAs
    | s.CreateView
    | s.DropView
    | s.DropTable
    | s.CreateDatabase
    | s.AlterDatabase
    | s.DropDatabase
    | s.RepairTable
    | s.AddPartitions
    | s.DropPartitions
    | s.RenamePartition
    | s.SetLocation
    | s.SetTblProperties
    | s.AddColumns
    | s.ReplaceColumns
    | s.ChangeColumn
)


_REMEMBERED_CHARACTERS = 16_384


def parsed(text: str) -> s.Statement:
    """The statement of a text. A text that comes again, as a notebook's cells do, is not parsed again."""
    return _remembered(text) if len(text) <= _REMEMBERED_CHARACTERS else parse(text)


_remembered = lru_cache(maxsize=256)(parse)


def kind_of(statement: s.Statement) -> tuple[Kind, str]:
    """Athena's StatementType, and its SubstatementType for what this is."""
    name = _SUBSTATEMENTS.get(type(statement), "")
    if isinstance(statement, (s.Query, s.InsertInto, s.Unload, s.Execute)):
        return "DML", name or "SELECT"
    return ("DDL" if isinstance(statement, _DDL) else "UTILITY"), name


def run(job: Job, statement: s.Statement) -> Answer:
    """Do what the statement says."""
    match statement:
        case s.Query():
            return queries.run(job, statement)
        case s.CreateExternalTable():
            return definition.create_table(job, statement)
        case s.CreateTableAs():
            return writing.create_table_as(job, statement)
        case s.InsertInto():
            return writing.insert(job, statement)
        case s.Unload():
            return writing.unload(job, statement)
        case s.CreateView():
            return definition.create_view(job, statement)
        case s.DropView():
            return definition.drop_view(job, statement)
        case s.DropTable():
            return definition.drop_table(job, statement)
        case s.CreateDatabase():
            return definition.create_database(job, statement)
        case s.AlterDatabase():
            return definition.alter_database(job, statement)
        case s.DropDatabase():
            return definition.drop_database(job, statement)
        case s.RepairTable():
            return partitioning.repair(job, statement)
        case s.AddPartitions():
            return partitioning.add(job, statement)
        case s.DropPartitions():
            return partitioning.drop(job, statement)
        case s.RenamePartition():
            return partitioning.rename(job, statement)
        case s.SetLocation():
            return definition.set_location(job, statement)
        case s.SetTblProperties():
            return definition.set_properties(job, statement)
        case s.AddColumns():
            return definition.add_columns(job, statement)
        case s.ReplaceColumns():
            return definition.replace_columns(job, statement)
        case s.ChangeColumn():
            return definition.change_column(job, statement)
        case s.ShowDatabases():
            return showing.databases(job, statement)
        case s.ShowTables():
            return showing.tables(job, statement)
        case s.ShowViews():
            return showing.views(job, statement)
        case s.ShowColumns():
            return showing.columns(job, statement)
        case s.ShowPartitions():
            return showing.partitions(job, statement)
        case s.ShowCreateTable():
            return showing.create_table(job, statement)
        case s.ShowCreateView():
            return showing.create_view(job, statement)
        case s.ShowTblProperties():
            return showing.properties(job, statement)
        case s.ShowFunctions():
            return showing.functions(job, statement)
        case s.Describe():
            return showing.describe(job, statement)
        case s.DescribeView():
            return showing.describe_view(job, statement)
        case s.Prepare():
            return _prepare(job, statement)
        case s.Execute():
            return _execute(job, statement)
        case s.Deallocate():
            job.services.prepared.remove(job.workgroup.name, statement.name)
            return Told()
        case s.Explain():
            return explaining.explain(job, statement)
        case _:
            assert_never(statement)


def _prepare(job: Job, statement: s.Prepare) -> Answer:
    parse(statement.text)
    job.services.prepared.put(job.workgroup.name, statement.name, statement.text)
    return Told()


def _execute(job: Job, statement: s.Execute) -> Answer:
    text = job.services.prepared.get(job.workgroup.name, statement.name)
    return run(replace(job, text=text, positional=statement.arguments), parsed(text))


_SUBSTATEMENTS: dict[type, str] = {
    s.Query: "SELECT",
    s.CreateExternalTable: "CREATE_TABLE",
    s.CreateTableAs: "CREATE_TABLE_AS_SELECT",
    s.InsertInto: "INSERT",
    s.Unload: "UNLOAD",
    s.CreateView: "CREATE_VIEW",
    s.DropView: "DROP_VIEW",
    s.DropTable: "DROP_TABLE",
    s.CreateDatabase: "CREATE_DATABASE",
    s.AlterDatabase: "ALTER_DATABASE",
    s.DropDatabase: "DROP_DATABASE",
    s.RepairTable: "MSCK_REPAIR",
    s.AddPartitions: "ALTER_TABLE_ADD_PARTITION",
    s.DropPartitions: "ALTER_TABLE_DROP_PARTITION",
    s.RenamePartition: "ALTER_TABLE_RENAME_PARTITION",
    s.SetLocation: "ALTER_TABLE_SET_LOCATION",
    s.SetTblProperties: "ALTER_TABLE_SET_TBLPROPERTIES",
    s.AddColumns: "ALTER_TABLE_ADD_COLUMNS",
    s.ReplaceColumns: "ALTER_TABLE_REPLACE_COLUMNS",
    s.ChangeColumn: "ALTER_TABLE_CHANGE_COLUMN",
    s.ShowDatabases: "SHOW_DATABASES",
    s.ShowTables: "SHOW_TABLES",
    s.ShowViews: "SHOW_VIEWS",
    s.ShowColumns: "SHOW_COLUMNS",
    s.ShowPartitions: "SHOW_PARTITIONS",
    s.ShowCreateTable: "SHOW_CREATE_TABLE",
    s.ShowCreateView: "SHOW_CREATE_VIEW",
    s.ShowTblProperties: "SHOW_TBLPROPERTIES",
    s.ShowFunctions: "SHOW_FUNCTIONS",
    s.Describe: "DESCRIBE_TABLE",
    s.DescribeView: "DESCRIBE_VIEW",
    s.Prepare: "PREPARE",
    s.Execute: "EXECUTE",
    s.Deallocate: "DEALLOCATE",
    s.Explain: "EXPLAIN",
}
