"""Regular expressions: Trino's are Java's (by way of Joni), DuckDB's are RE2's.

A pattern that is known while translating is carried over and checked: what RE2 cannot do (look-around, back
references, possessive quantifiers) is refused by name. Where a group may take no part in a match, Trino's answer is
NULL and RE2's is the empty text; the pattern says whether the two can be told apart.

Source: Regular expression functions, Trino documentation; java.util.regex.Pattern, read 2026-11.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, Final

from kit.sql.athena.expression import text_literal
from kit.sql.athena.functions.table import Call, Scalar

if TYPE_CHECKING:
    from sqlglot import exp

    from kit.sql.athena.translation import Translation

_UNSUPPORTED: Final = (
    (re.compile(r"\(\?[=!]"), "look-ahead"),
    (re.compile(r"\(\?<[=!]"), "look-behind"),
    (re.compile(r"\(\?>"), "an atomic group"),
    (re.compile(r"\\(?:[1-9]|k<)"), "a back reference"),
    (re.compile(r"\\[GRXhHvV]"), "a Java-only class"),
    (re.compile(r"&&\["), "an intersection of character classes"),
    (re.compile(r"[*+?}]\+"), "a possessive quantifier"),
)
# Joni's classes are Unicode's, RE2's are ASCII's.
_CLASSES: Final = {
    "d": r"\p{Nd}",
    "w": r"\p{L}\p{M}\p{N}\p{Pc}",
    "s": r"\t-\r\p{Z}\x{85}",
}
_NEGATED: Final = {"D": "d", "W": "w", "S": "s"}


def translated(t: Translation, pattern: str, at: exp.Expr) -> str:
    """A Java pattern as RE2 reads it. Raises `NOT_SUPPORTED` for what RE2 cannot do."""
    unquoted = re.sub(r"\\\\", "", pattern)
    for construct, name in _UNSUPPORTED:
        if construct.search(unquoted):
            raise t.unsupported(f"A regular expression with {name}", at)
    return _classes(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern))


def _classes(pattern: str) -> str:
    pieces: list[str] = []
    inside = False
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\" and position + 1 < len(pattern):
            pieces.append(_escape(pattern[position + 1], inside=inside))
            position += 2
            continue
        if character == "[" and not inside:
            inside = True
            following = re.match(r"\[\^?\]?", pattern[position:])
            assert following is not None
            pieces.append(following.group())
            position += following.end()
            continue
        if character == "]":
            inside = False
        pieces.append(character)
        position += 1
    return "".join(pieces)


def _escape(letter: str, *, inside: bool) -> str:
    if letter in _CLASSES:
        return _CLASSES[letter] if inside else f"[{_CLASSES[letter]}]"
    if letter in _NEGATED and not inside:
        return f"[^{_CLASSES[_NEGATED[letter]]}]"
    return f"\\{letter}"


def _pattern(call: Call, index: int = 1) -> str:
    """The pattern as SQL: translated if it is known, as it stands otherwise."""
    known = call.constant(index)
    return text_literal(translated(call.t, known, call.node)) if isinstance(known, str) else call.sql(index)


def _group_count(pattern: str) -> int | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern)).groups
    except re.error:
        return None


def _participates(pattern: str, group: int) -> str:
    """Whether a group takes part in every match: `always`, `if not empty` (it never matches nothing), or `unknown`."""
    parser: Any = __import__("re._parser", fromlist=["parse"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = parser.parse(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", re.sub(r"\\p\{\w+\}", "x", pattern)))
    except (re.error, OverflowError):
        return "unknown"
    found = _find_group(parsed, group, optional=False)
    if found is None:
        return "unknown"
    optional, body = found
    if not optional:
        return "always"
    return "if not empty" if body.getwidth()[0] > 0 else "unknown"


def _find_group(parsed: Any, group: int, *, optional: bool) -> tuple[bool, Any] | None:
    for operation, argument in parsed:
        name = str(operation)
        if name == "SUBPATTERN":
            number, _, _, body = argument
            if number == group:
                return optional, body
            inner = [(body, optional)]
        elif name in ("MAX_REPEAT", "MIN_REPEAT"):
            inner = [(argument[2], optional or argument[0] == 0)]
        elif name == "BRANCH":
            inner = [(branch, True) for branch in argument[1]]
        else:
            continue
        for body, is_optional in inner:
            found = _find_group(body, group, optional=is_optional)
            if found is not None:
                return found
    return None


def _extract(call: Call) -> str:
    value, pattern = call.sql(0), _pattern(call)
    if len(call.arguments) == 2 or call.constant(2) == 0:
        return f"(CASE WHEN regexp_matches({value}, {pattern}) THEN regexp_extract({value}, {pattern}) END)"
    group = _group(call, 2)
    text = f"regexp_extract({value}, {pattern}, {group})"
    match _participates(call.constant(1), group):
        case "always":
            return f"(CASE WHEN regexp_matches({value}, {pattern}) THEN {text} END)"
        case "if not empty":
            return f"nullif({text}, '')"
        case _:
            raise call.t.unsupported(
                "A group that may match nothing or take no part in the match",
                call.node,
                "Make the group match at least one character, or the whole match optional.",
            )


def _group(call: Call, index: int) -> int:
    pattern, group = call.constant(1), call.constant(index)
    if not isinstance(pattern, str) or not isinstance(group, int):
        raise call.t.unsupported("A regular expression's group where pattern or group are not literals", call.node)
    count = _group_count(pattern)
    if count is None:
        count = len(re.findall(r"(?<!\\)\((?!\?)|\(\?P?<(?=[A-Za-z])", pattern))
    if not 0 <= group <= count:
        message = f"Pattern has {count} groups. Cannot access group {group}"
        raise call.t.error("INVALID_FUNCTION_ARGUMENT", message, call.node)
    return group


def _extract_all(call: Call) -> str:
    value, pattern = call.sql(0), _pattern(call)
    if len(call.arguments) == 2 or call.constant(2) == 0:
        return f"regexp_extract_all({value}, {pattern})"
    group = _group(call, 2)
    match _participates(call.constant(1), group):
        case "always":
            return f"regexp_extract_all({value}, {pattern}, {group})"
        case "if not empty":
            return f"list_transform(regexp_extract_all({value}, {pattern}, {group}), lambda kit_g: nullif(kit_g, ''))"
        case _:
            raise call.t.unsupported("A group that may match nothing or take no part in the match", call.node)


def _replace(call: Call) -> str:
    value, pattern = call.sql(0), _pattern(call)
    if len(call.arguments) == 2:
        return f"regexp_replace({value}, {pattern}, '', 'g')"
    replacement = call.constant(2)
    if not isinstance(replacement, str):
        raise call.t.unsupported(
            "A replacement that is not a literal", call.node, "Write the replacement as a string literal."
        )
    groups = _group_count(call.constant(1)) if isinstance(call.constant(1), str) else None
    return f"regexp_replace({value}, {pattern}, {text_literal(_references(call, replacement, groups))}, 'g')"


def _references(call: Call, replacement: str, groups: int | None) -> str:
    """`$1` and `${name}` as RE2 writes them; a backslash makes what follows literal, as in Java."""
    pieces: list[str] = []
    position = 0
    while position < len(replacement):
        rest = replacement[position:]
        numbered, named = re.match(r"\$(\d)", rest), re.match(r"\$\{(\w+)\}", rest)
        if rest[0] == "\\" and len(rest) > 1:
            pieces.append("\\\\" if rest[1] == "\\" else rest[1])
            position += 2
        elif numbered:
            if groups is not None and int(numbered[1]) > groups:
                message = f"Illegal replacement sequence: unknown group {numbered[1]}"
                raise call.t.error("INVALID_FUNCTION_ARGUMENT", message, call.node)
            pieces.append(f"\\{numbered[1]}")
            position += 2
        elif named:
            pieces.append(f"\\{_number_of(call, named[1])}")
            position += named.end()
        elif rest[0] == "$":
            raise call.t.error(
                "INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: $ without a group", call.node
            )
        else:
            pieces.append(rest[0])
            position += 1
    return "".join(pieces)


def _number_of(call: Call, name: str) -> int:
    pattern = call.constant(1)
    names = re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern)).groupindex if isinstance(pattern, str) else {}
    if name not in names:
        raise call.t.error(
            "INVALID_FUNCTION_ARGUMENT", f"Illegal replacement sequence: unknown group {name}", call.node
        )
    return names[name]


def _like(call: Call) -> str:
    return f"regexp_matches({call.sql(0)}, {_pattern(call)})"


def _split(call: Call) -> str:
    return f"string_split_regex({call.sql(0)}, {_pattern(call)})"


def _count(call: Call) -> str:
    return f"len(regexp_extract_all({call.sql(0)}, {_pattern(call)}))"


def _position(call: Call) -> str:
    """The first match from `start` on; only the first of several may be asked for."""
    pattern, start = _pattern(call), call.sql(2) if len(call.arguments) > 2 else "1"
    if len(call.arguments) > 3 and call.constant(3) != 1:
        raise call.t.unsupported("regexp_position with an occurrence other than the first", call.node)
    return f"kit_regexp_position({call.sql(0)}, {pattern}, {start})"


def _replace_each(call: Call) -> str:
    raise call.t.unsupported("regexp_replace with a lambda", call.node, "Use a replacement with $1, or several calls.")


FUNCTIONS: Final = (
    Scalar("regexp_count(varchar, varchar) -> bigint", _count),
    Scalar("regexp_extract(varchar(x), varchar) -> varchar(x)", _extract),
    Scalar("regexp_extract(varchar(x), varchar, bigint) -> varchar(x)", _extract),
    Scalar("regexp_extract_all(varchar(x), varchar) -> array(varchar(x))", _extract_all),
    Scalar("regexp_extract_all(varchar(x), varchar, bigint) -> array(varchar(x))", _extract_all),
    Scalar("regexp_like(varchar, varchar) -> boolean", _like),
    Scalar("regexp_position(varchar, varchar) -> integer", _position),
    Scalar("regexp_position(varchar, varchar, integer) -> integer", _position),
    Scalar("regexp_position(varchar, varchar, integer, integer) -> integer", _position),
    Scalar("regexp_replace(varchar, varchar) -> varchar", _replace),
    Scalar("regexp_replace(varchar, varchar, varchar) -> varchar", _replace),
    Scalar("regexp_replace(varchar, varchar, function(array(varchar), varchar)) -> varchar", _replace_each),
    Scalar("regexp_split(varchar(x), varchar) -> array(varchar(x))", _split),
)
