"""Logs of Microsoft IIS: W3C extended, whose `#Fields` line names the columns, and the older one with fifteen fixed.

Differs: a W3C file whose `#` lines come again further down is refused: GrokSerDe would make rows of NULLs of them.

Source: W3C, Extended Log File Format; Microsoft, IIS Log File Formats; read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kit.base.errors import KitError
from kit.catalog.classifiers.classifier import Classification, Refusal, Sample
from kit.catalog.classifiers.grok import GrokClassifier, GrokShape, classify_lines, fields_of

CLASSIFICATION = "microsoft_log"
_DIRECTIVES = re.compile(r"(?:#[^\n]*\n)+")
_FIELDS = re.compile(r"^#Fields:[ \t]*([^\r\n]+)", re.MULTILINE)
_FIXED = GrokClassifier(
    CLASSIFICATION,
    r"%{IPORHOST:client}, %{IISFIELD:username}, %{DATE_US:date}, %{TIME:time}, %{IISFIELD:service}, "
    r"%{IISFIELD:server}, %{IPORHOST:server_address}, %{INT:time_taken:long}, %{INT:bytes_received:long}, "
    r"%{INT:bytes_sent:long}, %{INT:status:int}, %{INT:windows_status:long}, %{IISFIELD:method}, %{IISFIELD:target}, "
    r"%{DATA:parameters},? *$",
    "IISFIELD [^,]*",
)


@dataclass(frozen=True, slots=True)
class MicrosoftLogClassifier:
    def classify(self, sample: Sample) -> Classification | Refusal | None:
        if sample.text is None:
            return None
        text = sample.text.replace("\r\n", "\n")
        directives = _DIRECTIVES.match(text)
        if directives is None:
            return _FIXED.classify(sample)
        named = _FIELDS.search(directives.group())
        if named is None:
            return None
        if "\n#" in text[directives.end() - 1 :]:
            return Refusal(
                "a W3C extended log with '#' lines among the others, of which Athena would make rows of NULLs: "
                "leave them out"
            )
        shape = _shape(named.group(1).split(), directives.group().count("\n"))
        return shape if isinstance(shape, Refusal) else classify_lines(sample, shape)


def _shape(names: list[str], skipped_lines: int) -> GrokShape | Refusal:
    # All of them are text: a dash is the format's NULL, in numbers too.
    pattern = " ".join(f"%{{NOTSPACE:{_column(name)}}}" for name in names)
    try:
        return GrokShape(CLASSIFICATION, pattern, "", fields_of(pattern, ""), skipped_lines)
    except KitError as error:
        return Refusal(f"a W3C extended log whose #Fields do not hold: {error.message.rstrip('.')}")


def _column(name: str) -> str:
    """`cs(User-Agent)` as `cs_user_agent`: what a column can be called without quotes."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")
