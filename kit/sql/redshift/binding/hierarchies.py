"""CONNECT BY as a recursive common table.

The FROM clause becomes a common table; its roots are the rows of START WITH, and each step joins the rows before it by
the CONNECT BY condition, in which PRIOR reads the row before. Names then mean the recursive table's columns, and LEVEL
is one of them. WHERE filters the finished hierarchy.

Source: Amazon Redshift Database Developer Guide, "CONNECT BY clause", read 2026-11.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding.blocks import projection
from kit.sql.redshift.binding.context import Context
from kit.sql.redshift.binding.expressions import Clause, Expressions, Handler
from kit.sql.redshift.binding.scope import Scope, Source, SourceColumn, identifier
from kit.sql.redshift.binding.typed import Typed, number, typed
from kit.sql.redshift.types import INTEGER

START_WITH = Clause("START WITH")
CONNECT_BY = Clause("CONNECT BY")
_LEVEL = "level"


def bind_connect(context: Context, select: exp.Select, scope: Scope, made: exp.Select) -> Scope | None:
    """Rewrite `made`'s FROM and `scope` where the block has CONNECT BY; the parent row's scope for PRIOR."""
    connect = select.args.get("connect")
    if connect is None:
        return None
    if connect.args.get("nocycle"):
        raise errors.unsupported("NOCYCLE", context.script, connect)
    if connect.args["connect"].find(exp.Prior) is None:
        raise errors.error(
            errors.SYNTAX_ERROR, "CONNECT BY needs at least one condition with PRIOR", context.script, connect
        )
    base, rows = context.unique("hierarchy_base"), context.unique("hierarchy")
    columns = [column for source in scope.sources for column in source.columns]
    physical = [f"c{index}" for index in range(len(columns))]
    read = exp.Select(
        expressions=[
            projection(_taken(scope, column).node, name) for column, name in zip(columns, physical, strict=True)
        ],
        from_=made.args.pop("from_"),
        joins=made.args.pop("joins", None),
    )
    root, child, parent, answer = (context.unique(name) for name in ("root", "child", "parent", "hierarchy_rows"))
    seeds = _seeds(context, scope, select, base, root, physical)
    steps = _steps(context, scope, connect, base, rows, child, parent, physical)
    made.set("from_", exp.From(this=_table(rows, answer)))
    clauses = [
        exp.CTE(this=read, alias=exp.TableAlias(this=identifier(base))),
        exp.CTE(
            this=exp.Union(this=seeds, distinct=False, expression=steps),
            alias=exp.TableAlias(
                this=identifier(rows),
                columns=[identifier(name) for name in [*physical, *(f"p{name}" for name in physical), _LEVEL]],
            ),
        ),
    ]
    made.set("with_", exp.With(expressions=clauses, recursive=True))
    prior = _moved(scope, answer, [f"p{name}" for name in physical])
    here = _moved(scope, answer, physical)
    scope.sources[:] = here.sources
    scope.merged.clear()
    if not scope.matches(_LEVEL):
        scope.sources.append(Source("", (SourceColumn(_LEVEL, answer, _LEVEL, INTEGER, False, hidden=True),)))
    return prior


def _taken(scope: Scope, column: SourceColumn) -> Typed:
    for source in scope.sources:
        if column in source.columns:
            return source.take(column)
    return column.reference()


def _table(name: str, alias: str) -> exp.Table:
    return exp.Table(this=identifier(name), alias=exp.TableAlias(this=identifier(alias)))


def _moved(scope: Scope, alias: str, physical: list[str]) -> Scope:
    """The same names, each meaning a column of one table."""
    names = iter(physical)
    sources = [
        replace_columns(source, tuple(replace(column, alias=alias, physical=next(names)) for column in source.columns))
        for source in scope.sources
    ]
    return Scope(scope.parent, sources, environment=scope.environment)


def replace_columns(source: Source, columns: tuple[SourceColumn, ...]) -> Source:
    element = columns[0] if source.element is not None else None
    return Source(source.name, columns, source.schema, element)


def _columns(alias: str, names: list[str], types: list[SourceColumn]) -> list[exp.Expr]:
    return [
        replace(column, alias=alias, physical=name).reference().node for column, name in zip(types, names, strict=True)
    ]


def _seeds(
    context: Context, scope: Scope, select: exp.Select, base: str, alias: str, physical: list[str]
) -> exp.Select:
    columns = [column for source in scope.sources for column in source.columns]
    own = _columns(alias, physical, columns)
    nulls = [exp.Cast(this=exp.Null(), to=node.type.copy()) for node in own if node.type is not None]
    made = exp.Select(
        expressions=[
            *(projection(node, name) for node, name in zip(own, physical, strict=True)),
            *(projection(node, f"p{name}") for node, name in zip(nulls, physical, strict=True)),
            projection(typed(number(1), INTEGER).node, _LEVEL),
        ],
        from_=exp.From(this=_table(base, alias)),
    )
    start = select.args["connect"].args.get("start")
    if start is not None:
        binder = Expressions(context, _moved(scope, alias, physical), START_WITH)
        made.set("where", exp.Where(this=binder.boolean(start)))
    return made


def _steps(
    context: Context,
    scope: Scope,
    connect: exp.Connect,
    base: str,
    rows: str,
    child: str,
    parent: str,
    physical: list[str],
) -> exp.Select:
    columns = [column for source in scope.sources for column in source.columns]
    level = exp.Column(this=identifier(_LEVEL), table=identifier(parent))
    above = _moved(scope, parent, physical)
    here = _moved(scope, child, physical)
    next_level = exp.Add(this=level, expression=number(1))
    if not here.matches(_LEVEL):
        here.merged[_LEVEL] = typed(exp.Paren(this=next_level.copy()), INTEGER)
    condition = Expressions(context, here, CONNECT_BY, prior=above).boolean(connect.args["connect"])
    return exp.Select(
        expressions=[
            *(projection(node, name) for node, name in zip(_columns(child, physical, columns), physical, strict=True)),
            *(
                projection(node, f"p{name}")
                for node, name in zip(_columns(parent, physical, columns), physical, strict=True)
            ),
            projection(typed(next_level, INTEGER).node, _LEVEL),
        ],
        from_=exp.From(this=_table(rows, parent)),
        joins=[exp.Join(this=_table(base, child), on=condition)],
    )


def _prior(binder: Expressions, node: exp.Prior) -> Typed:
    if binder.prior is None:
        raise binder.error(errors.SYNTAX_ERROR, "PRIOR is only allowed with CONNECT BY", node)
    inner = replace(binder, scope=binder.prior, prior=None)
    return inner.bind(node.this)


HANDLERS: dict[type[exp.Expr], Handler] = {exp.Prior: _prior}
