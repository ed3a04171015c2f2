"""What a continuous query is, on disk: its text, its options, and what was decided when it was first started."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kit.analytics import checkpoint
from kit.analytics.decoding import Field, Layout
from kit.analytics.options import Options
from kit.base.errors import KitError

NAME = "definition.json"
PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Definition:
    """`query_id` names it in its destination. `into` is a stream, `table` a table of the catalog; neither: kept.

    `key` is the column that decides among the destination's shards.
    """

    name: str
    query_id: str
    text: str
    options: Options
    inputs: Mapping[str, str]
    database: str
    answer: str
    parameters: Mapping[str, Any]
    layouts: Mapping[str, Layout]
    start: str
    into: str = ""
    table: str = ""
    location: str = ""
    key: str = ""
    created_ms: int = field(default=0)


def write(folder: Path, definition: Definition) -> None:
    for name, value in definition.parameters.items():
        if not isinstance(value, PLAIN):
            raise KitError(
                "INVALID_ARGUMENT",
                f"The parameter ':{name}' of a continuous query is a {type(value).__name__}.",
                "Texts, numbers and booleans can be kept with it.",
            )
    checkpoint.replace(folder / NAME, [json.dumps(asdict(definition), indent=1).encode()])


def read(folder: Path) -> Definition | None:
    """The definition in a folder, or None where there is none."""
    try:
        kept: dict[str, Any] = json.loads((folder / NAME).read_bytes())
    except FileNotFoundError:
        return None
    layouts = {
        source: Layout(tuple(Field(**each) for each in layout["fields"]), layout["time"])
        for source, layout in kept["layouts"].items()
    }
    kept |= {"options": Options(**kept["options"]), "layouts": layouts}
    return Definition(**kept)
