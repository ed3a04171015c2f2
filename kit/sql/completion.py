"""What can come next in SQL that is being written: names of the catalog that are in scope, functions and keywords.

Pure, and the same for every dialect: words and functions come as a `Vocabulary`, tables from a `SchemaSource`. Reads
tokens, so that incomplete text is no obstacle. Where the text does not tell, it offers too much rather than too little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import pairwise
from typing import Final, Literal, TypeAlias, assert_never

from kit.sql import outline
from kit.sql.lexer import Kind, Token, tokens
from kit.sql.outline import Block, Group, Item, Select, Source
from kit.sql.relations import RelationColumn, SchemaSource

CandidateKind: TypeAlias = Literal["database", "table", "column", "hidden column", "function", "keyword"]

_PLAIN_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_REST_OF_WORD: Final = re.compile(r"[\w$]*")
_REST_OF_QUOTED: Final = re.compile(r"[\w$]*(?=[\"`])")
_COMMENTS: Final = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
_OPERANDS: Final = frozenset({"END", "FALSE", "NULL", "TRUE"})
_STAR_IS_OPERAND_AFTER: Final = frozenset({"SELECT", "DISTINCT", "ALL", ",", ".", "("})


@dataclass(frozen=True, slots=True)
class Candidate:
    """`text` is what to write, quoted where it has to be."""

    text: str
    kind: CandidateKind


@dataclass(frozen=True, slots=True)
class Completion:
    """Each candidate replaces the text from the offset `start` to the cursor."""

    start: int
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A dialect's words: keywords and types in upper case, functions in lower case.

    `reserved` keywords are no names unless quoted; statements that begin with one of `backticks` quote with those.
    `fields` gives the (name, type) pairs of a structured type, and none of any other.
    """

    keywords: tuple[str, ...]
    functions: tuple[str, ...]
    reserved: Collection[str] = frozenset()
    catalog: str = ""
    backticks: Collection[str] = frozenset()
    fields: Callable[[str], Iterable[tuple[str, str]]] = lambda _: ()


def complete(text: str, cursor: int, schema: SchemaSource, database: str, vocabulary: Vocabulary) -> Completion:
    """What can stand at the offset `cursor`; nothing inside of strings, comments, numbers and parameters."""
    fragment = _fragment(text, cursor)
    if fragment is None:
        return Completion(cursor)
    items = outline.nested([*fragment.before, outline.cursor(cursor), *_following(text, fragment.resumes)])
    names = _Names(schema, database, vocabulary)
    offered = names.offered(_where(items, vocabulary), with_words=bool(fragment.text) and not fragment.quote)
    quote = fragment.quote or ("`" if outline.word(items[0]) in vocabulary.backticks else '"')
    is_closed = bool(fragment.quote) and text.startswith(fragment.quote, fragment.resumes)
    writing = _Writing(fragment.text, quote, vocabulary.reserved, is_closed)
    found = (writing.written(each) for each in offered if each.text.lower().startswith(fragment.name))
    return Completion(fragment.start, tuple(dict.fromkeys(found)))


@dataclass(frozen=True, slots=True)
class _Fragment:
    """The word that is being written: [start, cursor) of the text, `quote` in front of it where one is.

    `before` are the words of the statement that come before it; after it, the text goes on at `resumes`.
    """

    text: str
    start: int
    quote: str
    before: Sequence[Token]
    resumes: int

    @property
    def name(self) -> str:
        return self.text.removeprefix(self.quote).lower()


