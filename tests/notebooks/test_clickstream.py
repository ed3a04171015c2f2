"""The notebook of the clickstream, headless: other visitors, right answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

NAME = "05_clickstream.ipynb"
PARAMETERS = {
    "few visitors": {"seed": 1, "visitors": 60},
    "many visitors": {"seed": 2, "visitors": 500},
}


def text_of(cell: Any) -> str:
    return "\n".join(output.get("text") or output["data"]["text/plain"] for output in cell.outputs)


@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS)
def test_windows_and_what_they_are_asked_hold_for_other_visitors(
    execute: Any, notebooks: Path, tmp_path: Path, parameters: Mapping[str, Any]
) -> None:
    notebook = execute(notebooks / NAME, {**parameters, "workspace": str(tmp_path / "ws")})

    said = text_of([cell for cell in notebook.cells if cell.cell_type == "code"][-1])
    assert said.count("ok:") == 7
    assert "ok: all checks passed" in said
    funnel = [
        text_of(cell)
        for cell in notebook.cells
        if "answer" in cell.metadata.get("tags", []) and "reached" in cell.source
    ]
    counts = [int(line.split()[1]) for line in funnel[0].splitlines() if line]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] >= parameters["visitors"]
