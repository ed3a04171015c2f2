"""Where strings, names, comments, numbers and parameters begin and end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sql.lexer import Kind, Token, tokens


def texts(text: str, *, escapes: bool = False) -> list[str]:
    return [token.text for token in tokens(text, escapes=escapes)]


def only(text: str) -> Token:
    (token,) = tokens(text)
    return token


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT a.b+1", ["SELECT", "a", ".", "b", "+", "1"]),
        ("a::b :=c=>d->e", ["a", "::", "b", ":=", "c", "=>", "d", "->", "e"]),
        ("a<=b>=c<>d!=e||f", ["a", "<=", "b", ">=", "c", "<>", "d", "!=", "e", "||", "f"]),
        ("'it''s' x", ["'it''s'", "x"]),
        ('"a ""b""" `c``d`', ['"a ""b"""', "`c``d`"]),
        ("X'0A' U&'\\0041' E'a'", ["X'0A'", "U&'\\0041'", "E'a'"]),
        ("$$it's$$ $tag$ $$ $tag$ z", ["$$it's$$", "$tag$ $$ $tag$", "z"]),
        ("1.5e-3 .5 1_000 1e", ["1.5e-3", ".5", "1_000", "1", "e"]),
        ("a -- b 'c\nd", ["a", "d"]),
        ("a /* b /* c */ 'd */ e", ["a", "e"]),
        ("größe µs", ["größe", "µs"]),
        ("", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_a_backslash_escapes_in_hive_only() -> None:
    assert texts(r"'a\' b'", escapes=True) == [r"'a\' b'"]
    assert texts(r"'a\' b") == [r"'a\'", "b"]


@pytest.mark.parametrize("text", ["'a", '"a', "`a", "$$a", "/* a", "/* a /* b */", "'a''"])
def test_what_the_text_ends_in_the_middle_of_is_open(text: str) -> None:
    assert only(text).open


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ('"a ""b"""', Kind.QUOTED, 'a "b"'),
        ("`a``b`", Kind.QUOTED, "a`b"),
        ('"open', Kind.QUOTED, "open"),
        (":p1", Kind.PARAMETER, "p1"),
        ("Word", Kind.WORD, "Word"),
    ],
)
def test_names(text: str, kind: Kind, name: str) -> None:
    assert (only(text).kind, only(text).name) == (kind, name)


@pytest.mark.parametrize(
    ("text", "value"), [("'it''s'", "it's"), ("$$it's$$", "it's"), ("$x$a$x$", "a"), ("'open", "open"), ("$$op", "op")]
)
def test_values_of_strings(text: str, value: str) -> None:
    assert only(text).value == value


@given(st.text(alphabet="ab1.'\"`$:/*-;(){}[]=<>|@ \n", max_size=40))
def test_tokens_cover_all_but_blanks_and_comments(text: str) -> None:
    position = 0
    for token in tokens(text):
        between = text[position : token.start]
        assert not between.strip() or between.lstrip().startswith(("--", "/*"))
        assert text[token.start : token.end] == token.text != ""
        position = token.end
    assert not text[position:].strip() or text[position:].lstrip().startswith(("--", "/*"))
