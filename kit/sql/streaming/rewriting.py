"""What is changed in a SELECT's tree before it is bound, and which trees rows of a stream can pass. Pure, on trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from kit.sql.athena.dialect import query_tree
from kit.sql.place import error_at, start_of
from kit.sql.streaming.locality import END, START, aggregate_in
from kit.sql.streaming.plan import (
    MARK,
    ROW,
    ROWTIME,
    WATERMARK,
    Plain,
    Shape,
)
from kit.sql.streaming.reading import Selection, blanked
from kit.sql.streaming.windows import Forest, Sliding


def marks_of(shape: Shape, *, feeds: bool) -> Mapping[str, str]:
    """What an answer hands on about its rows, and where it takes it from: rows that waited are never late again."""
    match shape:
        case Plain():
            return {MARK: ROWTIME, WATERMARK: WATERMARK, ROW: ROW} if feeds else {}
        case Sliding() | Forest():
            return {MARK: ROWTIME}
        case _:
            return {MARK: END} if feeds else {}


def mark(text: str, tree: exp.Expr, marks: Mapping[str, str]) -> None:
    """Let the answer's last columns be those of the source, by their names in the answer."""
    if not isinstance(tree, exp.Select):
        place = start_of(tree) or 0
        message = "A UNION that feeds a stream is not supported"
        raise error_at("NOT_SUPPORTED", message, text, place, "Two pumps can feed one stream.")
    place = start_of(tree) or 0
    if tree.args.get("distinct") is not None and ROWTIME in marks.values():
        raise error_at("NOT_SUPPORTED", "DISTINCT over a stream is not supported", text, place)
    first = tree.args.get("from_")
    inner = None if first is None else first.this
    if isinstance(inner, exp.Subquery) and isinstance(inner.this, exp.Select):
        if any(item.is_star for item in tree.expressions):
            message = "* over a subquery that feeds a stream is not supported"
            raise error_at("NOT_SUPPORTED", message, text, place, "Name the columns.")
        mark(text, inner.this, marks)
        marks = {each: each for each in marks}
    for each, name in marks.items():
        column = exp.Column(this=exp.to_identifier(name, quoted=True))
        tree.append("expressions", exp.alias_(column, each, quoted=True))


def keys_tree(text: str, selection: Selection) -> list[exp.Expr]:
    """The keys of WINDOWED BY STAGGER."""
    stagger = selection.stagger
    if stagger is None:
        return []
    alone = blanked(blanked(selection.text, 0, stagger.begin), stagger.end, len(text))
    tree = with_floors(query_tree(blanked(alone, 0, len("SELECT "), "SELECT")), selection)
    return list(tree.expressions)


def with_floors(tree: exp.Expr, selection: Selection) -> exp.Expr:
    """FLOOR(x TO unit), whose TO was taken out, as date_trunc."""
    for call in list(tree.find_all(exp.Anonymous)):
        start = start_of(call)
        unit = selection.floors.get(start) if start is not None else None
        if unit is not None and call.name.lower() == "floor":
            call.set("this", "date_trunc")
            call.set("expressions", [exp.Literal.string(unit), *call.expressions])
    return tree


def group_by_window(tree: exp.Expr, keys: Sequence[exp.Expr]) -> None:
    """Let the SELECT that has the windows group by them, and by the keys of STAGGER."""
    select = tree.find(exp.Select)
    assert select is not None, "a query has a SELECT"
    group = select.args.get("group")
    if group is None and not keys:
        return
    columns = [exp.Column(this=exp.to_identifier(name, quoted=True)) for name in (START, END)]
    named = {
        part.name.lower() for part in (group.expressions if group is not None else ()) if isinstance(part, exp.Column)
    }
    added = [column for column in columns if column.name not in named]
    held = list(group.expressions) if group is not None else []
    select.set("group", exp.Group(expressions=[*added, *held, *(key.copy() for key in keys if key not in held)]))


def framed(overs: Sequence[exp.Window]) -> list[exp.Window]:
    """Those that say what they are over; the others name one of them."""
    return [over for over in overs if over.args.get("alias") is None]


def check_plain(text: str, tree: exp.Expr) -> None:
    """Rows pass one by one."""
    _check_group(text, tree)
    for kind, what in (
        (exp.Limit, "LIMIT"),
        (exp.Offset, "OFFSET"),
        (exp.Order, "ORDER BY"),
        (exp.Distinct, "DISTINCT"),
    ):
        found = tree.find(kind)
        if found is not None:
            raise error_at(
                "NOT_SUPPORTED",
                f"{what} over a stream is not supported",
                text,
                start_of(found) or 0,
                "Give it a window.",
            )
    if isinstance(tree, exp.SetOperation):
        raise error_at("NOT_SUPPORTED", "A set operation over a stream is not supported", text, start_of(tree) or 0)
    found = aggregate_in(tree)
    if found is not None:
        raise error_at(
            "NOT_SUPPORTED",
            "An aggregate over all of a stream, which has no end, is not supported",
            text,
            start_of(found) or 0,
            "Give it a window: FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)).",
        )


def _check_group(text: str, tree: exp.Expr) -> None:
    select = tree.find(exp.Select)
    group = None if select is None else select.args.get("group")
    if group is not None:
        raise error_at(
            "NOT_SUPPORTED",
            "A group over all of the stream, which has no end, is not supported",
            text,
            start_of(group) or 0,
            "Group a window: TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)), or STEP(ROWTIME BY …).",
        )
