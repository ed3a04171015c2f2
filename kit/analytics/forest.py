"""Anomaly scores by robust random cut forests: how much a point would change the trees if it were left out.

The library's trees draw at random, and a run that goes on after a crash has to give the scores that it would have given
without. So a forest is a function of the points alone: it is planted anew every `sample` points, from the points of the
sample before and a seed that follows from their number. What has to be kept of a forest are those points.

Source: Guha, Mishra, Roy, Schrijvers: Robust Random Cut Forest Based Anomaly Detection On Streams, ICML 2016.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kit.base.errors import KitError


class Scores:
    """Scores points that come in order; `first` is the number of the first of the `points` that came before."""

    def __init__(self, trees: int, sample: int, points: Any, first: int) -> None:
        self._count = trees
        self._sample = sample
        self._points: dict[int, Any] = {first + place: point for place, point in enumerate(points)}
        self._next = first + len(points)
        self._trees: list[Any] = []
        self._plant(self._next // sample)
        for number in range(self._next // sample * sample, self._next):
            self._insert(number)

    def score(self, point: Any) -> float:
        """The point's score, averaged over the trees: its collusive displacement."""
        number = self._next
        if number % self._sample == 0:
            self._plant(number // self._sample)
        self._points[number] = point
        self._insert(number)
        self._next += 1
        self._points.pop(number - 2 * self._sample, None)
        return float(np.mean([tree.codisp(number) for tree in self._trees]))

    @staticmethod
    def first_needed(count: int, sample: int) -> int:
        """The number of the first point that scoring the `count`th needs."""
        return max(count // sample * sample - sample, 0)

    def _plant(self, generation: int) -> None:
        self._trees = [_library().RCTree(random_state=generation * self._count + tree) for tree in range(self._count)]
        end = generation * self._sample
        for number in range(max(end - self._sample, 0), end):
            self._insert(number)

    def _insert(self, number: int) -> None:
        for tree in self._trees:
            if number - self._sample in tree.leaves:
                tree.forget_point(number - self._sample)
            tree.insert_point(self._points[number], index=number)


@cache
def _library() -> Any:
    """rrcf's one module, by itself: its package asks `pkg_resources` for its version, which setuptools has given up."""
    found = importlib.util.find_spec("rrcf")
    if found is None or found.origin is None:
        raise KitError("PACKAGE_MISSING", "RANDOM_CUT_FOREST needs rrcf, which is not installed.", "pip install rrcf")
    path = Path(found.origin).with_name("rrcf.py")
    spec = importlib.util.spec_from_file_location("rrcf_trees", path)
    assert spec is not None, "the file has a loader"
    assert spec.loader is not None, "the file has a loader"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