def _fragment(text: str, cursor: int) -> _Fragment | None:
    """The word at the cursor, which may be empty; None where no word can be."""
    before = list(tokens(text[:cursor]))
    last = before[-1] if before else None
    rest = text[last.end if last else 0 : cursor]
    if any(found.end() == len(rest) and found[0].startswith("--") for found in _COMMENTS.finditer(rest)):
        return None
    start, quote = cursor, ""
    if last is not None and last.end == cursor:
        if last.open:
            if last.kind is not Kind.QUOTED:
                return None
            start, quote = last.start, last.text[0]
            before.pop()
        elif last.kind is Kind.WORD:
            start = last.start
            before.pop()
        elif last.kind is not Kind.OPERATOR:
            return None
    if before and not quote and before[-1].text == "$" and before[-1].end == start:  # "$path", quotes not yet written
        start = before.pop().start
    begins = max((index + 1 for index, token in enumerate(before) if token.text == ";"), default=0)
    resumed = (_REST_OF_QUOTED if quote else _REST_OF_WORD).match(text, cursor)
    resumes = resumed.end() if resumed else cursor
    return _Fragment(text[start:cursor], start, quote, before[begins:], resumes)


def _following(text: str, start: int) -> Iterator[Token]:
    """What comes after the cursor in its statement."""
    skipped = start + (text[start : start + 1] in ('"', "`"))
    for token in tokens(text[skipped:]):
        if token.text == ";":
            return
        yield token


# Where the cursor is


class _Wanted(Enum):
    """What may stand at the cursor; a `WORD` goes on after an operand, a `NAME` is the user's to choose."""

    RELATION = auto()
    DATABASE = auto()
    EXPRESSION = auto()
    WORD = auto()
    NAME = auto()


@dataclass(frozen=True, slots=True)
class _Place:
    """The cursor's surroundings. `qualifier` are the names before it, up to its dots.

    `sources` can be named, level by level, the innermost first; `named` are the queries of WITH, the nearest last;
    `outputs` are the columns of the SELECT itself where they can be named.
    """

    wanted: _Wanted
    qualifier: tuple[str, ...]
    sources: tuple[tuple[Source, ...], ...]
    named: tuple[Source, ...]
    outputs: tuple[str, ...]


def _where(statement: tuple[Item, ...], vocabulary: Vocabulary) -> _Place:
    around = outline.path(statement)
    block = outline.block(statement)
    select = block.select_of_cursor()
    levels: list[tuple[Source, ...]] = [_readable(block, select)]
    named = tuple(_visible(block))
    is_direct = True
    for outer, items in pairwise(around):
        is_direct = outline.begins_query(items)
        if not is_direct:
            continue
        if select is not None and _is_derived(outer, select):
            levels.clear()
        block = outline.block(items)
        select = block.select_of_cursor()
        levels.insert(0, _readable(block, select))
        named += tuple(_visible(block))
    at = next(index for index, item in enumerate(around[-1]) if outline.is_cursor(item))
    qualifier = outline.names_before(around[-1], at)
    before = around[-1][: at - 2 * len(qualifier)]
    clause = select.clause_of_cursor if select is not None else ""
    wanted = _of_statement(before) if len(around) == 1 and not clause else None
    wanted = wanted or _in_query(before, clause if is_direct else "", vocabulary)
    outputs = _named_outputs(select) if select is not None and clause == "ORDER" else ()
    return _Place(wanted, qualifier, tuple(levels), named, outputs)


def _readable(block: Block, select: Select | None) -> tuple[Source, ...]:
    return tuple(select.sources() if select is not None else block.targets())


def _named_outputs(select: Select) -> tuple[str, ...]:
    return tuple(output[0] for output in outline.outputs(select) if output[-1] != "*")


def _is_derived(surrounding: Sequence[Item], select: Select) -> bool:
    """Whether the query around the cursor is a source of `select`, so that it does not see the others."""
    at = next(index for index, item in enumerate(surrounding) if isinstance(item, Group) and item.has_cursor)
    before = outline.word(surrounding[at - 1]) if at else ","
    return select.clause_of_cursor == "FROM" and before in ("FROM", "JOIN", ",")


def _visible(block: Block) -> Iterator[Source]:
    """The queries of WITH that can be read where the cursor is: in one of them, those before it."""
    for source in block.named:
        if source.query is not None and source.query.has_cursor:
            return
        yield source


