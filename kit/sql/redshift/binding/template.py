"""DuckDB SQL with `$1`, `$2` … for arguments, compiled once into a function that builds the tree.

Templates keep the tables of functions readable: what a Redshift function means stands there as DuckDB SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from kit.sql.redshift.binding.typed import operand

Build = Callable[[Sequence[exp.Expr]], exp.Expr]


class _Verbatim(DuckDB):
    """DuckDB's grammar with calls left under their own names."""

    class Parser(DuckDB.Parser):  # type: ignore[bad-override]  # how sqlglot's dialects are made
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: DuckDB.Parser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST")
        }


_DIALECT = _Verbatim()


@cache
def template(sql: str) -> Build:
    """The builder for a template; an argument that comes more than once is copied.

    Raises `IndexError` from the builder where an argument is missing.
    """
    tree = _DIALECT.parser().parse(_DIALECT.tokenize(sql), sql)[0]
    assert tree is not None
    uses = [node.name for node in tree.find_all(exp.Placeholder)]
    repeated = frozenset(name for name in uses if uses.count(name) > 1)
    return _compiled(tree, repeated, top=True)


def _compiled(tree: exp.Expr, repeated: frozenset[str], *, top: bool = False) -> Build:
    if isinstance(tree, exp.Placeholder):
        index = int(tree.name) - 1
        copied = tree.name in repeated
        closed = top or isinstance(tree.parent, (exp.Anonymous, exp.Paren, exp.Cast, exp.If))
        return _argument(index, copied=copied, closed=closed)
    if not any(True for _ in tree.find_all(exp.Placeholder)):
        return lambda _: tree.copy()
    parts: dict[str, Callable[[Sequence[exp.Expr]], Any]] = {}
    fixed: dict[str, Any] = {}
    for key, value in tree.args.items():
        if isinstance(value, exp.Expr):
            parts[key] = _compiled(value, repeated)
        elif isinstance(value, list) and any(isinstance(item, exp.Expr) for item in value):
            parts[key] = _compiled_list([_compiled(item, repeated) for item in value])
        elif value is not None:
            fixed[key] = value
    kind = type(tree)
    return lambda arguments: kind(**fixed, **{key: build(arguments) for key, build in parts.items()})


def _compiled_list(builds: list[Build]) -> Callable[[Sequence[exp.Expr]], list[exp.Expr]]:
    return lambda arguments: [build(arguments) for build in builds]


def _argument(index: int, *, copied: bool, closed: bool) -> Build:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        node = arguments[index]
        node = node.copy() if copied else node
        return node if closed else operand(node)

    return build
