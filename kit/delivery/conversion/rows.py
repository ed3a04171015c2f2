"""JSON documents to the rows of a table, in bulk: DuckDB parses a document once and types its fields by the columns.

What does not fit is told by row, with the first column that it fails of. Only nested columns, and records that hold
something other than one object, are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from kit.catalog.model import Column
from kit.catalog.types import HiveType, parse, to_arrow
from kit.delivery.conversion import nested, scalars
from kit.delivery.conversion.documents import objects
from kit.delivery.engine import Engine, literal, quote
from kit.delivery.records import compute

SHOWN_CHARACTERS = 40
NOT_AN_OBJECT = "?"
"""The reason of a document that is no single JSON object: it is looked at again, by itself."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How keys match columns. `key_of_column` gives the key that a column is read from."""

    any_case: bool = True
    dots: bool = False
    key_of_column: dict[str, str] = field(default_factory=dict)

    def key(self, column: str) -> str:
        return self.key_of_column.get(column, column)


@dataclass(frozen=True, slots=True)
class Rows:
    """`parents` has for each row of the table the place of the document that it comes from; `rejected`, by place, why a
    document gives none."""

    table: pa.Table
    parents: pa.Array
    rejected: dict[int, str]


def typed_rows(documents: Any, columns: Sequence[Column], rules: Rules, engine: Engine) -> Rows:
    """The rows that an array of texts holds, in their order. A document of which one object does not fit gives none."""
    kinds = {column.name: parse(column.type) for column in columns}
    found = _typed(documents, kinds, rules, engine)
    reasons = found.column("reason").to_pylist() if found.column("reason").null_count != len(documents) else []
    rejected = {place: reason for place, reason in enumerate(reasons) if reason is not None}
    odd = [place for place, reason in rejected.items() if reason == NOT_AN_OBJECT]
    good = compute.is_null(found.column("reason"))
    places = pa.array(range(len(documents)), pa.int64())
    table, parents = found, places
    if rejected:
        table, parents = found.filter(good), places.filter(_array(good))
    if odd:
        table, parents = _with_odd(table, parents, rejected, documents, odd, kinds, rules, engine)
    table, parents = _with_nested(table.drop_columns("reason"), parents, kinds, rules, rejected)
    return Rows(table, parents, rejected)


def _typed(documents: Any, kinds: dict[str, HiveType], rules: Rules, engine: Engine) -> pa.Table:
    """A row a document: the scalars' values, the nested ones' JSON, and a reason where the document does not fit."""
    names = list(kinds)
    values: list[str] = []
    checks: list[str] = []
    for place, (name, kind) in enumerate(kinds.items(), 1):
        text = f"m{place}"
        if not scalars.is_scalar(kind):
            values.append(f"{text} AS {quote(name)}")
            continue
        values.append(f"{scalars.value(text, kind)} AS {quote(name)}")
        if str(kind) != "string":
            shown = f"left({text}, {SHOWN_CHARACTERS})"
            message = literal(f"column {name}: the value '"), literal(f"' does not fit the type {kind}")
            checks.append(
                f"WHEN {text} IS NOT NULL AND {quote(name)} IS NULL THEN {message[0]} || {shown} || {message[1]}"
            )
    picked = "".join(f", members[{place}] AS m{place}" for place in range(1, len(names) + 1))
    members = _members("document", [rules.key(name) for name in names], rules)
    listed = "".join(f"{quote(name)}, " for name in names)
    return engine.query(
        f"SELECT {listed}CASE WHEN document IS NULL THEN {literal(NOT_AN_OBJECT)} {' '.join(checks)} END AS reason "
        f"FROM (SELECT {''.join(f'{value}, ' for value in values)}"
        f"{''.join(f'm{place}, ' for place in range(1, len(names) + 1))}document "
        f"FROM (SELECT document{picked} FROM (SELECT document, {members} AS members "
        "FROM (SELECT CASE WHEN TRY(json_type(document)) = 'OBJECT' THEN document END AS document FROM documents))))",
        {"documents": pa.table({"document": documents})},
    )


