"""How charts look: sober, readable in small sizes, safe for colour-blind readers, at home on light and on dark paper.

Values only. A theme becomes a Vega-Lite `config`, which a chart's own settings go before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ThemeName = Literal["auto", "light", "dark"]

# Metrically equal fonts, the first of which the SVG renderer carries: texts are measured alike on every machine.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"

# Okabe and Ito, Color Universal Design, 2008; without black and yellow, which vanish on one of the two papers.
CATEGORIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as CSS writes them; `paper` may be transparent."""

    paper: str
    ink: str
    muted: str
    grid: str


THEMES: dict[ThemeName, Theme] = {
    # Greys that keep a contrast of at least 4:1 against white and against Jupyter's dark grey.
    "auto": Theme(paper="transparent", ink="#777777", muted="#7d7d7d", grid="#80808040"),
    "light": Theme(paper="#ffffff", ink="#222222", muted="#5f5f5f", grid="#e3e3e3"),
    "dark": Theme(paper="#161616", ink="#e8e8e8", muted="#a8a8a8", grid="#3a3a3a"),
}


def config(theme: Theme) -> dict[str, Any]:
    """The Vega-Lite configuration of a theme."""
    guide = {"labelColor": theme.muted, "titleColor": theme.ink, "labelFontSize": 11, "titleFontSize": 12}
    return {
        "background": theme.paper,
        "font": FONT,
        "padding": 8,
        "view": {"stroke": None, "continuousWidth": 560, "continuousHeight": 280, "discreteWidth": {"step": 28}},
        "title": {
            "color": theme.ink,
            "subtitleColor": theme.muted,
            "anchor": "start",
            "frame": "group",
            "fontSize": 15,
            "fontWeight": 600,
            "subtitleFontSize": 12,
            "subtitlePadding": 4,
            "offset": 12,
        },
        "axis": {
            **guide,
            "titleFontWeight": 500,
            "titlePadding": 8,
            "labelPadding": 4,
            "grid": True,
            "gridColor": theme.grid,
            "domain": False,
            "ticks": False,
        },
        "axisBand": {"grid": False},
        "axisX": {"domain": True, "domainColor": theme.muted},
        "legend": {**guide, "titleFontWeight": 500, "symbolType": "circle", "orient": "top", "titleOrient": "left"},
        "header": guide,
        "mark": {"color": CATEGORIES[0], "tooltip": True},
        "line": {"strokeWidth": 2},
        "point": {"filled": True, "size": 40},
        "text": {"color": theme.ink, "fontSize": 11},
        "rule": {"color": theme.muted},
        "range": {
            "category": list(CATEGORIES),
            "ordinal": {"scheme": "viridis"},
            "ramp": {"scheme": "viridis"},
            "heatmap": {"scheme": "viridis"},
            "diverging": {"scheme": "blueorange"},
        },
    }
