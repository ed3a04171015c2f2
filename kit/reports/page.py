"""An executed notebook as one HTML file that needs nothing but itself.

Code is left out, charts are pictures, styles are inside. No script runs and nothing is fetched: the page's own content
security policy forbids it, so that whatever a cell has put into its output cannot either. The browser on the other end
needs no network, and tells nobody that the report was read.
"""

from __future__ import annotations

import base64
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"
)
REMOVED_TAGS = {"parameters", "injected-parameters", "remove-cell"}
# Of what an output offers, the first of these is shown. No widget and no script is among them.
SHOWN = ["text/html", "text/markdown", "image/png", "image/jpeg", "text/plain"]
_SVG = "image/svg+xml"


def page(executed: Path) -> str:
    """The page of an executed notebook; its title is that of the notebook."""
    import nbformat

    notebook: Any = nbformat.read(executed, as_version=4)
    return page_of(notebook, executed.stem)


def page_of(notebook: Any, name: str) -> str:
    """The page of a notebook that is held; `name` is its title where it has none."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if _SVG in output.get("data", {}):
                output.data = {"text/html": _picture(output.data)}
    body, _ = _exporter().from_notebook_node(notebook)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(_title(notebook) or name)}</title>\n<style>\n{_style()}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _exporter() -> Any:
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    config = Config(
        {
            "NbConvertBase": {"display_data_priority": SHOWN},
            "HTMLExporter": {"preprocessors": ["nbconvert.preprocessors.TagRemovePreprocessor"], "embed_images": True},
            "TagRemovePreprocessor": {"enabled": True, "remove_cell_tags": REMOVED_TAGS},
        }
    )
    # The basic template is the notebook's body alone; the others load scripts of others' servers.
    exporter = HTMLExporter(config=config, template_name="basic")
    exporter.exclude_input = True
    exporter.exclude_input_prompt = True
    exporter.exclude_output_prompt = True
    exporter.exclude_anchor_links = True
    return exporter


def _picture(data: Any) -> str:
    """The chart as an image: inline, the identifiers inside of two drawings would clash."""
    svg = data[_SVG]
    encoded = base64.b64encode(svg.encode() if isinstance(svg, str) else svg).decode()
    words = data.get("text/plain", "chart")
    return f'<img class="chart" alt="{escape(str(words))}" src="data:{_SVG};base64,{encoded}">'


def _title(notebook: Any) -> str:
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return str(cell.source.splitlines()[0][2:].strip())
    return ""


@cache
def _style() -> str:
    return files("kit.reports").joinpath("page.css").read_text("utf-8")
