"""WITH: each common table is bound once and stays one in the tree, under a name that is unique there.

A recursive one takes its column types from its first branch, as Redshift does.

Source: Amazon Redshift Database Developer Guide, "WITH clause", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.blocks import Block
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.scope import CommonTable, Output, Scope, identifier
from kit.sql.redshift.types import UNKNOWN


def bind_with(
    context: Context, with_: exp.With, parent: Scope | None, visible: Mapping[str, CommonTable]
) -> tuple[dict[str, CommonTable], list[exp.CTE]]:
    """What is visible after the WITH, and its common tables for the tree."""
    environment = dict(visible)
    clauses: list[exp.CTE] = []
    seen: set[str] = set()
    for clause in with_.expressions:
        name = context.fold(clause.args["alias"].this)
        if name in seen:
            raise errors.error(
                errors.DUPLICATE_ALIAS, f'WITH query name "{name}" specified more than once', context.script, clause
            )
        seen.add(name)
        recursive = bool(with_.args.get("recursive")) and _mentions(clause.this, name)
        bind = _recursive if recursive else _plain
        table, bound = bind(context, clause, name, parent, environment)
        environment[name] = table
        clauses.append(bound)
    return environment, clauses


def _mentions(query: exp.Expr, name: str) -> bool:
    return any(table.name.lower() == name and not table.db for table in query.find_all(exp.Table))


def _plain(
    context: Context, clause: exp.CTE, name: str, parent: Scope | None, visible: Mapping[str, CommonTable]
) -> tuple[CommonTable, exp.CTE]:
    del parent
    block = context.bind_query(clause.this, None, visible)
    settle_all(block)
    names = _column_names(context, clause, block.outputs)
    alias = context.unique(name)
    table = CommonTable(alias, tuple(_column(name, output) for name, output in zip(names, block.outputs, strict=True)))
    return table, exp.CTE(this=block.tree, alias=exp.TableAlias(this=identifier(alias)))


def _recursive(
    context: Context, clause: exp.CTE, name: str, parent: Scope | None, visible: Mapping[str, CommonTable]
) -> tuple[CommonTable, exp.CTE]:
    del parent
    query = clause.this
    if not isinstance(query, exp.Union):
        raise errors.error(
            errors.INVALID_RECURSION,
            f'recursive query "{name}" does not have the form non-recursive-term UNION ALL recursive-term',
            context.script,
            clause,
        )
    if query.args.get("distinct"):
        raise errors.unsupported(
            "UNION in a recursive query", context.script, clause, "Use UNION ALL; Redshift has nothing else here."
        )
    seed = context.bind_query(query.this, None, visible)
    settle_all(seed)
    names = _column_names(context, clause, seed.outputs)
    alias = context.unique(name)
    physical = _unique(names)
    columns = tuple(
        _column(name, output, physical[index])
        for index, (name, output) in enumerate(zip(names, seed.outputs, strict=True))
    )
    table = CommonTable(alias, columns)
    step = context.bind_query(query.expression, None, {**visible, name: table})
    if len(step.outputs) != len(seed.outputs):
        raise errors.error(
            errors.SYNTAX_ERROR, "each UNION query must have the same number of columns", context.script, clause
        )
    for index, output in enumerate(seed.outputs):
        value = step.column(index)
        converted = coercion.implicit(value, output.type, context.script)
        if converted is None:
            raise errors.error(
                errors.DATATYPE_MISMATCH,
                f'recursive query "{name}" column {index + 1} has type {output.type.name} in non-recursive term '
                f"but type {value.type.name} overall",
                context.script,
                clause,
                "Cast the output of the non-recursive term to the correct type.",
            )
        if converted.node is not value.node:
            step.convert(index, converted)
    tree = exp.Union(this=seed.tree, distinct=False, expression=step.tree)
    made = exp.TableAlias(this=identifier(alias), columns=[identifier(column) for column in physical])
    return table, exp.CTE(this=tree, alias=made)


def settle_all(block: Block) -> None:
    """Give columns that are nothing but literals their type."""
    for index, output in enumerate(block.outputs):
        if output.type is UNKNOWN:
            block.convert(index, coercion.settle(block.column(index)))


def _column_names(context: Context, clause: exp.CTE, outputs: tuple[Output, ...]) -> list[str]:
    listed = [context.fold(name) for name in clause.args["alias"].args.get("columns") or ()]
    if len(listed) > len(outputs):
        raise errors.error(
            errors.INVALID_COLUMN_REFERENCE,
            f'WITH query "{clause.alias}" has {len(outputs)} columns available but {len(listed)} columns specified',
            context.script,
            clause,
        )
    return [*listed, *(output.name for output in outputs[len(listed) :])]


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    made: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return made


def _column(name: str, output: Output, physical: str | None = None) -> Output:
    return Output(name, physical or output.physical, output.type, output.blanks)
