"""JSON documents to the rows of a table, in bulk: DuckDB parses a document once and types its fields by the columns.

What does not fit is told by row, with the first column that it fails of. Only nested columns, and records that hold
something other than one object, are looked at one by one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from kit.catalog.model import Column
from kit.catalog.types import HiveType, parse, to_arrow
from kit.delivery.conversion import nested, scalars
from kit.delivery.conversion.documents import objects
from kit.delivery.engine import Engine, literal
from kit.delivery.records import compute

SHOWN_CHARACTERS = 40
LOOK_CLOSER = "?"
"""The reason of a document that may be fine, but is not what most are."""


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
    """The rows that a column of texts holds, in their order. A document of which one object does not fit gives none.

    Nearly all documents are objects that have all keys as they are spelt in the catalog, and need no second look.
    """
    kinds = {column.name: parse(column.type) for column in columns}
    members = _spelt_members if kinds and (rules.any_case or rules.dots) else _checked_members
    found = _typed(documents, kinds, members(list(kinds), rules), engine)
    rejected = _reasons(found)
    parents = pa.array(range(len(documents)), pa.int64())
    table = found
    if rejected:
        good = compute.is_null(found.column("reason"))
        table, parents = found.filter(good), parents.filter(_array(good))
        odd = [place for place, reason in rejected.items() if reason == LOOK_CLOSER]
        if odd:
            table, parents = _with_odd(table, parents, rejected, documents, odd, kinds, rules, engine)
    table, parents = _with_nested(table, parents, kinds, rules, rejected)
    return Rows(table, parents, rejected)


def _reasons(found: pa.Table) -> dict[int, str]:
    """Why rows are none, by place."""
    column = found.column("reason")
    if column.null_count == len(column):
        return {}
    places = compute.indices_nonzero(compute.is_valid(column))
    return dict(zip(places.to_pylist(), column.take(places).to_pylist(), strict=True))


def _typed(documents: Any, kinds: dict[str, HiveType], members: str, engine: Engine) -> pa.Table:
    """A row a document: the scalars' values, the nested ones' JSON, and a reason where the document does not fit.

    Columns are `v1`, `v2` and so on, and `reason`: names of the catalog may be any, and must not meet those used here.
    `members` is SQL over the column `document` of a list of the texts of the values, NULL where to look closer.
    """
    values: list[str] = []
    checks: list[str] = []
    for place, (name, kind) in enumerate(kinds.items(), 1):
        text = f"m{place}"
        if not scalars.is_scalar(kind):
            values.append(f"{text} AS v{place}")
            continue
        values.append(f"{scalars.value(text, kind)} AS v{place}")
        if str(kind) != "string":
            shown = f"left({text}, {SHOWN_CHARACTERS})"
            message = literal(f"column {name}: the value '"), literal(f"' does not fit the type {kind}")
            checks.append(f"WHEN {text} IS NOT NULL AND v{place} IS NULL THEN {message[0]} || {shown} || {message[1]}")
    picked = "".join(f", members[{place}] AS m{place}" for place in range(1, len(kinds) + 1))
    listed = "".join(f"v{place}, " for place in range(1, len(kinds) + 1))
    return engine.query(
        f"SELECT {listed}CASE WHEN members IS NULL THEN {literal(LOOK_CLOSER)} {' '.join(checks)} END AS reason "
        f"FROM (SELECT {''.join(f'{value}, ' for value in values)}"
        f"{''.join(f'm{place}, ' for place in range(1, len(kinds) + 1))}members "
        f"FROM (SELECT members{picked} FROM (SELECT {members} AS members FROM documents)))",
        {"documents": pa.table({"document": documents})},
    )


def _spelt_members(names: list[str], rules: Rules) -> str:
    """The members of documents that have every key as it is spelt; of others none."""
    found = f"TRY({_exact('document', [rules.key(name) for name in names])})"
    return f"CASE WHEN list_count({found}) = {len(names)} AND {_is_object('document')} THEN {found} END"


def _checked_members(names: list[str], rules: Rules) -> str:
    """The members of documents that are objects, whatever keys they have."""
    members = _members("document", [rules.key(name) for name in names], rules)
    return f"CASE WHEN {_is_object('document')} THEN {members} END"


def _is_object(document: str) -> str:
    return f"TRY(json_type({document})) = 'OBJECT'"


def _exact(document: str, keys: list[str]) -> str:
    return f"json_extract_string({document}, [{', '.join(literal('/' + _pointer(key)) for key in keys)}])"


def _members(document: str, keys: list[str], rules: Rules) -> str:
    """SQL of a list of the texts of these keys' values; NULL where there is none."""
    if not keys:
        return "[]::VARCHAR[]"
    exact = _exact(document, keys)
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
    """Add the rows of documents that spell keys in another way, lack some, or hold several objects; of the others, say
    what they are."""
    texts = documents.take(pa.array(odd, pa.int64()))
    members = _checked_members(list(kinds), rules)
    closer = _typed(texts, kinds, members, engine)
    reasons = _reasons(closer)
    parts: list[str] = []
    owners: list[int] = []
    for row, place in enumerate(odd):
        reason = reasons.get(row)
        split = objects(texts[row].as_py()) if reason == LOOK_CLOSER else reason
        if split is None:
            del rejected[place]
        elif isinstance(split, str):
            rejected[place] = split
        else:
            del rejected[place]
            parts += split
            owners += [place] * len(split)
    good = compute.is_null(closer.column("reason"))
    tables, places = [table, closer.filter(good)], [_array(parents), pa.array(odd, pa.int64()).filter(_array(good))]
    if parts:
        more = _typed(pa.array(parts, pa.string()), kinds, members, engine)
        for row, reason in _reasons(more).items():
            told = "it cannot be read as an object" if reason == LOOK_CLOSER else reason
            rejected.setdefault(owners[row], told)
        kept = pa.array([owner not in rejected for owner in owners], pa.bool_())
        tables.append(more.filter(kept))
        places.append(pa.array(owners, pa.int64()).filter(kept))
    joined, owning = pa.concat_tables(tables), pa.concat_arrays(places)
    order = compute.sort_indices(pa.table({"p": owning}), sort_keys=[("p", "ascending")])
    return joined.take(order), owning.take(order)


def _with_nested(
    table: pa.Table, parents: Any, kinds: dict[str, HiveType], rules: Rules, rejected: dict[int, str]
) -> tuple[pa.Table, Any]:
    """Read the nested columns, and cast the others to the types that files have."""
    columns: dict[str, Any] = {}
    bad: set[int] = set()
    owners = parents.to_pylist() if any(not scalars.is_scalar(kind) for kind in kinds.values()) else []
    for place, (name, kind) in enumerate(kinds.items(), 1):
        column = table.column(f"v{place}")
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
        return nested.read(json.dumps(text), kind, any_case=rules.any_case)


def _array(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
