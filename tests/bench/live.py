"""The second flow while it runs: a chart that is drawn, windows that close, records that land.

    python tests/bench/live.py [--only chart] [--seconds 10]

Each section prints its table and gives its figures; the last line is JSON with all of them.
"""

import argparse
import importlib
import json
from typing import Any

SECTIONS = ("chart", "windows", "delivery")
"""Modules of `live_parts` with a function `measure(options)` that prints a table and returns the section's figures."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, action="append", help="only this section; repeatable")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each rate is watched")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for name in options.only or SECTIONS:
        print(f"== {name}")
        figures |= importlib.import_module(f"live_parts.{name}").measure(options)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