def _of_statement(before: Sequence[Item]) -> _Wanted | None:
    """What the words of a statement that is no query ask for."""
    words = [outline.word(item) for item in before]
    asked = [word for word in words if word not in ("IF", "NOT", "EXISTS")][-1:]
    match words[:1], asked:
        case ["CREATE"], ["TABLE" | "VIEW" | "DATABASE" | "SCHEMA"]:
            return _Wanted.NAME
        case _, ["DATABASE" | "SCHEMA" | "USE"]:
            return _Wanted.DATABASE
        case ["SHOW"], ["FROM" | "IN"]:
            return _Wanted.DATABASE if words[1:2] in (["TABLES"], ["VIEWS"], ["SCHEMAS"]) else _Wanted.RELATION
        case ["DESC"], ["DESC"]:
            return _Wanted.RELATION
        case _, ["TABLE" | "VIEW" | "DESCRIBE" | "UPDATE" | "INTO" | "FROM"]:
            return _Wanted.RELATION
        case _:
            return None


def _in_query(before: Sequence[Item], clause: str, vocabulary: Vocabulary) -> _Wanted:
    """What may follow these items in a clause; `clause` is empty inside of brackets that are no query."""
    last = before[-1] if before else None
    match outline.word(last):
        case "FROM" if clause == "FROM" and outline.word(before[-2] if len(before) > 1 else None) != "DISTINCT":
            return _Wanted.RELATION
        case "JOIN":
            return _Wanted.RELATION
        case "," if clause == "FROM":
            return _Wanted.RELATION
        case "AS":
            return _Wanted.WORD
        case "LIMIT" | "OFFSET":
            return _Wanted.NAME
        case "*" if len(before) > 1 and outline.word(before[-2]) in _STAR_IS_OPERAND_AFTER:
            return _Wanted.WORD
        case _:
            return _Wanted.WORD if last is not None and _is_operand(last, vocabulary) else _Wanted.EXPRESSION


def _is_operand(item: Item, vocabulary: Vocabulary) -> bool:
    """Whether another operand cannot follow."""
    if isinstance(item, Group):
        return True
    if item.kind is not Kind.WORD:
        return item.kind is not Kind.OPERATOR
    return item.upper in _OPERANDS or item.upper not in vocabulary.keywords


# What to offer there