def _members(document: str, keys: list[str], rules: Rules) -> str:
    """SQL of a list of the texts of these keys' values; NULL where there is none."""
    if not keys:
        return "[]::VARCHAR[]"
    exact = f"json_extract_string({document}, [{', '.join(literal('/' + _pointer(key)) for key in keys)}])"
    if not rules.any_case and not rules.dots:
        return exact
    # Other spellings are looked for only in objects that miss one of the keys as it stands.
    folded = "replace(k, '.', '_')" if rules.dots else "k"
    folded = f"lower({folded})" if rules.any_case else folded
    wanted = [literal(key.lower() if rules.any_case else key) for key in keys]
    members = ", ".join(
        f"coalesce(found[{place}], json_extract_string({document}, '/' || "
        f"replace(replace(list_filter(spelt, lambda k: {folded} = {name})[1], '~', '~0'), '/', '~1')))"
        for place, name in enumerate(wanted, 1)
    )
    return (
        f"list_transform([{exact}], lambda found: CASE WHEN list_count(found) = {len(keys)} THEN found "
        f"ELSE list_transform([json_keys({document})], lambda spelt: [{members}])[1] END)[1]"
    )


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _with_odd(
    table: pa.Table,
    parents: Any,
    rejected: dict[int, str],
    documents: Any,
    odd: Sequence[int],
    kinds: dict[str, HiveType],
    rules: Rules,
    engine: Engine,
) -> tuple[pa.Table, Any]:
    """Add the rows of documents that hold several objects, and say of the others what they are."""
    parts: list[str] = []
    owners: list[int] = []
    for place in odd:
        split = objects(documents[place].as_py())
        if isinstance(split, str):
            rejected[place] = split
            continue
        del rejected[place]
        parts += split
        owners += [place] * len(split)
    if not parts:
        return table, parents
    more = _typed(pa.array(parts, pa.string()), kinds, rules, engine)
    for owner, reason in zip(owners, more.column("reason").to_pylist(), strict=True):
        if reason is not None:
            rejected.setdefault(
                owner, "a key is there twice, or nested too deep" if reason == NOT_AN_OBJECT else reason
            )
    kept = pa.array([owner not in rejected for owner in owners], pa.bool_())
    joined = pa.concat_tables([table, more.filter(kept)])
    owning = pa.concat_arrays([_array(parents), pa.array(owners, pa.int64()).filter(kept)])
    order = compute.sort_indices(pa.table({"p": owning}), sort_keys=[("p", "ascending")])
    return joined.take(order), owning.take(order)


def _with_nested(
    table: pa.Table, parents: Any, kinds: dict[str, HiveType], rules: Rules, rejected: dict[int, str]
) -> tuple[pa.Table, Any]:
    """Read the nested columns, and cast the others to the types that files have."""
    columns: dict[str, Any] = {}
    bad: set[int] = set()
    owners = parents.to_pylist() if any(not scalars.is_scalar(kind) for kind in kinds.values()) else []
    for name, kind in kinds.items():
        column = table.column(name)
        if scalars.is_scalar(kind):
            columns[name] = column if column.type == to_arrow(kind) else column.cast(to_arrow(kind))
            continue
        values: list[Any] = []
        for owner, text in zip(owners, column.to_pylist(), strict=True):
            try:
                values.append(None if text is None else _nested(text, kind, rules))
            except (ValueError, RecursionError) as error:
                values.append(None)
                bad.add(owner)
                rejected.setdefault(owner, f"column {name}: {error}")
        columns[name] = pa.array(values, to_arrow(kind))
    typed = pa.table(columns)
    if bad:
        kept = pa.array([owner not in bad for owner in owners], pa.bool_())
        return typed.filter(kept), _array(parents).filter(kept)
    return typed, parents


def _nested(text: str, kind: HiveType, rules: Rules) -> Any:
    try:
        return nested.read(text, kind, any_case=rules.any_case)
    except nested.MisfitError:
        raise
    except ValueError:  # a bare text, which comes without its quotes
        import json

        return nested.read(json.dumps(text), kind, any_case=rules.any_case)


def _array(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
