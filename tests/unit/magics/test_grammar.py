"""The line of a magic: how it is read, what is wrong with it and where, what help says."""

import pytest

from kit.base.errors import KitError
from magics.grammar import Argument, Grammar, Option, identifier, positive
from magics.parameters import Binding, binding
from magics.reader import Expected, expected, read

LIMIT = Option(("-l", "--limit"), "Rows.", "N", positive)
TYPE = Option(("--type",), "Kind.", choices=("arrow", "pandas"))
PARAM = Option(("-p", "--param"), "Bind.", "name=expr", binding, repeated=True, verbatim=True)
FILE = Option(("--file",), "Read.", "PATH")
EXPLAIN = Option(("--explain",), "Explain.")
OUTPUT = Option(("-o", "--output"), "Assign.", "NAME", identifier)
SQL = Grammar("%%ask", "Ask.", (LIMIT, TYPE, PARAM, FILE, EXPLAIN, OUTPUT), text="SQL", assigns=True)
WORDS = Grammar("%show", "Show.", (LIMIT,), (Argument("table", "T."), Argument("columns", "C.", False, True)))


def error_of(grammar: Grammar, line: str) -> KitError:
    with pytest.raises(KitError) as caught:
        read(grammar, line)
    return caught.value


def pointed_at(error: KitError) -> str:
    """The text of the line from the caret on."""
    assert error.statement is not None
    assert error.column is not None
    return error.statement[error.column - 1 :]


@pytest.mark.parametrize(
    ("line", "target", "rest"),
    [
        ("", "", ""),
        ("SELECT 1", "", "SELECT 1"),
        ("delays << SELECT 1", "delays", "SELECT 1"),
        ("delays<<", "delays", ""),
        ("--limit 3 delays << SELECT 1", "delays", "SELECT 1"),
        ("délais << --limit 3", "délais", ""),
        ("SELECT a << 2", "", "SELECT a << 2"),
        ("-- a comment", "", "-- a comment"),
        ("--limit 3 -- a comment", "", "-- a comment"),
        ("-1", "", "-1"),
        ("--explain SELECT '--limit'", "", "SELECT '--limit'"),
    ],
)
def test_a_line_is_target_options_and_then_text(line: str, target: str, rest: str) -> None:
    words = read(SQL, line)

    assert (words.target, words.rest) == (target, rest)


def test_options_are_converted_and_found_by_their_longest_flag() -> None:
    words = read(SQL, "-l 5 --type=pandas --explain -o x SELECT 1")

    assert words.first("limit") == 5
    assert words.first("type") == "pandas"
    assert words.first("explain") is True
    assert words.first("output") == "x"
    assert words.first("file", "none") == "none"


def test_a_cell_goes_on_where_the_line_stopped() -> None:
    assert read(SQL, "--limit 1 SELECT a", "FROM t\n").rest == "SELECT a\nFROM t\n"
    assert read(SQL, "--limit 1", "SELECT a").rest == "SELECT a"


@pytest.mark.parametrize(
    ("written", "expression"),
    [
        ("-p d='2013-01-01'", "'2013-01-01'"),
        ('-p d="a b" SELECT', '"a b"'),
        ("-p d=date(2013, 1, 1) SELECT", "date(2013, 1, 1)"),
        ("-p d=[1, 2,{'k': (3)}] SELECT", "[1, 2,{'k': (3)}]"),
        (r"-p d='it\'s' SELECT", r"'it\'s'"),
        ("-p d=x==2 SELECT", "x==2"),
        ("-p d='(' SELECT", "'('"),
    ],
)
def test_an_expression_keeps_its_quotes_and_may_hold_white_space_inside_them(written: str, expression: str) -> None:
    assert read(SQL, written).all("param") == [Binding("d", expression)]


def test_other_values_lose_their_quotes() -> None:
    assert read(SQL, "--file 'my queries/a.sql'").first("file") == "my queries/a.sql"


def test_repeated_options_keep_their_order() -> None:
    assert [given.name for given in read(SQL, "-p b=1 -p a=2 SELECT 1").all("param")] == ["b", "a"]