class _Names:
    """Looks up what can be named."""

    def __init__(self, schema: SchemaSource, database: str, vocabulary: Vocabulary) -> None:
        self._schema = schema
        self._database = database
        self._vocabulary = vocabulary

    def offered(self, place: _Place, *, with_words: bool) -> Iterator[Candidate]:
        """Everything that fits the place, the nearest first."""
        match place.wanted:
            case _Wanted.DATABASE:
                yield from self._databases()
            case _Wanted.RELATION:
                yield from self._relations(place)
            case _Wanted.EXPRESSION if place.qualifier:
                yield from self._qualified(place)
            case _Wanted.EXPRESSION:
                yield from self._unqualified(place)
            case _Wanted.WORD | _Wanted.NAME:
                pass
            case _:
                assert_never(place.wanted)
        if not with_words or place.qualifier:
            return
        if place.wanted is _Wanted.EXPRESSION:
            yield from (Candidate(name, "function") for name in sorted(self._vocabulary.functions))
        if place.wanted not in (_Wanted.NAME, _Wanted.DATABASE):
            yield from (Candidate(word, "keyword") for word in sorted(self._vocabulary.keywords))

    def _databases(self) -> Iterator[Candidate]:
        return (Candidate(name, "database") for name in sorted(self._schema.databases()))

    def _tables(self, database: str) -> Iterator[Candidate]:
        return (Candidate(name, "table") for name in sorted(self._schema.relations(database)))

    def _relations(self, place: _Place) -> Iterator[Candidate]:
        match place.qualifier:
            case ():
                yield from (Candidate(source.alias, "table") for source in reversed(place.named))
                yield from self._tables(self._database)
                yield from self._databases()
            case (catalog,) if catalog == self._vocabulary.catalog:
                yield from self._databases()
            case (*_, database):
                yield from self._tables(database)

    def _unqualified(self, place: _Place) -> Iterator[Candidate]:
        yield from (Candidate(name, "column") for name in place.outputs)
        sources = [source for level in place.sources for source in level]
        for source in sources:
            yield from map(_candidate, self._columns(source, place.named))
        yield from (Candidate(source.alias, "table") for source in sources if source.alias)

    def _qualified(self, place: _Place) -> Iterator[Candidate]:
        """What follows the names of the qualifier: a table after its database, columns after their source, fields."""
        qualifier = place.qualifier
        for source in (source for level in place.sources for source in level):
            columns = self._columns(source, place.named)
            if source.names[:-1] and source.names[-2:-1] == qualifier[-1:]:
                yield Candidate(source.names[-1], "table")
            if source.names[-2:] == qualifier[:2] and len(source.names) > 1:
                yield from self._below(columns, qualifier[2:])
            if source.alias == qualifier[0]:
                yield from self._below(columns, qualifier[1:])
            yield from self._below([each for each in columns if each.name == qualifier[0]], qualifier)

    def _below(self, columns: Iterable[RelationColumn], path: Sequence[str]) -> Iterator[Candidate]:
        """The columns themselves, or the fields that a path of names leads to from them."""
        for name in path:
            types = [column.type for column in columns if column.name == name]
            columns = [RelationColumn(field, kind) for each in types for field, kind in self._vocabulary.fields(each)]
        return map(_candidate, columns)

    def _columns(self, source: Source, named: Sequence[Source]) -> list[RelationColumn]:
        if source.columns:
            return [RelationColumn(name, "") for name in source.columns]
        if source.query is not None:
            return self._columns_of_query(source.query, named)
        if len(source.names) == 1:
            for index in reversed(range(len(named))):
                if named[index].alias == source.names[0]:
                    return self._columns(named[index], named[:index])
        if not source.names:
            return []
        database = source.names[-2] if len(source.names) > 1 else self._database
        relation = self._schema.relation(database, source.names[-1])
        return list(relation.columns) if relation is not None else []

    def _columns_of_query(self, query: Group, named: Sequence[Source]) -> list[RelationColumn]:
        block = outline.block(query.items)
        if not block.selects:
            return []
        select = block.selects[0]
        within = (*named, *block.named)
        columns: list[RelationColumn] = []
        for output in outline.outputs(select):
            if output[-1] != "*":
                columns.append(RelationColumn(output[0], ""))
                continue
            for source in select.sources():
                if output == ("*",) or source.alias == output[0]:
                    columns += [column for column in self._columns(source, within) if not column.hidden]
        return columns


def _candidate(column: RelationColumn) -> Candidate:
    return Candidate(column.name, "hidden column" if column.hidden else "column")


@dataclass(frozen=True, slots=True)
class _Writing:
    """How candidates are written: names in quotes where they need them, words in the case that was begun."""

    begun: str
    quote: str
    reserved: Collection[str]
    is_closed: bool

    def written(self, candidate: Candidate) -> Candidate:
        return replace(candidate, text=self._text(candidate))

    def _text(self, candidate: Candidate) -> str:
        text = candidate.text
        match candidate.kind:
            case "keyword":
                return text.lower() if self.begun.islower() else text
            case "function":
                return text.upper() if self.begun.isupper() else text
            case _:
                pass
        if not self.begun.startswith(self.quote) and _PLAIN_NAME.fullmatch(text) and text.upper() not in self.reserved:
            return text
        quoted = f"{self.quote}{text.replace(self.quote, self.quote * 2)}"
        return quoted if self.is_closed else quoted + self.quote
