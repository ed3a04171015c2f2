"""The outline of SQL that is still being written: brackets, queries, and what each query reads, as far as words tell.

Made from tokens, not by a parser, so it holds for text that no parser takes: a bracket that nobody closed yet, a clause
without its operand. Knows the words that SQL is built of and nothing of any dialect's functions or types. The cursor is
a token without text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from kit.sql.lexer import Kind, Token

_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_QUERY_WORDS: Final = frozenset({"SELECT", "VALUES", "WITH"})
_SET_WORDS: Final = frozenset({"UNION", "INTERSECT", "EXCEPT", "MINUS"})
_CLAUSE_WORDS: Final = frozenset(
    {"SELECT", "FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH"}
)
# Functions with a FROM of their own.
_HAS_FROM: Final = frozenset({"EXTRACT", "OVERLAY", "SUBSTRING", "TRIM"})
_AFTER_SOURCE: Final = frozenset(
    {
        *("AS", "CROSS", "EXCEPT", "FETCH", "FULL", "GROUP", "HAVING", "INNER", "INTERSECT", "JOIN", "LEFT", "LIMIT"),
        *("MINUS", "NATURAL", "OFFSET", "ON", "ORDER", "QUALIFY", "RIGHT", "TABLESAMPLE", "UNION", "USING", "WHERE"),
        *("WINDOW", "WITH"),
    }
)
_BEFORE_TARGET: Final = frozenset({"DESC", "DESCRIBE", "EXISTS", "FROM", "IN", "INTO", "TABLE", "UPDATE", "VIEW"})


@dataclass(frozen=True, slots=True)
class Group:
    """What stands in brackets. `is_closed` is False where the text ends first."""

    items: tuple[Item, ...]
    opening: Token
    is_closed: bool

    @property
    def is_query(self) -> bool:
        return begins_query(self.items)

    @property
    def has_cursor(self) -> bool:
        return any(is_cursor(item) or (isinstance(item, Group) and item.has_cursor) for item in self.items)


Item: TypeAlias = Token | Group


@dataclass(frozen=True, slots=True)
class Source:
    """Something that a query reads: `names` of a table, or a `query`; `columns` where an alias renames them all.

    `alias` is the name that its columns are qualified with, in lower case; empty where it has none.
    """

    alias: str
    names: tuple[str, ...] = ()
    query: Group | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Select:
    """One SELECT of a query: its words by clause."""

    clauses: tuple[tuple[str, tuple[Item, ...]], ...]

    @property
    def clause_of_cursor(self) -> str:
        """The word that begins the clause in which the cursor is, empty for none."""
        return next((name for name, items in self.clauses if _has_cursor(items)), "")

    def clause(self, name: str) -> tuple[Item, ...]:
        return next((items for found, items in self.clauses if found == name), ())

    def sources(self) -> list[Source]:
        return list(_sources(self.clause("FROM")))


@dataclass(frozen=True, slots=True)
class Block:
    """A statement or what stands in brackets: `prefix` comes before its query, if it has one.

    `named` are the queries of WITH in order.
    """

    prefix: tuple[Item, ...]
    named: tuple[Source, ...]
    selects: tuple[Select, ...]

    def select_of_cursor(self) -> Select | None:
        return next((select for select in self.selects if select.clause_of_cursor), None)

    def targets(self) -> list[Source]:
        """The tables that a statement names outside of its query: `INSERT INTO t`, `ALTER TABLE t`."""
        found: list[Source] = []
        for index, item in enumerate(self.prefix):
            if word(item) in _BEFORE_TARGET:
                names, _ = _name_chain(self.prefix, index + 1)
                if names:
                    found.append(Source(names[-1], names))
        return found


def cursor(offset: int) -> Token:
    """The mark of where the user is."""
    return Token(Kind.OPERATOR, "", offset, offset)


def is_cursor(item: Item) -> bool:
    return isinstance(item, Token) and not item.text


def word(item: Item | None) -> str:
    """A bare word in upper case, or a symbol; empty for names in quotes, strings and brackets."""
    if not isinstance(item, Token) or item.kind in (Kind.QUOTED, Kind.STRING):
        return ""
    return item.upper


def name(item: Item | None) -> str:
    """What may be a name, in lower case; empty where it cannot be one."""
    if isinstance(item, Token) and item.kind in (Kind.WORD, Kind.QUOTED):
        return item.name.lower()
    return ""


def nested(words: Sequence[Token]) -> tuple[Item, ...]:
    """The words of one statement, with what stands in brackets as one item each.

    A bracket that is not closed and holds no query ends with the statement, not with a clause of it; what follows is
    therefore taken as its surroundings' own.
    """
    position = 0

    def items(closing: str) -> tuple[list[Item], bool]:
        nonlocal position
        found: list[Item] = []
        while position < len(words):
            token = words[position]
            position += 1
            if closing and token.text == closing:
                return found, True
            if token.kind is Kind.OPERATOR and token.text in _CLOSING:
                inner, is_closed = items(_CLOSING[token.text])
                group = Group(tuple(inner), token, is_closed)
                is_own = is_closed or group.is_query or (bool(found) and word(found[-1]) in _HAS_FROM)
                found.extend([group] if is_own else [token, *inner])
            elif token.text not in _CLOSING.values():
                found.append(token)
        return found, False

    return tuple(items("")[0])


def block(items: Sequence[Item]) -> Block:
    """What the items say, as far as they go."""
    start = next((index for index in range(len(items)) if _begins_query(items, index)), len(items))
    named, rest = _named_queries(items, start)
    return Block(tuple(items[:start]), tuple(named), tuple(_selects(items[rest:])))


def path(items: tuple[Item, ...]) -> list[tuple[Item, ...]]:
    """The items around the cursor, from the outermost brackets to the innermost."""
    for item in items:
        if isinstance(item, Group) and item.has_cursor:
            return [items, *path(item.items)]
    return [items]


def outputs(select: Select) -> Iterator[tuple[str, ...]]:
    """What a SELECT gives, item by item: `(column,)`, `("*",)`, `(source, "*")`; items without a name are left out."""
    for part in _parted(select.clause("SELECT")):
        last = part[-1]
        if word(last) == "*":
            names, _ = _name_chain(part, 0)
            yield ("*",) if len(part) == 1 else (*names[-1:], "*")
        elif name(last) and word(last) != "END":
            yield (name(last),)


def begins_query(items: Sequence[Item]) -> bool:
    """Whether what stands in brackets is a query."""
    return bool(items) and word(items[0]) in _QUERY_WORDS


def names_before(items: Sequence[Item], end: int) -> tuple[str, ...]:
    """The names that qualify what stands at `end`: `("f", "addr")` for `f.addr.`."""
    names: list[str] = []
    while end >= 2 and word(items[end - 1]) == "." and name(items[end - 2]):
        names.insert(0, name(items[end - 2]))
        end -= 2
    return tuple(names)


def _begins_query(items: Sequence[Item], index: int) -> bool:
    match word(items[index]):
        case "SELECT" | "VALUES":
            return True
        case "WITH":  # WITH (…) are properties of a table
            return index + 1 < len(items) and bool(name(items[index + 1])) and _is_named_query(items, index + 1)
        case _:
            return False


def _is_named_query(items: Sequence[Item], start: int) -> bool:
    """Whether `name AS (`, or as much of it as is there, begins here."""
    following = [word(item) for item in items[start : start + 4]]
    return "AS" in following or "RECURSIVE" in following[:1] or len(following) < 2


def _named_queries(items: Sequence[Item], start: int) -> tuple[list[Source], int]:
    """The queries of WITH that begins at `start`, and where the query itself begins."""
    named: list[Source] = []
    if start >= len(items) or word(items[start]) != "WITH":
        return named, start
    position = start + 1 + (start + 1 < len(items) and word(items[start + 1]) == "RECURSIVE")
    while position < len(items) and name(items[position]) and word(items[position]) not in _QUERY_WORDS:
        alias = name(items[position])
        position += 1
        columns, position = _column_names(items, position)
        position += position < len(items) and word(items[position]) == "AS"
        query = items[position] if position < len(items) else None
        if not isinstance(query, Group):
            break
        named.append(Source(alias, query=query, columns=columns))
        position += 1
        if position >= len(items) or word(items[position]) != ",":
            break
        position += 1
    return named, position


def _selects(items: Sequence[Item]) -> Iterator[Select]:
    """The SELECTs that set operations put together."""
    clauses: list[tuple[str, list[Item]]] = []
    for index, item in enumerate(items):
        keyword = word(item)
        if keyword in _SET_WORDS:
            yield _select(clauses)
            clauses = []
        elif keyword in _CLAUSE_WORDS and not (keyword == "FROM" and index and word(items[index - 1]) == "DISTINCT"):
            clauses.append((keyword, []))
        elif clauses:
            clauses[-1][1].append(item)
        elif isinstance(item, Group) and item.is_query:
            yield from block(item.items).selects
    yield _select(clauses)


def _select(clauses: list[tuple[str, list[Item]]]) -> Select:
    return Select(tuple((keyword, tuple(items)) for keyword, items in clauses))


def _sources(items: Sequence[Item]) -> Iterator[Source]:
    """What FROM names: a source begins after FROM, JOIN and a comma."""
    position = 0
    expects = True
    while position < len(items):
        item = items[position]
        keyword = word(item)
        if not expects or keyword == "LATERAL":
            expects = expects or keyword in ("JOIN", ",")
            position += 1
            continue
        expects = False
        if isinstance(item, Group):
            if not item.is_query:
                yield from _sources(item.items)
                position += 1
                continue
            alias, columns, position = _alias(items, position + 1)
            yield Source(alias, query=item, columns=columns)
            continue
        names, position = _name_chain(items, position)
        if not names:
            position += 1
            continue
        is_call = position < len(items) and isinstance(items[position], Group)
        position += is_call
        alias, columns, position = _alias(items, position)
        yield Source(alias or ("" if is_call else names[-1]), () if is_call else names, columns=columns)


def _alias(items: Sequence[Item], position: int) -> tuple[str, tuple[str, ...], int]:
    """An alias with its columns, if one begins here, and where it ends."""
    if position + 1 < len(items) and (word(items[position]), word(items[position + 1])) == ("WITH", "ORDINALITY"):
        position += 2
    if position < len(items) and word(items[position]) == "AS":
        position += 1
    if position >= len(items) or not name(items[position]) or word(items[position]) in _AFTER_SOURCE:
        return "", (), position
    alias = name(items[position])
    columns, position = _column_names(items, position + 1)
    return alias, columns, position


def _column_names(items: Sequence[Item], position: int) -> tuple[tuple[str, ...], int]:
    """The names in brackets that begin here, if any do, and where they end."""
    if position >= len(items):
        return (), position
    group = items[position]
    if not isinstance(group, Group) or group.is_query or group.opening.text != "(":
        return (), position
    return tuple(name(part[0]) for part in _parted(group.items) if name(part[0])), position + 1


def _name_chain(items: Sequence[Item], position: int) -> tuple[tuple[str, ...], int]:
    """The names between dots that begin here, and where they end; none where the cursor is among them."""
    names: list[str] = []
    while position < len(items) and name(items[position]):
        names.append(name(items[position]))
        position += 1
        if position >= len(items) or word(items[position]) != ".":
            break
        position += 1
        if position < len(items) and is_cursor(items[position]):
            return (), position + 1
    return tuple(names), position


def _parted(items: Sequence[Item]) -> Iterator[list[Item]]:
    """What stands between commas, empty parts and the cursor left out."""
    part: list[Item] = []
    for item in items:
        if word(item) == ",":
            if part:
                yield part
            part = []
        elif not is_cursor(item):
            part.append(item)
    if part:
        yield part


def _has_cursor(items: Sequence[Item]) -> bool:
    return any(is_cursor(item) or (isinstance(item, Group) and item.has_cursor) for item in items)
