"""The grammar that all magics share, as values: which options, arguments and text may stand on a magic's line.

A magic declares its line; `magics.reader` reads lines against the declaration, and the help is written from it here.
Knows neither IPython nor any service.
"""

from __future__ import annotations

import keyword
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

HELP_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Option:
    """`--flag VALUE`, or a switch where `metavar` is empty.

    `convert` turns the word into a value and raises ValueError with the reason. A `verbatim` value keeps its quotes.
    `offers` gives what Tab offers for the value, from whatever the magics pass for a session.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str = ""
    convert: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    repeated: bool = False
    verbatim: bool = False
    offers: Callable[[Any], Iterable[str]] | None = None

    @property
    def name(self) -> str:
        """The longest flag without its dashes, as an identifier."""
        return max(self.flags, key=len).lstrip("-").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Argument:
    """A word without a flag. The last one may be `repeated`. `offers` is as an option's."""

    name: str
    help: str
    required: bool = True
    repeated: bool = False
    offers: Callable[[Any], Iterable[str]] | None = None


@dataclass(frozen=True, slots=True)
class Grammar:
    """The declaration of one magic's line.

    `prompt` is what stands before the words (`%%athena`, `%kit open`). Where `text` names one (`SQL`, `PATH`), all that
    follows the options is a single text, taken as it stands; otherwise words without a flag are `arguments`. With
    `assigns`, `name <<` may stand before the text or the arguments.
    """

    prompt: str
    summary: str
    options: tuple[Option, ...] = ()
    arguments: tuple[Argument, ...] = ()
    text: str = ""
    assigns: bool = False

    def usage(self) -> str:
        """One line: `%%athena [name <<] [options] SQL`."""
        words = [self.prompt, "[name <<]" if self.assigns else ""]
        words += [_option_usage(option) for option in self.options]
        words += [_argument_usage(argument) for argument in self.arguments]
        return " ".join(word for word in [*words, self.text] if word)

    def help(self) -> str:
        """The options and arguments, a line or two each."""
        entries = [(argument.name.upper(), argument.help) for argument in self.arguments]
        for option in self.options:
            flags = ", ".join(option.flags)
            value = option.metavar or "|".join(option.choices)
            entries.append((f"{flags} {value}".rstrip(), option.help))
        return layout(entries)


def layout(entries: Iterable[tuple[str, str]]) -> str:
    """Terms and their explanations in two columns."""
    pairs = list(entries)
    width = min(max((len(term) for term, _ in pairs), default=0), 28)
    lines: list[str] = []
    for term, meaning in pairs:
        wrapped = textwrap.wrap(meaning, HELP_WIDTH - width - 4) or [""]
        if len(term) > width:
            lines.append(f"  {term}")
        else:
            lines.append(f"  {term.ljust(width)}  {wrapped.pop(0)}".rstrip())
        lines.extend(f"  {'':{width}}  {part}" for part in wrapped)
    return "\n".join(lines)


def positive(word: str) -> int:
    """A whole number above zero."""
    if not (word.isascii() and word.isdigit()) or int(word) == 0:
        raise ValueError("a whole number above zero is wanted")
    return int(word)


def identifier(word: str) -> str:
    """A name that Python can assign to."""
    if not word.isidentifier() or keyword.iskeyword(word):
        raise ValueError("a Python name is wanted")
    return word


def _option_usage(option: Option) -> str:
    value = option.metavar or "|".join(option.choices)
    shown = f"{option.flags[0]} {value}".rstrip()
    return f"[{shown}]..." if option.repeated else f"[{shown}]"


def _argument_usage(argument: Argument) -> str:
    shown = argument.name.upper() + ("..." if argument.repeated else "")
    return shown if argument.required else f"[{shown}]"
