"""XML: recognised, its rows found and typed, and refused with them, since Athena has no SerDe that reads it.

The row tag is given, or that of the first element below the root that comes again. Attributes and children are the
columns. Entities that a document defines are not expanded: such a document is refused.

Source: AWS Glue Developer Guide, Writing XML custom classifiers; read 2026-11.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from xml.parsers import expat

from kit.catalog.classifiers.classifier import Refusal, Sample
from kit.catalog.classifiers.schema import join_all, settled
from kit.catalog.classifiers.text_types import type_of_texts
from kit.catalog.types import ArrayType, HiveType, StructField, StructType

SAMPLE_ROWS = 1000
_BEGINS_AS_XML = re.compile(r"\s*<(?:\?xml\s|!DOCTYPE\s|!--|[A-Za-z_][\w.:-]*(?:\s+[\w.:-]+\s*=|\s*/?>))")
_BEGINS_AS_HTML = re.compile(r"\s*(?:<!--.*?-->\s*)?<(?:!DOCTYPE\s+)?html[\s>]", re.IGNORECASE | re.DOTALL)
_SHOWN_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class XmlClassifier:
    """The built-in classifier, or with `row_tag` a custom one, which is for documents that have such elements."""

    row_tag: str = ""

    def classify(self, sample: Sample) -> Refusal | None:
        if sample.text is None or not _BEGINS_AS_XML.match(sample.text):
            return None
        if _BEGINS_AS_HTML.match(sample.text):
            return Refusal("an HTML page, which is no data")
        try:
            root = _parsed(sample.text, is_whole=sample.is_whole)
        except expat.ExpatError as error:
            return None if self.row_tag else Refusal(f"XML that does not hold ({error})")
        except _EntityError:
            return Refusal("XML that defines entities of its own, which are not expanded")
        tag = self.row_tag or _row_tag(root)
        rows = list(_rows(root, tag))[:SAMPLE_ROWS]
        if not rows:
            return None if self.row_tag else Refusal("XML without an element that comes again")
        return Refusal(
            f"XML, for which Athena has no SerDe: rows <{tag}> of {_columns(rows)}; write them as JSON lines"
        )


class _EntityError(Exception):
    pass


@dataclass(slots=True)
class _Element:
    tag: str
    attributes: dict[str, str]
    children: list[_Element] = field(default_factory=list)
    text: str = ""


def _parsed(text: str, *, is_whole: bool) -> _Element:
    """The tree of a document, or of as much of it as the sample holds."""
    open_elements = [_Element("", {})]

    def begin(tag: str, attributes: dict[str, str]) -> None:
        element = _Element(tag, attributes)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(tag: str) -> None:
        del tag
        open_elements.pop()

    def characters(data: str) -> None:
        open_elements[-1].text += data

    def refuse(*declaration: object) -> None:
        del declaration
        raise _EntityError

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    root = open_elements[0]
    parser.Parse(text.lstrip(), is_whole)
    return root.children[0] if root.children else root


def _row_tag(root: _Element) -> str:
    """Of the uppermost level that has one, the tag that comes most often, and more than once."""
    level = [root]
    while level:
        found = Counter(child.tag for element in level for child in element.children).most_common(1)
        if found and found[0][1] > 1:
            return found[0][0]
        level = [child for element in level for child in element.children]
    return ""


def _rows(element: _Element, tag: str) -> list[_Element]:
    return [element] if element.tag == tag else [row for child in element.children for row in _rows(child, tag)]


def _columns(rows: list[_Element]) -> str:
    kind = settled(join_all(_type(row) for row in rows))
    if not isinstance(kind, StructType):
        return f"one {kind}"
    shown = [f"{each.name} {each.type}" for each in kind.fields[:_SHOWN_COLUMNS]]
    return ", ".join([*shown, "…"] if len(kind.fields) > _SHOWN_COLUMNS else shown)


def _type(element: _Element) -> HiveType:
    """A struct of attributes and children; the type of its text where it has neither."""
    if not element.attributes and not element.children:
        return type_of_texts([element.text.strip()])
    members: dict[str, list[HiveType]] = {
        name.lower(): [type_of_texts([value])] for name, value in element.attributes.items()
    }
    for child in element.children:
        members.setdefault(child.tag.lower(), []).append(_type(child))
    return StructType(
        tuple(
            StructField(name, ArrayType(join_all(kinds)) if len(kinds) > 1 else kinds[0])
            for name, kinds in members.items()
        )
    )
