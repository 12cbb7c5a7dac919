"""Where a density jumps, and where it grows without bound."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mixnotes.approximation.target import Function, Jump
from mixnotes.numeric.arrays import Array


def breaks(
    pdf: Function,
    low: Array,
    high: Array,
    scale: float,
    support: tuple[float, float],
) -> tuple[tuple[Jump, ...], tuple[float, ...]]:
    """Where the density jumps, and where it grows without bound."""
    ends = [end for end in support if math.isfinite(end)]
    places = np.unique(np.concatenate([low, high, ends]))
    rounding = 8 * np.spacing(np.abs(places))
    steps = [np.maximum(step * scale, rounding) for step in (1e-10, 1e-8, 1e-6)]
    left = np.array([pdf(places - step) for step in steps])
    right = np.array([pdf(places + step) for step in steps])
    grows = np.zeros(len(places), dtype=bool)
    for side in (left, right):
        twice = (side[0] > 1.15 * side[1]) & (side[1] > 1.15 * side[2])
        grows |= twice & (side[0] * scale > 1)
    size = abs(left[0] - right[0])
    drift = np.maximum(abs(left[0] - left[1]), abs(right[0] - right[1]))
    steep = size > np.maximum(1e-6 * np.maximum(left[0], right[0]), 3 * drift)
    near = 1e-5 * scale
    poles = [places[i] for i in _foremost(places, grows, left[0] + right[0], near)]
    jumps = [
        Jump(float(places[i]), float(left[0, i]), float(right[0, i]))
        for i in _foremost(places, steep, size, near)
        if all(abs(places[i] - pole) > near for pole in poles)
    ]
    return tuple(jumps), tuple(float(pole) for pole in poles)


def _foremost(places: Array, found: Any, size: Array, near: float) -> list[int]:
    """The largest break of each cluster of those found."""
    kept: list[int] = []
    for i in np.flatnonzero(found):
        if kept and places[i] - places[kept[-1]] <= near:
            if size[i] > size[kept[-1]]:
                kept[-1] = int(i)
        else:
            kept.append(int(i))
    return kept
