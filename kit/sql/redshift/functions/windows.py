"""Window functions proper, and the specification that they and aggregates are computed over.

Source: Amazon Redshift Database Developer Guide, "Window functions", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from kit.sql.redshift import errors
from kit.sql.redshift.binding import coercion
from kit.sql.redshift.binding.conversions import common_type
from kit.sql.redshift.binding.typed import Typed, call, cast, typed
from kit.sql.redshift.functions.table import Call
from kit.sql.redshift.types import BIGINT, DOUBLE, Kind

if TYPE_CHECKING:
    from kit.sql.redshift.binding.expressions import Expressions


@dataclass(frozen=True, slots=True)
class Over:
    """Bound PARTITION BY and ORDER BY, and the frame; `node` is the window as it was written."""

    partition: tuple[exp.Expr, ...]
    order: tuple[exp.Expr, ...]
    frame: exp.WindowSpec | None
    node: exp.Expr

    def window(self, function: exp.Expr) -> exp.Window:
        made = exp.Window(
            this=function,
            partition_by=[part.copy() for part in self.partition],
            order=exp.Order(expressions=[term.copy() for term in self.order]) if self.order else None,
            spec=self.frame.copy() if self.frame is not None else None,
            over="OVER",
        )
        made.type = function.type
        return made


@dataclass(frozen=True, slots=True)
class WindowFunction:
    bind: Callable[..., Typed]


def spread(node: exp.Expr, over: Over) -> exp.Expr:
    """Every aggregate in `node` computed over the window."""
    if isinstance(node, exp.AggFunc):
        return over.window(node)
    for child in list(node.iter_expressions()):
        if isinstance(child, exp.AggFunc):
            child.replace(over.window(child.copy()))
        else:
            spread(child, over)
    return node


def frame(binder: Expressions, window: exp.Window) -> exp.WindowSpec | None:
    """A ROWS frame; raises for RANGE, GROUPS and EXCLUDE, and for a frame that ends before it starts."""
    spec = window.args.get("spec")
    if spec is None:
        return None
    if str(spec.args.get("kind") or "").upper() != "ROWS":
        raise binder.unsupported(f"A {str(spec.args.get('kind')).upper()} frame", window, "Use ROWS.")
    if spec.args.get("exclude"):
        raise binder.unsupported("EXCLUDE in a frame", window)
    start = _bound(binder, spec, "start")
    end = _bound(binder, spec, "end") if spec.args.get("end") is not None else 0.0
    if spec.args.get("end") is None and start > 0:
        start, end = 0.0, start
    if start > end:
        raise binder.error(errors.WINDOWING, "frame starting boundary cannot be greater than its ending boundary", spec)
    made = exp.WindowSpec(kind="ROWS")
    for name, value in (("start", start), ("end", end)):
        made.set(name, _written(abs(value)))
        if value:
            made.set(f"{name}_side", "PRECEDING" if value < 0 else "FOLLOWING")
    return made


def _bound(binder: Expressions, spec: exp.WindowSpec, which: str) -> float:
    """A boundary as a number of rows from the current one, negative before it."""
    value = spec.args[which]
    side = str(spec.args.get(f"{which}_side") or "").upper()
    if isinstance(value, str):
        if value.upper() == "CURRENT ROW":
            return 0.0
        distance = float("inf")
    elif isinstance(value, exp.Literal) and value.name.isdecimal():
        distance = float(value.name)
    else:
        raise binder.error(errors.WINDOWING, "frame offset must be a constant positive integer", spec)
    return -distance if side == "PRECEDING" else distance


def _written(distance: float) -> exp.Expr | str:
    if distance == 0:
        return "CURRENT ROW"
    return "UNBOUNDED" if distance == float("inf") else exp.Literal.number(int(distance))


def _no_frame(binder: Expressions, call_: Call, over: Over) -> None:
    if over.frame is not None:
        raise binder.error(errors.WINDOWING, f"window function {call_.name} does not allow a frame clause", over.node)


def _arguments(binder: Expressions, call_: Call, least: int, most: int) -> list[Typed]:
    values = [binder.bind(argument) for argument in call_.arguments]
    if not least <= len(values) <= most or call_.distinct:
        raise errors.function_missing(call_.name, [value.type for value in values], binder.script, call_.node, None)
    return values


def _ranking(name: str) -> Callable[..., Typed]:
    def bind(binder: Expressions, call_: Call, over: Over, *, ignore_nulls: bool | None) -> Typed:
        _refuse_nulls(binder, call_, over, ignore_nulls)
        _arguments(binder, call_, 0, 0)
        _no_frame(binder, call_, over)
        kind = DOUBLE if name in {"percent_rank", "cume_dist"} else BIGINT
        return typed(over.window(exp.Anonymous(this=name)), kind)

    return bind


def _refuse_nulls(binder: Expressions, call_: Call, over: Over, ignore_nulls: bool | None) -> None:
    if ignore_nulls is not None:
        raise binder.error(errors.SYNTAX_ERROR, f"{call_.name} does not take IGNORE or RESPECT NULLS", over.node)


def _ntile(binder: Expressions, call_: Call, over: Over, *, ignore_nulls: bool | None) -> Typed:
    _refuse_nulls(binder, call_, over, ignore_nulls)
    (buckets,) = _arguments(binder, call_, 1, 1)
    _no_frame(binder, call_, over)
    if not buckets.type.is_integer:
        raise errors.function_missing(call_.name, [buckets.type], binder.script, call_.node, None)
    return typed(over.window(call("ntile", cast(buckets.node, BIGINT))), BIGINT)


def _neighbour(kind_: type[exp.Func]) -> Callable[..., Typed]:
    """LAG and LEAD: value, offset, default."""

    def bind(binder: Expressions, call_: Call, over: Over, *, ignore_nulls: bool | None) -> Typed:
        value, *rest = _arguments(binder, call_, 1, 3)
        _no_frame(binder, call_, over)
        if not over.order:
            raise binder.error(errors.WINDOWING, f"window function {call_.name} requires an ORDER BY clause", over.node)
        value = coercion.settle(value)
        nodes = [value.node]
        if rest:
            if not rest[0].type.is_integer:
                raise errors.function_missing(call_.name, [value.type, rest[0].type], binder.script, call_.node, None)
            nodes.append(rest[0].node)
        if len(rest) == 2:
            kind = common_type(binder, [value, rest[1]], call_.name.upper(), call_.node)
            nodes[0] = coercion.explicit(value, kind, binder.script).node
            nodes.append(coercion.explicit(rest[1], kind, binder.script).node)
            value = typed(value.node, kind, blanks=value.blanks or rest[1].blanks)
        made = kind_(**dict(zip(("this", "offset", "default"), nodes, strict=False)))
        return typed(over.window(_nulls(made, ignore_nulls)), value.type, blanks=value.blanks)

    return bind


def _nulls(function: exp.Expr, ignore_nulls: bool | None) -> exp.Expr:
    return exp.IgnoreNulls(this=function) if ignore_nulls else function


def _positional(kind_: type[exp.Func]) -> Callable[..., Typed]:
    """FIRST_VALUE, LAST_VALUE, NTH_VALUE."""

    def bind(binder: Expressions, call_: Call, over: Over, *, ignore_nulls: bool | None) -> Typed:
        count = 2 if kind_ is exp.NthValue else 1
        value, *rest = _arguments(binder, call_, count, count)
        if over.order and over.frame is None:
            raise binder.error(
                errors.WINDOWING,
                "Aggregate window functions with an ORDER BY clause require a frame clause",
                over.node,
                "Add ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING.",
            )
        value = coercion.settle(value)
        nodes = [value.node]
        if rest:
            if not rest[0].type.is_integer:
                raise errors.function_missing(call_.name, [value.type, rest[0].type], binder.script, call_.node, None)
            nodes.append(rest[0].node)
        made = kind_(**dict(zip(("this", "offset"), nodes, strict=False)))
        return typed(over.window(_nulls(made, ignore_nulls)), value.type, blanks=value.blanks)

    return bind


def _ratio(binder: Expressions, call_: Call, over: Over, *, ignore_nulls: bool | None) -> Typed:
    """RATIO_TO_REPORT: a value's share of its partition's sum; NULL where the sum is zero."""
    _refuse_nulls(binder, call_, over, ignore_nulls)
    (value,) = _arguments(binder, call_, 1, 1)
    if over.order or over.frame is not None:
        raise binder.error(errors.WINDOWING, "window function ratio_to_report takes PARTITION BY only", over.node)
    if not value.type.is_number:
        raise errors.function_missing(call_.name, [value.type], binder.script, call_.node, None)
    total = over.window(exp.Sum(this=value.node.copy()))
    exact = value.type.is_exact or value.type.kind is Kind.REAL
    share = call("rs_ratio", cast(value.node, DOUBLE), cast(total, DOUBLE) if exact else total)
    return typed(share, DOUBLE)


FUNCTIONS: Final[dict[str, WindowFunction]] = {
    **{
        name: WindowFunction(_ranking(name))
        for name in ("row_number", "rank", "dense_rank", "percent_rank", "cume_dist")
    },
    "ntile": WindowFunction(_ntile),
    "lag": WindowFunction(_neighbour(exp.Lag)),
    "lead": WindowFunction(_neighbour(exp.Lead)),
    "first_value": WindowFunction(_positional(exp.FirstValue)),
    "last_value": WindowFunction(_positional(exp.LastValue)),
    "nth_value": WindowFunction(_positional(exp.NthValue)),
    "ratio_to_report": WindowFunction(_ratio),
}