@pytest.mark.parametrize(
    ("line", "code", "place", "said"),
    [
        ("--limt 5 SELECT 1", "UNKNOWN_OPTION", "--limt 5 SELECT 1", "Did you mean '--limit'?"),
        ("--zzz SELECT 1", "UNKNOWN_OPTION", "--zzz SELECT 1", "A SQL comment needs a space"),
        ("--limit 5 --limit 6", "DUPLICATE_OPTION", "--limit 6", "given twice"),
        ("--limit", "INVALID_OPTION", "", "needs a value: N"),
        ("--limit= SELECT", "INVALID_OPTION", " SELECT", "needs a value: N"),
        ("--limit --explain", "INVALID_OPTION", "--explain", "needs a value: N"),
        ("--limit many", "INVALID_OPTION", "many", "a whole number above zero"),
        ("--limit 0", "INVALID_OPTION", "0", "a whole number above zero"),
        ("--limit -3", "INVALID_OPTION", "-3", "a whole number above zero"),
        ("--type panda", "INVALID_OPTION", "panda", "Did you mean 'pandas'?"),
        ("--type xml", "INVALID_OPTION", "xml", "One of arrow, pandas."),
        ("--explain=yes SELECT", "INVALID_OPTION", "=yes SELECT", "takes no value"),
        ("-p =1", "INVALID_OPTION", "=1", "name=expression is wanted"),
        ("-p x", "INVALID_OPTION", "x", "name=expression is wanted"),
        ("-p x= 1", "INVALID_OPTION", "x= 1", "name=expression is wanted"),
        ("-p x='a SELECT", "INVALID_OPTION", "'a SELECT", "The quote ' is not closed"),
        ("-p x=f(1 SELECT", "INVALID_OPTION", "(1 SELECT", "'(' is not closed"),
        ("-o 2x SELECT", "INVALID_OPTION", "2x SELECT", "a Python name is wanted"),
        ("class << SELECT", "INVALID_OPTION", "class << SELECT", "a Python name is wanted"),
    ],
)
def test_a_mistake_is_named_and_pointed_at(line: str, code: str, place: str, said: str) -> None:
    error = error_of(SQL, line)

    assert error.code == code
    assert pointed_at(error) == place
    assert said in str(error)


def test_words_without_a_flag_fill_the_arguments_in_order() -> None:
    words = read(WORDS, "flights --limit 3 'dep delay' origin")

    assert words.first("table") == "flights"
    assert words.all("columns") == ["dep delay", "origin"]


def test_a_missing_argument_shows_the_usage() -> None:
    error = error_of(WORDS, "")

    assert error.code == "MISSING_ARGUMENT"
    assert "Usage: %show [-l N] TABLE [COLUMNS...]" in str(error)


def test_a_word_too_many_is_pointed_at() -> None:
    error = error_of(Grammar("%kit status", "S."), "now please")

    assert (error.code, pointed_at(error)) == ("UNKNOWN_ARGUMENT", "now please")


def test_help_lists_every_option_with_its_flags_and_value() -> None:
    shown = SQL.help()

    assert "-l, --limit N" in shown
    assert "--type arrow|pandas" in shown
    assert all(option.help in shown for option in SQL.options)


@pytest.mark.parametrize(
    ("grammar", "line", "wanted"),
    [
        (SQL, "", Expected("text", "")),
        (SQL, "--li", Expected("flag", "--li")),
        (SQL, "--limit 3 -", Expected("flag", "-")),
        (SQL, "--type ", Expected(TYPE, "")),
        (SQL, "--type=pa", Expected(TYPE, "pa")),
        (SQL, "--type pa", Expected(TYPE, "pa")),
        (SQL, "--type pandas SELECT a", Expected("text", "SELECT a")),
        (SQL, "--file 'my que", Expected(FILE, "'my que")),
        (SQL, "x << ", Expected("text", "")),
        (WORDS, "", Expected(WORDS.arguments[0], "")),
        (WORDS, "fli", Expected(WORDS.arguments[0], "fli")),
        (WORDS, "flights ori", Expected(WORDS.arguments[1], "ori")),
        (WORDS, "flights origin ", Expected(WORDS.arguments[1], "")),
        (Grammar("%kit status", "S."), "x", Expected("nothing", "x")),
    ],
)
def test_an_unfinished_line_says_what_belongs_at_its_end(grammar: Grammar, line: str, wanted: Expected) -> None:
    assert expected(grammar, line) == wanted
